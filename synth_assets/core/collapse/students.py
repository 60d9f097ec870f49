"""Students: small models that are trained on a set in seconds, to see what it would make of one.

Which sets harm, and about in which order, a small student tells as a large one does; by how much,
it does not. `NgramStudents` is the default; anything else that is fitted, reads and writes will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.collapse.rarity import Tail
from synth_assets.core.language_model.kneser_ney import Smoothing
from synth_assets.core.language_model.ngram import Decoding, NgramModel, Surprise, TokenBits
from synth_assets.core.language_model.vocabulary import Tokens

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RareBits:
    """Bits that a student needs for rare tokens.

    Attributes:
        bits: of the rare tokens of each text.
        tokens: how many rare tokens each text has.
    """

    bits: Floats
    tokens: Floats


@dataclass(frozen=True)
class Read:
    """What a student needs for texts; one value a text.

    Attributes:
        bits: of the whole text and its end.
        bytes: of the text in UTF-8.
        rare: of its rare tokens; none if the student does not know tokens.
    """

    bits: Floats
    bytes: Floats
    rare: RareBits | None


class Student(Protocol):
    """A model that was trained on texts."""

    def surprise(self, texts: Sequence[str]) -> Surprise:
        """How many bits texts take, one value a text."""
        ...

    def read(self, texts: Sequence[str], tail: Tail) -> Read:
        """How many bits texts and their rare tokens take, one value a text."""
        ...

    def write(
        self, rng: np.random.Generator, n: int, decoding: Decoding, most_tokens: int | None
    ) -> list[str]:
        """Write n texts; the same generator writes the same ones."""
        ...


def read_of(found: TokenBits, marks: NDArray[np.bool_], texts: Sequence[str]) -> Read:
    """Sum bits up by text.

    Args:
        found: of each token of the texts, the end of each among them.
        marks: which of these are rare.
        texts: at least one.
    """
    rare = RareBits(
        np.add.reduceat(np.where(marks, found.bits, 0.0), found.starts),
        np.add.reduceat(marks.astype(np.float64), found.starts),
    )
    sizes = [len(text.encode("utf-8", "surrogatepass")) for text in texts]
    return Read(np.add.reduceat(found.bits, found.starts), np.array(sizes, np.float64), rare)


class Students(Protocol):
    """Trains students of one kind."""

    @property
    def kind(self) -> str:
        """Name and parameters: figures of other kinds do not compare."""
        ...

    def fit(self, texts: Sequence[str], seed: int) -> Student:
        """Train one on at least one text."""
        ...


@dataclass(frozen=True)
class NgramStudent:
    """An n-gram model as a student."""

    model: NgramModel

    def surprise(self, texts: Sequence[str]) -> Surprise:
        """See `Student`."""
        return self.model.surprise(texts)

    def read(self, texts: Sequence[str], tail: Tail) -> Read:
        """See `Student`."""
        found = self.model.token_bits(texts)
        return read_of(found, tail.marks(texts), texts)

    def write(
        self, rng: np.random.Generator, n: int, decoding: Decoding, most_tokens: int | None = None
    ) -> list[str]:
        """See `Student`; no text gets longer than the longest that the model saw, or as told."""
        most = self.model.longest if most_tokens is None else most_tokens
        return self.model.sample(rng, n, decoding=decoding, max_tokens=most)


@dataclass(frozen=True)
class NgramStudents:
    """N-grams of words; unknown words are spelled.

    Attributes:
        order: how many words belong together.
        smoothing: interpolated modified Kneser-Ney, or plain frequencies.
    """

    order: int = 3
    smoothing: Smoothing = Smoothing.KNESER_NEY

    @property
    def kind(self) -> str:
        """See `Students`."""
        plain = self.smoothing is Smoothing.FREQUENCIES
        return f"{self.order}-gram" + (" of frequencies" if plain else "")

    def fit(self, texts: Sequence[str], seed: int = 0) -> NgramStudent:
        """See `Students`; no seed plays a part."""
        del seed
        return NgramStudent(NgramModel.fit(texts, self.order, Tokens.WORDS, self.smoothing))


BY_FREQUENCY = NgramStudents(2, Smoothing.FREQUENCIES)
"""Students to rank sets by: they lose where rows repeat or tell of something else, as models that
are trained by going through all rows do. Kneser and Ney's count what a word stands after, not how
often, and hardly notice."""
