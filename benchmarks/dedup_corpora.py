"""Corpora of any size with known clusters of near-duplicates, made from real text.

`python -m benchmarks.dedup_corpora FOLDER 50000 500000 2000000` makes one each, in `FOLDER/50000`
and so on; `--exact 0.7` also joins all rows exactly and stores every pair.

Rows are stretches of real texts one after another, so that any number of them differ. Of a corpus,
30 % are changed copies: words replaced, inserted, left out, the order, case, punctuation and white
space changed, a part of the text, or nothing changed; alike to any degree, in clusters whose sizes
follow a power law, a fifth of them chains whose ends are unlike. Another 10 % are hard: the same
frame with other content, nearly alike. The order of the rows is random.

Files: `rows/*.parquet` (row, text), `truth.parquet` (row, family, kind, change, parent),
`pairs.parquet` (a, b, jaccard: pairs within a family from 0.5 on).
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.dedup_families import (
    Change,
    Family,
    changed_copy,
    fill_slots,
    first_row,
    seeded,
    slots,
    token_count,
    write_text,
    write_tokens,
)
from benchmarks.dedup_source import Source
from benchmarks.exact_join import Cut, Pairs, Sets, shared, shingle_keys, similar_pairs

COPIES, TEMPLATES = 0.30, 0.10
_CHAINS = 0.2
_CLUSTER_EXPONENT, _LARGEST_CLUSTER = 2.5, 500
_LONGEST_CHAIN, _LARGEST_TEMPLATE = 12, 100
_MOST_WORDS = 512
"""Room for one text while it is made; insertions into 150 words stay far below."""

_MEAN_ROOM = 130
_MOST_BYTES_A_WORD = 164
_ROWS_A_FILE = 50_000
_FAMILIES_A_CHUNK = 20_000
_PAIRS_FROM = 0.5


@dataclass(frozen=True)
class Corpus:
    """A folder with a corpus."""

    folder: Path

    @property
    def rows(self) -> list[Path]:
        """Files of rows, in their order."""
        return sorted((self.folder / "rows").glob("*.parquet"))

    def texts(self) -> list[str]:
        """All texts, in the order of the rows."""
        return pl.read_parquet(self.rows)["text"].to_list()

    def truth(self) -> pl.DataFrame:
        """What each row was made of."""
        return pl.read_parquet(self.folder / "truth.parquet")

    def family_pairs(self) -> Pairs:
        """Pairs within a family, from 0.5 on."""
        return _pairs_from(self.folder / "pairs.parquet")

    def exact_pairs(self, threshold: float) -> Pairs:
        """All pairs from a similarity on, joined once and stored."""
        stored = [float(path.stem[6:]) for path in self.folder.glob("exact-*.parquet")]
        if usable := [each for each in stored if each <= threshold]:
            path = self.folder / f"exact-{max(usable)}.parquet"
            return _pairs_from(path).at_least(threshold)
        pairs = similar_pairs(Sets.of(Cut.of(self.texts())), threshold)
        _write_pairs(pairs, self.folder / f"exact-{threshold}.parquet")
        return pairs


@dataclass(frozen=True)
class _Plan:
    """Families in the order of their making: `Family`, and how many rows each has."""

    kinds: npt.NDArray[np.int8]
    sizes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, rows: int, seed: int) -> "_Plan":
        draw = np.random.default_rng(seed)
        cluster, frame = _power_law(_LARGEST_CLUSTER), _power_law(_LARGEST_TEMPLATE)
        clusters = COPIES / (_mean(cluster) - 1)
        frames = TEMPLATES / _mean(frame)
        singles = 1 - TEMPLATES - clusters * _mean(cluster)
        families = np.array([singles, clusters * (1 - _CHAINS), clusters * _CHAINS, frames])
        count = int(rows * families.sum() * 1.3) + 100
        kinds = draw.choice(4, count, p=families / families.sum()).astype(np.int8)
        sizes = np.ones(count, np.int32)
        star, chain, template = (kinds == kind for kind in (1, 2, 3))
        sizes[star] = _drawn(draw, cluster, star)
        # Chains are short, so that their copies are made up for by other families.
        sizes[chain] = np.minimum(_drawn(draw, cluster, chain), _LONGEST_CHAIN)
        sizes[template] = _drawn(draw, frame, template)
        ends = np.cumsum(sizes)
        last = int(np.searchsorted(ends, rows))
        sizes[last] -= ends[last] - rows
        return cls(kinds[: last + 1], sizes[: last + 1])


def make_corpus(folder: Path, rows: int, seed: int = 0, source: Source | None = None) -> Corpus:
    """Write a corpus; the same seed gives the same bytes.

    Args:
        folder: where to; files of its own names in it are replaced.
        rows: how many.
        seed: of everything random.
        source: the words; those of the test data if none.

    Raises:
        FileNotFoundError: if the test data are not there.
    """
    words = source or Source.real()
    plan = _Plan.of(rows, seed)
    made = _Made.of(words, plan, seed)
    # Row p of the corpus is the made row order[p].
    order = np.random.default_rng([seed, 1]).permutation(rows)
    place = np.empty(rows, np.int64)
    place[order] = np.arange(rows)
    (folder / "rows").mkdir(parents=True, exist_ok=True)
    for stale in [*(folder / "rows").glob("*.parquet"), *folder.glob("exact-*.parquet")]:
        stale.unlink()
    for start in range(0, rows, _ROWS_A_FILE):
        part = order[start : start + _ROWS_A_FILE]
        numbers = np.arange(start, start + len(part))
        frame = pl.DataFrame({"row": numbers, "text": list(_texts(words, made, part))})
        frame.write_parquet(folder / "rows" / f"{start // _ROWS_A_FILE:05d}.parquet")
    _write_truth(folder / "truth.parquet", plan, made, order, place)
    pairs = _family_pairs(words, made, plan)
    placed = Pairs.of(place[pairs.first], place[pairs.second], pairs.jaccard)
    _write_pairs(placed, folder / "pairs.parquet")
    return Corpus(folder)


@dataclass(frozen=True)
class _Made:
    """Rows as words, in the order of their making.

    Attributes:
        words: int32, see `dedup_families`.
        at: where each row begins, and the end.
        change: what `Change` made each.
        parent: the row it is a copy of; -1 for none.
    """

    words: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    change: npt.NDArray[np.int8]
    parent: npt.NDArray[np.int64]

    @classmethod
    def of(cls, source: Source, plan: _Plan, seed: int) -> "_Made":
        rows = int(plan.sizes.sum())
        words = np.empty(rows * _MEAN_ROOM + _MOST_WORDS, np.int32)
        made = cls(
            words, np.zeros(rows + 1, np.int64), np.empty(rows, np.int8), np.empty(rows, np.int64)
        )
        done = 0
        for first in range(0, len(plan.kinds), _FAMILIES_A_CHUNK):
            chunk = slice(first, first + _FAMILIES_A_CHUNK)
            kinds, sizes = plan.kinds[chunk], plan.sizes[chunk]
            arrays = (made.words, made.at, made.change, made.parent)
            done = _make(seed, first, kinds, sizes, source.stream, done, *arrays)
        return made


def _texts(source: Source, made: _Made, rows: npt.NDArray[np.int64]) -> Iterator[str]:
    sizes = made.at[rows + 1] - made.at[rows]
    room = np.empty(int(sizes.sum()) * _MOST_BYTES_A_WORD, np.uint8)
    ends = _write_rows(made.words, made.at, rows, source.spelled, source.spelled_at, room)
    whole = room[: ends[-1]].tobytes()
    start = 0
    for end in ends.tolist():
        yield whole[start:end].decode()
        start = end


def _family_pairs(source: Source, made: _Made, plan: _Plan) -> Pairs:
    first, second, jaccard = _pairs_within(
        made.words, made.at, plan.sizes, source.tokens, source.tokens_at, _PAIRS_FROM
    )
    return Pairs(first, second, jaccard)


def _write_truth(
    path: Path,
    plan: _Plan,
    made: _Made,
    order: npt.NDArray[np.int64],
    place: npt.NDArray[np.int64],
) -> None:
    family = np.repeat(np.arange(len(plan.sizes)), plan.sizes)
    parent = made.parent[order]
    columns = {
        "row": np.arange(len(order)),
        "family": family[order],
        "kind": _named(Family, plan.kinds[family[order]]),
        "change": _named(Change, made.change[order]),
        "parent": np.where(parent < 0, -1, place[parent]),
    }
    frame = pl.DataFrame(columns)
    frame.with_columns(pl.col("parent").replace(-1, None)).write_parquet(path)


def _named(names: type[IntEnum], numbers: npt.NDArray[np.int8]) -> pl.Series:
    named = [each.name.lower() for each in names]
    return pl.Series(named, dtype=pl.Enum(named)).gather(numbers)


def _write_pairs(pairs: Pairs, path: Path) -> None:
    columns = {"a": pairs.first, "b": pairs.second, "jaccard": pairs.jaccard}
    pl.DataFrame(columns).write_parquet(path)


def _pairs_from(path: Path) -> Pairs:
    frame = pl.read_parquet(path)
    return Pairs(*(frame[name].to_numpy() for name in ("a", "b", "jaccard")))


def _power_law(largest: int) -> npt.NDArray[np.float64]:
    """Probability of each size from 2 on."""
    weights = np.arange(2, largest + 1, dtype=np.float64) ** -_CLUSTER_EXPONENT
    return weights / weights.sum()


def _mean(law: npt.NDArray[np.float64]) -> float:
    return float((law * np.arange(2, len(law) + 2)).sum())


def _drawn(
    draw: np.random.Generator, law: npt.NDArray[np.float64], of: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32]:
    return draw.choice(np.arange(2, len(law) + 2), int(of.sum()), p=law).astype(np.int32)


@numba.njit(cache=True)
def _make(
    seed: int,
    first_family: int,
    kinds: npt.NDArray[np.int8],
    sizes: npt.NDArray[np.int32],
    stream: npt.NDArray[np.int32],
    row: int,
    words: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    changes: npt.NDArray[np.int8],
    parents: npt.NDArray[np.int64],
) -> int:  # pragma: no cover
    """Make the rows of some families; returns the number of the next row."""
    text = np.empty(_MOST_WORDS, np.int32)
    for family in range(len(kinds)):
        state = seeded(seed, first_family + family)
        size = first_row(state, stream, text)
        while kinds[family] == 3 and size < 40:
            size = first_row(state, stream, text)
        where = slots(state, size)
        for member in range(sizes[family]):
            change, parent, written = 8, -1, size
            if kinds[family] == 3:
                fill_slots(state, stream, where, text[:size])
                change = 9
            elif member:
                parent = row - 1 if kinds[family] == 2 else row - member
                source = words[at[parent] : at[parent + 1]]
                written, change = changed_copy(state, stream, source, text, kinds[family] == 2)
            if at[row] + written > len(words):
                raise ValueError("the rows are longer than was reckoned with")
            words[at[row] : at[row] + written] = text[:written]
            at[row + 1] = at[row] + written
            changes[row], parents[row] = change, parent
            row += 1
    return row


@numba.njit(cache=True)
def _write_rows(
    words: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    spelled: npt.NDArray[np.uint8],
    spelled_at: npt.NDArray[np.int64],
    out: npt.NDArray[np.uint8],
) -> npt.NDArray[np.int64]:  # pragma: no cover
    ends = np.empty(len(rows), np.int64)
    end = 0
    for number in range(len(rows)):
        text = words[at[rows[number]] : at[rows[number] + 1]]
        end = write_text(text, spelled, spelled_at, out, end)
        ends[number] = end
    return ends


@numba.njit(cache=True)
def _pairs_within(
    words: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int32],
    tokens: npt.NDArray[np.int32],
    tokens_at: npt.NDArray[np.int64],
    threshold: float,
) -> tuple[
    npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]
]:  # pragma: no cover
    first = np.empty(1024, np.int64)
    second = np.empty(1024, np.int64)
    jaccard = np.empty(1024, np.float64)
    found = start = 0
    for size in sizes:
        if size > 1:
            sets = []
            for row in range(start, start + size):
                text = words[at[row] : at[row + 1]]
                cut = np.empty(token_count(text, tokens_at), np.int32)
                write_tokens(text, tokens, tokens_at, cut)
                sets.append(shingle_keys(cut))
            for one in range(size):
                for other in range(one + 1, size):
                    both = shared(sets[one], sets[other])
                    alike = both / (len(sets[one]) + len(sets[other]) - both)
                    if alike < threshold:
                        continue
                    if found == len(first):
                        first, second = np.append(first, first), np.append(second, second)
                        jaccard = np.append(jaccard, jaccard)
                    first[found], second[found] = start + one, start + other
                    jaccard[found] = alike
                    found += 1
        start += size
    return first[:found], second[:found], jaccard[:found]


def main() -> None:
    """Make the corpora that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--exact", type=float, help="also join all rows, from this similarity on")
    told = parser.parse_args()
    source = Source.real()
    for rows in told.rows:
        started = time.perf_counter()
        corpus = make_corpus(told.folder / str(rows), rows, told.seed, source)
        made = time.perf_counter() - started
        print(f"{rows:,} rows in {made:.1f} s: {corpus.folder}", flush=True)
        if told.exact is not None:
            started = time.perf_counter()
            pairs = corpus.exact_pairs(told.exact)
            joined = time.perf_counter() - started
            print(f"{len(pairs):,} pairs from {told.exact} on, in {joined:.1f} s", flush=True)


if __name__ == "__main__":
    main()
