"""Something to choose from, by weight: `[a, b]`, or `[a, {value: b, weight: 2}]`, or plain `a`."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Generic, TypeAlias, TypeVar, cast

from pydantic import BeforeValidator, Field, JsonValue, StringConstraints

from synth_assets.core.config.names import Written

T = TypeVar("T")


class Weighted(Written, Generic[T]):
    """A value, and how often it is drawn, relative to the others."""

    value: T
    weight: float = Field(default=1.0, gt=0)


def _listed(said: object) -> object:
    """Each plain value in long form; a value alone is a list of one."""
    items = cast("Sequence[object]", said) if isinstance(said, list | tuple) else [said]
    if not items:
        raise ValueError("give at least one value")
    return [item if _is_long(item) else {"value": item} for item in items]


def _is_long(item: object) -> bool:
    return isinstance(item, Weighted) or (isinstance(item, dict) and "value" in item)


_Text = Annotated[str, StringConstraints(min_length=1)]
TextChoice: TypeAlias = Annotated[tuple[Weighted[_Text], ...], BeforeValidator(_listed)]
ValueChoice: TypeAlias = Annotated[tuple[Weighted[JsonValue], ...], BeforeValidator(_listed)]


def values_of(choice: Iterable[Weighted[T]]) -> tuple[T, ...]:
    """What there is to choose from."""
    return tuple(each.value for each in choice)


def at(choice: Sequence[Weighted[T]], point: float) -> T:
    """The value whose stretch of [0, 1) holds the point; stretches are as wide as weights."""
    if len(choice) == 1:
        return choice[0].value
    left = point * sum(each.weight for each in choice)
    for each in choice:
        left -= each.weight
        if left < 0:
            return each.value
    return choice[-1].value
