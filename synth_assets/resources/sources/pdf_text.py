"""The text of PDF files.

A PDF says where glyphs stand, not what is a paragraph or a heading. Lines are joined where the one
before is full or goes on in lower case; headings are the lines that the outline names.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from synth_assets.core.fingerprint import normalised
from synth_assets.core.passages import Block, BlockKind
from synth_assets.errors import SourceError
from synth_assets.resources.sources.extraction import Extracted, clean

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_CHARACTERS = 10_000_000

_EDGE = 3
"""How many lines at the top and the bottom of a page may be running ones."""

_FEWEST_PAGES = 3
"""A line that repeats on fewer pages is none that runs."""

_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl"}
_HYPHEN = re.compile(r"([^\W\d_]+)[-\u2010]$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BULLET = re.compile(
    r"(?:[-*\u2022\u25aa\u25cf\u25e6\u2013\uf0b7]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S"
)
_FINISHED = re.compile(r"[.!?:;\u2026][\"'\u201d\u2019)\]]*$")
_NUMBER = re.compile(r"^(?:(?:chapter|section|part)\s+)?[\divxlc]*\d?(?:\.\d+)*[.):]?\s+")
_FIRST_NUMBER = re.compile(r"(\d{1,5})(?!\S)")
_LAST_NUMBER = re.compile(r"(?<!\S)(\d{1,5})$")
_TITLE_OF_PROGRAM = re.compile(r"^Microsoft \w+ - ")


@dataclass(frozen=True)
class _Line:
    text: str
    page: int


def pdf_blocks(path: Path, most_pages: int, on_pages: Callable[[int], None]) -> Extracted:
    """Blocks of a PDF.

    Args:
        path: the file.
        most_pages: a PDF of more is refused.
        on_pages: told how many pages there are before they are read.

    Raises:
        SourceError: if it needs a password, has no text or too much; says why, not where.
        PyPdfError: if it is broken; and what else a hostile file makes pypdf raise.
    """
    from pypdf import PdfReader

    with path.open("rb") as file:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise SourceError("needs a password. Save it without one")
        count = len(reader.pages)
        if count > most_pages:
            raise SourceError(f"has {count:,} pages; at most {most_pages:,} are read. Split it")
        on_pages(count)
        pages = _pages(reader)
        outline = _outline(reader)
        title = _title(reader)
    empty = tuple(number for number, lines in enumerate(pages, start=1) if not any(lines))
    if len(empty) == count:
        raise SourceError(
            f"no text on any of its {count} pages; scanned pages are pictures. Run text "
            "recognition (OCR) on it"
        )
    lines = _body_lines(pages)
    blocks = _Paragraphs(lines, outline).blocks()
    return Extracted(title, tuple(blocks), empty)


def _title(reader: "PdfReader") -> str:
    said = reader.metadata.title if reader.metadata else None
    title = _TITLE_OF_PROGRAM.sub("", " ".join(clean(said or "").split()))
    return "" if title.casefold() == "untitled" else title


def _pages(reader: "PdfReader") -> list[list[str]]:
    """The lines of each page, without white space around them."""
    pages: list[list[str]] = []
    characters = 0
    for page in reader.pages:
        text = page.extract_text().translate(_LIGATURES).replace("\u00ad\n", "")
        characters += len(text)
        if characters > MOST_CHARACTERS:
            raise SourceError(f"has more than {MOST_CHARACTERS:,} characters of text. Split it")
        lines = [" ".join(line.split()) for line in clean(text).split("\n")]
        pages.append(lines if any(lines) else [])
    return pages


@dataclass(frozen=True, eq=False)  # a hash of its values would take 2 to the power of its depth
class _Entry:
    """An entry of the outline; `above` are those it stands under, outermost first."""

    title: str
    page: int
    above: tuple["_Entry", ...]


_Outline = Mapping[tuple[int, str], _Entry]


def _outline(reader: "PdfReader") -> _Outline:
    """Page and folded title -> entry; nothing if the outline is broken."""
    from pypdf.errors import PyPdfError

    entries: dict[tuple[int, str], _Entry] = {}
    try:
        waiting: list[tuple[tuple[_Entry, ...], Iterator[Any]]] = [((), iter(reader.outline))]
        last: _Entry | None = None
        while waiting:
            above, items = waiting[-1]
            item = next(items, None)
            if item is None:
                waiting.pop()
                last = above[-1] if above else None
            elif isinstance(item, list):
                inner = (*above, last) if last is not None else above
                waiting.append((inner, iter(cast("list[Any]", item))))
            else:
                page = reader.get_destination_page_number(item)
                title = " ".join(clean(str(item.title or "")).split())
                last = _Entry(title, -1 if page is None else page + 1, above)
                entries.setdefault((last.page, _folded(title)), last)
    except PyPdfError:
        return {}
    return entries


def _folded(text: str) -> str:
    return _NUMBER.sub("", normalised(text))


def _body_lines(pages: list[list[str]]) -> list[_Line]:
    """The lines without those that run; all of them if nothing else stands there."""
    repeated = _repeated(pages)
    offset = _page_number_offset(pages)
    kept = [
        _Line(text, number)
        for number, page in enumerate(pages, start=1)
        for text in _without_running(
            page, repeated[number % 2], None if offset is None else number + offset
        )
    ]
    if any(line.text for line in kept):
        return kept
    return [_Line(text, number) for number, page in enumerate(pages, start=1) for text in page]


def _repeated(pages: list[list[str]]) -> tuple[frozenset[str], frozenset[str]]:
    """Lines at the edges of most even and of most odd pages, digits aside."""
    found = (Counter[str](), Counter[str]())
    sizes = [0, 0]
    for number, lines in enumerate(pages, start=1):
        if lines:
            sizes[number % 2] += 1
            found[number % 2].update({_masked(line) for line in _edges(lines)})
    both = found[0] + found[1]

    def most(parity: int) -> frozenset[str]:
        return frozenset(
            key
            for key, count in found[parity].items()
            if key and both[key] >= _FEWEST_PAGES and 2 * count > sizes[parity]
        )

    return most(0), most(1)


def _page_number_offset(pages: list[list[str]]) -> int | None:
    """What the printed page numbers are ahead of the counted ones; none if most print none."""
    offsets = Counter[int]()
    for number, lines in enumerate(pages, start=1):
        offsets.update({int(said) - number for line in _edges(lines) for said in _numbers(line)})
    [(offset, count)] = offsets.most_common(1) or [(0, 0)]
    return offset if count >= _FEWEST_PAGES and 2 * count > sum(map(bool, pages)) else None


def _numbers(line: str) -> list[str]:
    """The numbers that a line begins or ends with."""
    return [found[1] for found in (_FIRST_NUMBER.match(line), _LAST_NUMBER.search(line)) if found]


def _edges(lines: list[str]) -> list[str]:
    bare = [line for line in lines if line]
    return bare[:_EDGE] + bare[-_EDGE:]


def _masked(line: str) -> str:
    return re.sub(r"\d+", "#", line).casefold()


def _without_running(
    lines: list[str], repeated: frozenset[str], page_number: int | None
) -> list[str]:
    """From both ends inwards, up to the first line that does not run."""
    kept = list(lines)
    for at in (0, -1):
        left = _EDGE
        while kept and left:
            line = kept[at]
            is_numbered = str(page_number) in _numbers(line)
            if line and _masked(line) not in repeated and not is_numbered:
                break
            left -= bool(line)
            kept.pop(at)
    return kept


@dataclass
class _Paragraphs:
    """Goes through the lines of all pages."""

    lines: list[_Line]
    outline: _Outline
    _done: list[Block] = field(default_factory=list[Block])
    _open: list[_Line] = field(default_factory=list[_Line])
    _named: set[_Entry] = field(default_factory=set[_Entry])

    def blocks(self) -> list[Block]:
        """All blocks; a list where an item follows the other."""
        lengths = sorted(len(line.text) for line in self.lines if line.text)
        width = lengths[len(lengths) * 9 // 10] if lengths else 0
        self._words = Counter(
            word.casefold() for line in self.lines for word in _WORD.findall(line.text)
        )
        for line in self.lines:
            entry = self.outline.get((line.page, _folded(line.text))) if line.text else None
            if entry is not None and entry.title:
                self._end()
                self._head(line, entry)
            elif not line.text:
                self._end()
            else:
                if self._open and _begins(self._open[-1], line, width):
                    self._end()
                self._open.append(line)
        self._end()
        return list(_lists_joined(self._done))

    def _head(self, line: _Line, entry: _Entry) -> None:
        """A heading; what it stands under too, where no line of the page says so."""
        for level, above in enumerate(entry.above, start=1):
            if above not in self._named and above.title:
                self._done.append(Block.heading(above.title, level, line.page))
        self._named.update((*entry.above, entry))
        self._done.append(Block.heading(line.text, len(entry.above) + 1, line.page))

    def _end(self) -> None:
        if not self._open:
            return
        lines, self._open = self._open, []
        parts, turns, length = [lines[0].text], list[int](), len(lines[0].text)
        for before, line in pairwise(lines):
            gap = self._gap(before.text, line.text)
            parts[-1] = parts[-1].removesuffix("-").removesuffix("\u2010") if gap < 0 else parts[-1]
            parts.append(f"{' ' * gap}{line.text}")
            turns += [length + gap] * (line.page - before.page)
            length += gap + len(line.text)
        text = "".join(parts)
        kind = BlockKind.LIST if _BULLET.match(text) else BlockKind.PARAGRAPH
        self._done.append(Block(kind, text, page=lines[0].page, turns=tuple(turns)))

    def _gap(self, before: str, line: str) -> int:
        """How many blanks part two lines of a paragraph; -1: a hyphen goes.

        A word parted at a line end is mended, unless its hyphen is written elsewhere too.
        """
        parted = _HYPHEN.search(before)
        rest = _WORD.match(line)
        if parted is None or rest is None or not line[0].islower():
            return 1
        whole, hyphened = f"{parted[1]}{rest[0]}", f"{parted[1]}-{rest[0]}"
        is_hyphened = self._words[hyphened.casefold()] > self._words[whole.casefold()]
        return 0 if is_hyphened else -1


def _begins(before: _Line, line: _Line, width: int) -> bool:
    """Whether a line begins a paragraph."""
    if _BULLET.match(line.text):
        return True
    goes_on = line.text[0].islower() and not _FINISHED.search(before.text)
    if goes_on:
        return False
    return line.page != before.page or len(before.text) < 0.75 * width


def _lists_joined(blocks: list[Block]) -> Iterator[Block]:
    last: Block | None = None
    for block in blocks:
        if last is not None and last.kind is BlockKind.LIST and block.kind is BlockKind.LIST:
            last = _list_of(last, block)
            continue
        if last is not None:
            yield last
        last = block
    if last is not None:
        yield last


def _list_of(first: Block, item: Block) -> Block:
    start = len(first.text) + 1
    between = (start,) * (item.page - first.page - len(first.turns))
    turns = (*first.turns, *between, *(start + turn for turn in item.turns))
    return Block(BlockKind.LIST, f"{first.text}\n{item.text}", page=first.page, turns=turns)
