"""Decontamination as a whole: one decision a row, judges of what is not sure, chunks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from synth_assets.core.decontaminate.candidates import Candidate, ModelJudge, Ruling
from synth_assets.core.decontaminate.finders import FinderRules
from synth_assets.core.decontaminate.finding import Method, Overlap
from synth_assets.core.decontaminate.rephrased import RephraseRule
from synth_assets.core.decontaminate.screen import Screen, ScreenRules, contaminated
from synth_assets.core.decontaminate.stage import decontaminate, rows_by_method
from synth_assets.core.schema import SAMPLE_SCHEMA, Reason, Split
from synth_assets.errors import UnknownNameError
from tests.samples import decisions_of, frame_of, real_row, reasons_of, synthetic_row
from tests.unit.judging_bench import DOWN, UNPAID, ScriptedJudges
from tests.unit.test_decontaminate_finders import (
    ITEM,
    OTHER,
    RENAMED,
    REPHRASED,
    SAME_TOPIC,
    exam,
)

NOTHING = SAMPLE_SCHEMA.to_frame()
HELD_OUT = "Nine times twelve are 108 rolls; 38 remain, which makes nine and a half each."
BENCHMARKS = frame_of(real_row("ducks", ITEM, "#### 18"), real_row("robe", OTHER, "3"), *exam())
ALWAYS_ASKED = ScreenRules(finders=FinderRules(rephrase=RephraseRule(lower=0.01, upper=1.0)))


@dataclass
class Judge:
    """Rules as it is told, and remembers what it was asked."""

    ruling: Ruling
    asked: list[Candidate] = field(default_factory=list)

    def rule(self, candidates: Sequence[Candidate]) -> Sequence[Ruling]:
        self.asked += candidates
        return [self.ruling] * len(candidates)


@pytest.fixture(scope="module")
def screen() -> Screen:
    return Screen.build(frame_of(real_row("kept", "How?", HELD_OUT)), BENCHMARKS)


def test_decontaminate_every_row_has_its_reason_item_and_method(screen):
    rows = {
        "copy": (ITEM, Reason.BENCHMARK_OVERLAP, "ducks", "text: the same text: Janet's"),
        "run": (f"Now: {OTHER} Well.", Reason.BENCHMARK_OVERLAP, "robe", "run: shared run of 13"),
        "near": (_changed(ITEM), Reason.BENCHMARK_OVERLAP, "ducks", "near: "),
        "other": (RENAMED, Reason.PERTURBED_BENCHMARK_ITEM, "ducks", "perturbed: "),
        "anew": (REPHRASED, Reason.REPHRASED_BENCHMARK_ITEM, "ducks", "rephrased: "),
        "topic": (SAME_TOPIC, None, None, ""),
    }
    samples = frame_of(*(synthetic_row(name, row[0], "Yes.") for name, row in rows.items()))
    samples = samples.vstack(frame_of(synthetic_row("held", "And this?", HELD_OUT)))
    result = decontaminate(samples, screen)
    found = decisions_of(result.decisions)
    for name, (_, reason, item, told) in rows.items():
        assert (found[name].reason, found[name].duplicate_of) == (reason, item), name
        assert found[name].detail.startswith(told), found[name].detail
    assert found["held"].reason == Reason.HELD_OUT_OVERLAP
    assert found["copy"].score == 1.0
    assert 0.5 <= (found["anew"].score or 0) < 1.0
    assert result.kept["sample_id"].to_list() == ["topic"]
    assert rows_by_method(result.decisions) == {
        **{"text": 2, "near": 1, "perturbed": 1, "rephrased": 1, "run": 1}
    }


def _changed(text: str) -> str:
    """Without a run of 13 words of the text; numbers as they are."""
    words = text.split()
    return " ".join(word if at % 9 else f"{word} indeed" for at, word in enumerate(words))


def test_screen_finds_in_response_and_context_what_it_finds_in_the_prompt(screen):
    rows = [("Go on.", REPHRASED), ("Go on.", "Sure.", REPHRASED), ("Go on.", "Sure.")]
    methods = [None if found is None else found.method for found in screen.look(rows)]
    assert methods == [Method.REPHRASED, Method.REPHRASED, None]


def test_screen_seen_tells_each_method_by_itself(screen):
    [seen, nothing] = screen.seen([[ITEM], [SAME_TOPIC]])
    assert set(seen) == {Method.TEXT, Method.NEAR, Method.REPHRASED}
    assert {overlap.item_id for overlap in seen.values()} == {"ducks"}
    assert nothing == {}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_contaminated_rows_are_the_same_whatever_the_chunks(screen, size):
    texts = [ITEM, "x", REPHRASED, SAME_TOPIC, RENAMED, "", OTHER]
    rows = [(number + 100, (text, "Yes.")) for number, text in enumerate(texts)]
    chunks = [rows[at : at + size] for at in range(0, len(rows), size)]
    found = contaminated(
        (([number for number, _ in chunk], [row for _, row in chunk]) for chunk in chunks), screen
    )
    told = [(each.row, each.overlap.method, each.overlap.item_id) for each in found]
    assert told == [
        (100, Method.TEXT, "ducks"),
        (102, Method.REPHRASED, "ducks"),
        (104, Method.PERTURBED, "ducks"),
        (106, Method.TEXT, "robe"),
    ]


def test_judge_is_asked_only_about_what_is_not_sure():
    judge = Judge(Ruling(True, "says same"))
    rules = ScreenRules(finders=FinderRules(rephrase=RephraseRule(lower=0.2, upper=0.99999)))
    screen = Screen.build(NOTHING, BENCHMARKS, rules, judge=judge)
    rows = [[ITEM, "a"], [RENAMED, "b"], [REPHRASED, "c"], [SAME_TOPIC, "d"], ["", ""]]
    found = screen.look(rows)
    assert judge.asked == [Candidate(f"{REPHRASED}\n\nc", ITEM)]
    assert found[2] is not None
    assert found[2].evidence.endswith("; says same")


@pytest.mark.parametrize(
    ("ruling", "reason", "kept"),
    [
        (Ruling(True, "same"), Reason.REPHRASED_BENCHMARK_ITEM, 0),
        (Ruling(False, "different"), None, 1),
        (Ruling(None, "no money", Reason.BUDGET_REACHED), Reason.BUDGET_REACHED, 0),
    ],
)
def test_judge_drops_keeps_or_leaves_a_row_errored(ruling, reason, kept):
    screen = Screen.build(NOTHING, BENCHMARKS, ALWAYS_ASKED, judge=Judge(ruling))
    result = decontaminate(frame_of(synthetic_row("row", REPHRASED, "Yes.")), screen)
    assert reasons_of(result.decisions) == {"row": reason}
    assert (result.kept.height, result.counts["errored"]) == (kept, int(ruling.same is None))


def test_rows_below_the_threshold_are_dropped_only_where_a_judge_says_so():
    strict = RephraseRule(least=0.9999, lower=0.01, upper=0.99995)
    rules = ScreenRules(finders=FinderRules(rephrase=strict))
    assert Screen.build(NOTHING, BENCHMARKS, rules).look([[REPHRASED]]) == [None]
    judged = Screen.build(NOTHING, BENCHMARKS, rules, judge=Judge(Ruling(True, "same")))
    [found] = judged.look([[REPHRASED]])
    assert found is not None
    assert (found.method, found.outcome.value) == (Method.REPHRASED, "dropped")


@pytest.mark.parametrize(
    ("said", "ruling"),
    [
        ("<verdict>same</verdict>", Ruling(True, "one says same")),
        ("<verdict> Different. </verdict>", Ruling(False, "one says different")),
        (UNPAID, Ruling(None, f"one: {UNPAID.detail}", Reason.BUDGET_REACHED)),
        (DOWN, Ruling(None, f"one: {DOWN.detail}", Reason.PROVIDER_ERROR)),
    ],
)
def test_model_judge_reads_its_model(said, ruling):
    judges = ScriptedJudges(lambda request: said)
    assert ModelJudge(judges, "one").rule([Candidate("text {item}", "item {text}")]) == [ruling]
    [[call]] = judges.asked
    [message] = call.request.messages
    assert "<item>\nitem {text}\n</item>" in message.content
    assert "<text>\ntext {item}\n</text>" in message.content


@pytest.mark.parametrize("said", ["<verdict>perhaps</verdict>", "It is the same.", ""])
def test_model_judge_that_cannot_be_read_rules_nothing(said):
    judges = ScriptedJudges(lambda request: said)
    [ruling] = ModelJudge(judges, "one").rule([Candidate("text", "item")])
    assert (ruling.same, ruling.trouble) == (None, Reason.VERIFIER_ERROR)


def test_model_judge_that_is_no_teacher_is_an_error():
    judge = ModelJudge(ScriptedJudges(lambda request: ""), "nobody")
    with pytest.raises(UnknownNameError, match=r"is to ask nobody \(judge_contamination\)"):
        judge.rule([Candidate("text", "item")])


def test_overlap_says_why_a_row_is_not_kept():
    told = {method: Overlap(Split.BENCHMARK, "item", "", method).reason.value for method in Method}
    assert told == {
        Method.TEXT: "benchmark_overlap",
        Method.RUN: "benchmark_overlap",
        Method.NEAR: "benchmark_overlap",
        Method.PERTURBED: "perturbed_benchmark_item",
        Method.REPHRASED: "rephrased_benchmark_item",
    }


def test_screen_of_many_equal_rows_says_of_each_the_same(screen):
    found = screen.look([(REPHRASED, "Yes.")] * 3_000 + [(SAME_TOPIC, "Yes.")] * 3_000)
    assert len({id(each) for each in found[:3_000]}) == 3_000
    assert {each.evidence for each in found[:3_000] if each} == {found[0].evidence}
    assert found[3_000:] == [None] * 3_000


def test_screen_of_one_huge_row_finds_what_stands_in_it(screen):
    filler = " ".join(f"Line {number} of the log." for number in range(30_000))
    rows = [(f"{filler} {item} {filler}", "") for item in (ITEM, RENAMED, REPHRASED, "")]
    methods = [None if found is None else found.method for found in screen.look(rows)]
    assert methods == [Method.RUN, Method.PERTURBED, Method.REPHRASED, None]
