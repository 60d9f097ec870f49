"""XML that must be well-formed, without document types, entities or anything fetched."""

from collections.abc import Sequence
from typing import Any

from synth_assets.core.schema import Reason
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.syntax.outcome import Faulty, Parsed, ReadOutcome, Unread

MAX_DEPTH = 200


class _TooDeep(Exception):
    """Elements are nested deeper than is read."""


class _Elements:
    """Takes the parser's events down, and builds no tree."""

    def __init__(self) -> None:
        self.root = ""
        self.names: set[str] = set()
        self.count = 0
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.root = self.root or name
        self.names.add(name)
        self.count += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep

    def end(self, tag: str) -> None:
        self._depth -= 1

    def data(self, text: str) -> None:
        """Text between the tags, of which nothing is asked."""

    def close(self) -> "_Elements":
        return self


def read_xml(text: str, root: str, elements: Sequence[str]) -> ReadOutcome:
    """Whether a text is one well-formed XML document with what is asked for.

    Args:
        text: the document; a document type or entities of its own make it malformed.
        root: name of its root element, without namespace; any where empty.
        elements: names that must occur.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    found = _Elements()
    parser: Any = DefusedXMLParser(target=found, forbid_dtd=True)
    try:
        parser.feed(text.lstrip())
        parser.close()
    except DefusedXmlException:
        return _malformed("a document type or an entity of its own, which is not read")
    except ParseError as fault:
        return _malformed(str(fault))
    except _TooDeep:
        return Unread(f"elements nested deeper than {MAX_DEPTH} levels")
    if root and found.root != root:
        return _malformed(f"the root is {clipped(found.root)}, not {root}")
    if missing := [name for name in elements if name not in found.names]:
        return _malformed(f"there is no element {missing[0]}")
    return Parsed(f"XML, {found.count} elements")


def _malformed(told: str) -> Faulty:
    return Faulty(Reason.MALFORMED_XML, told)
