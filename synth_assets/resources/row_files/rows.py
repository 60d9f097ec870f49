"""A user's own rows as samples, and those of them that are kept, as they were."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import cast

import polars as pl

from synth_assets.core.fingerprint import content_hash
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import Origin
from synth_assets.errors import ConfigurationError, SourceError
from synth_assets.resources.frames import write_bytes
from synth_assets.resources.row_files.chats import texts_of_chat
from synth_assets.resources.row_files.columns import MESSAGES, Columns, find_columns
from synth_assets.resources.row_files.frame_text import frame_bytes
from synth_assets.resources.row_files.inputs import FileKind
from synth_assets.resources.row_files.outputs import check_paths
from synth_assets.resources.row_files.values import attributes_of, text_of, values_of
from synth_assets.resources.sources.records import Record, read_records

OUTPUT_ENDINGS = (".jsonl", ".parquet", ".csv")


@dataclass(frozen=True)
class RowFile:
    """The rows of a file.

    Attributes:
        path: a JSONL, CSV or Parquet file.
        columns: which column plays which part.
        samples: one a row, in order; columns that play no part are their attributes.
    """

    path: Path
    columns: Columns
    samples: tuple[Sample, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """The samples, as stages take them."""
        return sample_frame(self.samples)

    def write(self, output: Path, kept: Sequence[Sample]) -> None:
        """Write rows of this file, as they stand in it.

        JSONL to JSONL keeps every line to the byte. Texts that a verifier wrote anew are replaced.

        Args:
            output: a `.jsonl`, `.parquet` or `.csv` file.
            kept: some of `samples`, perhaps with other texts.

        Raises:
            ConfigurationError: if the ending is another, the output is the input, or rows of
                differing types are to become a table.
            StorageError: if it cannot be written.
        """
        check_outputs([output], self.path)
        changed = {each.position: self._changed(each) for each in kept}
        if self.path.name.endswith((".jsonl", ".jsonl.gz")):
            lines = [_line(record, changed) for record in self._records() if record[0] in changed]
            data = "".join(lines).encode()
            if output.suffix != ".jsonl":
                data = _bytes(_table(data, output), output)
        else:
            data = _bytes(self._frame(changed), output)
        write_bytes(output, data)

    def _records(self) -> Iterator[tuple[int, Record]]:
        return enumerate(read_records(self.path, "rows"))

    def _changed(self, sample: Sample) -> dict[str, str]:
        """Column -> its new text, where a part of a row was written anew."""
        before = self.samples[sample.position]
        parts = [name for name in self.columns.of if name != MESSAGES]
        found = {
            self.columns.of[part]: cast("str", getattr(sample, part))
            for part in parts
            if getattr(sample, part) != getattr(before, part)
        }
        if MESSAGES in self.columns.of and replace(sample, score=None) != before:
            raise ConfigurationError(
                f"{self.path}: a verifier writes texts anew, which is not possible inside a column "
                "of messages. Put prompt and response into columns of their own."
            )
        return found

    def _frame(self, changed: Mapping[int, Mapping[str, str]]) -> pl.DataFrame:
        frame = _read_table(self.path)
        for column in {name for texts in changed.values() for name in texts}:
            values = frame[column].to_list()
            for position, texts in changed.items():
                values[position] = texts.get(column, values[position])
            frame = frame.with_columns(pl.Series(column, values, dtype=pl.String))
        return frame[sorted(changed)]


def read_rows(path: Path, said: Sequence[str] = ()) -> RowFile:
    """Read a file of rows.

    Args:
        path: JSONL, CSV (both perhaps gzipped) or Parquet.
        said: `part=column` each, where columns are not called as usual.

    Raises:
        SourceError: if the file is missing, empty or malformed, naming the row.
        ConfigurationError: if it is not plain which column holds the responses.
    """
    records = list(read_records(path, "rows"))
    # Of all rows, as the first of a JSONL file may lack what others have.
    present = dict.fromkeys(name for record in records for name in record.values)
    columns = find_columns(present, said, path.name)
    samples = [_sample(position, record, columns) for position, record in enumerate(records)]
    _refuse_shared_names(samples, columns)
    return RowFile(path, columns, tuple(samples))


def write_table(output: Path, table: pl.DataFrame) -> None:
    """Write decisions or verdicts as what the name says; see `check_outputs`.

    Raises:
        StorageError: if it cannot be written.
    """
    write_bytes(output, _bytes(table, output))


def check_outputs(outputs: Sequence[Path], read: Path) -> None:
    """Refuse outputs that cannot be written as what their names say.

    Raises:
        ConfigurationError: if an ending is unknown; see `outputs.check_paths`.
    """
    for output in outputs:
        if output.suffix not in OUTPUT_ENDINGS:
            raise ConfigurationError(
                f"{output}: unknown kind of file. Give one of {', '.join(OUTPUT_ENDINGS)}."
            )
    check_paths(outputs, [read])


def _sample(position: int, record: Record, columns: Columns) -> Sample:
    values = values_of(record)
    texts = _texts(values, record.where, columns)
    used = {*columns.of.values(), columns.identity}
    rest = {name: value for name, value in values.items() if name not in used}
    prompt, response = texts.get("prompt", ""), texts.get("response", "")
    name = str(position + 1)
    if columns.identity is not None:
        name = text_of(values.get(columns.identity), f"{record.where}, {columns.identity!r}")
    made = Sample.real("file", position, prompt, response, "unstated")
    return replace(
        made,
        sample_id=name,
        origin=Origin.SYNTHETIC,
        attributes=json.dumps(attributes_of(rest, record.where), ensure_ascii=False),
        context=texts.get("context", ""),
        reference=texts.get("reference", ""),
        history=texts.get("history", ""),
        rejected=texts.get("rejected", ""),
        content_hash=content_hash(prompt, response),
    )


def _texts(values: Mapping[str, object], where: str, columns: Columns) -> dict[str, str]:
    """Part of a sample -> its text."""
    texts = {
        part: text_of(values.get(column), f"{where}, column {column!r}")
        for part, column in columns.of.items()
    }
    if MESSAGES not in texts:
        return texts
    del texts[MESSAGES]
    column = columns.of[MESSAGES]
    return texts | texts_of_chat(values.get(column), f"{where}, column {column!r}")


def _refuse_shared_names(samples: Sequence[Sample], columns: Columns) -> None:
    if columns.identity is None:
        return
    [(name, count)] = Counter(each.sample_id for each in samples).most_common(1)
    if count > 1:
        raise SourceError(
            f"the column {columns.identity!r} has {name!r} in {count} rows. Name a column that "
            "differs in every row, or leave id= out."
        )


def _line(record: tuple[int, Record], changed: Mapping[int, Mapping[str, str]]) -> str:
    position, row = record
    if not changed[position]:
        return row.raw + "\n"
    values = {**cast("dict[str, object]", json.loads(row.raw)), **changed[position]}
    return json.dumps(values, ensure_ascii=False) + "\n"


def _table(lines: bytes, output: Path) -> pl.DataFrame:
    if not lines:
        return pl.DataFrame()
    try:
        return pl.read_ndjson(lines, infer_schema_length=None)
    except pl.exceptions.PolarsError as exc:
        raise ConfigurationError(
            f"{output}: the rows are no table: {exc}. Write a .jsonl file, which keeps them as "
            "they are."
        ) from exc


def _read_table(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path, glob=False)
    records = [record.values for record in read_records(path, "rows")]
    frame = pl.DataFrame(records, schema=dict.fromkeys(records[0], pl.String))
    return frame.with_columns(pl.all().replace("", None))  # CSV knows no other nothing


def _bytes(frame: pl.DataFrame, output: Path) -> bytes:
    if output.suffix != ".parquet":
        kind = FileKind.CSV if output.suffix == ".csv" else FileKind.JSONL
        return frame_bytes(frame, kind, output, header=True)
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
