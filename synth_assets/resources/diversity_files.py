"""The diversity of files, beside files of real rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from synth_assets.core.diversity.floors import Crossed, crossed_floors
from synth_assets.core.diversity.measure import measure_slices
from synth_assets.core.diversity.slices import ALL, SampleSize, equal_size
from synth_assets.core.fingerprint import exact_hash
from synth_assets.errors import ConfigurationError
from synth_assets.resources.row_files.columns import TextColumns, find_columns
from synth_assets.resources.row_files.inputs import InputFile, find_inputs
from synth_assets.resources.row_files.streams import RowStream, open_rows
from synth_assets.resources.row_files.text_rows import OnAdvance

WORDS_PER_ROW = 30
"""Words of a sample for each of its rows: no more are looked at where words must be equal."""

_TEACHER = "teacher"


@dataclass(frozen=True)
class FileDiversity:
    """What was measured.

    Attributes:
        measured: frame of `DIVERSITY_SCHEMA`, slices `all` and, with real rows, `reference`.
        rows: of the files.
        real_rows: of the reference; 0 without.
        size: of the samples.
    """

    measured: pl.DataFrame
    rows: int
    real_rows: int
    size: SampleSize

    @property
    def crossed(self) -> tuple[Crossed, ...]:
        """Floors that the files cross, the clearest first; none without real rows."""
        return crossed_floors(self.measured, ALL)


@dataclass(frozen=True)
class DiversityFiles:
    """What is looked at.

    Attributes:
        files: paths or globs.
        reference: of real rows; none: nothing is compared.
        columns: whose text is read; by default the usual ones.
        sample: rows that are drawn of each.
        seed: of the draw.
    """

    files: Sequence[str]
    reference: Sequence[str] = ()
    columns: Sequence[str] = ()
    sample: int = 2_000
    seed: int = 0

    def measure(self, on_advance: OnAdvance | None = None) -> FileDiversity:
        """Read the files and measure samples of equal size.

        Args:
            on_advance: told how far reading is.

        Raises:
            SourceError: if a file cannot be read, naming file and place.
            ConfigurationError: if a column is not there, or none is known to hold text.
        """
        rows = self._read(self.files, on_advance)
        real = self._read(self.reference, on_advance) if self.reference else None
        size = SampleSize(self.sample, WORDS_PER_ROW * self.sample, self.seed)
        size = equal_size(rows, real, size)
        measured = measure_slices({ALL: rows}, real, size)
        return FileDiversity(measured, rows.height, 0 if real is None else real.height, size)

    def _read(self, paths: Sequence[str], on_advance: OnAdvance | None) -> pl.DataFrame:
        files = find_inputs(paths)
        prompt, response = (), tuple(self.columns)
        if not self.columns:
            prompt, response = _asked_and_answered(files[0])
        responses = _texts(files, response, on_advance)
        blank = [""] * len(responses)
        prompts = _texts(files, prompt, on_advance) if prompt else blank
        has_teachers = all(_has_column(file, _TEACHER) for file in files)
        teachers = _texts(files, (_TEACHER,), None) if has_teachers else blank
        keys = [exact_hash(*row) for row in zip(prompts, responses, strict=True)]
        columns = {"sample_id": keys, "prompt": prompts, "response": responses, "teacher": teachers}
        return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _asked_and_answered(file: InputFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns of the prompt and of the response; of other files all that is text, as a response."""
    with open_rows(file) as rows:
        names = rows.names() or ()
    try:
        found = find_columns(names, (), file.path.name).of
    except ConfigurationError:
        # Nothing is known to be a response: plain texts, which are measured as they are.
        return (), ()
    if "prompt" not in found or "response" not in found:
        return (), ()
    return (found["prompt"],), (found["response"],)


def _has_column(file: InputFile, column: str) -> bool:
    with open_rows(file) as rows:
        return column in (rows.names() or ())


def _texts(
    files: Sequence[InputFile], columns: tuple[str, ...], on_advance: OnAdvance | None
) -> list[str]:
    stream = RowStream(files, TextColumns(columns))
    chunks = stream.chunks(on_advance=on_advance)
    # JSON can spell halves of surrogate pairs, and frames cannot hold them.
    return [text.encode("utf-8", "replace").decode() for each in chunks for text in each.texts]
