"""Documents as a source: the files of a folder, cut into passages.

What is read of each kind of file stands in `extraction.py`. A file that cannot be read (a password,
no text, broken, too large, too slow) refuses the source, with the names of all such files and why;
whoever wants the rest names them under `leave_out`. What is in no passage is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from synth_assets.core.config.sources import DocumentSource
from synth_assets.core.fingerprint import fingerprint
from synth_assets.core.passages import LONGEST_HEADING, Document, Passage, cut_passages
from synth_assets.errors import SourceError
from synth_assets.resources.file_digest import file_digest
from synth_assets.resources.sources.document_process import Bounds, DocumentProcess
from synth_assets.resources.sources.extraction import KINDS

_MOST_NAMED = 20
"""Files named in one message."""

_MOST_FILES = 100_000


@dataclass(frozen=True)
class Gap:
    """Something of a document that is in no passage.

    Attributes:
        document: its name.
        page: from 1; 0 where the document has none.
        characters: how many are left out.
        reason: why.
    """

    document: str
    page: int
    characters: int
    reason: str


@dataclass(frozen=True)
class DocumentsRead:
    """What the documents of a source give.

    Attributes:
        passages: by document, in the order of names, as they stand in it.
        gaps: what is in none of them.
    """

    passages: tuple[Passage, ...]
    gaps: tuple[Gap, ...]

    @property
    def told(self) -> str:
        """The gaps in one line, empty if there are none."""
        characters = sum(gap.characters for gap in self.gaps)
        pages = sum(not gap.characters for gap in self.gaps)
        stretches = len(self.gaps) - pages
        parts = [
            f"{stretches} stretches too short for a passage ({characters:,} characters)"
            if stretches
            else "",
            f"{pages} pages without text" if pages else "",
        ]
        return ", ".join(part for part in parts if part)


def read_documents(
    spec: DocumentSource, path: Path, label: str, bounds: Bounds | None = None
) -> DocumentsRead:
    """Read all documents of a source.

    Args:
        spec: which files, and how long passages are.
        path: the folder or file, absolute.
        label: who asks, as messages call it.
        bounds: what a file may cost.

    Raises:
        SourceError: if there are no documents, or some cannot be read; names each and why.
    """
    passages: list[Passage] = []
    gaps: list[Gap] = []
    refused: list[str] = []
    with DocumentProcess(bounds or Bounds()) as process:
        for name, file in _files(spec, path, label):
            try:
                read = process.extract(file)
            except SourceError as exc:
                refused.append(f"{name}: {exc}.")
                continue
            title = read.title[:LONGEST_HEADING].strip() or PurePosixPath(name).stem
            document = Document(name, title, read.blocks)
            cut = cut_passages(
                document, spec.min_characters, spec.max_characters, spec.overlap_sentences
            )
            passages += cut.passages
            gaps += (Gap(name, short.page, len(short.text), "too short") for short in cut.too_short)
            gaps += (Gap(name, page, 0, "no text") for page in read.empty_pages)
    if refused:
        raise SourceError(_refusal(refused, path, label))
    read_all = DocumentsRead(tuple(passages), tuple(gaps))
    if not passages:
        raise SourceError(
            f"{label}: {path}: the documents give no passage of {spec.min_characters} to "
            f"{spec.max_characters} characters: {read_all.told or 'they are empty'}. Lower "
            "min_characters, or give more text."
        )
    return read_all


def documents_digest(spec: DocumentSource, path: Path, label: str) -> str:
    """Identity of the documents of a source: names and bytes; their order does not matter.

    Raises:
        SourceError: if there are none, or one cannot be read.
    """
    digests = [[name, file_digest(file, label)] for name, file in _files(spec, path, label)]
    return fingerprint(sorted(digests))


def place_of(passage: Passage) -> str:
    """Title, headings, file and page of a passage, for people and prompts.

    `Asthma guide > Dosage > Children (guides/asthma.pdf, page 3)`
    """
    headings = [text for text in passage.headings if text != passage.title]
    page = f", page {passage.page}" if passage.page else ""
    return f"{' > '.join([passage.title, *headings])} ({passage.document}{page})"


def _files(spec: DocumentSource, path: Path, label: str) -> list[tuple[str, Path]]:
    """Name and place of each document, by name."""
    try:
        if path.is_dir():
            left_out = {file for pattern in spec.leave_out for file in path.glob(pattern)}
            found = [
                (file.relative_to(path).as_posix(), file)
                for file in _matching(path, spec.glob, label)
                if file not in left_out
            ]
        elif path.is_file() and path.suffix.lower() in KINDS:
            found = [(path.name, path)]
        else:
            raise SourceError(
                f"{label}: {path} is no folder and no file of a kind that is read: "
                f"{', '.join(KINDS)}. Put documents there, or mend the path."
            )
    except (OSError, ValueError, NotImplementedError) as exc:
        raise SourceError(f"{label}: {path} cannot be read: {exc}. Mend path or rights.") from exc
    if not found:
        raise SourceError(
            f"{label}: {path} has no document that matches {spec.glob}. Kinds that are read: "
            f"{', '.join(KINDS)}. Put some there, or mend the glob."
        )
    return sorted(found)


def _matching(path: Path, glob: str, label: str) -> Iterator[Path]:
    count = 0
    for file in path.glob(glob):
        is_hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if is_hidden or file.suffix.lower() not in KINDS or not file.is_file():
            continue
        count += 1
        if count > _MOST_FILES:
            raise SourceError(
                f"{label}: {path} has more than {_MOST_FILES:,} documents. Make several sources."
            )
        yield file


def _refusal(refused: list[str], path: Path, label: str) -> str:
    more = len(refused) - _MOST_NAMED
    named = "\n  ".join(refused[:_MOST_NAMED])
    rest = f"\n  and {more} more" if more > 0 else ""
    return (
        f"{label}: {path}: {len(refused)} documents cannot be read. Mend them, or name them under "
        f"leave_out:\n  {named}{rest}"
    )
