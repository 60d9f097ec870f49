"""The one shape of every stage: a frame in, `StageResult(kept, decisions)` out.

Nothing vanishes without a reason: there is exactly one decision per input row, and the kept
frame holds exactly the rows whose decision is `kept`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from synth_assets.core.schema import DECISION_SCHEMA, Decision, Outcome, Stage
from synth_assets.errors import StageContractError


@dataclass(frozen=True)
class StageResult:
    """What a stage kept, and its decision on every row it was given.

    Attributes:
        kept: the surviving rows (columns of the stage's output).
        decisions: one row per input row, columns of `DECISION_SCHEMA`.
    """

    kept: pl.DataFrame
    decisions: pl.DataFrame

    @property
    def reasons(self) -> dict[str, int]:
        """Rows that were not kept, counted by reason, most frequent first."""
        return reason_counts(self.decisions.lazy())

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome; every outcome is named, also those that are zero."""
        return outcome_counts(self.decisions.lazy())


def reason_counts(decisions: pl.LazyFrame) -> dict[str, int]:
    """Rows that were not kept, counted by reason, most frequent first."""
    counts = (
        decisions.filter(pl.col("outcome") != Outcome.KEPT)
        .group_by("reason")
        .len()
        .sort(["len", "reason"], descending=[True, False])
    )
    return dict(counts.collect().iter_rows())


def outcome_counts(decisions: pl.LazyFrame) -> dict[str, int]:
    """Rows by outcome; every outcome is named, also those that are zero."""
    found = dict(decisions.group_by("outcome").len().collect().iter_rows())
    return {outcome.value: found.get(outcome.value, 0) for outcome in Outcome}


def close_stage(
    stage: Stage,
    partition: str,
    inputs: pl.DataFrame,
    decisions: Iterable[Decision] | pl.DataFrame,
    *,
    kept: pl.DataFrame | None = None,
    id_column: str = "sample_id",
) -> StageResult:
    """Turn decisions into a stage's result and hold the stage to its promise.

    Args:
        stage: the stage that decided.
        partition: recipe version, mixture version, or `all`.
        inputs: the rows the stage was given; their ids stand in `id_column`.
        decisions: one per row of `inputs`, in any order; or a frame of them, with any of the
            columns of `DECISION_SCHEMA` but stage and partition.
        kept: the surviving rows, where the stage changed or made them, or with their copies; by
            default the rows of `inputs` that were kept, in the order of `inputs`.
        id_column: the column that names a row.

    Raises:
        StageContractError: if a row has no decision or two, a decision names no row, a kept
            decision has a reason or another has none, or `kept` is not what was kept.
    """
    if isinstance(decisions, pl.DataFrame):
        frame = _completed(stage, partition, decisions)
    else:
        frame = decision_frame(stage, partition, decisions)
    if kept is None:
        kept_ids = frame.filter(pl.col("outcome") == Outcome.KEPT)["sample_id"]
        kept = inputs.filter(pl.col(id_column).is_in(kept_ids.implode()))
    if faults := contract_faults(inputs[id_column], frame, without_copies(kept)[id_column]):
        raise StageContractError(f"Stage {stage}, partition {partition}: {' '.join(faults)}")
    return StageResult(kept, frame)


def without_copies(rows: pl.DataFrame) -> pl.DataFrame:
    """Each row once, of a frame that may have the column `copy` of `TRAINING_SCHEMA`."""
    return rows.filter(pl.col("copy") == 1) if "copy" in rows.columns else rows


def contract_faults(given: pl.Series, decisions: pl.DataFrame, kept: pl.Series) -> tuple[str, ...]:
    """Say where decisions, given rows and kept rows disagree; nothing where they agree.

    Args:
        given: ids of the rows a stage was given.
        decisions: columns of `DECISION_SCHEMA`.
        kept: ids of the rows that survived.
    """
    faults: list[str] = []
    decided = decisions["sample_id"]
    if not _same(given, decided):
        missing = sorted(set(given) - set(decided))[:3]
        extra = sorted(set(decided) - set(given))[:3]
        faults.append(
            f"{given.len()} rows given, {decided.len()} decided; undecided: {missing}, decided but "
            f"not given: {extra}. Every row needs exactly one decision."
        )
    is_kept = pl.col("outcome") == Outcome.KEPT
    if not _same(kept, decisions.filter(is_kept)["sample_id"]):
        faults.append("The rows kept are not those whose decision is `kept`.")
    odd = decisions.filter(is_kept == pl.col("reason").is_not_null())
    if odd.height:
        faults.append(
            f"Row {odd['sample_id'][0]} is {odd['outcome'][0]} with reason {odd['reason'][0]!r}. "
            "Kept rows have no reason, all others need one."
        )
    return tuple(faults)


def _same(ids: pl.Series, others: pl.Series) -> bool:
    return ids.sort().equals(others.sort())


def _completed(stage: Stage, partition: str, decisions: pl.DataFrame) -> pl.DataFrame:
    said = decisions.with_columns(
        pl.lit(stage.value).alias("stage"), pl.lit(partition).alias("partition")
    )
    told = said.columns
    return said.select(
        (pl.col(name) if name in told else pl.lit(None)).cast(kind).alias(name)
        for name, kind in DECISION_SCHEMA.items()
    )


def decision_frame(stage: Stage, partition: str, decisions: Iterable[Decision]) -> pl.DataFrame:
    """Lay decisions out as a frame of `DECISION_SCHEMA`."""
    rows = [
        (
            d.sample_id,
            stage.value,
            partition,
            d.recipe,
            d.outcome.value,
            d.reason.value if d.reason else None,
            d.score,
            d.duplicate_of,
            d.detail,
        )
        for d in decisions
    ]
    return pl.DataFrame(rows, schema=DECISION_SCHEMA, orient="row")
