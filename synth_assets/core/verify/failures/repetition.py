"""Loops: words, lines or characters that come again and again."""

import re
import zlib
from collections import Counter
from itertools import groupby
from operator import eq

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn
from synth_assets.core.verify.reading.folding import clipped

_LEAST_WORDS = 40
_LEAST_LINES = 8
_LONG_WORD = 24
_LONGEST_UNIT = 60
_EVERY = 12
_LOOP_CHARACTERS = 40
_MANY = 15
_MOST_CHARACTERS = 50_000
_ZLIB_FROM = 300
_RUN = re.compile(r"([^\W\d_])\1{24}|([^\W\d_]{2,12}?)\2{11}")
_SAYS = re.compile(r"[^\W\d_]{2}")
_NUMBER = re.compile(r"\s*\(?\d{1,4}[.):]\s")
_MARKUP = re.compile(r"<[^<>\n]{1,200}>")


class Repetition(Written):
    """The answer does not go round in circles.

    Attributes:
        min_repeats: a unit of up to 60 words that stands so many times in a row is a loop, if
            the repeats have at least `min_loop_words` words.
        min_loop_words: see there; «no, no, no» is none.
        max_share: of four-word runs that stood before, in answers of at least 40 words.
        max_line_share: of lines that stood before, numbers in front aside, in answers of at least
            8 lines.
        min_zlib_ratio: compressed size over size, from 300 bytes on.
    """

    min_repeats: int = Field(default=4, ge=2)
    min_loop_words: int = Field(default=12, ge=1)
    max_share: float = Field(default=0.5, gt=0, le=1)
    max_line_share: float = Field(default=0.6, gt=0, le=1)
    min_zlib_ratio: float = Field(default=0.16, ge=0, lt=1)

    def look(self) -> Look:
        """Make the check."""
        return self._look

    def _look(self, turn: Turn) -> Fault | None:
        text, words = turn.text[-_MOST_CHARACTERS:], turn.words
        if "</" in text:
            text = _MARKUP.sub(" ", text)
        if text is not turn.text:
            words = Turn("", text).words
        different = len(set(words))
        told = ""
        recurring = self._recurring(words)
        for period in self._periods(words, recurring):
            told = told or self._loop(words, period)
        if not told and recurring and len(words) >= _LEAST_WORDS:
            told = self._shared(words, different)
        if not told and text.count("\n") >= _LEAST_LINES - 1:
            told = self._lines(text.lower())
        unspaced = 16 * len(words) < len(text) or len(max(words, key=len, default="")) >= _LONG_WORD
        if not told and unspaced and (match := _RUN.search(text)):
            told = f"one piece again and again: {clipped(match.group(), 40)}"
        if not told and (unspaced or 4 * different < len(words)):
            told = self._dense(text)
        return Fault(Reason.REPETITION, f"repeats itself: {told}") if told else None

    def _recurring(self, words: list[str]) -> list[tuple[int, int]]:
        """Of short runs at every few words, those that stand more than once: place, how often."""
        plain = f" {' '.join(words)}"
        size = min(3, self.min_loop_words)
        return [
            (at, count)
            for at in range(0, len(words) - size, max(min(self.min_loop_words, _EVERY) - size, 1))
            if (count := plain.count(" " + " ".join(words[at : at + size]))) > 1
        ]

    def _periods(self, words: list[str], recurring: list[tuple[int, int]]) -> list[int]:
        """After how many words a run comes again, of those that stand as often as in a loop.

        In a loop, some run at these places stands as often as its unit, or once less.
        """
        size = min(3, self.min_loop_words)
        found: dict[int, None] = {}
        for at, count in recurring:
            if count < self.min_repeats - 1:
                continue
            run = words[at : at + size]
            for period in range(1, _LONGEST_UNIT + 1):
                if words[at + period : at + period + size] == run:
                    found[period] = None
        return list(found)

    def _shared(self, words: list[str], different: int) -> str:
        """What share of its runs stood before, if that is too much."""
        of = len(words) - 3
        if different > (1 - self.max_share) * of + 3:  # Each new word makes a run new.
            return ""
        again = of - len(set(zip(words, words[1:], words[2:], words[3:], strict=False)))
        return (
            f"{again / of:.0%} of its four-word runs stood before"
            if again > self.max_share * of
            else ""
        )

    def _loop(self, words: list[str], period: int) -> str:
        """A unit of so many words that comes often enough in a row."""
        least = max((self.min_repeats - 1) * period, self.min_loop_words)
        end = 0
        for same, run in groupby(map(eq, words, words[period:])):
            length = len(list(run))
            end += length
            if not same or length < least:
                continue
            unit = " ".join(words[end - period : end])
            times = length // period + 1
            # Formulas and patterns repeat single signs.
            says = _SAYS.search(unit) and len(unit) * times > _LOOP_CHARACTERS
            if says or times >= _MANY:
                return f"{clipped(unit, 60)} comes {times} times in a row"
        return ""

    def _lines(self, text: str) -> str:
        lines = [line for raw in text.split("\n") if sum(map(str.isalpha, line := raw.strip())) > 2]
        if len(lines) < _LEAST_LINES:
            return ""
        seen = Counter(_NUMBER.sub("", line, count=1) for line in lines)
        again = sum(seen.values()) - len(seen)
        if again <= self.max_line_share * len(lines):
            return ""
        commonest = clipped(seen.most_common(1)[0][0], 60)
        return f"{again} of {len(lines)} lines stood before, such as {commonest}"

    def _dense(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        if len(data) < _ZLIB_FROM:
            return ""
        ratio = len(zlib.compress(data)) / len(data)
        return f"compresses to {ratio:.0%} of its size" if ratio < self.min_zlib_ratio else ""
