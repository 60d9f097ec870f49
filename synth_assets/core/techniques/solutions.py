"""Solutions of one problem: what each comes to, which are the same, which differ most."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from synth_assets.core.schema import Reason
from synth_assets.core.techniques.copies import Copy
from synth_assets.core.techniques.final_answer import FinalAnswer
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.verify.reading.folding import clipped, folded

Likeness: TypeAlias = Literal["words", "calculations"]

_ANNOTATION = re.compile(r"<<([^<>\n]{1,200})>>")
_NUMBER = r"[$€£]?+\d[\d,]*+(?>(?:\.\d++)?)%?+"
_CALCULATION = re.compile(rf"(?<![\d.,]){_NUMBER}(?:\s*[-+*/\u00d7\u00f7\u2212]\s*{_NUMBER})+")
_PLAIN = str.maketrans(
    {" ": None, ",": None, "$": None, "€": None, "£": None, "\u00d7": "*", "\u00f7": "/"}
    | {"\u2212": "-"}
)

_MENTIONS = re.compile(
    r"\b(?:given|known|provided|correct|expected|reference|stated|supplied) "
    r"(?:final )?(?:answer|result|solution)\b"
    r"|\b(?:answer|result|solution) (?:is |was |that (?:is|was) )?(?:already )?"
    r"(?:given|known|provided|told|supplied)\b"
    r"|\bas (?:given|told|provided|hinted|indicated)\b|\bthe hint\b|\bhinted\b"
    r"|\b(?:since|because|as|knowing|given|know|told) (?:that )?(?:the|our) (?:final )?"
    r"(?:answer|result|solution) (?:is|was|must|should|has to|comes)\b"
    r"|\b(?:answer|result|solution) (?:must|should|has to|needs to) (?:be|come|equal|match)\b"
    r"|\bwork(?:ing)? back(?:wards?)? from\b"
)


@dataclass(frozen=True)
class Attempt:
    """A solution with what it comes to.

    Attributes:
        label: of its piece.
        copy: as it was written.
        response: as the student sees it.
        answer: none where it is no single answer.
    """

    label: str
    copy: Copy
    response: str
    answer: FinalAnswer | None

    def is_right(self, known: FinalAnswer) -> bool:
        """Whether it comes to the known answer, exactly."""
        return self.answer is not None and self.answer.key == known.key

    @property
    def said(self) -> str:
        """What it comes to, in words."""
        if self.answer is None:
            return f"no single answer: {clipped(self.copy['answer'])}"
        return f"it comes to {clipped(self.answer.shown)}"

    @property
    def words(self) -> int:
        """Words of the response between white space."""
        return len(self.response.split())

    @cached_property
    def calculations(self) -> tuple[str, ...]:
        """Its calculations in order: those in `<<...>>` if there are any, else any in the text."""
        text = self.copy["reasoning"]
        found = [said.partition("=")[0] for said in _ANNOTATION.findall(text)]
        return tuple(said.translate(_PLAIN) for said in found or _CALCULATION.findall(text))

    def traits(self, likeness: Likeness) -> frozenset[str]:
        """What is compared; a solution without a calculation is known by its words."""
        if likeness == "calculations" and self.calculations:
            return frozenset(self.calculations)
        return frozenset(re.findall(r"\w+", folded(self.copy["reasoning"])))

    def identity(self, likeness: Likeness) -> tuple[str, ...]:
        """Equal for solutions that are the same: by all their words, or calculations in order."""
        if likeness == "calculations" and self.calculations:
            return self.calculations
        return tuple(re.findall(r"\w+", folded(self.copy["reasoning"])))


@dataclass(frozen=True)
class Different:
    """Solutions of which no two are the same, and those that repeat one of them."""

    first: tuple[Attempt, ...]
    same: tuple[Unusable, ...]


def different(attempts: Sequence[Attempt], likeness: Likeness) -> Different:
    """The first of each group of solutions that are the same."""
    first: dict[tuple[str, ...], Attempt] = {}
    same: list[Unusable] = []
    for attempt in attempts:
        before = first.setdefault(attempt.identity(likeness), attempt)
        if before is not attempt:
            told = f"right; the same {likeness} as {before.label}"
            same.append(Unusable(Reason.NOT_NOVEL, told, attempt.label))
    return Different(tuple(first.values()), tuple(same))


def diverse(attempts: Sequence[Attempt], most: int, likeness: Likeness) -> tuple[Attempt, ...]:
    """Up to `most`: the shortest, then each time the one least like the most like chosen one.

    Alike is the Jaccard similarity of words or calculations; of equals the first is taken.
    """
    left = sorted(attempts, key=lambda attempt: attempt.words)
    chosen = left[:1]
    left = left[1:]
    while left and len(chosen) < most:
        nearest = [max(_jaccard(each, other, likeness) for other in chosen) for each in left]
        chosen.append(left.pop(nearest.index(min(nearest))))
    return tuple(chosen)


def _jaccard(one: Attempt, other: Attempt, likeness: Likeness) -> float:
    first, second = one.traits(likeness), other.traits(likeness)
    return len(first & second) / max(1, len(first | second))


def shown_hint(reasoning: str) -> str:
    """The words by which reasoning appeals to an answer it was shown; empty without. English."""
    found = _MENTIONS.search(folded(reasoning))
    return found.group() if found else ""
