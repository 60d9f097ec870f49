"""Canonical JSON and what counts as the same text."""

import json
import math
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synth_assets.core.fingerprint import (
    canonical_json,
    content_hash,
    fingerprint,
    normalised,
    short_id,
)
from synth_assets.errors import FingerprintError

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(values)
def test_canonical_json_reads_back_as_the_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), scalars, min_size=2), st.randoms())
def test_fingerprint_does_not_depend_on_the_order_of_keys(
    value: dict[str, object], random: object
) -> None:
    items = list(value.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert fingerprint(dict(items)) == fingerprint(value)


@given(values, values)
def test_fingerprint_is_equal_exactly_when_canonical_json_is(left: object, right: object) -> None:
    same = canonical_json(left) == canonical_json(right)
    assert (fingerprint(left) == fingerprint(right)) == same


@pytest.mark.parametrize(
    ("left", "right"), [(1, "1"), (1, True), (None, "null"), ([], {}), (["a", "b"], ["ab"])]
)
def test_fingerprint_tells_types_apart(left: object, right: object) -> None:
    assert fingerprint(left) != fingerprint(right)


def test_fingerprint_of_a_known_value_never_changes_within_a_scheme() -> None:
    assert short_id({"b": [1, "é"], "a": None}) == "4caa9ea5bab830bfc9a7"
    assert len(fingerprint({})) == 64


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [1, math.nan]}, r"\$\.a\[1\] is nan"),
        ([math.inf], r"\$\[0\] is inf"),
        ({"a": {3: 1}}, "key 3"),
        ({"a": {1, 2}}, r"\$\.a is of type set"),
        (object(), "type object"),
        (b"bytes", "type bytes"),
    ],
)
def test_fingerprint_of_what_has_no_canonical_form_is_an_error_naming_the_place(
    value: object, where: str
) -> None:
    with pytest.raises(FingerprintError, match=where):
        fingerprint(value)


@given(st.text())
def test_content_hash_ignores_case_white_space_and_compatibility_forms(text: str) -> None:
    spread = f"  {unicodedata.normalize('NFKD', text)}\n".replace(" ", "\t ")
    assume(normalised(spread) == normalised(text))
    assert content_hash(spread) == content_hash(text)


@given(st.text(), st.text())
def test_content_hash_differs_where_normalised_texts_do(left: str, right: str) -> None:
    same = normalised(left) == normalised(right)
    assert (content_hash(left) == content_hash(right)) == same


def test_content_hash_of_two_texts_is_not_that_of_their_join() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("a", "b") != content_hash("a b")


@given(st.text())
def test_normalised_twice_is_normalised_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_normalised_of_half_a_surrogate_pair_can_be_hashed() -> None:
    assert len(content_hash("\ud800")) == 20
    assert len(fingerprint("\ud800")) == 64
