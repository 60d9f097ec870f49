"""The stage `verify`: a recipe's verifiers look at each sample, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from synth_assets.core.sample import Sample, samples_of
from synth_assets.core.schema import (
    VERDICT_SCHEMA,
    Decision,
    Outcome,
    Stage,
    Verdict,
    VerdictOutcome,
)
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.core.verify.folding import clipped
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import SynthError

MAX_EVIDENCE = 280

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


@dataclass(frozen=True)
class _Judged:
    """The verdicts on one sample, in the order of the verifiers that ran."""

    sample: Sample
    verdicts: tuple[tuple[str, Verdict], ...]

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
) -> VerifyResult:
    """Let verifiers judge samples.

    Each sample meets the verifiers in order until one rejects it. A verifier that fails on a
    sample gives the verdict `errored`, the others still look at it: rejected by one of them it is
    dropped, else it is errored. A kept sample's score is the least of its verdicts', 1 without
    verifiers.

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        partition: the recipe version.
        verifiers: in the order they run.
        files: file name -> text of the recipe's folder, for schemas and the like.
        tools: what verifiers may use of the outside world.

    Raises:
        RecipeError: if a verifier lacks a file, or the file is wrong.
    """
    checks = [(verifier.kind, verifier.prepare(files, tools)) for verifier in verifiers]
    judged = [_judge(sample, checks) for sample in samples_of(samples)]
    decisions = [each.decide() for each in judged]
    scores = pl.Series([d.score for d in decisions], dtype=pl.Float64)
    kept = samples.with_columns(score=scores).filter(
        pl.Series([d.outcome == Outcome.KEPT for d in decisions], dtype=pl.Boolean)
    )
    stage = close_stage(Stage.VERIFY, partition, samples, decisions, kept=kept)
    return VerifyResult(stage, _verdict_frame(partition, judged))


def _judge(sample: Sample, checks: Sequence[tuple[str, Check]]) -> _Judged:
    verdicts: list[tuple[str, Verdict]] = []
    for kind, check in checks:
        verdict = _verdict(sample, check)
        verdicts.append((kind, verdict))
        if verdict.outcome == VerdictOutcome.REJECTED:
            break
    return _Judged(sample, tuple(verdicts))


def _verdict(sample: Sample, check: Check) -> Verdict:
    try:
        return check(sample)
    except _FAULTS as fault:
        return Verdict.errored(f"{type(fault).__name__}: {clipped(str(fault), 200)}")


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
