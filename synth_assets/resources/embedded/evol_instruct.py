"""Instructions about a row of numbers: made harder clause by clause, compared, and answered.

An instruction is a row of numbers, a question about it and any number of known clauses; whoever
words it so is understood. Answers are computed, so they are right.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from statistics import median
from typing import Any

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.stories import words
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

EVOLVE_FLAWS = frozenset({Flaw.COPIED_PARENT, Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK})

_ROW = re.compile(r"\d+(?:, \d+)+(?:,? and \d+)?")
_SLOT = re.compile(r"\{(\w+)\}")
_SLOTS = {"n": r"\d+", "row": r"\d+(?:, \d+)*", "unit": r"[\w ]+?", "place": r"[\w' ]+?"}
_COMES_FROM = re.compile(r"It comes from (?P<setting>[^.\n]+)\.")
_FILTERS = ("at_least", "at_most", "not_first", "not_last", "late", "record", "first_is")
_ATTEMPTS = 60


@dataclass(frozen=True)
class Clause:
    """A clause that stands in an instruction: its kind, and what fills its slots."""

    kind: str
    filled: Mapping[str, str]
    start: int = 0

    @property
    def number(self) -> Fraction:
        """What stands in its slot `n`."""
        return Fraction(self.filled["n"])

    def applied(self, row: Sequence[Fraction]) -> list[Fraction]:
        """The row with this clause heeded, where it is about the row."""
        match self.kind:
            case "at_least":
                return [value for value in row if value >= self.number]
            case "at_most":
                return [value for value in row if value <= self.number]
            case "not_first":
                return list(row[1:])
            case "not_last":
                return list(row[:-1])
            case "late" | "record":
                return [*row, *map(Fraction, re.findall(r"\d+", self.filled["row"]))]
            case "first_is":
                return [self.number, *row[1:]]
            case _:
                return list(row)


@dataclass(frozen=True)
class Read:
    """An instruction as it is understood: its row, its question, its clauses in their order."""

    row: tuple[Fraction, ...]
    ask: str
    clauses: tuple[Clause, ...] = ()

    @property
    def said(self) -> object:
        """What makes two instructions the same."""
        return self.row, self.ask, {(c.kind, tuple(c.filled.items())) for c in self.clauses}

    @property
    def values(self) -> list[Fraction]:
        """The row with all clauses heeded."""
        row = list(self.row)
        for clause in self.clauses:
            row = clause.applied(row)
        return row


@dataclass(frozen=True)
class Teller:
    """How an answer is worded.

    Attributes:
        manner: `brisk`, `patient` or neither.
        setting: where the instruction comes from.
        dice: chance.
    """

    manner: str
    setting: str
    dice: Dice

    def opening(self) -> list[str]:
        """What stands above the working; somebody in a hurry gets nothing."""
        openers: dict[str, list[str]] = _language()["openers"]
        known = openers.get(self.manner or "plain")
        return [self.dice.choice(known).format(setting=self.setting)] if known else []

    def line(self, kind: str, **filled: str) -> str:
        """One line of the working; in haste a shorter one, where there is such."""
        lines: dict[str, list[str]] = _language()["lines"]
        if self.manner == "brisk":
            lines = {**lines, **_language()["short_lines"]}
        return self.dice.choice(lines[kind]).format(**filled)


def recognise(asked: Asked) -> Task | None:
    """`<instruction_to_evolve>`, `_to_mutate`, `_to_answer`, or `<first_instruction>`."""
    if parent := asked.section("instruction_to_evolve"):
        operation, brief = asked.section("operation"), "one short sentence" in asked.prompt
        setting = asked.section("setting")
        return Task(
            EVOLVE_FLAWS,
            lambda _, flaw, dice: evolved(parent, operation, flaw, dice, setting, brief=brief),
        )
    if parent := asked.section("instruction_to_mutate"):
        setting = asked.section("setting")
        return Task(
            frozenset({Flaw.COPIED_PARENT}),
            lambda _, flaw, dice: mutated(parent, setting, flaw, dice),
        )
    if text := asked.section("instruction_to_answer"):
        place, manner = _setting_told(asked.prompt), _manner(asked.messages[0].content)
        return Task(
            frozenset(),
            lambda _, flaw, dice: Composition(answered(text, dice, manner, place), Truth()),
        )
    if first := asked.section("first_instruction"):
        second = asked.section("second_instruction")
        return Task(frozenset(), lambda _, flaw, dice: compared(first, second))
    return None


def evolved(
    parent: str,
    operation: str,
    flaw: Flaw | None,
    dice: Dice,
    setting: str = "",
    *,
    brief: bool = True,
) -> Composition:
    """Write the instruction with one clause more, of the kind of the operation.

    Args:
        parent: the instruction.
        operation: as in the recipe.
        flaw: what goes wrong, if anything.
        dice: chance.
        setting: where it takes place; a place is drawn where there is none.
        brief: the clause alone, without a sentence on what it is for.
    """
    understood = read_instruction(parent)
    if understood is None:
        return Composition("<none/>", Truth(flaw))
    match flaw:
        case Flaw.COPIED_PARENT:
            copied = dice.choice((parent, parent.upper(), f"  {parent}\n"))
            return _instruction(copied, Truth(flaw, family=parent))
        case Flaw.IGNORED_REQUEST:
            idle = dice.choice(("Please be so kind and do this. {}", "Here is my request. {}"))
            return _instruction(idle.format(parent), Truth(flaw, family=parent))
        case _:
            clause = _new_clause(understood, operation, setting, dice)
            if clause and not brief:
                clause = f"{clause} {_reason(parent, setting, dice)}"
            leak = "#Rewritten Prompt#: " if flaw is Flaw.PROMPT_LEAK else ""
            text = f"{leak}{parent} {clause}" if clause else parent
            return _instruction(text, Truth(flaw, family=parent))


def mutated(parent: str, setting: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Write a new instruction of the same domain."""
    if flaw is Flaw.COPIED_PARENT:
        return _instruction(parent, Truth(flaw, family=parent))
    known, pools = _language(), words()
    row = [11 + dice.below(88) for _ in range(5 + dice.below(3))]
    ask = dice.choice(known["asks"][dice.choice(sorted(known["asks"]))])
    text = dice.choice(known["mutations"]).format(
        who=dice.choice(pools["who"]),
        place=dice.choice(pools["place"]),
        thing=dice.choice(known["things"]),
        setting=setting or "a small shop",
        row=_row(row),
        count=len(row),
        ask=ask,
    )
    return _instruction(text, Truth())


def compared(first: str, second: str) -> Composition:
    """Say whether two instructions ask the same."""
    one, other = read_instruction(first), read_instruction(second)
    same = one is not None and other is not None and one.said == other.said
    return Composition(f"<verdict>{'equal' if same else 'different'}</verdict>", Truth())


def answered(text: str, dice: Dice, manner: str = "", setting: str = "") -> str:
    """Carry an instruction out, with a line for each part of it.

    Args:
        text: the instruction.
        dice: chance.
        manner: `brisk`, `patient` or neither.
        setting: where the instruction comes from, if that is known.
    """
    understood = read_instruction(text)
    if understood is None:
        return "<none/>"
    told = Teller(manner, setting or "the one who asks", dice)
    row = list(understood.row)
    lines = [*told.opening(), told.line("data", row=_row(row))]
    for clause in understood.clauses:
        if clause.kind in _FILTERS:
            row = clause.applied(row)
            lines.append(told.line(clause.kind, **{**clause.filled, "row": _row(row)}))
    result = result_of(understood.ask, row)
    figures = {"sum": _told(sum(row, Fraction())), "count": str(len(row))}
    lines.append(told.line(understood.ask, **figures, result=_told(result)))
    for clause in understood.clauses:
        if clause.kind not in _FILTERS:
            before, result = result, _after(clause, result)
            said = {**_figures(clause.kind, row), **clause.filled}
            said |= {"before": _told(before), "result": _told(result)}
            lines.append(told.line(clause.kind, **said))
    return "\n".join([*lines, f"Answer: {_told(result)}"])


def result_of(ask: str, row: Sequence[Fraction]) -> Fraction:
    """The answer to the question itself."""
    match ask:
        case "mean":
            return sum(row, Fraction()) / len(row)
        case "largest":
            return max(row)
        case "smallest":
            return min(row)
        case _:
            return sum(row, Fraction())


def read_instruction(text: str) -> Read | None:
    """Understand an instruction, if it has a row, a question and sense."""
    plain = " ".join(text.split())
    found = _ROW.search(plain)
    clauses = sorted(_clauses_in(plain), key=lambda clause: clause.start)
    asked = plain[: min((clause.start for clause in clauses), default=len(plain))].casefold()
    ask = next(
        (
            name
            for name, keywords in _language()["keywords"].items()
            if re.search(rf"\b(?:{'|'.join(keywords)})\b", asked)
        ),
        None,
    )
    if found is None or ask is None:
        return None
    row = tuple(map(Fraction, re.findall(r"\d+", found[0])))
    understood = Read(row, ask, tuple(clauses))
    return understood if understood.values else None


def _new_clause(understood: Read, operation: str, setting: str, dice: Dice) -> str:
    """A clause that is new to the instruction and leaves at least three values."""
    have = {clause.kind for clause in understood.clauses}
    known = [c for c in _language()["clauses"] if c["operation"] == operation]
    fresh = [c for c in known if c["kind"] not in have] or [
        c for c in known if c["kind"] in ("times", "minus", "late", "at_least", "at_most")
    ]
    for _ in range(_ATTEMPTS if fresh else 0):
        clause = dice.choice(fresh)
        text = dice.choice(clause["texts"]).format(
            n=_number(clause["kind"], understood, dice),
            row=", ".join(str(11 + dice.below(88)) for _ in range(2 + dice.below(2))),
            unit=dice.choice(_language()["units"]),
            place=setting or dice.choice(words()["place"]),
        )
        [read] = _clauses_in(text)
        row = understood.values
        left = read.applied(row)
        if len(left) >= 3 and (left != row or read.kind not in _FILTERS):
            return text
    return ""


def _reason(parent: str, setting: str, dice: Dice) -> str:
    """A sentence that says what a clause is for, and does not stand in the parent."""
    where, who = setting or "a small shop", dice.choice(words()["who"])
    reasons: list[str] = _language()["reasons"]
    fresh = [each for each in reasons if each.format(who="", setting=where) not in parent]
    return dice.choice(fresh or reasons).format(who=who, setting=where)


def _setting_told(prompt: str) -> str:
    found = _COMES_FROM.search(prompt)
    return found["setting"] if found else ""


def _manner(system: str) -> str:
    """How the system message wants an answer."""
    if "in a hurry" in system:
        return "brisk"
    return "patient" if "calmly" in system else ""


def _number(kind: str, understood: Read, dice: Dice) -> int:
    if kind in ("at_least", "at_most"):
        return int(dice.choice(understood.values)) + dice.choice((0, 1))
    return 2 + dice.below(8) if kind == "times" else 3 + dice.below(60)


def _after(clause: Clause, result: Fraction) -> Fraction:
    match clause.kind:
        case "differs":
            return abs(result - clause.number)
        case "times":
            return result * clause.number
        case "minus":
            return result - clause.number
        case _:
            return result


def _figures(kind: str, row: Sequence[Fraction]) -> dict[str, str]:
    mean, middle = result_of("mean", row), Fraction(median(row))
    side = "above it" if middle > mean else "below it" if middle < mean else "just on it"
    above = sum(value > mean for value in row)
    spread = max(row) - min(row)
    x = _told(spread) if kind == "spread" else str(above)
    figures = {"high": max(row), "low": min(row), "mean": mean, "median": middle}
    return {"x": x, "side": side, "count": str(len(row))} | {
        name: _told(value) for name, value in figures.items()
    }


def _told(value: Fraction) -> str:
    """Whole, or rounded to two decimals and said so."""
    exact = (value * 100).denominator == 1
    return shown(value) if exact else f"about {float(value):.2f}"


def _row(values: Sequence[Fraction | int]) -> str:
    return ", ".join(str(value) for value in values)


def _instruction(text: str, truth: Truth) -> Composition:
    return Composition(f"<instruction>\n{text}\n</instruction>", truth)


def _clauses_in(text: str) -> list[Clause]:
    return [
        Clause(kind, found.groupdict(), found.start())
        for kind, pattern in _patterns()
        for found in pattern.finditer(text)
    ]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (clause["kind"], _pattern(text))
        for clause in _language()["clauses"]
        for text in clause["texts"]
    )


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _SLOT.split(template.replace("{{", "\x01").replace("}}", "\x02"))
    parts = [
        f"(?P<{piece}>{_SLOTS[piece]})" if index % 2 else re.escape(piece)
        for index, piece in enumerate(pieces)
    ]
    return re.compile("".join(parts).replace("\x01", r"\{").replace("\x02", r"\}"))


@cache
def _language() -> dict[str, Any]:
    return read_packaged("evol_instruct.yaml")
