"""The files of rows that a command is given: found by name or pattern, and known again."""

import glob
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from synth_assets.errors import SourceError


class FileKind(StrEnum):
    """How rows stand in a file."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Packing(StrEnum):
    """How a file is compressed, by its last ending."""

    NONE = ""
    GZIP = ".gz"
    ZSTD = ".zst"
    BZIP2 = ".bz2"
    XZ = ".xz"


ENDINGS = ".jsonl, .ndjson, .csv (each perhaps with .gz, .zst, .bz2, .xz), .parquet"
"""As messages tell them."""

_KINDS = {
    ".jsonl": FileKind.JSONL,
    ".ndjson": FileKind.JSONL,
    ".csv": FileKind.CSV,
    ".parquet": FileKind.PARQUET,
}


@dataclass(frozen=True)
class FileForm:
    """What the name of a file says of it."""

    kind: FileKind
    packing: Packing


@dataclass(frozen=True)
class FileStamp:
    """What changes when a file is written anew.

    Attributes:
        size: in bytes.
        modified_ns: when it was last written.
        inode: another one where it was replaced by renaming.
    """

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileStamp":
        """The stamp of the file as it is now.

        Raises:
            SourceError: if it cannot be looked at.
        """
        try:
            found = path.stat()
        except OSError as exc:
            raise SourceError(f"{path}: cannot be read: {exc}. Mend the path or rights.") from exc
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True)
class InputFile:
    """A file of rows, as it was when it was found.

    Attributes:
        path: a regular file that can be opened.
        form: what it holds.
        stamp: of the moment it was found.
    """

    path: Path
    form: FileForm
    stamp: FileStamp

    def check_unchanged(self) -> None:
        """Refuse to go on with a file that is not what it was.

        Raises:
            SourceError: if it was written anew or is gone.
        """
        if FileStamp.of(self.path) != self.stamp:
            raise SourceError(
                f"{self.path}: changed while it was worked on, so its rows are not the ones that "
                "were read. Run again when nothing writes to it."
            )


def form_of(path: Path) -> FileForm | None:
    """What a name says; nothing where its ending is unknown."""
    packing = Packing.NONE
    name = path.name
    for each in Packing:
        if each is not Packing.NONE and name.endswith(each.value):
            packing, name = each, name.removesuffix(each.value)
    kind = _KINDS.get(Path(name).suffix)
    if kind is None or (kind is FileKind.PARQUET and packing is not Packing.NONE):
        return None
    return FileForm(kind, packing)


def find_inputs(patterns: Sequence[str]) -> tuple[InputFile, ...]:
    """Find the files that paths and globs name.

    A path that is there is taken as it is, whatever brackets its name has. In globs, `**` stands
    for folders at any depth; hidden files are not matched.

    Args:
        patterns: such as `data/*.jsonl.gz`; `~` is the home folder.

    Returns:
        Sorted by path; of several names of one file (links too) the first. May be of mixed kinds.

    Raises:
        SourceError: if a pattern names nothing, a folder, what cannot be opened, or an unknown
            kind of file.
    """
    if not patterns:
        raise SourceError(f"no file is named. Name at least one: {ENDINGS}.")
    paths = {path for pattern in patterns for path in _matches(pattern)}
    found = dict[tuple[int, int], InputFile]()
    for path in sorted(paths, key=str):
        file = _input_file(path)
        found.setdefault((path.stat().st_dev, file.stamp.inode), file)
    return tuple(found.values())


def _matches(pattern: str) -> Iterator[Path]:
    path = Path(pattern).expanduser()
    if path.exists() or path.is_symlink():
        yield path
        return
    if not any(sign in pattern for sign in "*?["):
        raise SourceError(f"{pattern}: there is no such file. Put it there, or mend the path.")
    matched = [Path(each) for each in glob.glob(str(path), recursive=True)]
    # `**` matches folders on its way; one that is called like a file is told of, as some programs
    # write a table as a folder of that name.
    wanted = [each for each in matched if form_of(each) is not None or not each.is_dir()]
    if not wanted:
        raise SourceError(f"{pattern}: matches no file. Mend the pattern.")
    yield from wanted


def _input_file(path: Path) -> InputFile:
    stamp = FileStamp.of(path)
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise SourceError(f"{path}: is a folder. Name the files in it, such as '{path}/*.jsonl'.")
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path}: is no regular file, and is to be read twice. Save it as one.")
    form = form_of(path)
    if form is None:
        raise SourceError(f"{path}: unknown kind of file. Give one of {ENDINGS}.")
    try:
        path.open("rb").close()
    except OSError as exc:
        raise SourceError(f"{path}: cannot be read: {exc}. Mend its rights.") from exc
    return InputFile(path, form, stamp)
