"""A small language model of some texts: n-grams of words or of characters, open to any text.

It is fitted in a fraction of a second, needs no download, and gives the same figures for the same
texts. Words seen once stand for words never seen, which are spelled by a model of characters; so
every text has a probability, and samples hold new words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.language_model.kneser_ney import KneserNey, Smoothing
from synth_assets.core.language_model.vocabulary import END, UNKNOWN, Encoded, Tokens, Vocabulary

_SPELLING_ORDER = 5
_CODE_POINT_BITS = log2(0x110000)
_UNKNOWN_CHARACTER = "\N{REPLACEMENT CHARACTER}"
_MOST_CELLS = 4_000_000
_MOST_TRIES = 60
_BLOCK_CHARACTERS = 2_000_000
_STRETCH = 16


@dataclass(frozen=True)
class Decoding:
    """How tokens are drawn.

    Attributes:
        temperature: below 1 what is likely becomes likelier, above 1 less likely; above 1, and
            far below, it takes as long as the vocabulary is large.
        best_of: the likeliest of so many draws is taken; 1 is plain sampling.
    """

    temperature: float = 1.0
    best_of: int = 1

    def __post_init__(self) -> None:
        if not self.temperature > 0 or self.best_of < 1:
            raise ValueError("temperature is above 0, and best_of 1 at least")


PLAIN = Decoding()


@dataclass(frozen=True)
class Surprise:
    """How many bits a model needs for texts; one value a text.

    Attributes:
        bits: of the whole text and its end.
        ending: of its end alone.
        stretch: of the worst 16 tokens in a row, or of all where there are fewer; its end apart.
        bytes: of the text in UTF-8.
    """

    bits: NDArray[np.float64]
    ending: NDArray[np.float64]
    stretch: NDArray[np.float64]
    bytes: NDArray[np.int64]

    @property
    def per_byte(self) -> NDArray[np.float64]:
        """Bits per byte; an empty text counts as one byte."""
        return self.bits / np.maximum(self.bytes, 1)


@dataclass(frozen=True)
class TokenBits:
    """How many bits a model needs for each token of texts.

    Attributes:
        bits: of the tokens of one text after the other, the end of each among them.
        starts: where each text begins in `bits`.
    """

    bits: NDArray[np.float64]
    starts: NDArray[np.int64]


_NOTHING = Surprise(np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.int64))


@dataclass(frozen=True)
class NgramModel:
    """Probabilities of texts like those it was fitted on.

    Attributes:
        vocabulary: the tokens it knows.
        chances: of each token after others.
        spelling: of tokens that it does not know; characters are then as likely as each other.
        longest: how many tokens the longest text had.
    """

    vocabulary: Vocabulary
    chances: KneserNey
    spelling: "NgramModel | None"
    longest: int

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        order: int = 3,
        tokens: Tokens = Tokens.WORDS,
        smoothing: Smoothing = Smoothing.KNESER_NEY,
    ) -> "NgramModel":
        """Fit a model; the order of the texts does not matter to what it predicts.

        Args:
            texts: at least one.
            order: how many tokens belong together, 1 to 12.
            tokens: words or characters.
            smoothing: of the counts; words that are spelled are smoothed by Kneser and Ney.

        Raises:
            ValueError: without texts, or for another order.
        """
        if not texts or not 1 <= order <= 12:
            raise ValueError(f"{len(texts)} texts and order {order}: give texts, and 1 to 12")
        # A text that is there twice would leave no word that was seen once, and so nothing unknown.
        vocabulary = Vocabulary.of([*dict.fromkeys(texts)], tokens)
        encoded = vocabulary.encode(texts)
        spelling = None
        if tokens is Tokens.WORDS:
            words = vocabulary.once or tuple(vocabulary.numbers) or ("",)
            spelling = cls.fit(words, _SPELLING_ORDER, Tokens.CHARACTERS)
        longest = int(np.diff(encoded.starts, append=len(encoded.ids)).max()) - 2
        chances = KneserNey.fit(encoded, len(vocabulary), order, smoothing)
        return cls(vocabulary, chances, spelling, longest)

    def surprise(self, texts: Sequence[str]) -> Surprise:
        """How many bits texts take; each is as it would be alone. Takes time as they are long."""
        parts = [self._surprise(block) for block in _blocks(texts)] or [_NOTHING]
        return Surprise(
            np.concatenate([part.bits for part in parts]),
            np.concatenate([part.ending for part in parts]),
            np.concatenate([part.stretch for part in parts]),
            np.concatenate([part.bytes for part in parts]),
        )

    def bits_per_byte(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How surprising each text is, its end included; less for what resembles the texts."""
        return self.surprise(texts).per_byte

    def token_bits(self, texts: Sequence[str]) -> TokenBits:
        """How many bits each token takes, as `Tokens` cuts it, and then the end of its text."""
        bits: list[NDArray[np.float64]] = []
        lengths: list[NDArray[np.int64]] = []
        for block in _blocks(texts):
            encoded = self.vocabulary.encode(block)
            bits.append(np.delete(self._token_bits(encoded), encoded.starts))
            lengths.append(np.diff(encoded.starts, append=len(encoded.ids)) - 1)
        ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths]))
        return TokenBits(np.concatenate([np.empty(0), *bits]), ends[:-1])

    def sample(
        self,
        rng: np.random.Generator,
        n: int,
        *,
        decoding: Decoding = PLAIN,
        max_tokens: int | None = None,
    ) -> list[str]:
        """Write texts.

        Args:
            rng: the same one writes the same texts.
            n: how many.
            decoding: plain sampling, or sharpened.
            max_tokens: texts are cut there; by default twice the longest text fitted on.
        """
        most = 2 * self.longest + 1 if max_tokens is None else max_tokens
        rows = [self._continued(rng, size, decoding, most) for size in _shares(n, len(self))]
        texts = [tokens for row in rows for tokens in row]
        spelled = iter(self._spelled(rng, sum(row.count(UNKNOWN) for row in texts), decoding))
        known = self.vocabulary.known
        return [
            "".join(next(spelled) if token == UNKNOWN else known[token] for token in row)
            for row in texts
        ]

    def __len__(self) -> int:
        return len(self.vocabulary)

    def _surprise(self, texts: Sequence[str]) -> Surprise:
        encoded = self.vocabulary.encode(texts)
        return surprise_of(self._token_bits(encoded), encoded.starts, texts)

    def _token_bits(self, encoded: Encoded) -> NDArray[np.float64]:
        """Bits of each token, the spelling of unknown ones included."""
        bits = -np.log2(self.chances.probabilities(encoded))
        if encoded.unknown:
            bits[encoded.ids == UNKNOWN] += (
                _CODE_POINT_BITS
                if self.spelling is None
                else self.spelling.surprise(encoded.unknown).bits
            )
        return bits

    def _continued(
        self, rng: np.random.Generator, n: int, decoding: Decoding, most: int
    ) -> list[list[int]]:
        """Numbers of tokens of n texts."""
        if decoding.temperature == 1.0:
            kinds = self._unknown_kinds
            rows = self.chances.write(rng, n, most, decoding.best_of, kinds)
            return [_ended(row) for row in rows.tolist()]
        written = np.full((n, most), END)
        going, contexts = np.arange(n), self.chances.start(n)
        for place in range(most):
            tokens = self._drawn(rng, contexts, decoding)
            written[going, place] = tokens
            stays = tokens != END
            going = going[stays]
            if not len(going):
                break
            contexts = self.chances.after(contexts[:, stays], tokens[stays])
        return [_ended(row) for row in written.tolist()]

    def _drawn(
        self, rng: np.random.Generator, contexts: NDArray[np.int64], decoding: Decoding
    ) -> NDArray[np.int64]:
        best = self._tempered(rng, contexts, decoding.temperature)
        if decoding.best_of == 1:
            return best
        chance = self._chance(contexts, best)
        for _ in range(decoding.best_of - 1):
            other = self._tempered(rng, contexts, decoding.temperature)
            found = self._chance(contexts, other)
            best = np.where(found > chance, other, best)
            chance = np.maximum(found, chance)
        return best

    def _tempered(
        self, rng: np.random.Generator, contexts: NDArray[np.int64], temperature: float
    ) -> NDArray[np.int64]:
        drawn = self.chances.draw(contexts, rng)
        if temperature == 1.0:
            return drawn
        waits = np.arange(len(drawn))
        if temperature < 1.0:
            # A draw is taken by its chance to the power of 1 / temperature - 1, over the most that
            # this can be; the few that are never taken are drawn from all chances at once.
            power, most = 1.0 / temperature - 1.0, self.chances.most_likely(contexts)
            for _ in range(_MOST_TRIES):
                here = contexts[:, waits]
                share = (self._chance(here, drawn[waits]) / most[waits]) ** power
                waits = waits[rng.random(len(waits)) >= share]
                if not len(waits):
                    return drawn
                drawn[waits] = self.chances.draw(contexts[:, waits], rng)
        chances = self.chances.distribution(contexts[:, waits])
        chances[:, UNKNOWN] /= self._unknown_kinds
        chances **= 1.0 / temperature
        chances[:, UNKNOWN] *= self._unknown_kinds
        sums = chances.cumsum(axis=1)
        points = rng.random(len(waits)) * sums[:, -1]
        drawn[waits] = (sums > points[:, None]).argmax(axis=1)
        return drawn

    def _chance(
        self, contexts: NDArray[np.int64], tokens: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The probability of a token; for an unknown one, that of one of them."""
        chance = self.chances.likelihood(contexts, tokens)
        return np.where(tokens == UNKNOWN, chance / self._unknown_kinds, chance)

    @property
    def _unknown_kinds(self) -> int:
        """How many tokens the number of unknown tokens stood for."""
        return max(len(self.vocabulary.once), 1)

    def _spelled(self, rng: np.random.Generator, n: int, decoding: Decoding) -> list[str]:
        """So many tokens that the vocabulary does not have."""
        if self.spelling is None or not n:
            return [_UNKNOWN_CHARACTER] * n
        return self.spelling.sample(rng, n, decoding=decoding)


def surprise_of(
    bits: NDArray[np.float64], starts: NDArray[np.int64], texts: Sequence[str]
) -> Surprise:
    """Sum the bits of tokens up, a text at a time.

    Args:
        bits: of the tokens of one text after the other, the last of each being its end.
        starts: where each text begins in `bits`.
        texts: at least one.
    """
    ends = np.append(starts[1:], len(bits)) - 1
    inside = bits.copy()
    inside[ends] = 0.0
    sums = np.concatenate(([0.0], np.cumsum(inside)))
    places = np.arange(len(bits)) + 1
    own = np.repeat(starts, np.diff(starts, append=len(bits)))
    behind = sums[places] - sums[np.maximum(places - _STRETCH, own)]
    return Surprise(
        np.add.reduceat(bits, starts),
        bits[ends],
        np.maximum.reduceat(behind, starts),
        np.array([len(text.encode("utf-8", "surrogatepass")) for text in texts], np.int64),
    )


def _ended(row: list[int]) -> list[int]:
    """Tokens up to the end of their text."""
    return row[: row.index(END)] if END in row else row


def _blocks(texts: Sequence[str]) -> list[Sequence[str]]:
    """Texts in turn, so few at once that memory stays bounded."""
    blocks: list[Sequence[str]] = []
    first = size = 0
    for place, text in enumerate(texts):
        if size and size + len(text) > _BLOCK_CHARACTERS:
            blocks.append(texts[first:place])
            first, size = place, 0
        size += len(text) + 1
    return [*blocks, texts[first:]] if len(texts) else []


def _shares(n: int, size: int) -> list[int]:
    """So many texts at once that a row of probabilities for each fits into memory."""
    most = max(_MOST_CELLS // size, 1)
    return [min(most, n - first) for first in range(0, n, most)]
