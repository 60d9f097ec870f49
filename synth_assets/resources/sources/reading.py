"""Real rows of any data source."""

from collections.abc import Iterator
from typing import assert_never

import polars as pl

from synth_assets.core.config.sources import (
    DocstringSource,
    DocumentSource,
    EmbeddedProbeSource,
    FileSource,
    ReferenceSource,
)
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.errors import SourceError
from synth_assets.resources.sources.docstrings import stdlib_docstrings
from synth_assets.resources.sources.documents import place_of, read_documents
from synth_assets.resources.sources.exchange import Exchange
from synth_assets.resources.sources.located import LocatedSource
from synth_assets.resources.sources.records import read_records
from synth_assets.resources.sources.reference import reference_passages


def read_source(source: LocatedSource) -> pl.DataFrame:
    """Read a source whole.

    Returns:
        Columns of `SAMPLE_SCHEMA`; `position` counts the rows from 0. Two equal rows have one id.

    Raises:
        SourceError: if there is nothing to read or a row is malformed, naming file and row.
    """
    spec = source.spec
    frame = sample_frame(
        Sample.real(spec.id, position, row.prompt, row.response, spec.licence)
        for position, row in enumerate(_exchanges(source))
    )
    if frame.is_empty():
        raise SourceError(
            f"{source.label}: the reader {spec.reader} found no rows. Widen its bounds, or use a "
            "Python that has its library's source files."
        )
    return frame


def _exchanges(source: LocatedSource) -> Iterator[Exchange]:
    match source.spec:
        case FileSource() as spec:
            columns = (spec.prompt, spec.response)
            for record in read_records(source.path, source.label, columns):
                yield Exchange(record.text(spec.prompt), record.text(spec.response))
        case DocumentSource() as spec:
            for passage in read_documents(spec, source.path, source.label).passages:
                yield Exchange(place_of(passage), passage.text)
        case DocstringSource() as spec:
            yield from stdlib_docstrings(spec.min_characters, spec.max_characters)
        case ReferenceSource() as spec:
            yield from reference_passages(spec.min_characters, spec.max_characters)
        case EmbeddedProbeSource():
            from synth_assets.resources.embedded.probe import probe_problems

            for item in probe_problems():
                yield Exchange(item.problem, item.solution)
        case _:
            assert_never(source.spec)
