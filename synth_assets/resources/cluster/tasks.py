"""What workers of a cluster do: functions of arrays, without a trace of the engine.

From dealing on, rows are told by rank: their place in survivor order, among the rows to decide on.
The classes say how large they are, so that a worker knows when to put them on disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.components import Components, fewest_links, linked_rows
from synth_assets.core.dedup.join import Int64s, find_duplicates
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.core.dedup.sketch import DedupRule

_CHUNK = 1024

UInt64s = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Texts:
    """Texts on their way to a worker.

    Attributes:
        texts: of rows that follow on each other.
        characters: of all of them.
    """

    texts: list[str]
    characters: int

    def __sizeof__(self) -> int:
        return self.characters + 64 * len(self.texts)


@dataclass(frozen=True)
class Part:
    """Sketches of rows that follow on each other, as a worker keeps them.

    Attributes:
        exact: rows x 2, see `Sketches.exact`.
        keys: bands x rows, see `DedupRule.keys`.
        shingles: of each row.
    """

    exact: UInt64s
    keys: UInt64s
    shingles: Shingles

    def __sizeof__(self) -> int:
        return _bytes(self.exact, self.keys, self.shingles.hashes, self.shingles.offsets)


@dataclass(frozen=True)
class Keyed:
    """Keys of bands, and the rank of the row that has each."""

    keys: UInt64s
    ranks: Int64s

    def __sizeof__(self) -> int:
        return _bytes(self.keys, self.ranks)


@dataclass(frozen=True)
class Ranked:
    """Sketches of some rows, and their ranks; a `join.SketchStore`."""

    ranks: Int64s
    sketches: Part

    def __sizeof__(self) -> int:
        return self.sketches.__sizeof__() + _bytes(self.ranks)

    @classmethod
    def joined(cls, some: Sequence["Ranked"]) -> "Ranked":
        """All rows of several."""
        parts = [each.sketches for each in some]
        return cls(
            np.concatenate([each.ranks for each in some]),
            Part(
                np.concatenate([part.exact for part in parts]),
                np.concatenate([part.keys for part in parts], axis=1),
                Shingles.joined([part.shingles for part in parts]),
            ),
        )

    @property
    def exact(self) -> UInt64s:
        """See `Sketches.exact`."""
        return self.sketches.exact

    @property
    def bands(self) -> int:
        """How many bands a signature has."""
        return len(self.sketches.keys)

    def band(self, band: int) -> UInt64s:
        """The keys of one band, by row."""
        return self.sketches.keys[band]

    def shingles(self, rows: Int64s) -> Shingles:
        """A copy of the shingles of some rows, in the order asked."""
        return self.sketches.shingles.some(rows)


@dataclass(frozen=True)
class Settled:
    """Which of some rows are dropped, and for which, by rank.

    Attributes:
        ranks: of those that are dropped.
        kept: rank of the row that each is dropped for.
        similarity: of the two.
        compared: how many pairs were compared.
    """

    ranks: Int64s
    kept: Int64s
    similarity: npt.NDArray[np.float64]
    compared: int


def sketch(texts: Texts, rule: DedupRule) -> Part:
    """Sketch texts."""
    said = texts.texts
    made = [rule.sketch(said[at : at + _CHUNK]) for at in range(0, len(said), _CHUNK)]
    return Part(
        np.concatenate([each.exact for each in made]),
        np.concatenate([rule.keys(each.signatures) for each in made], axis=1),
        Shingles.joined([each.shingles for each in made]),
    )


def exact_of(part: Part) -> UInt64s:
    """The hashes that tell equal texts."""
    return part.exact


def band_of(part: Part, band: int) -> UInt64s:
    """The keys of one band, by row."""
    return part.keys[band]


def shingles_of(part: Part, rows: Int64s) -> Shingles:
    """A copy of the shingles of some rows, in the order asked."""
    return part.shingles.some(rows)


def deal(part: Part, ranks: Int64s, hands: int) -> list[Keyed]:
    """Deal keys out, so that equal ones come into the same hand.

    Args:
        part: sketches of rows.
        ranks: of these rows; -1 where a row is not to be decided on.
        hands: how many, at most 65,536.
    """
    rows = np.flatnonzero(ranks >= 0)
    dealt: list[list[Keyed]] = [[] for _ in range(hands)]
    for band in part.keys:
        keys = band[rows]
        # Numbers this small are sorted several times faster.
        of_hand = (keys % np.uint64(hands)).astype(np.uint16)
        by_hand = np.argsort(of_hand, kind="stable")
        ends = np.cumsum(np.bincount(of_hand, minlength=hands))[:-1]
        for hand, chosen in zip(dealt, np.split(by_hand, ends), strict=True):
            hand.append(Keyed(keys[chosen], ranks[rows[chosen]]))
    return [_gathered(hand) for hand in dealt]


def link(*hand: Keyed) -> Int64s:
    """Links between rows that share a bucket: links x 2."""
    gathered = _gathered(hand)
    return linked_rows(gathered.keys, gathered.ranks)


def relink(*links: Int64s) -> Int64s:
    """Of several lots of links, no more than tell which rows hang together."""
    return fewest_links(links)


def components(*links: Int64s) -> Components:
    """Rows that hang together."""
    return Components.of(fewest_links(links))


def pick(part: Part, rows: Int64s, ranks: Int64s, batches: Int64s) -> list[Ranked]:
    """Sketches of some rows, by batch.

    Args:
        part: sketches of rows.
        rows: some of them.
        ranks: of these.
        batches: of these.

    Returns:
        One a batch that any is in, in ascending order.
    """
    found: list[Ranked] = []
    for batch in np.unique(batches):
        chosen = batches == batch
        of_batch = rows[chosen]
        some = Part(part.exact[of_batch], part.keys[:, of_batch], part.shingles.some(of_batch))
        found.append(Ranked(ranks[chosen], some))
    return found


def settle(threshold: float, *batch: Ranked) -> Settled:
    """Keep or drop rows that hang together with no others."""
    store = Ranked.joined(batch)
    found = find_duplicates(store, np.argsort(store.ranks), threshold)
    dropped = np.flatnonzero(found.kept >= 0)
    return Settled(
        store.ranks[dropped],
        store.ranks[found.kept[dropped]],
        found.similarity[dropped],
        found.compared,
    )


def _gathered(some: Sequence[Keyed]) -> Keyed:
    none = Keyed(np.empty(0, np.uint64), np.empty(0, np.int64))
    return Keyed(
        np.concatenate([each.keys for each in (none, *some)]),
        np.concatenate([each.ranks for each in (none, *some)]),
    )


def _bytes(*arrays: npt.NDArray[np.generic]) -> int:
    return sum(array.nbytes for array in arrays)
