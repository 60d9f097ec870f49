"""Reading JSON as teachers write it: what is mended, and what is not."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.techniques.lenient_json import MAX_MENDED_CHARACTERS, json_text, read_object
from synth_assets.core.verify.json_record import MalformedJson


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure! Here it is:\n{"a": 1}\nHope it helps.', {"a": 1}),
        ("{'a': 'it is', 'b': True, 'c': None}", {"a": "it is", "b": True, "c": None}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ('{a: 1, b: "x"}', {"a": 1, "b": "x"}),
        ('{"a": "line one\nline two"}', {"a": "line one\nline two"}),
        ('{"a": "he said "hi" to me", "b": "x"}', {"a": 'he said "hi" to me', "b": "x"}),
        ('{"a": ["the "best" of", "x"], "b": 1}', {"a": ['the "best" of', "x"], "b": 1}),
        ("{“a”: “b”}", {"a": "b"}),
        (r'{"a": "\alpha and \gamma"}', {"a": r"\alpha and \gamma"}),
        (r'{"a": "\ud83d\ude00 x",}', {"a": "😀 x"}),
        ('{"price": 8.50,}', {"price": Decimal("8.5")}),
    ],
)
def test_reading_json_with_broken_syntax_mends_it_and_says_so(text: str, value: object):
    found = read_object(text)

    assert (found.value, found.mended) == (value, True)


def test_reading_strict_json_keeps_it_exactly():
    found = read_object(' {"a": 8.50, "b": [true, null, "x"]}\n')

    assert (found.value, found.mended) == ({"a": Decimal("8.50"), "b": [True, None, "x"]}, False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no JSON object"),
        ("I have no idea.", "there is no JSON object"),
        ("[1, 2]", "no object"),
        ('[{"a": 1}]', "no object"),
        ('"text"', "no object"),
        ('{"a": "hello wor', "does not end"),
        ('{"a": {"b": 1}, "c": "hel', "delimiter"),
        ('{"a": {"b": 1}', "delimiter"),
        ('{"a": "x, "b": "y"}', "delimiter"),
        ('{"a": "}', "Unterminated string"),
        ("{'a': 'to {be} or {not}", "double quotes"),
        ("""{'a': "it's", 'b': '{}""", "double quotes"),
        ('{"a": 1} and then {"b": ', "does not end"),
        ('{"a": 1} {"a": 2}', "Extra data"),
        ('{"a": 1}\n\n{"b": 2}', "Extra data"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ("{'a': 1, 'a': 1}", "double quotes"),
        ('{"a": NaN}', "NaN is no JSON"),
        ("{'a': -Infinity}", "double quotes"),
        ('{"a": 1e999}', "beyond 1e400"),
        ('{"a": 12345678901234567890.123,}', "double quotes"),
        ('{"a": 1, // a remark\n "b": 2}', "double quotes"),
        ('{"a": [1, 2, ...]}', "Expecting value"),
        ('{"a": "x" garbage, "b": 2}', "delimiter"),
        ('{"a": , "b": 2}', "Expecting value"),
        ('{"a": 1 "b": 2}', "delimiter"),
        ('{"a": "x", "b" 2, "c": 3}', "delimiter"),
        ('{"a": [""hi" she said", "x"], "b": 1}', "delimiter"),
        ('{"a": ["x" ""], "b": 1}', "delimiter"),
        ('{"a": 007,}', "delimiter"),
        ('{"a": "caf\\u00e",}', "escape"),
        ('{x"a": "b"}', "double quotes"),
        ('{"a": ["x", []\n[]], "b": 1}', "delimiter"),
        ('{"a": {"b": "x"\\ }, "c": 1}', "delimiter"),
        ('{"a": "x" + "y"}', "delimiter"),
        ('{"a", "b": 2}', "delimiter"),
        ("{'a': 'it''s'}", "double quotes"),
        ('Use {x} as in {"a": 1}', "double quotes"),
        (r'{"a": "\frac{1}{2}"}', r"U+000C; a backslash is written \\"),
        (r'{"a": "\ud83d"}', "half a surrogate pair"),
    ],
)
def test_reading_json_that_would_lose_or_gain_by_mending_is_refused(text: str, problem: str):
    with pytest.raises(MalformedJson) as refused:
        read_object(text)

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 100_000,
        '{"a":' * 20_000,
        '{"' * 50_000,
        '{"' * 25_000 + '"}' * 25_000,
        '{"a": "' + "x" * 10_000_000 + '"}',
        "{'a': '" + "x" * 10_000_000 + "'}",
        "x" * 10_000_000,
        "{'a': '" + "x" * MAX_MENDED_CHARACTERS + "'}",
        '{"a": ' + "9" * 5_000 + "}",
        '{"a": ' + "[" * 40 + "]" * 40 + ",}",
        '{"a": ' + '("x" ,e(' * 1_000 + "}",
    ],
    ids=lambda text: f"{text[:12]}-{len(text)}",
)
def test_reading_hostile_text_is_refused_within_three_seconds(text: str):
    started = time.perf_counter()
    with pytest.raises(MalformedJson):
        read_object(text)

    assert time.perf_counter() - started < 30


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
)
_OBJECTS = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=8),
    st.one_of(_LEAVES, st.lists(_LEAVES, max_size=4)),
    max_size=5,
)


@given(_OBJECTS)
@settings(max_examples=200, deadline=None)
def test_reading_json_inside_prose_gives_the_value_that_was_written(value: dict[str, object]):
    found = read_object(f"Here:\n```json\n{json.dumps(value, indent=1)}\n```\nDone.")

    assert found.value == value


@given(_OBJECTS, st.data())
@settings(max_examples=200, deadline=None)
def test_reading_cut_json_never_gives_a_part_of_it(value: dict[str, object], data: st.DataObject):
    whole = json.dumps({**value, "end": "the last words"})
    if data.draw(st.booleans()):
        whole = repr({**value, "end": "the last words"})
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(MalformedJson):
        read_object(cut)


def test_json_text_of_a_record_is_canonical_and_keeps_digits():
    record = read_object('{"b": 8.50, "a": {"ü": [1, true, null]}}').value

    assert json_text(record) == '{"a":{"ü":[1,true,null]},"b":8.50}'
