"""Diversity of a set of rows, slice by slice, at equal amounts of text."""

from collections.abc import Mapping

import polars as pl

from synth_assets.core.diversity.corpus import Corpus, Vocabulary
from synth_assets.core.diversity.metric_spec import Basis, MetricSpec, Scope
from synth_assets.core.diversity.metrics import DiversityMetric, evaluate, spec_of
from synth_assets.core.diversity.resampling import Measured, interval_of, weights_of
from synth_assets.core.diversity.slices import (
    DEFAULT_SIZE,
    REFERENCE,
    SampleSize,
    draw_named,
    draw_slices,
)
from synth_assets.core.diversity.topics import Real

DIVERSITY_SCHEMA = pl.Schema(
    {
        "slice": pl.String,
        "metric": pl.String,
        "value": pl.Float64,  # null where the slice has too little text, or nothing to compare to
        "low": pl.Float64,  # 95 % interval; null where nothing can be said
        "high": pl.Float64,
        "rows": pl.Int64,  # rows measured
        "words": pl.Int64,  # words measured
    }
)

MOST_REAL = 1_000
"""Rows of the reference that slices are compared to."""


def measure_diversity(
    rows: pl.DataFrame,
    reference: pl.DataFrame | None = None,
    size: SampleSize = DEFAULT_SIZE,
) -> pl.DataFrame:
    """Measure every metric on every slice that has rows.

    Args:
        rows: frame of `SAMPLE_SCHEMA`.
        reference: frame of `SAMPLE_SCHEMA` to compare to, as slice `reference`.
        size: how much of each slice is measured.

    Returns:
        Frame of `DIVERSITY_SCHEMA`, independent of the order of `rows`. Two slices compare where
        `words` (or `rows`, for metrics of that basis) are about equal; `rows` and `words` say
        when a slice was too small for the draw.
    """
    return _measured_slices(draw_slices(rows, reference, size), reference, size)


def measure_slices(
    slices: Mapping[str, pl.DataFrame],
    reference: pl.DataFrame | None = None,
    size: SampleSize = DEFAULT_SIZE,
) -> pl.DataFrame:
    """Measure every metric on slices of one's own.

    Args:
        slices: name -> frame of `SAMPLE_SCHEMA`.
        reference: frame of `SAMPLE_SCHEMA` to compare to, as slice `reference`.
        size: how much of each slice is measured.

    Returns:
        Frame of `DIVERSITY_SCHEMA`, as `measure_diversity`.
    """
    beside = {} if reference is None else {REFERENCE: reference}
    return _measured_slices(draw_named({**slices, **beside}, size), reference, size)


def _measured_slices(
    sliced: pl.DataFrame, reference: pl.DataFrame | None, size: SampleSize
) -> pl.DataFrame:
    vocabulary = Vocabulary()
    real, is_apart = None, False
    if reference is not None and reference.height:
        drawn = sliced.filter(pl.col("slice") == REFERENCE)
        rest = reference.filter(~pl.col("sample_id").is_in(drawn["sample_id"].implode()))
        # Real rows beside which the reference itself can be held, where it has enough.
        is_apart = rest.height >= drawn.height
        most = SampleSize(MOST_REAL, size.words, size.seed)
        [*frames] = draw_named({REFERENCE: rest if is_apart else reference}, most).partition_by(
            "slice"
        )
        real = Real(_Slice(frames[0], vocabulary).corpus(Scope.ROW))
    parts = [
        _measured(_Slice(part, vocabulary), real, is_apart, size.seed)
        for part in sliced.partition_by("slice", maintain_order=True)
    ]
    return pl.concat([DIVERSITY_SCHEMA.to_frame(), *parts])


class _Slice:
    """The drawn rows of a slice, each text read once."""

    def __init__(self, rows: pl.DataFrame, vocabulary: Vocabulary) -> None:
        self.name = str(rows["slice"][0])
        self._rows = rows
        self._vocabulary = vocabulary
        self._corpora: dict[Scope, Corpus] = {}

    def corpus(self, scope: Scope) -> Corpus:
        """The texts of that scope."""
        if scope not in self._corpora:
            texts = pl.concat_str("prompt", "response", separator="\n")
            if scope is not Scope.ROW:
                texts = pl.col(scope.value)
            self._corpora[scope] = Corpus.of(
                self._rows.select(texts).to_series().to_list(),
                self._rows["teacher"].to_list(),
                self._vocabulary,
            )
        return self._corpora[scope]

    def within(self, basis: Basis) -> pl.DataFrame:
        """The rows that a metric of that basis looks at: a leading part."""
        return self._rows if basis is Basis.ROWS else self._rows.filter("within_words")

    def measure(self, metric: DiversityMetric, real: Real | None, seed: int) -> Measured:
        """A metric with its interval."""
        spec = spec_of(metric)
        corpus = self.corpus(spec.scope).first(self.within(spec.basis).height)
        weights = weights_of(len(corpus), spec.resampling, seed)
        values = evaluate(metric, corpus, weights, real)
        if values is None:
            return Measured(None, None, None)
        return interval_of(values, spec.resampling, spec.most)


def _measured(part: _Slice, real: Real | None, is_apart: bool, seed: int) -> pl.DataFrame:
    rows: list[tuple[str, str, float | None, float | None, float | None, int, int]] = []
    for metric in DiversityMetric:
        spec = spec_of(metric)
        beside = None if _is_itself(spec, part.name) and not is_apart else real
        found = part.measure(metric, beside, seed)
        used = part.within(spec.basis)
        amount = (used.height, int(used["words"].sum()))
        rows.append((part.name, metric, found.value, found.low, found.high, *amount))
    return pl.DataFrame(rows, schema=DIVERSITY_SCHEMA, orient="row")


def _is_itself(spec: MetricSpec, name: str) -> bool:
    return spec.is_of_both and name == REFERENCE
