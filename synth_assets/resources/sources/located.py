"""A data source and where its file lies."""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from synth_assets.core.config.sources import (
    DocstringSource,
    DocumentSource,
    EmbeddedProbeSource,
    FileSource,
    ReferenceSource,
    Source,
)
from synth_assets.core.fingerprint import fingerprint
from synth_assets.resources.file_digest import file_digest
from synth_assets.resources.sources.documents import documents_digest


@dataclass(frozen=True)
class LocatedSource:
    """An entry of a `sources.yaml`.

    Attributes:
        spec: what `sources.yaml` says.
        path: the data file or folder, absolute; for sources that read none, the `sources.yaml`
            itself.
    """

    spec: Source
    path: Path

    @classmethod
    def named_in(cls, file: Path, spec: Source) -> "LocatedSource":
        """Locate an entry of the `sources.yaml` at `file`."""
        absolute = file.absolute()
        if isinstance(spec, FileSource | DocumentSource):
            return cls(spec, absolute.parent / spec.path)
        return cls(spec, absolute)

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"source {self.spec.id}"


def source_digest(source: LocatedSource) -> str:
    """Identity of a source's rows: what `sources.yaml` says and what the rows are read from.

    Raises:
        SourceError: if its file is missing or cannot be read.
    """
    # What is looked for in other rows, and what these may be used for, makes these no others.
    said = source.spec.model_dump(mode="json", exclude={"path", "kept_out", "terms"})
    match source.spec:
        case FileSource():
            return fingerprint([said, file_digest(source.path, source.label)])
        case DocumentSource() as spec:
            return fingerprint([said, documents_digest(spec, source.path, source.label)])
        case DocstringSource() | ReferenceSource():
            return fingerprint([said, platform.python_version()])
        case EmbeddedProbeSource():
            return fingerprint(said)
        case _:
            assert_never(source.spec)
