"""Final answers of solutions, in a form in which equal ones are equal."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from synth_assets.core.verify.number import Number
from synth_assets.core.verify.reading.folding import folded
from synth_assets.core.verify.reading.quantities import closed_up, lone_number, quantities, readable

AnswerKind: TypeAlias = Literal["number", "text"]
"""`number`: one number, in words and units as one likes; `text`: anything on one line."""

_AROUND = " \t\"'`*_$.,;:!?()[]{}"
_MOST_CHARACTERS = 200
_ANNOUNCED = re.compile(
    r".*:|(?:so |thus |therefore )?(?:the |my )?(?:final )?answer(?: is)?", re.I
)


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
    r"""The answer behind the marker; none where there is none, or several that differ.

    Numbers are exact fractions, read as the verifier `number` reads them: `$1,200.50`, `1200.5`
    and `1200 1/2 euros` are one answer, and `25%` is not `0.25`. Beyond that, behind a marker
    `- 5` and `minus 5` are -5, and `3 / 4` and `\frac{3}{4}` are 3/4. A text is folded in case,
    white space and typography, without punctuation around it; one that is a number alone is read
    as a number.
    """
    if kind == "number":
        before, *behind = solution.split(marker)
        plain = marker.join([before, *map(_first_line_closed_up, behind)])
        found = Number(kind="number", marker=marker).final_number(plain)
        if found is None or found.value is None:
            return None
        return FinalAnswer(found.text.strip(), str(found.value))
    said = [behind.lstrip().partition("\n")[0].strip() for behind in solution.split(marker)[1:]]
    answers = {answer.key: answer for text in said if (answer := _of_text(text)) is not None}
    return next(iter(answers.values())) if len(answers) == 1 else None


def answering_line(text: str, kind: AnswerKind) -> str:
    """The line of a section that answers, as `final_answer` is to find it behind a marker.

    The first one, but for lines that only announce the answer: those without a number where
    another has one, or `The answer is`. Empty where the section is.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "text":
        said = (line for line in lines if not _ANNOUNCED.fullmatch(line))
        return next(said, lines[0] if lines else "")
    numbered = (line for line in lines if any(quantities(readable(line))))
    return closed_up(next(numbered, lines[0] if lines else ""))


def stated_answer(text: str, kind: AnswerKind) -> FinalAnswer | None:
    """An answer that stands alone, such as a seed's or that of a section of its own."""
    marker = "####"
    marked = final_answer(text, kind, marker) if marker in text else None
    return marked or final_answer(f"{marker} {text.strip()}", kind, marker)


def _first_line_closed_up(behind: str) -> str:
    bare = behind.lstrip()
    line, end, rest = bare.partition("\n")
    return behind[: len(behind) - len(bare)] + closed_up(readable(line)) + end + rest


def _of_text(text: str) -> FinalAnswer | None:
    number = lone_number(text)
    if number is not None and number.value is not None:
        return FinalAnswer(number.text.strip(), str(number.value))
    bare = folded(text).strip(_AROUND)
    return FinalAnswer(text, bare) if 0 < len(bare) <= _MOST_CHARACTERS else None
