"""The text of a document file, block by block.

| file | what is read | what is left out |
| --- | --- | --- |
| `.txt`, `.text` | UTF-8 or UTF-16; paragraphs between blank lines, lists, underlined headings | |
| `.md`, `.markdown` | headings, paragraphs, lists, tables, code blocks; inline marks become text | front matter, comments, addresses of links |
| `.html`, `.htm`, `.xhtml` | headings, paragraphs, lists, tables, `pre`; charset by BOM, then as declared, then UTF-8, then windows-1252 | script, style, nav, header (but headings of an article's), footer, aside, form (but one around the page), what is hidden |
| `.pdf` | text by page, hyphens at line ends mended, headings where the outline names them | lines that repeat at the edges of most pages, page numbers |

Not read: scanned pages (no text), PDFs that need a password, text of images and annotations.
Tables of PDFs are lines of text, as nothing there says what a cell is. Columns are read in the order
that the file draws them.
"""  # noqa: E501

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.passages import Block, BlockKind
from synth_assets.errors import SourceError

KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
}
"""Ending of a file, in lower case -> what it is."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b\u2060\ufeff]")
_UNDERLINE = re.compile(r"([=\-~^*#])\1{2,}")
_UNDERLINES = "=-~^*#"
_BULLET = re.compile(r"\s*(?:[-*+\u2022\u2013]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")


@dataclass(frozen=True)
class Extracted:
    """What a file says.

    Attributes:
        title: what the document calls itself; empty if it does not.
        blocks: in reading order; none is blank.
        empty_pages: pages without text, from 1.
    """

    title: str
    blocks: tuple[Block, ...]
    empty_pages: tuple[int, ...] = ()


def extract(path: Path, most_pages: int, on_pages: Callable[[int], None]) -> Extracted:
    """Read a document; its ending says what it is.

    Args:
        path: a file with an ending of `KINDS`.
        most_pages: a PDF of more is refused.
        on_pages: told how many pages a PDF has before they are read.

    Raises:
        SourceError: if it cannot be read; the message says why, not where.
        OSError: if the file cannot be opened.
    """
    kind = KINDS[path.suffix.lower()]
    if kind == "pdf":
        from synth_assets.resources.sources.pdf_text import pdf_blocks

        return pdf_blocks(path, most_pages, on_pages)
    data = path.read_bytes()
    if kind == "html":
        from synth_assets.resources.sources.html_text import html_blocks

        return html_blocks(data)
    if kind == "markdown":
        from synth_assets.resources.sources.markdown_text import markdown_blocks

        return markdown_blocks(decoded(data))
    return plain_blocks(decoded(data))


def decoded(data: bytes) -> str:
    """Text in UTF-8, or in what a byte order mark says.

    Raises:
        SourceError: for other bytes.
    """
    try:
        return marked_text(data) or data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SourceError(
            f"byte {exc.start + 1} is not {exc.encoding.upper()}. Save the file as UTF-8"
        ) from exc


def marked_text(data: bytes) -> str | None:
    """Text that begins with a byte order mark; none if it does not.

    Raises:
        UnicodeDecodeError: if it is not what the mark says.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    return None


def clean(text: str) -> str:
    """Text without control characters, soft hyphens, and white space at its ends and line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    text = _INVISIBLE.sub("", text).encode("utf-8", "replace").decode("utf-8")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def plain_blocks(text: str) -> Extracted:
    """Blocks of plain text: lines as they stand, parted by blank lines."""
    blocks: list[Block] = []
    for part in re.split(r"\n(?:[ \t]*\n)+", clean(text)):
        if not part.strip():
            continue
        lines = part.strip("\n").split("\n")
        if len(lines) >= 2 and _UNDERLINE.fullmatch(lines[1]) and lines[0].strip():
            level = 1 + _UNDERLINES.index(lines[1][0])
            blocks.append(Block.heading(lines[0].strip(), level))
            lines = lines[2:]
        if lines:
            kind = BlockKind.LIST if _BULLET.match(lines[0]) else BlockKind.PARAGRAPH
            blocks.append(Block(kind, "\n".join(lines).strip()))
    headings = [block.text for block in blocks if block.kind is BlockKind.HEADING]
    return Extracted(headings[0] if headings else "", tuple(b for b in blocks if b.text))
