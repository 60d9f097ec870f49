"""Two versions of a recipe beside each other: what an edit made better, and what worse."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from synth_assets.core.diversity.measure import measure_diversity
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import SYNTHETIC
from synth_assets.core.export.markdown import inline, table
from synth_assets.core.fingerprint import short_id
from synth_assets.core.schema import Outcome

PAIRS_SCHEMA = pl.Schema(
    {
        "position": pl.Int64,  # of the planned sample
        **{
            f"{side}_{name}": pl.String
            for side in ("old", "new")
            for name in ("id", "outcome", "reason", "prompt", "response")
        },
    }
)

_SHOWN = 600


@dataclass(frozen=True)
class Version:
    """A filled version of a recipe.

    Attributes:
        key: its partition key.
        samples: as the teachers wrote them, columns of `SAMPLE_SCHEMA`.
        decisions: of generation and verification, columns of `DECISION_SCHEMA`.
        cost_usd: what all its calls cost, whenever they were paid; None where nobody knows.
    """

    key: str
    samples: pl.DataFrame
    decisions: pl.DataFrame
    cost_usd: float | None

    @property
    def last(self) -> pl.DataFrame:
        """The last decision on each planned sample."""
        return self.decisions.unique("sample_id", keep="last", maintain_order=True)

    @property
    def planned(self) -> int:
        """Samples that were planned."""
        return self.last.height

    @property
    def accepted(self) -> int:
        """Samples that every verifier accepted."""
        return self.last.filter(outcome=Outcome.KEPT).height

    @property
    def acceptance(self) -> float:
        """Accepted of planned samples, 0..1."""
        return self.accepted / max(self.planned, 1)

    @property
    def usd_per_accepted(self) -> float | None:
        """What an accepted sample costs; None where nobody knows."""
        if self.cost_usd is None or not self.accepted:
            return None
        return self.cost_usd / self.accepted

    @property
    def verified(self) -> pl.DataFrame:
        """The samples that were accepted."""
        kept = self.last.filter(outcome=Outcome.KEPT)["sample_id"]
        return self.samples.filter(pl.col("sample_id").is_in(kept.implode()))


@dataclass(frozen=True)
class Comparison:
    """Two versions of one recipe.

    Attributes:
        old: the earlier one.
        new: the later one.
        reasons: `stage`, `reason`, `old`, `new`: planned samples that were dropped for it.
        diversity: `metric`, `title`, `old`, `new`: of accepted samples, as many of each.
        pairs: columns of `PAIRS_SCHEMA`: what became of the same planned samples.
    """

    old: Version
    new: Version
    reasons: pl.DataFrame
    diversity: pl.DataFrame
    pairs: pl.DataFrame

    @classmethod
    def of(cls, old: Version, new: Version, pairs: int = 5) -> "Comparison":
        """Compare two versions.

        Args:
            old: the earlier one.
            new: the later one.
            pairs: how many planned samples are set beside each other, drawn by hash; those of
                which both versions have a text that differs.
        """
        return cls(old, new, _reasons(old, new), _diversity(old, new), _pairs(old, new, pairs))

    @property
    def markdown(self) -> str:
        """The comparison as a page."""
        return "\n\n".join(self._parts())

    def _parts(self) -> Iterator[str]:
        old, new = self.old, self.new
        yield f"# {inline(old.key)} and {inline(new.key)}"
        yield table(self.figures)
        yield "## Why samples were dropped"
        yield table(self.reasons) if self.reasons.height else "None was."
        yield "## Diversity of accepted samples"
        yield table(self.diversity)
        yield "## The same planned samples"
        if self.pairs.is_empty():
            yield "No planned sample has a text in both versions that differs."
        for pair in self.pairs.iter_rows(named=True):
            yield f"### Planned sample {pair['position']}"
            for side in ("old", "new"):
                why = f": {pair[f'{side}_reason']}" if pair[f"{side}_reason"] else ""
                yield f"**{side}** {pair[f'{side}_outcome']}{why}"
                yield f"> {inline(pair[f'{side}_prompt'], _SHOWN)}"
                yield f"> {inline(pair[f'{side}_response'], _SHOWN)}"

    @property
    def figures(self) -> pl.DataFrame:
        """`figure`, `old`, `new`, for people."""
        rows = [
            ("planned", *(f"{each.planned:,}" for each in self._both)),
            ("accepted", *(f"{each.accepted:,}" for each in self._both)),
            ("acceptance", *(f"{each.acceptance:.1%}" for each in self._both)),
            ("USD in all", *(_usd(each.cost_usd) for each in self._both)),
            ("USD an accepted sample", *(_usd(each.usd_per_accepted) for each in self._both)),
        ]
        return pl.DataFrame(rows, schema=["figure", "old", "new"], orient="row")

    @property
    def _both(self) -> tuple[Version, Version]:
        return self.old, self.new


def _usd(amount: float | None) -> str:
    return "unknown" if amount is None else f"{amount:.6f}"


def _reasons(old: Version, new: Version) -> pl.DataFrame:
    counts = [
        each.last.filter(pl.col("outcome") != Outcome.KEPT)
        .group_by("stage", "reason")
        .agg(pl.len().cast(pl.Int64).alias(side))
        for side, each in (("old", old), ("new", new))
    ]
    both = counts[0].join(counts[1], on=["stage", "reason"], how="full", coalesce=True)
    return both.fill_null(0).sort("stage", "reason")


def _diversity(old: Version, new: Version) -> pl.DataFrame:
    """On equally many samples of each, as most figures depend on how many there are."""
    count = min(old.accepted, new.accepted)
    found: list[pl.DataFrame] = []
    for side, each in (("old", old), ("new", new)):
        measured = measure_diversity(_drawn(each.verified, "sample_id").head(count))
        of_all = measured.filter(slice=SYNTHETIC).select("metric", pl.col("value").alias(side))
        found.append(of_all)
    titles = pl.DataFrame(
        [(metric.value, spec_of(metric).title) for metric in DiversityMetric],
        schema=["metric", "title"],
        orient="row",
    )
    both = found[0].join(found[1], on="metric", how="full", coalesce=True)
    told = titles.join(both, on="metric", how="inner", maintain_order="left")
    return told.filter(pl.any_horizontal(pl.col("old", "new").is_not_null()))


def _pairs(old: Version, new: Version, most: int) -> pl.DataFrame:
    texts = [_told(each, side) for side, each in (("old", old), ("new", new))]
    both = texts[0].join(texts[1], on=["position", "seed_id"], how="inner")
    differs = (pl.col("old_prompt") != pl.col("new_prompt")) | (
        pl.col("old_response") != pl.col("new_response")
    )
    return _drawn(both.filter(differs), "position").head(most).select(PAIRS_SCHEMA.names())


def _told(version: Version, side: str) -> pl.DataFrame:
    """The first sample of each planned one, with what was decided of it last."""
    decided = version.last.select("sample_id", "outcome", "reason")
    first = version.samples.unique(["position", "seed_id"], keep="first", maintain_order=True)
    named = {"sample_id": "id", **dict.fromkeys(("outcome", "reason", "prompt", "response"))}
    return first.join(decided, on="sample_id").select(
        "position",
        "seed_id",
        *(pl.col(name).alias(f"{side}_{other or name}") for name, other in named.items()),
    )


def _drawn(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """In an order of chance that is the same each time."""
    order = pl.Series("order", [short_id([key]) for key in rows[by].to_list()], dtype=pl.String)
    return rows.with_columns(order).sort("order", by).drop("order")
