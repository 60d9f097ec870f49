"""Procedural tasks: what the verifier makes of scores, and the gate on a sample of families."""

import importlib.util
import json
from typing import Any

import pytest
from pydantic import ValidationError

from benchmarks.verify_procedural import gate_together
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.procedural import Procedural
from synth_assets.core.verify.procedural_families import EXCLUDED, FAMILIES
from synth_assets.core.verify.tools import NO_TOOLS, NotScored, ProceduralItem, Scored, Tools
from synth_assets.resources.bounded.process import Bounds
from synth_assets.resources.procedural import process
from synth_assets.resources.procedural.process import ReasoningGym
from tests.samples import synthetic_row

installed = pytest.mark.skipif(
    importlib.util.find_spec("reasoning_gym") is None,
    reason="reasoning-gym is not installed; uv sync --extra procedural",
)

ITEM = {"family": "chain_sum", "seed": 42, "index": 3}
QUESTION = "What is 1 + 1?"


class Fixed:
    """Scores 2 with one point, 3 with most of one, all else with none."""

    def __init__(self) -> None:
        self.asked: list[tuple[ProceduralItem, str]] = []

    def score(self, item: ProceduralItem, answer: str) -> Scored | NotScored:
        self.asked.append((item, answer))
        if answer == "?":
            return NotScored("the scorer broke")
        return Scored(QUESTION, {"2": 1.0, "3": 0.98}.get(answer, 0.0))


def verdict(
    response: str, reference: object = ITEM, prompt: str = QUESTION, /, **parameters: Any
) -> Verdict:
    verifier = Procedural.model_validate({"kind": "procedural", **parameters})
    text = reference if isinstance(reference, str) else json.dumps(reference)
    row = synthetic_row("s", prompt, response, reference=text)
    return verifier.prepare({}, Tools(procedural=Fixed()))(row)


@pytest.mark.parametrize(
    ("response", "parameters", "reason"),
    [
        ("So.\nAnswer: 2\n", {}, None),
        ("Answer: 3\nno:\nAnswer: 2", {}, None),
        ("Answer: 3", {}, Reason.WRONG_ANSWER),
        ("Answer: 4", {}, Reason.WRONG_ANSWER),
        ("Answer: 2 I think", {}, Reason.WRONG_ANSWER),
        ("2", {}, Reason.NO_FINAL_ANSWER),
        ("Answer:  ", {}, Reason.NO_FINAL_ANSWER),
        (" 2 ", {"answer": "whole"}, None),
        ("so <answer> 2 </answer>\n", {"answer": "tag"}, None),
        ("<answer>2</answer> or 3", {"answer": "tag"}, Reason.NO_FINAL_ANSWER),
        ("2</answer>", {"answer": "tag"}, Reason.NO_FINAL_ANSWER),
        ("#### 2", {"marker": "####"}, None),
    ],
)
def test_procedural_takes_the_answer_by_the_recipes_rule(
    response: str, parameters: dict[str, Any], reason: Reason | None
) -> None:
    assert verdict(response, **parameters).reason == reason


@pytest.mark.parametrize(
    "reference",
    ["", "[]", "{", "[" * 9000, {}, {**ITEM, "seed": -1}, {**ITEM, "seed": "42"},
     {**ITEM, "index": 10**9}, {**ITEM, "extra": 1}, {**ITEM, "config": {"a": {}}},
     {**ITEM, "family": "gsm_symbolic"}, {**ITEM, "family": "no_such_family"}],
    ids=str,
)  # fmt: skip
def test_procedural_without_an_item_of_a_gated_family_has_no_reference(reference: object) -> None:
    assert verdict("Answer: 2", reference).reason == Reason.NO_REFERENCE


def test_procedural_reference_of_another_task_judges_nothing() -> None:
    assert verdict("Answer: 2", ITEM, "What is 5 + 5?").reason == Reason.NO_REFERENCE
    assert verdict("Answer: 2", ITEM, "Solve.\nWhat  is\n1 + 1?").reason is None
    free = verdict("Answer: 2", ITEM, "What is 5 + 5?", question_in_prompt=False)
    assert free.reason is None


def test_procedural_that_is_not_scored_is_errored() -> None:
    assert verdict("Answer: ?").outcome == VerdictOutcome.ERRORED
    assert verdict("Answer: " + "2" * 20_001).outcome == VerdictOutcome.ERRORED
    row = synthetic_row("s", QUESTION, "Answer: 2", reference=json.dumps(ITEM))
    check = Procedural(kind="procedural").prepare({}, NO_TOOLS)
    assert check(row).outcome == VerdictOutcome.ERRORED


def test_procedural_without_the_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "find_spec", lambda name: None)
    with ReasoningGym() as scorers:
        found = scorers.score(ProceduralItem("chain_sum", 42, 0, {}), "1")
    assert isinstance(found, NotScored)
    assert "uv sync --extra procedural" in found.why


def test_procedural_families_are_named_as_they_passed() -> None:
    assert not FAMILIES & set(EXCLUDED)
    assert Procedural(kind="procedural", families=("chain_sum",)).families == ("chain_sum",)
    for name, told in (("gsm_symbolic", "contaminated"), ("countdown", "is no family that passed")):
        with pytest.raises(ValidationError, match=told):
            Procedural(kind="procedural", families=(name,))


@installed
@pytest.mark.slow
def test_procedural_scores_the_item_of_a_seed_also_behind_one_that_took_too_long() -> None:
    with ReasoningGym(Bounds(cpu_s=0.5, memory_bytes=4 * 1024**3)) as scorers:
        endless = ProceduralItem("chain_sum", 42, 0, {"max_terms": 10**8, "min_terms": 10**8})
        told = "not decided within 0.5 s of processor time"
        assert scorers.score(endless, "1") == NotScored(told)
        item = ProceduralItem("chain_sum", 42, 3, {"min_terms": 2, "max_terms": 2})
        first = scorers.score(item, "junk")
        assert isinstance(first, Scored)
        assert first.score < 0.99
        *_, said = first.question.split(": ")
        value = eval(said.removesuffix(" ="))
        assert scorers.score(item, str(value)) == Scored(first.question, 1.0)
        odd = scorers.score(ProceduralItem("chain_sum", 42, 3, {"min_terms": 0}), "1")
        assert isinstance(odd, NotScored)
        assert "AssertionError" in odd.why


@installed
@pytest.mark.slow
def test_gate_lets_families_pass_and_stops_those_whose_scorers_err() -> None:
    stopped = {
        "countdown": "scoring does `exec`",
        "knights_knaves": "a hedged answer scores 1.00",
        "gsm_symbolic": "contaminated: 252 of 500",
        "list_functions": "",
    }
    passing = ("chain_sum", "caesar_cipher", "syllogism")
    found = {each.family: each.fault for each in gate_together([*passing, *stopped])}
    assert {family: found[family] for family in passing} == dict.fromkeys(passing, "")
    assert set(passing) <= FAMILIES
    assert not set(stopped) & FAMILIES
    for family, fault in stopped.items():
        assert found[family].startswith(fault)
        assert found[family]
