"""Real words in their real order, as arrays that corpora of any size are drawn from.

The words are those of `real_rows`: instructions, questions, answers, passages, of people and of
models. Each has four spellings that a reader takes for the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchmarks.real_rows import real_rows
from synth_assets.core.ngrams import words_and_symbols

SPELLINGS = 4
"""As it stands, upper case, lower case, with a comma behind."""

_LONGEST_WORD = 40

Ints = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Source:
    """The words of all texts, one text after the other.

    Attributes:
        stream: int32, number of each word in the vocabulary.
        spelled: bytes of all spellings; those of word w are numbers 4w to 4w + 3.
        spelled_at: where each spelling begins, and the end.
        tokens: numbers of the tokens (see `words_and_symbols`) that the words are cut into.
        tokens_at: where those of each word begin, and the end.
    """

    stream: Ints
    spelled: Bytes
    spelled_at: Offsets
    tokens: Ints
    tokens_at: Offsets

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Source":
        """Cut texts at white space; words without a letter, digit or symbol are passed over."""
        numbers: dict[str, int] = {}
        entries: list[_Word] = []
        stream: list[int] = []
        refused: set[str] = set()
        for text in texts:
            for spelling in text.split():
                number = numbers.get(spelling)
                if number is None and spelling not in refused:
                    if entry := _Word.of(spelling):
                        number = numbers[spelling] = len(entries)
                        entries.append(entry)
                    else:
                        refused.add(spelling)
                if number is not None:
                    stream.append(number)
        return cls(np.array(stream, np.int32), *_laid_out(entries))

    @classmethod
    def real(cls) -> "Source":
        """All distinct texts of the test data.

        Raises:
            FileNotFoundError: if the test data are not there.
        """
        texts = dict.fromkeys(text for row in real_rows() for text in (row.prompt, row.response))
        return cls.of(list(texts))

    @cached_property
    def words(self) -> int:
        """Size of the vocabulary."""
        return len(self.tokens_at) - 1


@dataclass(frozen=True)
class _Word:
    spellings: tuple[bytes, ...]
    tokens: tuple[str, ...]

    @classmethod
    def of(cls, word: str) -> "_Word | None":
        # What cannot be printed may be cut otherwise by other tokenizers.
        if len(word) > _LONGEST_WORD or not word.isprintable():
            return None
        tokens = words_and_symbols(word)
        if not tokens or words_and_symbols(f"a {word} b") != ["a", *tokens, "b"]:
            return None
        spelled = (word, word.upper(), word.lower(), f"{word},")
        alike = (each if words_and_symbols(each) == tokens else word for each in spelled)
        return cls(tuple(each.encode() for each in alike), tuple(tokens))


def _laid_out(entries: Sequence[_Word]) -> tuple[Bytes, Offsets, Ints, Offsets]:
    numbers: dict[str, int] = {}
    spelled = [spelling for entry in entries for spelling in entry.spellings]
    tokens = [
        numbers.setdefault(token, len(numbers)) for entry in entries for token in entry.tokens
    ]
    return (
        np.frombuffer(b"".join(spelled), np.uint8),
        _offsets([len(spelling) for spelling in spelled]),
        np.array(tokens, np.int32),
        _offsets([len(entry.tokens) for entry in entries]),
    )


def _offsets(lengths: Sequence[int]) -> Offsets:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
