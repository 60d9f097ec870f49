"""The stage that composes a training set from candidates, by a mixture's policy."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.fingerprint import short_id
from synth_assets.core.mixture.bounds import Candidates, Target, find_target
from synth_assets.core.mixture.quotas import fair_quotas
from synth_assets.core.schema import Decision, Origin, Outcome, Reason, Stage
from synth_assets.core.stage import StageResult, close_stage


@dataclass(frozen=True, order=True)
class _Candidate:
    draw: str
    sample_id: str
    is_real: bool
    group: str
    writer: str
    recipe: str


def compose(
    samples: pl.DataFrame, mixture: Mixture, on_request: Collection[str] = ()
) -> StageResult:
    """Choose and shuffle the rows of a training set.

    The synthetic share is met within one row, no teacher writes more than its cap of the
    synthetic rows (rounded up), recipes share the synthetic rows as evenly as they can, sources
    the real ones. Which rows stand for a group, and their order, is drawn by hash of seed and
    id: the order of `samples` plays no part, and a few more candidates move few rows.

    Args:
        samples: columns of `SAMPLE_SCHEMA`; real and synthetic candidates.
        mixture: the policy.
        on_request: recipes that take part only where the policy names them.

    Returns:
        The training set in its order, decisions of the partition `mixture.key`. A row left out
        is `not_in_mixture` if its recipe or source has no part in it, `teacher_cap` if its
        teacher has all the rows allowed, else `beyond_target`.

    Raises:
        MixtureInfeasibleError: if the bounds cannot all be met; it names what would mend it.
    """
    everyone = [_candidate(mixture.seed, *row) for row in _columns(samples).iter_rows()]
    candidates = sorted(row for row in everyone if _takes_part(row, mixture, on_request))
    among = set(candidates)
    real = [row for row in candidates if row.is_real]
    synthetic = [row for row in candidates if not row.is_real]
    target = find_target(mixture, Candidates(len(real), _counts(synthetic)))
    chosen_synthetic = _choose(synthetic, target.synthetic, target.teacher_rows)
    chosen = {*_choose(real, target.real, target.real), *chosen_synthetic}
    written = _counts(row for row in chosen if not row.is_real)
    decisions = [
        _decide(row, row in chosen, target, written.get(row.writer, 0))
        if row in among
        else _left_out(row, mixture)
        for row in everyone
    ]
    order = {row.sample_id: short_id([mixture.seed, "order", row.sample_id]) for row in chosen}
    kept = (
        samples.filter(pl.col("sample_id").is_in(list(order)))
        .with_columns(
            pl.col("sample_id").replace_strict(order, return_dtype=pl.String).alias("_order")
        )
        .sort("_order")
        .drop("_order")
    )
    return close_stage(Stage.MIX, mixture.key, samples, decisions, kept=kept)


def _columns(samples: pl.DataFrame) -> pl.DataFrame:
    return samples.select("sample_id", "origin", "recipe", "source", "teacher")


def _candidate(
    seed: int, sample_id: str, origin: str, recipe: str, source: str, teacher: str
) -> _Candidate:
    is_real = origin == Origin.REAL.value
    # Not the hash of the order: else the groups that give few of many rows would come first.
    draw = short_id([seed, "draw", sample_id])
    group = source if is_real else recipe
    return _Candidate(draw, sample_id, is_real, group, "" if is_real else teacher, recipe)


def _takes_part(row: _Candidate, mixture: Mixture, on_request: Collection[str]) -> bool:
    allowed = mixture.sources if row.is_real else mixture.recipes
    if allowed is None:
        return row.is_real or row.group not in on_request
    return row.group in allowed


def _counts(rows: Iterable[_Candidate]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.writer] = counts.get(row.writer, 0) + 1
    return counts


def _choose(rows: list[_Candidate], total: int, cap: int) -> Iterator[_Candidate]:
    cells: dict[str, dict[str, list[_Candidate]]] = {}
    for row in rows:
        cells.setdefault(row.group, {}).setdefault(row.writer, []).append(row)
    supply = {
        group: {writer: [row.draw for row in found] for writer, found in writers.items()}
        for group, writers in cells.items()
    }
    for (group, writer), taken in fair_quotas(supply, total, cap).items():
        yield from cells[group][writer][:taken]


def _left_out(row: _Candidate, mixture: Mixture) -> Decision:
    kind = "source" if row.is_real else "recipe"
    detail = f"{kind} {row.group} has no part in {mixture.id}"
    return Decision(
        row.sample_id, Outcome.DROPPED, Reason.NOT_IN_MIXTURE, detail=detail, recipe=row.recipe
    )


def _decide(row: _Candidate, is_chosen: bool, target: Target, written: int) -> Decision:
    def dropped(reason: Reason, detail: str) -> Decision:
        return Decision(row.sample_id, Outcome.DROPPED, reason, detail=detail, recipe=row.recipe)

    if is_chosen:
        return Decision(row.sample_id, Outcome.KEPT, recipe=row.recipe)
    if not row.is_real and written == target.teacher_rows < target.synthetic:
        return dropped(Reason.TEACHER_CAP, f"{row.writer} wrote its {written} rows already")
    wanted = target.real if row.is_real else target.synthetic
    name = Origin.REAL if row.is_real else Origin.SYNTHETIC
    return dropped(Reason.BEYOND_TARGET, f"the mixture takes {wanted} {name} rows")
