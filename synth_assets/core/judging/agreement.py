"""How far raters agree beyond chance. Exact: all is counted in fractions until the last division.

Cohen, 1960, «A Coefficient of Agreement for Nominal Scales»; Cohen, 1968, «Weighted Kappa»;
Fleiss, 1971, «Measuring Nominal Scale Agreement among Many Raters»; Krippendorff, 2011,
«Computing Krippendorff's Alpha-Reliability».
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T", bound=Hashable)


class Weights(StrEnum):
    """How much two ratings differ, for Cohen's kappa."""

    NONE = "none"
    """Wholly, where they are not equal."""
    LINEAR = "linear"
    """By so many places of the scale."""
    QUADRATIC = "quadratic"
    """By the square of that."""


class Level(StrEnum):
    """What ratings are, for Krippendorff's alpha."""

    NOMINAL = "nominal"
    """Names."""
    ORDINAL = "ordinal"
    """Ranks: numbers of which only the order counts."""
    INTERVAL = "interval"
    """Numbers whose differences count."""


@dataclass(frozen=True)
class Agreement:
    """A coefficient of agreement: 1 - observed / expected.

    Attributes:
        value: 1 is perfect, 0 what chance gives, less than 0 is worse; none where it is not
            defined, as nothing was rated, or everything alike.
        observed: disagreement seen; in units of the weights, or of the level's distances.
        expected: disagreement that chance would give, in the same units.
        items: how many items it rests on; those with one rating are none.
        ratings: how many ratings of these.
    """

    value: float | None
    observed: float
    expected: float
    items: int
    ratings: int


@dataclass(frozen=True)
class Majority(Generic[T]):
    """What most of some voters say.

    Attributes:
        winner: the most frequent vote; none where two are, or nobody voted.
        count: how many voted so; with a tie, for each of the first.
        of: how many voted.
    """

    winner: T | None
    count: int
    of: int

    @property
    def is_tied(self) -> bool:
        """Whether several votes are equally frequent."""
        return self.of > 0 and self.winner is None

    @property
    def agreement(self) -> float:
        """The share of the voters that agree, 0 to 1; 0 without voters."""
        return self.count / self.of if self.of else 0.0


def majority(votes: Iterable[T]) -> Majority[T]:
    """Count votes; whoever does not vote is left out before."""
    counts = Counter(votes)
    if not counts:
        return Majority(None, 0, 0)
    [(first, count), *rest] = counts.most_common(2)
    tied = bool(rest) and rest[0][1] == count
    return Majority(None if tied else first, count, counts.total())


def cohens_kappa(
    first: Sequence[T],
    second: Sequence[T],
    weights: Weights = Weights.NONE,
    scale: Sequence[T] = (),
) -> Agreement:
    """Agreement of two raters on the same items.

    Args:
        first: ratings of one rater.
        second: ratings of the other, in the same order.
        weights: how much two ratings differ.
        scale: every rating there may be, in order; weights need it.

    Raises:
        ValueError: if the two differ in length, or a rating is not on the scale.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings; each item needs both")
    distance = _scale_distance(weights, first, second, scale)
    pairs, rows, columns = Counter(zip(first, second, strict=True)), Counter(first), Counter(second)
    count = len(first)
    observed = sum((n * distance(a, b) for (a, b), n in pairs.items()), Fraction())
    expected = sum(
        (n * m * distance(a, b) for a, n in rows.items() for b, m in columns.items()), Fraction()
    )
    size = count or 1
    return _agreement(observed / size, expected / size**2, count, 2 * count)


def fleiss_kappa(items: Sequence[Sequence[Hashable]]) -> Agreement:
    """Agreement of equally many raters on each item; they need not be the same ones.

    Raises:
        ValueError: if items have different numbers of ratings, or fewer than two.
    """
    raters = {len(ratings) for ratings in items}
    if len(raters) > 1 or min(raters, default=2) < 2:
        raise ValueError("each item needs the same number of ratings, two at least")
    if not items:
        return _agreement(Fraction(), Fraction(), 0, 0)
    [each] = raters
    shares, alike = Counter[Hashable](), 0
    for ratings in items:
        counts = Counter(ratings)
        shares.update(counts)
        alike += sum(n * (n - 1) for n in counts.values())
    total = len(items) * each
    observed = 1 - Fraction(alike, total * (each - 1))
    expected = 1 - sum((Fraction(n, total) ** 2 for n in shares.values()), Fraction())
    return _agreement(observed, expected, len(items), total)


Rating: TypeAlias = str | int | float


def krippendorffs_alpha(
    items: Iterable[Sequence[Rating | None]], level: Level = Level.NOMINAL
) -> Agreement:
    """Agreement of any number of raters, each of whom may have passed over items.

    Args:
        items: the ratings of each; none where a rater gave none. Items with fewer than two
            ratings say nothing and are left out.
        level: what the ratings are; only names may be text.

    Raises:
        ValueError: if ratings of a level with an order are no finite numbers.
    """
    units = [[each for each in ratings if each is not None] for ratings in items]
    units = [ratings for ratings in units if len(ratings) > 1]
    totals = Counter(rating for ratings in units for rating in ratings)
    distance = _level_distance(level, totals)
    observed = Fraction()
    for ratings in units:
        counts = list(Counter(ratings).items())
        apart = _pairs_apart(counts, distance)
        observed += apart / (len(ratings) - 1)
    count = totals.total()
    expected = _pairs_apart(list(totals.items()), distance)
    chances = count * (count - 1) or 1
    return _agreement(observed / (count or 1), expected / chances, len(units), count)


def _agreement(observed: Fraction, expected: Fraction, items: int, ratings: int) -> Agreement:
    value = float(1 - observed / expected) if expected else None
    return Agreement(value, float(observed), float(expected), items, ratings)


def _scale_distance(
    weights: Weights, first: Sequence[T], second: Sequence[T], scale: Sequence[T]
) -> Callable[[T, T], Fraction]:
    given = {*first, *second}
    if weights is Weights.NONE:
        return lambda a, b: Fraction(a != b)
    places = {rating: place for place, rating in enumerate(scale)}
    if strange := given - set(places):
        raise ValueError(f"{next(iter(strange))!r} is not on the scale {list(scale)}")
    power = 1 if weights is Weights.LINEAR else 2
    return lambda a, b: Fraction(abs(places[a] - places[b]) ** power)


def _level_distance(
    level: Level, totals: Mapping[Rating, int]
) -> Callable[[Rating, Rating], Fraction]:
    """Squared distances between two ratings (Krippendorff's delta²)."""
    if level is Level.NOMINAL:
        return lambda a, b: Fraction(a != b)
    values = {rating: _number(rating) for rating in totals}
    if level is Level.INTERVAL:
        return lambda a, b: (values[a] - values[b]) ** 2
    # An ordinal distance is the number of ratings from the middle of one rank to that of the other.
    middles: dict[Rating, Fraction] = {}
    below = 0
    for rating in sorted(totals, key=lambda rating: values[rating]):
        middles[rating] = below + Fraction(totals[rating], 2)
        below += totals[rating]
    return lambda a, b: (middles[a] - middles[b]) ** 2


def _number(rating: Rating) -> Fraction:
    if isinstance(rating, str):
        raise ValueError(f"{rating!r} is no number; only nominal ratings may be text")
    try:
        return Fraction(rating)
    except (OverflowError, ValueError) as exc:
        raise ValueError(f"{rating!r} is no finite number") from exc


def _pairs_apart(
    counts: Sequence[tuple[Rating, int]], distance: Callable[[Rating, Rating], Fraction]
) -> Fraction:
    """The distances of all ordered pairs of ratings, summed."""
    apart = Fraction()
    for place, (one, n) in enumerate(counts):
        for other, m in counts[place + 1 :]:
            apart += 2 * n * m * distance(one, other)
    return apart
