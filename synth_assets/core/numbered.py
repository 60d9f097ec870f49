"""Several passages as one context, each under its number, and quotes that name their passage.

A context is `[Passage 1]`, the passage below it, an empty line, `[Passage 2]`, and so on; quotes
of it are `[1] The tenant must give notice in writing.`, one a line.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_HEAD = re.compile(r"^\[Passage (\d+)\]\n", re.MULTILINE)
_MARK = re.compile(r"^[ \t]*\[(\d{1,3})\][ \t]*", re.MULTILINE)


@dataclass(frozen=True)
class NumberedQuote:
    """Words of a passage, and which passage that is."""

    passage: int
    text: str


def number_passages(texts: Sequence[str]) -> str:
    """One context of several passages, numbered from 1."""
    return "\n\n".join(f"[Passage {n}]\n{text.strip()}" for n, text in enumerate(texts, 1))


def numbered_passages(context: str) -> Mapping[int, str]:
    """Read what `number_passages` wrote: number -> passage."""
    _, *parts = _HEAD.split(context)
    return {int(number): text.strip() for number, text in zip(parts[::2], parts[1::2], strict=True)}


def numbered_quotes(text: str) -> tuple[NumberedQuote, ...]:
    """Read quotes that each begin on a line of their own with `[n]`; none if anything else stands.

    A quote may go over several lines; its white space is folded.
    """
    before, *parts = _MARK.split(text.strip())
    found = [
        NumberedQuote(int(number), " ".join(said.split()))
        for number, said in zip(parts[::2], parts[1::2], strict=True)
    ]
    return () if before or not all(each.text for each in found) else tuple(found)


def written_quotes(quotes: Sequence[NumberedQuote]) -> str:
    """Quotes as `numbered_quotes` reads them, one a line."""
    return "\n".join(f"[{each.passage}] {each.text}" for each in quotes)
