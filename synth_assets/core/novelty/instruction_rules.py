"""Which instructions are not worth an instance: the heuristics of Self-Instruct.

After Wang et al. (2022, arXiv:2212.10560), whose program drops what has at most three words or
over 150, names what a language model cannot see or make, begins with «Write a program», or with
punctuation or a character that is not ASCII. We differ: three words are enough, as the paper's
text says, and beginnings are compared whatever their case.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from synth_assets.core.ngrams import words
from synth_assets.core.schema import Reason

PAPER_BLOCKED_WORDS = (
    *("image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps"),
    *("draw", "plot", "go to", "video", "audio", "music", "flowchart", "diagram"),
)


@dataclass(frozen=True)
class Refused:
    """Why an instruction is dropped."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class InstructionRules:
    """What an instruction must be.

    Attributes:
        min_words: it has at least so many.
        max_words: it has at most so many.
        blocked_words: it names none of these.
        blocked_beginnings: it begins with none of these.
        plain_beginning: its first character is an ASCII letter or digit.
        unspaced: its words are counted as in scripts without spaces, too.
    """

    min_words: int = 3
    max_words: int = 150
    blocked_words: Sequence[str] = PAPER_BLOCKED_WORDS
    blocked_beginnings: Sequence[str] = ("Write a program",)
    plain_beginning: bool = True
    unspaced: bool = False

    def refused(self, instruction: str) -> Refused | None:
        """Why an instruction is dropped; none where it may stay."""
        count = len(words(instruction) if self.unspaced else instruction.split())
        if count < self.min_words:
            return Refused(Reason.TOO_SHORT, f"{count} words, at least {self.min_words} are asked")
        if count > self.max_words:
            return Refused(Reason.TOO_LONG, f"{count} words, at most {self.max_words} are allowed")
        if self._blocked is not None and (match := self._blocked.search(instruction)):
            return Refused(Reason.BLOCKED_KIND, f"names {match.group()!r}")
        for beginning in self.blocked_beginnings:
            if instruction.casefold().startswith(beginning.casefold()):
                return Refused(Reason.BLOCKED_KIND, f"begins with {beginning!r}")
        first = instruction[0]
        if self.plain_beginning and not (first.isascii() and first.isalnum()):
            return Refused(Reason.BLOCKED_KIND, f"begins with {first!r}")
        return None

    @cached_property
    def _blocked(self) -> re.Pattern[str] | None:
        if not self.blocked_words:
            return None
        # Longest first, so that the whole word is told.
        named = sorted(self.blocked_words, key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, named))})\b", re.IGNORECASE)
