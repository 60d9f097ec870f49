"""Bounds that mixtures set: shares and numbers of rows of some kind."""

from fractions import Fraction
from math import isfinite
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from synth_assets.core.config.names import Written

_DECIMALS = 5


def exact(number: float) -> Fraction:
    """The decimal as the user wrote it: the binary 0.7 is a little less than seven tenths."""
    return Fraction(repr(number))


def _few_decimals(share: float) -> float:
    if exact(share).denominator > 10**_DECIMALS:
        raise ValueError(f"a share has at most {_DECIMALS} decimals; round it")
    return share


Share = Annotated[float, Field(ge=0, le=1), AfterValidator(_few_decimals)]
"""From 0 to 1, in at most five decimals, so that what is promised can be checked exactly."""

Column: TypeAlias = Annotated[
    str,
    StringConstraints(
        pattern=r"^(origin|recipe|technique|source|teacher|family|licence|language|difficulty"
        r"|depth|attribute\.[A-Za-z0-9_ -]{1,100})$"
    ),
]
"""What rows are told apart by; `attribute.topic` is what was drawn or found out as `topic`."""

NUMBERS = frozenset({"difficulty", "depth"})
"""Columns that hold numbers; all others hold text."""

Value: TypeAlias = str | int | float


class CountBounds(Written):
    """From `at_least` to `at_most` rows; a bare number is both."""

    at_least: int = Field(default=0, ge=0)
    at_most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        if self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is larger than at_most; no set could hold to both")
        return self

    @property
    def said(self) -> str:
        """As people read it: `20`, `at least 5`, `5 to 20`."""
        if self.at_most is None:
            return f"at least {self.at_least:,}"
        if self.at_least == self.at_most:
            return f"{self.at_most:,}"
        return f"{self.at_least:,} to {self.at_most:,}"


class ShareBounds(Written):
    """Bounds of a share, 0..1; a bare number is both."""

    at_least: Share = 0
    at_most: Share = 1

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        if self.at_least > self.at_most:
            raise ValueError("at_least is larger than at_most; no set could hold to both")
        return self

    @property
    def said(self) -> str:
        """As people read it: `0.5`, `0.7 to 0.8`."""
        if self.at_least == self.at_most:
            return f"{self.at_least:g}"
        return f"{self.at_least:g} to {self.at_most:g}"


def is_number(text: str) -> bool:
    """Whether a text says a number."""
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _as_bounds(said: object) -> object:
    if isinstance(said, (int, float)) and not isinstance(said, bool):
        return {"at_least": said, "at_most": said}
    return said


Shares: TypeAlias = Annotated[ShareBounds, BeforeValidator(_as_bounds)]
Counts: TypeAlias = Annotated[CountBounds, BeforeValidator(_as_bounds)]


class Range(Written):
    """Numbers from `at_least` to below `below`; without one, open on that side."""

    at_least: float | None = None
    below: float | None = None

    @property
    def said(self) -> str:
        """As people read it: `1 to below 3`."""
        ends = (
            "" if self.at_least is None else f"from {self.at_least:g}",
            "" if self.below is None else f"below {self.below:g}",
        )
        return " to ".join(filter(None, ends)) or "any number"


Where: TypeAlias = dict[Column, Value | tuple[Value, ...] | Range]
"""Rows that have this value, one of these, or a number in this range, in every column named."""


class Quota(Written):
    """How many of the rows may be, or must be, of some kind.

    Attributes:
        where: of which kind; with none, all.
        each: one bound of its own for each value of this column that candidates have.
        of: what a share is a share of.
        share: bounds of the share; met within one row.
        rows: bounds of the number of rows; met exactly.
    """

    where: Where = Field(default_factory=Where)
    each: Column | None = None
    of: Literal["all", "synthetic", "real"] = "all"
    share: Shares | None = None
    rows: Counts | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.share is None) == (self.rows is None):
            raise ValueError("a quota has either share or rows")
        if not self.where and self.each is None:
            raise ValueError("a quota names its rows by where, or each, or both")
        for column, wanted in self.where.items():
            values = wanted if isinstance(wanted, tuple) else (wanted,)
            if column in NUMBERS and any(isinstance(value, str) for value in values):
                raise ValueError(f"{column} holds numbers; name numbers, or a range of them")
        return self

    @property
    def kind(self) -> str:
        """Which rows, as people read it: `topic fractions or decimals, each teacher`."""
        named = [kind_of(column, values) for column, values in self.where.items()]
        return ", ".join([*named, *([f"each {column_name(self.each)}"] if self.each else [])])

    @property
    def said(self) -> str:
        """What of them, as people read it: `share 0.1 to 0.3 of the synthetic rows`."""
        if self.rows is not None:
            return f"{self.rows.said} rows"
        whole = "the rows" if self.of == "all" else f"the {self.of} rows"
        return f"share {self.share.said} of {whole}" if self.share else ""


def column_name(column: str) -> str:
    """A column as people read it: `attribute.topic` is the topic."""
    return column.removeprefix("attribute.")


def kind_of(column: str, values: Value | tuple[Value, ...] | Range) -> str:
    """Rows with such values, as people read it: `topic fractions or decimals`."""
    match values:
        case Range():
            told = values.said
        case tuple():
            told = " or ".join(str(value) for value in values)
        case _:
            told = str(values)
    return f"{column_name(column)} {told}"
