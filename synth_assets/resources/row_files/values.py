"""Values of a user's row as the texts and attributes of a sample."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias, cast

from synth_assets.errors import SourceError
from synth_assets.resources.sources.records import Record

Attribute: TypeAlias = str | int | float

_MOST_DIGITS = 4_000  # Python turns no more into an int

_DECODER = json.JSONDecoder(
    parse_int=lambda written: _Number(written), parse_float=lambda written: _Number(written)
)


class _Number(str):
    """A number of a JSONL file as it is written: 1.50 is not 1.5 to a reader."""

    __slots__ = ()


def values_of(record: Record) -> Mapping[str, object]:
    """Column -> value; numbers and texts of a JSONL file are told apart.

    Raises:
        SourceError: if a line is nested too deeply.
    """
    if not record.raw:
        return record.values
    line = record.raw.strip().removeprefix("\ufeff")
    return cast("Mapping[str, object]", value_of_json(line, record.where))


def value_of_json(text: str, where: str) -> object:
    """A value of a JSONL file, numbers told apart from texts and spelled as they are.

    Args:
        text: JSON.
        where: for messages.

    Raises:
        SourceError: if it is nested too deeply.
    """
    try:
        return cast("object", _DECODER.decode(text))
    except RecursionError as exc:
        raise SourceError(f"{where}: nested too deeply. Make it flatter.") from exc


def text_of(value: object, where: str) -> str:
    """A value as text, see `any_text`.

    Raises:
        SourceError: if it holds half of a surrogate pair, or is nested too deeply.
    """
    return _checked(any_text(value, where), where)


def any_text(value: object, where: str) -> str:
    """A value as text: nothing for null, JSON for lists and objects.

    Halves of surrogate pairs stay.

    Raises:
        SourceError: if it is nested too deeply.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | dict | bool):
        try:
            return _json(cast("object", value))
        except RecursionError as exc:
            raise SourceError(f"{where}: nested too deeply. Make it flatter.") from exc
    return str(value)


def number_of(value: object, where: str) -> float:
    """A value as number: nan for null and empty text.

    Raises:
        SourceError: if it is none.
    """
    if value is None or value == "":
        return math.nan
    if isinstance(value, str | int | float | Decimal):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise SourceError(f"{where}: {str(value)[:80]!r} is no number. Put one there, or nothing.")


def without_halves(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair, which no UTF-8 file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def attributes_of(values: Mapping[str, object], where: str) -> dict[str, Attribute]:
    """What of a row's values can be an attribute: texts and numbers, these as numbers.

    Raises:
        SourceError: if a name or text holds half of a surrogate pair.
    """
    return {
        _checked(name, where): _number(value)
        if isinstance(value, _Number)
        else _checked(value, f"{where}, column {name!r}")
        if isinstance(value, str)
        else value
        for name, value in values.items()
        if isinstance(value, str | int | float)
    }


def _number(written: str) -> Attribute:
    if written.lstrip("-").isdigit():
        return int(written) if len(written) <= _MOST_DIGITS else str(written)
    value = float(written)
    return value if math.isfinite(value) else str(written)


def _json(value: object) -> str:
    """JSON, numbers as they are written."""
    match value:
        case _Number():
            return str(value)
        case list():
            return f"[{', '.join(map(_json, cast('list[object]', value)))}]"
        case dict():
            items = cast("dict[object, object]", value).items()
            told = [f"{json.dumps(str(k), ensure_ascii=False)}: {_json(v)}" for k, v in items]
            return f"{{{', '.join(told)}}}"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def _checked(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise SourceError(
            f"{where}: half of a surrogate pair at character {exc.start}, which no UTF-8 file can "
            "hold. Replace that character."
        ) from exc
    return text
