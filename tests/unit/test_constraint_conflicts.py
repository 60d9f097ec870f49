"""Whether constraints can be followed together."""

import pytest

from synth_assets.core.verify.constraints.catalogue import constraint_of
from synth_assets.core.verify.constraints.conflicts import conflicts_among
from tests.unit.constraint_examples import EXAMPLES


def conflicts(*said: dict[str, object]) -> list[bool]:
    return [each.certain for each in conflicts_among([constraint_of(each) for each in said])]  # type: ignore[arg-type]


def words(relation: str, number: int) -> dict[str, object]:
    return {
        "id": "length_constraints:number_words",
        "relation": relation,
        "num_words": number,
    }


NO_COMMA: dict[str, object] = {"id": "punctuation:no_comma"}


def existence(*keywords: str) -> dict[str, object]:
    return {"id": "keywords:existence", "keywords": list(keywords)}


def test_conflicts_of_ranges_that_meet_are_none() -> None:
    assert conflicts(words("at least", 30), words("less than", 31), NO_COMMA) == []
    assert conflicts(existence("cat"), existence("dog")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (words("at least", 30), words("less than", 30)),
        (existence("one, two"), NO_COMMA),
        (existence("Rock"), {"id": "keywords:forbidden_words", "forbidden_words": ["rock"]}),
        (
            existence("bookkeeper"),
            {
                "id": "keywords:letter_frequency",
                "let_relation": "less than",
                "letter": "e",
                "let_frequency": 3,
            },
        ),
        (
            {"id": "combination:repeat_prompt", "prompt_to_repeat": "Say one, then two"},
            NO_COMMA,
        ),
        (
            {"id": "startend:end_checker", "end_phrase": "The end."},
            {"id": "startend:end_checker", "end_phrase": "Amen."},
        ),
        (
            {"id": "detectable_format:number_bullet_lists", "num_bullets": 2},
            {"id": "detectable_format:number_bullet_lists", "num_bullets": 3},
        ),
        (
            {"id": "language:response_language", "language": "de"},
            {"id": "language:response_language", "language": "fr"},
        ),
    ],
)
def test_conflicts_that_no_response_could_solve_are_certain(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert conflicts(one, other) == [True]
    assert conflicts(other, one) == [True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("detectable_format:json_format", "startend:quotation"),
        ("combination:two_responses", "length_constraints:number_words"),
        ("combination:repeat_prompt", "keywords:letter_frequency"),
        ("change_case:english_capital", "change_case:english_lowercase"),
        ("change_case:english_capital", "change_case:capital_word_frequency"),
        ("language:response_language", "keywords:existence"),
        ("startend:quotation", "detectable_format:title"),
        ("length_constraints:number_paragraphs", "length_constraints:number_sentences"),
        ("detectable_format:constrained_response", "punctuation:no_comma"),
    ],
)
def test_conflicts_of_the_table_of_ifeval_hold_both_ways(one: str, other: str) -> None:
    pair = [{**EXAMPLES[name], "id": name} for name in (one, other)]
    assert conflicts(*pair) == [False]
    assert conflicts(*reversed(pair)) == [False]


def test_conflicts_of_families_asked_together_by_ifeval_are_none() -> None:
    assert conflicts({"id": "combination:repeat_prompt", "prompt_to_repeat": "So"}, NO_COMMA) == []
    assert conflicts({"id": "detectable_format:json_format"}, existence("cat")) == []
