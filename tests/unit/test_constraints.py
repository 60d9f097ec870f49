"""Each family of constraints, on texts that follow it, do not, or are hostile."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.verify.constraints.catalogue import (
    FAMILIES,
    NoConstraints,
    constraint_of,
    read_constraints,
)
from synth_assets.core.verify.constraints.protocol import Bounds
from synth_assets.core.verify.constraints.sentences import sentence_count
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.instructions import findings
from tests.unit.constraint_examples import EXAMPLES


def found(name: str, text: str, **arguments: object) -> bool | None:
    constraint = constraint_of({**EXAMPLES[name], **arguments, "id": name})  # type: ignore[dict-item]
    [finding] = findings([constraint], text)
    return finding.followed


def test_families_are_the_25_of_ifeval() -> None:
    assert set(FAMILIES) == set(EXAMPLES)
    assert len(FAMILIES) == 25


@pytest.mark.parametrize(
    ("name", "arguments", "follows", "does_not"),
    [
        ("keywords:existence", {"keywords": ["Cat", "c++"]}, "a cataLOG of C++", "a cat in c"),
        (
            "keywords:frequency",
            {"relation": "at least", "keyword": "war", "frequency": 2},
            "War wins no WARs",
            "war",
        ),
        (
            "keywords:frequency",
            {"relation": "less than", "keyword": "war", "frequency": 2},
            "one war",
            "war, warden",
        ),
        ("keywords:forbidden_words", {"forbidden_words": ["rock"]}, "rocket, rock_s", "so: ROCK!"),
        ("keywords:forbidden_words", {"forbidden_words": ["c++", ".*"]}, "c and cpp", "c++11"),
        ("keywords:letter_frequency", {"letter": "#", "let_frequency": 2}, "#a #b", "#a"),
        (
            "keywords:letter_frequency",
            {"letter": "T", "let_relation": "less than", "let_frequency": 2},
            "Tea",
            "tT",
        ),
        (
            "length_constraints:number_words",
            {"relation": "less than", "num_words": 3},
            "well-known",
            "a well-known",
        ),
        (
            "length_constraints:number_words",
            {"relation": "at least", "num_words": 3},
            "it's so",
            "so so",
        ),
        (
            "length_constraints:number_sentences",
            {"relation": "at least", "num_sentences": 2},
            "Mr. Low left. He ran.",
            "Mr. Low left at 3.15 p.m. on foot.",
        ),
        (
            "length_constraints:number_paragraphs",
            {"num_paragraphs": 2},
            "***\none\n***\ntwo\n***",
            "one\n\ntwo",
        ),
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a***b", "a *** *** b"),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "So"},
            'one\n\n"so, two',
            "one\n\nsome two",
        ),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "So"},
            "one\n\nso! two",
            "one\n\nso\n\nthree",
        ),
        (
            "detectable_content:number_placeholders",
            {"num_placeholders": 2},
            "[a] and [b c]",
            "[a] and [b\nc]",
        ),
        ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye. p. s. more", "PS"),
        ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "P.P.S more", "P.S."),
        ("detectable_content:postscript", {"postscript_marker": "Note+"}, "note+ a", "Notee"),
        (
            "detectable_format:number_bullet_lists",
            {"num_bullets": 2},
            "* one\n\n  - two\n**bold**",
            "* one\n* two\n---",
        ),
        ("detectable_format:constrained_response", {}, "Well. My answer is no. Yes.", "No."),
        (
            "detectable_format:number_highlighted_sections",
            {"num_highlights": 2},
            "*a* and *b*",
            "* a\n* b",
        ),
        ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "**a**", "** **"),
        (
            "detectable_format:multiple_sections",
            {"section_spliter": "Section", "num_sections": 2},
            "Section 1 a Section2",
            "section 1 section 2 Section X",
        ),
        ("detectable_format:json_format", {}, '```json\n{"a": [1e9999, 2]}\n```', "{'a': 1}"),
        ("detectable_format:json_format", {}, " [1] ", "[NaN]"),
        ("detectable_format:json_format", {}, "9" * 10_000, "Sure: {}"),
        ("detectable_format:title", {}, "so\n<<A <b> title>>", "<<>>\n<< >>"),
        ("combination:two_responses", {}, "a\n******\nb", "a\n******\na"),
        ("combination:two_responses", {}, "******a******b", "a ****** b ****** c"),
        ("combination:two_responses", {}, "******a******b******", "a ****** ****** b"),
        (
            "combination:repeat_prompt",
            {"prompt_to_repeat": "Say IT. "},
            " say it. It.",
            "So say it.",
        ),
        ("startend:end_checker", {"end_phrase": "The end. "}, 'It is "the END."', "The end. Ha"),
        ("startend:quotation", {}, ' "all of it" ', '"'),
        (
            "change_case:capital_word_frequency",
            {"capital_relation": "at least", "capital_frequency": 3},
            "I say: IT'S",
            "I say TOP-LEVEL a.B",
        ),
        (
            "change_case:capital_word_frequency",
            {"capital_relation": "less than", "capital_frequency": 2},
            "Only NASA's",
            "YES, NO",
        ),
        (
            "change_case:english_capital",
            {},
            "THE END OF THE STORY IS NOT YET WRITTEN, THEY SAID.",
            "THE END OF THE STORY IS NOT YET WRITTEN, they said.",
        ),
        (
            "change_case:english_lowercase",
            {},
            "the end of the story is not yet written, they said.",
            "das ende der geschichte ist noch nicht geschrieben, sagten sie.",
        ),
        (
            "language:response_language",
            {"language": "de"},
            "Das Ende der Geschichte ist noch nicht geschrieben.",
            "The end of the story is not yet written, they said.",
        ),
        ("punctuation:no_comma", {}, "one; two \N{FULLWIDTH COMMA}", "one, two"),
    ],
)
def test_constraint_is_followed_or_not(
    name: str, arguments: dict[str, object], follows: str, does_not: str
) -> None:
    assert found(name, follows, **arguments) is True
    assert found(name, does_not, **arguments) is False


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("language:response_language", "42"),
        ("change_case:english_capital", "YES"),
        ("change_case:english_lowercase", "etchings"),
        ("detectable_format:json_format", "[" * 300 + "]" * 300),
    ],
)
def test_constraint_that_cannot_be_told_is_undecided(name: str, text: str) -> None:
    assert found(name, text) is None


@pytest.mark.parametrize("name", ["change_case:english_capital", "change_case:english_lowercase"])
def test_constraint_on_case_needs_no_language_to_be_broken(name: str) -> None:
    assert found(name, "Yes") is False
    assert found(name, "42") is False


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_constraint_on_nothing_is_not_followed(name: str, blank: str) -> None:
    assert found(name, blank) is False


HOSTILE = {
    "letters": "a" * 100_000,
    "brackets": "[" * 100_000,
    "angles": "<" * 100_000,
    "line feeds": "\n" * 100_000 + "x",
    "spaces": " " * 100_000 + "x",
    "stars": "*" * 100_000,
    "star lines": "*\n" * 50_000,
    "full stops": "." * 100_000 + " x",
    "spaced stops": ". " * 50_000,
    "initials": "A. " * 33_000,
    "postscripts": "p. " * 33_000,
    "open string": '"' + '\\"' * 50_000,
    "backslashes": '"' + "\\" * 100_000,
    "deep JSON": "[" * 50_000 + "]" * 50_000,
    "digits": "9" * 100_000,
    "clitics": "A'S " * 25_000,
    "surrogates": "\ud800" * 100_000,
    "dotted I": "\u0130" * 100_000,
    "accents": "a\u0301" * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_constraints_on_hostile_text_take_no_time(text: str) -> None:
    every = [constraint_of({**said, "id": name}) for name, said in EXAMPLES.items()]  # type: ignore[dict-item]
    findings(every, "begin by loading the model of languages")
    started = time.process_time()
    findings(every, text, loose=True)
    assert time.process_time() - started < 20


marks = st.text("ab[]<>*- \n.\"'(", max_size=60)


@given(marks)
def test_marks_are_counted_as_the_patterns_of_ifeval_do(text: str) -> None:
    def count(name: str) -> int:
        return constraint_of({**EXAMPLES[name], "id": name}).count(Wording(text))  # type: ignore[attr-defined,dict-item]

    bullets = re.findall(r"^\s*\*[^\*].*$", text, re.MULTILINE)
    bullets += re.findall(r"^\s*-.*$", text, re.MULTILINE)
    assert count("detectable_format:number_bullet_lists") == len(bullets)
    assert count("detectable_content:number_placeholders") == len(re.findall(r"\[.*?\]", text))
    if text.strip():
        titles = re.findall(r"<<[^\n]+>>", text)
        has_title = any(title.lstrip("<").rstrip(">").strip() for title in titles)
        assert found("detectable_format:title", text) is has_title


@given(st.text("ab1.!?\"' \n(A", max_size=60))
def test_sentences_are_at_most_as_many_as_their_marks(text: str) -> None:
    count = sentence_count(text)
    assert (count == 0) == (not text.strip())
    assert count <= 1 + len(re.findall(r"[.!?]+", text))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("No stop at all", 1),
        ("One. Two? Three! Four", 4),
        ("One\ntwo\n\nthree", 1),
        ("It is 3.14 and v1.2.3 of it. Yes.", 2),
        ("She met Dr. Low and J. K. Rowling in the U.S. Army.", 1),
        ("She went to Washington D.C. The end.", 2),
        ('He said "go." And left.', 2),
        ("Really?! Yes... But no.", 3),
        ("wait... what", 1),
        ("1. Apples\n2. Pears", 3),
        ("A. Apples\nB. Pears", 3),
        ("Vitamin c. It helps.", 2),
        ("**Bold.** Next.", 2),
    ],
)
def test_sentences_are_counted_as_punkt_parts_them(text: str, count: int) -> None:
    assert sentence_count(text) == count


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_bounds_meet_where_a_count_lies_within_both(a: int, b: int, c: int, d: int) -> None:
    one, other = Bounds(a, b), Bounds(c, d)
    assert one.meet(other) == any(one.hold(n) and other.hold(n) for n in range(10))


@pytest.mark.parametrize(
    "said",
    [
        {"id": "keywords:frequencies"},
        {"id": "punctuation:no_comma", "really": True},
        {"id": "length_constraints:number_words", "relation": "at least"},
        {"id": "length_constraints:number_words", "relation": "more than", "num_words": 3},
        {"id": "length_constraints:number_words", "relation": "at least", "num_words": "3"},
        {"id": "length_constraints:number_words", "relation": "at least", "num_words": True},
        {"id": "length_constraints:number_words", "relation": "at least", "num_words": -1},
        {"id": "keywords:existence", "keywords": []},
        {"id": "keywords:existence", "keywords": "cat"},
        {"id": "keywords:existence", "keywords": [" "]},
        {
            "id": "keywords:letter_frequency",
            "let_relation": "at least",
            "letter": "ab",
            "let_frequency": 1,
        },
        {
            "id": "length_constraints:nth_paragraph_first_word",
            "num_paragraphs": 2,
            "nth_paragraph": 3,
            "first_word": "so",
        },
        "punctuation:no_comma",
        None,
    ],
)
def test_constraint_with_wrong_arguments_is_none(said: object) -> None:
    with pytest.raises(NoConstraints):
        constraint_of(said)  # type: ignore[arg-type]


def test_constraints_are_read_as_a_list_or_as_a_row_of_ifeval() -> None:
    listed = read_constraints('[{"id": "startend:quotation"}, {"id": "punctuation:no_comma"}]')
    row = read_constraints(
        '{"key": 1, "instruction_id_list": ["startend:quotation", "punctuation:no_comma"],'
        ' "kwargs": [{"num_words": null}, {}]}'
    )
    assert listed == row
    assert [each.id for each in row] == ["startend:quotation", "punctuation:no_comma"]
    assert read_constraints(" ") == ()


@pytest.mark.parametrize("number", ["300", '"300"', "300.0", '"300.0"'])
def test_constraints_are_read_with_numbers_as_data_files_have_them(number: str) -> None:
    listed = f'[{{"id": "detectable_format:number_bullet_lists", "num_bullets": {number}}}]'
    [constraint] = read_constraints(listed)
    assert constraint.asked == "detectable_format:number_bullet_lists (num_bullets 300)"


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": "detectable_format:number_bullet_lists", "num_bullets": 1.5}]',
        '[{"id": "detectable_format:number_bullet_lists", "num_bullets": true}]',
        '[{"id": "detectable_format:number_bullet_lists", "num_bullets": "99999999999999"}]',
        '[{"num_bullets": 1}]',
        '[{"id": ["startend:quotation"]}]',
        "no commas",
        "{}",
        '{"instruction_id_list": ["startend:quotation"], "kwargs": []}',
        "[" * 100_000,
        '[{"id": "startend:quotation"}]' * 10_000,
        "[" + ",".join(['{"id": "startend:quotation"}'] * 51) + "]",
        "[NaN]",
        '[{"id": "startend:quotation"}, null]',
    ],
)
def test_constraints_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(NoConstraints):
        read_constraints(text)
