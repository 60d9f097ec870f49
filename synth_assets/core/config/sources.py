"""Data sources: human-written rows to train on, to hold out, and benchmarks to keep out."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synth_assets.core.config.names import Name, Written

Share = Annotated[float, Field(ge=0, le=1)]


class FileSource(Written):
    """Rows of a JSONL, Parquet or CSV file.

    `path` is relative to the YAML file that names it. `prompt` and `response` name columns.
    A pool feeds training sets and seeds; `seeds` alone never becomes a training row.
    """

    reader: Literal["file"]
    id: Name
    uses: tuple[Literal["pool", "seeds", "held_out", "benchmark"], ...] = Field(
        default=("pool",), min_length=1
    )
    path: str
    prompt: str
    response: str
    licence: str = "unstated"
    held_out_share: Share = 0.1

    @model_validator(mode="after")
    def _pool_stands_alone(self) -> "FileSource":
        if "pool" in self.uses and len(self.uses) > 1:
            raise ValueError("a pool has no other use; what is kept out is never trained on")
        return self


class _Lengths(Written):
    min_characters: int
    max_characters: int

    @model_validator(mode="after")
    def _some_length_fits(self) -> Self:
        if self.min_characters > self.max_characters:
            raise ValueError("min_characters is larger than max_characters; no row could fit")
        return self


class DocstringSource(_Lengths):
    """Docstrings of the running Python's standard library, read from its source files."""

    reader: Literal["stdlib_docstrings"]
    id: Name
    uses: tuple[Literal["pool"], ...] = ("pool",)
    min_characters: int = Field(default=120, ge=1)
    max_characters: int = Field(default=2_000, ge=1)
    licence: str = "PSF-2.0"
    held_out_share: Share = 0.1


class ReferenceSource(_Lengths):
    """Prose of the Python language reference, cut into passages, from `pydoc_data.topics`."""

    reader: Literal["stdlib_reference"]
    id: Name
    uses: tuple[Literal["pool"], ...] = ("pool",)
    min_characters: int = Field(default=200, ge=1)
    max_characters: int = Field(default=1_200, ge=1)
    licence: str = "PSF-2.0"
    held_out_share: Share = 0.1


class EmbeddedProbeSource(Written):
    """A small benchmark of arithmetic word problems that the embedded teacher has seen."""

    reader: Literal["embedded_probe"]
    id: Name
    uses: tuple[Literal["benchmark"], ...] = ("benchmark",)
    licence: str = "Apache-2.0"


Source = Annotated[
    FileSource | DocstringSource | ReferenceSource | EmbeddedProbeSource,
    Field(discriminator="reader"),
]


class SourcesFile(Written):
    """A `sources.yaml`."""

    sources: tuple[Source, ...]
