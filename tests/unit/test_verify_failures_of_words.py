"""Answers that speak as a model, say nothing, wear out phrases, or are in another language."""

import math
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.completion import Message
from synth_assets.core.sample import history_text
from synth_assets.core.schema import Reason, VerdictOutcome
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.core.verify.failures.slop import at_least
from tests.samples import synthetic_row
from tests.unit.failure_turns import reason_of, verdict


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I find the harbour lovely.",
        "It is a harbour. As an AI, I have never been there.",
        "I\N{RIGHT SINGLE QUOTATION MARK}m just an AI, but it is a harbour.",
        "I am a large language model trained by Google. It is a harbour.",
        "As of my last knowledge update it was a harbour.",
        "It is a harbour; I was created by OpenAI.",
        "I do not have personal opinions or beliefs. It is a harbour.",
    ],
)
def test_ai_disclaimers_are_rejected_but_where_the_prompt_is_about_machines(text: str):
    assert reason_of(text) is Reason.AI_DISCLAIMER
    assert reason_of(text, ai_disclaimers=False) is None
    assert reason_of(text, "You are a robot. Tell me about the harbour.") is None
    never = {"unless_prompt_has": []}
    found = reason_of(text, "You are a robot. Where is it?", ai_disclaimers=never)
    assert found is Reason.AI_DISCLAIMER


@pytest.mark.parametrize(
    "text",
    [
        "As an aid to sailors, it has a lamp.",
        "She said that AI is useful in harbours.",
        "As an AI researcher, she studies harbours.",
        "The language model of the harbour office was sold.",
        "I was trained by my mother to sail.",
        "Of this I am sure, and confident in my knowledge.",
    ],
)
def test_ai_disclaimers_words_about_ai_are_accepted(text: str):
    assert reason_of(text) is None


def test_ai_disclaimers_system_message_may_give_the_part_of_a_machine():
    chat = (Message("system", "Play a ship's robot."), Message("user", "Who is there?"))
    chat = (*chat, Message("assistant", "As an AI, I am always there."))
    row = synthetic_row("a", "And now?", "Still me.", history=history_text(chat))
    assert FailureModes(kind="failure_modes").prepare({})(row).reason is None


@pytest.mark.parametrize(
    "text",
    [
        "Sure!",
        "Certainly! I'd be happy to help you with that.",
        "Great question! Let me know if you have any other questions.",
        "Of course.\n\nFeel free to ask for more.",
        "I hope this helps! Have a great day!",
        "Thank you for your question. I'm here to help.",
    ],
)
def test_empty_politeness_is_rejected(text: str):
    assert reason_of(text) is Reason.EMPTY_POLITENESS
    assert reason_of(text, empty_politeness=False) is None
    assert reason_of(text, "Thanks a lot!") is None


@pytest.mark.parametrize(
    "text",
    [
        "Sure! It is used by fishermen.",
        "Yes",
        "No.",
        "Hello there!",
        "Great question! Boats.",
        "Thank you for the music, the song says.\nFishermen use it.",
        "I would be happy to tell you: fishermen.",
    ],
)
def test_empty_politeness_an_answer_that_says_something_is_accepted(text: str):
    assert reason_of(text) is None


WORN = "A vibrant tapestry, a testament to resilience, nestled in a bustling, ever-changing realm."


def test_slop_is_off_unless_asked_for_and_then_rejects_many_worn_phrases():
    assert reason_of(WORN) is None
    found = verdict(WORN, slop=True)
    assert found.reason is Reason.SLOP
    assert "people write 0.9:" in found.evidence


def test_slop_counts_different_phrases_against_the_length():
    assert reason_of("The tapestry is a tapestry, a vibrant one.", slop=True) is None
    filler = "The boat of the fisherman lies at the quay and waits for the tide. "
    spread = "".join(f"{filler * 40}{word} it is. " for word in ("vibrant", "nestled", "pivotal"))
    assert reason_of(spread, slop=True, repetition=False) is None
    dense = "It is vibrant, nestled and pivotal."
    assert reason_of(dense, slop=True) is Reason.SLOP
    assert reason_of(dense, slop={"min_phrases": 4}) is None


def test_slop_own_phrases_count_alone_or_beside_ours():
    text = "Synergy moves the needle. Circle back, synergy!"
    more = ["moves the needle", "circle back", "synergy"]
    assert reason_of(text, slop=True) is None
    assert reason_of(text, slop={"more": more}) is Reason.SLOP
    assert reason_of(text, slop={"more": more, "ours": False}) is Reason.SLOP
    assert reason_of(WORN, slop={"more": more, "ours": False}) is None


@given(st.integers(1, 40), st.floats(0.001, 20))
def test_at_least_is_the_tail_of_poisson(count: int, mean: float):
    below = math.fsum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count))
    expected = 1.0 if count <= mean else 1 - below
    assert at_least(count, mean) == pytest.approx(expected, abs=1e-9)


GERMAN = "Der alte Hafen wird heute vor allem von Fischern und von vielen Touristen genutzt."
RUSSIAN = "\u0413\u0430\u0432\u0430\u043d\u044c \u043e\u0442\u043a\u0440\u044b\u0442\u0430"
ENGLISH = "The old harbour is used by fishermen today, and by many tourists in the summer."


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        f"{ENGLISH} {ENGLISH} {GERMAN}",
        f"{ENGLISH} {RUSSIAN}",
        "Le vieux port est utilise aujourd'hui par les pecheurs et par beaucoup de touristes.",
    ],
)
def test_language_another_than_asked_for_is_rejected_whole_or_in_part(text: str):
    assert reason_of(text) is None
    assert reason_of(text, language="en") is Reason.WRONG_LANGUAGE


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        "48 / 2 = 24\n#### 24",
        "OK",
        "print('hello')",
        f'The sign says "{RUSSIAN}" to all.',
    ],
)
def test_language_english_and_what_has_none_is_accepted(text: str):
    assert reason_of(text, language="en") is None


def test_language_of_prompts_has_its_own_parameter():
    both = {"language": "en", "prompt_language": "de"}
    assert reason_of(ENGLISH, GERMAN, **both) is None
    assert reason_of(ENGLISH, ENGLISH, **both) is Reason.WRONG_LANGUAGE
    with pytest.raises(ValidationError):
        FailureModes.model_validate({"kind": "failure_modes", "language": "English"})


ALL = {"links": {"author_years": True}, "slop": True, "language": "en", "prompts_too": True}
BOMBS = [
    "as an ai, ", "i am a ", "a", "a b ", "[", "{", "(", "<", "[your ", "[insert ", "{a", "<your ",
    "```", "`", "\n", " ", "user:", "user:\n", "### ", "http://", "http://a.b ", "10.1000/", "www.",
    "arxiv:", "sure! ", "sure,", "a'", "let me know if a'a ", "great ",
    "\N{COMBINING ACUTE ACCENT}",
    "\N{CJK UNIFIED IDEOGRAPH-8239}", "\N{SAILBOAT}", "Smith (", "1 2 ", "lorem ", "- a b c d\n",
    "if you have any ", "the of ", "you are a ", "{{ ", "XX", "x y z w\n", "\x00", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("unit", BOMBS)
def test_failure_modes_100_000_hostile_characters_take_well_under_a_second(unit: str):
    text = (unit * (100_000 // len(unit) + 1))[:100_000]
    verdict("warm up, please, the model that tells languages", **ALL)
    started = process_time()
    found = verdict(text, **ALL), verdict("It is a harbour.", text, **ALL)
    assert process_time() - started < 15
    assert all(each.outcome is not VerdictOutcome.ERRORED for each in found)


@given(st.text(), st.text(min_size=1))
def test_failure_modes_judges_any_text(response: str, prompt: str):
    assert verdict(response, prompt, **ALL).outcome is not VerdictOutcome.ERRORED
