"""Texts as finders read them: words known by hashes, and where each stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.code_points import CodePoints, Unit, token_table
from synth_assets.core.ngrams import UNSEEN

_UNSEEN = re.compile(f"[{UNSEEN}]")


@dataclass(frozen=True)
class Words:
    """The words of texts (see `ngrams.words`), one text's after the other's.

    Attributes:
        points: the texts, folded.
        hashes: uint64, one a word.
        spans: int64, where in `points` each word begins and ends.
        joints: int64, the one code point between each word and the one before it, else 0.
        offsets: int64, where in `hashes` each text begins, and the last ends.
    """

    points: CodePoints
    hashes: npt.NDArray[np.uint64]
    spans: npt.NDArray[np.int64]
    joints: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Words":
        """Read texts."""
        from synth_assets.core.decontaminate.kernels.words import words_of

        points = CodePoints.of(texts, compatible=True, caseless=True)
        hashes = np.empty(len(points.values), np.uint64)
        spans = np.empty((len(points.values), 2), np.int64)
        joints = np.empty(len(points.values), np.int64)
        offsets = np.empty(len(texts) + 1, np.int64)
        table = token_table(Unit.PLAIN_WORDS, points)
        count = words_of(points.values, points.ends, table, hashes, spans, joints, offsets)
        return cls(points, hashes[:count], spans[:count], joints[:count], offsets)

    def __len__(self) -> int:
        return len(self.hashes)

    def word(self, number: int) -> str:
        """A word, by its number."""
        return self.stretch(number, number + 1)

    def stretch(self, begin: int, end: int) -> str:
        """What a text says from one word to before another, folded."""
        if end <= begin:
            return ""
        part = self.points.values[self.spans[begin, 0] : self.spans[end - 1, 1]]
        return _text(part)


def _text(values: "npt.NDArray[np.uint8] | npt.NDArray[np.uint32]") -> str:
    text = values.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return text if text.isascii() else _UNSEEN.sub("", text)
