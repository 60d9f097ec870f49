"""Small everyday tasks that rules can answer: units, dates, lists, letters, sums, change.

Each kind knows the wordings it answers, how it works one out, and how to ask for another.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.stories import words
from synth_assets.resources.embedded.sums import shown

_UNITS = {
    "length": {"millimetres": 1, "centimetres": 10, "metres": 1000, "kilometres": 1_000_000},
    "mass": {"milligrams": 1, "grams": 1000, "kilograms": 1_000_000, "tonnes": 1_000_000_000},
    "time": {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800},
    "volume": {"millilitres": 1, "centilitres": 10, "litres": 1000},
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBER = r"\d{1,9}(?:\.\d{1,2})?"
_DATE = r"\d{1,2} (?:" + "|".join(_MONTHS) + r") \d{4}"
_LIST = r"[^:.?!\n]+"


@dataclass(frozen=True)
class Solved:
    """A task worked out.

    Attributes:
        kind: of the task.
        asked: the part of the prompt that asks for it.
        answer: in a few words.
        working: how it is found, a sentence.
    """

    kind: str
    asked: str
    answer: str
    working: str


@dataclass(frozen=True)
class Kind:
    """A kind of task: its wordings, its rule, and new ones of it."""

    patterns: tuple[re.Pattern[str], ...]
    solve: Callable[[Mapping[str, str]], tuple[str, str]]
    another: Callable[[Dice], str]


def solved(prompt: str) -> Solved | None:
    """The first task that a prompt asks for; none where it is of no known kind."""
    plain = " ".join(prompt.split())
    for name, kind in KINDS.items():
        for pattern in kind.patterns:
            if match := pattern.search(plain):
                found = {key: said for key, said in match.groupdict().items() if said is not None}
                try:
                    answer, working = kind.solve(found)
                except ValueError:  # a date that there is not
                    continue
                return Solved(name, match.group(), answer, working)
    return None


def _units(found: Mapping[str, str]) -> tuple[str, str]:
    of, to = found["of"].lower(), found["to"].lower()
    for units in _UNITS.values():
        if of in units and to in units:
            value = Fraction(found["n"]) * units[of] / units[to]
            larger, smaller = (of, to) if units[of] > units[to] else (to, of)
            rate = _plain(Fraction(units[larger], units[smaller]))
            verb = "multiply" if units[of] > units[to] else "divide"
            working = f"One of the {larger} is {rate} {smaller}, so {verb} {found['n']} by {rate}."
            return f"{_plain(value)} {to}", working
    return "no number", f"{found['of']} and {found['to']} measure different things."


def _ask_units(dice: Dice) -> str:
    units = dice.choice(list(_UNITS.values()))
    at = dice.below(len(units) - 1)
    small, large = list(units)[at : at + 2]
    if dice.below(2):
        return f"How many {small} are {2 + dice.below(60)}.5 {large}?"
    return f"Convert {units[large] // units[small] * (2 + dice.below(40))} {small} to {large}."


def _percent(found: Mapping[str, str]) -> tuple[str, str]:
    value = Fraction(found["share"]) * Fraction(found["n"]) / 100
    one = _plain(Fraction(found["n"]) / 100)
    return _plain(value), f"1 % of {found['n']} is {one}, and {one} times {found['share']} is it."


def _days(found: Mapping[str, str]) -> tuple[str, str]:
    first, last = sorted((_read_date(found["a"]), _read_date(found["b"])))
    count = (last - first).days
    weeks = f"{count // 7} whole weeks and {count % 7} days"
    return f"{count} days", f"From the first date to the second there are {weeks}."


def _weekday(found: Mapping[str, str]) -> tuple[str, str]:
    day = _read_date(found["a"])
    start = date(day.year, 1, 1)
    told = f"1 January {day.year} is a {_WEEKDAYS[start.weekday()]}, {(day - start).days} days"
    return _WEEKDAYS[day.weekday()], f"{told} earlier."


def _clock(found: Mapping[str, str]) -> tuple[str, str]:
    total = int(found["h"]) * 60 + int(found["m"]) + int(found["n"])
    hours, minutes = divmod(int(found["n"]), 60)
    told = f"{found['n']} minutes are {hours} hours and {minutes} minutes, counted on from"
    return f"{total // 60 % 24:02}:{total % 60:02}", f"{told} {found['h']}:{found['m']}."


def _change(found: Mapping[str, str]) -> tuple[str, str]:
    left = Fraction(found["note"]) - Fraction(found["price"])
    if left < 0:
        return "none", f"The note of {found['note']} is not enough for {found['price']}."
    return f"{float(left):.2f}", f"From {found['note']}, take away {found['price']}."


def _sorted(found: Mapping[str, str]) -> tuple[str, str]:
    items = [item.strip() for item in re.split(r",| and ", found["list"]) if item.strip()]
    ordered = sorted(items, key=str.casefold)
    told = f"{ordered[0]} comes first and {ordered[-1]} last, going letter by letter."
    return ", ".join(ordered), f"Of the {len(items)} words, {told}"


def _ask_sorted(dice: Dice) -> str:
    pool = words()[dice.choice(("fruit", "vegetable", "flower", "craft", "toy", "part"))]
    return f"Sort these words alphabetically: {', '.join(dice.shuffled(pool)[:5])}."


def _average(found: Mapping[str, str]) -> tuple[str, str]:
    numbers = [int(number) for number in re.findall(r"\d+", found["list"])]
    total = f"The {len(numbers)} numbers add up to {sum(numbers)}"
    return _plain(Fraction(sum(numbers), len(numbers))), f"{total}; divide by {len(numbers)}."


def _vowels(found: Mapping[str, str]) -> tuple[str, str]:
    there = [letter for letter in found["word"].lower() if letter in "aeiou"]
    told = f"they are {', '.join(there)}" if there else "there is none"
    return str(len(there)), f"Reading {found['word']} letter by letter, {told}."


def _backwards(found: Mapping[str, str]) -> tuple[str, str]:
    word = found["word"].lower()
    return word[::-1], f"Its letters are {'-'.join(word)}; read them from the end."


def _in_words(found: Mapping[str, str]) -> tuple[str, str]:
    number = int(found["n"].replace(",", ""))
    thousands, rest = divmod(number, 1000)
    parts = f"{thousands} thousands and {rest}" if thousands else f"{rest // 100} hundreds and "
    return _said(number), f"{number} is {parts if thousands else parts + str(rest % 100)}."


def _product(found: Mapping[str, str]) -> tuple[str, str]:
    a, b = int(found["a"]), int(found["b"])
    tens, ones = b // 10 * 10, b % 10
    told = f"{a} times {tens} is {a * tens}, {a} times {ones} is {a * ones}"
    return str(a * b), f"{told}; add the two."


def _plain(value: Fraction) -> str:
    if value.denominator == 1:
        return shown(value)
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _said(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    many, rest = divmod(number, size)
    joined = (" and " if rest < 100 else " ") + _said(rest) if rest else ""
    return f"{_said(many)} {name}{joined}"


def _any_date(dice: Dice) -> str:
    return f"{1 + dice.below(28)} {dice.choice(_MONTHS)} {2024 + dice.below(8)}"


def _any_word(dice: Dice) -> str:
    pools = [*words()["flower"], *words()["fruit"], *words()["material"], *words()["animal"]]
    return dice.choice([word for word in pools if word.isalpha()])


def _read_date(text: str) -> date:
    day, month, year = text.split()
    return date(int(year), 1 + [m.lower() for m in _MONTHS].index(month.lower()), int(day))


def _kind(
    solve: Callable[[Mapping[str, str]], tuple[str, str]],
    another: Callable[[Dice], str],
    *patterns: str,
) -> Kind:
    return Kind(tuple(re.compile(p, re.IGNORECASE) for p in patterns), solve, another)


KINDS: Mapping[str, Kind] = {
    "units": _kind(
        _units,
        _ask_units,
        rf"how many (?P<to>\w+) (?:are|is|make) (?P<n>{_NUMBER}) (?P<of>\w+)",
        rf"(?:convert|express|change) (?P<n>{_NUMBER}) (?P<of>\w+) (?:to|in|into) (?P<to>\w+)",
    ),
    "percent": _kind(
        _percent,
        lambda dice: f"What is {5 * (1 + dice.below(19))} % of {20 * (1 + dice.below(60))}?",
        rf"what is (?P<share>{_NUMBER}) ?(?:%|per cent) of (?P<n>{_NUMBER})",
    ),
    "days": _kind(
        _days,
        lambda dice: f"How many days are there from {_any_date(dice)} to {_any_date(dice)}?",
        rf"how many days (?:are there|lie) (?:from|between) (?P<a>{_DATE}) (?:to|and) "
        rf"(?P<b>{_DATE})",
    ),
    "weekday": _kind(
        _weekday,
        lambda dice: f"Which day of the week is {_any_date(dice)}?",
        rf"(?:which|what) day of the week (?:is|was|will be) (?P<a>{_DATE})",
    ),
    "clock": _kind(
        _clock,
        lambda dice: (
            f"It is {dice.below(24):02}:{dice.below(60):02} now. "
            f"What time is it in {15 + dice.below(400)} minutes?"
        ),
        r"it is (?P<h>\d{1,2}):(?P<m>\d{2}) now\. what time (?:is|will) it (?:be )?in "
        r"(?P<n>\d{1,4}) minutes",
    ),
    "change": _kind(
        _change,
        lambda dice: (
            f"I pay {1 + dice.below(18)}.{dice.below(100):02} with a note of 20. "
            "How much change do I get?"
        ),
        rf"pay (?P<price>{_NUMBER})(?: for [^.?]+?)? with an? note of (?P<note>\d+)",
    ),
    "sorted": _kind(
        _sorted,
        _ask_sorted,
        rf"(?:put|sort|arrange) these words (?:in|into) alphabetical order: (?P<list>{_LIST})",
        rf"(?:sort|put) these words alphabetically: (?P<list>{_LIST})",
    ),
    "average": _kind(
        _average,
        lambda dice: (
            f"What is the average of {', '.join(str(2 + dice.below(60)) for _ in range(4))} "
            f"and {2 + dice.below(60)}?"
        ),
        r"what is the average of (?P<list>\d[\d, and]*\d)",
    ),
    "vowels": _kind(
        _vowels,
        lambda dice: f"How many vowels does the word {_any_word(dice)} have?",
        r"how many vowels (?:does the word|are in the word|has the word) \W?(?P<word>[a-z]+)",
    ),
    "backwards": _kind(
        _backwards,
        lambda dice: f"Spell the word {_any_word(dice)} backwards.",
        r"spell (?:the word )?\W?(?P<word>[a-z]+)\W? backwards",
    ),
    "in_words": _kind(
        _in_words,
        lambda dice: f"Write the number {21 + dice.below(9900)} in words.",
        r"write (?:the number )?(?P<n>\d{1,3}(?:,\d{3})|\d{1,4}) in words",
    ),
    "product": _kind(
        _product,
        lambda dice: f"What is {12 + dice.below(80)} times {12 + dice.below(80)}?",
        r"what is (?P<a>\d{1,4}) times (?P<b>\d{1,4})",
        r"multiply (?P<a>\d{1,4}) by (?P<b>\d{1,4})",
    ),
}
"""Name -> kind, in the order in which prompts are tried on them."""
