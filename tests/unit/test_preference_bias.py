from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.preference_bias import PreferenceBias, preference_bias
from synth_assets.core.schema import Decision, Outcome, Reason
from tests.unit.test_technique_preference import answers, ran, recipe, shown, verdict

Row = dict[str, str | int | float]


def row(difference: int, pairs: int = 1, said: str = "decided") -> Row:
    return {"length_difference": difference, "pairs_decided": pairs, "verdict": said}


def undecided(first: str, second: str) -> Decision:
    reason = Reason.TIE if first == second == "tie" else Reason.INCONSISTENT_JUDGE
    detail = f"shown as 1, 2: {first}; shown as 2, 1: {second}"
    return Decision("x", Outcome.DROPPED, reason, detail=detail)


def bias(rows: list[Row], decisions: list[Decision]) -> PreferenceBias:
    found = preference_bias(rows, decisions)
    assert found is not None
    return found


def test_bias_judge_that_always_names_the_first_leans_by_exactly_its_share():
    rows = [row(3) for _ in range(90)]
    found = bias(rows, [undecided("A", "A") for _ in range(10)])
    assert (found.first.count, found.first.of, found.first.share) == (110, 200, 0.55)
    assert (found.inconsistent.count, found.inconsistent.of) == (10, 100)
    assert (found.tied.count, found.tied.of) == (0, 100)


def test_bias_shares_have_wilson_intervals():
    found = bias([row(1)] * 8, [undecided("tie", "tie")] * 2)
    bounds = found.tied.interval
    assert found.tied.share == 0.2
    assert (bounds.low, bounds.high) == pytest.approx((0.0567, 0.5098), abs=1e-4)


def test_bias_half_undecided_pairs_are_inconsistent_and_ties_are_no_place():
    found = bias([], [undecided("A", "tie"), undecided("tie", "tie"), undecided("B", "B")])
    assert (found.first.count, found.first.of) == (1, 3)
    assert (found.inconsistent.count, found.tied.count, found.tied.of) == (2, 1, 3)
    assert found.longer.of == 0
    assert found.length_correlation is None


def test_bias_pair_lost_to_its_ratings_is_decided_all_the_same():
    found = bias([], [undecided("A", "B")])
    assert (found.inconsistent.count, found.tied.count, found.first.share) == (0, 0, 0.5)


@pytest.mark.parametrize(
    ("differences", "longer", "correlation"),
    [
        ([5, 5, 5, 5], 1.0, 1.0),
        ([-2, -2], 0.0, -1.0),
        ([4, -4], 0.5, 0.0),
        ([10, -2, -2], 1 / 3, 6 / (3 * 108) ** 0.5),
        ([7, 0, 0], 1.0, 7 / (3 * 49) ** 0.5),
    ],
)
def test_bias_length_counts_unequal_pairs_and_correlates_both_sides(
    differences: list[int], longer: float, correlation: float
):
    found = bias([row(difference) for difference in differences], [])
    assert found.longer.share == pytest.approx(longer)
    assert found.length_correlation == pytest.approx(correlation)


def test_bias_kept_ties_are_ties_and_no_word_on_length():
    found = bias([row(-3, 0, "tie"), row(2)], [])
    assert (found.tied.count, found.tied.of, found.longer.of) == (1, 2, 1)


def test_bias_kept_inconsistent_pairs_count_with_what_was_said():
    kept: list[Row] = [
        {**row(-3, 0, "inconsistent"), "said": "A, A"},
        {**row(-1, 0, "inconsistent"), "said": "tie, B"},
    ]
    found = bias([*kept, row(2)], [])
    assert (found.inconsistent.count, found.inconsistent.of, found.longer.of) == (2, 3, 1)
    assert (found.first.count, found.first.of) == (3, 5)


def test_bias_rows_of_other_techniques_have_none():
    assert preference_bias([{"level": "easy"}], [Decision("x", Outcome.KEPT)]) is None


def test_bias_of_a_run_counts_each_judged_pair_once(tmp_path: Path):
    said = {(1, 2): "AB", (1, 3): "AA", (2, 3): ("tie", "tie"), (1, 4): "BA", (2, 4): "BB"}
    said[3, 4] = ("A", "tie")

    def judge(request: Request) -> str:
        one, two = shown(request)
        return verdict(said[min(one, two), max(one, two)][one > two])

    run = ran(tmp_path, recipe("responses: 4"), answers(judge))
    decisions = [
        Decision(name, Outcome.DROPPED, Reason(reason), detail=detail)
        for name, (reason, detail) in run.reasons.items()
    ]
    found = bias([sample.drawn for sample in run.samples], decisions)
    assert (found.tied.count, found.tied.of, found.inconsistent.count) == (1, 6, 3)
    assert (found.first.count, found.first.of) == (2 + 2 + 0 + 1, 2 + 2 + 2 + 2 + 1)
