"""Texts as sets of shingles: runs of neighbouring tokens, each known by a 64-bit hash."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.code_points import CodePoints, Unit, token_table
from synth_assets.errors import ConfigurationError

_MOST_TOKENS = 1000
_WORD_RUN = 5
_CHARACTER_RUN = 12


@dataclass(frozen=True)
class Shingles:
    """The shingles of texts, one text's after the other's, each in the order of its text.

    Attributes:
        hashes: uint64, one a shingle, repeated ones repeated.
        offsets: int64, where in `hashes` each text begins, and the last ends; every text that is
            cut has at least one shingle.
    """

    hashes: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def none(cls, texts: int) -> "Shingles":
        """Of texts that are not cut: they have none."""
        return cls(np.empty(0, np.uint64), np.zeros(texts + 1, np.int64))

    @classmethod
    def joined(cls, parts: Sequence["Shingles"]) -> "Shingles":
        """All texts of several, in order."""
        lengths = [np.diff(part.offsets) for part in parts]
        ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths]))
        return cls(np.concatenate([cls.none(0).hashes, *(part.hashes for part in parts)]), ends)

    @classmethod
    def woven(
        cls, parts: Sequence["Shingles"], places: Sequence[npt.NDArray[np.int64]]
    ) -> "Shingles":
        """All texts of several, each where it belongs: the number it is to have."""
        from synth_assets.core.dedup.kernels.texts import place_runs

        lengths = np.zeros(sum(map(len, places)) + 1, np.int64)
        for part, rows in zip(parts, places, strict=True):
            lengths[rows + 1] = np.diff(part.offsets)
        offsets = np.cumsum(lengths)
        hashes = np.empty(offsets[-1], np.uint64)
        for part, rows in zip(parts, places, strict=True):
            place_runs(part.hashes, part.offsets[:-1], offsets[rows], offsets[rows + 1], hashes)
        return cls(hashes, offsets)

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return len(self.offsets) - 1

    def of(self, text: int) -> npt.NDArray[np.uint64]:
        """The shingles of one text, by its number."""
        return self.hashes[self.offsets[text] : self.offsets[text + 1]]

    def some(self, texts: npt.NDArray[np.int64]) -> "Shingles":
        """A copy of the shingles of some texts, in the order asked."""
        from synth_assets.core.dedup.kernels.texts import place_runs

        begins = self.offsets[texts]
        lengths = self.offsets[texts + 1] - begins
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        hashes = np.empty(offsets[-1], np.uint64)
        place_runs(self.hashes, begins, offsets[:-1], offsets[1:], hashes)
        return Shingles(hashes, offsets)


@dataclass(frozen=True)
class Shingling:
    """How texts are cut into shingles.

    A text of fewer tokens than make a run is one shingle; a text without any, such as «?!», is
    one shingle of what it shows; all texts that show nothing have the same one. What two texts
    share is compared by 64-bit hashes: of a million texts of 100 shingles each, two different
    shingles have one hash with a probability of 3 in 10,000.

    Attributes:
        unit: what a token is. Unless it is code, letters are compared by NFKC without case.
        size: tokens in a run, 1..1000.
    """

    unit: Unit = Unit.WORDS
    size: int = _WORD_RUN

    @classmethod
    def usual(cls, unit: Unit) -> "Shingling":
        """Runs of the usual length: 5 words, 12 characters."""
        return cls(unit, _CHARACTER_RUN if unit is Unit.CHARACTERS else _WORD_RUN)

    def __post_init__(self) -> None:
        """Refuse lengths that no text has.

        Raises:
            ConfigurationError: if the size is out of range.
        """
        if not 1 <= self.size <= _MOST_TOKENS:
            raise ConfigurationError(
                f"A shingle cannot have {self.size} tokens. Give 1 to {_MOST_TOKENS}, such as "
                f"{_WORD_RUN} words or {_CHARACTER_RUN} characters."
            )

    @property
    def folds(self) -> bool:
        """Whether letters are compared by NFKC, without case."""
        return self.unit is not Unit.CODE

    def code_points(self, texts: Sequence[str]) -> CodePoints:
        """The code points that are cut, folded."""
        return CodePoints.of(texts, compatible=self.folds, caseless=self.folds)

    def cut(self, texts: Sequence[str]) -> Shingles:
        """Cut texts."""
        return self.cut_points(self.code_points(texts))

    def cut_points(self, points: CodePoints) -> Shingles:
        """Cut texts that are laid out already, see `code_points`."""
        from synth_assets.core.dedup.kernels.texts import shingle_hashes

        hashes = np.empty(len(points.values) + len(points.ends), np.uint64)
        offsets = np.empty(len(points.ends) + 1, np.int64)
        table = token_table(self.unit, points)
        count = shingle_hashes(points.values, points.ends, table, self.size, hashes, offsets)
        return Shingles(hashes[:count], offsets)

    def stretch(self, text: str, begin: int, end: int) -> str:
        """What of a text shingles say, folded as it is for comparing.

        Args:
            text: any.
            begin: number of the first shingle.
            end: number behind the last.
        """
        from synth_assets.core.dedup.kernels.texts import token_spans

        points = self.code_points([text])
        spans = np.empty((len(points.values), 2), np.int64)
        count = token_spans(points.values, token_table(self.unit, points), spans)
        if not count:
            return text.strip()
        first, last = spans[begin, 0], spans[min(end - 1 + self.size, count) - 1, 1]
        part = points.values[first:last].astype("<u4").tobytes()
        return part.decode("utf-32-le", "surrogatepass")
