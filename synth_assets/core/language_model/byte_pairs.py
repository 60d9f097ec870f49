"""Texts as byte pairs: tokens of every text there can be, learnt from some.

Sennrich et al., 2016, «Neural Machine Translation of Rare Words with Subword Units», over bytes; no
token reaches over the border of a word as `Tokens.WORDS` cuts it.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synth_assets.core.language_model.vocabulary import Tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END = 0
"""The token that ends a text."""

_END_TEXT = "<end>"


@dataclass(frozen=True)
class EncodedPairs:
    """Texts as one row of numbers, each text with `END` behind it.

    Attributes:
        ids: of tokens.
        starts: where each text begins in `ids`.
        words: of each token the word that it belongs to, counted over all texts; the end of a text
            is a word of its own.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    words: NDArray[np.int64]


@dataclass(frozen=True)
class BytePairs:
    """A vocabulary of byte pairs."""

    tokenizer: "Tokenizer"

    @classmethod
    def of(cls, texts: Iterable[str], size: int = 1_024) -> "BytePairs":
        """Learn so many tokens; there are 257 at least, the bytes and the end."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[_END_TEXT],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator((list(Tokens.WORDS.of(text)) for text in texts), trainer)
        return cls(tokenizer)

    def __len__(self) -> int:
        return self.tokenizer.get_vocab_size()

    def encode(self, texts: Sequence[str]) -> EncodedPairs:
        """Number the tokens of texts."""
        words = [list(Tokens.WORDS.of(text)) for text in texts]
        ids, numbers, starts, before = list[int](), list[int](), list[int](), 0
        for cut, found in zip(
            words, self.tokenizer.encode_batch(words, is_pretokenized=True), strict=True
        ):
            starts.append(len(ids))
            ids += [*found.ids, END]
            numbers += [before + (number or 0) for number in found.word_ids]
            before += len(cut) + 1
            numbers.append(before - 1)
        return EncodedPairs(
            np.array(ids, np.int64), np.array(starts, np.int64), np.array(numbers, np.int64)
        )

    def decode(self, ids: Sequence[int]) -> str:
        """The text up to its end."""
        stop = ids.index(END) if END in ids else len(ids)
        return self.tokenizer.decode(list(ids[:stop]))
