"""Rows that exist elsewhere, such as earlier training sets: what new samples must not repeat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from synth_assets.core.config.selection import NoveltySpec
from synth_assets.core.dedup.stage import Known
from synth_assets.core.fingerprint import short_id
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.errors import CatalogueError, ConfigurationError
from synth_assets.resources.row_files.columns import MESSAGES, TextColumns, find_columns
from synth_assets.resources.row_files.inputs import InputFile, find_inputs
from synth_assets.resources.row_files.streams import RowStream, open_rows
from synth_assets.resources.row_files.values import without_halves

_PARTS = ("history", "prompt", "response")


@dataclass(frozen=True)
class KnownRow:
    """A row of a file.

    Attributes:
        sample_id: hash of the text.
        text: what of it is compared, as `stage.compared_texts` says of samples.
        place: file and row, for people.
    """

    sample_id: str
    text: str
    place: str


@dataclass(frozen=True)
class KnownRows:
    """The rows of all files, each text once.

    Attributes:
        rows: in the order of the files.
    """

    rows: tuple[KnownRow, ...] = ()

    @property
    def known(self) -> Known:
        """As deduplication takes them."""
        ids, texts = ([getattr(row, name) for row in self.rows] for name in ("sample_id", "text"))
        return Known(ids, texts)

    def repeated(self, decisions: pl.DataFrame) -> pl.DataFrame:
        """Those that some decision names, as rows of `SAMPLE_SCHEMA`, for lineage."""
        named = set(decisions["duplicate_of"].drop_nulls())
        return sample_frame(_sample(row) for row in self.rows if row.sample_id in named)


def read_known_rows(specs: Sequence[NoveltySpec]) -> KnownRows:
    """Read the files that `novelty` of a `selection.yaml` names.

    Raises:
        SourceError: if a file is missing, empty or malformed, naming the row.
        CatalogueError: if it is not plain which columns of a file are compared.
    """
    found = dict[str, KnownRow]()
    for spec in specs:
        for file in find_inputs(spec.files):
            for row in _rows(file, spec):
                found.setdefault(row.sample_id, row)
    return KnownRows(tuple(found.values()))


def _rows(file: InputFile, spec: NoveltySpec) -> Iterator[KnownRow]:
    for chunk in RowStream([file], _columns(file, spec)).chunks():
        for row, text in enumerate(chunk.texts, chunk.first_row + 1):
            yield KnownRow(short_id(["known", text]), text, f"{file.path.name} row {row:,}")


def _columns(file: InputFile, spec: NoveltySpec) -> TextColumns:
    with open_rows(file) as source:
        names = source.names()
    if names is None:
        return TextColumns()
    try:
        said = [f"{part}={column}" for part, column in spec.columns.items()]
        found = find_columns(names, said, str(file.path)).of
    except ConfigurationError as exc:
        raise CatalogueError(
            f"selection.yaml: dedup.novelty: {exc} In selection.yaml that is columns: "
            "{response: COLUMN}."
        ) from exc
    parts = _PARTS if "response" in found else (MESSAGES,)
    return TextColumns(tuple(found[part] for part in parts if part in found))


def _sample(row: KnownRow) -> Sample:
    made = Sample.real(row.place, 0, without_halves(row.text), "", "unstated")
    return replace(made, sample_id=row.sample_id)
