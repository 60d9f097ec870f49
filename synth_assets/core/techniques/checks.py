"""Constraints on a response that are checked without a model, as recipes write them.

Numbers and texts may be inputs of the sample, `{bullets}`, so that they are drawn by variations; a
check whose input is empty, because it was not drawn, does not apply. Each says itself in a sentence
for prompts; `said` replaces it, for other languages.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator

from synth_assets.core.config.names import Name, Written
from synth_assets.core.verify.json_record import MalformedJson, strict_json
from synth_assets.core.verify.reading.folding import folded, stands_in
from synth_assets.errors import RecipeError

_PLACE = re.compile(r"\{(\w+)\}")
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u2013]|\d{1,2}[.)])\s+\S", re.MULTILINE)

_NUMBERS = ("min", "max", "count")

Number: TypeAlias = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^\{\w+\}$")]


class Check(Written):
    """A constraint; the base of all.

    Attributes:
        name: what rows call it; by default its kind.
        said: what prompts say, in the place of its own sentence; `{input}`s are filled in.
    """

    name: Name | None = None
    said: str | None = None

    def applied(self, values: Mapping[str, str]) -> "Check | None":
        """The check with its inputs filled in; none where one of them is empty.

        Raises:
            RecipeError: if there is no such input, or a number is none.
        """
        filled: dict[str, object] = {}
        for field, value in self:
            if isinstance(value, str) and field not in ("kind", "name"):
                text = _filled(value, values, f"{self.label}: {field}")
                if text is None:
                    return None
                filled[field] = int(text) if field in _NUMBERS and text.isdecimal() else text
        try:
            return type(self).model_validate({**self.model_dump(), **filled})
        except ValidationError as exc:
            told = "; ".join(str(error["msg"]) for error in exc.errors())
            raise RecipeError(
                f"technique: checks: {self.label}: does not fit {filled}: {told}. Mend the check, "
                "or the values of the variations it names."
            ) from exc

    @property
    def label(self) -> str:
        """What rows call it."""
        return self.name or str(getattr(self, "kind", ""))

    @property
    def sentence(self) -> str:
        """What prompts say of it."""
        return self.said or self._sentence()

    @abstractmethod
    def _sentence(self) -> str: ...

    @abstractmethod
    def fault(self, text: str) -> str | None:
        """What is wrong with a text, in words; none where nothing is."""


class Words(Check):
    """At least `min` and at most `max` words, between white space."""

    kind: Literal["words"]
    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "Words":
        if self.min is None and self.max is None:
            raise ValueError("give `min`, `max` or both")
        if isinstance(self.min, int) and isinstance(self.max, int) and self.min > self.max:
            raise ValueError("`min` is above `max`; no text could pass")
        return self

    def _sentence(self) -> str:
        bounds = [("at least", self.min), ("at most", self.max)]
        told = " and ".join(f"{words} {number}" for words, number in bounds if number is not None)
        return f"Write {told} words."

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        count = len(text.split())
        if isinstance(self.min, int) and count < self.min:
            return f"it has {count} words, at least {self.min} are asked"
        if isinstance(self.max, int) and count > self.max:
            return f"it has {count} words, at most {self.max} are allowed"
        return None


class Contains(Check):
    """A word or phrase stands in it, whatever its case."""

    kind: Literal["contains"]
    text: str = Field(min_length=1)

    def _sentence(self) -> str:
        return f"Use the words «{self.text}»."

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        there = stands_in(folded(self.text), folded(text))
        return None if there else f"the words «{self.text}» do not stand in it"


class Lacks(Check):
    """A word or phrase does not stand in it, whatever its case."""

    kind: Literal["lacks"]
    text: str = Field(min_length=1)

    def _sentence(self) -> str:
        return f"Do not use «{self.text}» anywhere."

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        there = stands_in(folded(self.text), folded(text))
        return f"the words «{self.text}» stand in it" if there else None


class Bullets(Check):
    """Exactly so many lines are bullet points: a dash, star, dot or number first."""

    kind: Literal["bullets"]
    count: Number

    def _sentence(self) -> str:
        return f"Give exactly {self.count} bullet points, each on a line that begins with a dash."

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        found = bullet_lines(text)
        told = f"it has {found} bullet points, exactly {self.count} are asked"
        return None if found == self.count else told


class Json(Check):
    """It is one strict JSON object, with exactly these keys where some are named, `;` between."""

    kind: Literal["json"]
    keys: str = ""

    def _sentence(self) -> str:
        keys = f" with the keys {', '.join(self._names)}" if self.keys else ""
        return f"Answer with one JSON object{keys}, and nothing around it."

    @property
    def _names(self) -> list[str]:
        return [name.strip() for name in self.keys.split(";")]

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        try:
            value = strict_json(text.strip())
        except MalformedJson as fault:
            return f"it is no JSON: {fault}"
        if not isinstance(value, dict):
            return "it is JSON, but no object"
        if self.keys and set(value) != set(self._names):
            return f"its keys are {', '.join(value)}, and not {', '.join(self._names)}"
        return None


class EndsWith(Check):
    """It ends with this text, white space aside."""

    kind: Literal["ends_with"]
    text: str = Field(min_length=1)

    def _sentence(self) -> str:
        return f"End with «{self.text}»"

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        ends = folded(text).endswith(folded(self.text))
        return None if ends else f"it does not end with «{self.text}»"


class StartsWith(Check):
    """It begins with this text, white space aside."""

    kind: Literal["starts_with"]
    text: str = Field(min_length=1)

    def _sentence(self) -> str:
        return f"Begin with «{self.text}»"

    def fault(self, text: str) -> str | None:
        """See `Check`."""
        begins = folded(text).startswith(folded(self.text))
        return None if begins else f"it does not begin with «{self.text}»"


CheckSpec: TypeAlias = Annotated[
    Words | Contains | Lacks | Bullets | Json | EndsWith | StartsWith, Field(discriminator="kind")
]


def bullet_lines(text: str) -> int:
    """How many lines are bullet points: a dash, star, dot or number first."""
    return len(_BULLET.findall(text))


def _filled(text: str, values: Mapping[str, str], where: str) -> str | None:
    """The text with its inputs; none where one is empty."""
    names = _PLACE.findall(text)
    if missing := sorted(set(names) - set(values)):
        raise RecipeError(
            f"technique: checks: {where}: {{{missing[0]}}} is no input. There are "
            f"{', '.join(sorted(values))}. Mend the name, or declare it under variations."
        )
    if not all(values[name] for name in names):
        return None
    return _PLACE.sub(lambda found: values[found[1]], text)
