"""The stage that decides which seeds a recipe starts from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from synth_assets.core.decontaminate.finding import Guard
from synth_assets.core.fingerprint import content_hash
from synth_assets.core.schema import Decision, Outcome, Reason, Split, Stage
from synth_assets.core.stage import StageResult, close_stage

_REASONS = {Split.BENCHMARK: Reason.BENCHMARK_ROW, Split.HELD_OUT: Reason.HELD_OUT_ROW}


def select_seeds(
    partition: str, rows: pl.DataFrame, guard: Guard, limit: int | None = None
) -> StageResult:
    """Drop seeds that are kept out of training, repeat each other, or exceed the limit.

    Which of several stays is drawn by a hash of their content, so that the order of the seeds
    never matters and a larger limit adds seeds without taking any away.

    Args:
        partition: key of the recipe's version.
        rows: columns of `SEED_SCHEMA`. Equal seeds of one source have equal ids; all but the
            first (by `position`) get a suffix, `…-2`, so that each row has its own decision.
        guard: what is kept out; a seed is dropped for any of its fields.
        limit: keep at most this many.

    Returns:
        The kept seeds, in the order given. A kept-out seed's `duplicate_of` is the item it
        overlaps with, a duplicate's the seed kept instead.
    """
    named = _with_own_ids(rows)
    decisions = _decide(named, guard, limit)
    return close_stage(Stage.SEEDS, partition, named, decisions, id_column="seed_id")


@dataclass(frozen=True, order=True)
class _Candidate:
    content: str
    seed_id: str
    recipe: str
    fields: Mapping[str, str] = field(compare=False)

    @classmethod
    def of(cls, seed_id: str, recipe: str, text: str) -> "_Candidate":
        fields: dict[str, str] = json.loads(text)
        said = (part for item in sorted(fields.items()) for part in item)
        return cls(content_hash(*said), seed_id, recipe, fields)


def _with_own_ids(rows: pl.DataFrame) -> pl.DataFrame:
    ordinal = pl.struct("position", "fields").rank("ordinal").over("seed_id")
    suffixed = pl.format("{}-{}", "seed_id", ordinal)
    return rows.with_columns(
        pl.when(ordinal > 1).then(suffixed).otherwise("seed_id").alias("seed_id")
    )


def _decide(rows: pl.DataFrame, guard: Guard, limit: int | None) -> Iterator[Decision]:
    seeds = sorted(
        _Candidate.of(*row) for row in rows.select("seed_id", "recipe", "fields").iter_rows()
    )
    overlaps = guard.look([tuple(seed.fields.values()) for seed in seeds])
    kept_by_content: dict[str, str] = {}
    for seed, found in zip(seeds, overlaps, strict=True):
        if found is not None:
            reason, other, detail = _REASONS[found.split], found.item_id, found.evidence
        elif seed.content in kept_by_content:
            reason, other = Reason.DUPLICATE_SEED, kept_by_content[seed.content]
            detail = "the same fields"
        elif limit is not None and len(kept_by_content) >= limit:
            reason, other, detail = Reason.BEYOND_LIMIT, None, f"limit: {limit}"
        else:
            kept_by_content[seed.content] = seed.seed_id
            yield Decision(seed.seed_id, Outcome.KEPT, recipe=seed.recipe)
            continue
        yield Decision(seed.seed_id, Outcome.DROPPED, reason, None, other, detail, seed.recipe)
