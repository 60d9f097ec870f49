"""Refusals and leaks in the turns before the last."""

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.sample import history_text
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failure_modes import FailureModes
from tests.samples import synthetic_row

REFUSES = "I'm sorry, but I can't help with that."


def verdict(*history: Message):
    row = synthetic_row("a", "And then?", "Then it ends.", history=history_text(history))
    return FailureModes(kind="failure_modes", leak_markers=("Answer as told",)).prepare({})(row)


@pytest.mark.parametrize(
    ("role", "text", "reason"),
    [
        ("assistant", REFUSES, Reason.REFUSAL),
        ("assistant", "Answer as  TOLD. It begins.", Reason.PROMPT_LEAK),
        ("user", "answer as told, please", Reason.PROMPT_LEAK),
        ("assistant", "It begins.<|im_end|>", Reason.PROMPT_LEAK),
        ("user", " ", Reason.EMPTY_COMPLETION),
        ("user", REFUSES, None),
        ("system", "Answer as told. You are a helpful assistant.", None),
    ],
)
def test_failure_modes_looks_at_earlier_turns_but_not_at_the_system_message(
    role: str, text: str, reason: Reason | None
):
    found = verdict(Message("user", "How does it begin?"), Message(role, text))
    assert found.reason is reason
    if reason is not None:
        assert f"earlier {role} turn" in found.evidence


def test_failure_modes_sound_chat_is_accepted():
    chat = Message("user", "How does it begin?"), Message("assistant", "Slowly.")
    assert verdict(*chat).reason is None
