"""Tokens of training rows, by a user's tokenizer or one that comes along. Nothing is downloaded."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from synth_assets.core.export.turns import asked, earlier
from synth_assets.errors import ConfigurationError
from synth_assets.resources.token_counts import bundled_encoding

if TYPE_CHECKING:
    from tiktoken import Encoding
    from tokenizers import Tokenizer

_BATCH = 4_096
_GIVE = "Give a tokenizer.json as the library `tokenizers` saves it."


class TokenCounter(Protocol):
    """Counts tokens of texts, without those that a chat template adds."""

    @property
    def name(self) -> str:
        """What people call it; of a file with the beginning of its digest."""
        ...

    def counts(self, texts: Sequence[str], /) -> list[int]:
        """Tokens of each text."""
        ...


def open_tokenizer(file: Path | None = None) -> TokenCounter:
    """Open what counts.

    Args:
        file: a `tokenizer.json`; without one, the encoding cl100k_base.

    Raises:
        ConfigurationError: if the file is not there or is no such tokenizer.
    """
    if file is None:
        return _Bundled(bundled_encoding())
    if not file.is_file():
        raise ConfigurationError(f"{file}: there is no such tokenizer. {_GIVE}")
    from tokenizers import Tokenizer

    try:
        opened = Tokenizer.from_file(str(file))
    except Exception as exc:  # the library raises nothing narrower
        raise ConfigurationError(f"{file}: is no tokenizer: {exc}. {_GIVE}") from exc
    opened.no_truncation()
    opened.no_padding()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return _OfUser(opened, f"{file.name} (sha256 {digest[:12]})")


def token_counts(rows: pl.DataFrame, counter: TokenCounter) -> pl.Series:
    """Tokens of every row: of all its turns, the answer's among them.

    Of a preference pair the better answer is counted.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        counter: see `open_tokenizer`.

    Returns:
        Whole numbers named `tokens`, in the order of the rows.
    """
    parts = token_parts(rows, counter)
    return (parts["prompt"] + parts["response"]).alias("tokens")


def token_parts(rows: pl.DataFrame, counter: TokenCounter) -> pl.DataFrame:
    """Tokens of what is asked, with the chat before it, and of the answer.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        counter: see `open_tokenizer`.

    Returns:
        Whole numbers `prompt` and `response`, in the order of the rows.
    """
    before = earlier(rows).to_frame().with_row_index("row").explode("earlier", empty_as_null=False)
    before = before.select("row", pl.col("earlier").struct.field("content"))
    spoken = before.select("row", tokens=_counted(before["content"], counter))
    of_chats = spoken.group_by("row").agg(pl.col("tokens").sum())
    counts = pl.DataFrame(
        {"asked": _counted(asked(rows), counter), "response": _counted(rows["response"], counter)}
    )
    joined = counts.with_row_index("row").join(of_chats, "row", "left", maintain_order="left")
    return joined.select(
        (pl.col("asked") + pl.col("tokens").fill_null(0)).alias("prompt"), "response"
    )


def _counted(texts: pl.Series, counter: TokenCounter) -> pl.Series:
    return pl.Series(counter.counts(texts.to_list()), dtype=pl.Int64)


class _Bundled:
    """An encoding of tiktoken."""

    def __init__(self, encoding: "Encoding") -> None:
        self._encoding = encoding

    @property
    def name(self) -> str:
        return self._encoding.name

    def counts(self, texts: Sequence[str], /) -> list[int]:
        # One thread: with more, waiting for the interpreter costs more than they save.
        encode = self._encoding.encode_to_numpy
        return [len(encode(text, disallowed_special=())) for text in texts]


class _OfUser:
    """A tokenizer of the library `tokenizers`, which uses all cores."""

    def __init__(self, tokenizer: "Tokenizer", name: str) -> None:
        self._tokenizer, self._name = tokenizer, name

    @property
    def name(self) -> str:
        return self._name

    def counts(self, texts: Sequence[str], /) -> list[int]:
        told = list[int]()
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            told += map(len, self._tokenizer.encode_batch_fast(batch, add_special_tokens=False))
        return told
