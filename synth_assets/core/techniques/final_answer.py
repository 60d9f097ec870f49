"""Final answers of solutions, in a form in which equal ones are equal."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from synth_assets.core.verify.folding import folded
from synth_assets.core.verify.number import Number
from synth_assets.core.verify.quantities import lone_number

AnswerKind: TypeAlias = Literal["number", "text"]
"""`number`: one number, in words and units as one likes; `text`: anything on one line."""

_AROUND = " \t\"'`*_$.,;:!?()[]{}"
_MOST_CHARACTERS = 200


@dataclass(frozen=True)
class FinalAnswer:
    """A final answer.

    Attributes:
        shown: as the solution has it.
        key: equal for equal answers: an exact number, or folded text.
    """

    shown: str
    key: str


def final_answer(solution: str, kind: AnswerKind, marker: str) -> FinalAnswer | None:
    """The answer behind the marker; none where there is none, or several that differ.

    Numbers are exact fractions, read as the verifier `number` reads them: `$1,200.50`, `1200.5`
    and `1200 1/2 euros` are one answer, and `25%` is not `0.25`. A text is folded in case, white
    space and typography, without punctuation around it; one that is a number alone is read as a
    number.
    """
    if kind == "number":
        found = Number(kind="number", marker=marker).final_number(solution)
        if found is None or found.value is None:
            return None
        return FinalAnswer(found.text.strip(), str(found.value))
    said = [behind.lstrip().partition("\n")[0].strip() for behind in solution.split(marker)[1:]]
    answers = {answer.key: answer for text in said if (answer := _of_text(text)) is not None}
    return next(iter(answers.values())) if len(answers) == 1 else None


def stated_answer(text: str, kind: AnswerKind) -> FinalAnswer | None:
    """An answer that stands alone, such as a seed's or that of a section of its own."""
    marker = "####"
    marked = final_answer(text, kind, marker) if marker in text else None
    return marked or final_answer(f"{marker} {text.strip()}", kind, marker)


def _of_text(text: str) -> FinalAnswer | None:
    number = lone_number(text)
    if number is not None and number.value is not None:
        return FinalAnswer(number.text.strip(), str(number.value))
    bare = folded(text).strip(_AROUND)
    return FinalAnswer(text, bare) if 0 < len(bare) <= _MOST_CHARACTERS else None
