"""Vectors of texts, kept from one run to the next: an embedder takes milliseconds for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from synth_assets.core.dedup.frames import text_hashes
from synth_assets.core.dedup.join import Int64s
from synth_assets.core.embedding.protocol import Embedder, Progress, Vectors
from synth_assets.resources.frames import read_frame, write_frame

VECTOR_SCHEMA = pl.Schema(
    {
        "text_hash": pl.UInt64,  # see `frames.text_hashes`
        "embedder": pl.String,  # see `Embedder.name`
        "vector": pl.Binary,  # float32, lowest byte first
    }
)


@dataclass(frozen=True)
class Embedded:
    """Vectors of texts.

    Attributes:
        vectors: a row a text.
        embedder: that made them.
        reused: how many were there.
        made: how many were not.
    """

    vectors: Vectors
    embedder: str
    reused: int
    made: int


def embed_kept(
    path: Path, embedder: Embedder, texts: Sequence[str], on_progress: Progress | None = None
) -> Embedded:
    """Embed texts, but for those whose vectors are kept; keep those of these texts, no others.

    Nothing is kept of an embedder that looks at all texts at once.

    Args:
        path: of the file that keeps them.
        embedder: makes vectors.
        texts: any.
        on_progress: see `Embedder.embed`.

    Raises:
        SynthError: if the texts cannot be embedded.
    """
    if embedder.looks_at_others:
        return Embedded(embedder.embed(texts, on_progress), embedder.name, 0, len(texts))
    hashes = text_hashes(texts)
    kept = _Kept.read(path, embedder.name)
    places = kept.places(hashes)
    missing: list[int] = np.flatnonzero(places < 0).tolist()
    made = embedder.embed([texts[row] for row in missing], on_progress)
    if missing and len(kept.vectors) and made.shape[1] != kept.vectors.shape[1]:
        # One name, but another model behind it.
        path.unlink()
        return embed_kept(path, embedder, texts, on_progress)
    every = np.concatenate([part for part in (kept.vectors, made) if len(part)] or [made])
    places[missing] = len(every) - len(missing) + np.arange(len(missing))
    vectors = every[places]
    _keep(path, embedder.name, hashes, vectors)
    return Embedded(vectors, embedder.name, len(texts) - len(missing), len(missing))


@dataclass(frozen=True)
class _Kept:
    """Vectors that a file keeps of one embedder.

    Attributes:
        hashes: of their texts, each once.
        vectors: a row a text.
    """

    hashes: pl.Series
    vectors: Vectors

    @classmethod
    def read(cls, path: Path, embedder: str) -> "_Kept":
        """What a file has; nothing where there is none, or one of another form."""
        found = read_frame(path) if path.exists() else VECTOR_SCHEMA.to_frame()
        if found.schema != VECTOR_SCHEMA:
            found = VECTOR_SCHEMA.to_frame()
        found = found.filter(pl.col("embedder") == embedder)
        numbers = np.frombuffer(b"".join(found["vector"].to_list()), "<f4")
        vectors = numbers.reshape(found.height, len(numbers) // max(found.height, 1))
        return cls(found["text_hash"], vectors.astype(np.float32, copy=False))

    def places(self, hashes: pl.Series) -> Int64s:
        """Where in `vectors` the vector of each text is; -1 where it is not."""
        numbered = pl.DataFrame({"text_hash": self.hashes}).with_row_index("place")
        wanted = pl.DataFrame({"text_hash": hashes})
        found = wanted.join(numbered, on="text_hash", how="left", maintain_order="left")
        return found["place"].cast(pl.Int64).fill_null(-1).to_numpy(writable=True)


def _keep(path: Path, embedder: str, hashes: pl.Series, vectors: Vectors) -> None:
    cells = pl.Series([row.tobytes() for row in vectors.astype("<f4", copy=False)], dtype=pl.Binary)
    columns = [hashes, pl.repeat(embedder, len(cells), eager=True), cells]
    frame = pl.DataFrame(dict(zip(VECTOR_SCHEMA, columns, strict=True)), VECTOR_SCHEMA)
    write_frame(path, frame.unique("text_hash", maintain_order=True))
