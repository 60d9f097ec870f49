"""JSON as teachers write it: strict where it is, mended where only its syntax is broken."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from synth_assets.core.verify.json_record import MAX_DEPTH, MalformedJson, Strict, strict_json

MAX_MENDED_CHARACTERS = 10_000
"""json-repair is quadratic at worst: 3.4 s for the worst of 3,700 hostile texts of 19,000
characters, 0.9 s for those of 10,000; an ordinary answer of that length takes 4 ms."""

_TOKEN = re.compile(
    r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|[^\W\d_]+|[^\s\w,\"'\\`“”„\u2018\u2019]|_"
)
_NO_NUMBER = re.compile(r"[:,\[]\s*[+-]?(?:nan\b|inf(?:inity)?\b|0\d)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_WHITE_ESCAPES = frozenset("nrtbf")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SWALLOWED = re.compile(r"[\"“”]\s*[:,+}\]]|[:,{\[]\s*[\"“”]|[\"“”]\s*\d|\\(?:u[0-9a-fA-F]|\d)")
_SINGLE_QUOTED = re.compile(r"[{\[,:]\s*'")
_EMPTY = re.compile(r"(?<=[\s{\[,:])(?:\"\"|''|“”)(?=[\s,:}\]])")
_NULL = {"none": "null"}


@dataclass(frozen=True)
class ReadObject:
    """A JSON object, and whether its syntax was mended.

    Attributes:
        value: the object, with exact numbers.
        mended: whether something stood around it, or its syntax was broken.
    """

    value: dict[str, Strict]
    mended: bool


def read_object(text: str) -> ReadObject:
    """Read the one JSON object of an answer.

    Strict JSON is taken as it is, within the bounds of `strict_json`. Else what stands between the
    first `{` and the last `}` is: words and code fences around it are let go. Else its syntax is
    mended by json-repair (quotes, spare commas, Python's literals), and the outcome held against
    the text: every word, number, bracket, colon and sign must stand in both, in the same order,
    so that nothing was dropped, invented, rounded or moved. What has unbalanced brackets or an odd
    number of quotes may be cut off and is not mended, nor what is longer than 10,000 characters.

    Raises:
        MalformedJson: if there is no such object, and why.
    """
    try:
        value = strict_json(text)
        mended = False
    except MalformedJson as fault:
        value = _inside(text, fault)
        mended = True
    if not isinstance(value, dict):
        raise MalformedJson("it is JSON, but no object")
    for word in _texts(value):
        if control := _CONTROL.search(word):
            code = ord(control.group())
            raise MalformedJson(
                f"a text holds the control character U+{code:04X}; a backslash is written \\\\"
            )
    return ReadObject(value, mended)


def json_text(value: Strict) -> str:
    """Canonical JSON of a value: sorted keys, no white space, numbers with the digits they had."""
    match value:
        case dict():
            inner = (f"{json_text(key)}:{json_text(value[key])}" for key in sorted(value))
            return f"{{{','.join(inner)}}}"
        case list():
            return f"[{','.join(map(json_text, value))}]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _inside(text: str, fault: MalformedJson) -> Strict:
    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0:
        raise MalformedJson(f"there is no JSON object: {fault}") from fault
    if end <= start or "{" in text[end:]:
        raise MalformedJson("the JSON object does not end") from fault
    inside = text[start:end]
    try:
        return strict_json(inside)
    except MalformedJson as closer:
        return _mended(inside, closer)


def _mended(text: str, fault: MalformedJson) -> Strict:
    broken = isinstance(fault.__cause__, json.JSONDecodeError)  # else it is beyond a bound
    if not broken or len(text) > MAX_MENDED_CHARACTERS or not _is_mendable(text):
        raise fault
    import json_repair

    try:
        found = json_repair.repair_json(
            text, return_objects=True, skip_json_loads=True, strict=True
        )
        value = strict_json(json.dumps(found, allow_nan=False))
    except (ValueError, RecursionError):
        raise fault from None
    if not _says_the_same(value, text):
        raise fault
    return value


def _is_mendable(text: str) -> bool:
    """Whether brackets are balanced and not deep, quotes in pairs, and each number one.

    Brackets are counted in quotes too, since it is the quotes that may be broken.
    """
    if _NO_NUMBER.search(text) or not _has_paired_quotes(text):
        return False
    depth = deepest = 0
    for sign in re.findall(r"[\[\]{}]", text):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest <= MAX_DEPTH and all(text.count(a) == text.count(b) for a, b in ("{}", "[]"))


def _has_paired_quotes(text: str) -> bool:
    """Else a text may be cut off after a `}` inside a string."""
    bare = _ESCAPE.sub("", text)
    if bare.count('"') % 2:
        return False
    unquoted = re.sub(r'"[^"]*"', "", bare)
    return _SINGLE_QUOTED.search(unquoted) is None or unquoted.count("'") % 2 == 0


def _says_the_same(value: Strict, text: str) -> bool:
    if any(_SWALLOWED.search(word) for word in _texts(value)):
        return False  # a text with a quote and a comma in it may be two that ran together
    if any('"' in key for key in _keys(value)):
        return False
    if len(_EMPTY.findall(text)) != sum(not word for word in _texts(value)):
        return False
    outline = " ".join(_outline(value))
    if outline.count(",") > text.count(","):
        return False  # a text with quotes in it, taken apart
    said = _tokens(outline)
    return said == _tokens(_unescaped(text)) or said == _tokens(text)


def _outline(value: Strict) -> Iterator[str]:
    """Brackets, keys, values and what stands between them, in order."""
    match value:
        case dict():
            yield "{"
            for index, (key, item) in enumerate(value.items()):
                yield f"{',' if index else ''} {key} :"
                yield from _outline(item)
            yield "}"
        case list():
            yield "["
            for index, item in enumerate(value):
                yield "," if index else ""
                yield from _outline(item)
            yield "]"
        case str():
            yield value
        case _:
            yield json_text(value)


def _texts(value: Strict) -> Iterator[str]:
    """Every key and every text."""
    match value:
        case dict():
            for key, item in value.items():
                yield key
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case str():
            yield value
        case _:
            return


def _keys(value: Strict) -> Iterator[str]:
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict):
        yield from value
    if isinstance(parts, str | int | Decimal | None):
        return
    for item in parts:
        yield from _keys(item)


def _tokens(text: str) -> list[str | Decimal]:
    """Words without case, numbers by value, and signs that are no syntax of JSON."""
    return [_number(match[1]) if match[1] else _word(match[0]) for match in _TOKEN.finditer(text)]


def _number(digits: str) -> str | Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return digits  # an exponent beyond all bounds


def _word(word: str) -> str:
    folded = word.casefold()
    return _NULL.get(folded, folded)


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        code, sign = match.groups()
        if code is not None:
            return chr(int(code, 16))
        return " " if sign in _WHITE_ESCAPES else sign

    # Two escapes may be the halves of one character.
    halves = _ESCAPE.sub(plain, text).encode("utf-16", "surrogatepass")
    return halves.decode("utf-16", "replace")
