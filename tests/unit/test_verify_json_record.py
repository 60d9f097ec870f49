"""Records against a schema and their text."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.json_record import JsonRecord, MalformedJson, strict_json
from synth_assets.errors import RecipeError
from tests.samples import synthetic_row

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["city"],
    "properties": {
        "city": {"type": "string"},
        "guests": {"type": "integer", "minimum": 1},
        "price": {"type": "number", "multipleOf": 0.01},
        "day": {"type": "string", "format": "date"},
        "paid": {"type": ["boolean", "null"]},
        "items": {"type": "array", "items": {"type": "object"}},
    },
}
TEXT = "A table in\nSão Paulo for 125 guests on 2027-05-04, 1,200.50 euro: “party” of VIP-7."


def verdict(response: str, context: str = TEXT, **parameters: object) -> Verdict:
    verifier = JsonRecord.model_validate(
        {"kind": "json_record", "schema_file": "s.json", **parameters}
    )
    check = verifier.prepare({"s.json": json.dumps(SCHEMA)})
    return check(synthetic_row("s", "Extract.", response, context=context))


@pytest.mark.parametrize(
    "record",
    [
        '{"city": "São Paulo"}',
        ' {"city": "são  paulo", "guests": 125.0}\n',
        '{"city": "Sa\\u0303o Paulo", "price": 1200.5, "paid": true}',
        '{"city": "\\"party\\"", "price": 1200.50, "day": "2027-05-04", "paid": null}',
        '{"city": "", "items": [{"code": "VIP-7", "price": "1200.50"}]}',
    ],
)
def test_json_record_whose_values_stand_in_the_text_is_accepted(record: str) -> None:
    assert verdict(record).outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", Reason.MALFORMED_JSON),
        ("[]", Reason.MALFORMED_JSON),
        ('"Paulo"', Reason.MALFORMED_JSON),
        ('```json\n{"city": "São Paulo"}\n```', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo"} done', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo",}', Reason.MALFORMED_JSON),
        ("{'city': 'São Paulo'}", Reason.MALFORMED_JSON),
        ('{"city": "Rio", "city": "São Paulo"}', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo", "price": NaN}', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo", "price": -Infinity}', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo", "price": 1e999999999}', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo", "price": 1e99999999999999999999}', Reason.MALFORMED_JSON),
        ('{"city": "São Paulo", "guests": ' + "9" * 5000 + "}", Reason.MALFORMED_JSON),
        ('{"city": "\\ud800"}', Reason.MALFORMED_JSON),
        ('{"items": ' + "[" * 50_000 + "]" * 50_000 + "}", Reason.MALFORMED_JSON),
        ('{"city": "' + "x" * 100_000 + '"}', Reason.MALFORMED_JSON),
        ("{}", Reason.SCHEMA_VIOLATION),
        ('{"city": 5}', Reason.SCHEMA_VIOLATION),
        ('{"city": "São Paulo", "guests": 0}', Reason.SCHEMA_VIOLATION),
        ('{"city": "São Paulo", "guests": 12.5}', Reason.SCHEMA_VIOLATION),
        ('{"city": "São Paulo", "day": "4 May"}', Reason.SCHEMA_VIOLATION),
        ('{"city": "São Paulo", "mayor": "x"}', Reason.SCHEMA_VIOLATION),
        ('{"city": "Rio"}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "art"}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "200"}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "00125"}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "São Paulo", "guests": 12}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "São Paulo", "guests": 200}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "São Paulo", "price": -125}', Reason.VALUE_NOT_IN_TEXT),
        ('{"city": "São Paulo", "items": [{"a": {"b": 3}}]}', Reason.VALUE_NOT_IN_TEXT),
    ],
    ids=lambda value: str(value)[:40],
)
def test_json_record_at_fault_is_rejected_with_its_reason(record: str, reason: Reason) -> None:
    found = verdict(record)
    assert found.outcome == VerdictOutcome.REJECTED
    assert found.reason == reason
    assert len(found.evidence) < 300


def test_json_record_excepted_fields_need_not_stand_in_the_text() -> None:
    record = '{"city": "Rio", "items": [{"deep": {"city": "Lima"}}]}'
    assert verdict(record, except_fields=["city"]).reason is None
    assert verdict(record, except_fields=["deep"]).reason == Reason.VALUE_NOT_IN_TEXT
    assert verdict(record, values_in_text=False).reason is None


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no file s.json"),
        ({"s.json": "{"}, "not valid JSON"),
        ({"s.json": '{"type": "object", "type": "array"}'}, "stands twice"),
        ({"s.json": "[]"}, "must be an object"),
        ({"s.json": '{"type": "objekt"}'}, "objekt"),
        ({"s.json": '{"$ref": "#/nowhere"}'}, "nowhere"),
        ({"s.json": '{"$ref": "https://example.com/schema.json"}'}, "example.com"),
        ({"s.json": '{"$ref": "file:///etc/hostname"}'}, "hostname"),
    ],
)
def test_json_record_with_a_broken_schema_names_the_file(files: dict[str, str], told: str) -> None:
    verifier = JsonRecord(kind="json_record", schema_file="s.json")
    with pytest.raises(RecipeError, match=r"s\.json") as raised:
        verifier.prepare(files)
    assert told in str(raised.value)


scalars = st.none() | st.booleans() | st.integers(-(10**50), 10**50) | st.text('aé"\\\n €')
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans())
def test_strict_json_reads_back_what_was_written(value: object, escaped: bool) -> None:
    assert strict_json(json.dumps(value, ensure_ascii=escaped)) == value


@given(st.text(alphabet='{}[]":,\\u0d8e-+.1 tnN', max_size=200))
def test_strict_json_of_hostile_text_parses_as_python_does_or_is_malformed(text: str) -> None:
    try:
        read = strict_json(text)
    except MalformedJson:
        return
    assert read == json.loads(text, parse_float=Decimal)


@given(st.lists(st.sampled_from(["alpha", "Beta", "été", "12", "3.5", "x-1"]), min_size=1))
def test_json_record_of_tokens_of_its_text_is_accepted(words: list[str]) -> None:
    text = " ".join(words)
    record = json.dumps({"city": words[0], "items": [{"all": text, "last": words[-1]}]})
    assert verdict(record, text).reason is None


def test_strict_json_string_that_is_never_closed_is_refused_in_linear_time() -> None:
    began = time.process_time()
    with pytest.raises(MalformedJson):
        strict_json('"\\' * 49_000)
    assert time.process_time() - began < 50
