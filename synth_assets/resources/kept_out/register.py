"""The register of kept-out rows: what was ever held out or a test item stays out of training.

One Parquet file a source, in a folder of its own; rows are added and never changed. A source that
goes from `sources.yaml` leaves its rows here, until somebody says to forget them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from filelock import FileLock

from synth_assets.core.decontaminate.kept_out import REGISTER_SCHEMA, register_rows
from synth_assets.core.schema import Split
from synth_assets.errors import StorageError, UnknownNameError
from synth_assets.resources.frames import read_frame, write_frame


@dataclass(frozen=True)
class RegisteredItem:
    """A row that is kept out.

    Attributes:
        item_id: its `sample_id`.
        split: `held_out` or `benchmark`.
        source: that it came from.
        prompt: its text.
        response: the other part of it.
    """

    item_id: str
    split: Split
    source: str
    prompt: str
    response: str


@dataclass(frozen=True)
class Register:
    """Rows that were ever kept out.

    Attributes:
        folder: where the files are; made when the first row comes.
    """

    folder: Path

    def read(self) -> pl.DataFrame:
        """All of it, by source: columns of `REGISTER_SCHEMA`.

        Raises:
            StorageError: if a file cannot be read.
        """
        return pl.concat([REGISTER_SCHEMA.to_frame(), *map(self._of, self._sources())])

    def item(self, prefix: str) -> RegisteredItem | None:
        """The row whose id begins so; none where there is none, or several.

        Raises:
            StorageError: if a file cannot be read.
        """
        named = self.read().filter(pl.col("item_id").str.starts_with(prefix))
        if named["item_id"].n_unique() != 1:
            return None
        columns = named.select("item_id", "split", "source", "prompt", "response").sort("split")
        item_id, split, source, prompt, response = columns.row(0)
        return RegisteredItem(item_id, Split(split), source, prompt, response)

    def add(self, rows: pl.DataFrame, split: Split, run: str) -> int:
        """Register rows; those that are there already stay as they are.

        Args:
            rows: columns of `SAMPLE_SCHEMA`.
            split: how they are kept out.
            run: id of the run that registers them.

        Returns:
            How many were new.

        Raises:
            StorageError: if a file cannot be read or written.
        """
        if rows.is_empty():
            return 0
        self.folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = 0
        with FileLock(self.folder / ".lock"):
            for (source,), some in rows.group_by("source", maintain_order=True):
                before = self._of(str(source))
                new = register_rows(some, split, before, now, run)
                if new.height:
                    write_frame(self._path(str(source)), pl.concat([before, new]))
                added += new.height
        return added

    def once_kept_out(self, pool: pl.DataFrame) -> dict[str, int]:
        """Rows that may be trained on now by `sources.yaml`, but were kept out before.

        Args:
            pool: columns of `SAMPLE_SCHEMA`.

        Returns:
            Source -> how many of its rows.

        Raises:
            StorageError: if a file cannot be read.
        """
        ids = self.read().select("source", pl.col("item_id").alias("sample_id")).unique()
        found = pool.join(ids, on=["source", "sample_id"], how="semi")
        return dict(found.group_by("source").len().sort("source").iter_rows())

    def forget(self, source: str) -> int:
        """Take a source's rows out: from now on they may be trained on.

        Returns:
            How many rows there were.

        Raises:
            UnknownNameError: if no row of such a source is registered.
            StorageError: if the file cannot be read.
        """
        there = list(self._sources())
        if source not in there:
            raise UnknownNameError(
                f"No row of a source {source!r} is registered as kept out. Registered: "
                f"{', '.join(there) or 'none'}. `synth held-out list` shows them."
            )
        with FileLock(self.folder / ".lock"):
            rows = self._of(source).height
            self._path(source).unlink()
        return rows

    def _path(self, source: str) -> Path:
        return self.folder / f"{source}.parquet"

    def _sources(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in self.folder.glob("[!.]*.parquet")))

    def _of(self, source: str) -> pl.DataFrame:
        path = self._path(source)
        if not path.exists():
            return REGISTER_SCHEMA.to_frame()
        try:
            frame = read_frame(path)
        except StorageError as exc:
            raise _unreadable(path, source) from exc
        if frame.schema != REGISTER_SCHEMA:
            raise _unreadable(path, source)
        return frame


def _unreadable(path: Path, source: str) -> StorageError:
    return StorageError(
        f"{path}: cannot be read, and it says which rows of {source} must stay out of training. "
        f"Put a copy of it back; without one remove it, and what {source} held before its rows "
        "are read the next time is no longer kept out."
    )
