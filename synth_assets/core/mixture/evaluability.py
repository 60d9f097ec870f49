"""Whether there is anything real to measure a student of a mixture on."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from synth_assets.core.config.mixtures import Mixture


class EvaluabilityState(StrEnum):
    """What held-out real rows a mixture has."""

    EVALUABLE = "evaluable"
    """Some of the sources that it trains on."""
    OTHER_SOURCES = "evaluable_on_other_sources"
    """Some, but of other sources."""
    UNEVALUABLE = "unevaluable"
    """None."""


@dataclass(frozen=True)
class Evaluability:
    """Whether a student of a mixture can be measured on real rows that it never saw.

    Attributes:
        state: which.
        reason: why, in a sentence that says what to do where something is.
    """

    state: EvaluabilityState
    reason: str


def evaluability(mixture: Mixture, held_out: pl.DataFrame) -> Evaluability:
    """Say whether there are held-out real rows to measure a mixture's student on.

    Best are rows of the sources that the mixture takes its real rows from, all where it names
    none; else rows of any other source do, and the state says so. Benchmarks do not count: they
    are others' tasks, not what the set is made to be like.

    Args:
        mixture: a policy.
        held_out: columns of `SAMPLE_SCHEMA`.
    """
    counts: dict[str, int] = dict(held_out.group_by("source").len().sort("source").iter_rows())
    if not counts:
        return Evaluability(
            EvaluabilityState.UNEVALUABLE,
            "There is no held-out real row. Set held_out_share of a pool in sources.yaml above 0, "
            "or declare a source of `uses: [held_out]`.",
        )
    own = (
        counts
        if mixture.sources is None
        else {n: counts[n] for n in mixture.sources if n in counts}
    )
    if own:
        told = f"{sum(own.values()):,} held-out real rows of {', '.join(own)}."
        return Evaluability(EvaluabilityState.EVALUABLE, told)
    told = f"{sum(counts.values()):,} held-out real rows of {', '.join(counts)}"
    if not mixture.sources:
        told += "; the mixture trains on no real rows."
    else:
        told += (
            f", but none of {', '.join(mixture.sources)}, which the mixture trains on. Set "
            "held_out_share of these in sources.yaml above 0."
        )
    return Evaluability(EvaluabilityState.OTHER_SOURCES, told)
