"""Sums with names in them, such as `price * percent / 100`, computed exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

OPERATORS = ("+", "-", "*", "/")


@dataclass(frozen=True)
class Sum:
    """Operands, names or numbers, with an operator between each two.

    Read from left to right; `parse_sum` admits only sums that mean the same by the usual rules.
    """

    operands: tuple[str, ...]
    operators: tuple[str, ...]

    def value(self, known: Mapping[str, Fraction]) -> Fraction:
        """The result.

        Raises:
            ZeroDivisionError: as numbers do.
        """
        total = _number(self.operands[0], known)
        for operator, operand in zip(self.operators, self.operands[1:], strict=True):
            total = _applied(total, operator, _number(operand, known))
        return total

    def filled(self, known: Mapping[str, Fraction]) -> str:
        """The sum with numbers for names: `4 * 12`."""
        numbers = [shown(_number(operand, known)) for operand in self.operands]
        rest = zip(self.operators, numbers[1:], strict=True)
        return " ".join([numbers[0], *(f"{operator} {number}" for operator, number in rest)])

    def variants(self) -> Iterator["Sum"]:
        """Each sum that differs in one operator and still reads from left to right."""
        for index, operator in enumerate(self.operators):
            for other in OPERATORS:
                changed = (*self.operators[:index], other, *self.operators[index + 1 :])
                if other != operator and _reads_left_to_right(changed):
                    yield replace(self, operators=changed)


def parse_sum(written: str) -> Sum:
    """Read `a * b / 100`: operands and operators between blanks, no parentheses.

    Raises:
        ValueError: if it is no such sum, or the usual precedence would give another result.
    """
    parts = written.split()
    operands, operators = tuple(parts[::2]), tuple(parts[1::2])
    plain = all(part.isidentifier() or part.isdecimal() for part in operands)
    if not (plain and len(operands) == len(operators) + 1 and _reads_left_to_right(operators)):
        raise ValueError(f"{written!r} is no sum that reads from left to right")
    return Sum(operands, operators)


def shown(value: Fraction) -> str:
    """A number as people write it: whole, or with two decimals."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


def _reads_left_to_right(operators: tuple[str, ...]) -> bool:
    ranks = [operator in "*/" for operator in operators]
    return set(operators) <= set(OPERATORS) and ranks == sorted(ranks, reverse=True)


def _number(operand: str, known: Mapping[str, Fraction]) -> Fraction:
    return known[operand] if operand in known else Fraction(operand)


def _applied(left: Fraction, operator: str, right: Fraction) -> Fraction:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right
