"""Whether all similar pairs of real sets are found, beside comparing each row with each other one.

`python -m benchmarks.dedup_pairs` prints the section alone. The sets are read from the folder that
`SYNTH_TEST_DATA` names.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from benchmarks.dedup_score import Truth
from benchmarks.exact_join import Cut, Pairs, Sets, all_pairs, similar_pairs
from benchmarks.real_rows import DATA
from benchmarks.timing import table
from synth_assets.core.dedup.near import SketchesInMemory, duplicates_among
from synth_assets.core.dedup.sketch import DedupRule

THRESHOLDS = (0.5, 0.8, 0.9)
SETS = {
    "gpteacher": "gpteacher/roleplay-simple-deduped-roleplay-dataset.json",
    "alpaca": "alpaca/alpaca_5000.json",
}
FIELDS = {
    "instruction": ("instruction",),
    "instruction and input": ("instruction", "input"),
    "output": ("output",),
    "whole row": ("instruction", "input", "output"),
}


@dataclass(frozen=True)
class Comparison:
    """Pairs of one set at one threshold.

    Attributes:
        brute_force: comparing all rows with all.
        joined: by the exact join of the benchmarks.
        ours: by signatures, candidates and true similarity of Synth Assets.
        removed: rows that Synth Assets removes.
        otherwise: rows of which it decides otherwise than one by one from all pairs.
    """

    brute_force: Pairs
    joined: Pairs
    ours: Pairs
    removed: int
    otherwise: int

    @property
    def equal(self) -> bool:
        """Whether all three found the same pairs with the same similarity."""
        return all(_same(self.brute_force, other) for other in (self.joined, self.ours))


def texts_of(name: str, fields: Sequence[str]) -> list[str]:
    """The rows of a set as texts; an empty field is left out."""
    rows = json.loads((DATA / SETS[name]).read_text("utf-8"))
    return ["\n".join(filter(None, (row[field] for field in fields))) for row in rows]


def compare(texts: Sequence[str], threshold: float) -> Comparison:
    """Find all pairs in three ways, and the rows that are kept in two."""
    sets = Sets.of(Cut.of(texts))
    brute_force = all_pairs(sets, threshold)
    rule = DedupRule(threshold=threshold)
    kept = duplicates_among(texts, rule).kept < 0
    expected = Truth(len(texts), brute_force).one_by_one()
    return Comparison(
        brute_force,
        similar_pairs(sets, threshold),
        pairs_of_ours(texts, rule),
        int((~kept).sum()),
        int((kept != expected).sum()),
    )


def pairs_of_ours(texts: Sequence[str], rule: DedupRule) -> Pairs:
    """All pairs whose signatures meet and whose shingles are similar enough."""
    store = SketchesInMemory.of(texts, rule)
    shingles = [np.unique(store.sketches.shingles.of(row)) for row in range(len(texts))]
    found: dict[tuple[int, int], float] = {}
    for pair in {pair for band in range(store.bands) for pair in _met(store.band(band))}:
        one, other = (shingles[row] for row in pair)
        both = len(np.intersect1d(one, other, assume_unique=True))
        jaccard = both / (len(one) + len(other) - both)
        if jaccard >= rule.threshold:
            found[pair] = jaccard
    rows = np.array(list(found), np.int64).reshape(-1, 2)
    return Pairs.of(rows[:, 0], rows[:, 1], np.array(list(found.values())))


def _met(keys: np.ndarray) -> Iterator[tuple[int, int]]:
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(np.diff(keys[order])) + 1
    for rows in np.split(order, ends):
        if len(rows) > 1:
            yield from combinations(sorted(rows.tolist()), 2)


def _same(one: Pairs, other: Pairs) -> bool:
    columns = (
        (one.first, other.first),
        (one.second, other.second),
        (one.jaccard, other.jaccard),
    )
    return all(np.array_equal(left, right) for left, right in columns)


def measure() -> str:
    """Measure and return a section of Markdown."""
    heading = "### All pairs of real sets"
    found: dict[tuple[str, str, float], Comparison] = {}
    counts: dict[str, int] = {}
    for name, (told, fields) in product(SETS, FIELDS.items()):
        try:
            texts = texts_of(name, fields)
        except FileNotFoundError as exc:
            return f"{heading}\n\nNot measured: no {exc.filename}; set SYNTH_TEST_DATA."
        counts[name] = len(texts)
        found |= {(name, told, each): compare(texts, each) for each in THRESHOLDS}
    some = {(name, told) for (name, told, _), each in found.items() if len(each.brute_force)}
    rows = [_row(*key, each) for key, each in found.items() if key[:2] in some]
    none = [f"{told} of {name}" for name, told in product(SETS, FIELDS) if (name, told) not in some]
    told = (
        "Every row compared with every other one, beside the pairs whose signatures meet and whose "
        "similarity Synth Assets then finds to be as high: "
        + ", ".join(f"{name} {count:,} rows" for name, count in counts.items())
        + f". No pair from {min(THRESHOLDS)} on, by either: {', '.join(none)}."
    )
    head = ["set", "text", "Jaccard from", "pairs by brute force", "Synth Assets", "same pairs"]
    return "\n\n".join([heading, told, table([*head, "rows removed"], rows)])


def _row(name: str, told: str, threshold: float, found: Comparison) -> list[str]:
    removed = f"{found.removed:,}"
    if found.otherwise:
        removed += f" ({found.otherwise:,} otherwise)"
    return [
        name,
        told,
        f"{threshold}",
        f"{len(found.brute_force):,}",
        f"{len(found.ours):,}",
        "yes" if found.equal else "no",
        removed,
    ]


if __name__ == "__main__":
    print(measure())
