"""The text of web pages, without what stands around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from synth_assets.core.passages import Block, BlockKind
from synth_assets.resources.sources.extraction import Extracted, clean, marked_text

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

_LEFT_OUT = {
    "script", "style", "nav", "footer", "aside", "noscript", "template", "svg", "iframe",
    "object", "canvas", "audio", "video", "button", "select", "textarea", "input", "option",
    "dialog", "rp", "title",
}  # fmt: skip
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "img", "ins", "kbd", "label", "mark", "math", "meter", "output", "picture", "q",
    "ruby", "rt", "s", "samp", "slot", "small", "span", "strike", "strong", "sub", "sup", "time",
    "tt", "u", "var", "wbr", "br",
}  # fmt: skip
_LISTS = frozenset({"ul", "ol", "dl"})
_OF_LAYOUT = ("table", "h1", "h2", "h3", "ul", "ol", "dl", "pre")
_CODECS = re.compile(
    r"(?:utf-?8|iso-?8859-?\d+|windows-?\d+|cp\d+|koi8-?[ru]|shift[_-]?jis|sjis|euc-?\w+|gbk?"
    r"|gb2312|gb18030|big5(?:-?hkscs)?|iso-2022-\w+|mac\w*|tis-620|ks_c_5601-1987)"
)
_LATIN = frozenset({"iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii"})

_Step = tuple[Literal["enter", "leave"], "PageElement"]
_Event = tuple[Literal["enter", "leave"], "Tag"] | tuple[Literal["text"], str]


def html_blocks(data: bytes) -> Extracted:
    """Blocks of an HTML page; broken markup is read as far as it goes."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_decoded(data), "html.parser")
    writer = _Writer()
    writer.write(soup)
    title = clean(" ".join(soup.title.get_text().split())) if soup.title else ""
    if not title:
        headings = (block.text for block in writer.blocks if block.kind is BlockKind.HEADING)
        title = next(headings, "")
    return Extracted(title, tuple(writer.blocks))


def _decoded(data: bytes) -> str:
    """Text by byte order mark, declaration, UTF-8, and windows-1252, as the web standard has it."""
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(data, is_html=True) or ""
    names = ["utf-8", "windows-1252"]
    if declared.lower() in _LATIN:
        names = ["windows-1252"]
    elif _CODECS.fullmatch(declared.lower()):
        names.insert(0, declared)
    try:
        marked = marked_text(data)
    except UnicodeDecodeError:
        marked = None
    if marked is not None:
        return marked
    for name in names:
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("windows-1252", "replace")


@dataclass
class _List:
    """An open list: its element, and the items so far."""

    name: str
    items: int = 0

    def bullet(self, name: str) -> str:
        """What stands in front of the next item."""
        self.items += 1
        if name == "dd":
            return "  "
        return f"{self.items}. " if self.name == "ol" else "- "


class _Writer:
    """Goes through a page, without recursion, and gathers blocks.

    End tags may be missing: whatever begins a block, row, cell or item ends the one before.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._inline: list[str] = []
        self._heading = 0  # level of the open heading
        self._lists: list[_List] = []
        self._lines: list[str] = []  # of the outermost list
        self._bullet = ""
        self._rows: list[list[str]] | None = None  # of the open table
        self._in_cell = False
        self._articles = 0

    def write(self, soup: "BeautifulSoup") -> None:
        """Write a page."""
        for event in self._events(soup):
            match event:
                case "text", text:
                    self._inline.append(text)
                case "enter", tag:
                    self._enter(tag)
                case "leave", tag:
                    self._leave(tag)
        self._flush()

    def _events(self, soup: "BeautifulSoup") -> "Iterator[_Event]":
        from bs4 import Tag
        from bs4.element import CData, NavigableString

        waiting: list[_Step] = [("enter", child) for child in reversed(soup.contents)]
        while waiting:
            step, node = waiting.pop()
            if type(node) in (NavigableString, CData):
                yield "text", str(node)
            elif not isinstance(node, Tag):
                continue
            elif step == "leave":
                yield "leave", node
            elif not self._is_left_out(node):
                waiting.append(("leave", node))
                waiting.extend(("enter", child) for child in self._children(node))
                yield "enter", node

    def _is_left_out(self, node: "Tag") -> bool:
        match node.name:
            case "form":  # some servers put the whole page into one
                return node.find(["main", "article", "h1"]) is None
            case "header":
                return not self._articles
            case name if name in _LEFT_OUT:
                return True
            case _:
                pass
        is_hidden = node.has_attr("hidden") or _attribute(node, "aria-hidden") == "true"
        return is_hidden or _attribute(node, "role").lower() in _ROLES

    def _children(self, node: "Tag") -> "Iterator[PageElement]":
        if node.name == "pre":
            return iter(())
        if node.name == "header":
            return iter(node.find_all(list(_HEADINGS))[::-1])
        return reversed(node.contents)

    def _enter(self, node: "Tag") -> None:
        match node.name:
            case "br":
                self._inline.append("\x00")
            case "img":
                self._inline.append(f" {_attribute(node, 'alt')} ")
            case name if name in _INLINE:
                return
            case name if self._rows is not None:
                self._enter_in_table(name)
            case name:
                self._flush()
                self._enter_block(node, name)

    def _enter_in_table(self, name: str) -> None:
        if name in ("td", "th", "tr"):
            self._end_cell()
            self._in_cell = name != "tr"
        if self._rows is not None and (name == "tr" or (self._in_cell and not self._rows)):
            self._rows.append([])
        self._inline.append(" ")

    def _enter_block(self, node: "Tag", name: str) -> None:
        if name in _HEADINGS and not self._lists:
            self._heading = int(name[1])
        elif name in ("article", "main"):
            self._articles += 1
        elif name in _LISTS:
            self._lists.append(_List(name))
        elif name in ("li", "dt", "dd") and self._lists:
            self._bullet = self._lists[-1].bullet(name)
        elif name == "table" and not self._lists and _is_of_data(node):
            self._rows = []

    def _leave(self, node: "Tag") -> None:
        match node.name:
            case name if name in _INLINE:
                return
            case "table" if self._rows is not None:
                self._end_table(self._rows)
            case "td" | "th":
                self._end_cell()
            case "caption" if self._rows is not None:
                self._append(BlockKind.PARAGRAPH, self._taken().replace("\n", " "))
            case "pre":
                self._write_code(node)
            case name if self._rows is not None:
                self._inline.append(" ")
            case name:
                self._flush()
                self._leave_block(name)

    def _leave_block(self, name: str) -> None:
        if name in ("article", "main"):
            self._articles -= 1
        elif name in _LISTS and self._lists:
            self._lists.pop()
            if not self._lists:
                lines, self._lines, self._bullet = self._lines, [], ""
                self._append(BlockKind.LIST, "\n".join(lines))

    def _end_cell(self) -> None:
        if self._rows and self._in_cell:
            self._rows[-1].append(self._taken().replace("\n", " "))
        self._in_cell = False

    def _end_table(self, rows: list[list[str]]) -> None:
        self._end_cell()
        self._rows = None
        self._flush()  # what stands between the cells, as a caption does
        self._append(BlockKind.TABLE, "\n".join(" | ".join(row) for row in rows if any(row)))

    def _write_code(self, node: "Tag") -> None:
        text = node.get_text()
        if self._rows is not None:
            self._inline.append(text)
        elif self._lists:
            self._inline.append(text.strip("\n").replace("\n", "\x00"))
            self._flush()
        else:
            self._append(BlockKind.CODE, text)

    def _taken(self) -> str:
        """The text gathered since the last block, white space folded but for line breaks."""
        text = "".join(self._inline)
        self._inline = []
        lines = (" ".join(line.split()) for line in text.split("\x00"))
        return clean("\n".join(line for line in lines if line)).strip()

    def _flush(self) -> None:
        """End a paragraph, a heading, or a line of a list."""
        text, level, self._heading = self._taken(), self._heading, 0
        if not text:
            return
        if self._lists:
            indent = "  " * (len(self._lists) - 1)
            first, *more = text.split("\n")
            self._lines.append(f"{indent}{self._bullet or '  '}{first}")
            self._lines.extend(f"{indent}  {line}" for line in more)
            self._bullet = ""
        elif level:
            self.blocks.append(Block.heading(text.replace("\n", " "), level))
        else:
            self._append(BlockKind.PARAGRAPH, text)

    def _append(self, kind: BlockKind, text: str) -> None:
        text = clean(text)
        text = text if kind is BlockKind.CODE else text.strip()
        if text.strip():
            self.blocks.append(Block(kind, text.strip()))


def _attribute(node: "Tag", name: str) -> str:
    value = node.attrs.get(name)
    return value if isinstance(value, str) else ""


def _is_of_data(node: "Tag") -> bool:
    """Whether a table holds values; one that arranges the page holds headings, lists or tables."""
    return node.find(list(_OF_LAYOUT)) is None
