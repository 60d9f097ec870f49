"""The chat before a prompt, read from its column."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Message
from synth_assets.core.sample import history_of, history_text

MESSAGES = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text())


@settings(deadline=None)
@given(st.lists(MESSAGES))
def test_history_of_what_was_written_is_the_chat(said: list[Message]) -> None:
    assert history_of(history_text(said)) == tuple(said)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{}", "no JSON list"),
        ("5", "no JSON list"),
        ("null", "no JSON list"),
        ("[1]", "turn 1"),
        ('[{"role": "user", "content": "a"}, ["user", "b"]]', "turn 2"),
        ('[{"role": "user"}]', "turn 1"),
        ('[{"role": "user", "content": null}]', "turn 1"),
        ('[{"role": 1, "content": "a"}]', "turn 1"),
        ("nothing", "Expecting value"),
    ],
)
def test_history_of_anything_else_is_a_value_error(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        history_of(text)
