"""Equations and inequalities: turned one way, solved for a variable, as intervals."""

from typing import TypeGuard

from synth_assets.core.verify.answers.expressions import (
    Apply,
    Collection,
    Constant,
    Expression,
    Interval,
    Number,
    Relation,
    Scalar,
    Symbol,
    Words,
    difference,
    negative,
    nodes,
    scalars_in,
)


def upward(relation: Relation) -> Relation:
    """The relation with `<` and `<=` in the place of `>` and `>=`."""
    if set(relation.signs) <= {">", ">="}:
        signs = tuple("<" if sign == ">" else "<=" for sign in reversed(relation.signs))
        return Relation(tuple(reversed(relation.sides)), signs)
    return relation


def is_name(value: Expression) -> bool:
    """What may stand before `=` to name an answer: `x`, `Area`, `f(x)`, `(p, q)`, `|AB|`."""
    match value:
        case Symbol() | Words() | Apply("*", (Symbol(), Symbol())):
            return True
        case Collection("tuple", items):
            return all(isinstance(each, Symbol) for each in items)
        case Apply("abs", (inside,)):
            return is_name(inside)
        case _:
            return False


def is_solved(relation: Relation) -> bool:
    """Whether it gives one variable alone."""
    match relation:
        case Relation((Symbol(name), said), ("=",)):
            return all(name not in _symbols(each) for each in scalars_in(said))
        case _:
            return False


def variables(relation: Relation) -> set[str]:
    """Names of the variables of a relation."""
    return {name for side in relation.sides for each in scalars_in(side) for name in _symbols(each)}


def zero_side(relation: Relation) -> Scalar | None:
    """Left minus right of a relation between two scalars."""
    left, right = relation.sides
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return difference(left, right)
    return None


def as_interval(value: Expression) -> Interval | None:
    """A pair in round brackets as the open interval that it may be."""
    match value:
        case Collection("tuple", (low, high)):
            if isinstance(low, Scalar) and isinstance(high, Scalar):
                return Interval(low, high, True, True)
        case _:
            pass
    return None


def interval_of(value: Expression) -> Interval | None:
    """What an inequality says of one variable between ends without variables."""
    if not isinstance(value, Relation):
        return None
    turned = upward(value)
    if not set(turned.signs) <= {"<", "<="}:
        return None
    is_open = [sign == "<" for sign in turned.signs]
    match turned.sides:
        case (Symbol(), high) if _is_plain(high):
            return Interval(negative(Constant("oo")), high, True, is_open[0])
        case (low, Symbol()) if _is_plain(low):
            return Interval(low, Constant("oo"), is_open[0], True)
        case (low, middle, high) if is_name(middle) and _is_plain(low) and _is_plain(high):
            return Interval(low, high, is_open[0], is_open[1])
        case _:
            return None


def endless_sign(value: Scalar) -> int:
    """1 for infinity, -1 for minus infinity, 0 for all else."""
    match value:
        case Constant("oo"):
            return 1
        case Apply("*", (Number(factor), Constant("oo"))):
            return (factor > 0) - (factor < 0)
        case _:
            return 0


def degree(value: Scalar) -> int | None:
    """The degree of a polynomial as it is written; None for what is none."""
    match value:
        case Symbol():
            return 1
        case Apply("+" | "*" as head, args):
            degrees = [degree(each) for each in args]
            known = [each for each in degrees if each is not None]
            if len(known) < len(degrees):
                return None
            return max(known) if head == "+" else sum(known)
        case Apply("^", (base, Number(power))) if power.denominator == 1 and power >= 0:
            inner = degree(base)
            return None if inner is None else inner * int(power)
        case _:
            return None if _symbols(value) else 0


def _is_plain(value: Expression) -> TypeGuard[Scalar]:
    return isinstance(value, Scalar) and not _symbols(value)


def _symbols(value: Scalar) -> set[str]:
    return {node.name for node in nodes(value) if isinstance(node, Symbol)}
