"""Markdown from text that nobody vouches for: whatever it holds, the document keeps its shape."""

import re
from collections.abc import Sequence

import polars as pl

_CELL_CHARACTERS = 200
_SMALL = 0.001
# An underscore inside a word is no markup, and names would be hard to read with it escaped.
_SPECIAL = re.compile(
    r"[\\`*\[\]<>|~$&]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])|:(?=//)|(?<=www)\.|^[-+#]"
)
_ORDINAL = re.compile(r"^(\d+)([.)])(?=\s|$)")


def one_line(text: str) -> str:
    """Text in one line, without anything that shows nothing."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(visible.split())


def inline(text: str, most: int = _CELL_CHARACTERS) -> str:
    """Text as plain words in one line: nothing in it is markup, HTML, a link or a line break.

    Args:
        text: whatever it holds.
        most: characters that are kept of it.
    """
    folded = one_line(text)
    if len(folded) > most:
        folded = f"{folded[: most - 1]}…"
    return _ORDINAL.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", folded))


def code_block(text: str, language: str = "") -> str:
    """Text verbatim, between fences longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def table(frame: pl.DataFrame) -> str:
    """A frame as a table, numbers to the right; a line of words if it has no rows."""
    if frame.is_empty():
        return "None."
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    head = _line([inline(name.replace("_", " ")) for name in frame.columns])
    rule = _line(["---:" if is_number else "---" for is_number in numeric])
    return "\n".join([head, rule, *(_line([_cell(v) for v in row]) for row in frame.iter_rows())])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return _figure(value)
        case _:
            return inline(str(value))


def _figure(value: float) -> str:
    if 0 < abs(value) < _SMALL:
        return f"{value:.2g}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")
