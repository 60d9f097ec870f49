"""Texts too predictable or too surprising by the log-probabilities of a teacher."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import ValidationError

from synth_assets.core.completion import Request
from synth_assets.core.config.budgets import Budgets
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import Budget, Payer
from synth_assets.core.generation.judge_replay import LedgerJudges, ask_standing, judge_steps
from synth_assets.core.language_model.teacher_scores import TokenScores
from synth_assets.core.schema import Outcome, Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.length import Length
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.core.verify.protocol import Together
from synth_assets.core.verify.stage import cheap_first, verify_samples
from synth_assets.core.verify.tools import CallFailure, Tools
from synth_assets.errors import BudgetError, RecipeError
from synth_assets.resources.generation.funds import check_funds
from tests.samples import frame_of, synthetic_row
from tests.technique_runs import recipe_of
from tests.unit.judging_bench import DOWN, UNPAID, Said, ScriptedJudges

SCORER = Teacher(id="scorer", model="hosted_vllm/base", price=Price(input_usd=1, output_usd=2))
TEACHERS = {
    "scorer": SCORER,
    "writer": Teacher(id="writer", model="hosted_vllm/writer", parameters={"max_tokens": 50}),
    "rules": Teacher(id="rules", model="embedded/scholar"),
}
REAL = [f"real text {place:03}" for place in range(200)]
"""Text number `n` takes 1 + n / 100 bits a byte: all are 13 bytes long."""

BOUNDS = {"low": 0.025, "high": 0.975, "real_texts": 200}
RECIPE = """
id: tiny
title: Scored problems
samples: 4
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  ask: {template: ask.md.j2, inputs: [passage]}
verifiers:
  - {kind: perplexity, file: real.txt, teacher: scorer, low: 0.025, high: 0.975, real_texts: 200}
"""


def taking(per_byte: float, text: str, left_out: str = "") -> str:
    """An answer that the tokens of a text take so many bits a byte."""
    size = len(text.encode()) - len(left_out.encode())
    return TokenScores([-per_byte * math.log(2)] * size, left_out).as_text()


def answer(request: Request) -> str:
    """Real texts take what their number says, others what they say themselves."""
    text = request.scored_text or ""
    found = re.fullmatch(r"real text (\d{3})|synthetic (\d\.\d{3})", text)
    assert found, text
    return taking(1 + int(found[1]) / 100 if found[1] else float(found[2]), text)


def saying(per_byte: float) -> str:
    """A sample's text, as long as the real ones are but for two bytes."""
    return f"synthetic {per_byte:.3f}"


@dataclass
class Asked(ScriptedJudges):
    """Scripted answers of the teachers of this file."""

    teachers: Any = field(default_factory=lambda: TEACHERS)

    @property
    def texts(self) -> list[str | None]:
        return [call.request.scored_text for calls in self.asked for call in calls]


def perplexity(**parameters: Any) -> Perplexity:
    said = {"kind": "perplexity", "file": "real.txt", "teacher": "scorer", **BOUNDS, **parameters}
    return Perplexity.model_validate(said)


def verdicts(
    texts: Sequence[str],
    said: Said = answer,
    real: Sequence[str] = REAL,
    judges: Asked | None = None,
    **parameters: Any,
) -> list[Verdict]:
    files = {"real.txt": "\n".join(real)}
    asked = judges or Asked(said)
    check = perplexity(**parameters).prepare(files, Tools(judges=asked))
    assert isinstance(check, Together)
    return list(check.check([synthetic_row(str(n), "?", text) for n, text in enumerate(texts)]))


# --- verdicts ------------------------------------------------------------------------------------


def test_bounds_are_quantiles_of_the_real_texts_in_bits_a_byte():
    """Five of 200 are 2.5 %: from the fifth real text on, from either end, is near enough."""
    found = verdicts([saying(each) for each in (1.035, 1.045, 2.0, 2.945, 2.955)])
    assert [(verdict.reason, verdict.score) for verdict in found] == [
        (Reason.TOO_PREDICTABLE, pytest.approx(2 * 4 / 200)),
        (None, pytest.approx(2 * 5 / 200)),
        (None, pytest.approx(1.0)),
        (None, pytest.approx(2 * 5 / 200)),
        (Reason.TOO_SURPRISING, pytest.approx(2 * 4 / 200)),
    ]
    assert found[0].evidence == (
        "as predictable: 2 % of the real texts; the model takes 1.03 bits a byte, usual are 1.99"
    )
    assert found[1].evidence == (
        "as predictable: 2.5 % of the real texts, as surprising: 98 % of the real texts"
    )


def test_first_token_without_a_log_probability_is_left_out_and_told():
    def said(request: Request) -> str:
        text = request.scored_text or ""
        return answer(request) if text.startswith("real") else taking(2.0, text, "Not")

    [found] = verdicts(["Not counted, this."], said)
    assert found.outcome is VerdictOutcome.ACCEPTED
    assert found.evidence.endswith("; without its first token, 'Not'")


def test_text_is_scored_as_it_is_up_to_8000_characters_and_the_field_that_is_named():
    def said(request: Request) -> str:
        text = request.scored_text or ""
        return answer(request) if text in REAL else taking(2.0, text)

    judges = Asked(said)
    verifier = perplexity(field="prompt")
    rows = frame_of(synthetic_row("a", "  Say\nso. " + "x" * 9_000, "not this"))
    files = {"real.txt": "\n".join(REAL)}
    result = verify_samples(rows, "p", [verifier], files, Tools(judges=judges))
    assert result.stage.kept.height == 1
    assert judges.texts[-1] == ("  Say\nso. " + "x" * 9_000)[:8_000]


def test_blank_text_is_too_surprising_and_never_sent():
    judges = Asked(answer)
    found = verdicts(["", " \n"], judges=judges)
    assert [verdict.reason for verdict in found] == [Reason.TOO_SURPRISING] * 2
    assert not {"", " \n"} & set(judges.texts)
    assert verdicts([""], high=1)[0].outcome is VerdictOutcome.ACCEPTED


# --- what is asked -------------------------------------------------------------------------------


def test_real_texts_are_scored_up_to_the_number_asked_and_the_first_alone():
    real = [*REAL, *(f"real text {place:03}" for place in range(200, 900))]
    judges = Asked(answer)
    found = verdicts([saying(3.0)], judges=judges, real=real, real_texts=300)
    assert found[0].outcome is VerdictOutcome.ACCEPTED
    assert [len(calls) for calls in judges.asked] == [1, 299, 1]
    again = Asked(answer)
    verdicts([saying(3.0)], judges=again, real=real[::-1], real_texts=300)
    assert again.texts == judges.texts


def test_calls_name_their_sample_and_have_steps_of_their_own():
    judges = Asked(answer)
    verdicts([saying(2.0)], judges=judges)
    calls = [call for calls in judges.asked for call in calls]
    assert {call.request.step for call in calls[:-1]} == {"perplexity_real:scorer"}
    assert (calls[-1].sample_id, calls[-1].request.step) == ("0", "perplexity:scorer")
    assert len({call.sample_id for call in calls}) == 201


def test_nothing_is_asked_where_no_sample_comes():
    judges = Asked(answer)
    assert verdicts([], judges=judges) == []
    assert judges.asked == []


def test_verifier_with_a_teacher_comes_after_all_that_cost_nothing():
    scored, free = perplexity(), Perplexity(kind="perplexity", source="people")
    assert cheap_first([scored, Length(kind="length"), free]) == [
        Length(kind="length"),
        free,
        scored,
    ]


# --- where a call fails --------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [UNPAID, DOWN])
def test_failed_call_about_a_sample_leaves_that_one_open(failure: CallFailure):
    def said(request: Request) -> str | CallFailure:
        return failure if request.scored_text == saying(2.5) else answer(request)

    one, other = verdicts([saying(2.0), saying(2.5)], said)
    assert one.outcome is VerdictOutcome.ACCEPTED
    assert (other.outcome, other.reason, other.score) == (
        VerdictOutcome.ERRORED,
        failure.reason,
        None,
    )
    assert other.evidence == failure.detail


@pytest.mark.parametrize("failure", [UNPAID, DOWN])
def test_failed_call_about_a_real_text_leaves_all_samples_open(failure: CallFailure):
    def said(request: Request) -> str | CallFailure:
        return failure if request.scored_text == REAL[7] else answer(request)

    judges = Asked(said)
    found = verdicts([saying(2.0), saying(9.0)], judges=judges)
    assert {(verdict.outcome, verdict.reason) for verdict in found} == {
        (VerdictOutcome.ERRORED, failure.reason)
    }
    assert found[0].evidence == f"the real texts are not scored: {failure.detail}"
    # What is asked now need not be asked once the real texts are scored.
    assert judges.texts[-2:] == [saying(2.0), saying(9.0)]


def test_real_texts_that_cannot_be_scored_for_good_make_room_for_others():
    real = [*REAL, *(f"real text {place:03}" for place in range(200, 220))]

    def said(request: Request) -> str | CallFailure:
        match request.scored_text:
            case "real text 003":
                return CallFailure(Reason.CONTEXT_OVERFLOW, "too long")
            case "real text 004":
                return CallFailure(Reason.CONTENT_FILTERED, "refused")
            case "real text 005":
                return TokenScores([], "real text 005").as_text()
            case _:
                return answer(request)

    judges = Asked(said)
    [found] = verdicts([saying(2.0)], judges=judges, real=real)
    assert found.outcome is VerdictOutcome.ACCEPTED
    met = len({"real text 003", "real text 004", "real text 005"} & set(judges.texts))
    assert len(judges.texts) == 200 + met + 1
    [lost] = verdicts([saying(2.0)], said, REAL)
    assert (lost.outcome, lost.reason) == (VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR)
    assert lost.evidence.startswith("scorer could score 197 of 200 real texts, and 200 are needed")


def test_text_of_one_token_is_left_open():
    def said(request: Request) -> str:
        text = request.scored_text or ""
        return TokenScores([], "Yes").as_text() if text == "Yes" else answer(request)

    [found] = verdicts(["Yes"], said)
    assert (found.outcome, found.reason) == (VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR)
    assert found.evidence.startswith("no token of the text has a log-probability")


def test_verifier_without_anybody_to_ask_leaves_samples_open():
    check = perplexity().prepare({"real.txt": "\n".join(REAL)})
    assert isinstance(check, Together)
    [found] = check.check([synthetic_row("a", "?", REAL[0])])
    assert found.outcome is VerdictOutcome.ERRORED
    assert found.evidence.startswith("no teacher can be asked here")


# --- parameters, recipes, plans ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"teacher": "a", "measures": ["words"]}, "a `teacher` has one only"),
        ({"teacher": "a", "real_texts": 499}, "499 are too few: low: 0.01 and high: 0.99 need 500"),
        ({"teacher": "a", "real_texts": 100, "low": 0.1, "high": 0.9}, "greater than or equal"),
        ({"real_texts": 500}, "how many a `teacher` scores, and there is none"),
        ({"teacher": "Not A Name"}, "teacher"),
    ],
)
def test_parameters_without_sense_are_refused(parameters: dict[str, Any], said: str):
    with pytest.raises(ValidationError, match=said):
        Perplexity.model_validate({"kind": "perplexity", "source": "people", **parameters})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rules", "teacher rules gives no log-probabilities .*: the embedded teacher follows"),
        ("nobody", "nobody is no teacher of the recipe"),
    ],
)
def test_teacher_that_gives_none_is_refused_where_it_is_used(name: str, said: str):
    with pytest.raises(RecipeError, match=said):
        verdicts([saying(2.0)], teacher=name)


def recipe(text: str = RECIPE, **teachers: Teacher) -> Any:
    files = {"ask.md.j2": "Ask about {{ passage }}", "real.txt": "\n".join(REAL)}
    return recipe_of(text, files, {**TEACHERS, **teachers})


def test_recipe_names_its_scorer_whose_checkpoint_is_part_of_its_version():
    made = recipe()
    assert set(made.teachers) == {"writer", "scorer"}
    newer = SCORER.model_copy(update={"checkpoint": "2"})
    dearer = SCORER.model_copy(update={"price": None})
    assert recipe(scorer=newer).version != made.version == recipe(scorer=dearer).version


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"model": "embedded/scholar"}, "tiny: verifier perplexity: teacher scorer gives no log-"),
        ({"model": "openai/gpt-4o"}, "openai/gpt-4o is asked over a chat endpoint"),
        ({"delivery": "batch"}, "is asked in batches"),
    ],
)
def test_recipe_with_a_scorer_that_gives_none_is_refused(entry: dict[str, str], said: str):
    with pytest.raises(RecipeError, match=said):
        recipe(scorer=SCORER.model_copy(update=entry))


def test_recipe_answered_by_one_teacher_is_scored_by_it_and_never_where_nobody_scored():
    spec = recipe().spec.answered_by("writer")
    assert [verifier.teachers for verifier in spec.verifiers] == [("writer",)]
    plain = Perplexity(kind="perplexity", source="people")
    assert plain.answered_by("writer") == plain


def test_scorer_without_a_price_is_refused_under_a_cap():
    budget = Budget.of(Budgets.model_validate({"teachers": {"scorer": {"usd": 1}}}), "run-1")
    check_funds(recipe(), budget, Payer("tiny", "run-1"))
    with pytest.raises(BudgetError, match=r"scorer .* has no known price"):
        check_funds(
            recipe(scorer=SCORER.model_copy(update={"price": None})), budget, Payer("tiny", "run-1")
        )


def test_plan_asks_the_ledger_for_real_texts_and_samples_of_what_is_not_scored_yet():
    made = recipe()
    judges = LedgerJudges(made.teachers, lambda _: None)
    assert list(judge_steps(made)) == [("perplexity:scorer", "scorer")]
    rows = frame_of(synthetic_row("a", "?", saying(2.0)), synthetic_row("b", "?", saying(2.5)))
    result = verify_samples(rows, made.key, made.spec.verifiers, made.files, Tools(judges=judges))
    ask_standing(made, judges, Tools())
    assert set(result.stage.decisions["outcome"]) == {Outcome.ERRORED.value}
    missing = {request.fingerprint: request for request in judges.missing}
    texts = {request.scored_text for request in missing.values()}
    assert texts == {*REAL, saying(2.0), saying(2.5)}
    assert len(missing) == 202
