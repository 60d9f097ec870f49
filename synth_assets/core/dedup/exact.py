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
        order: the rows in survivor order.
    """
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    by_hash = np.lexsort((rank, hashes[:, 1], hashes[:, 0]))
    ordered = hashes[by_hash]
    new = np.ones(len(order), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    firsts = by_hash[new][np.cumsum(new) - 1]
    found = np.empty(len(order), np.int64)
    found[by_hash] = firsts
    return found
