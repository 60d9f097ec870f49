"""Constraints on marks that a response is to have: lists, sections, titles, placeholders."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from synth_assets.core.verify.constraints.protocol import (
    Bounds,
    Constraint,
    Counting,
    Finding,
    Number,
)
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.reading.folding import clipped

_PLACEHOLDER = re.compile(r"\[[^\]]*\]")
_HIGHLIGHT = re.compile(r"\*([^\n*]*)\*")
_STRONG = re.compile(r"\*\*([^\n*]*)\*\*")
_POSTSCRIPTS = {
    "P.S.": re.compile(r"p\.\s?s\."),
    "P.P.S": re.compile(r"p\.\s?p\.\s?s"),
}
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")
_MAX_JSON_DEPTH = 200
# A string that is not closed goes on to the end, so that no part of it is read again.
_JSON_STRING_OR_BRACKET = re.compile(r'"(?>(?:[^"\\]|\\.?)*)"?|[][{}]', re.DOTALL)

Marker = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NumberPlaceholders(Counting):
    """The response has at least so many placeholders such as `[address]`."""

    unit: ClassVar[str] = "placeholders"

    id: Literal["detectable_content:number_placeholders"]
    num_placeholders: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds(self.num_placeholders)

    def count(self, wording: Wording) -> int:
        """See the base."""
        if "[" not in wording.text:
            return 0
        # Cut behind the last bracket of a line, as otherwise every `[` would look for it in vain.
        lines = (line[: line.rfind("]") + 1] for line in wording.lines)
        return sum(len(_PLACEHOLDER.findall(line)) for line in lines)


class Postscript(Constraint):
    """The response has a postscript with this marker; where it stands is not looked at."""

    id: Literal["detectable_content:postscript"]
    postscript_marker: Marker

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        pattern = _POSTSCRIPTS.get(self.postscript_marker)
        if pattern is None:
            found = self.postscript_marker.lower() in wording.lower
        else:
            found = pattern.search(wording.lower) is not None
        told = "has" if found else "does not have"
        return Finding(found, f"it {told} {clipped(self.postscript_marker)}")


class NumberBulletLists(Counting):
    """The response has exactly so many bullet points; every line that begins with `-` is one."""

    unit: ClassVar[str] = "bullet points"

    id: Literal["detectable_format:number_bullet_lists"]
    num_bullets: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds(self.num_bullets, self.num_bullets)

    def count(self, wording: Wording) -> int:
        """See the base."""
        lines = [line.lstrip() for line in wording.lines]
        return sum(line.startswith("-") for line in lines) + sum(_starred(lines))


class ConstrainedResponse(Constraint):
    """The response has one of «My answer is yes.», «... no.», «... maybe.»."""

    id: Literal["detectable_format:constrained_response"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        found = next((each for each in _OPTIONS if each in wording.text), None)
        return Finding(found is not None, f"it says {clipped(found or wording.bare)}")


class NumberHighlightedSections(Counting):
    """The response has at least so many passages `*highlighted*` or `**highlighted**`."""

    unit: ClassVar[str] = "highlighted passages"

    id: Literal["detectable_format:number_highlighted_sections"]
    num_highlights: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds(self.num_highlights)

    def count(self, wording: Wording) -> int:
        """See the base; a passage between two asterisks counts for each of its readings."""
        found = (*_HIGHLIGHT.findall(wording.text), *_STRONG.findall(wording.text))
        return sum(bool(inside.strip()) for inside in found)


class MultipleSections(Counting):
    """The response has at least so many sections that begin with the word and a number."""

    unit: ClassVar[str] = "sections"

    id: Literal["detectable_format:multiple_sections"]
    section_spliter: Marker
    num_sections: Number

    @property
    def bounds(self) -> Bounds:
        """See the base."""
        return Bounds(self.num_sections)

    def count(self, wording: Wording) -> int:
        """See the base."""
        if self.section_spliter not in wording.text:
            return 0
        return len(re.findall(re.escape(self.section_spliter) + r"\s?\d+", wording.text))

    @property
    def needed_texts(self) -> tuple[str, ...]:
        """See the base."""
        return (self.section_spliter,) if self.num_sections else ()


class JsonFormat(Constraint):
    """The response is one JSON value; a code fence around it is no fault."""

    id: Literal["detectable_format:json_format"]

    def check(self, wording: Wording) -> Finding:
        """See the base; JSON that is nested too deeply to be read is undecided."""
        text = wording.bare
        for fence in _FENCES:
            text = text.removeprefix(fence)
        text = text.removesuffix("```").strip()
        if text[:1] in ("", *"abcdeghijklmopqrsuvwxyzABCDEFGHIJKLMOPQRSTUVWXYZ"):
            return Finding(False, f"no JSON: {clipped(text)}")
        if _depth(text) > _MAX_JSON_DEPTH:
            return Finding(None, f"nested deeper than {_MAX_JSON_DEPTH} levels")
        try:
            json.loads(text, parse_int=len, parse_float=len, parse_constant=_refused)
        except ValueError as fault:
            return Finding(False, f"no JSON: {clipped(str(fault))}")
        return Finding(True, "JSON")


class Title(Constraint):
    """The response has a title such as `<<poem of joy>>`."""

    id: Literal["detectable_format:title"]

    def check(self, wording: Wording) -> Finding:
        """See the base."""
        for line in wording.lines if "<<" in wording.text else ():
            start, end = line.find("<<"), line.rfind(">>")
            if 0 <= start < end - 2:
                title = line[start : end + 2].lstrip("<").rstrip(">").strip()
                if title:
                    return Finding(True, f"title {clipped(title)}")
        return Finding(False, "no title in << >>")


def _starred(lines: list[str]) -> Iterator[bool]:
    """For each line that is looked at, whether it is a bullet point by an asterisk.

    An asterisk alone on its line takes the next line for its text.
    """
    passed_over = False
    last = len(lines) - 1
    for position, line in enumerate(lines):
        if passed_over:
            passed_over = False
            continue
        passed_over = line == "*" and position < last
        yield passed_over or (len(line) > 1 and line[0] == "*" and line[1] != "*")


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _JSON_STRING_OR_BRACKET.finditer(text):
        token = match.group()
        depth += (token in "[{") - (token in "]}")
        deepest = max(deepest, depth)
    return deepest


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
