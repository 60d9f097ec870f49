"""Holding a finished training set to its mixture, independently of how it was composed."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from synth_assets.core.config.mixture_bounds import Quota, column_name, exact, kind_of
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.cells import column_value, has_value, meets
from synth_assets.core.schema import Origin

OUTCOME_SCHEMA = pl.Schema(
    {
        "bound": pl.String,  # in the words of the file
        "rows": pl.String,  # which rows it counts
        "asked": pl.String,
        "got": pl.String,
        "holds": pl.Boolean,
    }
)


@dataclass(frozen=True)
class BoundOutcome:
    """What was asked, and what came out.

    Attributes:
        bound: of the mixture, in the words of the file.
        rows: which rows it counts.
        asked: for people.
        got: for people.
        holds: whether it is met: a share within one row, all else exactly.
    """

    bound: str
    rows: str
    asked: str
    got: str
    holds: bool

    @property
    def told(self) -> str:
        """In a sentence."""
        return f"{self.bound}: {self.rows}: {self.got}, where {self.asked} are asked"


def policy_faults(rows: pl.DataFrame, mixture: Mixture, standing: pl.DataFrame) -> tuple[str, ...]:
    """Say where a training set breaks its mixture; nothing where it holds.

    Args:
        rows: columns of `TRAINING_SCHEMA`.
        mixture: the policy.
        standing: columns of `STANDING_SCHEMA`; of all the rows, and perhaps of others.
    """
    bounds = [one.told for one in bound_outcomes(rows, mixture, standing) if not one.holds]
    return (*bounds, *_strangers(rows, mixture, standing), *_copies(rows, mixture), *_astray(rows))


def outcome_frame(outcomes: tuple[BoundOutcome, ...]) -> pl.DataFrame:
    """Lay outcomes out as a frame of `OUTCOME_SCHEMA`."""
    return pl.DataFrame([vars(one) for one in outcomes], OUTCOME_SCHEMA)


def bound_outcomes(
    rows: pl.DataFrame, mixture: Mixture, standing: pl.DataFrame
) -> tuple[BoundOutcome, ...]:
    """What every bound of a mixture asked, and what came out; arguments as of `policy_faults`."""
    facts = standing.select("sample_id", "family", "depth", "own_voice")
    told = rows.join(facts, on="sample_id", how="left", maintain_order="left")
    return tuple(_Set(told, mixture).outcomes())


@dataclass(frozen=True)
class _Set:
    """A training set with the standing of its rows, and its mixture."""

    rows: pl.DataFrame
    mixture: Mixture

    def outcomes(self) -> Iterator[BoundOutcome]:
        mixture, size = self.mixture, self.rows.height
        if mixture.rows is not None:
            right = size == mixture.rows
            yield BoundOutcome("rows", "all", f"{mixture.rows:,}", f"{size:,}", right)
        share = mixture.synthetic_share
        found = self._count(self._synthetic)
        yield self._share(
            "synthetic_share", "synthetic rows", found, size, share.at_least, share.at_most
        )
        if not mixture.pure_synthetic_because:
            real = size - found
            yield BoundOutcome("real rows", "real rows", "at least 1", f"{real:,}", real >= 1)
        yield from self._caps("teacher_cap", "teacher", mixture.teacher_cap)
        yield from self._caps("family_cap", "family", mixture.family_cap)
        own = self._count(self._synthetic & pl.col("own_voice"))
        yield self._share("own_voice", "the student's own voice", own, found, 0, mixture.own_voice)
        yield from self._teachers(found)
        if (most := mixture.max_depth) is not None:
            deep = self._count(pl.col("synthetic_depth") > most)
            got = f"{deep:,} are deeper"
            yield BoundOutcome("max_depth", "all", f"at most {most}", got, not deep)
        for number, quota in enumerate(mixture.quotas, start=1):
            yield from self._quota(f"quota {number}", quota)
        for column, weights in mixture.weights.items():
            yield from self._weights(column, weights)

    @property
    def _synthetic(self) -> pl.Expr:
        return pl.col("origin") == Origin.SYNTHETIC

    def _count(self, condition: pl.Expr) -> int:
        return self.rows.filter(condition).height

    def _share(
        self, bound: str, kind: str, count: int, whole: int, low: float, high: float
    ) -> BoundOutcome:
        least, most = exact(low) * whole, exact(high) * whole
        asked = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        got = f"{count / max(whole, 1):.4g} ({count:,} of {whole:,})"
        return BoundOutcome(bound, kind, asked, got, least - 1 < count < most + 1)

    def _caps(self, bound: str, column: str, cap: float) -> Iterator[BoundOutcome]:
        synthetic = self.rows.filter(self._synthetic)
        for name, count in synthetic[column].value_counts(sort=True).sort(column).iter_rows():
            if cap < 1 and name:
                yield self._share(bound, f"{column} {name}", count, synthetic.height, 0, cap)

    def _teachers(self, synthetic: int) -> Iterator[BoundOutcome]:
        needed = self.mixture.distinct_teachers
        if needed is None:
            return
        written = self.rows.filter(self._synthetic & (pl.col("teacher") != ""))
        counts = written["teacher"].value_counts()["count"].to_list()
        enough = sum(count >= exact(needed.least_share) * synthetic for count in counts)
        asked = f"at least {needed.at_least} with {needed.least_share:g} of the synthetic rows"
        right = enough >= needed.at_least
        yield BoundOutcome("distinct_teachers", "teachers", asked, f"{enough}", right)

    def _quota(self, bound: str, quota: Quota) -> Iterator[BoundOutcome]:
        whole = pl.lit(value=True) if quota.of == "all" else pl.col("origin") == quota.of
        named = ", ".join(kind_of(column, values) for column, values in quota.where.items())
        columns = {*quota.where, *([quota.each] if quota.each else [])}
        told = self.rows.with_columns(column_value(name).alias(name) for name in columns)
        among = told.filter(whole & meets(quota.where))
        kinds = [(named, among.height)]
        if quota.each is not None:
            counts = among[quota.each].drop_nulls().value_counts().sort(quota.each)
            before = f"{named}, " if named else ""
            kinds = [
                (f"{before}{kind_of(quota.each, value)}", count)
                for value, count in counts.iter_rows()
                if value != ""
            ]
        for kind, count in kinds:
            if quota.share is not None:
                size = self._count(whole)
                low, high = quota.share.at_least, quota.share.at_most
                yield self._share(bound, kind, count, size, low, high)
            if quota.rows is not None:
                most = quota.rows.at_most
                right = quota.rows.at_least <= count and (most is None or count <= most)
                yield BoundOutcome(bound, kind, quota.rows.said, f"{count:,}", right)

    def _weights(self, column: str, weights: dict[str, float]) -> Iterator[BoundOutcome]:
        told = self.rows.select(column_value(column).alias(column))
        counts = {value: told.filter(has_value(column, value)).height for value in weights}
        whole, total = sum(counts.values()), sum(map(exact, weights.values()), Fraction(0))
        for value, count in counts.items():
            wanted = exact(weights[value]) / total * whole
            yield BoundOutcome(
                f"weights by {column_name(column)}",
                str(value),
                f"{float(wanted):g} of {whole:,}",
                f"{count:,}",
                abs(count - wanted) < 1,
            )


def _strangers(rows: pl.DataFrame, mixture: Mixture, standing: pl.DataFrame) -> Iterator[str]:
    origins = (
        ("recipe", mixture.recipes, pl.col("origin") == Origin.SYNTHETIC),
        ("source", mixture.sources, pl.col("origin") == Origin.REAL),
    )
    for column, allowed, whose in origins:
        found = set(rows.filter(whose)[column]) if allowed is not None else set[str]()
        for strange in sorted(found - set(allowed or ())):
            yield f"rows of {column} {strange}, which has no part in the mixture"
    barred = rows.join(standing.filter(pl.col("reason").is_not_null()), on="sample_id", how="semi")
    if barred.height:
        yield f"{barred.height} rows may not take part, such as {barred['sample_id'][0]}"


def _copies(rows: pl.DataFrame, mixture: Mixture) -> Iterator[str]:
    firsts = rows.filter(pl.col("copy") == 1)
    for column in ("sample_id", "content_hash"):
        if repeated := firsts.height - firsts[column].n_unique():
            yield f"{repeated} rows repeat the {column} of another"
    most = pl.when(pl.col("origin") == Origin.REAL).then(mixture.repeats.real).otherwise(1)
    if over := rows.filter(pl.col("copy") > most).height:
        yield f"{over} rows are copies beyond those allowed"
    numbered = rows.group_by("sample_id").agg(
        pl.col("copy").max().alias("last"), pl.col("copy").n_unique().alias("copies"), pl.len()
    )
    uneven = (pl.col("last") != pl.col("len")) | (pl.col("copies") != pl.col("len"))
    if odd := numbered.filter(uneven).height:
        yield f"{odd} rows whose copies are not numbered from 1 on"


def _astray(rows: pl.DataFrame) -> Iterator[str]:
    """Relatives that stand in different splits."""
    lines = (
        ("copies of one row", rows.select(pl.col("sample_id").alias("key"), "split")),
        ("rows of one seed", rows.select(pl.col("seed_id").alias("key"), "split")),
        (
            "rows and their parents",
            pl.concat(
                [
                    rows.select(pl.col("sample_id").alias("key"), "split"),
                    rows.explode("parent_ids").select(pl.col("parent_ids").alias("key"), "split"),
                ]
            ),
        ),
    )
    for name, keyed in lines:
        named = keyed.drop_nulls("key").filter(pl.col("key") != "")
        split = named.group_by("key").agg(pl.col("split").n_unique().alias("splits"))
        if apart := split.filter(pl.col("splits") > 1).height:
            yield f"{name} stand in different splits, {apart} times"
