"""What a worker with z3 answers; imported in worker processes only."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from operator import add, ge, gt, le, lt, mul, sub
from typing import Any, cast

z3: Any = importlib.import_module("z3")

_CHAINED: dict[str, Callable[[Any, Any], Any]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "=": lambda one, other: one == other,
}
_FOLDED: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "div": lambda one, other: one / other,
    "mod": lambda one, other: one % other,
}
_CONNECTIVES: dict[str, Callable[..., Any]] = {
    "and": z3.And,
    "or": z3.Or,
    "xor": z3.Xor,
    "not": z3.Not,
    "ite": z3.If,
    "distinct": z3.Distinct,
}
_COUNTS: dict[str, Callable[..., Any]] = {
    "at-most": z3.AtMost,
    "at-least": z3.AtLeast,
}


def answer(question: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Look for values that make all formulas of a question true."""
    z3.set_param("smt.random_seed", 0)
    names = {
        name: z3.Bool(name) if sort == "bool" else z3.Int(name)
        for name, sort in question["sorts"].items()
    }
    solver = z3.Solver()
    for formula in question["formulas"]:
        for divisor in _divisors(formula):
            solver.add(_built(divisor, names) != 0)
        solver.add(_built(formula, names))
    found = solver.check()
    if found == z3.unknown:
        return {"outcome": "unknown", "why": str(solver.reason_unknown())[:100]}
    if found == z3.unsat:
        return {"outcome": "unsat", "model": {}}
    model = solver.model()
    return {"outcome": "sat", "model": {n: _value(model, each) for n, each in names.items()}}


def _value(model: Any, name: Any) -> bool | int:  # noqa: ANN401
    value = model.eval(name, model_completion=True)
    return bool(z3.is_true(value)) if z3.is_bool(value) else int(value.as_long())


def _divisors(wired: Any) -> list[Any]:  # noqa: ANN401
    """What a formula divides by: SMT-LIB lets a division by zero be anything."""
    if not isinstance(wired, list):
        return []
    operator, *args = cast("list[Any]", wired)
    found = [part for each in args for part in _divisors(each)]
    return [*found, *args[1:]] if operator in ("div", "mod") else found


def _built(wired: Any, names: Mapping[str, Any]) -> Any:  # noqa: ANN401
    match wired:
        case bool():
            return z3.BoolVal(wired)
        case int():
            return z3.IntVal(wired)
        case str():
            return names[wired]
        case [str(operator), *args]:
            return _applied(operator, [_built(each, names) for each in args], args)
        case _:
            raise ValueError("not as formulas are sent")


def _applied(operator: str, args: Sequence[Any], wired: Sequence[Any]) -> Any:  # noqa: ANN401
    if operator in _CHAINED:
        pairs = pairwise(args)
        return z3.And([_CHAINED[operator](one, other) for one, other in pairs])
    if operator == "-" and len(args) == 1:
        return -args[0]
    if operator in _FOLDED:
        return reduce(_FOLDED[operator], args)
    match operator:
        case "=>":
            return reduce(lambda after, before: z3.Implies(before, after), reversed(args))
        case "abs":
            return z3.If(args[0] >= 0, args[0], -args[0])
        case "count":
            return z3.Sum([z3.If(each, 1, 0) for each in args])
        case "exactly":
            return z3.PbEq([(each, 1) for each in args[1:]], wired[0])
        case _ if operator in _COUNTS:
            return _COUNTS[operator](*args[1:], wired[0])
        case _:
            return _CONNECTIVES[operator](*args)
