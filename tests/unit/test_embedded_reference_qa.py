import re

import pytest

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.reference_qa import ask_about, sentences
from synth_assets.resources.embedded.truth import Flaw
from tests.unit.embedded_runs import seeds

FOCUSES = ("definition", "condition", "rule", "behaviour")


def parts(text: str) -> tuple[str, str, str]:
    match = re.fullmatch(
        r"<question>\n(.+)\n</question>\n<answer>\n(.+)\n</answer>\n<quote>\n(.+)\n</quote>",
        text,
        re.DOTALL,
    )
    assert match, text
    return match[1], match[2], match[3]


def ask(passage: str, focus: str = "", flaw: Flaw | None = None, key: str = "k"):
    return ask_about(passage, focus, "clerk", flaw, "LEAK", Dice(key))


@pytest.mark.parametrize(
    ("passage", "question", "answer"),
    [
        (
            'The "pass" statement is a null operation.',
            'what is the "pass" statement?',
            "a null operation",
        ),
        (
            "A *context manager* is used to save and restore some state.",
            "what is a context manager used for?",
            "to save and restore some state",
        ),
        (
            "If the file cannot be found, the loader raises an import error.",
            "what happens if the file cannot be found?",
            "the loader raises an import error",
        ),
        (
            "The annotation is evaluated when the function definition is executed.",
            "when is the annotation evaluated?",
            "when the function definition is executed",
        ),
        (
            "The source character set is defined by the encoding declaration.",
            "how is the source character set defined?",
            "by the encoding declaration",
        ),
        (
            'The "__hash__()" method should return an integer.',
            'what should the "__hash__()" method do?',
            "return an integer",
        ),
        (
            "The right operand must not be a negative number.",
            "what must the right operand not be?",
            "a negative number",
        ),
        (
            "Generators (lazy ones) produce their values one by one.",
            "what do generators produce?",
            "their values one by one",
        ),
    ],
)
def test_ask_sentence_of_a_known_shape_gives_question_and_span(
    passage: str, question: str, answer: str
):
    asked, answered, quote = parts(ask(passage).text)
    assert asked.lower().endswith(question.lower()) or asked.lower() == question.lower()
    assert answered == answer
    assert quote == passage


@pytest.mark.parametrize(
    "passage",
    [
        "",
        "It is nothing.",
        "x = 3\ny = 4",
        'stmt ::= "pass" [ expression ] and much more of it here.',
        ">>> print('a list of things is printed here') is a call of the function.",
        "This is it. These are those. They do so.",
        "\x00\ud800 \u202e" * 50,
        "(" * 3000 + ".",
        'A "' * 2000 + ".",
        "The " + "very " * 3000 + "long sentence is a sentence.",
    ],
)
def test_ask_passage_without_a_fitting_sentence_is_declined_without_sections(passage: str):
    answer = ask(passage)
    assert answer.text == "<none/>"


def test_ask_every_reference_passage_answers_from_a_sentence_of_it():
    asked, questions = 0, set[str]()
    for index, seed in enumerate(seeds("python_reference_qa")):
        passage = " ".join(seed.fields["response"].split())
        answer = ask(passage, FOCUSES[index % 4], key=f"{index}")
        if "<question>" not in answer.text:
            continue
        question, answered, quote = parts(answer.text)
        asked += 1
        questions.add(question)
        assert quote in passage
        assert answered in quote
        assert answered == answer.truth.answer
    assert asked >= 0.7 * len(seeds("python_reference_qa"))
    assert len(questions) >= 0.95 * asked


def test_ask_invented_quote_never_stands_in_its_passage_and_carries_its_answer():
    for index, seed in enumerate(seeds("python_reference_qa")):
        answer = ask(seed.fields["response"], flaw=Flaw.INVENTED_QUOTE, key=f"{index}")
        if "<question>" in answer.text:
            _, answered, quote = parts(answer.text)
            assert quote.casefold() not in " ".join(seed.fields["response"].split()).casefold()
            assert answered in quote


def test_ask_wanted_focus_is_preferred():
    passage = "A shelf is a wooden board. If a shelf bends, the books slide down from it."
    assert parts(ask(passage, "definition").text)[1] == "a wooden board"
    assert parts(ask(passage, "condition").text)[1] == "the books slide down from it"


def test_sentences_grammar_code_and_headings_are_left_out():
    passage = (
        "Assignment statements\n*********************\n\n"
        '   stmt ::= target "=" expression\n\n'
        "Names are bound to values by it, e.g. by\nan assignment statement. See also:\n\n"
        "* If the list is long, it takes a while.\n\n[1] A footnote is a note at the foot."
    )
    assert list(sentences(passage)) == [
        "Names are bound to values by it, e.g. by an assignment statement.",
        "If the list is long, it takes a while.",
    ]
