"""Whether two answers are the same: by their trees, by exact arithmetic, then by algebra.

Numbers are compared as fractions, never as floats. Structures are compared part by part; where the
same values stand in another kind of structure (a tuple for a list, an inequality for an interval)
nothing says whether that was asked for, and the answer is undecided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from synth_assets.core.verify.answers.expressions import (
    UNSTATED_BASE,
    Apply,
    Based,
    Collection,
    Constant,
    Expression,
    Interval,
    Matrix,
    Measured,
    Number,
    Relation,
    Scalar,
    Symbol,
    Union,
    Unit,
    Words,
    danger,
    exact_value,
    nodes,
)
from synth_assets.core.verify.answers.grammar import UNIT_LETTERS
from synth_assets.core.verify.answers.relations import (
    as_interval,
    degree,
    endless_sign,
    interval_of,
    is_name,
    is_solved,
    upward,
    variables,
    zero_side,
)
from synth_assets.core.verify.answers.words import NUMBER_WORDS
from synth_assets.core.verify.tools import Algebra, Comparison, Proportion, Sameness

MAX_ITEMS = 24
"""Unordered collections of more are not compared, as each may meet each."""

EQUAL = Comparison(Sameness.EQUAL)
DIFFERENT = Comparison(Sameness.DIFFERENT)

_NO_UNIT = Unit(Fraction(1), ())
_TEMPERATURES = {(name, Fraction(1)) for name in ("celsius", "fahrenheit", "kelvin")}
_DEGREE = Unit(Fraction(1), (("degree", Fraction(1)),))


class Units(StrEnum):
    """What is made of units behind numbers."""

    COMPARED = "compared"
    """Where both answers name one, they must agree, 5 m with 500 cm; one may leave it out."""
    REQUIRED = "required"
    """An answer without the unit is another answer."""
    IGNORED = "ignored"
    """Units, currencies and percent signs are passed over: 5 cm is 5 m, 25 % is 25."""


@dataclass(frozen=True)
class Rules:
    """What counts as the same.

    Attributes:
        units: see there.
        inequalities_as_intervals: `x < 5` is `(-oo, 5)`.
    """

    units: Units = Units.COMPARED
    inequalities_as_intervals: bool = False


@dataclass(frozen=True)
class Comparer:
    """Compares answers by rules; without algebra, what needs it is undecided."""

    rules: Rules
    algebra: Algebra | None

    def compare(self, left: Expression, right: Expression) -> Comparison:
        """Compare answers; the order of the two does not matter."""
        if left == right:
            return EQUAL
        left, right = self._last_step(left), self._last_step(right)
        left, right = self._bare(left, right), self._bare(right, left)
        match left, right:
            case (Measured(), _) | (_, Measured()):
                return self._measured(left, right)
            case Collection(), Collection():
                return self._collections(left, right)
            case Interval(), Interval():
                return self._intervals(left, right)
            case Union(), Union():
                return self._unions(left, right)
            case Matrix(), Matrix():
                return self._matrices(left, right)
            case Relation(), Relation():
                return self._relations(left, right)
            case _ if isinstance(left, Scalar) and isinstance(right, Scalar):
                return self.scalars(left, right)
            case _:
                return self._pair(left, right) or self._pair(right, left) or DIFFERENT

    def scalars(
        self, left: Scalar, right: Scalar, proportion: Proportion = Proportion.EQUAL
    ) -> Comparison:
        """Compare scalars: exactly where they are rational, else by algebra."""
        if left == right:
            return EQUAL
        one, other = exact_value(left), exact_value(right)
        if one is not None and other is not None and proportion is Proportion.EQUAL:
            if one != other and isinstance(left, Based) != isinstance(right, Based):
                return _other_base(left, right)
            return EQUAL if one == other else DIFFERENT
        if (one is None) != (other is None) and (endless_sign(left) or endless_sign(right)):
            return DIFFERENT
        if _has(left, Symbol(UNSTATED_BASE)) != _has(right, Symbol(UNSTATED_BASE)):
            return _undecided("a logarithm whose base is not stated")
        if (told := danger(left) or danger(right)) is not None:
            return _undecided(told)
        if self.algebra is None:
            return _undecided("no algebra at hand")
        return self.algebra.compare(left, right, proportion)

    def _last_step(self, value: Expression) -> Expression:
        """`A = 2 * 3 = 6` as `A = 6`, where the steps are equal."""
        match value:
            case Relation((name, *steps, last), signs) if steps and set(signs) == {"="}:
                found = _all(self.compare(step, last) for step in steps)
                return Relation((name, last), ("=",)) if found == EQUAL else value
            case _:
                return value

    def _bare(self, value: Expression, other: Expression) -> Expression:
        """Without `x =` or `x in` where the other has no such thing, and without ignored units."""
        match value:
            case Relation((name, said), ("=" | "in",)) if not isinstance(other, Relation):
                if is_name(name):
                    return self._bare(said, other)
                return self._bare(name, other) if isinstance(said, Symbol) else value
            case Measured(inner, unit) if self.rules.units is Units.IGNORED or unit == _NO_UNIT:
                return inner
            case _:
                return value

    def _measured(self, left: Expression, right: Expression) -> Comparison:
        match left, right:
            case Measured(), Measured():
                return self._both_measured(left, right)
            case Measured(), _ if isinstance(right, Scalar):
                return self._one_measured(left, right)
            case _, Measured() if isinstance(left, Scalar):
                return self._one_measured(right, left)
            case _:
                return self._pair(left, right) or self._pair(right, left) or DIFFERENT

    def _both_measured(self, left: Measured, right: Measured) -> Comparison:
        if left.unit.bases == right.unit.bases:
            return self.scalars(_in_bases(left), _in_bases(right))
        one, other = set(left.unit.bases), set(right.unit.bases)
        if one | other <= _TEMPERATURES:
            return _undecided("temperatures in two scales")
        is_part = one < other or other < one
        if left.unit.known and right.unit.known and not is_part:
            return DIFFERENT
        values = self.scalars(left.value, right.value)
        if values.sameness is Sameness.EQUAL:
            return _undecided("the same number under other names, or one unit says more")
        return values

    def _one_measured(self, measured: Measured, bare: Scalar) -> Comparison:
        """A unit that only one side names."""
        if not measured.unit.bases:
            return self._percent(measured, bare)
        if measured.unit.bases == _DEGREE.bases and _has(bare, Constant("pi")):
            per_degree = Apply("*", (Constant("pi"), Number(Fraction(1, 180))))
            return self.scalars(Apply("*", (_in_bases(measured), per_degree)), bare)
        if self.rules.units is Units.REQUIRED:
            return DIFFERENT
        found = self.scalars(measured.value, bare)
        if found.sameness is Sameness.DIFFERENT and _has_unit_letter(bare):
            return _undecided("a letter that is a unit or a variable")
        return found

    def _percent(self, measured: Measured, bare: Scalar) -> Comparison:
        """25 % is 1/4, and may have been meant by 25 where percents are asked for."""
        found = self.scalars(_in_bases(measured), bare)
        if found.sameness is not Sameness.DIFFERENT:
            return found
        if self.scalars(measured.value, bare).sameness is Sameness.DIFFERENT:
            return DIFFERENT
        return _undecided("one is in percent, the other a bare number")

    def _collections(self, left: Collection, right: Collection) -> Comparison:
        kinds = {left.kind, right.kind}
        if kinds == {"tuple"}:
            return self._in_order(left.items, right.items)
        if "tuple" in kinds:
            return _other_notation(self._unordered(left.items, right.items))
        if "set" in kinds:
            return self._unordered(_distinct(left.items), _distinct(right.items))
        return self._unordered(left.items, right.items)

    def _intervals(self, left: Interval, right: Interval) -> Comparison:
        if (left.open_low, left.open_high) != (right.open_low, right.open_high):
            return DIFFERENT
        return self._in_order((left.low, left.high), (right.low, right.high))

    def _unions(self, left: Union, right: Union) -> Comparison:
        if len(left.parts) != len(right.parts):
            return _undecided("unions of more and of fewer parts")
        return self._unordered(_opened(left.parts), _opened(right.parts))

    def _matrices(self, left: Matrix, right: Matrix) -> Comparison:
        if len(left.rows) != len(right.rows):
            return DIFFERENT
        return self._in_order(_cells(left), _cells(right))

    def _relations(self, left: Relation, right: Relation) -> Comparison:
        left, right = upward(left), upward(right)
        one, other = interval_of(left), interval_of(right)
        if one and other and variables(left) == variables(right):
            return self._intervals(one, other)
        if left.signs != right.signs:
            return self._other_signs(left, right)
        same = self._in_order(left.sides, right.sides)
        if same.sameness is Sameness.EQUAL or len(left.signs) != 1 or left.signs[0] == "in":
            return same
        if left.sides[0] == right.sides[0] and is_solved(left) and is_solved(right):
            return same
        return self._zero_sides(left, right)

    def _other_signs(self, left: Relation, right: Relation) -> Comparison:
        """Relations of other signs; `x in S` may say what an inequality says."""
        for one, other in ((left, right), (right, left)):
            if one.signs == ("in",):
                return self.compare(one.sides[1], other)
        return DIFFERENT if len(left.signs) == len(right.signs) else _undecided("other relations")

    def _zero_sides(self, left: Relation, right: Relation) -> Comparison:
        """Equations and inequalities by what is compared with zero, which any factor may scale."""
        one, other = zero_side(left), zero_side(right)
        if one is None or other is None:
            return _undecided("relations between what are no numbers")
        equation = left.signs[0] in {"=", "!="}
        proportion = Proportion.MULTIPLE if equation else Proportion.POSITIVE_MULTIPLE
        found = self.scalars(one, other, proportion)
        high = degree(one)
        if found.sameness is Sameness.DIFFERENT and (high is None or high != degree(other)):
            return _undecided("relations that may have the same solutions")
        return found

    def _pair(self, one: Expression, other: Expression) -> Comparison | None:
        """Two kinds of structure; None where nothing is known of this order of the two."""
        match one, other:
            case Collection(), _:
                return self._collection_beside(one, other)
            case Relation(), Interval() | Union() | Collection("tuple", _):
                return self._inequality((one,), other)
            case Relation(), _:
                several = isinstance(other, Number) and len(variables(one)) > 1
                return None if several else _undecided("an equation or inequality beside a value")
            case Union(), Interval() | Collection("tuple", _):
                return _undecided("several intervals beside one")
            case Words(text), _ if isinstance(other, Scalar):
                return _word_or_letter(text, other)
            case _:
                return None

    def _collection_beside(self, one: Collection, other: Expression) -> Comparison | None:
        match one.kind, one.items, other:
            case "tuple", _, Interval():
                pair = as_interval(one)
                return None if pair is None else self._intervals(pair, other)
            case "list", items, Interval() | Union() if _has_relation(items):
                return self._inequality(items, other)
            case (("tuple" | "list"), items, Matrix(rows)) if 1 in {len(rows), len(rows[0])}:
                return _other_notation(self._in_order(items, _cells(other)))
            case "list", (Number(whole), Number(part)), Number(number) if any(
                number == whole + part / 10**places for places in range(1, 7)
            ):
                return _undecided("a comma that may be a decimal point")
            case "list", items, Number() | Symbol() | Constant() | Apply() | Measured():
                return _all(self.compare(item, other) for item in items)  # one value, written twice
            case (("set" | "list"), (only,), _):
                return _other_notation(self.compare(only, other))
            case _:
                return None

    def _inequality(self, parts: Sequence[Expression], other: Expression) -> Comparison:
        found = [interval_of(part) for part in parts]
        intervals = tuple(each for each in found if each is not None)
        if len(intervals) != len(found):
            return _undecided("an equation or inequality beside a set")
        same = self.compare(intervals[0] if len(intervals) == 1 else Union(intervals), other)
        return same if self.rules.inequalities_as_intervals else _other_notation(same)

    def _in_order(self, left: Sequence[Expression], right: Sequence[Expression]) -> Comparison:
        if len(left) != len(right):
            return DIFFERENT
        return _all(self.compare(one, other) for one, other in zip(left, right, strict=True))

    def _unordered(self, left: Sequence[Expression], right: Sequence[Expression]) -> Comparison:
        """Match each with one of the others; as sameness is an equivalence, no match is undone."""
        if len(left) != len(right):
            return DIFFERENT
        if len(left) > MAX_ITEMS:
            return _undecided(f"more than {MAX_ITEMS} values in any order")
        waiting, doubt = list(right), EQUAL
        for item in left:
            found = [self.compare(item, other) for other in waiting]
            partner = next((at for at, c in enumerate(found) if c.sameness is Sameness.EQUAL), None)
            if partner is not None:
                del waiting[partner]
                continue
            doubt = next((c for c in found if c.sameness is Sameness.UNDECIDED), DIFFERENT)
            if doubt.sameness is Sameness.DIFFERENT:
                return doubt
        return doubt


def _undecided(why: str) -> Comparison:
    return Comparison(Sameness.UNDECIDED, why)


def _all(found: Iterable[Comparison]) -> Comparison:
    """Different where one is; else undecided where one is."""
    doubt = EQUAL
    for each in found:
        if each.sameness is Sameness.DIFFERENT:
            return each
        if each.sameness is Sameness.UNDECIDED:
            doubt = each
    return doubt


def _other_notation(found: Comparison) -> Comparison:
    if found.sameness is Sameness.EQUAL:
        return _undecided("the same values in another notation")
    return found


def _in_bases(measured: Measured) -> Scalar:
    factor = measured.unit.factor
    return measured.value if factor == 1 else Apply("*", (measured.value, Number(factor)))


def _has(value: Scalar, leaf: Scalar) -> bool:
    return any(node == leaf for node in nodes(value))


def _has_unit_letter(value: Scalar) -> bool:
    return any(isinstance(node, Symbol) and node.name in UNIT_LETTERS for node in nodes(value))


def _other_base(left: Scalar, right: Scalar) -> Comparison:
    """A numeral that names its base beside a bare one of another value."""
    based, bare = (left, right) if isinstance(left, Based) else (right, left)
    if isinstance(based, Based) and exact_value(bare) == Fraction(based.digits):
        return _undecided("one names its base, the other has the same digits without")
    return DIFFERENT


def _word_or_letter(text: str, other: Scalar) -> Comparison:
    match other:
        case Symbol(name) | Constant(name) if len(text) == 1 == len(name):
            return EQUAL if text == name.lower() else DIFFERENT
        case _ if NUMBER_WORDS & set(text.replace("-", " ").split()):
            return _undecided("a number in words beside a formula")
        case _:
            # Three letters may be a product, and one the choice that has this value.
            return _undecided("letters beside a formula") if len(text) <= 3 else DIFFERENT


def _has_relation(items: Sequence[Expression]) -> bool:
    return any(isinstance(each, Relation) for each in items)


def _cells(matrix: Matrix) -> tuple[Scalar, ...]:
    return tuple(cell for row in matrix.rows for cell in row)


def _distinct(items: Sequence[Expression]) -> list[Expression]:
    return list(dict.fromkeys(items))


def _opened(parts: Sequence[Expression]) -> list[Expression]:
    """Parts of a union, where a pair is an open interval."""
    return [as_interval(part) or part for part in parts]
