"""Signatures as frames, so that they can be kept and used again for the rows they were made of."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.signatures import KeptSketches, Signatures
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.dedup.stage import compared_texts
from synth_assets.core.fingerprint import fingerprint

SIGNATURE_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "text_hash": pl.UInt64,  # of what of the row is compared
        "rule": pl.String,  # see `sketch_fingerprint`
        "exact": pl.Binary,  # 16 bytes: two uint64, see `Sketches.exact`
        "signature": pl.Binary,  # 4 bytes a permutation: uint32, see `Sketches.signatures`
    }
)
"""A row a sample. Numbers stand with their lowest byte first."""

_PROBES = (
    "The quick brown Fox jumps, x_1 += 2!",
    "\ufb01ve \uff26\uff2f\uff38ES\u200b, «schnelle Füchse», 狐狸 キツネ จิ้งจอก: नमस्ते",
)
_KEY = ("sample_id", "text_hash")


@dataclass(frozen=True)
class Gathered:
    """Sketches of rows, taken from frames where they are there.

    Attributes:
        sketches: of all rows, in their order.
        reused: how many were taken.
        made: how many were made anew, as no frame had them by this rule and of this text.
    """

    sketches: KeptSketches
    reused: int
    made: int


def sketch_fingerprint(rule: DedupRule) -> str:
    """Identity of what a rule makes of any text: 16 hexadecimal digits.

    Part of it are sketches of two texts, so that other code or other Unicode tables than those at
    hand have another.
    """
    exact, shingling = vars(rule.exact), [rule.shingling.unit.value, rule.shingling.size]
    said = [exact, shingling, rule.near, rule.banding.permutations, unicodedata.unidata_version]
    probes = [rule.sketch([text]) for text in _PROBES]
    parts = [(probe.exact, probe.signatures, probe.shingles.hashes) for probe in probes]
    return fingerprint([said, [[each.tobytes().hex() for each in part] for part in parts]])[:16]


def signature_frame(samples: pl.DataFrame, rule: DedupRule) -> pl.DataFrame:
    """Sketch samples, to keep.

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        rule: that sketches are made by.

    Returns:
        A row a sample, in their order, columns of `SIGNATURE_SCHEMA`.
    """
    texts = compared_texts(samples)
    return frame_of_signatures(samples["sample_id"], texts, Signatures.of(texts, rule), rule)


def frame_of_signatures(
    ids: pl.Series, texts: Sequence[str], signatures: Signatures, rule: DedupRule
) -> pl.DataFrame:
    """Lay signatures out as a frame of `SIGNATURE_SCHEMA`.

    Args:
        ids: of the rows.
        texts: of which the signatures were made.
        signatures: of the rows.
        rule: that they were made by.
    """
    columns = [
        ids,
        text_hashes(texts),
        pl.repeat(sketch_fingerprint(rule), len(texts), eager=True),
        _cells(signatures.exact.astype("<u8", copy=False)),
        _cells(signatures.values.astype("<u4", copy=False)),
    ]
    return pl.DataFrame(dict(zip(SIGNATURE_SCHEMA, columns, strict=True)), SIGNATURE_SCHEMA)


def signatures_of_frame(frame: pl.DataFrame, rule: DedupRule) -> Signatures:
    """Read what `frame_of_signatures` laid out by the same rule, in the order of the rows."""
    exact = np.frombuffer(_bytes(frame["exact"]), "<u8").reshape(-1, 2)
    values = np.frombuffer(_bytes(frame["signature"]), "<u4")
    values = values.reshape(frame.height, rule.banding.permutations)
    return Signatures(exact.astype(np.uint64, copy=False), values.astype(np.uint32, copy=False))


def gather_sketches(
    samples: pl.DataFrame,
    kept: Sequence[pl.DataFrame],
    rule: DedupRule,
    more: Sequence[str] = (),
) -> Gathered:
    """Find the sketches of samples among those that were kept, and make what is missing.

    A sketch is taken if its id, its text and its rule are the row's. In the worst case, frames of
    other rows or by another rule, all are made.

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        kept: what `signature_frame` made, of any rows; quickest in the order of `samples`.
        rule: that sketches are made by.
        more: texts whose sketches are wanted behind those of the samples; they are made.
    """
    texts = compared_texts(samples)
    wanted = sketch_fingerprint(rule)
    usable = [frame for frame in kept if _is_by(frame, wanted)]
    places = _places(pl.DataFrame([samples["sample_id"], text_hashes(texts)]), usable)
    missing = np.flatnonzero(places < 0)
    to_make = [*(texts[row] for row in missing.tolist()), *more]
    parts = [signatures_of_frame(frame, rule) for frame in usable]
    places[missing] = sum(len(part.exact) for part in parts) + np.arange(len(missing))
    every = Signatures.joined([*parts, Signatures.of(to_make, rule)])
    behind = np.arange(len(every.exact) - len(more), len(every.exact))
    places = np.concatenate([places, behind])
    if not np.array_equal(places, np.arange(len(every.exact))):
        every = every.some(places)
    sketches = KeptSketches(every, [*texts, *more], rule)
    return Gathered(sketches, samples.height - len(missing), len(missing))


def _is_by(frame: pl.DataFrame, rule: str) -> bool:
    if frame.is_empty() or frame.schema != SIGNATURE_SCHEMA:
        return False
    return bool((frame["rule"] == rule).all())


def _places(rows: pl.DataFrame, usable: Sequence[pl.DataFrame]) -> Int64s:
    """Where among all rows of frames each row is; -1 where it is not."""
    known = pl.concat([rows.clear(), *(frame.select(_KEY) for frame in usable)])
    numbered = known.with_row_index("place").unique(_KEY, keep="first")
    found = rows.join(numbered, on=_KEY, how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy(writable=True)


def text_hashes(texts: Sequence[str]) -> pl.Series:
    """64 bits of each text, the column `text_hash`: quick, and no proof against an adversary."""
    # As bytes, since a chat may hold half of a surrogate pair.
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return pl.Series("text_hash", encoded, dtype=pl.Binary).hash()


def _cells(rows: npt.NDArray[np.unsignedinteger]) -> pl.Series:
    """Each row of numbers as the bytes of one cell."""
    width = rows.shape[1] * rows.itemsize
    if not rows.size:
        return pl.repeat(b"", len(rows), dtype=pl.Binary, eager=True)
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, width)))
    return pl.Series(whole.ravel().tolist(), dtype=pl.Binary)


def _bytes(cells: pl.Series) -> bytes:
    return b"".join(cells.to_list())
