"""Two responses judged in both orders, and what a judge leans to: place, length, its own kin.

Zheng et al., 2023, arXiv:2306.05685, name these biases. A lean is no proof of a bias: what is
longer, or by the judge's own kin, may be better. So length and kin are held against what people
said, or other judges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal, TypeAlias

from synth_assets.core.judging.agreement import Agreement, cohens_kappa
from synth_assets.core.judging.lean import Z_95, Lean

Said: TypeAlias = Literal["A", "B", "tie"]
"""What a judge says: the response shown first, the one shown second, or neither."""

Choice: TypeAlias = Literal["one", "other", "tie"]
"""Which of two responses is better, in whatever order they were shown."""

BothOrders: TypeAlias = tuple[Said | None, Said | None]
"""Verdicts in both orders: `one` shown first, then `other`; none where it could not be read."""

_FIRST: Mapping[Said, Choice] = {"A": "one", "B": "other", "tie": "tie"}
_SECOND: Mapping[Said, Choice] = {"A": "other", "B": "one", "tie": "tie"}


@dataclass(frozen=True)
class JudgedPair:
    """Two responses, `one` and `other`, as one judge sees them.

    Attributes:
        said: its verdicts in both orders.
        gold: which is better by a label; none where there is none.
        words: length of one, and of other.
        families: of the models that wrote them; none where not known.
    """

    said: BothOrders
    gold: Choice | None = None
    words: tuple[int, int] = (0, 0)
    families: tuple[str | None, str | None] = (None, None)

    @property
    def picks(self) -> tuple[Choice | None, Choice | None]:
        """What each order names."""
        first, second = self.said
        return (
            None if first is None else _FIRST[first],
            None if second is None else _SECOND[second],
        )

    @property
    def choice(self) -> Choice | None:
        """What both orders name; none where they differ, or one could not be read."""
        first, second = self.picks
        return first if first == second else None

    @property
    def longer(self) -> Choice:
        """Which has more words."""
        one, other = self.words
        return "tie" if one == other else "one" if one > other else "other"


@dataclass(frozen=True)
class GoldAgreement:
    """How a judge fares against labels.

    Attributes:
        first: right verdicts with `one` shown first.
        second: right verdicts with `other` shown first.
        both: pairs that are right in both orders.
        kappa: of what both orders name against the label, over pairs where they name the same.
    """

    first: Lean
    second: Lean
    both: Lean
    kappa: Agreement

    @property
    def average(self) -> float:
        """The share of right verdicts in both orders together."""
        return (self.first.share + self.second.share) / 2


@dataclass(frozen=True)
class PositionBias:
    """What becomes of verdicts when the two responses change places.

    Attributes:
        first: verdicts that name the response shown first, of those that name one. A judge without
            a lean to places comes to a half.
        inconsistent: pairs whose two orders name different things.
        to_first: pairs of which each order names the response shown first.
        to_second: pairs of which each order names the response shown second.
        tied: pairs that both orders call a tie.
        unread: pairs with a verdict that could not be read; they count nowhere else.
        kappa: agreement of the two orders beyond chance.
    """

    first: Lean
    inconsistent: Lean
    to_first: int
    to_second: int
    tied: Lean
    unread: int
    kappa: Agreement

    @property
    def direction(self) -> float:
        """From -1, all pairs follow the second place, to 1, all follow the first; 0 for none."""
        pairs = self.inconsistent.of
        return (self.to_first - self.to_second) / pairs if pairs else 0.0


@dataclass(frozen=True)
class Odds:
    """Odds, with bounds of 95 %; 1 is no preference."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LengthBias:
    """Whether a judge prefers the longer response, whatever is better.

    Attributes:
        longer: choices of the longer response, of those between responses of unequal length.
        gold_longer: the same by the label, over the same pairs.
        when_longer_is_better: choices of the longer response where the label says so too.
        when_shorter_is_better: choices of the longer response where the label says the shorter.
        odds: of the longer response at equal quality; none without labels of both kinds. From the
            model logit P(longer) = b + g * label, label +1 or -1: exp(b), with half a count added
            to each cell (Haldane, 1956; Anscombe, 1956).
    """

    longer: Lean
    gold_longer: Lean
    when_longer_is_better: Lean
    when_shorter_is_better: Lean
    odds: Odds | None


@dataclass(frozen=True)
class Difference:
    """A difference of shares, with bounds of 95 %; 0 is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OwnKin:
    """What a judge and others say of one item.

    Attributes:
        is_own: it is by the judge's own family.
        favoured: the judge is for it.
        by_others: the others, or a label, are for it: 0 to 1.
    """

    is_own: bool
    favoured: bool
    by_others: float


@dataclass(frozen=True)
class SelfPreference:
    """Whether a judge is for its own family's answers more than others are.

    Attributes:
        own: items by its own family that it is for.
        strange: the same of items by other families.
        own_by_others: mean of what others say of the former, 0 to 1.
        strange_by_others: of the latter.
        difference: how much more than the others it is for its own family, less how much more it
            is for other families, which takes out that it may be milder than the others
            throughout; none without items of its own family. Where each pair has one of either,
            all items are of its own family.
    """

    own: Lean
    strange: Lean
    own_by_others: float
    strange_by_others: float
    difference: Difference | None


def gold_agreement(pairs: Sequence[JudgedPair]) -> GoldAgreement:
    """Hold verdicts against labels; pairs without one are left out, unread ones are wrong."""
    labelled = [(pair, pair.gold) for pair in pairs if pair.gold is not None]
    count = len(labelled)
    right = [[pick == gold for pick in pair.picks] for pair, gold in labelled]
    chosen = [(pair.choice, gold) for pair, gold in labelled if pair.choice is not None]
    return GoldAgreement(
        first=Lean(sum(first for first, _ in right), count),
        second=Lean(sum(second for _, second in right), count),
        both=Lean(sum(first and second for first, second in right), count),
        kappa=cohens_kappa([choice for choice, _ in chosen], [gold for _, gold in chosen]),
    )


def position_bias(verdicts: Iterable[BothOrders]) -> PositionBias:
    """Count what changes when two responses change places."""
    given = list(verdicts)
    read: list[tuple[Said, Said]] = [(a, b) for a, b in given if a is not None and b is not None]
    said = [verdict for pair in read for verdict in pair]
    firsts, seconds = said.count("A"), said.count("B")
    picks = [(_FIRST[a], _SECOND[b]) for a, b in read]
    return PositionBias(
        first=Lean(firsts, firsts + seconds),
        inconsistent=Lean(sum(a != b for a, b in picks), len(read)),
        to_first=read.count(("A", "A")),
        to_second=read.count(("B", "B")),
        tied=Lean(read.count(("tie", "tie")), len(read)),
        unread=len(given) - len(read),
        kappa=cohens_kappa([a for a, _ in picks], [b for _, b in picks]),
    )


def length_bias(pairs: Iterable[JudgedPair]) -> LengthBias:
    """Count choices of the longer response; ties, and pairs that flip, choose none."""
    chosen = [pair for pair in pairs if pair.longer != "tie" and pair.choice not in (None, "tie")]
    labelled = [pair for pair in chosen if pair.gold not in (None, "tie")]
    sides = {True: [0, 0], False: [0, 0]}
    for pair in labelled:
        side = sides[pair.gold == pair.longer]
        side[0] += pair.choice == pair.longer
        side[1] += 1
    longer_better, shorter_better = Lean(*sides[True]), Lean(*sides[False])
    return LengthBias(
        longer=Lean(sum(pair.choice == pair.longer for pair in chosen), len(chosen)),
        gold_longer=Lean(longer_better.of, len(labelled)),
        when_longer_is_better=longer_better,
        when_shorter_is_better=shorter_better,
        odds=_odds_at_equal_quality(longer_better, shorter_better),
    )


def kin_in_pairs(family: str, pairs: Iterable[JudgedPair]) -> list[OwnKin]:
    """Pairs of which just one response is by a family: who is for that one.

    Pairs without a choice or a label are left out; a tie by label is half for either.
    """
    found: list[OwnKin] = []
    for pair in pairs:
        own = [side == family for side in pair.families]
        if sum(own) != 1 or pair.choice in (None, "tie") or pair.gold is None:
            continue
        mine: Choice = "one" if own[0] else "other"
        label = 0.5 if pair.gold == "tie" else float(pair.gold == mine)
        found.append(OwnKin(True, pair.choice == mine, label))
    return found


def self_preference(items: Iterable[OwnKin]) -> SelfPreference:
    """Hold what a judge says of its own family's answers against what others say of them."""
    own: list[OwnKin] = []
    strange: list[OwnKin] = []
    for item in items:
        (own if item.is_own else strange).append(item)
    return SelfPreference(
        own=Lean(sum(item.favoured for item in own), len(own)),
        strange=Lean(sum(item.favoured for item in strange), len(strange)),
        own_by_others=_mean([item.by_others for item in own]),
        strange_by_others=_mean([item.by_others for item in strange]),
        difference=_difference_of_differences(own, strange),
    )


def _odds_at_equal_quality(longer_better: Lean, shorter_better: Lean) -> Odds | None:
    if not longer_better.of or not shorter_better.of:
        return None
    cells = [
        count + 0.5
        for lean in (longer_better, shorter_better)
        for count in (lean.count, lean.of - lean.count)
    ]
    middle = (log(cells[0] / cells[1]) + log(cells[2] / cells[3])) / 2
    spread = Z_95 * sqrt(sum(1 / cell for cell in cells)) / 2
    return Odds(exp(middle), exp(middle - spread), exp(middle + spread))


def _difference_of_differences(
    own: Sequence[OwnKin], strange: Sequence[OwnKin]
) -> Difference | None:
    """Of paired shares; bounds after Agresti and Min, 2005: half a count more in each cell."""
    if not own:
        return None
    value, middle, variance = 0.0, 0.0, 0.0
    for sign, items in ((1, own), (-1, strange)):
        if items:
            steps = [item.favoured - item.by_others for item in items]
            count = len(steps) + 2
            mean = sum(steps) / count
            value += sign * _mean(steps)
            middle += sign * mean
            variance += ((sum(step * step for step in steps) + 1) / count - mean**2) / count
    spread = Z_95 * sqrt(variance)
    return Difference(value, middle - spread, middle + spread)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
