"""Asking for JSON: what is sent, what is read, and the one time it is asked again."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from pydantic import BaseModel, field_validator

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import ASKED, Answered, AnswerForm, Fault
from synth_assets.core.techniques.grounded_qa import GroundedQa
from synth_assets.core.techniques.problem_generation import ProblemGeneration
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Slot, Unusable
from synth_assets.core.techniques.sections import fault_of, read_sections, section_bodies
from synth_assets.errors import RecipeError, TechniqueError

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string"},
            "question": {"type": "string"},
            "answer": {"type": ["string", "array", "null"]},
            "quote": {"type": "string"},
        },
        "required": ["reasoning", "question", "answer", "quote"],
        "additionalProperties": False,
    }
)
NEEDED = ("question", "answer", "quote")
FORM = AnswerForm.of_file("qa", "answer.json", SCHEMA, NEEDED)
GOOD = '{"reasoning": "r", "question": "Who?", "answer": "Ann", "quote": "It was Ann."}'
REQUEST = Request("t", "openai/m", "", (Message("user", "Ask."),), "{}", 0, "ask")


def said(text: str) -> Completion:
    return Completion(REQUEST.fingerprint, text, "stop", 1, 1, None, 0.1)


@dataclass(frozen=True)
class Talk:
    """What a technique asked, and what it made of the answers."""

    asked: tuple[Request, ...]
    made: Draft | Unusable


def talk(
    *answers: str,
    form: AnswerForm | None = FORM,
    finish: str = "stop",
    technique: GroundedQa | ProblemGeneration | None = None,
) -> Talk:
    """Carry a technique through with these answers."""
    prompt = Prompt(template="ask.md.j2", inputs=())
    technique = technique or GroundedQa(kind="grounded_qa", ask=prompt)

    class Asker:
        def __call__(self, _: Prompt, values: object, step: str, **others: object) -> Request:
            asked = replace(REQUEST, step=step)
            return asked if form is None else form.asked(asked, "schema")

        def teacher(self, prompt: Prompt, step: str, copy: int = 0) -> str:
            return "t"

        def choices(self, prompt: Prompt, step: str, copy: int = 0) -> dict[str, str]:
            return {}

    inputs = {"passage": "It was Ann."}
    produce = technique.produce
    slot = Slot(0, 0, Seed.of("s", {}), {}, inputs, Asker(), produce, lambda _: form)
    production = technique.produce(slot)
    asked = [*next(production)]
    try:
        for answer in answers:
            came = Completion(asked[-1].fingerprint, answer, finish, 1, 1, None, 0.1)
            asked.extend(production.send([came]))
    except StopIteration as stop:
        return Talk(tuple(asked), stop.value)
    raise AssertionError(f"it still asks: {asked[-1]}")


# --- what is sent -------------------------------------------------------------------------------


def test_request_of_a_closed_schema_asks_for_its_enforcement_in_its_own_order():
    sent = json.loads(FORM.asked(REQUEST, "schema").response_format)

    assert sent["type"] == "json_schema"
    assert (sent["json_schema"]["name"], sent["json_schema"]["strict"]) == ("answer", True)
    assert list(sent["json_schema"]["schema"]["properties"]) == ["reasoning", *NEEDED]
    assert FORM.asked(REQUEST, "schema").messages == REQUEST.messages


@pytest.mark.parametrize(
    "change",
    [
        {"additionalProperties": True},
        {"required": ["question", "answer", "quote"]},
        {"allOf": [{"minProperties": 1}]},
        {"$defs": {"open": {"type": "object"}}},
    ],
)
def test_request_of_an_open_schema_does_not_ask_for_enforcement(change: dict[str, object]):
    schema = json.dumps({**json.loads(SCHEMA), **change})
    form = AnswerForm.of_file("qa", "answer.json", schema, NEEDED)

    sent = json.loads(form.asked(REQUEST, "schema").response_format)
    assert sent["json_schema"]["strict"] is False


def test_request_to_a_teacher_without_schemas_tells_the_schema_in_the_prompt():
    plain, loose = FORM.asked(REQUEST, "none"), FORM.asked(REQUEST, "object")

    told = f"Ask.\n\n{ASKED}\n\n{FORM.schema}"
    assert [m.content for m in plain.messages] == [m.content for m in loose.messages] == [told]
    assert (plain.response_format, loose.response_format) == ("", '{"type":"json_object"}')
    assert FORM.asked(REQUEST, "auto") == plain


def test_fingerprint_without_response_format_is_that_of_ledgers_written_before():
    expected = "de4ceffbf739"
    assert REQUEST.fingerprint[:12] == expected
    others = {FORM.asked(REQUEST, how).fingerprint for how in ("schema", "object", "none")}
    assert len(others | {REQUEST.fingerprint}) == 4


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason", "problem"),
    [
        ("{oops", Reason.MALFORMED_JSON, "does not end"),
        ('{"question": "Who?"}', Reason.SCHEMA_VIOLATION, '"reasoning" is a required property'),
        (GOOD.replace('"Ann"', "7"), Reason.SCHEMA_VIOLATION, "answer: 7 is not of types"),
        (GOOD.replace('"Ann"', "null"), Reason.SCHEMA_VIOLATION, "answer: must not be empty"),
        (GOOD.replace('"Ann"', '" "'), Reason.SCHEMA_VIOLATION, "answer: must not be empty"),
        (GOOD.replace("}", ', "more": 1}'), Reason.SCHEMA_VIOLATION, "Additional properties"),
    ],
)
def test_answer_not_of_its_form_is_a_fault_that_says_where(text: str, reason: Reason, problem: str):
    found = FORM.read(said(text), NEEDED)

    assert isinstance(found, Fault)
    assert found.reason is reason
    assert problem in found.problem


def test_answer_with_a_field_that_is_no_text_gives_canonical_json():
    answer = said(GOOD.replace('"Ann"', '[{"b": 1.50, "a": "x"}]'))

    assert FORM.read(answer, NEEDED) == Answered(
        {"question": "Who?", "answer": '[{"a":"x","b":1.50}]', "quote": "It was Ann."}, answer
    )


class Question(BaseModel):
    """A model with a validator that no JSON schema can say."""

    question: str
    answer: str
    quote: str

    @field_validator("question")
    @classmethod
    def _asks(cls, value: str) -> str:
        if value == "broken":
            raise KeyError("a bug of the user's")
        if not value.endswith("?"):
            raise ValueError("a question ends with a question mark")
        return value


MODEL_FORM = AnswerForm.of_model("qa", "shapes:Question", Question, NEEDED)


def test_answer_that_a_validator_of_the_model_refuses_is_a_schema_violation():
    found = MODEL_FORM.read(said('{"question": "Who", "answer": "Ann", "quote": "q"}'), NEEDED)

    problem = "question: Value error, a question ends with a question mark"
    assert found == Fault(Reason.SCHEMA_VIOLATION, problem)


def test_validator_with_a_bug_is_no_verdict_and_names_the_model():
    with pytest.raises(TechniqueError, match=r"Question: a validator raised KeyError.*Mend it"):
        MODEL_FORM.read(said('{"question": "broken", "answer": "Ann", "quote": "q"}'), NEEDED)


# --- techniques ---------------------------------------------------------------------------------


def test_technique_with_a_schema_makes_a_draft_of_one_answer():
    done = talk(GOOD)

    assert done.made == Draft("Who?", "Ann", context="It was Ann.", reference="It was Ann.")
    assert [request.step for request in done.asked] == ["ask"]


def test_technique_asks_again_once_with_the_answer_and_its_fault():
    bad = GOOD.replace('"Ann"', "7")
    done = talk(bad, f"```json\n{GOOD}\n```")

    assert isinstance(done.made, Draft)
    assert (done.made.response, done.made.mended) == ("Ann", True)
    assert [request.step for request in done.asked] == ["ask", "ask/again"]
    first, again = done.asked
    assert again.messages[:2] == (*first.messages, Message("assistant", bad))
    assert "answer: 7 is not of types" in again.messages[2].content
    assert FORM.schema in again.messages[2].content
    assert again.response_format == first.response_format


def test_technique_gives_up_after_the_second_faulty_answer():
    done = talk("no JSON at all", '{"question": "Who?"}')

    assert isinstance(done.made, Unusable)
    assert done.made.reason is Reason.SCHEMA_VIOLATION
    assert done.made.detail.startswith("asked twice: the object: ")


@pytest.mark.parametrize(
    ("answer", "finish", "reason"),
    [
        (GOOD[:40], "length", Reason.TRUNCATED),
        (f"```\n{GOOD}", "length", Reason.TRUNCATED),
        ("", "stop", Reason.EMPTY_COMPLETION),
        ("", "content_filter", Reason.CONTENT_FILTERED),
        ("<none/>", "stop", Reason.DECLINED),
        ("I'm sorry, but I cannot help with that.", "stop", Reason.REFUSAL),
        ('{"a": "' + "x" * 200_000, "stop", Reason.MALFORMED_JSON),
    ],
)
def test_technique_does_not_ask_again_for_what_a_second_answer_would_not_mend(
    answer: str, finish: str, reason: Reason
):
    done = talk(answer, finish=finish)

    assert isinstance(done.made, Unusable)
    assert done.made.reason is reason
    assert len(done.asked) == 1


def test_whole_json_at_the_token_limit_is_taken():
    assert isinstance(talk(GOOD, finish="length").made, Draft)


def test_technique_without_a_schema_reads_sections_and_asks_once():
    prompt = Prompt(template="ask.md.j2", inputs=())
    problems = ProblemGeneration(kind="problem_generation", write=prompt, solve=prompt)
    written = "<problem>P</problem><solution>S</solution>"

    done = talk(written, " 5 ", form=None, technique=problems)
    assert done.made == Draft("P", "S", reference="5")
    lost = talk(GOOD, form=None).made
    assert isinstance(lost, Unusable)
    assert lost.reason is Reason.UNPARSABLE


# --- loading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "is an object"),
        ('{"type": "nonsense"}', "not a usable JSON schema"),
        ('{"$ref": "https://example.org/x.json"}', "references may only point into the same file"),
        ('{"properties": {"question": {}}}', "reads question, answer, quote of each answer"),
        (SCHEMA.replace('"quote"]', '"other"]'), "reads quote of each answer"),
    ],
)
def test_schema_that_cannot_serve_is_a_recipe_error_with_its_file(schema: str, problem: str):
    with pytest.raises(RecipeError) as refused:
        AnswerForm.of_file("qa", "answer.json", schema, NEEDED)

    assert str(refused.value).startswith("qa: answer.json: ")
    assert problem in str(refused.value)


def test_schema_whose_top_is_a_reference_is_followed():
    schema = json.dumps({"$ref": "#/$defs/Top", "$defs": {"Top": json.loads(SCHEMA)}})
    form = AnswerForm.of_file("qa", "answer.json", schema, NEEDED)

    assert isinstance(form.read(said(GOOD), NEEDED), Answered)
    assert (
        json.loads(form.asked(REQUEST, "schema").response_format)["json_schema"]["strict"] is False
    )


class Uncallable(BaseModel):
    """A model that JSON cannot say."""

    question: str
    check: Callable[[], int]


def test_model_without_a_json_schema_is_a_recipe_error():
    with pytest.raises(RecipeError, match="qa: shapes:Uncallable: has no JSON schema"):
        AnswerForm.of_model("qa", "shapes:Uncallable", Uncallable, ("question",))


# --- sections ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<problem>A **bold** one</problem>", "A **bold** one"),
        ("<problem>**All bold**</problem>", "**All bold**"),
        ("**<problem>** text **</problem>**", "text"),
        ("**<problem>text</problem>**", "text"),
        ("`<problem>`text`</problem>`", "text"),
        ("**<problem>**text</problem>", "text"),
        ("< Problem >text</ PROBLEM >", "text"),
        ("<think>the <problem>draft</problem></think>\n<problem>text</problem>", "text"),
        ("<problem>a</problem> <Problem>b</Problem>", None),
        ("**<problem>** a", None),
        ("<think><problem>text</problem>", "text"),
    ],
)
def test_section_is_read_once_whatever_marks_stand_around_its_tags(text: str, read: str | None):
    found = read_sections(said(text), ("problem",))
    assert (None if isinstance(found, Unusable) else found["problem"]) == read


def test_optional_section_may_be_missing_or_empty_and_stands_once_at_most():
    def note(text: str) -> str | None:
        found = read_sections(said(f"<a>x</a>{text}"), ("a",), ("note",))
        return None if isinstance(found, Unusable) else found["note"]

    told = ["", "<note> </note>", "<note>n</note>", "<note>n</note><note>m</note>"]
    assert [note(text) for text in told] == ["", "", "n", None]


@pytest.mark.parametrize(
    ("text", "finish", "reason", "detail"),
    [
        ("Half an", "length", Reason.TRUNCATED, "cut off by the token limit"),
        ("<think>Hm.</think>\n", "stop", Reason.EMPTY_COMPLETION, "the completion is empty"),
        ("<think>Hm.</think>**<None/>**", "stop", Reason.DECLINED, "the teacher says"),
        ("<think>I cannot help with that.</think>Yes.", "stop", None, ""),
    ],
)
def test_fault_of_an_answer_is_that_of_what_it_says_after_its_thoughts(
    text: str, finish: str, reason: Reason | None, detail: str
):
    fault = fault_of(replace(said(text), finish_reason=finish))
    assert (fault.reason if fault else None) == reason
    assert fault is None or fault.detail.startswith(detail)
    assert fault is None or not fault.detail.endswith("; ")


def test_json_after_thoughts_is_read_as_if_it_stood_alone():
    first = talk(f'<think>{{"question": "no"}} Hm.</think>{GOOD}')
    assert len(first.asked) == 1
    assert first.made == talk(GOOD).made


def test_sections_opened_for_ever_are_none_within_two_seconds():
    text = "<problem>" * 100_000
    began = time.perf_counter()
    assert section_bodies(text, "problem") == []
    assert time.perf_counter() - began < 20
