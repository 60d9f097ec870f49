"""Clusters of duplicates, read from decisions: the row that is kept, and what went for it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from synth_assets.core.dedup.explanation import ALIKE, SAME_TEXT, SHARED
from synth_assets.core.ngrams import UNSPACED
from synth_assets.core.schema import Outcome

_LETTER = re.compile(f"(?![{UNSPACED}])\\w")
_FIRST_PART = re.compile(f"^(?:{_LETTER.pattern})+")
_LAST_PART = re.compile(f"(?:{_LETTER.pattern})+$")
_CUT_SHORT = re.compile(f"(?:{_LETTER.pattern})*…$")
_SAID_BEFORE = re.compile(f"^(?:{SHARED}|{SAME_TEXT}|{ALIKE})")
_NEARLY_ALL = 0.9
_MOST_TEXTS = 200
_MOST_GIANTS = 100


@dataclass(frozen=True)
class Cluster:
    """A row that is kept, and those that went for it.

    Attributes:
        kept_id: the row kept, or the known row that others repeat.
        rows: how many there are, the kept one included.
        reasons: why rows went -> how many.
        recipes: recipe -> how many of the rows, most first; real rows stand under no name.
        shared: a stretch that at least nine in ten of those that went share with the kept row.
    """

    kept_id: str
    rows: int
    reasons: Mapping[str, int]
    recipes: Mapping[str, int]
    shared: str


@dataclass(frozen=True)
class Clusters:
    """The clusters of a deduplication.

    Attributes:
        decisions: columns of `DECISION_SCHEMA`, of every row that was given.
    """

    decisions: pl.DataFrame

    @cached_property
    def sizes(self) -> pl.DataFrame:
        """Columns `kept_id` and `rows`, a row a cluster of two or more, the largest first."""
        counted = self._dropped.group_by(pl.col("duplicate_of").alias("kept_id")).agg(
            (pl.len() + 1).cast(pl.Int64).alias("rows")
        )
        return counted.sort(["rows", "kept_id"], descending=[True, False])

    @cached_property
    def _dropped(self) -> pl.DataFrame:
        is_dropped = pl.col("outcome") == Outcome.DROPPED.value
        return self.decisions.filter(is_dropped & pl.col("duplicate_of").is_not_null())

    @property
    def by_size(self) -> dict[str, int]:
        """Clusters by how many rows they have, in classes that double: `2`, `3 to 4`, `5 to 8`."""
        found = dict[str, int]()
        sizes = self.sizes["rows"]
        low, high = 2, 2
        while sizes.len() and low <= sizes[0]:
            name = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            found[name] = int(sizes.is_between(low, high).sum())
            low, high = high + 1, high * 2
        return found

    def largest(self, count: int) -> tuple[Cluster, ...]:
        """The largest clusters, the largest first."""
        return tuple(self._told(self.sizes.head(count)))

    def above(self, rows: int, share: float) -> tuple[Cluster, ...]:
        """Clusters that are giants, the largest first; of more than 100 the first 100.

        Args:
            rows: they have more rows than this,
            share: and more than this part of all rows that were decided.
        """
        bound = max(float(rows), share * self.decisions.height)
        return tuple(self._told(self.sizes.filter(pl.col("rows") > bound).head(_MOST_GIANTS)))

    def _told(self, sizes: pl.DataFrame) -> Iterator[Cluster]:
        kept = sizes["kept_id"].implode()
        members = self._dropped.filter(pl.col("duplicate_of").is_in(kept))
        parts = members.partition_by("duplicate_of", as_dict=True)
        own = self.decisions.filter(pl.col("sample_id").is_in(kept))
        recipe_of = dict(own.select("sample_id", "recipe").iter_rows())
        for name, rows in sizes.iter_rows():
            part = parts[name,]
            recipes = [*part["recipe"], *([recipe_of[name]] if name in recipe_of else [])]
            yield Cluster(
                name,
                rows,
                _counted(part["reason"]),
                _counted(pl.Series(recipes, dtype=pl.String)),
                common_text(part["detail"]),
            )


def common_text(details: pl.Series) -> str:
    """What nearly all of some details say, in whole words.

    It is the longest stretch of the most frequent one that stands in at least nine in ten. Of more
    than 200 different ones the 200 most frequent are looked at.

    Args:
        details: what decisions on duplicates say in words; upper and lower case count alike.
    """
    counted = dict[str, int]()
    for detail, count in _counted(details.str.to_lowercase(), _MOST_TEXTS).items():
        said = _CUT_SHORT.sub("", _SAID_BEFORE.sub("", detail))
        counted[said] = counted.get(said, 0) + count
    text = next(iter(counted), "")
    low, high = 0, len(text)
    while low < high:
        # If a stretch is shared by nine in ten, so is every stretch of it.
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _shared(text, middle, counted) else (low, middle - 1)
    begins = _shared(text, low, counted)
    return max((_whole_words(text, at, at + low) for at in begins), key=len, default="")


def _shared(text: str, length: int, counted: Mapping[str, int]) -> Sequence[int]:
    """Where in a text stretches of a length begin that stand in nearly all texts."""
    wanted = _NEARLY_ALL * sum(counted.values())
    return [
        at
        for at in range(len(text) - length + 1)
        if sum(n for each, n in counted.items() if text[at : at + length] in each) >= wanted
    ]


def _whole_words(text: str, begin: int, end: int) -> str:
    """A stretch without the parts of words at its ends, in scripts that have spaces."""
    stretch = text[begin:end]
    if begin and _LETTER.match(text, begin - 1):
        stretch = _FIRST_PART.sub("", stretch)
    if end < len(text) and _LETTER.match(text, end):
        stretch = _LAST_PART.sub("", stretch)
    return stretch.strip()


def _counted(values: pl.Series, most: int | None = None) -> dict[str, int]:
    """Values by how often they stand there, most first, of equals the longer, then by spelling."""
    frame = values.alias("value").to_frame().group_by("value").len()
    longer = pl.col("value").str.len_chars()
    ordered = frame.sort(["len", longer, "value"], descending=[True, True, False])
    return dict(ordered.head(most or ordered.height).iter_rows())
