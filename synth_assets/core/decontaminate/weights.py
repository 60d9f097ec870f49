"""What speaks for an item in other words, and against it, in logarithms of odds.

Weights of a logistic regression on recorded rephrasings and human rows; `docs/decontamination.md`
says on which, and what came of it on others.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """Of one kind of items.

    Attributes:
        bias: of a stretch and an item that are held against each other.
        rarity: of a shared word, times the logarithm of how rare it is among items.
        shared: of a shared word.
        missing: of a word of the item that the stretch lacks.
        extra: of a word of the stretch that the item lacks.
        number_rarity: as of words.
        number_shared: as of words.
        number_missing: as of words.
        number_extra: as of words; of each number once.
        uncorroborated: where fewer than two numbers are shared, or fewer than two of three.
        shape: of a program's likeness, 0..1.
        cosine: of the cosine between vectors, less `usual_cosine`.
        usual_cosine: at which it speaks neither for the item nor against it.
    """

    bias: float
    rarity: float
    shared: float
    missing: float
    extra: float
    number_rarity: float = 0.0
    number_shared: float = 0.0
    number_missing: float = 0.0
    number_extra: float = 0.0
    uncorroborated: float = 0.0
    shape: float = 0.0
    cosine: float = 0.0
    usual_cosine: float = 0.0

    @property
    def most_beside_words(self) -> float:
        """The most that programs and vectors can add to what words and numbers say."""
        return self.shape * _USUAL_LIKENESS + self.cosine * (1 - self.usual_cosine)


_USUAL_LIKENESS = 0.5
"""Programs that are more alike than that share words enough."""

PROSE = Weights(
    bias=-2.7,
    rarity=0.43,
    shared=-0.7,
    missing=-0.2,
    extra=-0.05,
    number_rarity=0.38,
    number_shared=-0.4,
    number_missing=-1.5,
    number_extra=-1.3,
    uncorroborated=-5,
)
PROSE_WITH_VECTORS = Weights(
    bias=-2.1,
    rarity=0.25,
    shared=-0.38,
    missing=-0.08,
    extra=-0.02,
    number_rarity=0.4,
    number_shared=-0.3,
    number_missing=-0.9,
    number_extra=-1.3,
    uncorroborated=-4.0,
    cosine=16.0,
    usual_cosine=0.75,
)

# Whoever rephrases a task of programming changes the numbers of its examples.
CODE = Weights(bias=-4.9, rarity=0.2, shared=0.1, missing=-0.36, extra=-0.02, shape=8.0)
CODE_WITH_VECTORS = Weights(
    bias=-2.4,
    rarity=0.05,
    shared=0.2,
    missing=-0.2,
    extra=-0.02,
    shape=5.6,
    cosine=8.8,
    usual_cosine=0.6,
)
