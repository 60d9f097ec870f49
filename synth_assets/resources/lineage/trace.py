"""The story of one sample: from its seed to the training sets, or to the reason it was dropped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Outcome, Reason, Stage, VerdictOutcome
from synth_assets.errors import LineageError

SHORTEST_PREFIX = 6


class Ask(Protocol):
    """Runs a named query of `sql/queries/`."""

    def __call__(self, name: str, **parameters: str | int) -> pl.DataFrame:
        """The query's rows."""
        ...


@dataclass(frozen=True)
class TracedVersion:
    """The recipe version that made a sample.

    Attributes:
        partition: `recipe~8hex`.
        recipe: name of the recipe.
        version: its eight digits.
        title: what people see.
        technique: the method.
        recipe_yaml: text of `recipe.yaml` as it was.
        templates: file name -> prompt text as it was.
        live: false when the recipe was edited since.
    """

    partition: str
    recipe: str
    version: str
    title: str
    technique: str
    recipe_yaml: str
    templates: Mapping[str, str]
    live: bool


@dataclass(frozen=True)
class TracedCall:
    """One completion; the fields are columns of `CALL_SCHEMA`."""

    fingerprint: str
    step: str
    teacher: str
    model: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    latency_s: float
    from_ledger: bool


@dataclass(frozen=True)
class TracedVerdict:
    """What one verifier said; the fields are columns of `VERDICT_SCHEMA`."""

    verifier: str
    outcome: VerdictOutcome
    reason: Reason | None
    score: float | None
    evidence: str


@dataclass(frozen=True)
class TracedDecision:
    """What one stage decided of the sample or, at stage `seeds`, of its seed.

    Attributes:
        sample_id: the sample's id, or the seed's.
        duplicate_prompt: text of the row or benchmark item that `duplicate_of` names.
        live: false for what a superseded version of a mixture decided.
    """

    sample_id: str
    stage: Stage
    partition: str
    outcome: Outcome
    reason: Reason | None
    score: float | None
    duplicate_of: str | None
    duplicate_prompt: str | None
    detail: str
    live: bool


@dataclass(frozen=True)
class TracedDuplicate:
    """A row that was dropped because this sample was kept."""

    sample_id: str
    reason: Reason
    score: float | None


@dataclass(frozen=True)
class TracedMixture:
    """A training set that contains the sample; `live` when it is its mixture's current version."""

    partition: str
    position: int
    live: bool


@dataclass(frozen=True)
class SampleTrace:
    """Everything known of one sample.

    Attributes:
        sample_id: the whole id.
        partition: the recipe version told of here, or `all` for a real row.
        sample: its text and provenance; none when generation made nothing of it.
        version: recipe, prompts and version; none for a real row.
        seed: what it started from; none for a real row or when there is no sample.
        calls: completions, in the order they were recorded.
        verdicts: in the order the verifiers ran.
        decisions: in the order of the stages.
        duplicates: rows dropped in favour of this one, most similar first.
        mixtures: training sets it is in.
        other_partitions: further recipe versions that know the same id.
    """

    sample_id: str
    partition: str
    sample: Sample | None
    version: TracedVersion | None
    seed: Seed | None
    calls: tuple[TracedCall, ...]
    verdicts: tuple[TracedVerdict, ...]
    decisions: tuple[TracedDecision, ...]
    duplicates: tuple[TracedDuplicate, ...]
    mixtures: tuple[TracedMixture, ...]
    other_partitions: tuple[str, ...]

    @property
    def cost_usd(self) -> float:
        """Price of its completions in US dollars, whenever bought; unknown prices count as 0."""
        return sum(call.cost_usd or 0.0 for call in self.calls)

    @property
    def last_decision(self) -> TracedDecision | None:
        """How far it came and why not further.

        Of the last stage that decided; at `mix` a decision to keep goes before the others.
        """
        own = [decision for decision in self.decisions if decision.stage != Stage.SEEDS]
        if not own:
            return None
        last = [decision for decision in own if decision.stage == own[-1].stage]
        return next((d for d in last if d.outcome == Outcome.KEPT), last[0])


def trace_sample(ask: Ask, prefix: str) -> SampleTrace | None:
    """Tell the story of the sample whose id is, or begins with, `prefix`.

    Returns:
        The trace, or none when no sample's id begins so. Where several recipe versions know the
        id, the live one is told of.

    Raises:
        LineageError: if `prefix` is too short or fits several samples, which it lists.
    """
    sample_id = whole_id(ask, "trace_ids", prefix)
    if sample_id is None:
        return None
    partitions = ask("trace_partitions", sample_id=sample_id)
    version, *others = (_version(row) for row in partitions.iter_rows(named=True))
    here = {"sample_id": sample_id, "partition": version.partition}
    sample = next(map(Sample.from_row, ask("trace_sample", **here).iter_rows(named=True)), None)
    seed_id = sample.seed_id if sample else ""
    return SampleTrace(
        sample_id=sample_id,
        partition=version.partition,
        sample=sample,
        version=version if version.recipe else None,
        seed=_seed(ask("trace_seed", seed_id=seed_id, partition=version.partition)),
        calls=_calls(ask("trace_calls", **here)),
        verdicts=_verdicts(ask("trace_verdicts", **here)),
        decisions=_decisions(ask("trace_decisions", seed_id=seed_id, **here)),
        duplicates=_duplicates(ask("trace_duplicates", sample_id=sample_id)),
        mixtures=_mixtures(ask("trace_mixtures", sample_id=sample_id)),
        other_partitions=tuple(other.partition for other in others),
    )


def whole_id(ask: Ask, query: str, prefix: str) -> str | None:
    """The one id that a query finds for the beginning of it; none if it finds nothing.

    Raises:
        LineageError: if `prefix` is too short or fits several ids, which it lists.
    """
    if len(prefix) < SHORTEST_PREFIX:
        raise LineageError(
            f"'{prefix}' is too short to name a sample. Give at least {SHORTEST_PREFIX} "
            "characters of its id."
        )
    ids = list(dict.fromkeys(ask(query, prefix=prefix)["sample_id"]))
    if prefix in ids:
        return prefix
    if len(ids) > 1:
        listed = ", ".join(ids[:10]) + (", ..." if len(ids) > 10 else "")
        raise LineageError(f"'{prefix}' fits several samples: {listed}. Give more characters.")
    return ids[0] if ids else None


def _version(row: Mapping[str, str]) -> TracedVersion:
    return TracedVersion(
        partition=row["partition"],
        recipe=row["recipe"],
        version=row["recipe_version"],
        title=row["title"],
        technique=row["technique"],
        recipe_yaml=row["recipe_yaml"],
        templates=json.loads(row["templates"]),
        live=bool(row["live"]),
    )


def _seed(rows: pl.DataFrame) -> Seed | None:
    seeds = (
        Seed(row["seed_id"], row["source"], json.loads(row["fields"]))
        for row in rows.iter_rows(named=True)
    )
    return next(seeds, None)


def _calls(rows: pl.DataFrame) -> tuple[TracedCall, ...]:
    return tuple(TracedCall(**row) for row in rows.iter_rows(named=True))


def _verdicts(rows: pl.DataFrame) -> tuple[TracedVerdict, ...]:
    return tuple(
        TracedVerdict(
            verifier=row["verifier"],
            outcome=VerdictOutcome(row["outcome"]),
            reason=_reason(row["reason"]),
            score=row["score"],
            evidence=row["evidence"],
        )
        for row in rows.iter_rows(named=True)
    )


def _decisions(rows: pl.DataFrame) -> tuple[TracedDecision, ...]:
    return tuple(
        TracedDecision(
            sample_id=row["sample_id"],
            stage=Stage(row["stage"]),
            partition=row["partition"],
            outcome=Outcome(row["outcome"]),
            reason=_reason(row["reason"]),
            score=row["score"],
            duplicate_of=row["duplicate_of"],
            duplicate_prompt=row["duplicate_prompt"],
            detail=row["detail"],
            live=row["live"],
        )
        for row in rows.iter_rows(named=True)
    )


def _duplicates(rows: pl.DataFrame) -> tuple[TracedDuplicate, ...]:
    return tuple(
        TracedDuplicate(row["sample_id"], Reason(row["reason"]), row["score"])
        for row in rows.iter_rows(named=True)
    )


def _mixtures(rows: pl.DataFrame) -> tuple[TracedMixture, ...]:
    return tuple(TracedMixture(**row) for row in rows.iter_rows(named=True))


def _reason(value: str | None) -> Reason | None:
    return Reason(value) if value is not None else None
