"""What an edit changes: planned samples beside those of an earlier version of their recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from synth_assets.core.generation.estimate import Estimate

PLACE = ("seed_id", "round")
"""What a planned sample keeps through an edit: its seed, and how often that was used before."""


class Change(StrEnum):
    """Why a planned sample is not what it was; of several reasons the first."""

    TEACHER = "teacher"
    PARAMETERS = "parameters"
    PROMPT = "prompt"
    SEED = "seed"
    MORE_SAMPLES = "more samples"


@dataclass(frozen=True)
class PlanChanges:
    """A plan beside the version of its recipe that was filled last.

    Attributes:
        since: partition key of that version.
        counts: why -> planned samples that are not as they were.
        gone: samples of that version that are planned no more.
    """

    since: str
    counts: Mapping[Change, Estimate]
    gone: int

    @property
    def is_none(self) -> bool:
        """Whether everything is as it was."""
        return not self.gone and all(count.is_nothing for count in self.counts.values())


def changed_rows(
    planned: pl.DataFrame, earlier: pl.DataFrame, known_seeds: pl.DataFrame
) -> dict[Change, int]:
    """Count planned samples that are not as they were, by reason.

    Args:
        planned: columns of `PLAN_SCHEMA`.
        earlier: the same of the earlier version; at least the rows of the same places.
        known_seeds: a column `seed_id`: every seed of the earlier version.
    """
    compared = planned.join(earlier, on=list(PLACE), how="left", suffix="_then")
    compared = compared.join(known_seeds.with_columns(known=pl.lit(True)), on="seed_id", how="left")
    was_there = pl.col("fingerprint_then").is_not_null()
    other = {name: pl.col(name) != pl.col(f"{name}_then") for name in earlier.columns[2:]}
    reason = (
        pl.when(was_there & (pl.col("fingerprint") == pl.col("fingerprint_then")))
        .then(None)
        .when(was_there & (other["teacher"] | other["model"]))
        .then(pl.lit(Change.TEACHER.value))
        .when(was_there & other["parameters"])
        .then(pl.lit(Change.PARAMETERS.value))
        .when(was_there & other["messages_hash"])
        .then(pl.lit(Change.PROMPT.value))
        # The same words with other fields: another response format.
        .when(was_there)
        .then(pl.lit(Change.PARAMETERS.value))
        .when(pl.col("known").is_null())
        .then(pl.lit(Change.SEED.value))
        .otherwise(pl.lit(Change.MORE_SAMPLES.value))
    )
    counted = compared.select(reason.alias("reason")).drop_nulls().group_by("reason").len()
    return {Change(name): count for name, count in counted.iter_rows()}


def uses_of_seeds(seed_ids: pl.Series, planned: int) -> pl.DataFrame:
    """How often a plan uses each seed: columns `seed_id`, `uses`.

    Args:
        seed_ids: in the order of the plan.
        planned: number of planned samples.
    """
    whole, rest = divmod(planned, max(len(seed_ids), 1))
    position = pl.int_range(pl.len())
    uses = pl.lit(whole, pl.Int64) + (position < rest).cast(pl.Int64)
    return pl.DataFrame({"seed_id": seed_ids}).with_columns(uses=uses)
