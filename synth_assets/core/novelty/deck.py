"""Dealing items like cards: each is shown about as often as any other."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from synth_assets.core.fingerprint import exact_hash

T = TypeVar("T")


class Deck(Generic[T]):
    """A deck that is shuffled anew when it is used up; the same items give the same hands."""

    def __init__(self, name: Callable[[T], str], items: Iterable[T] = ()) -> None:
        """Make a deck.

        Args:
            name: tells items apart; shuffles go by its hash.
            items: to begin with.
        """
        self._name = name
        self._items: list[T] = []
        self._left: list[T] = []
        self._shuffles = 0
        self.add(items)

    def add(self, items: Iterable[T]) -> None:
        """Shuffle more items, of other names, into what is left."""
        more = list(items)
        self._items += more
        self._left = self._shuffled([*self._left, *more])

    def deal(self, count: int) -> list[T]:
        """So many different items, or all where there are fewer."""
        hand: dict[str, T] = {}
        while len(hand) < min(count, len(self._items)):
            if not self._left:
                # What the hand has already comes last in the new turn.
                turn = self._shuffled(self._items)
                self._left = sorted(turn, key=lambda item: self._name(item) not in hand)
            card = self._left.pop()
            hand[self._name(card)] = card
        return [*hand.values()]

    def _shuffled(self, items: list[T]) -> list[T]:
        self._shuffles += 1
        turn = str(self._shuffles)
        return sorted(items, key=lambda item: exact_hash(turn, self._name(item)))
