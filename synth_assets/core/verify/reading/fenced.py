"""Fenced blocks of Markdown, found in one pass over the lines."""

import re
from dataclasses import dataclass

# A line that holds both ends of inline code opens no block.
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*([\w+#.-]*)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Fenced:
    """A fenced block.

    Attributes:
        language: the word behind the opening fence, lower case; may be empty.
        text: what stands between the fences.
        closed: whether there is a closing fence; else the block goes on to the end.
        start: where the line of the opening fence begins.
        end: where the line behind the closing fence begins.
    """

    language: str
    text: str
    closed: bool
    start: int
    end: int


def fenced_blocks(text: str) -> list[Fenced]:
    """The fenced blocks of a text, in order; linear in its length.

    As in CommonMark a block ends at a line with a fence of the same sign, at least as long and
    without a word behind it.
    """
    found: list[Fenced] = []
    fence, language, start, inside = "", "", 0, 0
    at = 0
    for line in _LINE.findall(text):
        match = _FENCE.match(line)
        if match is not None and not fence:
            fence, language = match[1], match[2].lower()
            start, inside = at, at + len(line)
        elif match is not None and _closes(line, fence):
            found.append(Fenced(language, text[inside:at], True, start, at + len(line)))
            fence = ""
        at += len(line)
    if fence:
        found.append(Fenced(language, text[inside:], False, start, len(text)))
    return found


def only_block(text: str) -> Fenced | None:
    """The closed block that is all of a text, white space aside; none where more is said."""
    if not text.lstrip().startswith(("```", "~~~")):
        return None
    blocks = fenced_blocks(text)
    if len(blocks) != 1 or not blocks[0].closed:
        return None
    [block] = blocks
    around = text[: block.start] + text[block.end :]
    return None if around.strip() else block


def _closes(line: str, fence: str) -> bool:
    said = line.strip()
    return len(said) >= len(fence) and not said.strip(fence[0])
