"""Copies of items: the same text, but for what a reader overlooks, or nearly the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from synth_assets.core.decontaminate.finding import Method, Overlap
from synth_assets.core.decontaminate.firewall import LONG_RUN, excerpt, is_telling
from synth_assets.core.decontaminate.hash_set import HashSet
from synth_assets.core.decontaminate.sieve import blocks
from synth_assets.core.dedup.code_points import Unit
from synth_assets.core.dedup.exact import ExactRule
from synth_assets.core.dedup.join import Int64s
from synth_assets.core.dedup.near import SketchesInMemory
from synth_assets.core.dedup.shingling import Shingles, Shingling
from synth_assets.core.dedup.sketch import DedupRule, Sketches
from synth_assets.core.ngrams import words
from synth_assets.core.schema import Split

RULE = DedupRule(exact=ExactRule(punctuation=True))
"""What a copy is: equal but for case, white space, Unicode and punctuation, or of a Jaccard
similarity of at least 0.8 in runs of five words."""

_STARTS = Shingling(Unit.PLAIN_WORDS, LONG_RUN)


@dataclass(frozen=True)
class _Text:
    """A text that is kept out, and the item it is of."""

    text: str
    split: Split
    item_id: str


@dataclass(frozen=True)
class Copies:
    """Finds copies of items; build it with `Copies.of`.

    Compared are the texts of a row, each by itself, and its first two together; with the prompt
    and response of each item together, its response if of eight words or more, and a benchmark
    item's prompt. One of these that has 13 words or more is found within a longer text too. Texts
    without a letter or digit are left to the `Firewall`.

    Attributes:
        texts: that are kept out; of equal ones the first, benchmarks before held-out rows.
        equals: bytes of a hash (see `ExactRule.hashes`) -> the texts that have it.
        known: the first halves of these hashes.
        begun: hash of the first 13 words of a text -> the texts that begin so.
        starts: these hashes.
        keys: uint64, bands x texts, the keys of each band ascending.
        order: int64, bands x texts, which text each is of.
        bands: the keys of each band.
        shingles: of the texts, sorted, the distinct ones first.
        distinct: int64, how many are distinct.
    """

    texts: tuple[_Text, ...]
    equals: Mapping[bytes, Sequence[int]]
    known: HashSet
    begun: Mapping[int, Sequence[int]]
    starts: HashSet
    keys: npt.NDArray[np.uint64]
    order: npt.NDArray[np.int64]
    bands: tuple[HashSet, ...]
    shingles: Shingles
    distinct: Int64s

    @classmethod
    def of(cls, held_out: pl.DataFrame, benchmarks: pl.DataFrame) -> "Copies":
        """Learn the items of two frames with `sample_id`, prompt and response; any may be empty."""
        texts = _texts_of(held_out, benchmarks)
        sketches = SketchesInMemory.of([each.text for each in texts], RULE).sketches
        keys = RULE.keys(sketches.signatures)
        order = np.argsort(keys, axis=1, kind="stable")
        equals: dict[bytes, list[int]] = {}
        for at, digest in enumerate(sketches.exact):
            equals.setdefault(digest.tobytes(), []).append(at)
        begun = _begun(texts)
        return cls(
            texts,
            equals,
            HashSet.of(sketches.exact[:, 0]),
            begun,
            HashSet.of(np.array(list(begun), np.uint64)),
            np.take_along_axis(keys, order, axis=1),
            order,
            tuple(HashSet.of(each) for each in keys),
            sketches.shingles,
            _sorted_in_place(sketches.shingles),
        )

    def look(self, rows: Sequence[Sequence[str]]) -> list[Overlap | None]:
        """What each row is a copy of; none where it is of nothing.

        Args:
            rows: the texts of each row, such as prompt, response and context.
        """
        found: list[Overlap | None] = []
        for begin, end in blocks(rows) if self.texts else ():
            found += self._look(rows[begin:end])
        return found or [None] * len(rows)

    def _look(self, rows: Sequence[Sequence[str]]) -> list[Overlap | None]:
        found: list[Overlap | None] = [None] * len(rows)
        read = [(*row, "\n".join(row[:2])) if len(row) > 1 else tuple(row) for row in rows]
        texts = [text for row in read for text in row]
        owners = np.repeat(np.arange(len(rows)), [len(row) for row in read])
        sketches = RULE.sketch(texts)
        for at, item in self._equal(texts, sketches.exact):
            row = int(owners[at])
            found[row] = found[row] or self._same(texts[at], item)
        for at, item in self._within(texts):
            row = int(owners[at])
            told = f"the whole text stands in it: {excerpt(item.text)}"
            found[row] = found[row] or Overlap(item.split, item.item_id, told)
        # Of a row's texts the one that is most similar is told.
        near = self._near(sketches)
        for at, item, similarity in sorted(near, key=lambda each: (-each[2], each[0])):
            row = int(owners[at])
            found[row] = found[row] or self._alike(texts[at], item, similarity)
        return found

    def _equal(
        self, texts: Sequence[str], exact: npt.NDArray[np.uint64]
    ) -> list[tuple[int, _Text]]:
        """Texts that equal one kept out, and which; byte for byte ones first."""
        places, _ = self.known.places(exact[:, 0])
        found: list[tuple[int, _Text]] = []
        for at in places.tolist():
            alike = self.equals.get(exact[at].tobytes(), ())
            same = [each for each in alike if self.texts[each].text == texts[at]]
            if alike:
                found.append((at, self.texts[(same or alike)[0]]))
        return sorted(found, key=lambda each: each[1].text != texts[each[0]])

    def _within(self, texts: Sequence[str]) -> Iterator[tuple[int, _Text]]:
        """Texts in which one kept out stands as a whole."""
        cut = _STARTS.cut(texts)
        places, ranks = self.starts.places(cut.hashes)
        owners = np.searchsorted(cut.offsets, places, "right") - 1
        pairs: set[tuple[int, int]] = set(zip(owners.tolist(), ranks.tolist(), strict=True))
        for at, rank in sorted(pairs):
            said = _spaced(texts[at])
            for item in self.begun[int(self.starts.values[rank])]:
                if _spaced(self.texts[item].text) in said:
                    yield at, self.texts[item]

    def _near(self, sketches: Sketches) -> list[tuple[int, _Text, float]]:
        """Texts that resemble one kept out, and how much."""
        from synth_assets.core.decontaminate.kernels.copying import most_similar

        keys = RULE.keys(sketches.signatures)
        shared = [known.places(band)[0] for known, band in zip(self.bands, keys, strict=True)]
        candidates = np.unique(np.concatenate(shared))
        shingles = sketches.shingles.some(candidates)
        items = np.empty(len(candidates), np.int64)
        similarity = np.empty(len(candidates))
        most_similar(
            keys[:, candidates],
            shingles.hashes,
            shingles.offsets,
            _sorted_in_place(shingles),
            self.keys,
            self.order,
            self.shingles.hashes,
            self.shingles.offsets,
            self.distinct,
            RULE.threshold,
            items,
            similarity,
        )
        told = zip(candidates.tolist(), items.tolist(), similarity.tolist(), strict=True)
        return [(at, self.texts[item], share) for at, item, share in told if item >= 0]

    def _same(self, text: str, item: _Text) -> Overlap:
        but = "" if text == item.text else " but for case, white space, Unicode or punctuation"
        return Overlap(item.split, item.item_id, f"the same text{but}: {excerpt(text)}")

    def _alike(self, text: str, item: _Text, similarity: float) -> Overlap:
        told = f"{similarity:.0%} of the runs of 5 words are the same: {excerpt(text)}"
        return Overlap(item.split, item.item_id, told, Method.NEAR, similarity)


def _texts_of(held_out: pl.DataFrame, benchmarks: pl.DataFrame) -> tuple[_Text, ...]:
    found: dict[str, _Text] = {}
    for split, frame in ((Split.BENCHMARK, benchmarks), (Split.HELD_OUT, held_out)):
        # Sorted, so that of several items with one text always the same is named.
        for item, prompt, response in sorted(
            frame.select("sample_id", "prompt", "response").iter_rows()
        ):
            for text in _parts(split, prompt, response):
                if any(map(str.isalnum, text)):
                    found.setdefault(text, _Text(text, split, item))
    return tuple(found.values())


def _begun(texts: Sequence[_Text]) -> dict[int, list[int]]:
    cut = _STARTS.cut([each.text for each in texts])
    found: dict[int, list[int]] = {}
    for at, (first, each) in enumerate(zip(cut.offsets[:-1].tolist(), texts, strict=True)):
        if len(words(each.text)) >= LONG_RUN:
            found.setdefault(int(cut.hashes[first]), []).append(at)
    return found


def _spaced(text: str) -> str:
    return f" {' '.join(words(text))} "


def _parts(split: Split, prompt: str, response: str) -> Iterator[str]:
    both = f"{prompt}\n{response}"
    # Of an item with one part alone the whole is no more telling than that part.
    if (prompt.strip() and response.strip()) or is_telling(both):
        yield both
    if is_telling(response):
        yield response
    if split is Split.BENCHMARK:
        yield prompt


def _sorted_in_place(shingles: Shingles) -> Int64s:
    from synth_assets.core.dedup.kernels.joining import distinct_runs

    counts = np.empty(shingles.texts, np.int64)
    distinct_runs(shingles.hashes, shingles.offsets, counts)
    return counts
