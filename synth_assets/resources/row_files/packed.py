"""Bytes of files that may be compressed, read line by line and written."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, assert_never, cast

from synth_assets.errors import SourceError
from synth_assets.resources.row_files.inputs import Packing

UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a damaged file may raise."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_BUFFER = 1 << 20
_XZ_MEMORY = 256 << 20  # `xz -9` needs 65 MB

_Member: TypeAlias = bz2.BZ2Decompressor | lzma.LZMADecompressor


class ByteSink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...


@dataclass(frozen=True)
class ByteSource:
    """A file that is being read.

    Attributes:
        unpacked: its content.
    """

    unpacked: BufferedIOBase
    _stored: BinaryIO

    @property
    def position(self) -> int:
        """How many bytes of the file, as it is stored, were taken so far."""
        return self._stored.tell()


@contextmanager
def open_source(path: Path, packing: Packing) -> Generator[ByteSource]:
    """Open a file to be read.

    Raises:
        OSError: and the others of `UNREADABLE`, also later, if it is damaged or cut off.
    """
    with path.open("rb") as stored, _unpacked(stored, packing) as unpacked:
        yield ByteSource(unpacked, stored)


@contextmanager
def open_sink(path: Path, packing: Packing) -> Generator[ByteSink]:
    """Open a file to be written, equal bytes for equal content.

    Raises:
        OSError: also later, if the disk is full.
    """
    with path.open("wb") as stored:
        match packing:
            case Packing.NONE:
                yield stored
            case Packing.GZIP:
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=stored, mtime=0) as packed:
                    yield packed
            case Packing.ZSTD:
                from synth_assets.resources.row_files.arrow import packing_zstd

                with packing_zstd(stored) as packed:
                    yield packed
            case Packing.BZIP2:
                with bz2.open(stored, "wb") as packed:
                    yield packed
            case Packing.XZ:
                with lzma.open(stored, "wb") as packed:
                    yield packed
            case _:
                assert_never(packing)


def byte_lines(source: ByteSource, where: str, most: int) -> Iterator[tuple[int, bytes]]:
    """Lines of a file with their numbers, line ends included, a byte order mark too.

    Args:
        source: the file.
        where: the file, for messages.
        most: bytes a line may have.

    Raises:
        SourceError: if a line is longer.
    """
    number = 0
    readline = source.unpacked.readline
    while data := readline(most + 1):
        number += 1
        if len(data) > most:
            raise SourceError(
                f"{where}: line {number} is longer than {most:,} bytes. Write one row a line, and "
                "cut long texts."
            )
        yield number, data


def utf8(data: bytes, where: str, number: int) -> str:
    """A line as text, without a byte order mark in the first.

    Raises:
        SourceError: if it is not UTF-8, naming line and byte.
    """
    try:
        line = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SourceError(
            f"{where}: line {number}, byte {exc.start + 1}: not UTF-8. Save the file as UTF-8."
        ) from exc
    return line.removeprefix("\ufeff") if number == 1 else line


@contextmanager
def damage_told(where: str) -> Generator[None]:
    """Tell of a file that cannot be read as an error of the source.

    Raises:
        SourceError: in the place of those in `UNREADABLE`.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # of who shows the progress
    except UNREADABLE as exc:
        raise unreadable(where, exc) from exc


def unreadable(where: str, exc: BaseException) -> SourceError:
    """What is told of a file that cannot be read."""
    said = " ".join(str(exc).split())[:300]
    return SourceError(f"{where}: cannot be read: {said}. Mend the file or get it again.")


def _unpacked(stored: BinaryIO, packing: Packing) -> BufferedIOBase:
    match packing:
        case Packing.NONE:
            return cast("BufferedIOBase", stored)
        case Packing.GZIP:
            return gzip.GzipFile(fileobj=stored)
        case Packing.ZSTD:
            from synth_assets.resources.row_files.arrow import unpacking_zstd

            return BufferedReader(unpacking_zstd(stored), _BUFFER)
        case Packing.BZIP2:
            return BufferedReader(_Members(stored, bz2.BZ2Decompressor), _BUFFER)
        case Packing.XZ:
            return BufferedReader(_Members(stored, _xz_member), _BUFFER)
        case _:
            assert_never(packing)


def _xz_member() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


class _Members(RawIOBase):
    """Compressed members that follow on each other, perhaps with zeros between.

    The readers of the standard library stop in silence at what is no member.
    """

    def __init__(self, stored: BinaryIO, new: Callable[[], _Member]) -> None:
        super().__init__()
        self._stored, self._new = stored, new
        self._member: _Member | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        while True:
            more = b""
            if self._member is None or self._member.eof:
                more = self._next_member()
                if not more:
                    return 0
                self._member = self._new()
            elif self._member.needs_input and not (more := self._stored.read(_BUFFER)):
                raise EOFError("it ends before its end is marked")
            if made := self._member.decompress(more, len(buffer)):
                buffer[: len(made)] = made
                return len(made)

    def _next_member(self) -> bytes:
        more = b"" if self._member is None else self._member.unused_data.lstrip(b"\0")
        while not more:
            block = self._stored.read(_BUFFER)
            if not block:
                return b""
            more = block if self._member is None else block.lstrip(b"\0")
        return more
