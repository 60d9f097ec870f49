"""Notices made of given facts: drafts that overlook a constraint now and then, and their repair.

Half of the first drafts overlook one or two of their constraints, which is what first drafts do and
no injected flaw. A repair mends what the feedback names; one in four forgets one of several faults.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

REPAIR_FLAWS = frozenset({Flaw.COPIED_PARENT, Flaw.IGNORED_REQUEST})
CRITIQUE_FLAWS = frozenset({Flaw.ENDLESS_CRITIQUE})

_PATTERNS = {
    "least": r"at least (\d{1,3})\b[^.]* words",
    "most": r"at most (\d{1,3}) words",
    "keyword": r"Use the words «(.+?)»",
    "forbidden": r"Do not use «(.+?)»",
    "bullets": r"exactly (\d{1,2}) bullet points",
    "json": r"one JSON object with the keys (.+?), and nothing",
    "ending": r"End with «(.+?)»",
}
_FAULTS = {
    "least": "at least",
    "most": "at most",
    "keyword": "do not stand in it",
    "forbidden": "stand in it",
    "bullets": "bullet points",
    "json": "JSON",
    "ending": "does not end with",
}
"""Constraint -> words of a feedback line that tells of it; the first that fits counts."""

_FIRST_DRAFT_OVERLOOKS, _REPAIR_FORGETS = 0.5, 0.25


@dataclass(frozen=True)
class Order:
    """What is to be written: facts, and constraints by name."""

    facts: tuple[str, ...]
    constraints: Mapping[str, str]

    @classmethod
    def of(cls, asked: Asked) -> "Order":
        """Read the sections `facts` (with | between) and `constraints`."""
        facts = tuple(fact.strip() for fact in asked.section("facts").split("|") if fact.strip())
        said = asked.section("constraints")
        found = {name: re.search(pattern, said) for name, pattern in _PATTERNS.items()}
        return cls(facts, {name: match[1] for name, match in found.items() if match})


def recognise(asked: Asked) -> Task | None:
    """`<notice_task>` with `<facts>`: draft; and `<notice_to_mend>`, or `<notice_to_judge>`."""
    order = Order.of(asked)
    if text := asked.section("notice_to_judge"):
        return Task(CRITIQUE_FLAWS, lambda _, flaw, dice: judged(text, order, flaw, dice))
    if text := asked.section("notice_to_mend"):
        feedback = asked.section("faults")
        return Task(REPAIR_FLAWS, lambda _, flaw, dice: repaired(text, order, feedback, flaw, dice))
    if asked.section("notice_task"):
        return Task(frozenset(), lambda _, flaw, dice: drafted(order, dice))
    return None


def drafted(order: Order, dice: Dice) -> Composition:
    """A first draft."""
    if not order.facts:
        return Composition("<none/>", Truth())
    overlooked: set[str] = set()
    if order.constraints and dice.unit() < _FIRST_DRAFT_OVERLOOKS:
        overlooked = set(dice.shuffled(sorted(order.constraints))[: 1 + dice.below(2)])
    return Composition(_notice(order, overlooked, dice), Truth())


def repaired(text: str, order: Order, feedback: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """The notice with its faults mended, or most of them."""
    if not order.facts:
        return Composition("<none/>", Truth(flaw))
    if flaw is Flaw.COPIED_PARENT:
        return Composition(text, Truth(flaw, family=text))
    faulty = [
        next((name for name, words in _FAULTS.items() if words in line), "")
        for line in feedback.splitlines()
    ]
    overlooked: set[str] = set()
    if len(faulty) > 1 and dice.unit() < _REPAIR_FORGETS:
        overlooked.add(faulty[-1])
    others = sorted(set(order.constraints) - set(faulty))
    if flaw is Flaw.IGNORED_REQUEST and others:
        overlooked.add(dice.choice(others))
    return Composition(_notice(order, overlooked, dice), Truth(flaw))


def judged(text: str, order: Order, flaw: Flaw | None, dice: Dice) -> Composition:
    """Good where two of the facts stand in it, else what is missing."""
    told = [fact for fact in order.facts if fact.rstrip(".").casefold() in text.casefold()]
    if flaw is Flaw.ENDLESS_CRITIQUE:
        return _verdict("faulty", dice.choice(_language()["feedback"]), Truth(flaw))
    if len(told) < min(2, len(order.facts)):
        missing = next(fact for fact in order.facts if fact not in told)
        return _verdict("faulty", f"It should say more, such as: {missing}", Truth())
    return _verdict("good", "It says what is to be said.", Truth())


def _notice(order: Order, overlooked: set[str], dice: Dice) -> str:
    heeded = {n: value for n, value in order.constraints.items() if n not in overlooked}
    facts = dice.shuffled(order.facts)
    if "json" in order.constraints:
        text = _record(facts, order.constraints["json"].split(", "), dice)
        return text if "json" in heeded else f"Here it is:\n{text}"
    extra = [_said("keywords", heeded["keyword"], dice)] if "keyword" in heeded else []
    if "forbidden" in overlooked:
        extra.append(_said("forbidden", order.constraints["forbidden"], dice))
    room = int(order.constraints.get("most", "80")) - _words(extra) - 16
    if "bullets" in order.constraints:
        count = int(order.constraints["bullets"]) + ("bullets" in overlooked)
        lines = [f"- {fact}" for fact in _as_many(facts, count)]
        parts = ["\n".join([dice.choice(_language()["openers"]), *lines]), *extra]
    else:
        count = len(facts)
        while count > 2 and _words(facts[:count]) > room:
            count -= 1
        parts = [dice.choice(_language()["openers"]), *dice.shuffled([*facts[:count], *extra])]
    if "least" in overlooked:
        parts = parts[:1]
    parts += _padding(_words(parts), order, overlooked, dice)
    ending = [heeded["ending"]] if "ending" in heeded else []
    joint = "\n" if "bullets" in order.constraints else " "
    return joint.join([*parts, *ending])


def _padding(words: int, order: Order, overlooked: set[str], dice: Dice) -> list[str]:
    """Sentences until there are enough words, or too many where that is overlooked."""
    goal = int(order.constraints.get("least", "0")) if "least" not in overlooked else 0
    if "most" in overlooked:
        goal = int(order.constraints["most"]) + 1
    found: list[str] = []
    for filler in dice.shuffled(_language()["fillers"]):
        if words + _words(found) >= goal:
            break
        found.append(filler)
    return found


def _record(facts: Sequence[str], keys: Sequence[str], dice: Dice) -> str:
    values: dict[str, str] = {}
    for number, key in enumerate(keys):
        title = dice.choice(_language()["titles"])
        values[key] = title if number == 0 else " ".join(facts[: 2 + dice.below(3)])
    return json.dumps(values, ensure_ascii=False)


def _as_many(facts: Sequence[str], count: int) -> list[str]:
    return [facts[index % len(facts)] for index in range(count)]


def _words(parts: Sequence[str]) -> int:
    return sum(len(part.split()) for part in parts)


def _said(pool: str, word: str, dice: Dice) -> str:
    return dice.choice(_language()[pool]).format(x=word)


def _verdict(verdict: str, feedback: str, truth: Truth) -> Composition:
    return Composition(
        f"<verdict>\n{verdict}\n</verdict>\n<feedback>\n{feedback}\n</feedback>", truth
    )


@cache
def _language() -> dict[str, Any]:
    return read_packaged("iterative_refinement.yaml")
