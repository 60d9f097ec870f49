"""Drift of a mixture over its runs: what is kept of them, and what a new one is judged by."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from synth_assets.core.drift.compare import LEAST_ROWS, Compared, compare
from synth_assets.core.drift.measures import Against
from synth_assets.core.drift.schema import DRIFT_SCHEMA, MOVED_SCHEMA, RUNS_SCHEMA
from synth_assets.core.drift.sequence import judged
from synth_assets.core.drift.window import content_key, window_of
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.embedding.tfidf import Tfidf
from synth_assets.errors import StorageError, UnknownNameError
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.home import Home

MOVED_ROWS = 20

_LOCK_TIMEOUT_S = 600


@dataclass(frozen=True)
class DriftReport:
    """What was told of a run.

    Attributes:
        run: its number, from 1.
        is_new: whether it is a run at all: the same content again is none.
        drift: frame of `DRIFT_SCHEMA`.
        moved: frame of `MOVED_SCHEMA`.
    """

    run: int
    is_new: bool
    drift: pl.DataFrame
    moved: pl.DataFrame


@dataclass(frozen=True)
class DriftRuns:
    """The runs of one mixture, whatever its version.

    Attributes:
        folder: where they are kept; made when first written to.
    """

    folder: Path

    @classmethod
    def of(cls, home: Home, mixture_id: str) -> "DriftRuns":
        """Those of a mixture."""
        return cls(home.root / "drift" / mixture_id)

    @property
    def history(self) -> pl.DataFrame:
        """Frame of `RUNS_SCHEMA`: all runs, oldest first; none before the first."""
        return self._read("runs", RUNS_SCHEMA)

    @property
    def moved(self) -> pl.DataFrame:
        """Frame of `MOVED_SCHEMA`: the rows of the last run that moved most, and those gone."""
        return self._read("moved", MOVED_SCHEMA)

    def measure(
        self,
        rows: pl.DataFrame,
        real: pl.DataFrame,
        at: datetime,
        embedder: Embedder | None = None,
    ) -> DriftReport:
        """Compare a set with the reference and with real rows, judge it, and keep what was told.

        Args:
            rows: columns of `TRAINING_SCHEMA`.
            real: held-out rows, columns of `SAMPLE_SCHEMA`.
            at: with time zone.
            embedder: makes vectors; words and pairs of them count by default.

        Raises:
            StorageError: if the folder cannot be read or written, or somebody else holds it.
        """
        with self._locked():
            history, reference = self.history, self._reference(rows)
            known = _known(history, content_key(rows), content_key(reference))
            if known is not None:
                return DriftReport(
                    known["run"][0], False, known.select(DRIFT_SCHEMA.names()), self.moved
                )
            window = window_of(rows)
            found = self._compared(window, reference, window_of(real), embedder or Tfidf())
            same = history.filter(pl.col("reference") == content_key(reference))
            told = judged(same, found)
            moved = pl.concat([MOVED_SCHEMA.to_frame(), *(each.moved for each in found)])
            number = history["run"].n_unique() + 1
            marks = told.select(
                pl.lit(number, pl.Int64).alias("run"),
                pl.lit(at).cast(RUNS_SCHEMA["at"]).alias("at"),
                pl.lit(content_key(rows)).alias("content"),
                pl.lit(content_key(reference)).alias("reference"),
                pl.all(),
            )
            for name, frame in (("reference", reference), ("latest", window), ("moved", moved)):
                write_frame(self._file(name), frame)
            write_frame(self._file("runs"), pl.concat([history, marks]))
        return DriftReport(number, True, told, moved)

    def accept(self) -> int:
        """Take the last run for the reference: later ones are compared with it.

        Returns:
            Its number.

        Raises:
            UnknownNameError: if there is no run.
            StorageError: if the folder cannot be read or written, or somebody else holds it.
        """
        if not self._file("runs").is_file():
            raise UnknownNameError(
                f"{self.folder}: drift was never measured of a mixture of that name. Materialize "
                "drift_reports of it first."
            )
        with self._locked():
            write_frame(self._file("reference"), read_frame(self._file("latest")))
            return self.history["run"].n_unique()

    def _reference(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The stored window; the set's own if there is none that anything can be compared with."""
        path = self._file("reference")
        kept = read_frame(path) if path.is_file() else None
        return window_of(rows) if kept is None or kept.height < LEAST_ROWS else kept

    def _compared(
        self, window: pl.DataFrame, reference: pl.DataFrame, real: pl.DataFrame, embedder: Embedder
    ) -> tuple[Compared, ...]:
        others = {Against.EARLIER: reference, Against.REAL: real}
        if not self._file("runs").is_file():
            del others[Against.EARLIER]
        return compare(window, others, embedder, MOVED_ROWS)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def _read(self, name: str, schema: pl.Schema) -> pl.DataFrame:
        path = self._file(name)
        return read_frame(path) if path.is_file() else schema.to_frame()

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=_LOCK_TIMEOUT_S):
                yield
        except Timeout as exc:
            raise StorageError(
                f"{self.folder}: another run has been measuring drift for over "
                f"{_LOCK_TIMEOUT_S} s. Wait for it or end it; then try again."
            ) from exc


def _known(history: pl.DataFrame, content: str, reference: str) -> pl.DataFrame | None:
    """The last run, if it had this content and was compared with this reference."""
    last = history.filter(pl.col("run") == pl.col("run").max())
    if last.is_empty() or (last["content"][0], last["reference"][0]) != (content, reference):
        return None
    return last
