import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Message
from synth_assets.core.verify.failure_modes import refusal_in
from synth_assets.errors import TeacherError
from synth_assets.resources.embedded.composition import compose, count_tokens
from synth_assets.resources.embedded.truth import Flaw

WRITE = "<example_problem>\nTwo and two?\n</example_problem>\n<level>\nmedium\n</level>"
SOLVE = "<problem>\n{}\n</problem>"
ASK = "<passage>\nA shelf is a board that holds books. It must be level.\n</passage>"
RECORD = "<document_kind>\norder e-mail\n</document_kind>\n<organisation>\nAcorn\n</organisation>"
INSTRUCTIONS = "You follow instructions to the letter. You add nothing."


def asked(text: str) -> list[Message]:
    return [Message("system", INSTRUCTIONS), Message("user", text)]


def flawed(text: str, flaw: str, seed: int = 0, model: str = "scholar"):
    return compose(model, asked(text), {"flaws": {flaw: 1.0}}, seed)


def test_compose_same_request_gives_the_same_answer_and_another_seed_another():
    once = compose("scholar", asked(WRITE), {"temperature": 0.5}, 3)
    assert compose("embedded/scholar", asked(WRITE), {"temperature": 0.5}, 3) == once
    texts = {compose("scholar", asked(WRITE), {"temperature": 0.5}, s).text for s in range(50)}
    assert len(texts) == 50


def test_compose_what_is_no_sampling_parameter_changes_nothing():
    plain = compose("clerk", asked(WRITE), {"temperature": 0.5}, 1)
    assert compose("clerk", asked(WRITE), {"temperature": 0.5, "max_retries": 0}, 1) == plain
    assert compose("clerk", asked(WRITE), {"temperature": 0.6}, 1) != plain


@pytest.mark.parametrize("text", [WRITE, ASK, RECORD])
def test_compose_two_voices_word_the_same_task_differently(text: str):
    scholar = {compose("scholar", asked(text), {}, seed).text for seed in range(40)}
    clerk = {compose("clerk", asked(text), {}, seed).text for seed in range(40)}
    assert not scholar & clerk


def test_compose_unknown_model_names_those_there_are():
    with pytest.raises(TeacherError, match="scholar, clerk, solver"):
        compose("oracle", asked(WRITE), {}, 0)


@pytest.mark.parametrize(
    ("flaws", "told"),
    [
        ({"wrong_nubmer": 0.1}, "wrong_nubmer"),
        ({"refusal": 1.5}, "1.5"),
        ({"refusal": -0.1}, "-0.1"),
        ({"refusal": True}, "True"),
        ({"refusal": "often"}, "often"),
        (["refusal"], "mapping"),
    ],
)
def test_compose_flaws_that_make_no_sense_are_refused(flaws, told: str):
    with pytest.raises(TeacherError, match=told):
        compose("scholar", asked(WRITE), {"flaws": flaws}, 0)


def test_compose_rates_are_met_with_at_most_one_flaw_an_answer():
    flaws = {"wrong_number": 0.2, "refusal": 0.1, "near_duplicate": 0.1}
    drawn = [compose("clerk", asked(WRITE), {"flaws": flaws}, s).truth.flaw for s in range(2000)]
    for name, rate in flaws.items():
        assert drawn.count(Flaw(name)) / len(drawn) == pytest.approx(rate, abs=0.03)
    assert drawn.count(None) / len(drawn) == pytest.approx(0.6, abs=0.04)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (ASK, "wrong_number"),
        (RECORD, "copied_benchmark"),
        (WRITE, "invented_quote"),
        (SOLVE.format("2 + 2"), "copied_seed"),
    ],
)
def test_compose_flaw_of_another_task_is_passed_over(text: str, flaw: str):
    assert flawed(text, flaw).truth.flaw is None


@pytest.mark.parametrize("text", [WRITE, ASK, RECORD, SOLVE.format("2 + 2"), "Sing!"])
def test_compose_refusal_is_seen_as_one(text: str):
    for seed in range(12):
        assert refusal_in(flawed(text, "refusal", seed).text)


@pytest.mark.parametrize(
    ("text", "last"), [(WRITE, "solution"), (ASK, "quote"), (RECORD, "record")]
)
def test_compose_truncation_cuts_before_the_end_and_says_so(text: str, last: str):
    for seed in range(30):
        answer = flawed(text, "truncation", seed)
        assert answer.text
        assert f"</{last}>" not in answer.text
        assert answer.finish_reason == "length"


@pytest.mark.parametrize("text", [WRITE, ASK, RECORD])
def test_compose_prompt_leak_repeats_the_first_instruction(text: str):
    assert "You follow instructions to the letter." in flawed(text, "prompt_leak").text
    assert "You follow instructions" not in compose("scholar", asked(text), {}, 0).text


@given(limit=st.integers(0, 60))
def test_compose_max_tokens_is_kept(limit: int):
    whole = compose("scholar", asked(RECORD), {}, 5)
    answer = compose("scholar", asked(RECORD), {"max_tokens": limit}, 5)
    assert count_tokens(whole.text) > 60
    assert count_tokens(answer.text) <= limit
    assert answer.finish_reason == "length"


def test_compose_prompt_without_a_task_gets_an_honest_sentence_without_sections():
    answer = compose("scholar", asked("Write a sonnet."), {}, 0)
    assert "not a language model" in answer.text
    assert "<" not in answer.text


@settings(max_examples=60)
@given(
    text=st.text(max_size=300),
    template=st.sampled_from(
        [
            "<passage>{}</passage><focus>{}</focus>",
            "<problem>{}</problem>",
            "<example_problem>{}</example_problem><level>{}</level>",
            "<document_kind>{}</document_kind><organisation>{}</organisation>",
            "{}",
        ]
    ),
    flaw=st.sampled_from(Flaw),
)
def test_compose_whatever_stands_in_a_section_is_answered(text: str, template: str, flaw: Flaw):
    prompt = template.replace("{}", text)
    answer = compose("clerk", asked(prompt), {"flaws": {flaw.value: 1.0}}, 0)
    assert answer.text.strip()


def test_compose_empty_chat_is_answered():
    assert compose("scholar", [], {}, 0).text
