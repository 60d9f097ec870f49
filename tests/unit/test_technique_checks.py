import pytest
from pydantic import TypeAdapter, ValidationError

from synth_assets.core.techniques.checks import Check, CheckSpec
from synth_assets.errors import RecipeError

SPEC: TypeAdapter[Check] = TypeAdapter(CheckSpec)


def check(**said: object) -> Check:
    return SPEC.validate_python(said)


@pytest.mark.parametrize(
    ("said", "good", "bad", "told"),
    [
        (
            {"kind": "words", "min": 2, "max": 3},
            ["one two", " one\ntwo  three "],
            {"one": "it has 1 words, at least 2", "a b c d": "it has 4 words, at most 3"},
            "Write at least 2 and at most 3 words.",
        ),
        (
            {"kind": "contains", "text": "Art show"},
            ["The ART  show opens.", "«art show»"],
            {"The party show": "do not stand in it", "": "do not stand in it"},
            "Use the words «Art show».",
        ),
        (
            {"kind": "lacks", "text": "very"},
            ["every bit", ""],
            {"It is Very good": "the words «very» stand in it"},
            "Do not use «very» anywhere.",
        ),
        (
            {"kind": "bullets", "count": 2},
            ["Here:\n- one\n* two", "1. one\n  2) two", "\u2013 one\nplain - text\n\u2022 two"],
            {"- one": "it has 1 bullet points, exactly 2", "-one\n-two": "it has 0 bullet"},
            "Give exactly 2 bullet points, each on a line that begins with a dash.",
        ),
        (
            {"kind": "json", "keys": "a; b"},
            ['{"b": 1, "a": [2]}', ' {"a": 1, "b": 2}\n'],
            {
                "": "it is no JSON",
                "[1]": "but no object",
                '{"a": 1}': "its keys are a, and not a, b",
                '```json\n{"a": 1, "b": 2}\n```': "it is no JSON",
                '{"a": 1, "b": 2,}': "it is no JSON",
            },
            "Answer with one JSON object with the keys a, b, and nothing around it.",
        ),
        ({"kind": "json"}, ["{}"], {"7": "but no object"},
         "Answer with one JSON object, and nothing around it."),
        (
            {"kind": "ends_with", "text": "any  questions?"},
            ["So: Any questions?\n"],
            {"Any questions? Ask.": "does not end with"},
            "End with «any  questions?»",
        ),
        (
            {"kind": "starts_with", "text": "dear"},
            [" Dear all"],
            {"My dear": "does not begin with"},
            "Begin with «dear»",
        ),
    ],
)  # fmt: skip
def test_check_says_itself_and_finds_what_is_wrong(
    said: dict[str, object], good: list[str], bad: dict[str, str], told: str
):
    made = check(**said)
    assert made.sentence == told
    for text in good:
        assert made.fault(text) is None, text
    for text, fault in bad.items():
        assert fault in (made.fault(text) or "")


def test_check_with_inputs_is_filled_in_and_does_not_apply_where_one_is_empty():
    words = check(kind="words", max="{most}")
    applied = words.applied({"most": "12", "other": ""})
    assert applied is not None
    assert applied.sentence == "Write at most 12 words."
    assert words.applied({"most": ""}) is None
    text = check(kind="contains", text="{number}", said="Nenne «{number}»!")
    applied = text.applied({"number": "7"})
    assert applied is not None
    assert applied.sentence == "Nenne «7»!"
    assert applied.fault("17 or 70") == "the words «7» do not stand in it"


@pytest.mark.parametrize(
    ("said", "values", "told"),
    [
        ({"kind": "words", "max": "{most}"}, {"least": "1"}, r"\{most\} is no input"),
        ({"kind": "words", "max": "{most}"}, {"most": "many"}, "words: does not fit"),
        ({"kind": "words", "min": 9, "max": "{most}"}, {"most": "5"}, "`min` is above `max`"),
    ],
)
def test_check_whose_inputs_do_not_fit_is_refused(
    said: dict[str, object], values: dict[str, str], told: str
):
    with pytest.raises(RecipeError, match=told):
        check(**said).applied(values)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "words"},
        {"kind": "words", "min": 3, "max": 2},
        {"kind": "words", "max": "twelve"},
        {"kind": "words", "max": -1},
        {"kind": "contains", "text": ""},
        {"kind": "rhymes"},
    ],
)
def test_check_that_makes_no_sense_is_refused(said: dict[str, object]):
    with pytest.raises(ValidationError):
        check(**said)
