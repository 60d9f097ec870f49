"""A small GPT as a student: far slower than n-grams, and nearer to what is trained at last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from synth_assets.core.collapse.rarity import Tail
from synth_assets.core.collapse.students import Read, read_of
from synth_assets.core.language_model.byte_pairs import BytePairs
from synth_assets.core.language_model.gpt import USUAL_SHAPE, GptModel, GptShape
from synth_assets.core.language_model.ngram import Decoding, Surprise, TokenBits, surprise_of


@dataclass(frozen=True)
class GptStudent:
    """A GPT that was trained on texts."""

    model: GptModel

    def surprise(self, texts: Sequence[str]) -> Surprise:
        """See `Student`."""
        encoded = self.model.pairs.encode(texts)
        bits = self.model.token_bits(encoded.ids, encoded.starts)
        return surprise_of(bits, encoded.starts, texts)

    def read(self, texts: Sequence[str], tail: Tail) -> Read:
        """See `Student`; a rare word takes the bits of all its byte pairs."""
        encoded = self.model.pairs.encode(texts)
        bits = self.model.token_bits(encoded.ids, encoded.starts)
        marks = tail.marks(texts)
        of_words = np.bincount(encoded.words, bits, minlength=len(marks)).astype(np.float64)
        return read_of(TokenBits(of_words, encoded.words[encoded.starts]), marks, texts)

    def write(
        self, rng: np.random.Generator, n: int, decoding: Decoding, most_tokens: int | None
    ) -> list[str]:
        """See `Student`; no text is longer than what the network sees at once."""
        return self.model.write(rng, n, decoding, most_tokens)


@dataclass(frozen=True)
class GptStudents:
    """Trains small GPTs that share their tokens.

    Attributes:
        pairs: that texts are cut into.
        shape: of the networks.
    """

    pairs: BytePairs
    shape: GptShape = USUAL_SHAPE

    @classmethod
    def of(cls, texts: Iterable[str], shape: GptShape = USUAL_SHAPE) -> "GptStudents":
        """With tokens learnt from texts, which should be real ones."""
        return cls(BytePairs.of(texts), shape)

    @property
    def kind(self) -> str:
        """See `Students`."""
        shape = self.shape
        return f"GPT of {shape.layers} layers by {shape.width}, {shape.tokens:,} tokens"

    def fit(self, texts: Sequence[str], seed: int = 0) -> GptStudent:
        """See `Students`."""
        return GptStudent(GptModel.fit(texts, self.pairs, self.shape, seed))
