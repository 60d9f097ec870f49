"""What is drawn for each sample: attributes with weights, conditions and combinations left out.

The space is walked in the order in which recipes declare it. Given the values so far, an attribute
whose condition does not hold has none; else its values have their weights, those left out that
would lead into a forbidden combination.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from synth_assets.core.config.choices import TextChoice, Weighted, at, values_of
from synth_assets.core.config.names import Name, Written
from synth_assets.errors import RecipeError

Combination = Mapping[Name, TextChoice]
"""Attribute -> values; a sample is of it where each attribute has one of its values."""


class Variation(Written):
    """An attribute that is drawn for each sample; `level: [easy, hard]` says the values alone.

    Attributes:
        values: what to draw from, by weight.
        file: a text file in the recipe's folder with a value a line, in the place of `values`;
            empty lines and those that begin with `#` are passed over.
        when: draw only where these attributes, declared before, have one of these values.
    """

    values: TextChoice | None = None
    file: str | None = None
    when: Combination = Field(default_factory=dict[Name, tuple[Weighted[str], ...]])

    @model_validator(mode="before")
    @classmethod
    def _values_alone(cls, said: object) -> object:
        return said if isinstance(said, dict | Variation) else {"values": said}  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="after")
    def _one_origin(self) -> "Variation":
        if (self.values is None) == (self.file is None):
            raise ValueError("give either `values` or `file`")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        said: dict[str, object] = write(self)
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Attribute:
    """One attribute of a space.

    Attributes:
        name: what it is called.
        choice: its values, by weight.
        when: attribute -> values under which it is drawn.
    """

    name: str
    choice: Sequence[Weighted[str]]
    when: Mapping[str, frozenset[str]]

    def is_drawn(self, values: Mapping[str, str]) -> bool:
        """Whether its condition holds."""
        return all(values.get(name) in allowed for name, allowed in self.when.items())


@dataclass(frozen=True)
class AttributeSpace:
    """The attributes of a recipe, in order, and the combinations that no sample has.

    Attributes:
        attributes: in the order they are drawn.
        never: forbidden combinations.
    """

    attributes: tuple[Attribute, ...]
    never: tuple[Mapping[str, frozenset[str]], ...] = ()
    _open: dict[tuple[int, tuple[str, ...]], bool] = field(
        default_factory=dict[tuple[int, tuple[str, ...]], bool], repr=False, compare=False
    )

    @classmethod
    def of(
        cls,
        label: str,
        variations: Mapping[str, Variation],
        never: Sequence[Combination],
        files: Mapping[str, str],
    ) -> "AttributeSpace":
        """Check a recipe's variations against each other and its files.

        Raises:
            RecipeError: if a file is missing or empty, a value stands twice, a name or value is
                not declared (before), or the forbidden combinations leave nothing.
        """
        attributes: list[Attribute] = []
        for name, variation in variations.items():
            before = {attribute.name: attribute for attribute in attributes}
            where = f"{label}: variations: {name}"
            choice = _choice(where, variation, files)
            when = _checked(f"{where}: when", variation.when, before)
            attributes.append(Attribute(name, choice, when))
        declared = {attribute.name: attribute for attribute in attributes}
        forbidden = tuple(_checked(f"{label}: never", each, declared) for each in never)
        space = cls(tuple(attributes), forbidden)
        if not space._can_go_on(0, {}):
            raise RecipeError(
                f"{label}: never: forbids every combination of the variations. Remove an entry."
            )
        return space

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        """Name -> attribute."""
        return {attribute.name: attribute for attribute in self.attributes}

    def allowed(self, index: int, values: Mapping[str, str]) -> Sequence[Weighted[str]]:
        """What the attribute at an index may be, given those before; nothing if it is not drawn."""
        attribute = self.attributes[index]
        if not attribute.is_drawn(values):
            return ()
        if not self.never:
            return attribute.choice
        return tuple(
            each
            for each in attribute.choice
            if self._can_go_on(index + 1, {**values, attribute.name: each.value})
        )

    def shares(self, most_cells: int = 100_000) -> dict[tuple[tuple[str, str], ...], float]:
        """Cell -> the share of samples it is to get; a cell is `((attribute, value), ...)`.

        Attributes that are not drawn are left out of their cells.

        Raises:
            RecipeError: if there are more than `most_cells`.
        """
        cells: dict[tuple[tuple[str, str], ...], float] = {(): 1.0}
        for index, attribute in enumerate(self.attributes):
            grown: dict[tuple[tuple[str, str], ...], float] = {}
            for cell, share in cells.items():
                allowed = self.allowed(index, dict(cell))
                total = sum(each.weight for each in allowed)
                if not allowed:
                    grown[cell] = share
                for each in allowed:
                    place = (*cell, (attribute.name, each.value))
                    grown[place] = share * each.weight / total
                if len(grown) > most_cells:
                    raise RecipeError(
                        f"variations: more than {most_cells:,} combinations. Leave some out, or "
                        "look at fewer attributes."
                    )
            cells = grown
        return cells

    def _can_go_on(self, index: int, values: Mapping[str, str]) -> bool:
        """Whether some choice of the attributes from an index on breaks no rule."""
        if not self.never:
            return True
        place = index, tuple(values.get(name, "") for name in self._named)
        if place not in self._open:
            self._open[place] = self._goes_on(index, values)
        return self._open[place]

    def _goes_on(self, index: int, values: Mapping[str, str]) -> bool:
        if any(_is_of(values, combination) for combination in self.never):
            return False
        if index == len(self.attributes):
            return True
        attribute = self.attributes[index]
        if attribute.name not in self._named or not attribute.is_drawn(values):
            return self._can_go_on(index + 1, values)
        return any(
            self._can_go_on(index + 1, {**values, attribute.name: value})
            for value in values_of(attribute.choice)
        )

    @cached_property
    def _named(self) -> tuple[str, ...]:
        """The attributes that rules and conditions speak of: all else is free."""
        named = {name for rule in self.never for name in rule}
        named |= {name for attribute in self.attributes for name in attribute.when}
        return tuple(attribute.name for attribute in self.attributes if attribute.name in named)


def drawn_value(allowed: Sequence[Weighted[str]], point: float) -> str:
    """The allowed value at a point of [0, 1); empty where there is none."""
    return at(allowed, point) if allowed else ""


def _is_of(values: Mapping[str, str], combination: Mapping[str, frozenset[str]]) -> bool:
    return all(values.get(name) in forbidden for name, forbidden in combination.items())


def _choice(
    where: str, variation: Variation, files: Mapping[str, str]
) -> tuple[Weighted[str], ...]:
    choice = variation.values
    if choice is None:
        choice = _read(where, variation.file or "", files)
    values = values_of(choice)
    if repeated := sorted({value for value in values if values.count(value) > 1}):
        raise RecipeError(f"{where}: {repeated[0]!r} stands twice. Give it a weight instead.")
    return choice


def _read(where: str, name: str, files: Mapping[str, str]) -> tuple[Weighted[str], ...]:
    if name not in files:
        there = ", ".join(sorted(files)) or "none"
        raise RecipeError(
            f"{where}: there is no file {name}. Files here: {there}. Write it, a value a line."
        )
    lines = (line.strip() for line in files[name].splitlines())
    found = tuple(Weighted(value=line) for line in lines if line and not line.startswith("#"))
    if not found:
        raise RecipeError(f"{where}: {name} holds no value. Write one a line.")
    return found


def _checked(
    where: str, combination: Combination, declared: Mapping[str, Attribute]
) -> dict[str, frozenset[str]]:
    if unknown := sorted(set(combination) - set(declared)):
        raise RecipeError(
            f"{where}: {unknown[0]} is not declared before. Declared: "
            f"{', '.join(declared) or 'none'}. Mend the name or the order of the variations."
        )
    for name, choice in combination.items():
        strange = sorted(set(values_of(choice)) - set(values_of(declared[name].choice)))
        if strange:
            raise RecipeError(
                f"{where}: {name} is never {strange[0]!r}. Its values: "
                f"{', '.join(values_of(declared[name].choice)[:20])}. Mend the value."
            )
    return {name: frozenset(values_of(choice)) for name, choice in combination.items()}
