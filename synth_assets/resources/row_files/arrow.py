"""What is used of pyarrow, which tells no types, with types.

Parquet goes through pyarrow because it reads by pages: of a file of one row group of 1.5 million
rows Polars 2.1 holds 900 MB, pyarrow 20 MB, at the same speed.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator, Mapping, Sequence
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from synth_assets.resources.row_files.packed import ByteSink

ARROW_ERROR = cast("type[Exception]", pa.ArrowException)

_BUFFER = 1 << 20
_BATCH_BYTES = 8 << 20
_BATCH_ROWS = 1024  # a dictionary page may hide that rows are long: it has each text once
_GROUP_BYTES = 64 << 20
_GROUP_ROWS = 1 << 20


class ArrowField(Protocol):
    """A column."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def type(self) -> object:
        """Its type; `str()` tells it."""
        ...


class ArrowSchema(Protocol):
    """The columns of a table."""

    @property
    def names(self) -> list[str]:
        """In order."""
        ...

    @property
    def metadata(self) -> Mapping[bytes, bytes] | None:
        """What the writer of a file noted down, such as features of a data set."""
        ...

    def field(self, name: str, /) -> ArrowField:
        """The column of a name."""
        ...

    def equals(self, other: "ArrowSchema", /, *, check_metadata: bool) -> bool:
        """Whether names, types and order are the same."""
        ...

    def with_metadata(self, metadata: Mapping[bytes, bytes] | None, /) -> "ArrowSchema":
        """The same columns with other notes."""
        ...


class ArrowTable(Protocol):
    """Some rows."""

    @property
    def num_rows(self) -> int:
        """How many."""
        ...

    @property
    def nbytes(self) -> int:
        """What they take in memory."""
        ...

    @property
    def schema(self) -> ArrowSchema:
        """The columns."""
        ...

    def select(self, names: list[str], /) -> "ArrowTable":
        """Some columns, in the order asked."""
        ...

    def cast(self, schema: ArrowSchema, /) -> "ArrowTable":
        """The same columns in other types."""
        ...

    def validate(self, *, full: bool) -> None:
        """Raise an `ARROW_ERROR` if a text is not UTF-8, or worse."""
        ...

    def filter(self, mask: object, /) -> "ArrowTable":
        """The rows of which the mask is true."""
        ...


class ClosingSink(ByteSink, Protocol):
    """A sink that has to be closed."""

    def __enter__(self) -> ByteSink: ...

    def __exit__(self, *ended: object) -> None: ...


class ParquetSource:
    """A Parquet file that is read by pages."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: if it is not there, or, like `ARROW_ERROR`, no Parquet file.
        """
        self._file = pq.ParquetFile(str(path), buffer_size=_BUFFER, pre_buffer=False)
        self.rows = cast("int", self._file.metadata.num_rows)
        self.schema = cast("ArrowSchema", self._file.schema_arrow)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        self._file.close()

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[ArrowTable]:
        """Rows in order, some at a time: about 8 MB, and no more than 1,024.

        Args:
            columns: only these; none: all.

        Raises:
            OSError: or `ARROW_ERROR`, if the file is damaged.
        """
        names = None if columns is None else list(dict.fromkeys(columns))
        for group in range(self._file.num_row_groups):
            for batch in self._file.iter_batches(
                batch_size=self._batch_rows(group),
                row_groups=[group],
                columns=names,
                use_threads=False,
            ):
                yield cast("ArrowTable", pa.Table.from_batches([batch]))

    def _batch_rows(self, group: int) -> int:
        # Of all columns: to ask for those of one, of a damaged file, ends the process.
        found = self._file.metadata.row_group(group)
        fitting = _BATCH_BYTES * found.num_rows // max(found.total_byte_size, 1)
        return max(1, min(_BATCH_ROWS, fitting))


class ParquetSink:
    """A Parquet file that is written in row groups of about 64 MB."""

    def __init__(self, path: Path, schema: ArrowSchema) -> None:
        """Begin it.

        Raises:
            OSError: if the place cannot be written.
            ARROW_ERROR: if Parquet cannot hold a type.
        """
        self._writer = pq.ParquetWriter(str(path), schema, compression="zstd")
        self._waiting = list[ArrowTable]()
        self._bytes = self._rows = 0

    def write(self, table: ArrowTable) -> None:
        """Take rows of the schema.

        Raises:
            OSError: if the disk is full.
        """
        self._waiting.append(table)
        self._bytes += table.nbytes
        self._rows += table.num_rows
        if self._bytes >= _GROUP_BYTES or self._rows >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """End the file.

        Raises:
            OSError: if the disk is full.
        """
        try:
            self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting.clear()
            self._bytes = self._rows = 0


def unpacking_zstd(stored: BinaryIO) -> RawIOBase:
    """The content of a zstd file; several frames follow on each other."""
    file = pa.PythonFile(stored, mode="r")
    return cast("RawIOBase", pa.CompressedInputStream(file, "zstd"))


def packing_zstd(stored: BinaryIO) -> ClosingSink:
    """What is written into it becomes a zstd file."""
    file = pa.PythonFile(stored, mode="w")
    return cast("ClosingSink", pa.CompressedOutputStream(file, "zstd"))


def table_of(frame: pl.DataFrame) -> ArrowTable:
    """A frame as Arrow has it.

    Raises:
        ARROW_ERROR: if it has a type that Arrow has not, such as integers of 128 bits.
    """
    return cast("ArrowTable", frame.to_arrow(compat_level=pl.CompatLevel.oldest()))


def frame_of(table: ArrowTable) -> pl.DataFrame:
    """A table as a frame."""
    return cast("pl.DataFrame", pl.from_arrow(cast("pa.Table", table)))


def no_rows(schema: ArrowSchema) -> ArrowTable:
    """A table without rows."""
    return cast("ArrowTable", cast("pa.Schema", schema).empty_table())


def values_of_column(table: ArrowTable, name: str) -> list[object]:
    """A column as Python has it.

    Raises:
        UnicodeDecodeError: if a text is not UTF-8; inside of lists and structs an `ARROW_ERROR`.
    """
    column = cast("pa.Table", table).column(name)
    if _is_text(column.type):
        return cast("list[object]", column.to_pylist())
    column.validate(full=True)  # Polars panics on what is not UTF-8
    return cast("pl.Series", pl.from_arrow(column)).to_list()


def rows_where(table: ArrowTable, mask: npt.NDArray[np.bool_]) -> ArrowTable:
    """The rows of which the mask is true."""
    return table.filter(pa.array(mask))


def one_schema(schemas: Sequence[ArrowSchema]) -> ArrowSchema:
    """The schema that holds the rows of all, which have the same columns, in any order.

    Of equal ones it is the first, with all that its writer noted down; else types are widened
    (int32 to int64, whole numbers to floats, null to anything, fields added to structs).

    Raises:
        ARROW_ERROR: if a column has types that have none in common.
    """
    first, *others = [cast("pa.Schema", schema) for schema in schemas]
    bare = first.remove_metadata()
    if all(bare.equals(each.remove_metadata(), check_metadata=True) for each in others):
        return cast("ArrowSchema", first)
    # What is noted down of a column, such as the values of an Enum, may not hold for all rows.
    plain = [
        pa.schema([each.field(name).remove_metadata() for name in first.names])
        for each in (first, *others)
    ]
    return cast("ArrowSchema", pa.unify_schemas(plain, promote_options="permissive"))


def fitted(table: ArrowTable, schema: ArrowSchema) -> ArrowTable:
    """The rows of a table in the types and order of a schema.

    Raises:
        ARROW_ERROR: if a value does not fit.
    """
    if table.schema.equals(schema, check_metadata=False):
        # Written as it is; a cast would look at every value.
        return cast("ArrowTable", cast("pa.Table", table).replace_schema_metadata(schema.metadata))
    return table.select(schema.names).cast(schema)


def _is_text(kind: object) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
