"""Short business documents and the JSON records that stand in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from synth_assets.core.config.names import Written
from synth_assets.core.fingerprint import Json
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

RECORD_FLAWS = frozenset(
    {
        Flaw.NEAR_DUPLICATE,
        Flaw.PROMPT_LEAK,
        Flaw.MALFORMED_JSON,
        Flaw.SCHEMA_VIOLATION,
        Flaw.INVENTED_VALUE,
    }
)

_MOST_ITEMS = 5
_MOST_OF_AN_ITEM = 60
_FIRST_YEAR, _YEARS = 2024, 6


class Kind(Written):
    """A kind of document: what prompts call it, and what it is written from."""

    names: tuple[str, ...]
    prefix: str
    things: tuple[str, ...]
    item: tuple[str, ...]
    scholar: tuple[str | tuple[str, ...], ...]
    clerk: tuple[str | tuple[str, ...], ...]


class People(Written):
    """Parts of names."""

    first: tuple[str, ...]
    last: tuple[str, ...]


class Stationery(Written):
    """The content of `documents.yaml`."""

    people: People
    cities: tuple[str, ...]
    months: tuple[str, ...]
    kinds: dict[str, Kind]


@dataclass(frozen=True)
class Item:
    """A listed thing and how many of it."""

    name: str
    quantity: int


@dataclass(frozen=True)
class Facts:
    """What a document says, and its record holds."""

    kind: str
    reference: str
    organisation: str
    date: str
    contact: str
    city: str
    items: tuple[Item, ...]

    @property
    def record(self) -> dict[str, Json]:
        """The record, as JSON says it."""
        items = [{"name": item.name, "quantity": item.quantity} for item in self.items]
        return {**self.slots, "items": items}

    @property
    def slots(self) -> dict[str, str]:
        """The fields that are text."""
        return {
            "kind": self.kind,
            "reference": self.reference,
            "organisation": self.organisation,
            "date": self.date,
            "contact": self.contact,
            "city": self.city,
        }


def recognise(asked: Asked) -> Task | None:
    """`<document_kind>`, with `<organisation>` where given: a document and its record."""
    kind, organisation = asked.section("document_kind"), asked.section("organisation")
    if not kind:
        return None
    return Task(
        RECORD_FLAWS,
        lambda voice, flaw, dice: write_document(kind, organisation, voice, flaw, asked.leak, dice),
    )


def write_document(
    asked_kind: str, organisation: str, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """Write a document of a kind and its record, in the sections `document` and `record`.

    An unknown kind gets a document of some kind; an empty organisation some name.
    """
    kind = _kind(asked_kind, dice)
    family = ""
    if flaw is Flaw.NEAR_DUPLICATE:
        family = f"favourite/{voice}/{kind}"
        earlier = Dice(family)
        facts = _facts(kind, "", earlier)
        surname = facts.contact.partition(" ")[2]
        forename = dice.choice(_stationery().people.first)
        facts = replace(facts, contact=f"{forename} {surname}")
        document = _document(facts, voice, earlier)
    else:
        facts = _facts(kind, organisation, dice)
        document = _document(facts, voice, dice)
    shown = f"{leak}\n{document}" if flaw is Flaw.PROMPT_LEAK else document
    record = _record(facts, document, flaw, dice)
    text = f"<document>\n{shown}\n</document>\n<record>\n{record}\n</record>"
    return Composition(text, Truth(flaw, answer=_json(facts.record), family=family))


@cache
def _stationery() -> Stationery:
    return Stationery.model_validate(read_packaged("documents.yaml"))


def _kind(asked: str, dice: Dice) -> str:
    kinds = _stationery().kinds
    plain = asked.strip().casefold()
    named = [kind for kind, spec in kinds.items() if plain in spec.names]
    return named[0] if named else dice.choice(sorted(kinds))


def _facts(kind: str, organisation: str, dice: Dice) -> Facts:
    spec = _stationery().kinds[kind]
    names = dice.shuffled(spec.things)[: 1 + dice.below(_MOST_ITEMS)]
    return Facts(
        kind=kind,
        reference=f"{spec.prefix}-{1000 + dice.below(9000)}",
        organisation=organisation or f"{_contact(dice)} Ltd",
        date=_date(dice),
        contact=_contact(dice),
        city=dice.choice(_stationery().cities),
        items=tuple(Item(name, 2 + dice.below(_MOST_OF_AN_ITEM - 1)) for name in names),
    )


def _contact(dice: Dice) -> str:
    people = _stationery().people
    return f"{dice.choice(people.first)} {dice.choice(people.last)}"


def _date(dice: Dice) -> str:
    month = dice.choice(_stationery().months)
    return f"{1 + dice.below(28)} {month} {_FIRST_YEAR + dice.below(_YEARS)}"


def _document(facts: Facts, voice: str, dice: Dice) -> str:
    spec = _stationery().kinds[facts.kind]
    form = dice.choice(spec.item)
    lines = "\n".join(
        f"- {form.format(name=item.name, quantity=item.quantity)}" for item in facts.items
    )
    parts = spec.clerk if voice == "clerk" else spec.scholar
    told = [part if isinstance(part, str) else dice.choice(part) for part in parts]
    return "\n".join(told).format(lines=lines, **facts.slots)


def _json(record: Mapping[str, Json]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _record(facts: Facts, document: str, flaw: Flaw | None, dice: Dice) -> str:
    match flaw:
        case Flaw.MALFORMED_JSON:
            return _malformed(_json(facts.record), dice)
        case Flaw.SCHEMA_VIOLATION:
            return _json(dice.choice(_violations(facts)))
        case Flaw.INVENTED_VALUE:
            return _json(_with_invention(facts, document, dice).record)
        case _:
            return _json(facts.record)


def _malformed(right: str, dice: Dice) -> str:
    """JSON as hurried writers write it; no JSON reader accepts any of these."""
    return dice.choice(
        (
            right[:-1],
            f"{right[:-1]},}}",
            right.replace('"', "'"),
            right.replace('"kind"', "kind"),
            right.replace('", "', '" "', 1),
        )
    )


def _violations(facts: Facts) -> list[dict[str, Json]]:
    right = facts.record
    worded: list[Json] = [
        {"name": item.name, "quantity": str(item.quantity)} for item in facts.items
    ]
    unnamed: list[Json] = [{"quantity": item.quantity} for item in facts.items]
    return [
        {name: value for name, value in right.items() if name != "city"},
        {name: value for name, value in right.items() if name != "items"},
        {**right, "items": worded},
        {**right, "items": unnamed},
        {**right, "items": []},
        {**right, "note": facts.city},
        {**right, "contact": [facts.contact]},
    ]


def _with_invention(facts: Facts, document: str, dice: Dice) -> Facts:
    """The same facts but for one that the document does not say."""
    spec = _stationery().kinds[facts.kind]
    quantity = str(_MOST_OF_AN_ITEM + 1)
    while quantity in document:
        quantity = str(_MOST_OF_AN_ITEM + 1 + dice.below(900))
    said = document.casefold()
    name = dice.choice([thing for thing in spec.things if thing.casefold() not in said])
    city = dice.choice([city for city in _stationery().cities if city.casefold() not in said])
    contact, date = _contact(dice), _date(dice)
    while contact in document or date in document:
        contact, date = _contact(dice), _date(dice)
    first, rest = facts.items[0], facts.items[1:]
    return dice.choice(
        (
            replace(facts, items=(replace(first, quantity=int(quantity)), *rest)),
            replace(facts, items=(*facts.items, Item(name, first.quantity))),
            replace(facts, city=city),
            replace(facts, contact=contact),
            replace(facts, date=date),
        )
    )
