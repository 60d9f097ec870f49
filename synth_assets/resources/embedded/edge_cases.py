"""Messages to a support desk that show a case, their handling, and whether one shows it."""

import re
from collections.abc import Mapping
from functools import cache

from synth_assets.core.config.names import Written
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.stories import words
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

WRITE_FLAWS = frozenset(
    {Flaw.INVENTED_QUOTE, Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK, Flaw.NEAR_DUPLICATE}
)
_SENTENCE = re.compile(r"(?<=\.)\s+")
_FAVOURITE = "favourite"


class Case(Written):
    """What shows a case in a message, and what the desk does; `bare` messages say no more."""

    shows: tuple[str, ...]
    does: tuple[str, ...]
    bare: bool = False


class Tone(Written):
    """How messages of a tone begin and end."""

    open: tuple[str, ...]
    close: tuple[str, ...]


class Desk(Written):
    """Everything that is said at the desk; see edge_cases.yaml."""

    cases: dict[str, Case]
    ordinary: tuple[str, ...]
    tones: dict[str, Tone]
    channels: dict[str, tuple[str, ...]]
    personas: dict[str, tuple[str, ...]]
    decides: tuple[str, ...]
    closing: tuple[str, ...]


def recognise(asked: Asked) -> Task | None:
    """`<house_rules>` with `<case>`: a message and its handling; `<case_to_check>`: a verdict."""
    if asked.section("house_rules") and asked.section("case"):
        return Task(WRITE_FLAWS, lambda _, flaw, dice: _write(asked, flaw, dice))
    if case := asked.section("case_to_check"):
        message = asked.section("message_to_check")
        return Task(frozenset(), lambda _, flaw, __: _check(case, message, flaw))
    return None


@cache
def desk() -> Desk:
    """The whole desk."""
    return Desk.model_validate(read_packaged("edge_cases.yaml"))


def shows(message: str, case: str) -> bool:
    """Whether a message holds one of the sentences that show a case."""
    return any(pattern.search(message) for pattern in _patterns(case))


def _write(asked: Asked, flaw: Flaw | None, dice: Dice) -> Composition:
    case = desk().cases.get(asked.section("case"))
    if case is None:
        return Composition("<none/>", Truth(flaw))
    if flaw is Flaw.NEAR_DUPLICATE:
        # The same words whatever is drawn, but for the closing line.
        dice, last = Dice(f"{_FAVOURITE}/{asked.section('case')}"), dice
    else:
        last = dice
    matter = asked.section("matter")
    filled = {"matter": matter, **_drawn(dice)}
    said = dice.choice(desk().ordinary if flaw is Flaw.IGNORED_REQUEST else case.shows)
    aside = "" if case.bare else _aside(asked.section("persona"), dice)
    query = _toned(asked.section("tone"), said.format_map(filled), aside, filled, dice)
    query += _signature(asked.section("channel"), filled, dice)
    rule = dice.choice(_SENTENCE.split(asked.section("house_rules")))
    if flaw is Flaw.INVENTED_QUOTE:
        rule = f"Since last {filled['weekday']} {matter} is free for everybody who asks."
    decides = dice.choice(desk().decides).format(rule=rule)
    handling = f"{dice.choice(case.does)} {decides} {last.choice(desk().closing)}"
    if flaw is Flaw.PROMPT_LEAK:
        handling = f"{asked.leak}\n{handling}"
    said = (("query", query), ("handling", handling), ("rule", rule))
    text = "\n".join(f"<{name}>\n{body}\n</{name}>" for name, body in said)
    family = f"{_FAVOURITE}/{asked.section('case')}" if flaw is Flaw.NEAR_DUPLICATE else ""
    return Composition(text, Truth(flaw, answer=asked.section("case"), family=family))


def _toned(tone: str, said: str, aside: str, filled: Mapping[str, str], dice: Dice) -> str:
    manner = desk().tones.get(tone)
    if manner is None:
        return f"{said[0].upper()}{said[1:]}.{aside}"
    first, last = dice.choice(manner.open), dice.choice(manner.close)
    return f"{first} {said}.{aside} {last}".format_map(filled)


def _aside(persona: str, dice: Dice) -> str:
    """What somebody says of themselves; nothing of people that the desk does not know."""
    known = desk().personas.get(persona)
    return f" {dice.choice(known)}" if known else ""


def _signature(channel: str, filled: Mapping[str, str], dice: Dice) -> str:
    """The lines below a message of that channel, if it has such."""
    known = desk().channels.get(channel)
    return f"\n{dice.choice(known)}".format_map(filled) if known else ""


def _drawn(dice: Dice) -> dict[str, str]:
    pools = words()
    return {
        **{slot: dice.choice(pools[slot]) for slot in ("who", "place", "weekday")},
        "amount": str(20 + 5 * dice.below(60)),
        "number": str(3 + dice.below(25)),
        "count": str(24 + dice.below(50)),
    }


def _check(case: str, message: str, flaw: Flaw | None) -> Composition:
    found = shows(message, case)
    reason = "it is said in so many words" if found else "nothing in the message is out of the way"
    verdict = "yes" if found else "no"
    text = f"<reason>\n{reason}\n</reason>\n<verdict>\n{verdict}\n</verdict>"
    return Composition(text, Truth(flaw, answer=verdict))


@cache
def _patterns(case: str) -> tuple[re.Pattern[str], ...]:
    known = desk().cases.get(case)
    templates = known.shows if known is not None else ()
    return tuple(
        re.compile("(?i)" + ".+?".join(re.escape(part) for part in re.split(r"\{\w+\}", template)))
        for template in templates
    )
