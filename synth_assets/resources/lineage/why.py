"""Why one sample is where it is: what it repeats or overlaps, and how large its cluster is."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from synth_assets.core.schema import Split, Stage
from synth_assets.resources.lineage.trace import (
    Ask,
    SampleTrace,
    TracedDecision,
    trace_sample,
    whole_id,
)


@dataclass(frozen=True)
class KeptOut:
    """A row that no training set may hold: held out, a test item, or of an earlier set.

    Attributes:
        sample_id: the whole id.
        split: which of these.
        source: the data source it is of, or the file and row of an earlier set.
        prompt: its text.
        response: the other part of it.
    """

    sample_id: str
    split: Split
    source: str
    prompt: str
    response: str


@dataclass(frozen=True)
class TracedCluster:
    """A row that is kept, and what was dropped as its duplicate.

    Attributes:
        kept_id: the row.
        cluster_rows: how many rows, the kept one included.
        exact_duplicates: rows that say the same.
        near_duplicates: rows that say nearly the same.
        semantic_duplicates: rows that say it in other words.
        not_novel: rows that repeat it, where it is of an earlier set.
        least_similarity: of a row that was dropped to the row kept; none where nobody knows.
        recipes: of the rows dropped; real ones are of the recipe with an empty name.
    """

    kept_id: str
    cluster_rows: int
    exact_duplicates: int
    near_duplicates: int
    semantic_duplicates: int
    not_novel: int
    least_similarity: float | None
    recipes: tuple[str, ...]


Other: TypeAlias = SampleTrace | KeptOut


@dataclass(frozen=True)
class SampleWhy:
    """Why a sample is in a training set, or in none.

    Attributes:
        trace: its story.
        other: what its last decision names: the row kept instead, or the item it overlaps; none
            where it names nothing, or nothing that lineage knows.
        cluster: that it stands for or was dropped from, if any.
    """

    trace: SampleTrace
    other: Other | None
    cluster: TracedCluster | None


def deciding(trace: SampleTrace) -> TracedDecision | None:
    """The last decision on a row, but for those of superseded mixtures."""
    live = tuple(decision for decision in trace.decisions if decision.live)
    return replace(trace, decisions=live).last_decision


def explain_sample(ask: Ask, prefix: str) -> SampleWhy | KeptOut | None:
    """Say why the row whose id is, or begins with, `prefix` is where it is.

    Returns:
        None when no row's id begins so; of a row that is kept out itself, that it is.

    Raises:
        LineageError: if `prefix` is too short or fits several rows, which it lists.
    """
    trace = trace_sample(ask, prefix)
    if trace is None:
        return _kept_out(ask, prefix)
    last = deciding(trace)
    named = None if last is None else last.duplicate_of
    other = None if named is None else trace_sample(ask, named) or _kept_out(ask, named)
    in_cluster = last is not None and last.stage == Stage.DEDUP
    cluster = _cluster(ask, (in_cluster and named) or trace.sample_id)
    return SampleWhy(trace, other, cluster)


def _kept_out(ask: Ask, prefix: str) -> KeptOut | None:
    sample_id = whole_id(ask, "why_kept_out", prefix)
    if sample_id is None:
        return None
    row = ask("why_kept_out", prefix=sample_id).row(0, named=True)
    return KeptOut(split=Split(row.pop("split")), **row)


def _cluster(ask: Ask, kept_id: str) -> TracedCluster | None:
    for row in ask("why_cluster", kept_id=kept_id).iter_rows(named=True):
        recipes = tuple(row.pop("recipes"))
        return TracedCluster(recipes=recipes, **row)
    return None
