"""What texts are made of to finders: words that say something, words of grammar, numbers.

A number is one element, however it is written: `1,200`, `1200.0`, `3/4`, `twenty-five`, `twice`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.decontaminate.reading import Words
from synth_assets.core.decontaminate.word_kinds import kind_of
from synth_assets.core.verify.reading.words import stem

UNKNOWN = -1
"""A word that says something, and that no item has."""
FUNCTION = -2
"""A word of grammar, or the word `one`."""
NUMBER = -3

_SLOTS = 1 << 21


@dataclass(frozen=True)
class Elements:
    """The elements of texts, one text's after the other's.

    Attributes:
        words: what they are made of.
        codes: int64, of content words their number in the vocabulary, or `UNKNOWN`; `FUNCTION`;
            `NUMBER`.
        hashes: uint64, that of the word; all numbers have one.
        values: float64, of numbers; 0 of others.
        first_words: int64, the number of each one's first word.
        offsets: int64, where each text's begin, and the last's end.
    """

    words: Words
    codes: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    values: npt.NDArray[np.float64]
    first_words: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    def stretch(self, text: int, begin: int, end: int) -> str:
        """What a text says from one of its elements to before another, folded."""
        if end <= begin:
            return ""
        first, behind = self.offsets[text] + begin, self.offsets[text] + end
        last_word = (
            self.first_words[behind]
            if behind < self.offsets[text + 1]
            else self.words.offsets[text + 1]
        )
        return self.words.stretch(int(self.first_words[first]), int(last_word))


class _Known:
    """What is known of the words seen so far: a bounded memory, emptied when half full."""

    def __init__(self, slots: int) -> None:
        self.keys = np.zeros(slots, np.uint64)
        self.kinds = np.zeros(slots, np.uint8)
        self.codes = np.zeros(slots, np.int32)
        self.values = np.zeros(slots, np.float64)
        self.used = 0

    def make_place(self, words: int) -> None:
        """Forget everything if so many new words did not fit."""
        if self.used + words > len(self.keys) // 2:
            self.keys[:] = 0
            self.used = 0


class Lexicon:
    """Knows the words of items, and reads texts as elements. Not for several threads at once."""

    def __init__(self, vocabulary: Sequence[str], slots: int = _SLOTS) -> None:
        """Take the stems that items have; the place of each is its number.

        Args:
            vocabulary: distinct stems.
            slots: of the memory for words seen, a power of two; half of them are used at most.
        """
        self._numbers = {word: number for number, word in enumerate(vocabulary)}
        self._known = _Known(slots)

    def __len__(self) -> int:
        return len(self._numbers)

    @staticmethod
    def vocabulary_of(texts: Sequence[str]) -> tuple[str, ...]:
        """The stems of all content words of some texts, sorted."""
        words = Words.of(texts)
        _, firsts = np.unique(words.hashes, return_index=True)
        found = (words.word(int(first)) for first in firsts)
        return tuple(sorted({stem(word) for word in found if kind_of(word)[0].says_something}))

    def read(self, texts: Sequence[str]) -> Elements:
        """Read texts."""
        return self.read_words(Words.of(texts))

    def read_words(self, words: Words) -> Elements:
        """Read texts whose words are found already."""
        from synth_assets.core.decontaminate.kernels.words import elements_of

        kinds = np.empty(len(words), np.uint8)
        codes = np.empty(len(words), np.int64)
        values = np.empty(len(words), np.float64)
        at_once = len(self._known.keys) // 4
        for begin in range(0, len(words), at_once):
            part = slice(begin, begin + at_once)
            slots = self._slots(words, begin, words.hashes[part])
            kinds[part] = self._known.kinds[slots]
            codes[part] = self._known.codes[slots]
            values[part] = self._known.values[slots]
        hashes = np.empty(len(words), np.uint64)
        element_values = np.empty(len(words), np.float64)
        first_words = np.empty(len(words), np.int64)
        offsets = np.empty(len(words.offsets), np.int64)
        count = elements_of(
            words.joints,
            words.spans,
            words.hashes,
            words.offsets,
            kinds,
            values,
            codes,
            hashes,
            element_values,
            first_words,
            offsets,
        )
        return Elements(
            words,
            codes[:count],
            hashes[:count],
            element_values[:count],
            first_words[:count],
            offsets,
        )

    def _slots(
        self, words: Words, begin: int, hashes: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.int64]:
        from synth_assets.core.decontaminate.kernels.words import look_up

        known = self._known
        known.make_place(len(hashes))
        slots = np.empty(len(hashes), np.int64)
        new = np.empty(len(hashes), np.int64)
        count = look_up(hashes, known.keys, slots, new)
        known.used += count
        for place in new[:count].tolist():
            slot = slots[place]
            word = words.word(begin + place)
            known.kinds[slot], known.values[slot] = kind_of(word)
            known.codes[slot] = self._numbers.get(stem(word), UNKNOWN)
        return slots
