"""Names in running text: words with capitals, acronyms, words with digits; offline heuristics.

Where a language capitalises every noun, as German does, each noun counts as a name: they are not
told apart.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from synth_assets.core.verify.reading.words import (
    LONGEST_WORD,
    STOP_WORDS,
    Sentence,
    Word,
    stem,
    word_set,
)

_ABOUT_PEOPLES = re.compile(r"(?:ians?|eans?|ans?|ese|ish|ns?|i|ia|y|a|e)$")
_TITLES = word_set(
    "mr mrs ms dr prof professor president king queen prince princess emperor sir lord lady "
    "dame general captain colonel major senator governor mayor pope saint st chancellor "
    "minister judge herr frau kaiser k\u00f6nig konig doktor pr\u00e4sident papst "
    "sankt"
)
# What follows a name that begins a sentence, and rarely another word that does.
_BEHIND_A_NAME = word_set("is was has had 's ist war hat hatte")
# Adverbs and the like that begin sentences with a comma or verb behind them.
_OPENERS = word_set(
    "yes no ja nein however therefore overall moreover furthermore thus hence there it this "
    "that he she they we you i what who nothing everything something everyone nobody none"
)
_NEAR = 3


@dataclass(frozen=True)
class Name:
    """Words that name something, as a text has them."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """As it reads."""
        return " ".join(word.text for word in self.words)


def names(sentences: Iterable[Sentence]) -> Iterator[Name]:
    """The names of a text, in order.

    The first word of a sentence is taken for one if another or `is`, `was` or `has` follows.
    """
    for sentence in sentences:
        run: list[Word] = []
        for at, word in enumerate(sentence):
            if _may_name(word) and (at > 0 or _begins_with_name(sentence)):
                run.append(word)
            elif run:
                yield Name(tuple(run))
                run = []
        if run:
            yield Name(tuple(run))


class NamesSupply:
    """The words of texts, to look names up in."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self._at: dict[str, list[int]] = {}
        self._keys: set[str] = set()
        self._capitals: list[str] = []
        at = 0
        initials: list[str] = []
        for sentence in sentences:
            for word in sentence:
                self._at.setdefault(word.folded, []).append(at)
                self._keys.add(name_key(word.folded))
                if word.is_capitalised:
                    initials.append(word.folded[0])
                elif word.folded not in STOP_WORDS:
                    initials.append(" ")
                at += 1
            at += _NEAR
            initials.append(" ")
        self._initials = "".join(initials)

    def has(self, word: Word) -> bool:
        """Whether a word of a name stands here, or one of the same root.

        Genitives, plurals and names of peoples (`German`, `Germany`) support each other, and an
        acronym the words it is made of.
        """
        if word.folded in self._at or name_key(word.folded) in self._keys:
            return True
        letters = word.folded.replace(".", "")
        if letters in self._at:
            return True
        return len(letters) > 1 and word.text.isupper() and letters in self._initials

    def joins(self, before: Word, behind: Word) -> bool | None:
        """Whether two words stand near each other here; None where one does not stand here."""
        first, second = self._at.get(before.folded), self._at.get(behind.folded)
        if not first or not second:
            return None
        # Both lists are in order, so one pass finds the nearest pairs.
        i = j = 0
        while i < len(first) and j < len(second):
            if abs(first[i] - second[j]) <= _NEAR:
                return True
            if first[i] < second[j]:
                i += 1
            else:
                j += 1
        return False


def missing_of(name: Name, sources: Sequence[NamesSupply]) -> str:
    """What of a name stands in no source; two words, where they stand nowhere near each other."""
    for word in name.words:
        if not any(source.has(word) for source in sources):
            return word.text
    for before, behind in pairwise(name.words):
        found = {source.joins(before, behind) for source in sources}
        if False in found and True not in found and before.folded not in _TITLES:
            return f"{before.text} {behind.text}"
    return ""


def name_key(folded: str) -> str:
    """What `Germany`, `German` and `Germans` share; words that name nothing keep more apart."""
    key = stem(folded)
    if len(key) > LONGEST_WORD:
        return key
    while len(key) > 4:
        found = _ABOUT_PEOPLES.search(key)
        if found is None or found.start() < 4:
            break
        key = key[: found.start()]
    return key


def _may_name(word: Word) -> bool:
    if word.folded in STOP_WORDS:
        return word.text.isupper() and len(word.text) > 1
    return word.is_capitalised or (word.has_digit and not word.text[0].isdigit())


def _begins_with_name(sentence: Sentence) -> bool:
    first = sentence[0]
    if first.folded in _OPENERS:
        return False
    if first.text.isupper() and len(first.text) > 1:
        return True
    if any(character.isupper() for character in first.text[1:]) or first.has_digit:
        return True
    if len(sentence) == 1:
        return False
    return _may_name(sentence[1]) or sentence[1].folded in _BEHIND_A_NAME or "'s" in first.text
