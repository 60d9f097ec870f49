"""Units behind numbers: `cm^2`, `square inches`, `km per hour`, `apples`.

Factors are exact by definition (the international yard and pound; the United States' gallon).
Temperatures are bases of their own, as 0 °C is not 0 °F. What is no known unit counts as a thing of
its own name, singular and plural alike.
"""

import re
from fractions import Fraction
from functools import lru_cache

from synth_assets.core.verify.answers.expressions import Unit

MAX_CHARACTERS = 60
_MAX_WORDS = 6
_MAX_POWER = 6

_PREFIXES = {"k": 10**3, "c": Fraction(1, 100), "m": Fraction(1, 1000)}
_LONG_PREFIXES = {"kilo": 10**3, "centi": Fraction(1, 100), "milli": Fraction(1, 1000)}

# Spellings -> what one of it is: a factor and the powers of base units.
_TABLE: tuple[tuple[str, str | Fraction | int, dict[str, int]], ...] = (
    ("meter metre", 1, {"m": 1}),
    ("micrometer micrometre micron", Fraction(1, 10**6), {"m": 1}),
    ("nanometer nanometre nm", Fraction(1, 10**9), {"m": 1}),
    ("inch inches in", "0.0254", {"m": 1}),
    ("foot feet ft", "0.3048", {"m": 1}),
    ("yard yd", "0.9144", {"m": 1}),
    ("mile mi", "1609.344", {"m": 1}),
    ("gram gramme", Fraction(1, 1000), {"kg": 1}),
    ("tonne", 1000, {"kg": 1}),
    ("pound lb", "0.45359237", {"kg": 1}),
    ("ounce oz", Fraction("0.45359237") / 16, {"kg": 1}),
    ("liter litre", Fraction(1, 1000), {"m": 3}),
    ("gallon gal", "0.003785411784", {"m": 3}),
    ("quart qt", Fraction("0.003785411784") / 4, {"m": 3}),
    ("pint", Fraction("0.003785411784") / 8, {"m": 3}),
    ("hectare", 10_000, {"m": 2}),
    ("acre", "4046.8564224", {"m": 2}),
    ("second sec", 1, {"s": 1}),
    ("minute min", 60, {"s": 1}),
    ("hour hr", 3600, {"s": 1}),
    ("day", 86_400, {"s": 1}),
    ("week", 604_800, {"s": 1}),
    ("month", 1, {"month": 1}),
    ("year yr", 12, {"month": 1}),
    ("mph", "0.44704", {"m": 1, "s": -1}),
    ("newton", 1, {"kg": 1, "m": 1, "s": -2}),
    ("joule", 1, {"kg": 1, "m": 2, "s": -2}),
    ("watt", 1, {"kg": 1, "m": 2, "s": -3}),
    ("hertz hz", 1, {"s": -1}),
    ("degree deg", 1, {"degree": 1}),
    ("radian rad unit", 1, {}),
    ("percent pct percentage %", Fraction(1, 100), {}),
    ("dollar usd $", 1, {"dollar": 1}),
    ("cent penny pennies \u00a2", Fraction(1, 100), {"dollar": 1}),
    ("euro eur \u20ac", 1, {"euro": 1}),
    ("gbp \u00a3", 1, {"sterling": 1}),
    ("rupee inr rs \u20b9", 1, {"rupee": 1}),
    ("yen jpy \u00a5", 1, {"yen": 1}),
    ("celsius \u00b0c", 1, {"celsius": 1}),
    ("fahrenheit \u00b0f", 1, {"fahrenheit": 1}),
    ("kelvin", 1, {"kelvin": 1}),
    ("mole mol", 1, {"mole": 1}),
)
_LETTERS = {"m": "meter", "g": "gram", "l": "liter", "s": "second", "h": "hour"}
_PREFIXED = {"m": "meter", "g": "gram", "l": "liter"}

# Behind a number these say more than a unit does, and what they say is not read.
_RUN = re.compile(r"\S+")
_NO_UNIT = frozenset(
    _RUN.findall(
        "a an is are was were be not no or and but if than more less fewer about around nearly "
        "almost approximately roughly over under above below least most to from between plus minus "
        "times x with without would should could can may might will it this that which because so "
        "then thus therefore hence wrong right correct incorrect false true other another both "
        "either neither maybe perhaps possibly unless except hundred thousand million billion "
        "trillion half quarter third dozen zero one two three four five six seven eight nine ten "
        "eleven twelve"
    )
)
_PASSED_OVER = frozenset({"of", "the"})

_TOKEN = re.compile(
    r"[a-z]+|[%$\u00a2\u20ac\u00a3\u20b9\u00a5]|\u00b0[cf]?|\^\{?-?\d\}?|[/*\u00b7()]"
)
_SPACES = re.compile(r"[\s.]+")


def currency_sign(sign: str) -> Unit | None:
    """The unit of `$`, `€`, `£`, `¥` or `₹`, which stand before their number."""
    return unit_of(sign) if sign in "$\u20ac\u00a3\u00a5\u20b9" else None


def product_of_units(left: Unit, right: Unit) -> Unit:
    """The unit of `$5` and `per day` together."""
    powers = dict(left.bases)
    for name, power in right.bases:
        powers[name] = powers.get(name, Fraction(0)) + power
    bases = tuple(sorted((name, power) for name, power in powers.items() if power))
    return Unit(left.factor * right.factor, bases, left.known and right.known)


@lru_cache(maxsize=4096)
def unit_of(text: str) -> Unit | None:
    """Read the words and signs behind a number; None when they are no unit, or say more than one.

    Args:
        text: such as `cm^2`, `square inches`, `miles per hour`, `duck eggs`, `%`; any case.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    plain = _SPACES.sub(" ", text.lower().replace("\u00b2", "^2").replace("\u00b3", "^3")).strip()
    tokens = _TOKEN.findall(plain)
    if "".join(tokens) != plain.replace(" ", "") or len(tokens) > 2 * _MAX_WORDS:
        return None
    return _Reader(tokens).unit()


class _Reader:
    """Collects the powers of base units, word by word."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._factor = Fraction(1)
        self._bases: dict[str, Fraction] = {}
        self._known = True

    def unit(self) -> Unit | None:
        below, power, words = False, 1, 0
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            at += 1
            if token in {"/", "per"}:
                below = True
            elif token in {"square", "sq"}:
                power = 2
            elif token in {"cubic", "cu"}:
                power = 3
            elif (
                token in {"*", "\u00b7", "(", ")"}
                or token in _PASSED_OVER
                or (below and token in {"a", "an", "each", "every"})
            ):
                continue
            elif token in _NO_UNIT or token[0] == "^":
                return None
            else:
                words += 1
                if at < len(self._tokens) and self._tokens[at][0] == "^":
                    power *= int(self._tokens[at].strip("^{}"))
                    at += 1
                if abs(power) > _MAX_POWER:
                    return None
                self._add(token, -power if below else power)
                power = 1
        if not words or words > _MAX_WORDS or power != 1:
            return None
        bases = tuple(sorted((name, power) for name, power in self._bases.items() if power))
        return Unit(self._factor, bases, self._known)

    def _add(self, word: str, power: int) -> None:
        found = _KNOWN.get(word) or _KNOWN.get(_singular(word))
        if found is None:
            self._known = False
            found = Unit(Fraction(1), ((_singular(word), Fraction(1)),))
        self._factor *= found.factor**power
        for name, each in found.bases:
            self._bases[name] = self._bases.get(name, Fraction(0)) + each * power


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    return word[:-1] if len(word) > 2 and word.endswith("s") and word[-2] != "s" else word


def _known_units() -> dict[str, Unit]:
    found: dict[str, Unit] = {"\u00b0": Unit(Fraction(1), (("degree", Fraction(1)),))}
    for spellings, factor, powers in _TABLE:
        bases = tuple(sorted((name, Fraction(power)) for name, power in powers.items()))
        for spelling in spellings.split():
            found[spelling] = Unit(Fraction(factor), bases)
    for letter, name in _LETTERS.items():
        found[letter] = found[name]
    for letter, name in _PREFIXED.items():
        for prefix, factor in _PREFIXES.items():
            found[prefix + letter] = Unit(found[name].factor * factor, found[name].bases)
    for name in ("meter", "metre", "gram", "gramme", "liter", "litre"):
        for prefix, factor in _LONG_PREFIXES.items():
            found[prefix + name] = Unit(found[name].factor * factor, found[name].bases)
    found["ms"] = Unit(Fraction(1, 1000), found["second"].bases)
    found["millisecond"] = found["ms"]
    for short, long in (("lbs", "pound"), ("hrs", "hour"), ("mins", "minute"), ("secs", "second")):
        found[short] = found[long]
    return found


_KNOWN = _known_units()
"""Spelling, in lower case and singular -> unit."""
