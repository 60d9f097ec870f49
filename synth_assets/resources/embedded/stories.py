"""Story templates: what the arithmetic teacher can tell, and how it reads its stories back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Literal

from pydantic import field_validator

from synth_assets.core.config.names import Written
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.sums import Sum, parse_sum, shown

Level = Literal["easy", "medium", "hard", "probe"]
LEVELS: tuple[Level, ...] = ("easy", "medium", "hard")

_SLOT = re.compile(r"\{(\w+)\}")
_STEP = re.compile(r"(\w+) (\$?)= (.+?) \| (.+)")
_DRAW = re.compile(r"([\d.]+)-([\d.]+)(?:/([\d.]+))?")
_NUMBER = r"(?<!\d)\d{1,9}(?:\.\d{1,2})?"
_ATTEMPTS = 3_000


@dataclass(frozen=True)
class Step:
    """One sum of a worked solution: its result's name, the sum, and what the result is."""

    name: str
    sum: Sum
    noun: str
    is_money: bool

    def admits(self, value: Fraction) -> bool:
        """Whether a result makes sense: positive, and whole, or in whole cents if money."""
        return value > 0 and (value * (100 if self.is_money else 1)).denominator == 1


@dataclass(frozen=True)
class Draws:
    """The values a number of a story may take."""

    values: tuple[Fraction, ...]


class Story(Written):
    """A problem family, with one wording for each voice.

    Attributes:
        name: of the family.
        draws: number slot -> its range, `low-high` or `low-high/step`.
        steps: the sums that solve it, in order.
    """

    name: str
    draws: dict[str, Draws]
    steps: tuple[Step, ...]
    scholar: str = ""
    clerk: str = ""
    probe: str = ""

    @field_validator("draws", mode="before")
    @classmethod
    def _read_draws(cls, written: dict[str, str]) -> dict[str, Draws]:
        return {name: _draws(text) for name, text in written.items()}

    @field_validator("steps", mode="before")
    @classmethod
    def _read_steps(cls, written: list[str]) -> tuple[Step, ...]:
        return tuple(_step(text) for text in written)

    @cached_property
    def wordings(self) -> dict[str, str]:
        """Voice -> template, of the voices that tell this story."""
        told = {"scholar": self.scholar, "clerk": self.clerk, "probe": self.probe}
        return {voice: text for voice, text in told.items() if text}

    @cached_property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        """Voice -> the pattern that reads a told story back."""
        return {voice: self._pattern(text) for voice, text in self.wordings.items()}

    def told(self, voice: str, dice: Dice) -> "Told":
        """Tell the story with drawn words, and numbers for which every sum makes sense."""
        pools = words()
        template = self.wordings[voice]
        chosen = {
            slot: dice.choice(pools[slot])
            for slot in dict.fromkeys(_SLOT.findall(template))
            if slot in pools
        }
        return Told(self, voice, self._numbers(dice), chosen)

    def read(self, text: str) -> "Told | None":
        """Find this story in a text, whichever voice told it."""
        for voice, pattern in self.patterns.items():
            if match := pattern.search(text):
                found = match.groupdict()
                numbers = {name: Fraction(found[name]) for name in self.draws}
                chosen = {slot: word for slot, word in found.items() if slot not in self.draws}
                return Told(self, voice, numbers, chosen)
        return None

    def _numbers(self, dice: Dice) -> dict[str, Fraction]:
        for _ in range(_ATTEMPTS):
            numbers = {name: dice.choice(draws.values) for name, draws in self.draws.items()}
            known = dict(numbers)
            for step in self.steps:
                known[step.name] = step.sum.value(known)
                if not step.admits(known[step.name]):
                    break
            else:
                return numbers
        raise AssertionError(f"story {self.name}: no numbers fit its sums")

    def _pattern(self, template: str) -> re.Pattern[str]:
        pools = words()
        parts: list[str] = []
        seen: set[str] = set()
        for index, piece in enumerate(_SLOT.split(template)):
            if index % 2 == 0:
                parts.append(re.escape(piece))
            elif piece in seen:
                parts.append(f"(?P={piece})")
            else:
                seen.add(piece)
                any_word = "|".join(map(re.escape, pools.get(piece, ())))
                parts.append(f"(?P<{piece}>{any_word or _NUMBER})")
        return re.compile("".join(parts))


@dataclass(frozen=True)
class Told:
    """A story with its numbers and words filled in."""

    story: Story
    voice: str
    numbers: Mapping[str, Fraction]
    words: Mapping[str, str]

    @property
    def text(self) -> str:
        """The problem."""
        numbers = {name: shown(value) for name, value in self.numbers.items()}
        return self.story.wordings[self.voice].format_map({**numbers, **self.words})


@cache
def stories(level: Level) -> tuple[Story, ...]:
    """All stories of a level."""
    return tuple(Story.model_validate(entry) for entry in read_packaged(f"stories_{level}.yaml"))


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Word slot -> the words it may hold."""
    return {slot: tuple(pool) for slot, pool in read_packaged("words.yaml").items()}


def read_story(text: str, candidates: Iterable[Story]) -> Told | None:
    """The first story that stands in a text; runs of white space count as one space."""
    plain = " ".join(text.split())
    return next((told for story in candidates if (told := story.read(plain))), None)


def _draws(text: str) -> Draws:
    match = _DRAW.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no range")
    low, high, step = (Fraction(part or "1") for part in match.groups())
    return Draws(tuple(low + step * index for index in range(int((high - low) / step) + 1)))


def _step(text: str) -> Step:
    match = _STEP.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no step")
    name, money, written, noun = match.groups()
    return Step(name, parse_sum(written), noun, bool(money))
