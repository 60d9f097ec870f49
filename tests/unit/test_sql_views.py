from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.schema import Reason, Stage
from synth_assets.resources.lineage.database import LineageDatabase
from tests.unit.lineage_home import HALF, MATH, QA, Home, dropped, kept, small_home, synthetic


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> LineageDatabase:
    return small_home(tmp_path_factory.mktemp("home")).ingested()


def funnel_of(lineage: LineageDatabase, scope: str, recipe: str) -> list[tuple]:
    rows = lineage.query("funnel").filter(scope=scope, recipe=recipe)
    return rows.select("stage", "given", "kept", "dropped", "errored").rows()


@pytest.mark.parametrize(
    ("scope", "recipe", "expected"),
    [
        (
            "recipe",
            "math",
            [
                ("seeds", 2, 1, 1, 0),
                ("generate", 5, 4, 1, 0),
                ("verify", 4, 2, 1, 1),
                ("dedup", 2, 1, 1, 0),
                ("decontaminate", 1, 1, 0, 0),
                ("mix", 1, 1, 0, 0),
            ],
        ),
        (
            "recipe",
            "qa",
            [
                ("seeds", 1, 1, 0, 0),
                ("generate", 2, 2, 0, 0),
                ("verify", 2, 2, 0, 0),
                ("dedup", 2, 2, 0, 0),
                ("decontaminate", 2, 1, 1, 0),
                ("mix", 1, 0, 1, 0),
            ],
        ),
        ("real", "", [("dedup", 2, 1, 1, 0), ("decontaminate", 1, 1, 0, 0), ("mix", 1, 1, 0, 0)]),
        (
            "synthetic",
            "*",
            [
                ("seeds", 3, 2, 1, 0),
                ("generate", 7, 6, 1, 0),
                ("verify", 6, 4, 1, 1),
                ("dedup", 4, 3, 1, 0),
                ("decontaminate", 3, 2, 1, 0),
                ("mix", 2, 1, 1, 0),
            ],
        ),
        (
            "all",
            "*",
            [
                ("seeds", 3, 2, 1, 0),
                ("generate", 7, 6, 1, 0),
                ("verify", 6, 4, 1, 1),
                ("dedup", 6, 4, 2, 0),
                ("decontaminate", 4, 3, 1, 0),
                ("mix", 3, 2, 1, 0),
            ],
        ),
    ],
)
def test_funnel_of_live_versions_counts_each_stage(lineage, scope, recipe, expected):
    assert funnel_of(lineage, scope, recipe) == expected


def test_funnel_with_two_mixtures_keeps_at_mix_what_either_keeps(tmp_path: Path):
    home = small_home(tmp_path)
    home.decide(Stage.MIX, "wide~55555555", kept("m1-id-0001", "q1-id-0001", "r1-id-0001"))
    lineage = home.ingested()
    assert funnel_of(lineage, "recipe", "qa")[-1] == ("mix", 1, 1, 0, 0)
    assert lineage.query("mixture_funnel").rows() == [
        (HALF, "", 1, 1, 0),
        (HALF, "math", 1, 1, 0),
        (HALF, "qa", 1, 0, 1),
        ("wide~55555555", "", 1, 1, 0),
        ("wide~55555555", "math", 1, 1, 0),
        ("wide~55555555", "qa", 1, 1, 0),
    ]


def test_funnel_after_a_version_is_superseded_forgets_its_rows(tmp_path: Path):
    home = small_home(tmp_path)
    home.ingested()
    home.version(MATH, live=False)
    lineage = home.ingested()
    assert funnel_of(lineage, "recipe", "math") == []
    assert funnel_of(lineage, "synthetic", "*")[1] == ("generate", 2, 2, 0, 0)


def test_drop_reasons_give_rows_and_share_of_what_the_stage_was_given(lineage):
    assert lineage.query("drop_reasons").rows() == [
        ("", "dedup", "dropped", "exact_duplicate", 1, 0.5),
        ("math", "seeds", "dropped", "beyond_limit", 1, 0.5),
        ("math", "generate", "dropped", "refusal", 1, 0.2),
        ("math", "verify", "errored", "verifier_error", 1, 0.25),
        ("math", "verify", "dropped", "wrong_number", 1, 0.25),
        ("math", "dedup", "dropped", "near_duplicate", 1, 0.5),
        ("qa", "decontaminate", "dropped", "benchmark_overlap", 1, 0.5),
        ("qa", "mix", "dropped", "teacher_cap", 1, 1.0),
    ]


def test_cost_counts_each_completion_once_and_divides_by_survivors(lineage):
    assert lineage.query("cost").rows(named=True) == [
        {
            "partition": MATH,
            "recipe": "math",
            "recipe_version": "11111111",
            "calls": 6,
            "calls_bought": 5,
            "calls_from_ledger": 1,
            "prompt_tokens": 55,
            "completion_tokens": 87,
            "cost_usd": 1.625,
            "bought_usd": 1.125,
            "from_ledger_usd": 0.5,
            "planned": 5,
            "kept_by_verify": 2,
            "kept_by_dedup": 1,
            "kept_by_decontaminate": 1,
            "cost_per_kept_usd": 1.625,
        },
        {
            "partition": QA,
            "recipe": "qa",
            "recipe_version": "22222222",
            "calls": 2,
            "calls_bought": 1,
            "calls_from_ledger": 1,
            "prompt_tokens": 14,
            "completion_tokens": 16,
            "cost_usd": 2.0,
            "bought_usd": 1.0,
            "from_ledger_usd": 1.0,
            "planned": 2,
            "kept_by_verify": 2,
            "kept_by_dedup": 2,
            "kept_by_decontaminate": 1,
            "cost_per_kept_usd": 2.0,
        },
    ]


def test_cost_without_survivors_has_no_cost_per_kept(tmp_path: Path):
    home = Home(tmp_path)
    home.version(MATH)
    home.calls(MATH, ("m1-id-0001", "write", "f1", 1, 1, 2.0, False))
    [row] = home.ingested().query("cost").rows(named=True)
    assert (row["cost_usd"], row["kept_by_decontaminate"], row["cost_per_kept_usd"]) == (2, 0, None)


def test_sample_lineage_says_how_far_each_live_sample_came(lineage):
    rows = lineage.query("sample_lineage", row_limit=100)
    came = rows.select("sample_id", "partition", "last_stage", "outcome", "reason", "mixtures")
    assert sorted(came.rows()) == [
        ("m1-id-0001", MATH, "mix", "kept", None, [HALF]),
        ("m2-id-0001", MATH, "dedup", "dropped", "near_duplicate", []),
        ("m3-id-0001", MATH, "verify", "dropped", "wrong_number", []),
        ("m4-id-0001", MATH, "verify", "errored", "verifier_error", []),
        ("m5-id-0001", MATH, "generate", "dropped", "refusal", []),
        ("q1-id-0001", QA, "mix", "dropped", "teacher_cap", []),
        ("q2-id-0001", QA, "decontaminate", "dropped", "benchmark_overlap", []),
        ("r1-id-0001", "all", "mix", "kept", None, [HALF]),
        ("r2-id-0001", "all", "dedup", "dropped", "exact_duplicate", []),
    ]


def test_sample_lineage_adds_up_what_a_sample_cost(lineage):
    rows = lineage.query("sample_lineage", row_limit=100)
    columns = [
        "origin", "recipe", "source", "seed_id", "teacher", "calls", "prompt_tokens",
        "completion_tokens", "cost_usd", "bought_usd", "duplicate_of",
    ]  # fmt: skip
    by_id = {row[0]: row[1:] for row in rows.select("sample_id", *columns).rows()}
    assert by_id["m1-id-0001"] == (
        "synthetic", "math", "recipe", "seed-one", "scholar", 2, 15, 26, 0.75, 0.25, None,
    )  # fmt: skip
    assert by_id["m5-id-0001"] == (
        "synthetic", "math", None, None, "scholar", 2, 20, 21, 0.375, 0.125, None,
    )  # fmt: skip
    assert by_id["r2-id-0001"] == (
        "real", "", "docs", "", "", 0, 0, 0, 0.0, 0.0, "r1-id-0001",
    )  # fmt: skip


def test_random_samples_are_drawn_alike_for_one_seed_and_differ_between_seeds(tmp_path: Path):
    home = Home(tmp_path)
    names = [f"m{n % 10}-id-{n:04}" for n in range(60)]
    home.version(MATH)
    home.decide(Stage.GENERATE, MATH, kept(*names))
    home.samples(f"raw_generations/{MATH}", *(synthetic(name, MATH, "f") for name in names))
    lineage = home.ingested()

    def draw(seed: int) -> list[str]:
        rows = lineage.query(
            "random_samples", stage="generate", outcome="kept", recipe="*", seed=seed, row_limit=9
        )
        return rows["sample_id"].to_list()

    assert len(set(draw(1))) == 9
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


@pytest.mark.parametrize(
    ("recipe", "outcome", "expected"),
    [
        ("math", "dropped", {"m3-id-0001"}),
        ("math", "kept", {"m1-id-0001", "m2-id-0001"}),
        ("*", "kept", {"m1-id-0001", "m2-id-0001", "q1-id-0001", "q2-id-0001"}),
        ("", "kept", set()),
    ],
)
def test_random_samples_of_a_stage_are_those_it_decided_so(lineage, recipe, outcome, expected):
    rows = lineage.query(
        "random_samples", stage="verify", outcome=outcome, recipe=recipe, seed=1, row_limit=50
    )
    assert set(rows["sample_id"]) == expected


def test_random_samples_dropped_at_generation_have_no_text(lineage):
    rows = lineage.query(
        "random_samples", stage="generate", outcome="dropped", recipe="math", seed=1, row_limit=5
    )
    assert rows.select("sample_id", "reason", "prompt").rows() == [("m5-id-0001", "refusal", None)]


def test_find_samples_by_prefix_finds_live_samples_only(lineage):
    assert lineage.query("find_samples", prefix="q", row_limit=5)["sample_id"].to_list() == [
        "q1-id-0001",
        "q2-id-0001",
    ]
    assert lineage.query("find_samples", prefix="o1", row_limit=5).is_empty()


def test_find_samples_with_pattern_characters_takes_them_literally(lineage):
    assert lineage.query("find_samples", prefix="%", row_limit=5).is_empty()
    assert lineage.query("find_samples", prefix="m_", row_limit=5).is_empty()
    assert lineage.query("find_samples", prefix="' OR true --", row_limit=5).is_empty()


def test_live_mixture_is_the_version_written_last(tmp_path: Path):
    home = small_home(tmp_path)
    home.decide(Stage.MIX, HALF, [dropped("m1-id-0001", Reason.BEYOND_TARGET)])
    before = home.ingested().query("mixture_funnel")
    home.decide(Stage.MIX, "half~44444444", kept("q1-id-0001"))
    after = home.ingested().query("mixture_funnel")
    assert before.select("mixture_key", "kept").rows() == [(HALF, 0)]
    assert after.select("mixture_key", "kept").rows() == [("half~44444444", 1)]


def test_stages_view_lists_the_stages_of_the_schema_in_order(lineage):
    import duckdb

    with duckdb.connect(str(lineage.snapshot), read_only=True) as connection:
        rows = connection.sql("SELECT stage FROM stages ORDER BY stage_order").pl()
    assert rows.equals(pl.DataFrame({"stage": [stage.value for stage in Stage]}))
