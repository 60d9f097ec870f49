"""Runs of words that stand in the recipe's own prompts or examples."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.fingerprint import Json
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn
from synth_assets.core.verify.reading.folding import clipped

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ANCHOR = 5


class CopiedExamples(Written):
    """The answer repeats no long run of words of the recipe's prompts and examples.

    What also stands in the message it answers, the passage or earlier turns is no fault.

    Attributes:
        min_words: the shortest run that counts.
    """

    min_words: int = Field(default=12, ge=6)

    def look_into(self, texts: Mapping[str, str]) -> Look:
        """Make the check against texts: file name -> text; see `example_texts`."""

        # Made at the first answer: a catalogue of recipes is read without asking anything.
        @cache
        def index() -> _Index:
            return _Index(texts, self.min_words)

        def check(turn: Turn) -> Fault | None:
            words = turn.words
            if len(words) < self.min_words:
                return None
            for run, file in index().runs(words):
                if run not in " ".join(_words(turn.known)):
                    return Fault(Reason.COPIED_EXAMPLE, f"copies {file}: {clipped(run, 120)}")
            return None

        return check


def example_texts(files: Mapping[str, str], examples_file: str | None) -> dict[str, str]:
    """The templates among a recipe's files, and the examples that it names.

    Of JSON lines only the texts in them count, whatever their keys.
    """
    found = {
        name: _JINJA.sub("\n\x00\n", text) for name, text in files.items() if name.endswith(".j2")
    }
    if examples_file is not None:
        text = files[examples_file]
        if examples_file.endswith((".jsonl", ".json")):
            text = "\n\x00\n".join(_strings(text))
        found[examples_file] = text
    return found


class _Index:
    """Runs of words of texts, found by the short runs that stand at every few words."""

    def __init__(self, texts: Mapping[str, str], least: int) -> None:
        self._least = least
        self._step = least - _ANCHOR + 1
        self._words: list[tuple[str, list[str]]] = []
        self._places: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for name, text in texts.items():
            for part in text.split("\x00"):
                words = _words(part)
                if len(words) >= least:
                    self._add(name, words)

    def _add(self, name: str, words: list[str]) -> None:
        number = len(self._words)
        self._words.append((name, words))
        for at in range(len(words) - _ANCHOR + 1):
            places = self._places.setdefault(tuple(words[at : at + _ANCHOR]), [])
            # Of boilerplate that stands everywhere a few places are enough.
            if len(places) < 50:
                places.append((number, at))

    def runs(self, words: list[str]) -> Iterator[tuple[str, str]]:
        """Shared runs of at least so many words, each with the file it stands in."""
        if not self._places:
            return
        # Every run of `least` words holds an anchor that begins at a multiple of the step.
        for at in range(0, len(words) - _ANCHOR + 1, self._step):
            for number, place in self._places.get(tuple(words[at : at + _ANCHOR]), ()):
                name, other = self._words[number]
                start, end = _shared(words, at, other, place)
                if end - start >= self._least:
                    yield " ".join(words[start:end]), name
                    break


def _shared(words: list[str], at: int, other: list[str], place: int) -> tuple[int, int]:
    """From where to where words agree around two places that do."""
    start, end = at, at + _ANCHOR
    while (
        start and place - (at - start) > 0 and words[start - 1] == other[place - (at - start) - 1]
    ):
        start -= 1
    while (
        end < len(words)
        and place + (end - at) < len(other)
        and words[end] == other[place + (end - at)]
    ):
        end += 1
    return start, end


def _words(text: str) -> list[str]:
    return Turn("", text).words


def _strings(text: str) -> Iterator[str]:
    try:
        yield from _texts_in(json.loads(text))
    except json.JSONDecodeError:
        for line in text.splitlines():
            try:
                yield from _texts_in(json.loads(line))
            except json.JSONDecodeError:
                yield line


def _texts_in(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for each in value.values():
                yield from _texts_in(each)
        case list() | tuple():
            for each in value:
                yield from _texts_in(each)
        case _:
            return
