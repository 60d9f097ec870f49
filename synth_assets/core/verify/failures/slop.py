"""Phrases that models overuse, when an answer has more of them than people can be held to write."""

import math
from collections import defaultdict
from typing import Annotated

from pydantic import Field, StringConstraints

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.slop_phrases import phrases
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, listed

_FREQUENT = listed(
    "a an the of to in is its it i he she my her his you do dont not and for from that this all "
    "but was be by on with into these make first like any other time world role down sense"
)


class Slop(Written):
    """The answer has no more worn phrases than people write, as far as its length can tell.

    Different phrases are counted. Rejected is an answer for which so many or more would come with
    a probability below `1 - confidence` if they fell at people's rate (Poisson).

    Attributes:
        human_rate: different phrases in a thousand words of people.
        confidence: see there.
        min_phrases: fewer are never too many.
        more: phrases of your own, counted beside ours; raise `human_rate` by how often people of
            your field write them.
        ours: count ours.
    """

    human_rate: float = Field(default=0.9, gt=0)
    confidence: float = Field(default=0.999, gt=0.5, lt=1)
    min_phrases: int = Field(default=3, ge=1)
    more: tuple[Annotated[str, StringConstraints(pattern=r"\w")], ...] = ()
    ours: bool = True

    def look(self) -> Look:
        """Make the check."""
        all_phrases = (*(phrases() if self.ours else ()), *self.more)
        keyed: defaultdict[str, list[str]] = defaultdict(list)
        for phrase in dict.fromkeys(" ".join(Turn("", each).words) for each in all_phrases):
            keyed[_key(phrase)].append(f" {phrase} ")
        keys = frozenset(keyed)

        def check(turn: Turn) -> Fault | None:
            words = turn.words
            there = keys.intersection(words)
            if len(there) < self.min_phrases and self.ours:
                return None
            text = f" {' '.join(words)} "
            found = [each.strip() for key in sorted(there) for each in keyed[key] if each in text]
            found = [each for each in found if not any(each != o and each in o for o in found)]
            count = len(found)
            if count < self.min_phrases:
                return None
            chance = at_least(count, self.human_rate * len(words) / 1000)
            if chance >= 1 - self.confidence:
                return None
            rate = 1000 * count / len(words)
            told = f"{count} worn phrases in {len(words)} words, {rate:.1f} in a thousand; "
            told += f"people write {self.human_rate:g}: {', '.join(found[:6])}"
            return Fault(Reason.SLOP, told)

        return check


def at_least(count: int, mean: float) -> float:
    """The probability of `count` events or more, by Poisson's law; near enough to one for many."""
    if count <= mean:
        return 1.0
    term = math.exp(-mean + count * math.log(mean) - math.lgamma(count + 1)) if mean > 0 else 0.0
    total, at = term, count
    while term > total * 1e-12:
        at += 1
        term *= mean / at
        total += term
    return min(total, 1.0)


def _key(phrase: str) -> str:
    """The word by which a phrase is looked for: its longest that is not frequent."""
    words = phrase.split()
    return max(words, key=lambda word: (word not in _FREQUENT, len(word)))
