"""Data sources: human-written rows to train on, to hold out, and benchmarks to keep out."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synth_assets.core.config.names import Name, Written
from synth_assets.core.config.terms import StatedTerms

Share = Annotated[float, Field(ge=0, le=1)]


def _refuse_other_uses_of_pool(uses: tuple[str, ...]) -> None:
    if "pool" in uses and len(uses) > 1:
        raise ValueError("a pool has no other use; what is kept out is never trained on")


class KeptOut(Written):
    """How the items of a benchmark are looked for in rows that may be trained on.

    Attributes:
        ngram: words in a run that gives an item away.
        look_for: what is looked for beside that: copies with changes, templates with other numbers
            or names, items in other words.
    """

    ngram: int = Field(default=13, ge=2, le=100)
    look_for: tuple[Literal["near", "perturbed", "rephrased"], ...] = (
        "near",
        "perturbed",
        "rephrased",
    )


class FileSource(Written):
    """Rows of a JSONL, Parquet or CSV file.

    `path` is relative to the YAML file that names it. `prompt` and `response` name columns;
    `kept_out` says how the items of a benchmark are looked for. A pool feeds training sets and
    seeds; `seeds` alone never becomes a training row.
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
    terms: StatedTerms | None = None
    held_out_share: Share = 0.1
    kept_out: KeptOut = KeptOut()

    @model_validator(mode="after")
    def _pool_stands_alone(self) -> Self:
        _refuse_other_uses_of_pool(self.uses)
        return self


class _Lengths(Written):
    min_characters: int
    max_characters: int

    @model_validator(mode="after")
    def _some_length_fits(self) -> Self:
        if self.min_characters > self.max_characters:
            raise ValueError("min_characters is larger than max_characters; no row could fit")
        return self


class DocumentSource(_Lengths):
    """Passages of documents: text, Markdown, HTML and PDF files.

    Attributes:
        uses: as of a file; passages are seeds unless they are asked to be more.
        path: a folder, or one file; relative to the YAML file that names it.
        glob: which files of the folder; those of other kinds, and hidden ones, are passed over.
        leave_out: globs of files that are not read, as they cannot be or shall not.
        min_characters: shortest passage.
        max_characters: longest passage.
        overlap_sentences: how many sentences a passage repeats of the one before.
        kept_out: how the items of a benchmark are looked for.
    """

    reader: Literal["documents"]
    id: Name
    uses: tuple[Literal["pool", "seeds", "held_out", "benchmark"], ...] = Field(
        default=("seeds",), min_length=1
    )
    path: str
    glob: str = "**/*"
    leave_out: tuple[str, ...] = ()
    min_characters: int = Field(default=200, ge=1)
    max_characters: int = Field(default=2_000, ge=100, le=100_000)
    overlap_sentences: int = Field(default=0, ge=0, le=10)
    licence: str = "unstated"
    terms: StatedTerms | None = None
    held_out_share: Share = 0.1
    kept_out: KeptOut = KeptOut()

    @model_validator(mode="after")
    def _pool_stands_alone(self) -> Self:
        _refuse_other_uses_of_pool(self.uses)
        return self

    @model_validator(mode="after")
    def _globs_stay_in_the_folder(self) -> Self:
        for pattern in (self.glob, *self.leave_out):
            if not pattern.strip() or pattern.startswith("/") or ".." in pattern.split("/"):
                raise ValueError(f"{pattern!r} is no glob below the path, such as **/*.pdf")
        return self


class DocstringSource(_Lengths):
    """Docstrings of the running Python's standard library, read from its source files."""

    reader: Literal["stdlib_docstrings"]
    id: Name
    uses: tuple[Literal["pool"], ...] = ("pool",)
    min_characters: int = Field(default=120, ge=1)
    max_characters: int = Field(default=2_000, ge=1)
    licence: str = "PSF-2.0"
    terms: StatedTerms | None = None
    held_out_share: Share = 0.1


class ReferenceSource(_Lengths):
    """Prose of the Python language reference, cut into passages, from `pydoc_data.topics`."""

    reader: Literal["stdlib_reference"]
    id: Name
    uses: tuple[Literal["pool"], ...] = ("pool",)
    min_characters: int = Field(default=200, ge=1)
    max_characters: int = Field(default=1_200, ge=1)
    licence: str = "PSF-2.0"
    terms: StatedTerms | None = None
    held_out_share: Share = 0.1


class EmbeddedProbeSource(Written):
    """A small benchmark of arithmetic word problems that the embedded teacher has seen."""

    reader: Literal["embedded_probe"]
    id: Name
    uses: tuple[Literal["benchmark"], ...] = ("benchmark",)
    licence: str = "Apache-2.0"
    terms: StatedTerms | None = None
    kept_out: KeptOut = KeptOut()


Source = Annotated[
    FileSource | DocumentSource | DocstringSource | ReferenceSource | EmbeddedProbeSource,
    Field(discriminator="reader"),
]


def holds_passages(source: Source) -> bool:
    """Whether its rows are passages, whose `prompt` only says where they stand."""
    return isinstance(source, DocumentSource | ReferenceSource)


class SourcesFile(Written):
    """A `sources.yaml`."""

    sources: tuple[Source, ...]
