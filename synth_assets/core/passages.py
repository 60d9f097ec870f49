"""Documents cut into passages: at headings first, then between paragraphs, then between sentences.

Of all ways to cut a document into stretches of bounded length the cheapest is taken, by dynamic
programming as in the breaking of paragraphs into lines (Knuth and Plass, 1981): every place to cut
has a price, so has running over a heading, and a stretch that is too short has the highest but for
cuts through tables, code and sentences. Cost grows linearly with the document.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise
from math import inf

from synth_assets.core.sentences import sentence_starts

LONGEST_HEADING = 200
"""In characters; what is longer is no heading, whatever it is marked as."""

_GRAIN = 64
"""A unit has at least 1/64 of the characters of the longest passage; bounds the work."""

_CUT_AT_BLOCK = 20
_CUT_BEHIND_COLON = 60
_CUT_AT_SENTENCE = 80
_TOO_SHORT = 500
_CUT_IN_SENTENCE = 2_000
_CUT_IN_WORD = 4_000


class BlockKind(StrEnum):
    """What a block of a document is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True)
class Block:
    """A paragraph or the like.

    Attributes:
        kind: what it is; lists have an item a line, further lines of an item indented; tables a row
            a line.
        text: not blank, no white space at its ends.
        level: of a heading, 1 is the highest; else 0.
        page: the page it begins on, from 1; 0 where a document has none.
        turns: offsets in the text at which the next page begins.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int = 0
    turns: tuple[int, ...] = ()

    @classmethod
    def heading(cls, text: str, level: int, page: int = 0) -> "Block":
        """A heading, or a paragraph if it is too long for one."""
        if len(text) > LONGEST_HEADING:
            return cls(BlockKind.PARAGRAPH, text, page=page)
        return cls(BlockKind.HEADING, text, level, page)


@dataclass(frozen=True)
class Document:
    """A document as it was extracted.

    Attributes:
        name: path within its source, with `/`.
        title: what it calls itself.
        blocks: in reading order.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]

    @cached_property
    def text(self) -> str:
        """The whole text, blocks parted by a blank line; offsets of passages count in it."""
        return "\n\n".join(block.text for block in self.blocks)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Offset of each block in the text."""
        return tuple(accumulate((len(b.text) + 2 for b in self.blocks[:-1]), initial=0))

    @cached_property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The headings that each block stands under, a heading under itself too."""
        open_headings: list[Block] = []
        path: tuple[str, ...] = ()
        paths: list[tuple[str, ...]] = []
        for block in self.blocks:
            if block.kind is BlockKind.HEADING:
                while open_headings and open_headings[-1].level >= block.level:
                    open_headings.pop()
                open_headings.append(block)
                path = tuple(heading.text for heading in open_headings)
            paths.append(path)
        return tuple(paths)

    @cached_property
    def bodies(self) -> tuple[int, ...]:
        """For each block the first from there on that is no heading; itself if none follows."""
        bodies: list[int] = []
        body: int | None = None
        for index in range(len(self.blocks) - 1, -1, -1):
            if self.blocks[index].kind is not BlockKind.HEADING:
                body = index
            bodies.append(index if body is None else body)
        return tuple(reversed(bodies))

    def page_at(self, offset: int) -> int:
        """The page a place in the text is on, 0 where the document has none."""
        index = bisect_right(self.starts, offset) - 1
        block = self.blocks[index]
        return block.page + bisect_right(block.turns, offset - self.starts[index])


@dataclass(frozen=True)
class Passage:
    """A verbatim stretch of a document: `document.text[start:end]`.

    Attributes:
        document: name of the document.
        title: its title.
        headings: the headings that the first words stand under, outermost first.
        page: the page it begins on, 0 where the document has none.
        start: first character in the document's text.
        end: behind its last character.
        text: the stretch.
    """

    document: str
    title: str
    headings: tuple[str, ...]
    page: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Cut:
    """A document cut up. Each block is in a passage, or a heading that one stands under.

    Attributes:
        passages: in reading order.
        too_short: stretches that fit with no neighbour and are too short alone.
    """

    passages: tuple[Passage, ...]
    too_short: tuple[Passage, ...]


def cut_passages(
    document: Document, min_characters: int, max_characters: int, overlap_sentences: int = 0
) -> Cut:
    """Cut a document into passages; the same document gives the same ones.

    A passage ends where a heading stands, unless it or what follows is too short. Headings at its
    beginning are not part of its text where they are among its `headings`. Tables and lists that
    fit are not cut, lists unless a stretch were too short else.

    Args:
        document: what to cut.
        min_characters: shortest passage.
        max_characters: longest, overlap included.
        overlap_sentences: how many sentences a passage repeats of the one before, under the same
            heading; fewer or none where they do not fit.
    """
    units = _units(document, max_characters, overlap_sentences)
    kept: list[Passage] = []
    too_short: list[Passage] = []
    for first, last in _cheapest(units, min_characters, max_characters):
        start, end = units[first].lead, units[last].end
        passage = _passage(document, start, end)
        (kept if end - start >= min_characters else too_short).append(passage)
    return Cut(tuple(kept), tuple(too_short))


def _passage(document: Document, start: int, end: int) -> Passage:
    body = document.bodies[bisect_right(document.starts, start) - 1]
    return Passage(
        document=document.name,
        title=document.title,
        headings=document.paths[body],
        page=document.page_at(start),
        start=start,
        end=end,
        text=document.text[start:end],
    )


@dataclass(frozen=True)
class _Atom:
    """A stretch that is not cut further, no longer than a passage may be.

    Attributes:
        block: index of its block.
        price: of a cut in front of it.
        is_sentence: whether it is a sentence of a paragraph.
    """

    start: int
    end: int
    block: int
    price: int
    is_sentence: bool


@dataclass(frozen=True)
class _Unit:
    """Atoms that stay together: a heading and what follows it, or very short ones.

    Attributes:
        lead: where a passage begins that begins with this unit.
        end: behind its last character.
        price: of a cut in front of it.
        crossing: price of no cut in front of it.
    """

    lead: int
    end: int
    price: int
    crossing: int


def _units(document: Document, longest: int, overlap: int) -> list[_Unit]:
    atoms = [
        atom for index in range(len(document.blocks)) for atom in _atoms(document, index, longest)
    ]
    grain = max(1, longest // _GRAIN)
    firsts: list[int] = []
    has_body, lead = True, 0
    for index, atom in enumerate(atoms):
        is_large = not firsts or atoms[index - 1].end - atoms[firsts[-1]].start >= grain
        if (has_body and is_large) or atom.end - lead > longest:
            firsts.append(index)
            has_body, lead = False, _lead(document, atom)
        has_body |= document.blocks[atom.block].kind is not BlockKind.HEADING
    ends = [atoms[following - 1].end for following in [*firsts[1:], len(atoms)]] if atoms else []
    return [
        _unit(document, atoms, first, end, longest, overlap)
        for first, end in zip(firsts, ends, strict=True)
    ]


def _unit(
    document: Document, atoms: list[_Atom], first: int, end: int, longest: int, overlap: int
) -> _Unit:
    atom = atoms[first]
    lead = _lead(document, atom)
    block = document.blocks[atom.block]
    crossing = 0
    if block.kind is BlockKind.HEADING:
        crossing = 30 + 10 * max(0, 6 - block.level)
    else:
        repeated = _overlap(atoms, first, overlap)
        lead = repeated if end - repeated <= longest else lead
    return _Unit(lead, end, atom.price, crossing)


def _lead(document: Document, atom: _Atom) -> int:
    """Where the text of a passage begins that begins with an atom.

    Headings in front are left out if the path of what follows has all of them.
    """
    body = document.bodies[atom.block]
    levels = [block.level for block in document.blocks[atom.block : min(body, atom.block + 100)]]
    is_path = all(above < below for above, below in pairwise(levels))
    is_followed = document.blocks[body].kind is not BlockKind.HEADING
    return document.starts[body] if body > atom.block and is_path and is_followed else atom.start


def _overlap(atoms: list[_Atom], first: int, count: int) -> int:
    """Where the last sentences in front of an atom begin; a heading, list or table ends them."""
    start = atoms[first].start
    for index in range(first - 1, max(-1, first - 1 - count), -1):
        if not atoms[index].is_sentence:
            break
        start = atoms[index].start
    return start


_ITEM = re.compile(r"\n(?=\S)")
_LINE = re.compile(r"\n")
_BLANK_LINE = re.compile(r"\n\s*\n")
_CLAUSE = re.compile(r"[,;:]\s+|\s+(?=[\u2013\u2014-]\s)")
_SPACE = re.compile(r"\s+")
_SENTENCE = None
"""In the place of a pattern: sentences are found by rules."""

_PLACES: dict[BlockKind, tuple[tuple[re.Pattern[str] | None, int], ...]] = {
    BlockKind.HEADING: ((_SPACE, _CUT_IN_SENTENCE),),
    BlockKind.PARAGRAPH: (
        (_SENTENCE, _CUT_AT_SENTENCE),
        (_CLAUSE, _CUT_IN_SENTENCE - 500),
        (_SPACE, _CUT_IN_SENTENCE),
    ),
    BlockKind.LIST: (
        (_ITEM, 150),
        (_LINE, 200),
        (_SENTENCE, 300),
        (_SPACE, _CUT_IN_SENTENCE),
    ),
    BlockKind.TABLE: ((_LINE, 1_000), (_SPACE, _CUT_IN_SENTENCE)),
    BlockKind.CODE: ((_BLANK_LINE, 400), (_LINE, 800), (_SPACE, _CUT_IN_SENTENCE)),
}
"""Where a block may be cut and at which price; the next place is for what is too long."""


def _atoms(document: Document, index: int, longest: int) -> Iterator[_Atom]:
    block, start = document.blocks[index], document.starts[index]
    end = start + len(block.text)
    price = _price_in_front(document, index)
    for at, behind, inner in _stretches(document.text, start, end, block.kind, longest):
        is_sentence = block.kind is BlockKind.PARAGRAPH and inner <= _CUT_AT_SENTENCE
        yield _Atom(at, behind, index, inner or price, is_sentence)


def _price_in_front(document: Document, index: int) -> int:
    if document.blocks[index].kind is BlockKind.HEADING:
        return 0
    if index and document.blocks[index - 1].text.endswith(":"):
        return _CUT_BEHIND_COLON
    return _CUT_AT_BLOCK


def _stretches(
    text: str, start: int, end: int, kind: BlockKind, longest: int, depth: int = 0, price: int = 0
) -> Iterator[tuple[int, int, int]]:
    """Start, end and price in front of the stretches of a block, none longer than `longest`."""
    is_whole = kind is BlockKind.HEADING or (kind is BlockKind.TABLE and depth == 0)
    if (depth or is_whole) and end - start <= longest:
        yield start, end, price
    elif depth == len(_PLACES[kind]):
        for at in range(start, end, longest):
            yield at, min(at + longest, end), price if at == start else _CUT_IN_WORD
    else:
        pattern, inner = _PLACES[kind][depth]
        for at, behind in _parts(text, start, end, pattern):
            here = price if at == start else inner
            yield from _stretches(text, at, behind, kind, longest, depth + 1, here)


def _parts(
    text: str, start: int, end: int, pattern: re.Pattern[str] | None
) -> Iterator[tuple[int, int]]:
    """The parts between the places that a pattern finds, without white space around."""
    if pattern is None:
        starts = [start, *sentence_starts(text, start, end)]
    else:
        starts = [start, *(found.end() for found in pattern.finditer(text, start, end))]
    for at, following in zip(starts, [*starts[1:], end], strict=True):
        part = text[at:following]
        bare = part.strip()
        if bare:
            begin = at + len(part) - len(part.lstrip())
            yield begin, begin + len(bare)


def _cheapest(units: list[_Unit], shortest: int, longest: int) -> list[tuple[int, int]]:
    """First and last unit of each passage, of the cheapest way to cut."""
    crossed = list(accumulate((unit.crossing for unit in units), initial=0))
    best = [0] * (len(units) + 1)
    first_of = [0] * (len(units) + 1)
    for behind in range(1, len(units) + 1):
        end = units[behind - 1].end
        cheapest = inf
        for first in range(behind - 1, -1, -1):
            unit = units[first]
            length = end - unit.lead
            if length > longest:
                break
            price = (unit.price if first else 0) + crossed[behind] - crossed[first + 1]
            if length < shortest:
                price += _TOO_SHORT + 100 * length // shortest
            # The squares make passages of like lengths the cheapest, all else being equal.
            cost = best[first] + 100 * price + 1_000 * length * length // longest**2
            if cost < cheapest:
                cheapest, first_of[behind] = cost, first
        best[behind] = int(cheapest)
    cuts: list[tuple[int, int]] = []
    behind = len(units)
    while behind:
        cuts.append((first_of[behind], behind - 1))
        behind = first_of[behind]
    return cuts[::-1]
