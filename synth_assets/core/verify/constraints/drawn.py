"""Constraints whose arguments are drawn for each sample."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, TypeAlias, cast

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from synth_assets.core.config.names import Name, Written
from synth_assets.core.verify.constraints.catalogue import (
    FAMILIES,
    NoConstraints,
    from_data,
)
from synth_assets.core.verify.constraints.protocol import Constraint

_PLACE = re.compile(r"\{([a-z][a-z0-9_-]{0,62})\}")

Drawn: TypeAlias = Mapping[str, str | int | float]
"""Attribute -> what was drawn for a sample."""


def _listed(said: object) -> object:
    items = cast("Sequence[object]", said) if isinstance(said, list | tuple) else (said,)
    return tuple(str(item) if isinstance(item, int | float) else item for item in items)


_Values = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed)]


class DrawnConstraint(Written):
    """A constraint in which `{name}` stands for the value of that attribute of the sample.

    Attributes:
        id: of the family; its arguments stand beside it.
        when: it is asked of samples in which each of these attributes has one of these values.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    id: str
    when: Mapping[Name, _Values] = Field(default_factory=dict[Name, tuple[str, ...]])

    @model_validator(mode="after")
    def _could_be_made(self) -> "DrawnConstraint":
        family = FAMILIES.get(self.id)
        if family is None:
            raise ValueError(f"no family is called {self.id!r}; known: {', '.join(FAMILIES)}")
        names = set(family.model_fields) - {"id"}
        said = set(self.arguments)
        if unknown := sorted(said - names):
            raise ValueError(
                f"{self.id} has no argument {unknown[0]}; it has: {', '.join(sorted(names))}"
            )
        if missing := sorted(names - said):
            raise ValueError(f"{self.id} needs the argument {missing[0]}")
        self._check_plain(family)
        return self

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """Argument -> value, places still open."""
        return self.__pydantic_extra__

    @property
    def places(self) -> frozenset[str]:
        """The attributes whose values are filled in."""
        return frozenset(_PLACE.findall(" ".join(_texts(list(self.arguments.values())))))

    def is_asked(self, drawn: Drawn) -> bool:
        """Whether it is asked of a sample with these attributes."""
        return all(
            name in drawn and str(drawn[name]) in values for name, values in self.when.items()
        )

    def made(self, drawn: Drawn) -> Constraint:
        """The constraint, values filled in.

        Raises:
            NoConstraints: if an attribute is missing, or its value will not do for the argument.
        """
        if missing := sorted(self.places - set(drawn)):
            raise NoConstraints(f"{self.id}: the sample has no attribute {missing[0]}")
        filled = {name: _filled(value, drawn) for name, value in self.arguments.items()}
        return from_data({**filled, "id": self.id})

    def _check_plain(self, family: type[Constraint]) -> None:
        """Arguments without a place must do as they are."""
        plain = {
            name: value
            for name, value in self.arguments.items()
            if not any(_PLACE.search(text) for text in _texts([value]))
        }
        try:
            family.model_validate({**plain, "id": self.id})
        except ValidationError as faults:
            for fault in faults.errors(include_url=False):
                if fault["type"] != "missing":
                    where = ".".join(str(part) for part in fault["loc"])
                    raise ValueError(f"{self.id}: {where}: {fault['msg']}") from faults


def _texts(values: Sequence[JsonValue]) -> list[str]:
    """Texts among values, and in lists among them."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, str)]


def _filled(value: JsonValue, drawn: Drawn) -> JsonValue:
    if isinstance(value, list):
        return [_filled(item, drawn) for item in value]
    if not isinstance(value, str):
        return value
    return _PLACE.sub(lambda place: str(drawn[place[1]]), value)
