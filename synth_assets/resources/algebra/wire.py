"""Scalars on their way to a worker: nested JSON lists, nothing that could run."""

from typing import TypeAlias, assert_never

from synth_assets.core.verify.answers.expressions import (
    Apply,
    Based,
    Constant,
    Number,
    Scalar,
    Symbol,
)

Wired: TypeAlias = "list[str | Wired]"
"""`[kind, name or value, arguments ...]`, kinds `number`, `symbol`, `constant`, `apply`."""


def to_wire(value: Scalar) -> Wired:
    """Write a scalar; as deep as its tree."""
    match value:
        case Number(number):
            return ["number", str(number.numerator), str(number.denominator)]
        case Based():
            return to_wire(value.value)
        case Symbol(name):
            return ["symbol", name]
        case Constant(name):
            return ["constant", name]
        case Apply(head, args):
            return ["apply", head, *map(to_wire, args)]
        case _:
            assert_never(value)
