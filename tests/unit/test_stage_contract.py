"""Exactly one decision per row."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import DECISION_SCHEMA, Decision, Outcome, Reason, Stage
from synth_assets.core.stage import close_stage, decision_frame
from synth_assets.errors import StageContractError

KEEP = (Outcome.KEPT, None)
DROP = (Outcome.DROPPED, Reason.EXACT_DUPLICATE)
FAIL = (Outcome.ERRORED, Reason.VERIFIER_ERROR)


def rows(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"sample_id": names}, schema={"sample_id": pl.String})


def decide(name: str, what: tuple[Outcome, Reason | None]) -> Decision:
    return Decision(name, *what)


@given(
    st.dictionaries(st.text(max_size=4), st.sampled_from([KEEP, DROP, FAIL]), max_size=12),
    st.randoms(),
)
def test_close_stage_one_decision_per_row_keeps_exactly_the_kept(
    table: dict[str, tuple[Outcome, Reason | None]], random: object
) -> None:
    decisions = [decide(name, what) for name, what in table.items()]
    random.shuffle(decisions)  # type: ignore[attr-defined]
    result = close_stage(Stage.DEDUP, "all", rows(*table), decisions)
    assert result.kept["sample_id"].to_list() == [n for n, what in table.items() if what == KEEP]
    assert result.decisions.schema == DECISION_SCHEMA
    assert sum(result.counts.values()) == len(table)
    assert result.counts["kept"] == result.kept.height
    assert sum(result.reasons.values()) == len(table) - result.kept.height


def test_close_stage_reasons_come_most_frequent_first() -> None:
    table = {"a": DROP, "b": FAIL, "c": FAIL, "d": KEEP}
    result = close_stage(
        Stage.VERIFY, "p", rows(*table), [decide(name, what) for name, what in table.items()]
    )
    assert list(result.reasons.items()) == [("verifier_error", 2), ("exact_duplicate", 1)]


@pytest.mark.parametrize(
    "decisions",
    [
        [],
        [decide("a", KEEP)],
        [decide("a", KEEP), decide("a", KEEP)],
        [decide("a", KEEP), decide("b", KEEP), decide("b", DROP)],
        [decide("a", KEEP), decide("c", KEEP)],
    ],
)
def test_close_stage_missing_double_or_foreign_decision_breaks_the_contract(
    decisions: list[Decision],
) -> None:
    with pytest.raises(StageContractError, match="exactly one decision"):
        close_stage(Stage.DEDUP, "all", rows("a", "b"), decisions)


@pytest.mark.parametrize(
    "decision",
    [
        decide("a", (Outcome.KEPT, Reason.TOO_LONG)),
        decide("a", (Outcome.DROPPED, None)),
        decide("a", (Outcome.ERRORED, None)),
    ],
)
def test_close_stage_reason_where_none_belongs_or_none_breaks_the_contract(
    decision: Decision,
) -> None:
    with pytest.raises(StageContractError, match=r"a is .* no reason"):
        close_stage(Stage.VERIFY, "p", rows("a"), [decision])


@pytest.mark.parametrize("kept", [rows(), rows("b"), rows("a", "b"), rows("a", "a")])
def test_close_stage_kept_frame_that_differs_from_decisions_breaks_the_contract(
    kept: pl.DataFrame,
) -> None:
    with pytest.raises(StageContractError, match="kept"):
        close_stage(
            Stage.MIX, "m", rows("a", "b"), [decide("a", KEEP), decide("b", DROP)], kept=kept
        )


def test_close_stage_changed_rows_are_handed_on_as_given() -> None:
    kept = pl.DataFrame({"sample_id": ["b", "a"], "score": [0.5, 1.0]})
    decisions = [decide("a", KEEP), decide("b", KEEP)]
    result = close_stage(Stage.VERIFY, "p", rows("a", "b"), decisions, kept=kept)
    assert result.kept.equals(kept)


def test_decision_frame_of_nothing_has_the_schema() -> None:
    assert decision_frame(Stage.SEEDS, "p", []).schema == DECISION_SCHEMA


def test_close_stage_takes_decisions_as_a_frame() -> None:
    decided = pl.DataFrame(
        {
            "sample_id": ["b", "a"],
            "outcome": ["dropped", "kept"],
            "reason": ["quota_filled", None],
            "detail": ["enough of these", ""],
        }
    )
    result = close_stage(Stage.MIX, "mix~1", rows("a", "b"), decided)
    assert result.decisions.schema == DECISION_SCHEMA
    assert result.decisions.select("sample_id", "stage", "partition", "reason").rows() == [
        ("b", "mix", "mix~1", "quota_filled"),
        ("a", "mix", "mix~1", None),
    ]


def test_close_stage_counts_copies_once_and_refuses_other_repetitions() -> None:
    decided = [decide("a", KEEP)]
    copies = rows("a", "a").with_columns(pl.Series("copy", [1, 2]))
    assert close_stage(Stage.MIX, "p", rows("a"), decided, kept=copies).kept.height == 2
    twice = copies.with_columns(pl.lit(1).alias("copy"))
    with pytest.raises(StageContractError, match="not those whose decision"):
        close_stage(Stage.MIX, "p", rows("a"), decided, kept=twice)
