"""The version of a recipe that was filled last: its plan, its calls, and what was kept of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from synth_assets.core.config.names import is_partition_key, partition_name
from synth_assets.core.generation.estimate import Reach
from synth_assets.core.plan_changes import PLACE, Change, changed_rows, uses_of_seeds
from synth_assets.core.schema import Outcome, Stage
from synth_assets.errors import StorageError
from synth_assets.resources.home import ALL, Home

_CALLS = ("calls", "judge_calls")


@dataclass(frozen=True)
class FilledPlan:
    """What there is on disk of a filled recipe version.

    Attributes:
        key: its partition key.
        home: where it lies.
    """

    key: str
    home: Home

    @classmethod
    def latest(cls, home: Home, recipe: str) -> "FilledPlan | None":
        """The version of a recipe that was filled last, by the time of its file."""
        plans = home.plan(recipe).parent.glob(f"{recipe}~*.parquet")
        named = [path for path in plans if _is_of(path, recipe)]
        if not named:
            return None
        return cls(max(named, key=lambda path: path.stat().st_mtime_ns).stem, home)

    @property
    def rows(self) -> pl.LazyFrame:
        """Columns of `PLAN_SCHEMA`."""
        return pl.scan_parquet(self._plan, glob=False)

    @cached_property
    def seeds(self) -> pl.DataFrame:
        """The column `seed_id`: each seed once.

        Raises:
            StorageError: if its plan cannot be read.
        """
        return self._collected(self.rows.select("seed_id").unique())

    def changes(self, planned: pl.DataFrame) -> dict[Change, int]:
        """Count planned samples that are not as they were, by reason; see `changed_rows`.

        Only rows of the same places are brought into memory; the file lies in the order of plans,
        so that most of it is passed over.

        Raises:
            StorageError: if its plan cannot be read.
        """
        near = _between(self.rows, planned["round"])
        if planned["round"].n_unique() == 1:
            near = _between(near, planned["seed_id"])
        places = planned.lazy().select(PLACE)
        columns = (*PLACE, "fingerprint", "teacher", "model", "parameters", "messages_hash")
        same = near.select(columns).join(places, on=list(PLACE), how="semi")
        return changed_rows(planned, self._collected(same), self.seeds)

    def gone(self, seed_ids: pl.Series, planned: int) -> int:
        """How many of its samples a plan has no more.

        Args:
            seed_ids: of the plan, in its order.
            planned: how many samples the plan may come to.

        Raises:
            StorageError: if its plan cannot be read.
        """
        uses = uses_of_seeds(seed_ids, planned).lazy()
        rows = self.rows.select(PLACE).join(uses, on="seed_id", how="left")
        gone = rows.filter(pl.col("uses").is_null() | (pl.col("round") >= pl.col("uses")))
        return int(self._collected(gone.select(pl.len())).item())

    def reach(self) -> Reach | None:
        """How many calls of each step it took; none where no call is recorded.

        Raises:
            StorageError: if its calls cannot be read.
        """
        places = [self.home.root / table / f"{self.key}.parquet" for table in _CALLS]
        made = [pl.scan_parquet(path, glob=False) for path in places if path.is_file()]
        if not made:
            return None
        calls = pl.concat(made).group_by("step").len()
        counts: dict[str, int] = dict(self._collected(calls).iter_rows())
        planned = int(self._collected(self.rows.select(pl.len())).item())
        return Reach(counts, counts, planned) if counts else None

    def share_kept(self) -> float | None:
        """The share of its planned samples that verification and deduplication kept.

        None where it has not come so far.

        Raises:
            StorageError: if its decisions cannot be read.
        """
        verified = Path(str(self.home.decisions(Stage.VERIFY, self.key)))
        deduplicated = Path(str(self.home.decisions(Stage.DEDUP, ALL)))
        if not verified.is_file():
            return None
        kept = pl.scan_parquet(verified, glob=False).filter(pl.col("outcome") == Outcome.KEPT)
        names = kept.select("sample_id")
        if deduplicated.is_file():
            lost = pl.scan_parquet(deduplicated, glob=False).filter(
                pl.col("outcome") != Outcome.KEPT
            )
            names = names.join(lost, on="sample_id", how="anti")
        planned = int(self._collected(self.rows.select(pl.len())).item())
        return int(self._collected(names.select(pl.len())).item()) / planned if planned else None

    @property
    def _plan(self) -> Path:
        return self.home.plan(self.key)

    def _collected(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as exc:
            raise StorageError(
                f"{self.key}: what was recorded of it cannot be read: {exc}. Delete "
                f"{self._plan} and materialize raw_generations again."
            ) from exc


def _between(rows: pl.LazyFrame, values: pl.Series) -> pl.LazyFrame:
    bounds = pl.lit(values.min()), pl.lit(values.max())
    return rows.filter(pl.col(values.name).is_between(bounds[0], bounds[1]))


def _is_of(path: Path, recipe: str) -> bool:
    return is_partition_key(path.stem) and partition_name(path.stem) == recipe
