"""The lab: recursions of many generations, arm beside arm, over several seeds.

It tells, for real rows of one's own, how much synthetic data they bear: a curve of dose and
response with intervals, instead of a rule of thumb.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from synth_assets.core.collapse.arms import Arm, Rule, usual_arms
from synth_assets.core.collapse.drawing import drawn
from synth_assets.core.collapse.generations import Generation, generations
from synth_assets.core.collapse.intervals import over_seeds
from synth_assets.core.collapse.students import Students
from synth_assets.core.collapse.yard import Yard

LAB_SCHEMA = pl.Schema(
    {
        "arm": pl.String,
        "rule": pl.String,
        "asked_share": pl.Float64,  # of written rows, as the arm says
        "seed": pl.Int64,
        "generation": pl.Int64,  # 0 saw real rows alone
        "trained_share": pl.Float64,  # of written rows in what this generation was trained on
        "rows": pl.Int64,  # that it was trained on
        "held_out": pl.Float64,  # bits a byte
        "above_first": pl.Float64,  # the same, less that of generation 0
        "out_of_domain": pl.Float64,  # bits a byte; null without such text
        "rare": pl.Float64,  # bits a rare token; null where the student knows no tokens
        "distinct_2": pl.Float64,  # this and the following of what it writes
        "compression": pl.Float64,
        "vendi": pl.Float64,
        "tail_coverage": pl.Float64,
        "mean_words": pl.Float64,
    }
)
"""One row a generation of an arm and a seed."""


@dataclass(frozen=True)
class LabPlan:
    """What a lab compares.

    Attributes:
        rows: real rows of the first generation.
        held_out: real rows to measure by.
        generations: number of the last one.
        seeds: repetitions, each with other real rows.
        arms: see `usual_arms`.
    """

    rows: int = 1_500
    held_out: int = 1_000
    generations: int = 5
    seeds: int = 4
    arms: tuple[Arm, ...] = usual_arms()

    @property
    def chains(self) -> tuple["Chain", ...]:
        """The recursions there are to run; none depends on another."""
        return tuple(Chain(arm, seed) for seed in range(self.seeds) for arm in self.arms)


@dataclass(frozen=True)
class Chain:
    """One recursion: an arm with a seed."""

    arm: Arm
    seed: int


@dataclass(frozen=True)
class Material:
    """The texts of a seed: drawn alike for every arm.

    Attributes:
        real: of the first generation.
        held_out: to measure by.
    """

    real: tuple[str, ...]
    held_out: tuple[str, ...]

    @classmethod
    def drawn(cls, texts: Sequence[str], plan: LabPlan, seed: int) -> "Material":
        """Draw real and held-out rows that have nothing in common.

        Raises:
            ValueError: if there are not enough different texts.
        """
        different = list(dict.fromkeys(texts))
        if len(different) < plan.rows + plan.held_out:
            raise ValueError(
                f"{len(different):,} different texts, and the lab needs {plan.rows:,} to train on "
                f"and {plan.held_out:,} to measure by. Give more, or lower rows or held_out."
            )
        shuffled = drawn(different, np.random.default_rng(seed))
        first_held_out = len(shuffled) - plan.held_out
        return cls(tuple(shuffled[: plan.rows]), tuple(shuffled[first_held_out:]))


def run_chain(
    chain: Chain,
    plan: LabPlan,
    texts: Sequence[str],
    out_of_domain: Sequence[str],
    students: Students,
) -> Iterator[Generation]:
    """Run one recursion.

    Raises:
        ValueError: see `Material.drawn` and `Yard.of`.
    """
    material = Material.drawn(texts, plan, chain.seed)
    yard = Yard.of(material.held_out, out_of_domain, chain.seed)
    yield from generations(
        chain.arm, material.real, students, yard, plan.generations, seed=chain.seed
    )


def lab_frame(chain: Chain, found: Sequence[Generation]) -> pl.DataFrame:
    """Lay a recursion out as a frame of `LAB_SCHEMA`."""
    first = found[0].reading.held_out.value if found else 0.0
    rows = [
        (
            chain.arm.name,
            chain.arm.rule.value,
            chain.arm.share,
            chain.seed,
            each.number,
            each.share,
            each.rows,
            each.reading.held_out.value,
            each.reading.held_out.value - first,
            each.reading.out_of_domain.value if each.reading.out_of_domain else None,
            each.reading.rare.value if each.reading.rare else None,
            each.texture.distinct_2,
            each.texture.compression,
            each.texture.vendi,
            each.texture.tail_coverage,
            each.texture.mean_words,
        )
        for each in found
    ]
    return pl.DataFrame(rows, schema=LAB_SCHEMA, orient="row")


CURVE_SCHEMA = pl.Schema(
    {
        "arm": pl.String,
        "rule": pl.String,
        "asked_share": pl.Float64,
        "generation": pl.Int64,
        "measure": pl.String,
        "value": pl.Float64,  # mean over seeds
        "low": pl.Float64,  # Student's t, 95 %; null with one seed
        "high": pl.Float64,
        "seeds": pl.Int64,
    }
)
"""What a lab found: one row an arm, generation and measure."""

_MEASURES = ("above_first", "held_out", "out_of_domain", "rare", "distinct_2", "vendi")
_MORE = ("compression", "tail_coverage", "mean_words")


def curves(records: pl.DataFrame) -> pl.DataFrame:
    """Means over seeds with their intervals.

    Args:
        records: columns of `LAB_SCHEMA`.

    Returns:
        Frame of `CURVE_SCHEMA`, in the order of the arms, generations and measures.
    """
    long = records.unpivot(
        on=[*_MEASURES, *_MORE],
        index=["arm", "rule", "asked_share", "generation"],
        variable_name="measure",
        value_name="value",
    ).drop_nulls("value")
    keys = ["arm", "rule", "asked_share", "generation", "measure"]
    rows = list[tuple[object, ...]]()
    for key, values in (
        long.group_by(keys, maintain_order=True)
        .agg("value")
        .select(pl.struct(keys), "value")
        .iter_rows()
    ):
        found = over_seeds(values)
        alone = len(values) == 1
        low, high = (None, None) if alone else (found.low, found.high)
        rows.append((*key.values(), found.value, low, high, len(values)))
    return pl.DataFrame(rows, schema=CURVE_SCHEMA, orient="row")


@dataclass(frozen=True)
class Dose:
    """What a share of written rows does in the end.

    Attributes:
        share: 0..1.
        loss: of the last generation above the first, bits a byte; mean over seeds.
        low: of its interval; none with one seed.
        high: the same.
    """

    share: float
    loss: float
    low: float | None
    high: float | None


def dose_response(found: pl.DataFrame) -> tuple[Dose, ...]:
    """The loss of the last generation by the share of written rows, least share first.

    Args:
        found: columns of `CURVE_SCHEMA`; arms `share`, and `replace` as a share of 1, that write
            as they are; sharpened arms have curves of their own.
    """
    plain = found.filter(
        pl.col("rule").is_in([Rule.SHARE.value, Rule.REPLACE.value])
        & ~pl.col("arm").str.contains(", ")
        & (pl.col("measure") == "above_first")
    )
    if plain.is_empty():
        return ()
    last = plain.filter(pl.col("generation") == plain["generation"].max())
    rows = last.sort("asked_share").select("asked_share", "value", "low", "high")
    return tuple(Dose(*row) for row in rows.iter_rows())


def share_for(doses: Sequence[Dose], allowed: float) -> float | None:
    """The largest share whose loss stays within what is allowed, between doses by straight lines.

    Returns:
        0 if even the least dose loses more than a straight line to it from nothing allows; None
        without doses.
    """
    if not doses:
        return None
    below = Dose(0.0, 0.0, None, None)
    for dose in doses:
        if dose.loss > allowed:
            rise = dose.loss - below.loss
            part = (allowed - below.loss) / rise if rise > 0 else 0.0
            return below.share + max(part, 0.0) * (dose.share - below.share)
        below = dose
    return below.share
