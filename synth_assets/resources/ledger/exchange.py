"""Completions as files: what one has paid for, others need not buy."""

import gzip
import json
import secrets
import shutil
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

import polars as pl
from pydantic import ConfigDict, Field, JsonValue, ValidationError

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.names import Written
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import Json, canonical_json
from synth_assets.errors import SourceError, StorageError
from synth_assets.resources.frames import FrameParts, write_frame, write_parts
from synth_assets.resources.ledger.checksums import checksum, is_sound, storable
from synth_assets.resources.ledger.store import Ledger

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")

_AT_ONCE = 2_000
_SCHEMA = pl.Schema(
    {
        "fingerprint": pl.String(),
        "teacher": pl.String(),
        "model": pl.String(),
        "recipe": pl.String(),
        "step": pl.String(),
        "request": pl.String(),
        "text": pl.String(),
        "response": pl.String(),
        "finish_reason": pl.String(),
        "prompt_tokens": pl.Int64(),
        "completion_tokens": pl.Int64(),
        "cost_usd": pl.Float64(),
        "latency_s": pl.Float64(),
        "created_at": pl.String(),
    }
)
_SELECT = """
SELECT fingerprint, teacher, model, recipe, step, request, text, response, finish_reason,
    prompt_tokens, completion_tokens, cost_usd, latency_s, created_at, checksum
FROM completions
WHERE ($since IS NULL OR created_at >= $since)
    AND ($recipe IS NULL OR recipe = $recipe)
    AND ($teacher IS NULL OR teacher = $teacher)
"""
_INSERT = """
INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class ExportedRow(Written):
    """One completion as it stands in an export.

    Attributes:
        request: what was asked: messages, parameters, sample index, response format.
        response: the provider's answer as it came; none where it was not kept.
        created_at: ISO 8601, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    teacher: str
    model: str
    recipe: str
    step: str
    request: str
    text: str
    response: str | None
    finish_reason: str
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    cost_usd: float | None
    latency_s: float
    created_at: str


class _Asked(Written):
    """A request as the ledger keeps it.

    One with a response format is none of these: its keys are part of the identity in an order
    that is not kept.
    """

    messages: tuple[tuple[str, str], ...]
    parameters: dict[str, JsonValue]
    sample_index: int


@dataclass(frozen=True)
class Chosen:
    """Which completions are exported; all conditions must hold.

    Attributes:
        since: ISO 8601, UTC.
        recipe: id.
        teacher: id.
    """

    since: str | None = None
    recipe: str | None = None
    teacher: str | None = None


@dataclass(frozen=True)
class Exported:
    """How many rows were written, and how many left out because they are damaged."""

    rows: int
    damaged: int


@dataclass(frozen=True)
class Imported:
    """What an import came to, in rows.

    Attributes:
        new: taken in.
        known: the ledger had them.
        unverified: left out, as nothing shows that the fingerprint belongs to the request.
    """

    new: int
    known: int
    unverified: int


def export_completions(ledger: Ledger, target: Path, chosen: Chosen) -> Exported:
    """Write completions to a file, whole or not at all, in bounded memory.

    Args:
        ledger: whose.
        target: `.jsonl`, `.jsonl.gz` or `.parquet`.
        chosen: which.

    Raises:
        StorageError: if the file cannot be written, or its name has another ending.
        LedgerError: if the ledger cannot be read.
    """
    rows = _Rows(ledger, chosen)
    if _suffix(target) == ".parquet":
        _write_parquet(target, rows)
    else:
        with _new_text(target) as file:
            for row in rows:
                file.write(json.dumps(_nested(row), ensure_ascii=False) + "\n")
    return Exported(rows.written, rows.damaged)


def import_completions(
    ledger: Ledger, source: Path, teachers: Mapping[str, Teacher], *, trust: bool = False
) -> Imported:
    """Take in completions that others exported; no account is charged for them.

    A fingerprint is checked against its request, with the checkpoint that the catalogue declares
    for the teacher, or none.

    Args:
        ledger: where they go.
        source: an export.
        teachers: id -> entry of the catalogue.
        trust: take in also what cannot be checked.

    Raises:
        SourceError: if the file is no export, with the line; rows before it stay imported.
        LedgerError: if the ledger cannot be written.
    """
    new = known = unverified = 0
    for rows in _batches(source):
        taken = [row for row in rows if trust or _is_verified(row, teachers.get(row.teacher))]
        unverified += len(rows) - len(taken)
        with ledger.writing() as connection:
            before = connection.total_changes
            connection.executemany(_INSERT, [_stored(row) for row in taken])
            added = connection.total_changes - before
        new += added
        known += len(taken) - added
    return Imported(new, known, unverified)


class _Rows:
    """Rows of the ledger, as values of `_SCHEMA`; counts what it gave and left out."""

    def __init__(self, ledger: Ledger, chosen: Chosen) -> None:
        self.written = 0
        self.damaged = 0
        self._ledger = ledger
        self._chosen = chosen

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        with self._ledger.reading() as connection:
            for row in connection.execute(_SELECT, vars(self._chosen)):
                *values, expected = row
                response = _response(values[7])
                answer = (values[6], *values[8:13])
                sound = response is not None and _is_json(values[5])
                if not sound or not is_sound(values[0], answer, expected):
                    self.damaged += 1
                    continue
                self.written += 1
                values[7] = response or None
                yield tuple(values)


def _response(stored: bytes | None) -> str | None:
    """The raw answer, empty where it was not kept; none where it is damaged."""
    if stored is None:
        return ""
    try:
        return zlib.decompress(stored).decode("utf-8")
    except (zlib.error, UnicodeDecodeError):
        return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _nested(row: tuple[object, ...]) -> dict[str, object]:
    named = dict(zip(_SCHEMA.names(), row, strict=True))
    return {**named, "request": json.loads(str(named["request"]))}


def _write_parquet(target: Path, rows: _Rows) -> None:
    folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.parts")
    paths: list[Path] = []
    waiting: list[tuple[object, ...]] = []

    def write() -> None:
        paths.append(folder / f"{len(paths):08d}.parquet")
        write_frame(paths[-1], pl.DataFrame(waiting, schema=_SCHEMA, orient="row"))
        waiting.clear()

    try:
        for row in rows:
            waiting.append(row)
            if len(waiting) == _AT_ONCE:
                write()
        if waiting or not paths:
            write()
        write_parts(target, FrameParts(tuple(paths), _SCHEMA))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _new_text(target: Path) -> Generator[IO[str]]:
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _opened(part, "wt", packed=target.suffix == ".gz") as file:
            yield file
        part.rename(target)
    except OSError as exc:
        raise StorageError(
            f"{target}: cannot be written: {exc}. Make room or mend rights."
        ) from exc
    finally:
        part.unlink(missing_ok=True)


def _opened(path: Path, mode: Literal["rt", "wt"], *, packed: bool) -> IO[str]:
    if packed:
        return cast(IO[str], gzip.open(path, mode, encoding="utf-8"))
    return path.open(mode, encoding="utf-8")


def _suffix(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return suffix
    raise StorageError(f"{path}: give it one of the endings {', '.join(SUFFIXES)}.")


def _batches(source: Path) -> Iterator[list[ExportedRow]]:
    try:
        if _suffix(source) == ".parquet":
            yield from _parquet_batches(source)
        else:
            yield from _line_batches(source)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as exc:
        raise SourceError(f"{source}: cannot be read: {exc}. Get the file anew.") from exc


def _line_batches(source: Path) -> Iterator[list[ExportedRow]]:
    with _opened(source, "rt", packed=source.suffix == ".gz") as file:
        rows: list[ExportedRow] = []
        for number, line in enumerate(file, 1):
            try:
                read = json.loads(line)
                rows.append(_row({**read, "request": canonical_json(read["request"])}))
            except (ValueError, TypeError, KeyError) as exc:
                raise SourceError(
                    f"{source}: line {number} is no row of an export: {_said(exc)}. Take it out, "
                    "or get the file anew."
                ) from exc
            if len(rows) == _AT_ONCE:
                yield rows
                rows = []
        yield rows


def _parquet_batches(source: Path) -> Iterator[list[ExportedRow]]:
    try:
        frame = pl.scan_parquet(source, glob=False)
        for start in range(0, frame.select(pl.len()).collect().item(), _AT_ONCE):
            part = frame.slice(start, _AT_ONCE).collect()
            yield [_row(row) for row in part.iter_rows(named=True)]
    except (pl.exceptions.PolarsError, ValueError) as exc:
        raise SourceError(f"{source}: is no export: {_said(exc)}. Get the file anew.") from exc


def _row(read: Mapping[str, object]) -> ExportedRow:
    return ExportedRow.model_validate(read)


def _said(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        first = exc.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"{type(exc).__name__}: {exc}".partition("\n")[0]


def _stored(row: ExportedRow) -> tuple[object, ...]:
    answer = (
        storable(row.text),
        row.finish_reason,
        row.prompt_tokens,
        row.completion_tokens,
        row.cost_usd,
        row.latency_s,
    )
    raw = (row.response or "").encode("utf-8", "replace")
    return (
        *(row.fingerprint, row.teacher, row.model, row.recipe, row.step, storable(row.request)),
        *(answer[0], zlib.compress(raw, 1) if raw else None, checksum(row.fingerprint, *answer)),
        *(*answer[1:], row.created_at),
    )


def _is_verified(row: ExportedRow, teacher: Teacher | None) -> bool:
    checkpoints = {"", teacher.checkpoint if teacher is not None else ""}
    return any(_fingerprint(row, checkpoint) == row.fingerprint for checkpoint in checkpoints)


def _fingerprint(row: ExportedRow, checkpoint: str) -> str | None:
    """The fingerprint that this request has; none where that cannot be told."""
    try:
        asked = _Asked.model_validate_json(row.request)
    except ValidationError:
        return None
    messages = tuple(Message(role, content) for role, content in asked.messages)
    parameters = canonical_json(cast("Mapping[str, Json]", asked.parameters))
    index = asked.sample_index
    told = (row.teacher, row.model, checkpoint, messages, parameters, index, row.step)
    return Request(*told).fingerprint
