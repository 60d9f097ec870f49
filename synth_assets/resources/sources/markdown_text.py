"""The text of Markdown files: blocks by line, inline marks removed.

CommonMark and the tables of GitHub as far as they make blocks. Text is what a reader sees, so that
words quoted from a passage stand there: no marks of emphasis, no addresses of links. Code, in
blocks and between backticks, stays as it is written.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from synth_assets.core.passages import Block, BlockKind
from synth_assets.resources.sources.extraction import Extracted, clean

_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\n(.*?\n)??(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+)$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_MARK = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_DEFINITION = re.compile(r" {0,3}\[[^\]\n]+\]:[ \t]*\S+.*")
_QUOTE = re.compile(r" {0,3}> ?")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG_BEGINS = re.compile(r" {0,3}</?[A-Za-z][A-Za-z0-9-]*(?:[\s/>]|$)")

_CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(
    r"!?\[([^\[\]]*)\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)?(?:\s+[^()]*)?\)|\[[^\]]*\])"
)
_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^>\s]+|[^>\s@]+@[^>\s]+)>")
_INLINE_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>")
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)([^\n]{1,400}?)(?<=\S)\1")
_STAR = re.compile(r"(?<![\w*\\])\*(?=[^\s*])([^*\n]{1,400}?)(?<=[^\s\\])\*(?![\w*])")
_UNDERSCORE = re.compile(r"(?<![\w\\])_(?=[^\s_])([^_\n]{1,400}?)(?<=[^\s\\])_(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def markdown_blocks(text: str) -> Extracted:
    """Blocks of a Markdown file."""
    text = clean(text)
    title = ""
    if front := _FRONT_MATTER.match(text):
        found = _TITLE.search(front[2] or "")
        title = found[1].strip().strip("\"'") if found else ""
        text = text[front.end() :]
    blocks = tuple(block for block in _Blocks(_lines(text)).blocks() if block.text)
    headings = (block.text for block in blocks if block.kind is BlockKind.HEADING)
    return Extracted(title or next(headings, ""), blocks)


@dataclass(frozen=True)
class _Line:
    """A line, and the fenced block it is part of (0: none)."""

    text: str
    fence: int = 0


def _lines(text: str) -> list[_Line]:
    """The lines, comments outside of fenced code removed."""
    lines: list[_Line] = []
    plain: list[str] = []
    mark, fences = "", 0

    def end_plain() -> None:
        bare = _COMMENT.sub("", "\n".join(plain))
        lines.extend(_Line(line) for line in bare.split("\n"))
        plain.clear()

    for line in text.expandtabs(4).split("\n"):
        found = _FENCE.match(line.lstrip())
        if not mark and found and "`" not in line.lstrip()[len(found[1]) :]:
            end_plain()
            mark, fences = found[1], fences + 1
            lines.append(_Line(line, fences))
        elif mark:
            lines.append(_Line(line, fences))
            bare = line.strip()
            if len(bare) >= len(mark) and bare == mark[0] * len(bare):
                mark = ""
        else:
            plain.append(line)
    end_plain()
    return lines


@dataclass
class _Blocks:
    """Goes through the lines from the top."""

    lines: list[_Line]
    at: int = 0
    gathered: list[str] = field(default_factory=list[str])

    def blocks(self) -> Iterator[Block]:
        """All blocks."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.fence and not _is_indented(line.text, self.gathered):
                yield from self._paragraph()
                yield self._fenced(line.fence)
            elif not self.gathered and self._begins_list():
                yield self._list()
            elif self._begins_table():
                yield from self._paragraph()
                yield self._table()
            else:
                yield from self._plain(line.text)
                self.at += 1
        yield from self._paragraph()

    def _plain(self, line: str) -> Iterator[Block]:
        """A line that begins no block of several lines."""
        heading = _HEADING.fullmatch(line)
        if heading:
            yield from self._paragraph()
            yield Block.heading(_inline(heading[2] or ""), len(heading[1]))
        elif self.gathered and _UNDERLINE.fullmatch(line):
            text = _inline(" ".join(part.strip() for part in self.gathered))
            self.gathered.clear()
            yield Block.heading(text, 1 if "=" in line else 2)
        elif not line.strip() or _RULE.fullmatch(line) or _DEFINITION.fullmatch(line):
            yield from self._paragraph()
        else:
            self.gathered.append(line)

    def _paragraph(self) -> Iterator[Block]:
        """What was gathered."""
        lines, self.gathered = self.gathered, []
        if not lines:
            return
        if _TAG_BEGINS.match(lines[0]):
            from synth_assets.resources.sources.html_text import html_blocks

            yield from html_blocks("\n".join(lines).encode()).blocks
        elif all(line.startswith("    ") for line in lines):
            yield Block(BlockKind.CODE, "\n".join(line[4:] for line in lines).strip("\n"))
        else:
            quoted = (_QUOTE.sub("", line) if _QUOTE.match(line) else line for line in lines)
            yield Block(BlockKind.PARAGRAPH, _inline(_joined(quoted)))

    def _fenced(self, fence: int) -> Block:
        first = self.at
        while self.at < len(self.lines) and self.lines[self.at].fence == fence:
            self.at += 1
        lines = (line.text for line in self.lines[first : self.at])
        return Block(BlockKind.CODE, "\n".join(lines).strip())

    def _begins_list(self) -> bool:
        line = self.lines[self.at].text
        return bool(_ITEM.match(line)) and not line.startswith("    ") and not _RULE.fullmatch(line)

    def _list(self) -> Block:
        """A list to its end: a line that is no item, behind a blank one or a heading."""
        items: list[str] = []
        was_blank = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            is_indented = line.text.startswith("  ")
            ends = was_blank and not is_indented and not _ITEM.match(line.text)
            if ends or (not line.fence and not is_indented and self._interrupts(line.text)):
                break
            was_blank = not line.text.strip()
            if line.fence:
                items.append((line.text if is_indented else f"  {line.text}").rstrip())
            elif found := _MARK.match(line.text):
                items.append(f"{found[1]}{found[2]} {_inline(line.text[found.end() :])}")
            elif not was_blank and items and not self.lines[self.at - 1].text.strip():
                items.append(f"  {_inline(line.text)}")
            elif not was_blank:
                items[-1] += f" {_inline(line.text)}"
            self.at += 1
        return Block(BlockKind.LIST, "\n".join(items).strip())

    def _interrupts(self, line: str) -> bool:
        return bool(_HEADING.fullmatch(line) or _RULE.fullmatch(line))

    def _begins_table(self) -> bool:
        if self.at + 1 >= len(self.lines):
            return False
        first, second = self.lines[self.at], self.lines[self.at + 1]
        is_delimited = "|" in second.text and _DELIMITERS.fullmatch(second.text)
        return "|" in first.text and bool(is_delimited) and not first.fence and not second.fence

    def _table(self) -> Block:
        rows: list[str] = []
        while self.at < len(self.lines) and "|" in self.lines[self.at].text:
            line = self.lines[self.at].text
            if len(rows) != 1 or not _DELIMITERS.fullmatch(line):
                cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
                rows.append(" | ".join(_inline(cell) for cell in cells))
            elif rows:
                rows.append("")  # in the place of the delimiters
            self.at += 1
        return Block(BlockKind.TABLE, "\n".join(row for row in rows if row))


def _is_indented(line: str, gathered: list[str]) -> bool:
    return not gathered and line.startswith("    ")


def _joined(lines: Iterator[str]) -> str:
    """Lines of a paragraph on one, but for hard breaks."""
    text = ""
    for line in lines:
        bare = line.strip()
        text += bare.removesuffix("\\") + ("\n" if bare.endswith("\\") else " ")
    return text.strip()


def _inline(text: str) -> str:
    """What a reader sees of a line; code between backticks stays as it is."""
    parts: list[str] = []
    behind = 0
    for code in _CODE_SPAN.finditer(text):
        parts += [_without_marks(text[behind : code.start()]), code[0]]
        behind = code.end()
    parts.append(_without_marks(text[behind:]))
    return "".join(parts).strip()


def _without_marks(text: str) -> str:
    for _ in range(2):  # an image in a link
        text = _LINK.sub(r"\1", text)
    text = _INLINE_TAG.sub("", _ADDRESS.sub(r"\1", text))
    for _ in range(2):  # strong within emphasis
        text = _UNDERSCORE.sub(r"\1", _STAR.sub(r"\1", _STRONG.sub(r"\2", text)))
    return html.unescape(_ESCAPE.sub(r"\1", text))
