"""Whether two formulas are the same, by SymPy; imported in worker processes only.

Formulas that differ at some point are different; the value there is computed until its digits are
certain. Formulas that agree at all points tried are the same only if that is proven, by expansion,
simplification or minimal polynomials. Between the two nothing is decided.
"""

import importlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from synth_assets.core.verify.answers.expressions import UNSTATED_BASE
from synth_assets.core.verify.tools import Comparison, Proportion, Sameness
from synth_assets.resources.algebra.wire import Wired

# With gmpy2 a long multiplication holds the process in C code.
os.environ["SYMPY_GROUND_TYPES"] = "python"
os.environ["MPMATH_NOGMPY"] = "1"
sympy: Any = importlib.import_module("sympy")
_polynomial_errors: Any = importlib.import_module("sympy.polys.polyerrors")

# What SymPy raises where it cannot do a thing.
_REFUSALS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    _polynomial_errors.BasePolynomialError,
)

_DIGITS = 15
_MOST_DIGITS = 150
_POINTS = 3

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": sympy.Add,
    "*": sympy.Mul,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "abs": sympy.Abs,
    "max": sympy.Max,
    "min": sympy.Min,
} | {
    name: getattr(sympy, name)
    for name in (
        *("sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot", "asec"),
        *("acsc", "sinh", "cosh", "tanh", "exp", "floor", "ceiling", "factorial", "binomial"),
    )
}


class _Unclear(ValueError):
    """The formulas have no agreed meaning, or none that is tried here."""


def decide(left: Wired, right: Wired, proportion: Proportion) -> Comparison:
    """Compare two formulas as `to_wire` writes them."""
    try:
        one, other = _built(left), _built(right)
        if proportion is Proportion.EQUAL:
            return _equal(one, other)
        return _multiple(one, other, proportion)
    except _Unclear as why:
        return _undecided(str(why))
    except _REFUSALS as fault:
        return _undecided(f"algebra gave up: {type(fault).__name__}: {str(fault)[:100]}")


def _built(wired: Wired) -> Any:  # noqa: ANN401 - a SymPy expression
    match wired:
        case ["number", str(over), str(under)]:
            return sympy.Rational(int(over), int(under))
        case ["symbol", str(name)]:
            return sympy.Symbol(name, positive=True if name == UNSTATED_BASE else None, real=True)
        case ["constant", str(name)]:
            return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}[name]
        case ["apply", str(head), *args]:
            return _applied(head, [_built(each) for each in args if not isinstance(each, str)])
        case _:
            raise _Unclear("not as formulas are sent")


def _applied(head: str, args: Sequence[Any]) -> Any:  # noqa: ANN401
    match head, args:
        case "^", [base, power]:
            return _power(base, power)
        case "ln", [only]:
            return sympy.log(only)
        case "root", [base, degree]:
            return _root(base, degree)
        case (("gcd" | "lcm"), _):
            if not all(each.is_Integer for each in args):
                raise _Unclear(f"{head} of what are no whole numbers")
            return (sympy.igcd if head == "gcd" else sympy.ilcm)(*args)
        case _:
            return _FUNCTIONS[head](*args)


def _power(base: Any, power: Any) -> Any:  # noqa: ANN401
    """A power; of a negative number to a fraction there are two conventions."""
    if base.is_negative and power.is_Rational and not power.is_Integer and power.q != 2:
        raise _Unclear("a fractional power of a negative number")
    return sympy.Pow(base, power)


def _root(base: Any, degree: Any) -> Any:  # noqa: ANN401
    """The real root where the degree is odd."""
    if not (degree.is_Integer and degree % 2):
        return sympy.root(base, degree)
    return sympy.sign(base) * sympy.root(sympy.Abs(base), degree)


def _equal(one: Any, other: Any) -> Comparison:  # noqa: ANN401
    endless = (sympy.oo, -sympy.oo)
    if one in endless or other in endless:
        if one == other:
            return Comparison(Sameness.EQUAL)
        known = one in endless and other in endless
        finite = one.is_finite or other.is_finite
        return Comparison(Sameness.DIFFERENT) if known or finite else _undecided("it is endless")
    unequal = one - other
    if unequal == 0:
        return Comparison(Sameness.EQUAL)
    if unequal.has(sympy.nan, sympy.zoo, sympy.oo):
        raise _Unclear("a division by zero, or infinity inside a formula")
    symbols = sorted(unequal.free_symbols, key=str)
    if _differs(unequal, symbols, fractional=True):
        if symbols and not _differs(unequal, symbols, fractional=False):
            return _undecided("the same for whole numbers only")
        return Comparison(Sameness.DIFFERENT)
    if symbols and _differs(unequal, symbols, fractional=True, sign=-1):
        return _undecided("the same for positive variables only")
    if _is_proven(unequal):
        return Comparison(Sameness.EQUAL)
    return _undecided("the same at all points tried, which is no proof")


def _multiple(one: Any, other: Any, proportion: Proportion) -> Comparison:  # noqa: ANN401
    """Whether one is a number times the other: then it is so with the ratio at any point."""
    symbols = sorted((one - other).free_symbols | one.free_symbols, key=str)
    if not symbols:
        raise _Unclear("a relation without variables")
    point = _point(symbols, 1, fractional=True)
    here, there = one.subs(point), other.subs(point)
    if not (_is_certain(here) and _is_certain(there)):
        raise _Unclear("a relation that holds at the point tried")
    same = _equal(one * there, other * here)
    is_positive = (here / there).is_positive
    if same.sameness is Sameness.EQUAL and proportion is Proportion.POSITIVE_MULTIPLE:
        if is_positive is None:
            raise _Unclear("inequalities by a factor of unknown sign")
        return same if is_positive else Comparison(Sameness.DIFFERENT)
    return same


def _differs(
    unequal: Any,  # noqa: ANN401
    symbols: Sequence[Any],
    *,
    fractional: bool,
    sign: int = 1,
) -> bool:
    """Whether a difference is certainly not zero at one of the points tried."""
    tried = range(_POINTS if symbols else 1)
    values = [unequal.subs(_point(symbols, at, fractional, sign)) for at in tried]
    certain = [_is_certain(each) for each in values]
    if all(each is None for each in certain):
        raise _Unclear("no value at the points tried")
    return any(certain)


def _point(symbols: Sequence[Any], at: int, fractional: bool, sign: int = 1) -> dict[Any, Any]:
    """Numbers for the variables: positive ones, or negative ones but for a logarithm's base."""
    under = 11 + 6 * at if fractional else 1
    return {
        symbol: sympy.Rational(17 + 13 * index + 19 * at, under)
        * (1 if symbol.is_positive else sign)
        for index, symbol in enumerate(symbols)
    }


def _is_certain(value: Any) -> bool | None:  # noqa: ANN401
    """Whether a number is certainly not zero; None where it has no value."""
    found = value.evalf(_DIGITS, maxn=_MOST_DIGITS)
    if not found.is_number or found.has(sympy.nan, sympy.zoo, sympy.oo):
        return None
    parts = found.as_real_imag()
    if not all(part.is_Float or part.is_Rational for part in parts):
        return None
    # SymPy gives a precision of one bit to what it could not tell from zero.
    return any(part != 0 and getattr(part, "_prec", _DIGITS) > 1 for part in parts)


def _is_proven(unequal: Any) -> bool:  # noqa: ANN401
    ways = (
        lambda: sympy.expand(unequal) == 0,
        lambda: sympy.simplify(unequal) == 0,
        lambda: unequal.equals(0) is True,
        lambda: sympy.simplify(sympy.expand_log(sympy.expand_trig(unequal), force=True)) == 0,
    )
    return any(way() for way in ways)


def _undecided(why: str) -> Comparison:
    return Comparison(Sameness.UNDECIDED, why)
