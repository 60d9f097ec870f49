"""What makes vectors of texts, so that texts of like meaning are near each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
"""A row for each text; a row has length 1, or is zero."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told now and then how many texts are done, of how many."""


class Embedder(Protocol):
    """Makes vectors of texts.

    **A text without anything that the embedder knows has a row of zeros**: an empty text, blanks, a
    script that its vocabulary lacks. A row of zeros resembles nothing, not even another one; which
    texts are equal is told without vectors. Equal texts have equal rows, whatever stands between
    them.
    """

    @property
    def name(self) -> str:
        """Identity: embedders of one name make the same vectors of the same texts."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a row; 0 while nobody knows it, before the first text is embedded."""
        ...

    @property
    def looks_at_others(self) -> bool:
        """Whether a text's row depends on the other texts given: then it cannot be kept by text."""
        ...

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """One row for each text, float32.

        Raises:
            SynthError: if the texts cannot be embedded.
        """
        ...


@dataclass(frozen=True)
class Distinct:
    """Texts without their repetitions.

    Attributes:
        texts: each once, in the order of their first places; what UTF-8 cannot say, halves of
            surrogate pairs, is U+FFFD.
        places: for each of the texts given where in `texts` it stands; -1 for blank ones.
    """

    texts: tuple[str, ...]
    places: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Distinct":
        """Leave out blank texts and repetitions."""
        numbers: dict[str, int] = {}
        places = np.full(len(texts), -1, np.int64)
        for row, text in enumerate(texts):
            if text and not text.isspace():
                places[row] = numbers.setdefault(_sayable(text), len(numbers))
        return cls(tuple(numbers), places)

    def spread(self, vectors: Vectors) -> Vectors:
        """Rows of the distinct texts as rows of all texts, zeros for blank ones."""
        if len(self.places) == len(self.texts):
            return vectors
        rows = np.zeros((len(self.places), vectors.shape[1]), np.float32)
        there = self.places >= 0
        rows[there] = vectors[self.places[there]]
        return rows


def _sayable(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def unit_rows(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Scale rows to length 1; rows of zeros stay."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return (vectors / np.where(lengths > 0, lengths, 1.0)[:, None]).astype(np.float32)
