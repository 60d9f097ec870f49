"""The texts of files, for what looks at texts alone."""

from collections.abc import Sequence

from synth_assets.resources.row_files.columns import TextColumns
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.streams import RowStream
from synth_assets.resources.row_files.text_rows import OnAdvance


def texts_of_files(
    files: Sequence[str], columns: Sequence[str] = (), on_advance: OnAdvance | None = None
) -> list[str]:
    """The text of every row: JSONL, CSV or Parquet, perhaps compressed, globs.

    Args:
        files: paths or globs.
        columns: whose text is read; by default the usual ones.
        on_advance: told how far it is.

    Raises:
        SourceError: if a file is not there, has no rows or is malformed, naming file and place.
        ConfigurationError: if a column is not there, or none is known to hold text.
    """
    stream = RowStream(find_inputs(files), TextColumns(texts=tuple(columns)))
    return [text for chunk in stream.chunks(on_advance=on_advance) for text in chunk.texts]
