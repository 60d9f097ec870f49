"""Known contaminated rows, for a shadow copy: what becomes of them tells what finders miss."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from synth_assets.core.decontaminate.paraphrase import Paraphraser

Translate: TypeAlias = Callable[[Sequence[str]], Sequence[str | None]]
"""Texts in another language; none where there is no translation."""


class Kind(StrEnum):
    """What was done to an item."""

    VERBATIM = "verbatim"
    EMBEDDED = "embedded"
    """Verbatim, in the midst of other text."""
    REPHRASED = "rephrased"
    """By rule, see `paraphrase`."""
    RENUMBERED = "renumbered"
    RENAMED = "renamed"
    """With other names and other numbers."""
    RECORDED = "recorded"
    """A rephrasing by somebody else that was given."""
    TRANSLATED = "translated"


@dataclass(frozen=True)
class Injected:
    """A contaminated row.

    Attributes:
        kind: what was done.
        item_id: the item it comes from.
        text: all that the row says.
    """

    kind: Kind
    item_id: str
    text: str


def injections(
    items: Mapping[str, str],
    surroundings: Sequence[str],
    seed: int,
    recorded: Iterable[tuple[str, str]] = (),
) -> list[Injected]:
    """Make rows that hold items, each in every way it allows without a teacher.

    Args:
        items: id -> prompt.
        surroundings: texts to put items in the midst of; without any, nothing is embedded.
        seed: the same one makes the same rows.
        recorded: item id and a rephrasing of it.
    """
    teller = Paraphraser.for_texts(items.values(), seed)
    made: list[Injected] = []
    for item, prompt in items.items():
        told: dict[Kind, str | None] = {
            Kind.VERBATIM: prompt,
            Kind.EMBEDDED: _embedded(prompt, surroundings, seed),
            Kind.REPHRASED: teller.rephrased(prompt),
            Kind.RENUMBERED: teller.renumbered(prompt),
            Kind.RENAMED: teller.renamed(prompt),
        }
        made += [Injected(kind, item, text) for kind, text in told.items() if text]
    made += [Injected(Kind.RECORDED, item, text) for item, text in recorded if text.strip()]
    return made


def translations(items: Mapping[str, str], translate: Translate) -> list[Injected]:
    """Rows that hold items in another language: of those of which there is a translation.

    Args:
        items: id -> prompt.
        translate: asked once, for all of them.
    """
    texts = translate(list(items.values()))
    return [
        Injected(Kind.TRANSLATED, item, text)
        for item, text in zip(items, texts, strict=True)
        if text
    ]


def _embedded(prompt: str, surroundings: Sequence[str], seed: int) -> str | None:
    if not surroundings:
        return None
    rng = random.Random(f"{seed}/embedded/{prompt!a}")
    before, after = rng.choice(surroundings), rng.choice(surroundings)
    return f"{before}\n\n{prompt}\n\n{after}"
