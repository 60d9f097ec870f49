r"""What stands behind a name in a formula: `\frac`, `\sqrt`, `\sin^2 x`, `\begin{pmatrix}`."""

from collections.abc import Callable
from fractions import Fraction
from typing import Protocol, TypeAlias

from synth_assets.core.verify.answers.cursor import Cursor
from synth_assets.core.verify.answers.expressions import (
    UNSTATED_BASE,
    Apply,
    Collection,
    Constant,
    Expression,
    Interval,
    Matrix,
    Number,
    Scalar,
    Symbol,
    negative,
    reciprocal,
)
from synth_assets.core.verify.answers.notation import Kind, Unreadable

GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "iota"}
    | {"kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "varphi"}
    | {"chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Psi", "Omega"}
    | {"vartheta", "ell"}
)
_ONE_ARGUMENT = {
    **{name: name for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc")},
    **{name: name for name in ("ln", "log", "exp", "abs", "floor")},
    "ceil": "ceiling",
}
_INVERTIBLE = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
_POWERED = _INVERTIBLE | {"sinh", "cosh", "tanh", "ln", "log"}
_SEVERAL_ARGUMENTS = frozenset({"gcd", "lcm", "max", "min"})
_MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix"})
_ENDS = {"lfloor": ("rfloor", "floor"), "lceil": ("rceil", "ceiling")}
_MAX_SIDE = 20

STARTS_FACTOR = frozenset(
    {"frac", "sqrt", "pi", "binom", "infty"}
    | _ONE_ARGUMENT.keys()
    | _SEVERAL_ARGUMENTS
    | GREEK
    | _ENDS.keys()
)
"""Commands that may stand beside a factor without a sign between."""


class Grammar(Protocol):
    """The formula around a command."""

    cursor: Cursor

    def sum(self) -> Expression:
        """Read a sum."""
        ...

    def factor(self) -> Expression:
        """Read an atom with powers and the like behind it."""
        ...

    def atom(self) -> Expression:
        """Read a number, a name, a command or a bracket."""
        ...

    def exponent(self) -> Scalar:
        """Read what stands behind `^`."""
        ...

    def items(self, closing: str) -> list[Expression]:
        """Read what commas part, and the closing bracket."""
        ...

    def starts_factor(self) -> bool:
        """Whether what comes next may stand beside a factor without a sign between."""
        ...


def scalar(found: Expression) -> Scalar:
    """The expression, if it may be calculated with.

    Raises:
        Unreadable: for structures.
    """
    if isinstance(found, Scalar):
        return found
    raise Unreadable("a list or a set inside a calculation")


def read_command(name: str, grammar: Grammar) -> Expression:
    """Read the arguments of a command that was taken.

    Raises:
        Unreadable: if the command is not known, or its arguments are not what it takes.
    """
    if name in _ONE_ARGUMENT:
        return _call(_ONE_ARGUMENT[name], grammar)
    if name in _SEVERAL_ARGUMENTS:
        return _call_of_several(name, grammar)
    if name in _ENDS:
        end, head = _ENDS[name]
        inside = scalar(grammar.sum())
        if not grammar.cursor.take_command(end):
            raise Unreadable(f"a bracket \\{name} that is not closed")
        return Apply(head, (inside,))
    if name.startswith("begin ") and name[6:] in _MATRICES:
        return _matrix(name[6:], grammar)
    if (reader := _READERS.get(name)) is None:
        raise Unreadable(f"\\{name} is not known")
    return reader(grammar)


def _argument(grammar: Grammar) -> Scalar:
    """The argument of a command: a group, one digit of a number, or one token."""
    if grammar.cursor.is_kind(Kind.NUMBER):
        return Number(Fraction(grammar.cursor.take_digit()))
    if grammar.cursor.is_kind(Kind.SIGN) and not grammar.cursor.is_sign("{"):
        raise Unreadable("a sign in the place of an argument")
    return scalar(grammar.atom())


def _fraction(grammar: Grammar) -> Scalar:
    over = _argument(grammar)
    return Apply("*", (over, reciprocal(_argument(grammar))))


def _binomial(grammar: Grammar) -> Scalar:
    n = _argument(grammar)
    return Apply("binomial", (n, _argument(grammar)))


def _radical(grammar: Grammar) -> Scalar:
    degree: Scalar | None = None
    if grammar.cursor.take_sign("["):
        degree = scalar(grammar.sum())
        grammar.cursor.expect("]")
    inside = scalar(grammar.atom())
    return Apply("sqrt", (inside,)) if degree is None else Apply("root", (inside, degree))


def _call(head: str, grammar: Grammar) -> Scalar:
    cursor = grammar.cursor
    base = _argument(grammar) if head == "log" and cursor.take_sign("_") else None
    power = grammar.exponent() if head in _POWERED and cursor.take_sign("^") else None
    args = (_only_argument(grammar),)
    if head == "log":
        args = (*args, base or Symbol(UNSTATED_BASE))
    if power == Number(Fraction(-1)):
        if head not in _INVERTIBLE:
            raise Unreadable(f"the power -1 of {head}")
        return Apply(f"a{head}", args)
    found = Apply(head, args)
    return found if power is None else Apply("^", (found, power))


def _only_argument(grammar: Grammar) -> Scalar:
    r"""In brackets, or the factors up to the next sign or function: `\sin 2x \cos x`."""
    cursor = grammar.cursor
    if cursor.is_sign("(", "{"):
        items = grammar.items(")" if cursor.next().text == "(" else "}")
        if len(items) != 1:
            raise Unreadable("a function of several arguments")
        return scalar(items[0])
    found = [scalar(grammar.factor())]
    while grammar.starts_factor() and not cursor.is_sign("(", "[", "{", "|"):
        if cursor.is_command(*_ONE_ARGUMENT):
            break
        found.append(scalar(grammar.factor()))
    if cursor.is_sign("/"):
        raise Unreadable("a slash behind a function's bare argument can be read in two ways")
    return found[0] if len(found) == 1 else Apply("*", tuple(found))


def _call_of_several(head: str, grammar: Grammar) -> Scalar:
    if not grammar.cursor.is_sign("(", "{"):
        raise Unreadable("a function without its bracket")
    items = grammar.items(")" if grammar.cursor.next().text == "(" else "}")
    if not items:
        raise Unreadable("a function without arguments")
    return Apply(head, tuple(scalar(each) for each in items))


def _matrix(name: str, grammar: Grammar) -> Matrix:
    cursor = grammar.cursor
    rows: list[list[Scalar]] = [[]]
    while not cursor.take_command(f"end {name}"):
        rows[-1].append(scalar(grammar.sum()))
        if cursor.take_sign("\\\\"):
            if not cursor.is_command(f"end {name}"):
                rows.append([])
        elif not cursor.take_sign("&") and not cursor.is_command(f"end {name}"):
            raise Unreadable("a matrix that is not closed")
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise Unreadable("a matrix whose rows differ in length")
    if max(len(rows), len(rows[0])) > _MAX_SIDE:
        raise Unreadable(f"a matrix with more than {_MAX_SIDE} rows or columns")
    return Matrix(tuple(tuple(row) for row in rows))


_Reader: TypeAlias = Callable[[Grammar], Expression]
_READERS: dict[str, _Reader] = {
    "frac": _fraction,
    "binom": _binomial,
    "sqrt": _radical,
    "pi": lambda _: Constant("pi"),
    "infty": lambda _: Constant("oo"),
    "emptyset": lambda _: Collection("set", ()),
    "field R": lambda _: Interval(negative(Constant("oo")), Constant("oo"), True, True),
}
