"""Figures of a version of a recipe: rows, acceptance, calls, cost, from what was recorded of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from synth_assets.core.schema import Outcome, Stage
from synth_assets.errors import StorageError
from synth_assets.resources.home import Home

_CALLS = ("calls", "judge_calls")


@dataclass(frozen=True)
class VersionFigures:
    """What there is of a version of a recipe.

    Attributes:
        key: its partition key.
        filled_at: when it was verified last, ISO 8601, UTC; empty where it never was.
        generated: rows that the teachers' answers made.
        accepted: rows that every verifier accepted; none where it was not verified.
        calls: completions that its rows rest on.
        calls_bought: those among them that were bought when it was filled last.
        cost_usd: what all of them cost, whenever that was.
        cost_bought_usd: what the bought ones cost.
    """

    key: str
    filled_at: str = ""
    generated: int = 0
    accepted: int | None = None
    calls: int = 0
    calls_bought: int = 0
    cost_usd: float = 0.0
    cost_bought_usd: float = 0.0

    @property
    def acceptance(self) -> float | None:
        """The share of generated rows that was accepted."""
        if self.accepted is None or not self.generated:
            return None
        return self.accepted / self.generated

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {**vars(self), "acceptance": self.acceptance}


def version_figures(home: Home, key: str) -> VersionFigures:
    """Read what there is of a version, filled or not.

    Raises:
        StorageError: if its records cannot be read.
    """
    verdicts = Path(str(home.decisions(Stage.VERIFY, key)))
    made = Path(str(home.decisions(Stage.GENERATE, key)))
    accepted = _kept(verdicts)
    calls = [
        pl.scan_parquet(path, glob=False).select("fingerprint", "cost_usd", "from_ledger")
        for path in (home.root / table / f"{key}.parquet" for table in _CALLS)
        if path.is_file()
    ]
    figures = VersionFigures(key, _time(verdicts), _kept(made) or 0, accepted)
    return _with_calls(figures, calls) if calls else figures


def _with_calls(figures: VersionFigures, calls: Sequence[pl.LazyFrame]) -> VersionFigures:
    bought = ~pl.col("from_ledger")
    each = pl.concat(calls).unique("fingerprint", keep="any")
    counted = each.select(
        pl.len().alias("calls"),
        bought.sum().alias("calls_bought"),
        pl.col("cost_usd").sum(),
        pl.col("cost_usd").filter(bought).sum().alias("cost_bought_usd"),
    )
    [row] = _collected(counted, figures.key).to_dicts()
    return VersionFigures(
        figures.key, figures.filled_at, figures.generated, figures.accepted, **row
    )


def _kept(path: Path) -> int | None:
    if not path.is_file():
        return None
    kept = pl.scan_parquet(path, glob=False).filter(pl.col("outcome") == Outcome.KEPT)
    return int(_collected(kept.select(pl.len()), str(path)).item())


def _time(path: Path) -> str:
    if not path.is_file():
        return ""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def _collected(frame: pl.LazyFrame, what: str) -> pl.DataFrame:
    try:
        return frame.collect()
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise StorageError(
            f"{what}: what was recorded cannot be read: {exc}. Materialize it again."
        ) from exc
