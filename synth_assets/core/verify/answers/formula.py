r"""Formulas: tokens to trees, by recursive descent.

Where a notation has two readings (`1/2\sqrt{3}`, `2\frac{3}{2}`) the formula is not read: neither
is taken for what was meant.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from synth_assets.core.verify.answers.cursor import Cursor
from synth_assets.core.verify.answers.expressions import (
    Apply,
    Based,
    Collection,
    Constant,
    Expression,
    Interval,
    Number,
    Scalar,
    Symbol,
    Union,
    depth,
    negative,
    reciprocal,
    scalars_in,
)
from synth_assets.core.verify.answers.formula_commands import (
    GREEK,
    STARTS_FACTOR,
    read_command,
    scalar,
)
from synth_assets.core.verify.answers.notation import Kind, Token, Unreadable

MAX_DEPTH = 40
_MAX_BASE = 10

PLUS_MINUS, MINUS_PLUS = "pm", "mp"
"""Heads of `Apply` inside trees of `parse_formula`: plus and minus, and the reverse."""


def parse_formula(tokens: Sequence[Token]) -> Expression:
    """Read a formula: a scalar, a collection, an interval, a union of sets or a matrix.

    Raises:
        Unreadable: if it is incomplete, nested deeper than 40, or of a notation that is not known.
    """
    parser = _Parser(tokens)
    found = parser.union()
    if (rest := parser.cursor.peek()) is not None:
        raise Unreadable(f"{rest.text!r} is out of place")
    if any(depth(each) > MAX_DEPTH for each in scalars_in(found)):
        raise Unreadable(f"nested deeper than {MAX_DEPTH}")
    return found


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.cursor = Cursor(tokens)
        self._depth = 0
        self._bars = 0

    @contextmanager
    def _deeper(self) -> Generator[None]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(f"nested deeper than {MAX_DEPTH}")
        yield
        self._depth -= 1

    def union(self) -> Expression:
        parts = [self.sum()]
        while self.cursor.take_command("cup"):
            parts.append(self.sum())
        return parts[0] if len(parts) == 1 else Union(tuple(parts))

    def sum(self) -> Expression:
        first = self._signed()
        if first is None:
            found = self.product()
            if not self._is_adding():
                return found
            first = scalar(found)
        terms = [first]
        while (term := self._signed()) is not None:
            terms.append(term)
        return terms[0] if len(terms) == 1 else Apply("+", tuple(terms))

    def _is_adding(self) -> bool:
        return self.cursor.is_sign("+", "-") or self.cursor.is_command(PLUS_MINUS, MINUS_PLUS)

    def _signed(self) -> Scalar | None:
        """A term behind its sign, if a sign comes next."""
        if not self._is_adding():
            return None
        sign = self.cursor.next().text
        with self._deeper():
            term = self._signed() or scalar(self.product())
        match sign:
            case "+":
                return term
            case "-":
                return negative(term)
            case _:
                return Apply(sign, (term,))

    def product(self) -> Expression:
        found = self.factor()
        factors = [found]
        while True:
            if self.cursor.take_sign("*") or self.cursor.take_command("cdot", "times"):
                factors.append(self._signed_factor())
            elif self.cursor.take_sign("/") or self.cursor.take_command("div"):
                is_plain = len(factors) == 1 and isinstance(found, Number)
                factors.append(self._divisor(is_plain=is_plain))
            elif self.starts_factor():
                factors[-1:] = self._beside(factors[-1])
            elif len(factors) == 1:
                return factors[0]
            else:
                return Apply("*", tuple(map(scalar, factors)))

    def _divisor(self, *, is_plain: bool) -> Scalar:
        """One over what stands behind a slash; `is_plain` where a lone number stands before it."""
        divisor = self._signed_factor()
        is_coefficient = is_plain and isinstance(divisor, Number)
        if self.starts_factor() and not (
            is_coefficient and self.cursor.is_kind(Kind.LETTER, Kind.WORD)
        ):
            raise Unreadable("a product behind a slash can be read in two ways")
        return reciprocal(divisor)

    def _beside(self, left: Expression) -> list[Expression]:
        """A factor with what stands beside it without a sign: another, or its fraction."""
        if self.cursor.is_kind(Kind.NUMBER):
            return [self._mixed_number(left)]
        is_fraction = self.cursor.is_command("frac")
        right = scalar(self.factor())
        if is_fraction and isinstance(left, Number) and left.value.denominator == 1:
            value = _plain_fraction(right)
            if value is not None:
                if not 0 < value < 1:
                    raise Unreadable("a whole number before an improper fraction")
                return [Number(left.value + value)]
        return [left, right]

    def _mixed_number(self, left: Expression) -> Scalar:
        over, slash, under = (self.cursor.peek(ahead) for ahead in range(3))
        parts = [each.text for each in (over, under) if each is not None and each.text.isdigit()]
        if not isinstance(left, Number) or left.value.denominator != 1:
            raise Unreadable("a number behind a factor")
        if len(parts) != 2 or slash is None or slash.text != "/":
            raise Unreadable("two numbers stand side by side")
        self.cursor.skip(3)
        if not 0 < int(parts[0]) < int(parts[1]) or self.starts_factor():
            raise Unreadable("a mixed number can be read in two ways")
        return Number(left.value + Fraction(int(parts[0]), int(parts[1])))

    def _signed_factor(self) -> Scalar:
        if self.cursor.take_sign("-"):
            with self._deeper():
                return negative(self._signed_factor())
        return scalar(self.factor())

    def starts_factor(self) -> bool:
        token = self.cursor.peek()
        if token is None:
            return False
        match token.kind:
            case Kind.NUMBER | Kind.LETTER | Kind.WORD:
                return True
            case Kind.SIGN:
                return token.text in {"(", "{", "["} or (token.text == "|" and not self._bars)
            case Kind.COMMAND:
                return token.text in STARTS_FACTOR
            case Kind.TEXT:
                return False

    def factor(self) -> Expression:
        """An atom with what stands behind it: powers, factorials, percent and degree signs."""
        found = self.atom()
        while True:
            if self.cursor.take_sign("!"):
                found = Apply("factorial", (scalar(found),))
            elif self.cursor.take_sign("%"):
                found = Apply("*", (scalar(found), Number(Fraction(1, 100))))
            elif self.cursor.take_command("circ"):
                found = _degrees(scalar(found))
            elif self.cursor.take_sign("^"):
                found = self._raised(scalar(found))
            else:
                return found

    def _raised(self, base: Scalar) -> Scalar:
        is_braced = self.cursor.is_sign("{")
        mark = self.cursor.peek(1 if is_braced else 0)
        if mark is not None and mark.kind is Kind.COMMAND and mark.text == "circ":
            self.cursor.skip(3 if is_braced else 1)
            return _degrees(base)
        return Apply("^", (base, self.exponent()))

    def exponent(self) -> Scalar:
        with self._deeper():
            if self.cursor.take_sign("-"):
                return negative(self.exponent())
            found = scalar(self.atom())
            return Apply("^", (found, self.exponent())) if self.cursor.take_sign("^") else found

    def atom(self) -> Expression:
        token = self.cursor.next()
        with self._deeper():
            match token.kind:
                case Kind.NUMBER:
                    return self._number(token.text)
                case Kind.LETTER:
                    return self._symbol(token.text)
                case Kind.WORD:
                    return self._letters(token.text)
                case Kind.COMMAND if token.text in GREEK:
                    return self._symbol(token.text)
                case Kind.COMMAND:
                    return read_command(token.text, self)
                case Kind.SIGN:
                    return self._bracket(token.text)
                case Kind.TEXT:
                    raise Unreadable(f"the words {token.text[:40]!r} inside a formula")

    def _number(self, text: str) -> Scalar:
        if "." in text and self.cursor.take_command("overline", "bar"):
            return self._repeating(text)
        if not self.cursor.take_sign("_"):
            return Number(Fraction(text))
        base = self._subscript()
        if not base.isdigit() or not 2 <= int(base[:3]) <= _MAX_BASE:
            raise Unreadable(f"the subscript {base[:20]!r} of a number")
        if not text.isdigit() or max(map(int, text)) >= int(base):
            raise Unreadable(f"{text} is no numeral of base {base}")
        return Based(text.lstrip("0") or "0", int(base))

    def _repeating(self, text: str) -> Scalar:
        digits = self._subscript()
        if not digits.isdigit():
            raise Unreadable("what repeats under a bar is no digits")
        fixed = len(text.partition(".")[2])
        period = Fraction(int(digits), 10 ** len(digits) - 1) / 10**fixed
        return Number(Fraction(text) + period)

    def _symbol(self, name: str) -> Scalar:
        if self.cursor.take_sign("_"):
            return Symbol(f"{name}_{self._subscript()}")
        return _constant_or_symbol(name)

    def _subscript(self) -> str:
        """One token, or the text of a group."""
        if not self.cursor.take_sign("{"):
            return self.cursor.next().text
        found = ""
        while not self.cursor.take_sign("}"):
            found += self.cursor.next().text
        return found

    def _letters(self, word: str) -> Scalar:
        """A run of letters as the product of all of them; a power is of the last one."""
        if len(word) > 3:
            raise Unreadable(f"the word {word[:40]!r} inside a formula")
        *before, last = word
        end = self._symbol(last)
        while self.cursor.take_sign("^"):
            end = self._raised(end)
        return Apply("*", (*map(_constant_or_symbol, before), end))

    def _bracket(self, opening: str) -> Expression:
        match opening:
            case "{":
                items = self.items("}")
                return items[0] if len(items) == 1 else Collection("list", tuple(items))
            case "\\{":
                return Collection("set", tuple(self.items("\\}")))
            case "(" | "[" | "]":
                return self._round_or_square(opening)
            case "|":
                self._bars += 1
                inside = scalar(self.sum())
                self._bars -= 1
                self.cursor.expect("|")
                return Apply("abs", (inside,))
            case _:
                raise Unreadable(f"{opening!r} is out of place")

    def _round_or_square(self, opening: str) -> Expression:
        items = self._listed()
        closing = self.cursor.next().text
        match opening, closing, items:
            case ("(", ")", [only]) | ("[", "]", [only]):
                return only
            case "(", ")", _:
                return Collection("tuple", tuple(items))
            case (("(" | "[" | "]"), (")" | "]" | "["), [low, high]):
                return Interval(scalar(low), scalar(high), opening != "[", closing != "]")
            case _:
                raise Unreadable(f"the bracket {opening} is closed by {closing!r}")

    def items(self, closing: str) -> list[Expression]:
        """What commas part, and the closing bracket; perhaps nothing."""
        if self.cursor.take_sign(closing):
            return []
        items = self._listed()
        self.cursor.expect(closing)
        return items

    def _listed(self) -> list[Expression]:
        bars, self._bars = self._bars, 0
        items = [self.sum()]
        while self.cursor.take_sign(","):
            items.append(self.sum())
        self._bars = bars
        return items


def _constant_or_symbol(name: str) -> Scalar:
    match name:
        case "e" | "i":
            return Constant(name)
        case _:
            return Symbol(name)


def _plain_fraction(value: Scalar) -> Fraction | None:
    """The value of a quotient of two plain numbers."""
    match value:
        case Apply("*", (Number(over), Number(under))):
            return over * under
        case _:
            return None


def _degrees(value: Scalar) -> Scalar:
    return Apply("*", (value, Constant("pi"), Number(Fraction(1, 180))))
