"""Bounds in words."""

import pytest
from pydantic import ValidationError

from synth_assets.core.schema import Reason
from synth_assets.core.verify.length import Length
from tests.samples import synthetic_row


@pytest.mark.parametrize(
    ("prompt", "response", "reason"),
    [
        ("one two", "one two three", None),
        ("one two three", "one\ntwo", None),
        ("one", "one two", Reason.TOO_SHORT),
        ("one two three four", "one two", Reason.TOO_LONG),
        ("one two", "one", Reason.TOO_SHORT),
        ("one two", " \n ", Reason.TOO_SHORT),
        ("one two", "one two three four", Reason.TOO_LONG),
    ],
)
def test_length_bounds_are_inclusive_for_prompt_and_response(
    prompt: str, response: str, reason: Reason | None
) -> None:
    check = Length(
        kind="length", min_words=2, max_words=3, min_prompt_words=2, max_prompt_words=3
    ).prepare({})
    assert check(synthetic_row("s", prompt, response)).reason == reason


def test_length_without_bounds_only_rejects_silence() -> None:
    check = Length(kind="length").prepare({})
    assert check(synthetic_row("s", "p", "word " * 10_000)).reason is None
    assert check(synthetic_row("s", "p", "")).reason == Reason.TOO_SHORT


@pytest.mark.parametrize("kind", ["words", "prompt_words"])
def test_length_whose_bounds_cross_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match=f"max_{kind} is below min_{kind}"):
        Length.model_validate({"kind": "length", f"min_{kind}": 5, f"max_{kind}": 4})
