"""YAML and TOML that must parse; nothing is built that an alias could multiply."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

import yaml

from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.syntax.outcome import (
    Faulty,
    Parsed,
    ReadOutcome,
    Unread,
    beyond_depth,
)

MAX_DEPTH = 64
MAX_EXPANDED = 100_000
"""Values that a document may come to where its aliases are written out."""
MAX_KEY_PARTS = 64
"""tomllib takes memory by the square of the parts of a dotted key."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in (
        *("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "binary", "set"),
        *("omap", "pairs"),
    )
) | {"!"}

_TOML_TOKENS = re.compile(
    r'"""(?>(?:[^"\\]|\\.|"(?!""))*)"""'
    r"|'''(?>(?:[^']|'(?!''))*)'''"
    r'|"(?>(?:[^"\\\n]|\\.)*)"'
    r"|'[^'\n]*+'"
    r"|#[^\n]*+|[\[\]{}]",
    re.DOTALL,
)
_KEY_PART = re.compile(r"[^\s,={}\[\]]++(?>(?:[ \t]*+\.[^\s,={}\[\]]*+)*)")


class _YamlFault(ValueError):
    """The document is YAML by its grammar, and yet no plain data."""


@dataclass
class _Node:
    """A collection that is being read.

    Attributes:
        is_mapping: else it is a sequence.
        anchor: its name, if it has one.
        size: how many values it comes to so far, itself included.
        parts: keys and values so far, for a mapping.
        keys: those that are plain texts.
    """

    is_mapping: bool
    anchor: str | None
    size: int = 1
    parts: int = 0
    keys: set[str] = field(default_factory=set[str])


def read_yaml(text: str) -> ReadOutcome:
    """Whether a text is one YAML document of plain data: a mapping or a sequence.

    Its events are read, and no value is built: tags of any kind construct nothing, aliases are
    counted as if they were written out.
    """
    reading = _Reading()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reading.take(event)
            if len(reading.open_nodes) > MAX_DEPTH:
                return Unread(f"nested deeper than {MAX_DEPTH} levels")
        reading.check_end()
    except _YamlFault as fault:
        return Faulty.syntax(str(fault))
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        return Faulty.syntax(f"{fault.problem}{where}")
    except yaml.YAMLError as fault:
        told = str(fault).partition("\n")[0]
        return Faulty.syntax(f"a character that YAML does not have: {told}")
    return Parsed(f"YAML, {reading.size} values")


class _Reading:
    """A document, as far as its events were read."""

    def __init__(self) -> None:
        self.open_nodes: list[_Node] = []
        self.size = 0
        self._sizes: dict[str, int] = {}
        self._documents = 0
        self._collections = 0

    def take(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events are untyped
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _YamlFault("more than one document")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                _check_tag(event.tag)
                self._collections += 1
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                self.open_nodes.append(_Node(is_mapping, event.anchor))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                node = self.open_nodes.pop()
                self._place(node.size, node.anchor)
            case yaml.ScalarEvent():
                _check_tag(event.tag)
                self._place(1, event.anchor, event.value)
            case yaml.AliasEvent():
                if event.anchor not in self._sizes:
                    raise _YamlFault(f"*{event.anchor} refers to nothing, or to itself")
                self._place(self._sizes[event.anchor])
            case _:
                pass

    def check_end(self) -> None:
        if not self._documents:
            raise _YamlFault("it holds no document")
        if not self._collections:
            raise _YamlFault("it is a text alone, as any words are in YAML")

    def _place(self, size: int, anchor: str | None = None, text: str | None = None) -> None:
        """Put a finished value where it belongs."""
        if anchor is not None:
            self._sizes[anchor] = size
        self.size = size
        if not self.open_nodes:
            return
        node = self.open_nodes[-1]
        node.size += size
        if node.size > MAX_EXPANDED:
            raise _YamlFault(f"its aliases come to more than {MAX_EXPANDED:,} values")
        if node.is_mapping:
            if node.parts % 2 == 0 and text is not None:
                if text in node.keys:
                    raise _YamlFault(f"the key {clipped(text)} stands twice in one mapping")
                node.keys.add(text)
            node.parts += 1


def _check_tag(tag: str | None) -> None:
    if tag is not None and tag not in _PLAIN_TAGS:
        raise _YamlFault(f"the tag {clipped(tag)} is none of plain data")


def read_toml(text: str) -> ReadOutcome:
    """Whether a text is a TOML document with a key in it."""
    if (deep := beyond_depth(text, _TOML_TOKENS, MAX_DEPTH)) is not None:
        return deep
    bare = _TOML_TOKENS.sub(lambda found: "q" if found[0][0] in "\"'" else found[0][0], text)
    if any(each[0].count(".") >= MAX_KEY_PARTS for each in _KEY_PART.finditer(bare)):
        return Unread(f"a key of more than {MAX_KEY_PARTS} parts")
    try:
        found = tomllib.loads(text)
    except RecursionError:
        return Unread("nested too deep for the parser")
    except ValueError as fault:  # its own error is one; too long a number is another
        return Faulty.syntax(str(fault)[:160])
    if not found:
        return Faulty.syntax("it holds no key")
    return Parsed(f"TOML, {len(found)} keys at the top")
