"""Exact duplicates: rows that are equal to a reader, by a hash of what they show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.code_points import CodePoints, text_table


@dataclass(frozen=True)
class ExactRule:
    """What two texts may differ in and still be equal.

    Attributes:
        unicode: signs that are compatible by NFKC, such as full-width letters, and signs that
            show nothing, such as a zero-width space.
        case: upper and lower case.
        white_space: how much white space there is, and whether any at the ends.
        punctuation: all of Unicode's punctuation.
    """

    unicode: bool = True
    case: bool = True
    white_space: bool = True
    punctuation: bool = False

    def hashes(self, texts: Sequence[str]) -> npt.NDArray[np.uint64]:
        """Two 64-bit hashes of each text: texts x 2; both are equal where the texts are.

        They are quick, and no proof against somebody who makes texts to collide.
        """
        points = CodePoints.of(texts, compatible=self.unicode, caseless=self.case)
        return self.hashes_of(points)

    def hashes_of(self, points: CodePoints) -> npt.NDArray[np.uint64]:
        """As `hashes`, of texts that are laid out already as this rule folds them."""
        from synth_assets.core.dedup.kernels.texts import text_hashes

        table = text_table(
            points,
            compatible=self.unicode,
            white_space=self.white_space,
            punctuation=self.punctuation,
        )
        found = np.empty((len(points.ends), 2), np.uint64)
        text_hashes(points.values, points.ends, table, found)
        return found


def first_equals(
    hashes: npt.NDArray[np.uint64], order: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The first row, in survivor order, that each row equals; itself where it is the first.

    Args:
        hashes: of the rows: rows x 2.
        order: the rows to compare, in survivor order; the others stand for themselves.
    """
    found = np.arange(len(hashes))
    groups = ranked_groups(hashes[order, 0])
    rows = order[groups.ranks]
    firsts = np.repeat(rows[groups.starts], groups.lengths)
    alike = (hashes[rows] == hashes[firsts]).all(axis=1)
    found[rows] = firsts
    # Rows whose keys agree by chance alone.
    mixed = ~np.logical_and.reduceat(alike, groups.starts) if len(rows) else alike
    for group in np.flatnonzero(mixed):
        members = rows[groups.starts[group] :][: groups.lengths[group]]
        first_by_hash: dict[bytes, int] = {}
        for row in members.tolist():
            found[row] = first_by_hash.setdefault(hashes[row].tobytes(), row)
    return found


@dataclass(frozen=True)
class RankedGroups:
    """Rows by groups of equal keys, in each group by rank.

    Attributes:
        ranks: int64, of all rows.
        starts: int64, where in `ranks` each group begins.
        lengths: int64, how many rows each group has.
    """

    ranks: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def ranked_groups(keys: npt.NDArray[np.uint64]) -> RankedGroups:
    """Group rows by key; a few whose keys differ may share a group.

    Sorting keys that carry the rank in their lower bits is several times faster than sorting
    positions, and takes half the memory; but the bits that the rank needs are not compared.

    Args:
        keys: hashes, by rank.
    """
    bits = np.uint64(max(len(keys) - 1, 1).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    keyed = keys & ~low
    keyed |= np.arange(len(keys), dtype=np.uint64)
    keyed.sort()
    high = keyed >> bits
    new = np.ones(len(keys), np.bool_)
    new[1:] = high[1:] != high[:-1]
    starts = np.flatnonzero(new)
    lengths = np.diff(starts, append=len(keys))
    return RankedGroups((keyed & low).astype(np.int64), starts, lengths)
