import polars as pl
import pytest

from synth_assets.core.dedup.clusters import Cluster, Clusters, common_text
from synth_assets.core.schema import DECISION_SCHEMA, Decision, Outcome, Reason, Stage
from synth_assets.core.stage import decision_frame


def kept(name: str, recipe: str = "") -> Decision:
    return Decision(name, Outcome.KEPT, recipe=recipe)


def near(name: str, of: str, recipe: str = "", shared: str = "one two three") -> Decision:
    detail = f"shared: {shared}"
    return Decision(name, Outcome.DROPPED, Reason.NEAR_DUPLICATE, 0.9, of, detail, recipe)


def equal(name: str, of: str, recipe: str = "", text: str = "One two three") -> Decision:
    detail = f"the same text: {text}"
    return Decision(name, Outcome.DROPPED, Reason.EXACT_DUPLICATE, 1.0, of, detail, recipe)


def clusters(*decisions: Decision) -> Clusters:
    return Clusters(decision_frame(Stage.DEDUP, "all", decisions))


def test_clusters_count_the_kept_row_and_come_with_the_largest_first():
    found = clusters(
        *map(kept, "abcd"), near("e", "b"), equal("f", "b"), near("g", "d"), near("h", "a")
    )
    assert found.sizes.rows() == [("b", 3), ("a", 2), ("d", 2)]
    assert [each.kept_id for each in found.largest(2)] == ["b", "a"]


def test_cluster_says_reasons_recipes_and_what_is_shared():
    found = clusters(
        kept("a"), near("b", "a", "math"), near("c", "a", "math"), equal("d", "a", "qa"), kept("z")
    )
    assert found.largest(5) == (
        Cluster(
            "a",
            4,
            {"near_duplicate": 2, "exact_duplicate": 1},
            {"math": 2, "qa": 1, "": 1},
            "one two three",
        ),
    )


def test_cluster_of_a_row_that_was_not_decided_upon_has_the_recipes_of_the_others():
    lost = Decision("b", Outcome.DROPPED, Reason.NOT_NOVEL, 1.0, "old#1", "shared: x y", "math")
    [found] = clusters(lost).largest(1)
    assert (found.kept_id, found.rows, found.recipes) == ("old#1", 2, {"math": 1})


def test_clusters_of_no_duplicates_are_none():
    found = Clusters(DECISION_SCHEMA.to_frame())
    assert (found.sizes.height, found.by_size, found.largest(3), found.above(1, 0)) == (
        0,
        {},
        (),
        (),
    )


def test_by_size_counts_in_classes_that_double_with_empty_ones_between():
    found = clusters(
        *(near(f"a{n}", "a") for n in range(1)),
        *(near(f"b{n}", "b") for n in range(2)),
        *(near(f"c{n}", "c") for n in range(3)),
        *(near(f"d{n}", "d") for n in range(16)),
    )
    assert found.by_size == {"2": 1, "3 to 4": 2, "5 to 8": 0, "9 to 16": 0, "17 to 32": 1}


@pytest.mark.parametrize(
    ("rows", "share", "found"), [(4, 0.0, ["a"]), (5, 0.0, []), (4, 0.5, []), (1, 0.2, ["a"])]
)
def test_above_takes_clusters_over_both_bounds(rows: int, share: float, found: list[str]):
    given = clusters(
        kept("a"),
        *(near(f"a{n}", "a") for n in range(4)),
        kept("b"),
        near("b1", "b"),
        *(kept(f"k{n}") for n in range(3)),
    )
    assert [each.kept_id for each in given.above(rows, share)] == found


@pytest.mark.parametrize(
    ("details", "told"),
    [
        (["shared: the red fox runs"] * 3, "the red fox runs"),
        (["shared: the red fox runs", "the same text: The Red Fox Runs."], "the red fox runs"),
        (["shared: the red fox runs", "shared: a red fox rests"], "red fox"),
        (["shared: and so the fox runs…", "shared: now the foxes come"], "the fox"),
        (["shared: the red fox ru…", "shared: the red fox ru…"], "the red fox"),
        (["alike in meaning: Foxes run"], "foxes run"),
        (["shared: 我们的狐狸跑了", "shared: 他们的狐狸睡了"], "们的狐狸"),
        (["shared: one thing", "shared: zebras fly up"], ""),
        (["shared: "], ""),
        ([], ""),
    ],
)
def test_common_text_is_the_longest_stretch_in_whole_words(details: list[str], told: str):
    assert common_text(pl.Series(details, dtype=pl.String)) == told


def test_common_text_passes_over_one_odd_text_in_ten():
    details = ["shared: the red fox runs"] * 9 + ["shared: nothing of it"]
    assert common_text(pl.Series(details)) == "the red fox runs"
    assert common_text(pl.Series(details[1:])) == ""
