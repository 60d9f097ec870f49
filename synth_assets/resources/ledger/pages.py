"""Rows out of a damaged SQLite file, page by page, without SQLite.

SQLite finds a row by way of the header, the schema and the inner pages above it; where one of these
is damaged, all below is out of its reach. Rows themselves lie in leaf pages that can be read alone,
so that each damaged page costs the rows that lie in it and no others. Pages that the write-ahead
log holds are read as well.

Source of the layout: https://www.sqlite.org/fileformat2.html
"""

import mmap
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = "int | float | str | bytes | None"

MAGIC = b"SQLite format 3\0"

_PAGE_SIZE = 4096
_FIRST_PAGE_HEADER = 100
_LOG_HEADER = 32
_FRAME_HEADER = 24
LOG_MAGIC = (0x377F0682, 0x377F0683)

_INDEX_INNER, _INDEX_LEAF, _TABLE_INNER, _TABLE_LEAF = 0x02, 0x0A, 0x05, 0x0D
_MOST_COLUMNS = 64
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


class _Nonsense(Exception):
    """What was read is no cell."""


@dataclass(frozen=True)
class Found:
    """One row.

    Attributes:
        row_id: of a table with row ids; else none.
        values: its columns; text that is no UTF-8 comes as bytes.
        live: whether SQLite would see it, as far as can be told.
    """

    row_id: int | None
    values: tuple[Value, ...]
    live: bool


@dataclass(frozen=True)
class _Frame:
    page: int
    data: bytes
    valid: bool


class DamagedFile:
    """A database file with its write-ahead log, as bytes.

    Args:
        path: the file; the log is looked for beside it.

    Raises:
        OSError: if they cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._data = _mapped(path)
        log_path = path.with_name(f"{path.name}-wal")
        log = log_path.read_bytes() if log_path.exists() else b""
        self._size = _page_size(self._data, log)
        self._frames = list(_frames(log, self._size))
        self._latest: dict[int, bytes] = {}
        for frame in self._frames:
            if frame.valid:
                self._latest[frame.page] = frame.data
        self._ways = self._ways_to_overflow()
        self._free = self._free_pages()

    def rows(self) -> Iterator[Found]:
        """Every row that can be read, of all tables and indexes; some several times.

        Older states come first, and those that SQLite would not see before those that it would.
        """
        for number in range(1, len(self._data) // self._size + 2):
            if number in self._latest:
                yield from self._page(number, self._main(number), live=False)
        for frame in self._frames:
            if not frame.valid or self._latest.get(frame.page) is not frame.data:
                yield from self._page(frame.page, frame.data, live=False)
        for number in range(1, len(self._data) // self._size + 2):
            if number not in self._latest:
                live = number not in self._free
                yield from self._page(number, self._main(number), live=live)
        for number, page in self._latest.items():
            yield from self._page(number, page, live=number not in self._free)

    def _main(self, number: int) -> bytes:
        return self._data[(number - 1) * self._size : number * self._size]

    def _ways_to_overflow(self) -> list[dict[int, bytes]]:
        """Where the rest of a long row may be: a page as the log has it, else as the file has it.

        The last is how SQLite would see it.
        """
        if all(frame.valid for frame in self._frames):
            return [{}, self._latest] if self._latest else [self._latest]
        return [{}, {frame.page: frame.data for frame in self._frames}, self._latest]

    def _look_up(self, number: int, log: dict[int, bytes]) -> bytes:
        return log[number] if number in log else self._main(number)

    def _page(self, number: int, page: bytes, *, live: bool) -> Iterator[Found]:
        start = _FIRST_PAGE_HEADER if number == 1 else 0
        if len(page) < start + 8:
            return
        # A damaged kind is taken for that of most pages.
        kind = page[start]
        inner = kind in (_INDEX_INNER, _TABLE_INNER)
        if kind == _TABLE_INNER:
            return
        first = start + (12 if inner else 8)
        [cells] = struct.unpack_from(">H", page, start + 3)
        cells = min(cells, (len(page) - first) // 2)
        for at in struct.unpack_from(f">{cells}H", page, first):
            for way in self._ways:
                try:
                    found = self._cell(page, at, kind, way)
                except (_Nonsense, IndexError, struct.error):
                    continue
                yield Found(found[0], found[1], live and way is self._latest)

    def _cell(
        self, page: bytes, at: int, kind: int, way: dict[int, bytes]
    ) -> tuple[int | None, tuple[Value, ...]]:
        if kind == _INDEX_INNER:
            at += 4
        size, at = _varint(page, at)
        row_id = None
        if kind not in (_INDEX_INNER, _INDEX_LEAF):
            row_id, at = _varint(page, at)
        payload = self._payload(page, at, size, way, in_table=row_id is not None)
        return row_id, _record(payload)

    def _payload(
        self, page: bytes, at: int, size: int, way: dict[int, bytes], *, in_table: bool
    ) -> bytes:
        usable = self._size
        if size > max(len(self._data), usable) + len(self._frames) * usable:
            raise _Nonsense
        most = usable - 35 if in_table else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return page[at : at + size]
        least = (usable - 12) * 32 // 255 - 23
        here = least + (size - least) % (usable - 4)
        here = here if here <= most else least
        parts = [page[at : at + here]]
        [following] = struct.unpack_from(">I", page, at + here)
        left = size - here
        while left > 0:
            overflow = self._look_up(following, way) if following else b""
            if len(overflow) < 4:
                raise _Nonsense
            parts.append(overflow[4 : 4 + min(left, usable - 4)])
            left -= usable - 4
            [following] = struct.unpack_from(">I", overflow, 0)
        return b"".join(parts)

    def _free_pages(self) -> frozenset[int]:
        """Pages that hold nothing any more, as the header tells."""
        free: set[int] = set()
        first = self._look_up(1, self._latest)
        trunk = struct.unpack_from(">I", first, 32)[0] if len(first) >= _FIRST_PAGE_HEADER else 0
        while trunk and trunk not in free:
            free.add(trunk)
            page = self._look_up(trunk, self._latest)
            if len(page) < 8:
                break
            trunk, leaves = struct.unpack_from(">II", page, 0)
            leaves = min(leaves, (len(page) - 8) // 4)
            free.update(struct.unpack_from(f">{leaves}I", page, 8))
        return frozenset(free)


def _mapped(path: Path) -> bytes | mmap.mmap:
    if not path.exists() or path.stat().st_size == 0:
        return b""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _page_size(data: bytes | mmap.mmap, log: bytes) -> int:
    told: list[int] = []
    if len(data) >= _FIRST_PAGE_HEADER and data[:16] == MAGIC:
        told.append(struct.unpack_from(">H", data, 16)[0])
    if len(log) >= _LOG_HEADER:
        told.append(struct.unpack_from(">I", log, 8)[0])
    for size in told:
        if 512 <= size <= 32_768 and size & (size - 1) == 0:
            return size
    return _PAGE_SIZE


def _frames(log: bytes, page_size: int) -> Iterator[_Frame]:
    """The frames of the log's present generation; valid are those that SQLite would read."""
    if len(log) < _LOG_HEADER:
        return
    magic = struct.unpack_from(">I", log, 0)[0]
    order = "<" if magic == LOG_MAGIC[0] else ">"
    sums = _log_checksum(log[:24], order, (0, 0))
    sound = magic in LOG_MAGIC and sums == struct.unpack_from(">II", log, 24)
    pending: list[_Frame] = []
    step = _FRAME_HEADER + page_size
    salt = log[16:24] if sound else _likely_salt(log, step)
    for at in range(_LOG_HEADER, len(log) - step + 1, step):
        head, data = log[at : at + _FRAME_HEADER], log[at + _FRAME_HEADER : at + step]
        page, commit = struct.unpack_from(">II", head, 0)
        if head[8:16] != salt:
            sound = False  # here an earlier generation begins, or a frame has lost its mark
            continue
        if sound:
            sums = _log_checksum(data, order, _log_checksum(head[:8], order, sums))
            sound = sums == struct.unpack_from(">II", head, 16)
        if not sound:
            yield from (_Frame(frame.page, frame.data, valid=False) for frame in pending)
            pending = []
            yield _Frame(page, data, valid=False)
            continue
        pending.append(_Frame(page, data, valid=True))
        if commit:
            yield from pending
            pending = []
    yield from (_Frame(frame.page, frame.data, valid=False) for frame in pending)


def _likely_salt(log: bytes, step: int) -> bytes:
    """The mark of the present generation where the header is gone: that of the first frames."""
    starts = range(_LOG_HEADER, min(len(log) - step + 1, 64 * step), step)
    marks = Counter(log[at + 8 : at + 16] for at in starts)
    del marks[bytes(8)]
    return marks.most_common(1)[0][0] if marks else b""


def _log_checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for at in range(0, len(words), 2):
        first = (first + words[at] + second) & 0xFFFFFFFF
        second = (second + words[at + 1] + first) & 0xFFFFFFFF
    return first, second


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for length in range(8):
        byte = data[at + length]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + length + 1
    return value << 8 | data[at + 8], at + 9


def _record(payload: bytes) -> tuple[Value, ...]:
    """The values of a record."""
    head, at = _varint(payload, 0)
    if head > len(payload):
        raise _Nonsense
    kinds: list[int] = []
    while at < head:
        kind, at = _varint(payload, at)
        kinds.append(kind)
        if len(kinds) > _MOST_COLUMNS:
            raise _Nonsense
    values: list[Value] = []
    for kind in kinds:
        size = (kind - 12) // 2 if kind >= 12 else _SIZES[kind]
        if at + size > len(payload):
            raise _Nonsense
        values.append(_value(kind, payload[at : at + size]))
        at += size
    return tuple(values)


def _value(kind: int, data: bytes) -> Value:
    match kind:
        case 0:
            return None
        case 7:
            return float(struct.unpack(">d", data)[0])
        case 8 | 9:
            return kind - 8
        case _ if kind < 12:
            return int.from_bytes(data, "big", signed=True)
        case _ if kind % 2 == 0:
            return data
        case _:
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                return data
