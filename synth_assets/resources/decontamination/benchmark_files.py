"""Items of benchmarks, from files of a user's own."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from synth_assets.core.sample import Sample, sample_frame
from synth_assets.resources.row_files.columns import TextColumns, find_item_columns
from synth_assets.resources.row_files.inputs import InputFile, find_inputs
from synth_assets.resources.row_files.streams import RowStream, open_rows


def read_benchmarks(patterns: Sequence[str], prompt: str | None = None) -> pl.DataFrame:
    """Read the items of files.

    Args:
        patterns: paths and globs.
        prompt: the column that holds what is asked; with none, as it is usually called.

    Returns:
        Columns of `SAMPLE_SCHEMA`: what is asked and, where there is one, the answer; ids say file
        and row.

    Raises:
        SourceError: if a file cannot be read.
        ConfigurationError: if no column is known to hold what is asked.
    """
    return sample_frame(sample for file in find_inputs(patterns) for sample in _items(file, prompt))


def _items(file: InputFile, prompt: str | None) -> list[Sample]:
    with open_rows(file) as source:
        columns = find_item_columns(source.names() or (), prompt, str(file.path))
    asked = _texts(file, columns.prompt)
    answered = _texts(file, columns.response) if columns.response else [""] * len(asked)
    return [
        replace(
            Sample.real(str(file.path), at, question, answer, "unstated"),
            sample_id=f"{file.path}:{at + 1}",
        )
        for at, (question, answer) in enumerate(zip(asked, answered, strict=True))
    ]


def _texts(file: InputFile, column: str) -> list[str]:
    stream = RowStream([file], TextColumns((column,)))
    return [text for chunk in stream.chunks() for text in chunk.texts]
