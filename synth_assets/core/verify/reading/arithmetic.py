"""Arithmetic as it stands in calculator annotations, computed exactly.

Four operations, parentheses, signs, decimals, thousands separators and percent (`20%` is 1/5); no
powers and no names, so that an expression costs microseconds whatever it holds.
"""

import re
from fractions import Fraction
from typing import TypeAlias

MAX_CHARACTERS = 200
MAX_DEPTH = 20

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:,\d{3})*(?:\.\d*)?|\.\d+)|(?P<sign>[-+*/()%]))")
_SPELLINGS = str.maketrans(
    {"\u00d7": "*", "\u00b7": "*", "x": "*", "X": "*", "\u00f7": "/", "\u2212": "-", "$": None}
)


class NotArithmetic(ValueError):
    """The text is no arithmetic, or has no value; the message says why."""


Exact: TypeAlias = int | Fraction


def evaluate(expression: str) -> Exact:
    """The exact value of an expression; an `int` where whole numbers never met a division.

    Raises:
        NotArithmetic: if it is longer than 200 characters, nested deeper than 20, has other signs
            or names in it, is incomplete, or divides by zero.
    """
    if len(expression) > MAX_CHARACTERS:
        raise NotArithmetic(f"longer than {MAX_CHARACTERS} characters")
    reader = _Reader(_tokens(expression.translate(_SPELLINGS)))
    value = reader.sum(0)
    if reader.next is not None:
        raise NotArithmetic(f"{reader.next!r} is out of place")
    return value


def _tokens(expression: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None:
            raise NotArithmetic(f"{expression[position : position + 10]!r} is no arithmetic")
        tokens.append(match["number"] or match["sign"])
        position = match.end()
    return tokens


class _Reader:
    """Recursive descent over tokens: sum of products of signed atoms."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def sum(self, depth: int) -> Exact:
        value = self._product(depth)
        while self.next in ("+", "-"):
            if self._take() == "+":
                value += self._product(depth)
            else:
                value -= self._product(depth)
        return value

    def _product(self, depth: int) -> Exact:
        value = self._atom(depth)
        while self.next in ("*", "/"):
            if self._take() == "*":
                value *= self._atom(depth)
            elif divisor := self._atom(depth):
                value = Fraction(value) / divisor
            else:
                raise NotArithmetic("it divides by zero")
        return value

    def _atom(self, depth: int) -> Exact:
        sign = 1
        while self.next in ("+", "-"):
            sign = -sign if self._take() == "-" else sign
        token = self._take()
        if token == "(":
            if depth == MAX_DEPTH:
                raise NotArithmetic(f"nested deeper than {MAX_DEPTH}")
            value = self.sum(depth + 1)
            if self._take() != ")":
                raise NotArithmetic("a parenthesis is not closed")
        elif token is not None and token not in "+-*/)%":
            digits = token.replace(",", "")
            value = int(digits) if digits.isdecimal() else Fraction(digits)
        else:
            raise NotArithmetic("it is incomplete")
        while self.next == "%":
            self._take()
            value = Fraction(value) / 100
        return -value if sign < 0 else value

    def _take(self) -> str | None:
        token = self.next
        self._at += 1
        return token
