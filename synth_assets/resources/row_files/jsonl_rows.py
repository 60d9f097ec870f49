"""Rows of a JSONL file, in bounded memory."""

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Self, cast

import msgspec

from synth_assets.resources.row_files.chats import chat_text
from synth_assets.resources.row_files.columns import TextColumns, shown
from synth_assets.resources.row_files.inputs import InputFile
from synth_assets.resources.row_files.packed import (
    BYTE_ORDER_MARK,
    ByteSource,
    byte_lines,
    damage_told,
    open_source,
    utf8,
)
from synth_assets.resources.row_files.text_rows import (
    MAX_ROW_BYTES,
    NAMES_SEEN_IN,
    TextRows,
    joined,
    nameless,
    pieces,
)
from synth_assets.resources.row_files.values import (
    any_text,
    number_of,
    value_of_json,
    without_halves,
)
from synth_assets.resources.sources.records import json_object

# Values stay as they are written until somebody asks for them: 1.50 is not 1.5 to a reader.
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text_or_null = msgspec.json.Decoder(str | None).decode
_name = msgspec.json.Decoder(str | int).decode
_number_or_null = msgspec.json.Decoder(float | None).decode

_NULL = msgspec.Raw(b"null")
_NAMES_SEEN_BYTES = 16_000_000


class _Turn(msgspec.Struct):
    """A turn of a chat whose content is text: the usual ones, read fast."""

    role: str = ""
    said_by: str = msgspec.field(default="", name="from")
    content: str | msgspec.UnsetType = msgspec.UNSET
    value: str | msgspec.UnsetType = msgspec.UNSET


_chat = msgspec.json.Decoder(list[_Turn]).decode


class JsonlRows:
    """A JSONL file: one row a line; lines of white space alone are no rows.

    Of a key that stands twice in a line the last value counts.
    """

    def __init__(self, file: InputFile, source: ByteSource) -> None:
        self._file, self._source = file, source

    @classmethod
    @contextmanager
    def opened(cls, file: InputFile) -> Generator[Self]:
        """Open the file.

        Raises:
            SourceError: also later, if it is damaged.
        """
        with damage_told(str(file.path)), open_source(file.path, file.form.packing) as source:
            yield cls(file, source)

    @property
    def position(self) -> int:
        """Bytes of the stored file taken so far."""
        return self._source.position

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are rows, to the byte, but for a byte order mark; with their numbers.

        Raises:
            SourceError: if one is too long.
        """
        for number, data in byte_lines(self._source, str(self._file.path), MAX_ROW_BYTES):
            line = data.removeprefix(BYTE_ORDER_MARK) if number == 1 else data
            if line and not line.isspace():
                yield number, line

    def line_pieces(self) -> Iterator[list[tuple[int, bytes]]]:
        """The same, some at a time."""
        return pieces(self.lines(), _length)

    def names(self) -> tuple[str, ...] | None:
        """Columns of the first rows, which are read for it; none of a file without rows.

        Raises:
            SourceError: if one of them is no JSON object.
        """
        names, seen, size = dict[str, None](), 0, 0
        for number, line in self.lines():
            self._check_utf8(number, line)
            names.update(dict.fromkeys(self._values(number, line)))
            seen, size = seen + 1, size + len(line)
            if seen == NAMES_SEEN_IN or size > _NAMES_SEEN_BYTES:
                break
        return tuple(names) if seen else None

    def rows(self, columns: TextColumns) -> Iterator[TextRows]:
        """The rows, some at a time; a column that one lacks is empty in it.

        Raises:
            SourceError: if a line is no JSON object, naming it.
        """
        for lines in self.line_pieces():
            for number, line in lines:
                self._check_utf8(number, line)
            yield _usual_rows(lines, columns) or self._read_rows(lines, columns)

    def _read_rows(self, lines: list[tuple[int, bytes]], columns: TextColumns) -> TextRows:
        """Rows of which some are unlike the usual ones."""
        made = TextRows([], [], [[] for _ in columns.numbers])
        for number, line in lines:
            values = self._values(number, line)
            texts = [self._text(number, values, name) for name in columns.texts]
            made.texts.append(joined(texts, columns.separator))
            if columns.identity is not None:
                name = self._text(number, values, columns.identity)
                if not name:
                    raise nameless(f"{self._file.path}: line {number}")
                made.ids.append(without_halves(name))
            for held, name in zip(made.numbers, columns.numbers, strict=True):
                at = self._at(number, name)
                held.append(number_of(_read(values.get(name), at), at))
        return made

    def check(self, lines: list[tuple[int, bytes]]) -> None:
        """Look whether lines are what they should be.

        Raises:
            SourceError: if one is no JSON object, naming it.
        """
        for number, line in lines:
            self._check_utf8(number, line)
            self._values(number, line)

    def _check_utf8(self, number: int, line: bytes) -> None:
        # msgspec does not look into texts that nobody asks for.
        if not line.isascii():
            utf8(line, str(self._file.path), number)

    def _values(self, number: int, line: bytes) -> Mapping[str, object]:
        """Column -> value, as it is written or, of lines with half of a surrogate pair, read."""
        try:
            return _object(line)
        except (msgspec.MsgspecError, RecursionError):
            at = f"{self._file.path}: line {number}"
            text = line.decode().strip()
            json_object(text, at, unique=False)  # tells what is wrong
            return cast("Mapping[str, object]", value_of_json(text, at))

    def _text(self, number: int, values: Mapping[str, object], column: str) -> str:
        value = values.get(column)
        if isinstance(value, msgspec.Raw):
            try:
                return _usual_text(value) or ""
            except msgspec.ValidationError:
                pass
        at = self._at(number, column)
        value = _read(value, at)
        told = chat_text(value, at)
        return any_text(value, at) if told is None else told

    def _at(self, number: int, column: str) -> str:
        return f"{self._file.path}: line {number}, column {shown(column)}"


def _length(line: tuple[int, bytes]) -> int:
    return len(line[1])


def _usual_rows(lines: list[tuple[int, bytes]], columns: TextColumns) -> TextRows | None:
    """Rows whose columns hold texts and numbers; nothing if some row is unlike that."""
    try:
        rows = [_object(line) for _, line in lines]
        texts = [
            joined([_usual_text(row.get(name, _NULL)) for name in columns.texts], columns.separator)
            for row in rows
        ]
        names = () if columns.identity is None else (columns.identity,)
        ids = [str(_name(row[name])) for name in names for row in rows]
        numbers = [
            [_or_nan(_number_or_null(row.get(name, _NULL))) for row in rows]
            for name in columns.numbers
        ]
    except (msgspec.MsgspecError, RecursionError, KeyError):
        return None
    return None if "" in ids else TextRows(texts, ids, numbers)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _read(value: object, at: str) -> object:
    return value_of_json(bytes(value).decode(), at) if isinstance(value, msgspec.Raw) else value


def _usual_text(value: msgspec.Raw) -> str | None:
    """A text, or what is said in a chat.

    Raises:
        ValidationError: if it is neither.
    """
    try:
        return _text_or_null(value)
    except msgspec.ValidationError:
        if (told := _plain_chat(value)) is None:
            raise
        return told


def _plain_chat(value: msgspec.Raw) -> str | None:
    """See `chats.chat_text`, of chats whose turns all say texts."""
    try:
        turns = _chat(value)
    except (msgspec.MsgspecError, RecursionError):
        return None
    said = [turn.value if turn.content is msgspec.UNSET else turn.content for turn in turns]
    plain = [each for each in said if each is not msgspec.UNSET]
    named = all(turn.role or turn.said_by for turn in turns)
    return "\n".join(plain) if plain and named and len(plain) == len(turns) else None
