"""Test items told in other words by rule: synonyms, other sentences, other names and numbers.

Of the words of a text that say something half are others afterwards, from a third to three
quarters: then as many of GSM8K's items are found again as of GPT-4's rephrasings of them (Yang et
al., 2023, arXiv:2311.04850), which change fewer words and more of the order. Where no synonym is
known a stand-in takes a word's place, which makes no sense to a reader, and is to finders of shared
words what a synonym is.
"""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

from synth_assets.core.decontaminate.number_words import ONES, TENS
from synth_assets.core.decontaminate.synonyms import NAMES, PHRASES, SYNONYMS
from synth_assets.core.sentences import sentence_starts
from synth_assets.core.verify.reading.words import STOP_WORDS

_FEWEST, _MOST = 0.35, 0.75
"""Share of content words that are changed."""

_LEAST_WORDS = 4
_SPELLED_OUT = 0.2
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"\b[A-Z][a-z]{2,}\b")
_CLAUSES = re.compile(
    r"^(If|When|Since|Because|Although|While|After|Before) ([^,.?!]+), (.+?)([.?!])$"
)
_PHRASE = re.compile("|".join(rf"\b{re.escape(old)}\b" for old, _ in PHRASES), re.IGNORECASE)
_NEW_PHRASES = dict(PHRASES)
_NUMBER_WORDS = (*list(ONES)[2:], *TENS)
_IN_WORDS = {str(value): word for word, value in ONES.items()}
_STAND_INS = tuple(sorted({word for words in SYNONYMS.values() for word in words}))


@dataclass(frozen=True)
class Paraphraser:
    """Tells texts anew; the same seed tells the same text the same way.

    Attributes:
        lower: words that texts of the kind have in lower case, and that are no names therefore.
        seed: of all choices.
    """

    lower: frozenset[str]
    seed: int = 0

    @classmethod
    def for_texts(cls, texts: Iterable[str], seed: int = 0) -> "Paraphraser":
        """Learn from the texts that are to be told anew which of their words are no names."""
        found = {word for text in texts for word in _WORD.findall(text) if word.islower()}
        return cls(frozenset(found), seed)

    def rephrased(self, text: str) -> str | None:
        """Other words and sentences, the same names and numbers.

        None for a text of fewer than four words that say something.
        """
        rng = self._draws("rephrased", text)
        content = self._content(text)
        if len(content) < _LEAST_WORDS:
            return None
        told = _PHRASE.sub(lambda found: _new_phrase(found.group(), rng), text)
        told = _WORD.sub(lambda found: _synonym(found.group(), rng), told)
        told = self._with_stand_ins(told, content, rng)
        told = _NUMBER.sub(lambda found: _spelled_out(found, rng), told)
        return _reordered(told, rng)

    def renumbered(self, text: str) -> str | None:
        """Other numbers, of as many digits; None where there are none."""
        rng = self._draws("renumbered", text)
        told = _NUMBER.sub(lambda found: _other_number(found.group(), rng), text)
        told = _WORD.sub(lambda found: _other_number_word(found.group(), rng), told)
        return told if told != text else None

    def renamed(self, text: str) -> str | None:
        """Other names and other numbers; None where there are no names or no numbers."""
        rng = self._draws("renamed", text)
        names = [name for name in dict.fromkeys(_NAME.findall(text)) if self._is_name(name)]
        told = self.renumbered(text)
        if not names or told is None or len(names) > len(NAMES):
            return None
        new = dict(zip(names, rng.sample(NAMES, len(names)), strict=True))
        return _NAME.sub(lambda found: new.get(found.group(), found.group()), told)

    def _content(self, text: str) -> frozenset[str]:
        """Words that say something, but names."""
        found = (word.lower() for word in _WORD.findall(text) if not self._is_name(word))
        return frozenset(w for w in found if len(w) > 2 and w not in STOP_WORDS and w not in ONES)

    def _with_stand_ins(self, told: str, content: frozenset[str], rng: random.Random) -> str:
        kept = sorted(content & self._content(told))
        missing = round(rng.uniform(_FEWEST, _MOST) * len(content)) - (len(content) - len(kept))
        chosen = rng.sample(kept, max(0, min(missing, len(kept))))
        new = dict(zip(chosen, rng.choices(_STAND_INS, k=len(chosen)), strict=True))
        return _WORD.sub(lambda found: new.get(found.group().lower(), found.group()), told)

    def _is_name(self, word: str) -> bool:
        return word[0].isupper() and word.lower() not in self.lower and word.lower() not in SYNONYMS

    def _draws(self, manner: str, text: str) -> random.Random:
        return random.Random(f"{self.seed}/{manner}/{text!a}")


def _new_phrase(phrase: str, rng: random.Random) -> str:
    new = _NEW_PHRASES[phrase.lower()]
    new = new if rng.random() < 0.8 else phrase
    return new[:1].upper() + new[1:] if phrase[:1].isupper() else new


def _synonym(word: str, rng: random.Random) -> str:
    found = SYNONYMS.get(word.lower())
    if not found or rng.random() > 0.9:
        return word
    new = rng.choice(found)
    return new.capitalize() if word[0].isupper() else new


def _spelled_out(found: re.Match[str], rng: random.Random) -> str:
    """A small whole number in words, now and then."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:2]
    whole = before in ("", " ") and not re.match(r"[.,/:%]\d|%", after)
    word = _IN_WORDS.get(found.group())
    return word if word and whole and rng.random() < _SPELLED_OUT else found.group()


def _reordered(text: str, rng: random.Random) -> str:
    """Clauses turned round, and the question first in every second text."""
    cuts = [*sentence_starts(text, 0, len(text)), len(text)]
    parts = [text[a:b].strip() for a, b in zip([0, *cuts[:-1]], cuts, strict=True)]
    told = [_turned(part) for part in parts if part]
    if len(told) > 1 and told[-1].endswith("?") and rng.random() < 0.5:
        told = [told[-1], *told[:-1]]
    return " ".join(told)


def _turned(sentence: str) -> str:
    found = _CLAUSES.match(sentence)
    if not found:
        return sentence
    link, first, second, mark = found.groups()
    return f"{second[:1].upper()}{second[1:]} {link.lower()} {first}{mark}"


def _other_number(digits: str, rng: random.Random) -> str:
    if len(digits) > 18:
        return digits
    low = 10 ** (len(digits) - 1) if len(digits) > 1 else 2
    high = 10 ** len(digits) - 1
    new = rng.randint(low, high)
    return str(new if new != int(digits) else (new + 1 if new < high else low))


def _other_number_word(word: str, rng: random.Random) -> str:
    if word.lower() not in _NUMBER_WORDS:
        return word
    new = rng.choice([other for other in _NUMBER_WORDS if other != word.lower()])
    return new.capitalize() if word[0].isupper() else new
