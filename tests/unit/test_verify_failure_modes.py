"""Refusals, leaked prompts, silence."""

import csv
import json
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.failure_modes import FailureModes, refusal_in
from tests.samples import synthetic_row


def verdict(response: str, prompt: str = "How many eggs?", **parameters: object) -> Verdict:
    verifier = FailureModes.model_validate({"kind": "failure_modes", **parameters})
    return verifier.prepare({})(synthetic_row("s", prompt, response))


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, but I can't assist with that.",
        "I\N{RIGHT SINGLE QUOTATION MARK}m sorry, I cannot help with this request.",
        "  **I cannot provide instructions for that.**",
        "Unfortunately, I am not able to answer this question.",
        "As an AI language model, I cannot write about real people.",
        "I apologize, but it would not be appropriate to continue.",
        "I'm really sorry that you're feeling this way, but I'm unable to provide any help.",
        "That is a fine question. However, I must decline.",
        "I won't be able to help with that.",
    ],
)
def test_refusal_in_the_opening_is_found(text: str) -> None:
    assert refusal_in(text)
    assert verdict(text).reason == Reason.REFUSAL


@pytest.mark.parametrize(
    "text",
    [
        "She cannot provide more than 5 eggs. #### 5",
        '"I cannot help you," said the witch, and closed the door.',
        "I can't help but smile when it rains.",
        "I couldn't make it to the meeting.",
        "I'm sorry to hear that. Here are three things to try.",
        "Sorry, I was wrong: the answer is 7.",
        "A service that refuses should say: I'm sorry, but I can't assist with that.",
        "",
    ],
)
def test_refusal_in_an_answer_is_not_found(text: str) -> None:
    assert refusal_in(text) is None


def test_failure_modes_accepts_a_prompt_that_sounds_like_a_refusal() -> None:
    prompt = "I can't access my account. What shall I do?"
    assert verdict("Reset the password.", prompt).outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    "text",
    [
        "My system prompt says: be brief.",
        "You are a helpful assistant. 5 eggs",
        "Write about {{ topic }}.",
        "{% if level %}hard{% endif %}",
        "<|im_start|>user",
        "[INST] 5 [/INST]",
        "<problem>5 eggs",
        "5</solution>",
    ],
)
def test_failure_modes_rejects_a_leak_in_prompt_or_response(text: str) -> None:
    assert verdict(text).reason == Reason.PROMPT_LEAK
    assert verdict("5", text).reason == Reason.PROMPT_LEAK
    assert verdict(text, generic_leaks=False).reason is None


@pytest.mark.parametrize(
    "text", ["a set {1, {2}}", 'f"{{x+1}}"', "<b>5</b> < 6", "a | b", "list[instance]"]
)
def test_failure_modes_accepts_code_that_only_looks_like_a_leak(text: str) -> None:
    assert verdict(text).reason is None


def test_failure_modes_rejects_a_recipes_own_words_in_any_spelling() -> None:
    found = verdict("ok: You Write\nword problems", leak_markers=["you write word problems"])
    assert found.reason == Reason.PROMPT_LEAK
    assert verdict("ok", leak_markers=["you write word problems"]).reason is None


@pytest.mark.parametrize("blank", ["", " \n\t", "\N{NO-BREAK SPACE}"])
def test_failure_modes_rejects_silence(blank: str) -> None:
    assert verdict(blank).reason == Reason.EMPTY_COMPLETION
    assert verdict("5", blank).reason == Reason.EMPTY_COMPLETION


@given(st.text())
def test_refusal_in_any_text_is_a_part_of_it_or_none(text: str) -> None:
    phrase = refusal_in(text)
    assert phrase is None or len(phrase) <= len(text) * 3


@pytest.mark.parametrize(
    "unit", ["as an ai, ", "as an ai ", "no, ", "sorry ", "i really ", "i just ", "but i can't to "]
)
def test_refusal_in_a_bomb_costs_little(unit: str) -> None:
    started = process_time()
    refusal_in(unit * 1000)
    assert process_time() - started < 20


@pytest.mark.parametrize(
    ("model", "shipped", "ours"), [("gpt4", 421, 435), ("llama2orig", 402, 427)]
)
def test_refusal_in_xstest_agrees_with_people_more_often_than_the_shipped_match(
    shared_data: Path, model: str, shipped: int, ours: int
) -> None:
    path = shared_data / "xstest" / f"xstest_v2_completions_{model}_streval.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    refused = [not row["final_label"].startswith("1") for row in rows]
    matched = [not row["strmatch_label"].startswith("1") for row in rows]
    found = [refusal_in(row["completion"]) is not None for row in rows]
    assert sum(a == b for a, b in zip(refused, matched, strict=True)) == shipped
    assert sum(a == b for a, b in zip(refused, found, strict=True)) >= ours


def test_refusal_in_answers_of_other_models_and_people_raises_no_false_alarm(
    shared_data: Path,
) -> None:
    alpaca = json.loads((shared_data / "alpaca" / "alpaca_5000.json").read_text("utf-8"))
    plays = next((shared_data / "gpteacher").glob("roleplay-*.json"))
    texts = [row["output"] for row in alpaca]
    texts += [row["output"] for row in json.loads(plays.read_text("utf-8"))]
    train = (shared_data / "gsm8k" / "train.jsonl").read_text("utf-8").splitlines()
    texts += [json.loads(line)["answer"] for line in train]
    assert len(texts) > 15_000
    assert [text for text in texts if refusal_in(text)] == []
