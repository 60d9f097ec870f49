import time

import pytest

from synth_assets.core.techniques.final_answer import final_answer, stated_answer


def number(text: str) -> str | None:
    found = final_answer(text, "number", "####")
    return None if found is None else found.key


def text(said: str) -> str | None:
    found = final_answer(said, "text", "####")
    return None if found is None else found.key


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("so 3\n#### 12", "12"),
        ("#### 12.0 apples", "12"),
        ("#### $1,200.50", "2401/2"),
        ("#### 1200 1/2", "2401/2"),
        ("#### **12**", "12"),
        ("#### \u22123", "-3"),
        ("#### - 5", "-5"),
        ("#### \u2212 5", "-5"),
        ("#### minus 5", "-5"),
        ("#### **Minus 5** degrees", "-5"),
        ("#### x = - $5", "-5"),
        ("#### It is minus 5.", "-5"),
        ("#### 7 - 5", None),
        ("- 5 of them\n#### 5", "5"),
        ("#### Room - 5", "5"),
        (r"#### \frac{3}{4}", "3/4"),
        (r"#### $-\dfrac{3}{4}$", "-3/4"),
        (r"#### 1\frac{1}{2}", "3/2"),
        ("#### 3 / 4", "3/4"),
        ("#### - \u00bd", "-1/2"),
        ("#### -5\n#### minus 5", "-5"),
        ("#### 0.1", "1/10"),
        ("#### 12\n#### 12.00", "12"),
        ("#### 12\n#### 13", None),
        ("#### 12 or 13", None),
        ("the answer is 12", None),
        ("####", None),
        ("#### none", None),
        ("#### 1/0", None),
    ],
)
def test_final_answer_number_is_exact_whatever_its_spelling(said: str, key: str | None):
    assert number(said) == key


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("#### Tuesday", "tuesday"),
        ("####  TUESDAY. ", "tuesday"),
        ("#### **Tuesday**\nDone.", "tuesday"),
        ("#### 08:05", "08:05"),
        ("#### 1,200", "1200"),
        ("#### 1200.0", "1200"),
        ("#### minus 5", "-5"),
        ("#### - 5", "-5"),
        (r"#### \frac{3}{4}", "3/4"),
        ("#### Platform - 5", "platform - 5"),
        ("#### Room 12", "room 12"),
        ("#### \u201cl\u2019été\u201d", "l'été"),
        ("#### a\n#### A", "a"),
        ("#### a\n#### b", None),
        ("####\n", None),
        ("#### ?!", None),
        ("Tuesday", None),
        ("#### " + "word " * 60, None),
    ],
)
def test_final_answer_text_is_folded_and_numbers_alone_are_numbers(said: str, key: str | None):
    assert text(said) == key


def test_final_answer_marker_of_another_kind():
    boxed = final_answer("Thus \\boxed{42}.", "number", "\\boxed{")
    assert boxed is not None
    assert (boxed.key, boxed.shown) == ("42", "42")
    said = final_answer("Answer: Paris", "text", "Answer:")
    assert said is not None
    assert (said.key, said.shown) == ("paris", "Paris")


@pytest.mark.parametrize(
    ("said", "key"),
    [("12", "12"), ("- 12", "-12"), ("12 apples", "12"), ("sums...\n#### 7", "7"), ("", None)],
)
def test_stated_answer_stands_alone_or_behind_a_marker(said: str, key: str | None):
    found = stated_answer(said, "number")
    assert (None if found is None else found.key) == key


@pytest.mark.parametrize("line", ["-" * 100_000, "- " * 50_000, "= " * 50_000, "\\frac{" * 20_000])
def test_final_answer_of_a_line_without_end_is_read_in_a_moment(line: str):
    started = time.process_time()
    assert number(f"#### {line}") is None
    assert time.process_time() - started < 10
