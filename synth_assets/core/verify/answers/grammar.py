r"""Whole answers: lists of values with their units, words, relations, and formulas in them.

`x = 3 \text{ or } x = 5`, `15\text{ cm}^2`, `-2 \le x < 7`, `\text{(B)}`, `\$18.90`,
`1 \pm \sqrt{2}`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_assets.core.verify.answers.expressions import (
    Apply,
    Based,
    Collection,
    Constant,
    Expression,
    Measured,
    Number,
    Relation,
    Scalar,
    Symbol,
    Unit,
    negative,
    nodes,
    scalars_in,
)
from synth_assets.core.verify.answers.formula import MINUS_PLUS, PLUS_MINUS, parse_formula
from synth_assets.core.verify.answers.notation import Kind, Token, Unreadable, tokens_of
from synth_assets.core.verify.answers.units import currency_sign, product_of_units, unit_of
from synth_assets.core.verify.answers.words import MAGNITUDES, is_word, read_words

_SEPARATORS = {"and", "or"}
_OPENING = {"(", "[", "{", "\\{"}
_CLOSING = {")", "]", "}", "\\}"}
_RELATIONS = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!="}
_RELATION_COMMANDS = {"le": "<=", "ge": ">=", "ne": "!=", "in": "in"}
_CURRENCIES = set("$\u20ac\u00a3\u00a5\u20b9")
UNIT_LETTERS = frozenset("mglLsh")
"""Letters that are units behind a number and white space, and variables elsewhere."""


@dataclass(frozen=True)
class _Item:
    """One of the values an answer lists, and the word before it (`,`, `and`, `or`)."""

    tokens: tuple[Token, ...]
    separator: str


def read_answer(text: str) -> Expression:
    """Read a whole answer.

    Raises:
        Unreadable: if it is nothing that is known, or has two readings.
    """
    tokens = tokens_of(text)
    if not tokens:
        raise Unreadable("it is empty")
    if (words := read_words(tokens)) is not None:
        return words
    items = _items(tokens)
    values = [value for item in items for value in _alternatives(_value(item.tokens))]
    if len(items) > 1:
        _refuse_unclear_inequalities(items, values)
    return values[0] if len(values) == 1 else Collection("list", tuple(values))


def _items(tokens: Sequence[Token]) -> list[_Item]:
    found: list[_Item] = []
    item: list[Token] = []
    separator, depth = "", 0
    for token in [*tokens, Token(Kind.SIGN, ",")]:
        depth += _nesting(token)
        word = _separator(token) if depth == 0 else None
        if word is None:
            item.append(token)
            continue
        if item:
            found.append(_Item(tuple(item), separator))
            item, separator = [], word
        elif word != ",":
            separator = word
    if item:
        raise Unreadable("a bracket is not closed")
    if not found:
        raise Unreadable("it is empty")
    return found


def _nesting(token: Token) -> int:
    if token.kind is Kind.SIGN:
        # `]2, 5[` opens with a closing bracket: the sum is right at its end.
        return (token.text in _OPENING) - (token.text in _CLOSING)
    if token.kind is Kind.COMMAND:
        return token.text.startswith("begin ") - token.text.startswith("end ")
    return 0


def _separator(token: Token) -> str | None:
    if token.kind is Kind.SIGN and token.text == ",":
        return ","
    word = token.text.strip().lower()
    return word if token.kind in {Kind.COMMAND, Kind.TEXT} and word in _SEPARATORS else None


def _refuse_unclear_inequalities(items: Sequence[_Item], values: Sequence[Expression]) -> None:
    """Both at once or one of them: with inequalities only `or` says which."""
    unclear = any(item.separator not in {"", "or"} for item in items)
    if unclear and any(isinstance(v, Relation) and set(v.signs) - {"="} for v in values):
        raise Unreadable("several inequalities without «or»")


def _value(tokens: Sequence[Token]) -> Expression:
    """One value: a relation, words, or a formula with a unit."""
    sides: list[list[Token]] = [[]]
    signs: list[str] = []
    depth = 0
    for token in tokens:
        depth += _nesting(token)
        sign = _relation_sign(token) if depth == 0 else None
        if sign is None:
            sides[-1].append(token)
        else:
            signs.append(sign)
            sides.append([])
    if not signs:
        return _side(tokens)
    return Relation(tuple(_side(side) for side in sides), tuple(signs))


def _side(tokens: Sequence[Token]) -> Expression:
    return read_words(tokens) or _measured(tokens)


def _relation_sign(token: Token) -> str | None:
    if token.kind is Kind.SIGN:
        return _RELATIONS.get(token.text)
    return _RELATION_COMMANDS.get(token.text) if token.kind is Kind.COMMAND else None


def _measured(tokens: Sequence[Token]) -> Expression:
    """A formula, its currency before it, magnitude and unit behind it."""
    tokens = list(tokens)
    unit = _take_currency(tokens)
    start = _unit_start(tokens)
    value, behind = parse_formula(tokens[:start]), tokens[start:]
    if behind and (scale := MAGNITUDES.get(behind[0].text.lower())) is not None:
        if not isinstance(value, Number):
            raise Unreadable("a magnitude behind no number")
        value, behind = Number(value.value * scale), behind[1:]
    if behind:
        unit = _with_unit_behind(unit, behind)
    if unit is None:
        return value
    if isinstance(value, Scalar):
        return Measured(value, unit)
    raise Unreadable("a unit beside a list")


def _take_currency(tokens: list[Token]) -> Unit | None:
    """The unit of a currency sign before the number, which is taken away."""
    at = 1 if tokens and tokens[0].text == "-" else 0
    if len(tokens) <= at or tokens[at].kind is not Kind.SIGN:
        return None
    unit = currency_sign(tokens[at].text)
    if unit is not None:
        del tokens[at]
    return unit


def _with_unit_behind(currency: Unit | None, tokens: Sequence[Token]) -> Unit:
    text = _unit_text(tokens)
    unit = unit_of(text)
    if unit is None:
        raise Unreadable(f"{text[:40]!r} behind a number")
    if currency is None or unit.bases == currency.bases:
        return unit
    return product_of_units(currency, unit)


def _unit_start(tokens: Sequence[Token]) -> int:
    """Where the unit behind a value begins; the number of tokens where there is none."""
    at = len(tokens)
    while at > 0 and _may_be_unit(tokens, at - 1):
        at -= 1
    at = max(at, 1)
    while at < len(tokens) and not _begins_unit(tokens, at):
        at += 1
    return at


def _may_be_unit(tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    match token.kind:
        case Kind.TEXT | Kind.WORD:
            return True
        case Kind.LETTER:
            return token.text in UNIT_LETTERS | {"C", "F"}
        case Kind.COMMAND:
            return token.text in {"circ", "cdot"}
        case Kind.SIGN:
            return token.text in {"%", "/", "^", "{", "}", "(", ")"} | _CURRENCIES
        case Kind.NUMBER:
            return at > 0 and tokens[at - 1].text in {"^", "{"}


def _begins_unit(tokens: Sequence[Token], at: int) -> bool:
    token, behind = tokens[at], [each.text for each in tokens[at + 1 : at + 3]]
    match token.kind:
        case Kind.TEXT:
            return True
        case Kind.WORD:
            return token.text.lower() in MAGNITUDES or _word_is_unit(token)
        case Kind.LETTER:
            before = tokens[at - 1]
            return token.spaced and token.text in UNIT_LETTERS and before.kind is Kind.NUMBER
        case Kind.COMMAND:
            return token.text == "circ"
        case Kind.SIGN if token.text == "^":
            return behind[:1] == ["circ"] or behind == ["{", "circ"]
        case _:
            return token.text == "%" or token.text in _CURRENCIES


def _word_is_unit(token: Token) -> bool:
    """Known units may touch their number; other words are things that are counted."""
    unit = unit_of(token.text)
    if unit is not None and unit.known:
        return True
    return is_word(token) and (token.spaced or len(token.text) > 3)


def _unit_text(tokens: Sequence[Token]) -> str:
    found = ""
    for at, token in enumerate(tokens):
        if token.text in {"^", "{"} and _begins_unit(tokens, at):
            continue
        match token.text:
            case "{" | "}":
                continue
            case "circ":
                found += " \u00b0"
            case "^":
                found += "^"
            case _ if token.kind is Kind.NUMBER or found.endswith("\u00b0"):
                found += token.text
            case _:
                found += f" {token.text}"
    return found.strip()


def _alternatives(value: Expression) -> list[Expression]:
    r"""What an answer with `\pm` stands for: both signs; other answers stand for themselves."""
    match value:
        case Collection(kind, items):
            expanded = [each for item in items for each in _alternatives(item)]
            if len(expanded) == len(items) or kind != "tuple":
                return [Collection(kind, tuple(expanded))]
            raise Unreadable("both signs inside a tuple")
        case Measured(inner, unit) if _has_both_signs(inner):
            return [Measured(_signed(inner, plus), unit) for plus in (True, False)]
        case Relation((*before, last), signs) if signs == ("=",) or signs == ("in",):
            return [Relation((*before, each), signs) for each in _alternatives(last)]
        case Number() | Symbol() | Constant() | Apply() | Based() if _has_both_signs(value):
            return [_signed(value, True), _signed(value, False)]
        case _:
            if any(_has_both_signs(each) for each in scalars_in(value)):
                raise Unreadable("both signs inside a structure")
            return [value]


def _has_both_signs(value: Scalar) -> bool:
    return any(
        isinstance(node, Apply) and node.head in {PLUS_MINUS, MINUS_PLUS} for node in nodes(value)
    )


def _signed(value: Scalar, plus: bool) -> Scalar:
    """The value with upper signs (`plus`) or lower ones."""
    if not isinstance(value, Apply):
        return value
    args = tuple(_signed(each, plus) for each in value.args)
    if value.head in {PLUS_MINUS, MINUS_PLUS}:
        return args[0] if (value.head == PLUS_MINUS) == plus else negative(args[0])
    return Apply(value.head, args)
