"""What real data has that a synthetic set lacks, by topic."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import polars as pl

from synth_assets.core.coverage.intervals import Interval, one_sided_z, share_ratio
from synth_assets.core.coverage.text_space import (
    OUTSIDE,
    Placement,
    fit_text_space,
    topic_words,
)

ROWS_PER_TOPIC = 20
"""Reference rows that a topic has on average at least: of fewer nothing could be told."""

NAME_TERMS = 5

TOPIC_SCHEMA = pl.Schema(
    {
        "topic": pl.Int64,
        "name": pl.String,
        "reference_rows": pl.Int64,
        "synthetic_rows": pl.Int64,
        "reference_share": pl.Float64,  # of the reference rows with words
        "synthetic_share": pl.Float64,  # of the synthetic rows with words; null without any
        "ratio": pl.Float64,  # synthetic share over reference share
        "ratio_low": pl.Float64,
        "ratio_high": pl.Float64,  # null where nothing bounds it
        "missing_share": pl.Float64,
    }
)


@dataclass(frozen=True)
class Topic:
    """One cluster of the reference.

    Attributes:
        number: of the cluster; topics are numbered by size, the largest is 0.
        terms: the words that set it apart, the strongest first.
        rows: ids of its reference rows, the most central first.
        reference_share: its share of the reference rows with words.
        synthetic_rows: how many synthetic rows lie in it.
        synthetic_share: their share of the synthetic rows with words; None without any.
        interval: of the ratio of the two shares; all topics' bounds hold together with the
            confidence asked for.
    """

    number: int
    terms: tuple[str, ...]
    rows: tuple[str, ...]
    reference_share: float
    synthetic_rows: int
    synthetic_share: float | None
    interval: Interval

    @property
    def name(self) -> str:
        """Its terms, to be shown."""
        return ", ".join(self.terms)

    @property
    def ratio(self) -> float | None:
        """Synthetic share over reference share; None without synthetic rows."""
        return None if self.synthetic_share is None else self.synthetic_share / self.reference_share

    @property
    def missing_share(self) -> float:
        """What the synthetic share lacks to the reference share; 0 where it lacks nothing."""
        if self.synthetic_share is None:
            return 0.0
        return max(0.0, self.reference_share - self.synthetic_share)

    def central(self, count: int) -> tuple[str, ...]:
        """Ids of the most central reference rows, to show what the topic is."""
        return self.rows[:count]

    def is_below(self, ratio: float) -> bool:
        """Whether its ratio is surely below this: the upper bound is, not the estimate alone."""
        return self.interval.high is not None and self.interval.high < ratio


@dataclass(frozen=True)
class TopicGaps:
    """A synthetic set against the topics of a reference.

    Attributes:
        topics: the largest in the reference first; none if no reference row has a word.
        reference_wordless: reference rows without a word; they take no part.
        synthetic_rows: synthetic rows with words.
        synthetic_wordless: synthetic rows without a word; they take no part.
        outside_rows: synthetic rows with words that resemble no topic of the reference.
    """

    topics: tuple[Topic, ...]
    reference_wordless: int
    synthetic_rows: int
    synthetic_wordless: int
    outside_rows: int

    @property
    def outside_share(self) -> float | None:
        """Share of the synthetic rows that resemble no topic; None without synthetic rows."""
        return self.outside_rows / self.synthetic_rows if self.synthetic_rows else None

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Frame of `TOPIC_SCHEMA`, one row a topic."""
        rows = [
            (
                topic.number,
                topic.name,
                len(topic.rows),
                topic.synthetic_rows,
                topic.reference_share,
                topic.synthetic_share,
                topic.ratio,
                topic.interval.low,
                topic.interval.high,
                topic.missing_share,
            )
            for topic in self.topics
        ]
        return pl.DataFrame(rows, schema=TOPIC_SCHEMA, orient="row")

    def gaps(self, below: float = 0.5) -> tuple[Topic, ...]:
        """Topics whose synthetic share is surely below this part of the reference share.

        Those that miss most come first. A topic with about 16 expected synthetic rows and none
        found is told at 0.5; with fewer, chance could explain it, and it is not listed.
        """
        found = [topic for topic in self.topics if topic.is_below(below)]
        return tuple(sorted(found, key=lambda topic: (-topic.missing_share, topic.number)))

    def rows_for(self, gap: Topic, count: int) -> tuple[str, ...]:
        """Reference rows to start from, to fill one gap.

        They are spread evenly over its rows from the most central to the fringe, for the most
        central ones resemble each other; fewer where the topic has fewer.
        """
        taken = min(count, len(gap.rows))
        return tuple(gap.rows[place * len(gap.rows) // taken] for place in range(taken))

    def rows_to_start_from(self, count: int, below: float = 0.5) -> tuple[str, ...]:
        """Reference rows to start from, spread over the gaps by what each of them misses.

        Returns:
            As many as asked for, as far as the gaps have rows; none without gaps. Where a gap has
            fewer rows than its part, the others give more.
        """
        gaps = self.gaps(below)
        parts = _parts([gap.missing_share for gap in gaps], [len(gap.rows) for gap in gaps], count)
        return tuple(
            row for gap, part in zip(gaps, parts, strict=True) for row in self.rows_for(gap, part)
        )


def topic_gaps(
    synthetic_texts: Sequence[str],
    reference_texts: Mapping[str, str],
    clusters: int = 20,
    seed: int = 0,
    confidence: float = 0.95,
) -> TopicGaps:
    """Find topics of the reference that the synthetic set has too little of.

    Topics are fitted on the reference alone. The union would let a large synthetic set draw
    words and centres to itself, merge what it lacks into larger clusters and so hide it, and
    would move the topics with each round, so that rounds could not be compared. What the fit on
    one side costs was measured: of 108 pairs of samples of one set (GSM8K, Alpaca, GPTeacher; 100
    to 1,500 rows a side) one pair raised an alarm. A synthetic row that resembles no topic
    is not forced into the nearest, where it would hide a hole; it is `outside_rows`.

    Args:
        synthetic_texts: in any order.
        reference_texts: row id -> text, in any order.
        clusters: topics to look for; fewer where the reference has less than 20 rows for each,
            and never more than texts that differ.
        seed: of the clusters.
        confidence: with which the bounds of all topics hold together, above 0 and below 1.
    """
    ids = sorted(reference_texts)
    texts = [reference_texts[row] for row in ids]
    space = fit_text_space(texts, max(1, min(clusters, len(ids) // ROWS_PER_TOPIC)), seed)
    if space is None:
        wordless = sum(not topic_words(text) for text in synthetic_texts)
        rest = len(synthetic_texts) - wordless
        return TopicGaps((), len(ids), rest, wordless, rest)
    reference = space.place(texts, all_inside=True)
    synthetic = space.place(synthetic_texts)
    worded = len(synthetic_texts) - synthetic.wordless
    found = synthetic.counts(space.clusters)
    topics = _topics(
        _ranked(ids, reference, space.clusters),
        _terms(texts, reference, space.clusters),
        found,
        worded,
        confidence,
    )
    return TopicGaps(topics, reference.wordless, worded, synthetic.wordless, worded - sum(found))


def _topics(
    rows: Sequence[tuple[str, ...]],
    terms: Sequence[tuple[str, ...]],
    found: Sequence[int],
    synthetic: int,
    confidence: float,
) -> tuple[Topic, ...]:
    reference = sum(map(len, rows))
    z = one_sided_z(confidence, len(rows))
    order = sorted(range(len(rows)), key=lambda at: (-len(rows[at]), terms[at], at))
    return tuple(
        Topic(
            number,
            terms[at],
            rows[at],
            len(rows[at]) / reference,
            found[at],
            found[at] / synthetic if synthetic else None,
            share_ratio(found[at], synthetic, len(rows[at]), reference, z),
        )
        for number, at in enumerate(order)
        if rows[at]
    )


def _ranked(ids: Sequence[str], placed: Placement, clusters: int) -> list[tuple[str, ...]]:
    """Ids of each cluster's rows, the most central first, equally central ones by id."""
    ranked: list[list[tuple[float, str]]] = [[] for _ in range(clusters)]
    for row, cluster, similarity in zip(ids, placed.clusters, placed.similarities, strict=True):
        if cluster != OUTSIDE:
            ranked[cluster].append((-round(similarity, 5), row))
    return [tuple(row for _, row in sorted(members)) for members in ranked]


def _terms(texts: Sequence[str], placed: Placement, clusters: int) -> list[tuple[str, ...]]:
    """Of each cluster the words that most raise the chance that a text is one of it."""
    holding: list[Counter[str]] = [Counter() for _ in range(clusters)]
    sizes = placed.counts(clusters)
    for text, cluster in zip(texts, placed.clusters, strict=True):
        if cluster != OUTSIDE:
            holding[cluster].update(set(topic_words(text)))
    everywhere: Counter[str] = Counter()
    for counts in holding:
        everywhere.update(counts)
    rows = sum(sizes)
    return [
        tuple(_strongest(counts, size, everywhere, rows))
        for counts, size in zip(holding, sizes, strict=True)
    ]


def _strongest(
    counts: Counter[str], size: int, everywhere: Counter[str], rows: int
) -> Iterator[str]:
    """Words by share in the cluster times the log of how much that exceeds the share in all."""

    def strength(word: str) -> float:
        inside, overall = counts[word] / size, everywhere[word] / rows
        return inside * log(inside / overall)

    ranked = sorted(counts, key=lambda word: (-round(strength(word), 9), -counts[word], word))
    yield from ranked[:NAME_TERMS]


def _parts(weights: Sequence[float], supplies: Sequence[int], total: int) -> list[int]:
    """Whole numbers in proportion to the weights, none above its supply (largest averages)."""
    parts = [0] * len(weights)
    for _ in range(min(total, sum(supplies))):
        open_ = [at for at, supply in enumerate(supplies) if parts[at] < supply]
        # D'Hondt's rule: the next one goes where a row stands for most of what is missing.
        parts[max(open_, key=lambda at: (weights[at] / (parts[at] + 1), -at))] += 1
    return parts
