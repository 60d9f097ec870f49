"""What students and what they write are held against: real text that nobody trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.collapse.drawing import drawn
from synth_assets.core.collapse.intervals import Interval, paired_difference
from synth_assets.core.collapse.rarity import Tail
from synth_assets.core.collapse.students import Student
from synth_assets.core.diversity.formulas import compression_ratio, distinct_n, words_of
from synth_assets.core.diversity.vendi import vendi_score
from synth_assets.core.diversity.wording import told_apart, word_similarities

Floats = NDArray[np.float64]

WORDS_COMPARED = 20_000
"""Distinct n-grams, compression and the tail depend on how much there is: so much is looked at."""

TEXTS_COMPARED = 300
"""The Vendi score and the classifier are taken of so many."""


@dataclass(frozen=True)
class Loss:
    """What a student needs for the same documents as other students.

    Attributes:
        bits: one value a document.
        sizes: bytes, or rare tokens; of the same documents.
    """

    bits: Floats
    sizes: Floats

    @property
    def value(self) -> float:
        """Bits per unit of size."""
        return float(self.bits.sum() / max(self.sizes.sum(), 1.0))

    def above(self, other: "Loss", seed: int = 0) -> Interval:
        """How much more this student needs than another, over the same documents."""
        return paired_difference(self.bits, other.bits, self.sizes, seed)


@dataclass(frozen=True)
class Reading:
    """What a student makes of real text.

    Attributes:
        held_out: of text like that it should have learnt; bits a byte.
        out_of_domain: of other real text, if there is some; bits a byte.
        rare: of the rare tokens of the first, if the student knows tokens; bits a token.
    """

    held_out: Loss
    out_of_domain: Loss | None
    rare: Loss | None


@dataclass(frozen=True)
class Texture:
    """What texts are like, at equal amounts of text.

    Attributes:
        distinct_2: different word pairs over all.
        compression: bytes over compressed bytes.
        vendi: how many different texts there are in effect, of `TEXTS_COMPARED`.
        tail_coverage: share of the rare tokens of real text that they hold.
        auc: how well a classifier tells them from real text; .5 is not at all; none if not asked.
        mean_words: a text.
    """

    distinct_2: float
    compression: float
    vendi: float
    tail_coverage: float
    auc: float | None
    mean_words: float


@dataclass(frozen=True)
class Yard:
    """Real text, and what follows from it.

    Attributes:
        held_out: real texts like those to be learnt; nobody trains on them.
        out_of_domain: real texts of another kind; may be none.
        tail: rare tokens of the held-out texts.
        seed: of every draw.
    """

    held_out: tuple[str, ...]
    out_of_domain: tuple[str, ...]
    tail: Tail
    seed: int = 0

    @classmethod
    def of(
        cls, held_out: Sequence[str], out_of_domain: Sequence[str] = (), seed: int = 0
    ) -> "Yard":
        """Make one from real texts.

        Raises:
            ValueError: without held-out texts, or if nothing in them is rare.
        """
        tail = Tail.of(held_out)
        if not tail.tokens:
            raise ValueError(
                f"{len(held_out)} held-out texts are too few to find rare words in; give more"
            )
        return cls(tuple(held_out), tuple(out_of_domain), tail, seed)

    def read(self, student: Student) -> Reading:
        """Let a student read."""
        read = student.read(self.held_out, self.tail)
        return Reading(
            Loss(read.bits, read.bytes),
            _loss(student, self.out_of_domain) if self.out_of_domain else None,
            None if read.rare is None else Loss(read.rare.bits, read.rare.tokens),
        )

    def loss(self, student: Student) -> Loss:
        """What a student needs for the held-out texts."""
        return _loss(student, self.held_out)

    def vendi(self, texts: Sequence[str]) -> float:
        """How many different texts there are in effect, of `TEXTS_COMPARED` drawn."""
        rng = np.random.default_rng(self.seed)
        return vendi_score(word_similarities(drawn(texts, rng, TEXTS_COMPARED)))

    def texture(self, texts: Sequence[str], *, tell_apart: bool = False) -> Texture:
        """Look at what was written, or at a training set.

        Args:
            texts: at least one.
            tell_apart: ask a classifier, too, which takes longer than all else.

        Raises:
            ValueError: without texts.
        """
        shuffled = drawn(texts, np.random.default_rng(self.seed))
        amount = _leading_words(shuffled, WORDS_COMPARED)
        some = shuffled[:TEXTS_COMPARED]
        return Texture(
            distinct_n(amount, 2) or 0.0,
            compression_ratio(amount) or 1.0,
            vendi_score(word_similarities(some)),
            self.tail.coverage(amount),
            told_apart(self.held_out[:TEXTS_COMPARED], some, self.seed) if tell_apart else None,
            float(np.mean([len(words_of(text)) for text in texts])),
        )


def _loss(student: Student, texts: Sequence[str]) -> Loss:
    found = student.surprise(texts)
    return Loss(found.bits, found.bytes.astype(np.float64))


def _leading_words(texts: Sequence[str], words: int) -> list[str]:
    """Texts from the first on until they have so many words together."""
    amount, taken = 0, list[str]()
    for text in texts:
        if amount >= words:
            break
        taken.append(text)
        amount += len(words_of(text))
    return taken
