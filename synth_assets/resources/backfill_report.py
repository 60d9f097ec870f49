"""What a backfill came to: rows and acceptance before and after, calls, cost; kept by its name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec
import polars as pl

from synth_assets.core.versions.manifest import Kind
from synth_assets.errors import StorageError
from synth_assets.resources.frames import write_bytes
from synth_assets.resources.history import History
from synth_assets.resources.home import Home
from synth_assets.resources.version_figures import VersionFigures, version_figures
from synth_assets.resources.workshop import Workshop


@dataclass(frozen=True)
class RowsOfSet:
    """Rows of a mixture's training set, before and after; none where there was none."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class BackfillReport:
    """What a backfill came to.

    Attributes:
        name: of the backfill.
        cost_usd: what it spent, over all its starts.
        tokens: the same in tokens.
        before: key of each version that was to be filled -> the version that it came after.
        filled: key -> figures of the version, where it was filled.
        sets: mixture -> rows of its training set.
    """

    name: str
    cost_usd: float = 0.0
    tokens: int = 0
    before: dict[str, VersionFigures | None] = field(
        default_factory=dict[str, VersionFigures | None]
    )
    filled: dict[str, VersionFigures] = field(default_factory=dict[str, VersionFigures])
    sets: dict[str, RowsOfSet] = field(default_factory=dict[str, RowsOfSet])

    @property
    def calls_bought(self) -> int:
        """Completions that were bought when the versions were filled last."""
        return sum(each.calls_bought for each in self.filled.values())

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {**asdict(self), "calls_bought": self.calls_bought}


@dataclass(frozen=True)
class BackfillBooks:
    """The reports of a home's backfills."""

    workshop: Workshop
    name: str

    @property
    def _path(self) -> Path:
        return self._home.root / "backfills" / f"{self.name}.json"

    @property
    def _home(self) -> Home:
        return self.workshop.home

    def read(self) -> BackfillReport | None:
        """What was written of an earlier start of the same name.

        Raises:
            StorageError: if it cannot be read.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=BackfillReport, strict=False)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as exc:
            raise StorageError(
                f"{self._path}: cannot be read: {exc}. Delete it, or give the backfill another name"
            ) from exc

    def begin(self, keys: Sequence[str]) -> BackfillReport:
        """Write down what is to be filled, and what there was before."""
        earlier = self.read() or BackfillReport(self.name)
        superseded = {key: History(self._home).superseded(key) for key in keys}
        new = {
            key: version_figures(self._home, old) if old else None
            for key, old in superseded.items()
            if key not in earlier.before
        }
        rows = self._rows()
        sets = {name: RowsOfSet(count) for name, count in rows.items()} | earlier.sets
        return self._write(replace(earlier, before={**earlier.before, **new}, sets=sets))

    def finish(self, report: BackfillReport) -> BackfillReport:
        """Write down what became of it."""
        found = {key: version_figures(self._home, key) for key in report.before}
        filled = {key: each for key, each in found.items() if each.accepted is not None}
        rows = self._rows()
        sets = {
            name: RowsOfSet(report.sets.get(name, RowsOfSet()).before, rows[name]) for name in rows
        }
        with self.workshop.ledger() as ledger:
            account = ledger.account(f"run:{self.name}")
        return self._write(
            BackfillReport(self.name, account.usd, account.tokens, report.before, filled, sets)
        )

    def _write(self, report: BackfillReport) -> BackfillReport:
        write_bytes(self._path, json.dumps(report.as_json(), indent=2).encode())
        return report

    def _rows(self) -> Mapping[str, int | None]:
        """Mixture -> rows of the training set that is the last of its history on disk."""
        history = History(self._home).changes()
        keys = {each.name: each.key for each in history if each.kind is Kind.MIXTURE}
        for each in history:
            if each.kind is Kind.MIXTURE and self._set(each.key).is_file():
                keys[each.name] = each.key
        return {name: self._count(key) for name, key in keys.items()}

    def _set(self, key: str) -> Path:
        return Path(str(self._home.asset("training_sets", key)))

    def _count(self, key: str) -> int | None:
        path = self._set(key)
        if not path.is_file():
            return None
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
