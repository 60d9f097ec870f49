"""Items of benchmarks, from files of a user's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from synth_assets.core.sample import Sample, sample_frame
from synth_assets.resources.row_files.columns import TextColumns, find_item_columns
from synth_assets.resources.row_files.inputs import InputFile, find_inputs
from synth_assets.resources.row_files.streams import RowStream, open_rows


def read_benchmarks(
    patterns: Sequence[str], prompt: str | None = None, folder: Path | None = None
) -> pl.DataFrame:
    """Read the items of files.

    Args:
        patterns: paths and globs.
        prompt: the column that holds what is asked; with none, as it is usually called.
        folder: files in it are called by their way from there, which is the same on any machine.

    Returns:
        Columns of `SAMPLE_SCHEMA`: what is asked and, where there is one, the answer; ids say file
        and row.

    Raises:
        SourceError: if a file cannot be read.
        ConfigurationError: if no column is known to hold what is asked.
    """
    files = find_inputs(patterns)
    return sample_frame(
        sample for file in files for sample in _items(file, prompt, _name(file.path, folder))
    )


def _name(path: Path, folder: Path | None) -> str:
    if folder is None or not path.is_relative_to(folder):
        return str(path)
    return path.relative_to(folder).as_posix()


def _items(file: InputFile, prompt: str | None, name: str) -> list[Sample]:
    with open_rows(file) as source:
        columns = find_item_columns(source.names() or (), prompt, str(file.path))
    asked = _texts(file, columns.prompt)
    answered = _texts(file, columns.response) if columns.response else [""] * len(asked)
    return [
        replace(
            Sample.real(name, at, question, answer, "unstated"),
            sample_id=f"{name}:{at + 1}",
        )
        for at, (question, answer) in enumerate(zip(asked, answered, strict=True))
    ]


def _texts(file: InputFile, column: str) -> list[str]:
    stream = RowStream([file], TextColumns((column,)))
    return [text for chunk in stream.chunks() for text in chunk.texts]
