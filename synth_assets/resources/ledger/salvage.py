"""A damaged ledger is kept aside as it is, and what can be read is saved into a new one.

The new ledger is complete on disk before the damaged one gives way to it; a repair that was
interrupted is finished at the next opening.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synth_assets.core.generation.budget import Budget
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.inspection import find_any_fault, find_fault
from synth_assets.resources.ledger.pages import DamagedFile
from synth_assets.resources.ledger.rescue import Rescue
from synth_assets.resources.ledger.schema import prepare
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.ledger.use import alone, perhaps_alone

_PATIENCE_S = 10.0
_BESIDE = ("", "-wal", "-shm")
_COMMIT_EVERY = 20_000


@dataclass(frozen=True)
class Salvaged:
    """What a repair came to.

    Attributes:
        ledger: the ledger.
        fault: what was wrong with it.
        aside: where the damaged file is kept, its log beside it.
        saved: table -> rows.
        lost: completions that are known to have been there, by their place in an index or by what
            is left of them, and could not be read.
        derived: accounts that could not be read, or only as they once were, and were summed up
            from the completions saved.
    """

    ledger: Path
    fault: str
    aside: Path
    saved: Mapping[str, int]
    lost: int
    derived: int

    @property
    def told(self) -> str:
        """In words."""
        others = ", ".join(
            f"{rows:,} {table.replace('_', ' ')}"
            for table, rows in self.saved.items()
            if table != "completions"
        )
        lost = f"{self.lost:,} are known to be lost" if self.lost else "none is known to be lost"
        told = (
            f"The ledger {self.ledger} was damaged ({self.fault}). Saved: "
            f"{self.saved['completions']:,} completions ({lost}; what is missing is bought again "
            f"where it is needed), {others}. The damaged file is kept as {self.aside}."
        )
        if self.derived:
            told += (
                f" {self.derived:,} accounts were summed up anew from the completions saved: what "
                "budgets count as spent may be too low."
            )
        return told


def open_ledger(
    path: Path, budget: Budget | None = None, tell: Callable[[str], None] = lambda _: None
) -> Ledger:
    """Open a ledger; a damaged one is repaired first, which is told.

    Raises:
        LedgerError: if it is damaged and others have it open, it is of another version, or cannot
            be opened.
    """
    _repaired_at_opening(path, tell)
    return Ledger(path, budget)


def look_at(path: Path) -> str | None:
    """Say what is wrong with a ledger, see `find_fault`; nothing is changed.

    Raises:
        LedgerError: if it cannot be looked at.
    """
    try:
        with perhaps_alone(path) as is_alone:
            return find_fault(path, is_alone=is_alone)
    except OSError as exc:
        raise _unusable(path, exc) from exc


def repair(path: Path) -> Salvaged | None:
    """Look at every row of a ledger, and repair it where anything is wrong.

    Returns:
        None where all is sound.

    Raises:
        LedgerError: if others have it open, or there is no room for a second one.
    """
    try:
        with alone(path, patience_s=0):
            _finish_interrupted(path)
            fault = find_any_fault(path)
            return None if fault is None else _salvage(path, fault)
    except OSError as exc:
        raise _unusable(path, exc) from exc


def damaged_files(path: Path) -> list[Path]:
    """The damaged ledgers that were kept aside, oldest first."""
    return sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))


def _repaired_at_opening(path: Path, tell: Callable[[str], None]) -> None:
    try:
        with perhaps_alone(path) as is_alone:
            if is_alone:
                _finish_interrupted(path)
            fault = find_fault(path, is_alone=is_alone)
            if fault is not None and is_alone:
                tell(_salvage(path, fault).told)
        if fault is not None and not is_alone:
            with alone(path, _PATIENCE_S):
                # Somebody else may have repaired it meanwhile.
                fault = find_fault(path, is_alone=True)
                if fault is not None:
                    tell(_salvage(path, fault).told)
    except OSError as exc:
        raise _unusable(path, exc) from exc


def _salvage(path: Path, fault: str) -> Salvaged:
    stamp = _free_stamp(path)
    building = path.with_name(f"{path.stem}.salvaging{path.suffix}")
    for suffix in _BESIDE:
        _beside(building, suffix).unlink(missing_ok=True)
    try:
        rescue = _build(path, building)
    except sqlite3.Error as exc:
        for suffix in _BESIDE:
            _beside(building, suffix).unlink(missing_ok=True)
        raise LedgerError(
            f"{path}: it is damaged ({fault}), and what can be read cannot be saved: {exc}. Make "
            "room on the disk or mend the rights of its folder; it was left as it is."
        ) from exc
    _sync(building)
    building.replace(_salvaged_name(path, stamp))
    _swap(path, stamp)
    return Salvaged(
        path, fault, _aside_name(path, stamp), rescue.saved(), rescue.lost(), rescue.derived
    )


def _build(path: Path, building: Path) -> Rescue:
    damaged = DamagedFile(path)
    with closing(sqlite3.connect(building, isolation_level=None)) as connection:
        prepare(connection, 0)
        rescue = Rescue(connection)
        connection.execute("BEGIN")
        for number, found in enumerate(damaged.rows(), 1):
            rescue.take(found)
            if number % _COMMIT_EVERY == 0:
                connection.execute("COMMIT")
                connection.execute("BEGIN")
        rescue.finish()
        connection.execute("COMMIT")
    return rescue


def _finish_interrupted(path: Path) -> None:
    """Put a new ledger in its place whose making was finished, but not its placing."""
    for salvaged in sorted(path.parent.glob(f"{path.stem}.salvaged-*{path.suffix}")):
        _swap(path, salvaged.name.removeprefix(f"{path.stem}.salvaged-").removesuffix(path.suffix))


def _swap(path: Path, stamp: str) -> None:
    """Keep the damaged files aside and put the new ledger in their place; may be repeated."""
    aside = _aside_name(path, stamp)
    for suffix in _BESIDE:
        source, target = _beside(path, suffix), _beside(aside, suffix)
        if source.exists() and not target.exists():
            _second_name(source, target)
    # The log of the damaged one must never meet the new one.
    for suffix in _BESIDE[1:]:
        _beside(path, suffix).unlink(missing_ok=True)
    _salvaged_name(path, stamp).replace(path)
    _sync(path.parent)


def _second_name(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        # Not every file system has hard links.
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, part)
        _sync(part)
        part.replace(target)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _free_stamp(path: Path) -> str:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    stamp, number = now, 1
    while _aside_name(path, stamp).exists():
        number += 1
        stamp = f"{now}-{number}"
    return stamp


def _aside_name(path: Path, stamp: str) -> Path:
    return path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")


def _salvaged_name(path: Path, stamp: str) -> Path:
    return path.with_name(f"{path.stem}.salvaged-{stamp}{path.suffix}")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}{suffix}")


def _unusable(path: Path, exc: OSError) -> LedgerError:
    return LedgerError(f"{path}: {exc}. Make room on the disk or mend rights, or set SYNTH_HOME.")
