"""What a recipe planned against what came through: by attribute value, and by joint cell.

A sample that is planned may be lost at each stage, and not evenly: hard levels fail verification
more often, short forms are duplicates more often. So what is kept leans away from what was
planned, and this says where and at which stage.

Two units are kept apart. A *planned sample* is what a draw is made for; it has come through a
stage if one of its rows has. A *row* is what is trained on; a planned sample may give many, or
none. Shares that were planned are of samples, shares achieved of rows, each row counting one.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import isfinite, prod
from types import MappingProxyType
from typing import TypeAlias, cast

import polars as pl

from synth_assets.core.fingerprint import Json, canonical_json
from synth_assets.errors import ConfigurationError, StageContractError

MOST_CELLS = 100_000
"""Cells that a joint table is made for without quotas; beyond, quotas must name the cells."""

COVERAGE_SCHEMA = pl.Schema(
    {
        "attribute": pl.String,
        "value": pl.String,
        # What was to be; 0 for a value that no target names, null where nobody planned any.
        "target_share": pl.Float64,
        # Planned samples, and those of which a row came so far; null where rows alone can tell.
        "planned": pl.Int64,
        "generated": pl.Int64,
        "verified": pl.Int64,
        "kept": pl.Int64,
        "rows": pl.Int64,  # rows kept that have the value themselves
        "planned_share": pl.Float64,  # among planned samples that have the attribute
        "kept_share": pl.Float64,  # among samples of which a row was kept; null without any
        "row_share": pl.Float64,  # among rows kept that have the attribute; null without any
        "gap": pl.Float64,  # row_share - target_share
    }
)

CELL_SCHEMA = pl.Schema(
    {
        "cell": pl.String,  # JSON object: attribute -> value, as `cell_key` writes it
        "quota": pl.Int64,  # samples of which a row is to be kept
        "planned": pl.Int64,
        "generated": pl.Int64,
        "verified": pl.Int64,
        "kept": pl.Int64,
        "rows": pl.Int64,
        "lacking": pl.Int64,  # samples with a row until the quota is met; 0 where it is
    }
)

DISTANCE_SCHEMA = pl.Schema(
    {
        "attribute": pl.String,
        "planned_from_target": pl.Float64,  # total variation distance, 0 to 1
        "kept_from_planned": pl.Float64,  # samples; null where nothing was kept, as the next is
        "rows_from_target": pl.Float64,
    }
)

Targets: TypeAlias = Mapping[str, Mapping[str, float]]
"""Attribute -> value -> weight; only the proportion of the weights of an attribute counts."""

_Drawn: TypeAlias = Mapping[str, str]
_STEPS = ("planned", "generated", "verified", "kept")


@dataclass(frozen=True)
class CameThrough:
    """Ids of the samples that came through each stage; ids of other recipes do no harm.

    Attributes:
        generated: samples of which a row was made.
        verified: of which a row was accepted.
        kept: of which a row is left.
        rows: attributes of each row that is left; by default one a sample, with its attributes.
    """

    generated: frozenset[str]
    verified: frozenset[str]
    kept: frozenset[str]
    rows: Sequence[Mapping[str, Json]] | None = None

    @classmethod
    def of_frames(
        cls, generated: pl.DataFrame, verified: pl.DataFrame, kept: pl.DataFrame
    ) -> "CameThrough":
        """Read the ids from the column `sample_id` of what each stage kept."""
        made, accepted, left = (frame["sample_id"] for frame in (generated, verified, kept))
        return cls(frozenset(made), frozenset(accepted), frozenset(left))


@dataclass(frozen=True)
class ValueGap:
    """How far one value of an attribute is from its target; below 0 where it is too rare."""

    attribute: str
    value: str
    target_share: float
    row_share: float

    @property
    def gap(self) -> float:
        """Share of the rows kept less the target share."""
        return self.row_share - self.target_share


@dataclass(frozen=True)
class PlannedAgainstAchieved:
    """What became of a plan.

    Attributes:
        values: frame of `COVERAGE_SCHEMA`, sorted by attribute and value.
        cells: frame of `CELL_SCHEMA`, sorted by cell; empty if no joint attributes were stated.
    """

    values: pl.DataFrame
    cells: pl.DataFrame

    @cached_property
    def holes(self) -> pl.DataFrame:
        """The cells that lack samples, those that lack most first."""
        order = ["lacking", "cell"]
        return self.cells.filter(pl.col("lacking") > 0).sort(order, descending=[True, False])

    @cached_property
    def unreached(self) -> pl.DataFrame:
        """The values with a target share of which no row was kept."""
        return self.values.filter(pl.col("target_share") > 0, pl.col("rows") == 0)

    @cached_property
    def largest_gap(self) -> ValueGap | None:
        """The value farthest from its target, on either side; None if nothing was kept."""
        # Far below what one row can change, so that rounding does not decide between equal gaps.
        size = pl.col("gap").abs().round(9)
        found = self.values.drop_nulls("gap").sort(
            size, "attribute", "value", descending=[True, False, False]
        )
        if found.is_empty():
            return None
        row = found.row(0, named=True)
        return ValueGap(row["attribute"], row["value"], row["target_share"], row["row_share"])

    @cached_property
    def distances(self) -> pl.DataFrame:
        """Frame of `DISTANCE_SCHEMA`: how far plan, target and what was kept lie apart.

        Total variation: half the sum of the absolute differences of the shares, which is the
        share that would have to be of another value. `planned_from_target` is what the draw did,
        `kept_from_planned` what the stages did to samples; `rows_from_target` is all of that, and
        that some samples give more rows than others.
        """
        columns = ("target_share", "planned_share", "kept_share", "row_share")
        target, planned, kept, rows = map(pl.col, columns)
        return (
            self.values.group_by("attribute")
            .agg(
                _variation(planned, target).alias("planned_from_target"),
                _variation(kept, planned).alias("kept_from_planned"),
                _variation(rows, target).alias("rows_from_target"),
            )
            .sort("attribute")
        )


def cell_key(values: Mapping[str, str]) -> str:
    """Name a cell: canonical JSON of its attributes and values."""
    return canonical_json(dict(values))


def planned_against_achieved(
    planned: pl.DataFrame,
    came_through: CameThrough,
    targets: Targets,
    joint: Sequence[str] = (),
    quotas: Mapping[str, int] | None = None,
    of_rows: Targets = MappingProxyType({}),
) -> PlannedAgainstAchieved:
    """Set what was planned against what came through each stage.

    Shares are among the samples that have the attribute, for an attribute may be drawn under a
    condition only. Attributes without a target are not looked at; a value without one stands in
    the table with target 0.

    Args:
        planned: one row a planned sample: `sample_id`, and `attributes`, a JSON object. Leave out
            what was never to give rows.
        came_through: the ids that each stage kept, and the rows that are left.
        targets: what share of the samples was to have each value.
        joint: attributes whose combinations are counted as cells; a sample that lacks one of
            them is counted in the cell without it.
        quotas: `cell_key` -> samples of which a row is to be kept. A cell that they do not name
            has quota 0, so that it is no hole. By default every combination of the target values
            has quota 1.
        of_rows: as `targets`, of attributes that rows alone tell; without a weight where nobody
            planned a share.

    Returns:
        Tables of counts. A cell is a hole if fewer samples came through than its quota.

    Raises:
        StageContractError: if an id is planned twice, or attributes are no JSON object.
        ConfigurationError: if weights have no proportion, a joint attribute has no target, or
            there are too many cells to list.
    """
    shares = {name: _shares(name, weights) for name, weights in targets.items()}
    if joint and quotas is None:
        quotas = _one_each(shares, joint)
    told = {name: _shares(name, weights) if weights else None for name, weights in of_rows.items()}
    counts = _counts(planned, came_through)
    if came_through.rows is None:
        counts = [_Counted(c.drawn, c.steps + Counter(rows=c.steps["kept"])) for c in counts]
    else:
        counts += _row_counts(came_through.rows, {*shares, *told, *joint})
    values = [
        row
        for name, weights in sorted({**told, **shares}.items())
        for row in _value_rows(name, weights, counts, is_planned=name in shares)
    ]
    cells = list(_cell_rows(joint, quotas or {}, counts)) if joint else []
    return PlannedAgainstAchieved(
        pl.DataFrame(values, schema=COVERAGE_SCHEMA, orient="row"),
        pl.DataFrame(cells, schema=CELL_SCHEMA, orient="row"),
    )


@dataclass(frozen=True)
class _Counted:
    """Planned samples with the same attributes, or rows: how many of them reached each step."""

    drawn: _Drawn
    steps: Counter[str]


def _counts(planned: pl.DataFrame, came_through: CameThrough) -> list[_Counted]:
    if planned["sample_id"].is_duplicated().any():
        twice = planned.filter(pl.col("sample_id").is_duplicated())["sample_id"].min()
        raise StageContractError(
            f"Plan: sample {twice} is planned more than once, so that its share would count "
            "double. Give one row a sample."
        )
    flags = [
        pl.col("sample_id").is_in(pl.Series(sorted(ids), dtype=pl.String).implode()).alias(step)
        for step, ids in zip(
            _STEPS[1:],
            (came_through.generated, came_through.verified, came_through.kept),
            strict=True,
        )
    ]
    grouped = (
        planned.with_columns(*flags)
        .group_by("attributes")
        .agg(pl.len().alias("planned"), *(pl.col(step).sum() for step in _STEPS[1:]))
    )
    return [
        _Counted(_parsed(row["attributes"]), Counter({step: row[step] for step in _STEPS}))
        for row in grouped.iter_rows(named=True)
    ]


def _parsed(text: str | None) -> _Drawn:
    try:
        found: object = json.loads(text or "")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StageContractError(
            f"Plan: the attributes {text!r} are no JSON object. Write what was drawn as an "
            "object of attribute and value."
        )
    return {name: _text(value) for name, value in cast("dict[str, Json]", found).items()}


def _row_counts(rows: Sequence[Mapping[str, Json]], names: AbstractSet[str]) -> list[_Counted]:
    """Rows by what they have of the attributes that are looked at."""
    found = Counter(
        tuple(sorted((name, _text(row[name])) for name in names if name in row)) for row in rows
    )
    return [_Counted(dict(values), Counter(rows=count)) for values, count in found.items()]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _value_rows(
    name: str, shares: Mapping[str, float] | None, counts: Sequence[_Counted], *, is_planned: bool
) -> Iterator[tuple[object, ...]]:
    found: dict[str, Counter[str]] = {value: Counter() for value in shares or ()}
    for counted in counts:
        if name in counted.drawn:
            found.setdefault(counted.drawn[name], Counter()).update(counted.steps)
    whole: Counter[str] = Counter()
    for steps in found.values():
        whole.update(steps)
    if not is_planned and not whole["rows"]:
        return  # such as the teacher of a step that no row is made of
    for value, steps in sorted(found.items()):
        target = None if shares is None else shares.get(value, 0.0)
        row_share = _part(steps, whole, "rows")
        yield (
            name,
            value,
            target,
            *(steps[step] if is_planned else None for step in _STEPS),
            steps["rows"],
            _part(steps, whole, "planned"),
            _part(steps, whole, "kept"),
            row_share,
            None if row_share is None or target is None else row_share - target,
        )


def _part(steps: Counter[str], whole: Counter[str], step: str) -> float | None:
    return steps[step] / whole[step] if whole[step] else None


def _cell_rows(
    joint: Sequence[str], quotas: Mapping[str, int], counts: Sequence[_Counted]
) -> Iterator[tuple[object, ...]]:
    found: dict[str, Counter[str]] = {key: Counter() for key in quotas}
    for counted in counts:
        key = cell_key({name: counted.drawn[name] for name in joint if name in counted.drawn})
        found.setdefault(key, Counter()).update(counted.steps)
    for key, steps in sorted(found.items()):
        quota = quotas.get(key, 0)
        reached = [steps[step] for step in (*_STEPS, "rows")]
        yield (key, quota, *reached, max(0, quota - steps["kept"]))


def _shares(name: str, weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    if not all(isfinite(weight) and weight >= 0 for weight in weights.values()) or not total > 0:
        raise ConfigurationError(
            f"Targets of {name}: the weights {dict(weights)} have no proportion. Give numbers of "
            "0 or more, and at least one above 0."
        )
    return {value: weight / total for value, weight in weights.items()}


def _one_each(shares: Targets, joint: Sequence[str]) -> dict[str, int]:
    if unknown := sorted(set(joint) - set(shares)):
        raise ConfigurationError(
            f"Joint coverage of {', '.join(joint)}: {', '.join(unknown)} has no target. Give its "
            "values a target, or give quotas that name the cells."
        )
    wanted = {
        name: [value for value, share in shares[name].items() if share] for name in sorted(joint)
    }
    if (cells := prod(map(len, wanted.values()))) > MOST_CELLS:
        raise ConfigurationError(
            f"Joint coverage of {', '.join(joint)}: {cells:,} cells are more than can be listed "
            f"({MOST_CELLS:,}). State fewer attributes, or give quotas that name the cells."
        )
    return {
        cell_key(dict(zip(wanted, values, strict=True))): 1 for values in product(*wanted.values())
    }


def _variation(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    # Where a share is null all shares of its attribute are; a plain sum would make that 0.
    distance = (one - other).abs().sum() / 2
    return pl.when((one - other).count() > 0).then(distance)
