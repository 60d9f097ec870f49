"""The stage `verify`: a recipe's verifiers look at each sample, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from synth_assets.core.sample import Sample, sample_frame, samples_of
from synth_assets.core.schema import (
    VERDICT_SCHEMA,
    Decision,
    Outcome,
    Stage,
    Verdict,
    VerdictOutcome,
)
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.core.verify.protocol import Check, Cost, Together, Verifier
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import SynthError

MAX_EVIDENCE = 280
_PROGRESS_EVERY = 500

# What data or an outside service can provoke in a verifier. Other exceptions are mistakes in its
# program and stop the stage, as every sample would be in doubt.
_FAULTS = (SynthError, ArithmeticError, LookupError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class VerifyResult:
    """What verification came to.

    Attributes:
        stage: samples kept, with their `score`, and one decision per sample.
        verdicts: one row per sample and verifier that ran, columns of `VERDICT_SCHEMA`.
    """

    stage: StageResult
    verdicts: pl.DataFrame


@dataclass
class _Judged:
    """A sample, and the verdicts on it in the order of the verifiers that ran."""

    sample: Sample
    verdicts: list[tuple[str, Verdict]]

    @property
    def is_open(self) -> bool:
        """Whether nothing rejected it so far."""
        return not any(v.outcome == VerdictOutcome.REJECTED for _, v in self.verdicts)

    @property
    def is_revised(self) -> bool:
        """Whether a verifier wrote some of its texts anew."""
        return any(v.revised for _, v in self.verdicts)

    def add(self, kind: str, verdict: Verdict) -> None:
        """Take a verdict down, and the texts it brings."""
        self.verdicts.append((kind, verdict))
        if verdict.revised:
            self.sample = self.sample.revised(verdict.revised)

    def decide(self) -> Decision:
        """A rejection drops; failing one, an error leaves it open; else the least score counts."""
        for outcome, verdict_outcome in (
            (Outcome.DROPPED, VerdictOutcome.REJECTED),
            (Outcome.ERRORED, VerdictOutcome.ERRORED),
        ):
            for kind, verdict in self.verdicts:
                if verdict.outcome == verdict_outcome:
                    return Decision(
                        self.sample.sample_id,
                        outcome,
                        verdict.reason,
                        verdict.score,
                        detail=f"{kind}: {verdict.evidence}"[:MAX_EVIDENCE],
                        recipe=self.sample.recipe,
                    )
        scores = [verdict.score for _, verdict in self.verdicts if verdict.score is not None]
        return Decision(
            self.sample.sample_id,
            Outcome.KEPT,
            score=min(scores, default=1.0),
            recipe=self.sample.recipe,
        )


def verify_samples(
    samples: pl.DataFrame,
    partition: str,
    verifiers: Sequence[Verifier],
    files: Mapping[str, str],
    tools: Tools = NO_TOOLS,
    on_progress: Callable[[str, int, int], None] = lambda kind, done, of: None,
) -> VerifyResult:
    """Let verifiers judge samples.

    Each sample meets the verifiers, the cheap ones first, until one rejects it. A verifier that
    fails on a sample gives the verdict `errored`, the others still look at it: rejected by one of
    them it is dropped, else it is errored. A kept sample's score is the least of its verdicts', 1
    without verifiers. Where a verifier wrote texts anew, the verifiers behind it see these.

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        partition: the recipe version.
        verifiers: of the recipe.
        files: file name -> text of the recipe's folder, for schemas and the like.
        tools: what verifiers may use of the outside world.
        on_progress: told a verifier's kind, how many samples it judged, and of how many.

    Raises:
        RecipeError: if a verifier lacks a file, or the file is wrong.
    """
    prepared = [(each.kind, each.prepare(files, tools)) for each in cheap_first(verifiers)]
    judged = [_Judged(sample, []) for sample in samples_of(samples)]
    for kind, check in prepared:
        still = [each for each in judged if each.is_open]
        size = max(len(still), 1) if isinstance(check, Together) else _PROGRESS_EVERY
        for start in range(0, len(still), size):
            on_progress(kind, start, len(still))
            some = still[start : start + size]
            for each, verdict in zip(some, _verdicts(check, some), strict=True):
                each.add(kind, verdict)
        on_progress(kind, len(still), len(still))
    decisions = [each.decide() for each in judged]
    stage = close_stage(
        Stage.VERIFY, partition, samples, decisions, kept=_kept(samples, judged, decisions)
    )
    return VerifyResult(stage, _verdict_frame(partition, judged))


def cheap_first(verifiers: Sequence[Verifier]) -> list[Verifier]:
    """The order in which verifiers run: by what they cost, then as they are written."""
    return sorted(verifiers, key=lambda each: Cost.CALLS if each.teachers else each.cost)


def _verdicts(check: Check | Together, judged: Sequence[_Judged]) -> Sequence[Verdict]:
    if not isinstance(check, Together):
        return [_verdict(each.sample, check) for each in judged]
    try:
        return check.check([each.sample for each in judged])
    except _FAULTS as fault:
        return [_errored(fault)] * len(judged)


def _verdict(sample: Sample, check: Check) -> Verdict:
    try:
        return check(sample)
    except _FAULTS as fault:
        return _errored(fault)


def _errored(fault: BaseException) -> Verdict:
    return Verdict.errored(f"{type(fault).__name__}: {clipped(str(fault), 200)}")


def _kept(
    samples: pl.DataFrame, judged: Sequence[_Judged], decisions: Sequence[Decision]
) -> pl.DataFrame:
    scores = pl.Series([d.score for d in decisions], dtype=pl.Float64)
    if any(each.is_revised for each in judged):
        samples = sample_frame(each.sample for each in judged)
    return samples.with_columns(score=scores).filter(
        pl.Series([d.outcome == Outcome.KEPT for d in decisions], dtype=pl.Boolean)
    )


def _verdict_frame(partition: str, judged: Sequence[_Judged]) -> pl.DataFrame:
    rows = [
        (
            each.sample.sample_id,
            partition,
            kind,
            position,
            verdict.outcome.value,
            verdict.reason.value if verdict.reason else None,
            verdict.score,
            verdict.evidence[:MAX_EVIDENCE],
        )
        for each in judged
        for position, (kind, verdict) in enumerate(each.verdicts)
    ]
    return pl.DataFrame(rows, schema=VERDICT_SCHEMA, orient="row")
