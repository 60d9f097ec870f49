"""Verifiers in a row: rejection, error, score."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.fingerprint import content_hash
from synth_assets.core.sample import Sample
from synth_assets.core.schema import SAMPLE_SCHEMA, VERDICT_SCHEMA, Outcome, Reason, Verdict
from synth_assets.core.verify.json_record import JsonRecord
from synth_assets.core.verify.protocol import Check, Cost, Together, Verifier
from synth_assets.core.verify.stage import VerifyResult, verify_samples
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import LedgerError, RecipeError
from tests.samples import frame_of, reasons_of, synthetic_row


class Says(Verifier):
    """A verifier whose word the test chooses, by sample."""

    cost: ClassVar[Cost] = Cost.TEXT

    word: Callable[[Sample], Verdict]

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        return self.word


def says(kind: str, verdict: Verdict) -> Says:
    return Says(kind=kind, word=lambda sample: verdict)


def fails(fault: Exception) -> Says:
    def word(sample: Sample) -> Verdict:
        raise fault

    return Says(kind="fails", word=word)


def verify(*verifiers: Verifier, names: str = "ab") -> VerifyResult:
    rows = frame_of(*(synthetic_row(name, f"p {name}", "r") for name in names))
    return verify_samples(rows, "math~0123abcd", verifiers, {})


ACCEPTS = says("accepts", Verdict.accepted("fine", 0.9))
HALF = says("half", Verdict.accepted("so so", 0.5))
REJECTS = says("rejects", Verdict.rejected(Reason.WRONG_NUMBER, "7 is not 5", 0.2))


def test_verify_samples_all_accepted_keeps_rows_with_the_least_score() -> None:
    result = verify(ACCEPTS, HALF)
    assert result.stage.kept["sample_id"].to_list() == ["a", "b"]
    assert result.stage.kept["score"].to_list() == [0.5, 0.5]
    assert result.stage.kept.schema == SAMPLE_SCHEMA
    assert result.verdicts.schema == VERDICT_SCHEMA
    assert result.verdicts.select("sample_id", "verifier", "position").rows() == [
        ("a", "accepts", 0),
        ("a", "half", 1),
        ("b", "accepts", 0),
        ("b", "half", 1),
    ]


def test_verify_samples_rejected_stops_there_and_says_why() -> None:
    result = verify(ACCEPTS, REJECTS, HALF, names="a")
    [decision] = result.stage.decisions.rows(named=True)
    assert result.stage.kept.is_empty()
    assert decision["outcome"] == Outcome.DROPPED
    assert decision["reason"] == Reason.WRONG_NUMBER
    assert decision["score"] == 0.2
    assert decision["detail"] == "rejects: 7 is not 5"
    assert decision["recipe"] == "math"
    assert decision["partition"] == "math~0123abcd"
    assert result.verdicts["verifier"].to_list() == ["accepts", "rejects"]


def test_verify_samples_without_verifiers_keeps_all_with_score_one() -> None:
    result = verify()
    assert result.stage.kept["score"].to_list() == [1.0, 1.0]
    assert result.verdicts.is_empty()


def test_verify_samples_of_no_rows_is_empty_with_schemas() -> None:
    result = verify(ACCEPTS, names="")
    assert result.stage.kept.schema == SAMPLE_SCHEMA
    assert result.stage.decisions.is_empty()
    assert result.verdicts.schema == VERDICT_SCHEMA


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("x"), RecursionError(), LedgerError("gone"), ValueError("\ud800")]
)
def test_verify_samples_verifier_at_fault_is_errored_neither_kept_nor_dropped(
    fault: Exception,
) -> None:
    result = verify(fails(fault), ACCEPTS, names="a")
    assert result.stage.counts == {"kept": 0, "dropped": 0, "errored": 1}
    assert reasons_of(result.stage.decisions) == {"a": Reason.VERIFIER_ERROR}
    assert result.verdicts["outcome"].to_list() == ["errored", "accepted"]
    assert type(fault).__name__ in result.verdicts["evidence"][0]


def test_verify_samples_rejection_after_a_fault_drops() -> None:
    result = verify(fails(ValueError("x")), REJECTS, names="a")
    assert reasons_of(result.stage.decisions) == {"a": Reason.WRONG_NUMBER}


def test_verify_samples_programming_mistake_stops_the_stage() -> None:
    with pytest.raises(TypeError):
        verify(fails(TypeError("no such argument")))


def test_verify_samples_long_evidence_is_shortened() -> None:
    result = verify(says("long", Verdict.rejected(Reason.TOO_LONG, "x" * 10_000)), names="a")
    assert result.verdicts["evidence"].str.len_chars().max() < 300
    assert result.stage.decisions["detail"].str.len_chars().max() < 300


def test_verify_samples_verifier_without_its_file_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match=r"s\.json"):
        verify_samples(frame_of(), "p", [JsonRecord(kind="json_record", schema_file="s.json")], {})


words = st.sampled_from(
    [
        Verdict.accepted("y", 1.0),
        Verdict.accepted("y", 0.4),
        Verdict.rejected(Reason.TOO_SHORT, "n"),
        Verdict.errored("?"),
    ]
)


@given(st.lists(st.lists(words, min_size=3, max_size=3), max_size=8))
def test_verify_samples_decides_every_row_by_its_verdicts(table: list[list[Verdict]]) -> None:
    rows = [synthetic_row(f"s{i}", "p", "r", position=i) for i in range(len(table))]
    verifiers = [
        Says(kind=f"v{column}", word=lambda sample, column=column: table[sample.position][column])
        for column in range(3)
    ]
    result = verify_samples(frame_of(*rows), "p", verifiers, {})
    outcomes = result.stage.decisions["outcome"].to_list()
    for verdicts, outcome in zip(table, outcomes, strict=True):
        said = [verdict.outcome for verdict in verdicts]
        expected = "dropped" if "rejected" in said else "errored" if "errored" in said else "kept"
        assert outcome == expected
    kept = [
        min(v.score or 0 for v in vs) for vs, o in zip(table, outcomes, strict=True) if o == "kept"
    ]
    assert result.stage.kept["score"].to_list() == kept
    assert result.verdicts.filter(pl.col("outcome") == "rejected")["sample_id"].is_unique().all()


class LastWord(Says):
    """Runs late, whatever a recipe says."""

    cost: ClassVar[Cost] = Cost.PROCESS


class SideBySide(Verifier):
    """Rejects what an earlier sample answered too."""

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Together:
        def check(samples: Sequence[Sample]) -> list[Verdict]:
            said: set[str] = set()
            verdicts: list[Verdict] = []
            for sample in samples:
                twice = sample.response in said
                said.add(sample.response)
                verdicts.append(
                    Verdict.rejected(Reason.CONTRADICTION, "said twice")
                    if twice
                    else Verdict.accepted("new")
                )
            return verdicts

        return Together(check)


def test_verify_samples_dear_verifier_first_runs_after_the_cheap_ones() -> None:
    dear = LastWord(kind="dear", word=lambda _: Verdict.accepted("fine"))
    assert verify(dear, ACCEPTS, names="a").verdicts["verifier"].to_list() == ["accepts", "dear"]


def test_verify_samples_side_by_side_sees_only_what_is_left_and_answers_in_order() -> None:
    drops_a = Says(
        kind="drops",
        word=lambda sample: (
            Verdict.rejected(Reason.TOO_LONG, "a")
            if sample.sample_id == "a"
            else Verdict.accepted("")
        ),
    )
    result = verify(drops_a, SideBySide(kind="side"), names="abc")
    assert result.stage.kept["sample_id"].to_list() == ["b"]
    assert reasons_of(result.stage.decisions) == {"a": "too_long", "b": None, "c": "contradiction"}


def test_verify_samples_side_by_side_that_fails_errs_every_sample() -> None:
    class Breaks(Verifier):
        def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Together:
            def check(samples: Sequence[Sample]) -> list[Verdict]:
                raise LedgerError("gone")

            return Together(check)

    result = verify(Breaks(kind="breaks"))
    assert result.stage.counts == {"kept": 0, "dropped": 0, "errored": 2}
    assert result.verdicts["evidence"].to_list() == ["LedgerError: 'gone'"] * 2


def test_verify_samples_revised_text_is_kept_and_shown_to_later_verifiers() -> None:
    redacts = Says(
        kind="redacts",
        word=lambda sample: Verdict.accepted(
            "one name", revised={"prompt": f"{sample.prompt} [NAME]"}
        ),
    )
    seen: list[str] = []

    def look(sample: Sample) -> Verdict:
        seen.append(sample.prompt)
        return Verdict.accepted("seen")

    result = verify(redacts, Says(kind="looks", word=look), names="a")
    assert result.stage.kept["prompt"].to_list() == seen == ["p a [NAME]"]
    assert result.stage.kept["content_hash"].item() == content_hash("p a [NAME]", "r")
