"""English to German and back, by a phrase book: whole sentences with names, places and numbers.

A sentence that stands in no pattern is not translated: the answer is then that it cannot be.
"""

import re
from functools import cache, cached_property

from synth_assets.core.config.names import Written
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

TRANSLATION_FLAWS = frozenset({Flaw.LOST_MEANING, Flaw.PROMPT_LEAK})

_UNKNOWN = "<none/>"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])")
_SLOTS = {
    "n": r"\d+",
    "time": r"\d{1,2}:\d\d",
    "name": r"[A-Z][^\W\d_]+(?: [A-Z][^\W\d_]+)?",
    "place": r"[A-Z][^\W\d_]+",
}
_OTHER_NAMES = ("Robin Falk", "Ines Moreau", "Karl Brandt")


class Phrase(Written):
    """A sentence in both languages, each in two wordings: usual, and formal or other."""

    en: tuple[str, str]
    de: tuple[str, str]

    @cached_property
    def read_en(self) -> tuple[re.Pattern[str], ...]:
        """Patterns that read the English wordings."""
        return tuple(_pattern(text) for text in self.en)

    @cached_property
    def read_de(self) -> tuple[re.Pattern[str], ...]:
        """Patterns that read the German wordings."""
        return tuple(_pattern(text) for text in self.de)


def recognise(asked: Asked) -> Task | None:
    """`<text_in_english>`: in German, of the `<register>`; `<text_in_german>`: in English."""
    english, german = asked.section("text_in_english"), asked.section("text_in_german")
    wording = 1 if asked.section("register") == "formal" else 0
    if english:
        return Task(
            TRANSLATION_FLAWS,
            lambda _, flaw, dice: into_german(english, wording, flaw, asked.leak, dice),
        )
    if german:
        return Task(
            TRANSLATION_FLAWS, lambda _, flaw, dice: into_english(german, flaw, asked.leak, dice)
        )
    return None


def into_german(text: str, wording: int, flaw: Flaw | None, leak: str, dice: Dice) -> Composition:
    """Translate in the section `source`, formally where `wording` is 1."""
    told: list[str] = []
    for sentence in _sentences(text):
        for phrase in phrases():
            if match := _read(phrase.read_en, sentence):
                told.append(phrase.de[wording].format_map(match.groupdict()))
                break
        else:
            return Composition(_UNKNOWN, Truth())
    return _answer("source", told, flaw, leak, dice)


def into_english(text: str, flaw: Flaw | None, leak: str, dice: Dice) -> Composition:
    """Translate in the section `target`, often in another wording than the seed's."""
    told: list[str] = []
    for sentence in _sentences(text):
        for phrase in phrases():
            if match := _read(phrase.read_de, sentence):
                told.append(phrase.en[dice.below(2)].format_map(match.groupdict()))
                break
        else:
            return Composition(_UNKNOWN, Truth())
    return _answer("target", told, flaw, leak, dice)


@cache
def phrases() -> tuple[Phrase, ...]:
    """The whole book."""
    return tuple(Phrase.model_validate(entry) for entry in read_packaged("phrase_book.yaml"))


def _answer(section: str, told: list[str], flaw: Flaw | None, leak: str, dice: Dice) -> Composition:
    right = " ".join(told)
    text = right
    if flaw is Flaw.LOST_MEANING:
        text = _less(told, dice)
    elif flaw is Flaw.PROMPT_LEAK:
        text = f"{leak} {right}"
    return Composition(f"<{section}>\n{text}\n</{section}>", Truth(flaw, answer=right))


def _less(told: list[str], dice: Dice) -> str:
    """A number changed, a name exchanged, or a sentence left out."""
    text = " ".join(told)
    name = re.search(r"\b[A-Z][a-z]+ [A-Z][a-z]+(?=[ .,])", text[1:])
    number = re.search(r"\d+", text)
    kinds = [kind for kind, there in (("name", name), ("number", number)) if there]
    match dice.choice([*kinds, "sentence"]):
        case "number" if number:
            start, end = number.span()
            return f"{text[:start]}{int(number[0]) + 1 + dice.below(8)}{text[end:]}"
        case "name" if name:
            return text.replace(name[0], dice.choice(_OTHER_NAMES))
        case _:
            return " ".join(told[:-1]) or text[: len(text) // 2]


def _sentences(text: str) -> list[str]:
    return _SENTENCE_END.split(" ".join(text.split()))


def _read(patterns: tuple[re.Pattern[str], ...], sentence: str) -> re.Match[str] | None:
    return next((found for each in patterns if (found := each.fullmatch(sentence))), None)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    parts = [
        re.escape(piece) if place % 2 == 0 else f"(?P<{piece}>{_SLOTS[piece]})"
        for place, piece in enumerate(pieces)
    ]
    return re.compile("".join(parts))
