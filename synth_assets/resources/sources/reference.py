"""Human-written prose that is on every machine: the Python language reference.

`pydoc_data.topics` carries chapters of it for `help()`: reStructuredText rendered as plain text,
hard-wrapped, with grammar and code among the prose.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from synth_assets.core.fingerprint import short_id
from synth_assets.resources.sources.exchange import Exchange

_ASK = (
    "Explain this topic of the Python language: {}.",
    "What does the Python language reference say on this topic: {}?",
    "Describe, as the Python language reference does: {}.",
)
_UNDERLINE = re.compile(r"([*=\-^~\"])\1{2,}")
_LIST_ITEM = re.compile(r"(?:\*|\d+\.) ")
_MARKS_OF_CODE = re.compile(r"::=|>>>|^\s*(?:def|class|import|from|return|for|if|@)\b.*[:)]$", re.M)
_ANNOUNCEMENT = re.compile(r"(?::|as follows\.)$")
_WORD = re.compile(r"[A-Za-z][a-z]+")


@dataclass(frozen=True)
class _Section:
    """A heading, and the runs of paragraphs under it that no code or grammar interrupts."""

    heading: str
    runs: list[list[str]]


def reference_passages(min_characters: int, max_characters: int) -> Iterator[Exchange]:
    """Passages of whole paragraphs, each asked for by the heading above it.

    Deterministic for a Python version. Chapters that are part of longer ones come first, and a
    passage is given once. Lines are joined to paragraphs; grammar and code are left out, and no
    passage ends announcing them or starts within a list.

    Args:
        min_characters: shortest passage.
        max_characters: longest.
    """
    from pydoc_data.topics import topics

    parts = Counter[str]()
    seen: set[str] = set()
    for topic in sorted(topics, key=lambda name: (len(topics[name]), name)):
        for section in _sections(topics[topic]):
            for run in section.runs:
                for passage in _passages(run, min_characters, max_characters):
                    if passage in seen:
                        continue
                    seen.add(passage)
                    parts[section.heading] += 1
                    yield Exchange(_question(section.heading, parts[section.heading]), passage)


def _question(heading: str, part: int) -> str:
    form = _ASK[int(short_id([heading, part]), 16) % len(_ASK)]
    return form.format(heading if part == 1 else f"{heading} (part {part})")


def _sections(text: str) -> list[_Section]:
    sections: list[_Section] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.strip("\n").splitlines()
        if len(lines) == 2 and _UNDERLINE.fullmatch(lines[1]):
            sections.append(_Section(re.sub(r'"([^"]*)"', r"`\1`", lines[0].strip()), [[]]))
        elif not sections:
            continue
        elif _is_prose(block):
            sections[-1].runs[-1].append(_unwrapped(block))
        else:
            sections[-1].runs.append([])
    return sections


def _is_prose(block: str) -> bool:
    """Whether a block is written in sentences: it ends as one, and is made of words."""
    text = " ".join(block.split())
    if _MARKS_OF_CODE.search(block) or not text.endswith((".", ":", "!", "?", ")", "”")):
        return False
    if not _LIST_ITEM.match(text) and not text[0].isupper() and text[0] not in '"“*(':
        return False
    tokens = text.split()
    words = sum(bool(_WORD.match(token)) for token in tokens)
    return len(tokens) >= 6 and words >= 0.6 * len(tokens)


def _unwrapped(block: str) -> str:
    """A paragraph on one line; items of a list keep theirs."""
    lines = textwrap.dedent(block).strip("\n").splitlines()
    joined = lines[0].rstrip()
    if len(lines) > 1 and lines[1].startswith("   ") and not _LIST_ITEM.match(joined):
        joined += ":"  # a term, and what it means indented below
    for line in lines[1:]:
        stripped = line.strip()
        if _LIST_ITEM.match(stripped):
            joined += f"\n{stripped}"
        else:
            gap = "" if re.search(r"\w-$", joined) else " "
            joined += f"{gap}{stripped}"
    return re.sub(r" {2,}", " ", joined)


def _passages(run: list[str], min_characters: int, max_characters: int) -> Iterator[str]:
    """Cut a run of paragraphs, in order, into passages as soon as they are long enough."""
    passage = ""
    for paragraph in run:
        longer = f"{passage}\n\n{paragraph}" if passage else paragraph
        passage = longer if len(longer) <= max_characters else paragraph
        if _LIST_ITEM.match(passage):
            passage = ""  # what the list is of stands before it
        complete = not _ANNOUNCEMENT.search(passage)
        if complete and min_characters <= len(passage) <= max_characters:
            yield passage
            passage = ""
