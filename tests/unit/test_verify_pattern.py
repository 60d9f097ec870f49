"""Regular expressions over texts, hostile ones among them."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.pattern import Pattern
from synth_assets.errors import RecipeError
from tests.samples import synthetic_row


def verdict(pattern: str, response: str, /, **parameters: Any) -> Verdict:
    check = Pattern.model_validate({"kind": "pattern", "pattern": pattern, **parameters})
    row = synthetic_row("s", "A prompt", response, context="A context", reference="A reference")
    return check.prepare({})(row)


@pytest.mark.parametrize(
    ("pattern", "response", "parameters", "accepted"),
    [
        (r"\d{4}-\d\d", " 2027-05\n", {}, True),
        (r"\d{4}-\d\d", "on 2027-05", {}, False),
        (r"\d{4}-\d\d", "on 2027-05", {"match": "search"}, True),
        (r"\d", "Yes", {"absent": True, "match": "search"}, True),
        (r"\d", "Yes 5", {"absent": True, "match": "search"}, False),
        ("yes|no", "YES", {}, False),
        ("yes|no", "YES", {"ignore_case": True}, True),
        ("a.b", "a\nb", {}, False),
        ("a.b", "a\nb", {"dot_all": True}, True),
        ("^b$", "a\nb\nc", {"match": "search"}, False),
        ("^b$", "a\nb\nc", {"match": "search", "multi_line": True}, True),
        (r"\p{Lu}\p{L}+", "Été", {}, True),
        ("A (prompt|reference|context)", "x", {"part": "prompt"}, True),
        ("A reference", "x", {"part": "reference"}, True),
        ("A context", "x", {"part": "context"}, True),
        ("", "x", {"pattern": "x?"}, True),
        (".*", "", {}, True),
    ],
)
def test_pattern_accepts_what_it_matches(
    pattern: str, response: str, parameters: dict[str, Any], accepted: bool
) -> None:
    found = verdict(pattern, response, **parameters)
    assert found.outcome == (VerdictOutcome.ACCEPTED if accepted else VerdictOutcome.REJECTED)
    assert found.reason == (None if accepted else Reason.PATTERN_MISMATCH)


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "a{1001}", r"(\p{L}{0,90}){0,9}"])
def test_pattern_that_the_engine_does_not_take_is_an_error_of_the_recipe(pattern: str) -> None:
    with pytest.raises(RecipeError, match="RE2's syntax"):
        verdict(pattern, "a")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a+)+$", "a" * 99_999 + "!"),
        (r"(x+x+)+y", "x" * 100_000),
        (r"(\w+\s?)+$", "word " * 20_000 + "!"),
        (r"(.*)(.*)(.*)(.*)z", "a" * 100_000),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 100_000),
    ],
)
@pytest.mark.parametrize("match", ["full", "search"])
def test_pattern_that_explodes_elsewhere_takes_linear_time(
    pattern: str, text: str, match: str
) -> None:
    started = process_time()
    assert verdict(pattern, text, match=match).reason == Reason.PATTERN_MISMATCH
    assert process_time() - started < 20


def test_pattern_of_half_a_character_or_beyond_its_bound_is_errored() -> None:
    assert verdict("a", "\ud800").outcome == VerdictOutcome.ERRORED
    assert verdict("a", "a" * 200_001).outcome == VerdictOutcome.ERRORED


@given(st.text(alphabet="ab(.\\né漢 ", max_size=40), st.text(alphabet="ab(.\\né漢 ", max_size=40))
def test_pattern_and_its_absence_never_agree(before: str, behind: str) -> None:
    text = f"{before}b{behind}"
    for pattern in ("b", r"a\(b", "[^é]é"):
        present = verdict(pattern, text, match="search")
        absent = verdict(pattern, text, match="search", absent=True)
        assert (present.reason is None) != (absent.reason is None)
    assert verdict("b", text, match="search").reason is None
