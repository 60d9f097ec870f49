"""Elements of texts as keys: content words, then numbers by their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth_assets.core.decontaminate.elements import FUNCTION, NUMBER, Elements
from synth_assets.core.decontaminate.item_index import Keys, Match

_OTHER_NUMBERS = 1024


@dataclass(frozen=True)
class Sources:
    """Texts, and the rows that they stand in.

    Attributes:
        texts: those that are searched.
        rows: the texts of each row.
        owners: number of the row of each text.
    """

    texts: Sequence[str]
    rows: Sequence[Sequence[str]]
    owners: Sequence[int]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Sources":
        """Texts that are rows by themselves."""
        return cls(texts, [(text,) for text in texts], range(len(texts)))

    def whole(self, text: int) -> str:
        """All that the row of a text says."""
        return "\n".join(self.rows[self.owners[text]])


@dataclass(frozen=True)
class KeyedTexts:
    """Texts as keys, words of grammar left out.

    Attributes:
        sources: the texts.
        elements: what they are made of.
        keys: int32, of each element that is left.
        places: int64, its number among all elements.
        offsets: int64, where each text's keys begin, and the last's end.
    """

    sources: Sources
    elements: Elements
    keys: Keys
    places: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    def length(self, text: int) -> int:
        """How many keys a text has."""
        return int(self.offsets[text + 1] - self.offsets[text])

    def keys_of_text(self, text: int) -> Keys:
        """Those of one text."""
        return self.keys[self.offsets[text] : self.offsets[text + 1]]

    def keys_of(self, match: Match) -> Keys:
        """Those of the stretch where an item stands."""
        return self.keys[slice(*self._bounds(match))]

    def stretch(self, match: Match) -> str:
        """What the text says where an item stands, folded."""
        begin, end = self._bounds(match)
        if end <= begin:
            return ""
        first = int(self.elements.offsets[match.text])
        return self.elements.stretch(
            match.text, int(self.places[begin]) - first, int(self.places[end - 1]) + 1 - first
        )

    def word(self, match: Match, place: int) -> str:
        """A word of the stretch, by its number there."""
        element = int(self.places[self._bounds(match)[0] + place])
        first = int(self.elements.offsets[match.text])
        return self.elements.stretch(match.text, element - first, element + 1 - first)

    def _bounds(self, match: Match) -> tuple[int, int]:
        first = int(self.offsets[match.text])
        return first + match.begin, first + match.end


@dataclass(frozen=True)
class Keying:
    """How elements become keys.

    Attributes:
        words: how many content words items have; their numbers are their keys.
        numbers: float32, ascending, the numbers that items have; their keys follow.
    """

    words: int
    numbers: npt.NDArray[np.float32]

    @classmethod
    def of(cls, items: Elements, words: int) -> "Keying":
        """Learn the numbers of items."""
        return cls(words, np.unique(items.values[items.codes == NUMBER].astype(np.float32)))

    @cached_property
    def known(self) -> int:
        """Keys from here on are numbers that no item has."""
        return self.words + len(self.numbers)

    @cached_property
    def most(self) -> int:
        """Above all keys."""
        return self.known + _OTHER_NUMBERS

    def keyed(self, elements: Elements, sources: Sources) -> KeyedTexts:
        """Give elements their keys; words that no item has are -1."""
        told = elements.codes != FUNCTION
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(told)])
        places = np.flatnonzero(told)
        codes = elements.codes[places]
        keys = np.maximum(codes, -1).astype(np.int32)
        is_number = codes == NUMBER
        keys[is_number] = self._number_keys(elements.values[places[is_number]])
        return KeyedTexts(sources, elements, keys, places, before[elements.offsets])

    def _number_keys(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        ranks = np.searchsorted(self.numbers, single)
        known = ranks < len(self.numbers)
        known[known] = self.numbers[ranks[known]] == single[known]
        # Others need only be told apart well enough for each to count once in a text.
        mixed = (single.view(np.uint32) * np.uint32(0x9E3779B1)) >> np.uint32(22)
        return np.where(known, self.words + ranks, self.known + mixed.astype(np.int64))
