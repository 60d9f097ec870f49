"""What an answer of mathematics says, as a tree: scalars, and structures made of them.

Trees compare and hash by what they hold, so equal trees are equal answers; the reverse takes
arithmetic (`exact_value`) or algebra.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

MAX_BITS = 4096
"""Size of a numerator or denominator that is still computed."""

MAX_NODES = 300
_MAX_POWER = 100
_MAX_FACTORIAL = 200
_GROWING = frozenset({"^", "factorial", "binomial", "exp"})


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, with its subscript: `x`, `theta`, `x_1`."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """`pi`, `e`, `i`, or `oo` for infinity."""

    name: Literal["pi", "e", "i", "oo"]


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation: `+`, `*`, `^`, or a function.

    Functions are `sin cos tan cot sec csc`, their inverses with `a` before, `sinh cosh tanh ln exp
    sqrt abs floor ceiling factorial`, `log` (its second argument is the base), `root` (the degree),
    `binomial`, and `gcd lcm max min` of several arguments.
    """

    head: str
    args: tuple["Scalar", ...]


@dataclass(frozen=True, slots=True)
class Based:
    """A whole number that names its base, as in `204_5`; never negative."""

    digits: str
    base: int

    @property
    def value(self) -> Number:
        """What it says."""
        return Number(Fraction(int(self.digits, self.base)))


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words, lower case, single spaces: `east`, `no solution`, `b` for (B)."""

    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: powers of base units, times a factor, as in 1 cm = 1/100 m.

    Attributes:
        factor: how much of the base units it is.
        bases: name -> power, sorted by name, no power 0. Words that are no known unit, such as
            apples, are bases of their own.
        known: whether all words of it are known units.
    """

    factor: Fraction
    bases: tuple[tuple[str, Fraction], ...]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """A scalar with a unit behind it, or before it as with currencies."""

    value: "Scalar"
    unit: Unit


@dataclass(frozen=True, slots=True)
class Collection:
    """Several answers: `(1, 2)` in order; `{1, 2}` and the bare list `1, 2` in any order."""

    kind: Literal["tuple", "set", "list"]
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers between two ends."""

    low: "Scalar"
    high: "Scalar"
    open_low: bool
    open_high: bool


@dataclass(frozen=True, slots=True)
class Union:
    """Several sets put together, in any order."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple["Scalar", ...], ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """`sides[0] signs[0] sides[1] ...`; signs are `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`."""

    sides: tuple["Expression", ...]
    signs: tuple[str, ...]


Scalar: TypeAlias = Number | Symbol | Constant | Apply | Based
Expression: TypeAlias = (
    Scalar | Words | Measured | Collection | Interval | Union | Matrix | Relation
)

UNSTATED_BASE = "base of the logarithm"
"""The symbol that stands for the base which `log` without one leaves open."""


def negative(value: Scalar) -> Scalar:
    """The scalar with its sign changed."""
    if isinstance(value, Number):
        return Number(-value.value)
    return Apply("*", (Number(Fraction(-1)), value))


def reciprocal(value: Scalar) -> Scalar:
    """One over the scalar."""
    if isinstance(value, Number) and value.value:
        return Number(1 / value.value)
    return Apply("^", (value, Number(Fraction(-1))))


def difference(left: Scalar, right: Scalar) -> Scalar:
    """Left minus right."""
    return Apply("+", (left, negative(right)))


def nodes(value: Scalar) -> Iterator[Scalar]:
    """The scalar and all that it is made of."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Apply):
            waiting.extend(node.args)


def depth(value: Scalar) -> int:
    """How deep a scalar is nested; 1 for what has no parts."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        if isinstance(node, Apply):
            waiting.extend((each, level + 1) for each in node.args)
    return deepest


def scalars_in(value: Expression) -> Iterator[Scalar]:
    """The scalars that a structure is made of, whole."""
    match value:
        case Measured(inner, _):
            yield inner
        case Collection(_, items) | Union(items) | Relation(items, _):
            for item in items:
                yield from scalars_in(item)
        case Interval(low, high):
            yield from (low, high)
        case Matrix(rows):
            for row in rows:
                yield from row
        case Words():
            return
        case _:
            yield value


def exact_value(value: Scalar) -> Fraction | None:
    """The rational number that it is, by arithmetic alone; None where that does not show it.

    Numbers of more than 4,096 bits are not computed; what has no value (1/0) has none.
    """
    match value:
        case Number():
            return value.value
        case Based():
            return value.value.value
        case Apply(head, args):
            values = [exact_value(each) for each in args]
            known = [each for each in values if each is not None]
            found = _applied(head, known) if len(known) == len(values) else None
            return found if found is None or _bits(found) <= MAX_BITS else None
        case _:
            return None


def _applied(head: str, values: list[Fraction]) -> Fraction | None:
    match head, values:
        case "+", _:
            return sum(values, Fraction(0))
        case "*", _:
            return _product(values)
        case "^", [base, power]:
            return _power(base, power)
        case ("sqrt", [base]):
            return _power(base, Fraction(1, 2))
        case ("root", [base, degree]):
            return _power(base, 1 / degree) if degree else None
        case ("abs", [only]):
            return abs(only)
        case ("floor", [only]):
            return Fraction(math.floor(only))
        case ("ceiling", [only]):
            return Fraction(math.ceil(only))
        case _:
            return _whole(head, values)


def _whole(head: str, values: list[Fraction]) -> Fraction | None:
    """Functions of whole numbers, and greatest and least."""
    match head:
        case "max":
            return max(values)
        case "min":
            return min(values)
        case _:
            pass
    if any(each.denominator != 1 or not 0 <= each <= _MAX_FACTORIAL for each in values):
        return None
    whole = [int(each) for each in values]
    match head, whole:
        case "factorial", [only]:
            return Fraction(math.factorial(only))
        case "binomial", [n, k]:
            return Fraction(math.comb(n, k))
        case "gcd", _:
            return Fraction(math.gcd(*whole))
        case "lcm", _:
            return Fraction(math.lcm(*whole))
        case _:
            return None


def _product(values: list[Fraction]) -> Fraction | None:
    product = Fraction(1)
    for each in values:
        product *= each
        if _bits(product) > MAX_BITS:
            return None
    return product


def _power(base: Fraction, power: Fraction) -> Fraction | None:
    """Rational powers that are rational; the real root of a negative number only if odd."""
    if power.denominator != 1:
        degree = power.denominator
        if base < 0 or degree > _MAX_POWER:
            return None
        over, under = _root(base.numerator, degree), _root(base.denominator, degree)
        if over is None or under is None:
            return None
        base, power = Fraction(over, under), Fraction(power.numerator)
    exponent = int(power)
    if base == 0:
        return None if exponent <= 0 else base
    if abs(base) != 1 and _bits(base) * abs(exponent) > 2 * MAX_BITS:
        return None
    return base ** (exponent if abs(base) != 1 else exponent % 2)


def _root(value: int, degree: int) -> int | None:
    """The whole root of a whole number, by Newton's method."""
    if value < 2:
        return value
    guess = 1 << -(-value.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + value // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess if guess**degree == value else None
        guess = better


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def danger(value: Scalar) -> str | None:
    """Why algebra should not even be asked about it, or None.

    What passes here may still cost much; the limits of the process that does the algebra hold then.
    """
    for count, node in enumerate(nodes(value)):
        if count >= MAX_NODES:
            return f"it has more than {MAX_NODES} parts"
        match node:
            case Number(number) if _bits(number) > MAX_BITS:
                return "a number in it is too long"
            case Apply("^", (_, power)) if _steep(power):
                return "a power in it is too large"
            case Apply("factorial" | "binomial", args) if any(map(_large, args)):
                return "a factorial in it is too large"
            case _:
                pass
    return None


def _steep(power: Scalar) -> bool:
    """Whether an exponent is a large number, or hides one behind powers and factorials."""
    value = exact_value(power)
    if value is not None:
        return abs(value.numerator) > _MAX_POWER or value.denominator > _MAX_POWER
    growing = (node for node in nodes(power) if isinstance(node, Apply) and node.head in _GROWING)
    return any(exact_value(each) is None and not _has_symbol(each) for each in growing)


def _large(value: Scalar) -> bool:
    """Whether the argument of a factorial is a large number, or may hide one."""
    number = exact_value(value)
    if number is not None:
        return abs(number) > _MAX_FACTORIAL
    grows = any(isinstance(node, Apply) and node.head in _GROWING for node in nodes(value))
    return grows or not _has_symbol(value)


def _has_symbol(value: Scalar) -> bool:
    return any(isinstance(node, Symbol) for node in nodes(value))
