"""Near-duplicates: MinHash finds candidates, the true Jaccard similarity decides.

After Broder, 1997, «On the resemblance and containment of documents», with the banding of Indyk
and Motwani, 1998. Unverified banding with transitive closure wrongly removes about 2 % of the
rows, for similarity is not transitive; here a row is dropped only for a kept row it resembles.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import tee
from typing import TypeAlias, cast

from synth_assets.core.fingerprint import normalised
from synth_assets.core.ngrams import ngrams, words_and_symbols
from synth_assets.errors import ConfigurationError

SHINGLE_TOKENS = 5
_PERMUTATIONS = 128
_RECALL = 0.999
_EXCERPT_CHARACTERS = 160
_PROGRESS_EVERY = 500

Progress: TypeAlias = Callable[[int, int], None]
"""Told now and then how many rows are done, of how many."""


@dataclass(frozen=True)
class NearMatch:
    """The kept row that a dropped row resembles most.

    Attributes:
        kept: its `sample_id`.
        similarity: Jaccard similarity of the two sets of shingles, 0..1.
        excerpt: the longest run of words they share.
    """

    kept: str
    similarity: float
    excerpt: str


@dataclass(frozen=True)
class Shingles:
    """A text as its runs of 5 words and symbols; a shorter text is one run as a whole.

    Attributes:
        runs: in the order of the text.
        distinct: the same as a set.
    """

    runs: list[str]
    distinct: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Shingles":
        """Cut a text; it has at least one shingle, whatever it holds."""
        tokens = words_and_symbols(text)
        runs = ngrams(tokens, SHINGLE_TOKENS) or [" ".join(tokens) or normalised(text)]
        return cls(runs, frozenset(runs))

    def jaccard(self, other: "Shingles") -> float:
        """Size of the intersection over size of the union."""
        shared = len(self.distinct & other.distinct)
        return shared / (len(self.distinct) + len(other.distinct) - shared)

    def longest_shared(self, other: "Shingles") -> str:
        """The longest stretch of this text all of whose runs stand in the other."""
        best, stretch = (0, 0), 0
        for at, run in enumerate(self.runs):
            stretch = stretch + 1 if run in other.distinct else 0
            if stretch > best[1] - best[0]:
                best = (at - stretch + 1, at + 1)
        found = self.runs[best[0] : best[1]]
        text = " ".join([*found[:1], *(run.rpartition(" ")[2] for run in found[1:])])
        cut = f"{text[: _EXCERPT_CHARACTERS - 1]}…"
        return text if len(text) <= _EXCERPT_CHARACTERS else cut


@dataclass(frozen=True)
class Banding:
    """How signatures are cut: two rows are candidates if all values of any one band agree."""

    bands: int
    values: int

    @classmethod
    def for_threshold(cls, threshold: float) -> "Banding":
        """The most selective cut that finds a pair at the threshold with probability 0.999."""
        for values in range(_PERMUTATIONS // 2, 1, -1):
            bands = _PERMUTATIONS // values
            if 1 - (1 - threshold**values) ** bands >= _RECALL:
                return cls(bands, values)
        return cls(_PERMUTATIONS, 1)

    @property
    def permutations(self) -> int:
        """Length of a signature."""
        return self.bands * self.values


def near_duplicates(
    texts: Mapping[str, str], threshold: float, on_progress: Progress | None = None
) -> dict[str, NearMatch]:
    """Find the texts that resemble an earlier one which is kept.

    Each text in turn is kept, unless the Jaccard similarity of its shingles to those of a kept
    one is at least the threshold. A pair at the threshold is found with probability 0.999, a more
    similar pair with a higher one; what is found is compared exactly.

    Args:
        texts: sample id -> text, in survivor order.
        threshold: similarity, above 0 and at most 1, from which on a text is a duplicate.
        on_progress: told now and then how many texts are done, of how many.

    Returns:
        Dropped text -> the kept one it resembles most; of several equally near, that of the
        smallest id.

    Raises:
        ConfigurationError: if the threshold is out of range.
    """
    if not 0 < threshold <= 1:
        raise ConfigurationError(
            f"The near-duplicate threshold is {threshold}; it must be above 0 and at most 1. "
            "Give a number such as 0.8."
        )
    from datasketch import MinHash, MinHashLSH  # pyright: ignore[reportMissingTypeStubs]

    cut = Banding.for_threshold(threshold)
    index = MinHashLSH(num_perm=cut.permutations, params=(cut.bands, cut.values))
    cuts, again = tee(Shingles.of(text) for text in texts.values())
    signatures = MinHash.generator(  # pyright: ignore[reportUnknownMemberType]
        ([run.encode("utf-8", "surrogatepass") for run in shingles.distinct] for shingles in again),
        num_perm=cut.permutations,
        # A third faster in all than the default SHA-1; a collision only adds a candidate.
        hashfunc=zlib.crc32,
    )
    kept: dict[str, Shingles] = {}
    dropped: dict[str, NearMatch] = {}
    rows = zip(texts, cuts, signatures, strict=True)
    for done, (sample_id, shingles, signature) in enumerate(rows, start=1):
        found = cast("list[str]", index.query(signature))  # pyright: ignore[reportUnknownMemberType]
        candidates = {name: kept[name] for name in found}
        if match := _nearest(shingles, candidates, threshold):
            dropped[sample_id] = match
        else:
            kept[sample_id] = shingles
            index.insert(sample_id, signature)
        if on_progress and (done % _PROGRESS_EVERY == 0 or done == len(texts)):
            on_progress(done, len(texts))
    return dropped


def _nearest(
    shingles: Shingles, candidates: Mapping[str, Shingles], threshold: float
) -> NearMatch | None:
    ranked = [(-shingles.jaccard(other), name) for name, other in candidates.items()]
    similarity, name = min(ranked, default=(0.0, ""))
    if -similarity < threshold:
        return None
    return NearMatch(name, -similarity, shingles.longest_shared(candidates[name]))
