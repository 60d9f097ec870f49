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
        """Shuffle more items into what is left."""
        more = list(items)
        self._items += more
        self._left = self._shuffled([*self._left, *more])

    def deal(self, count: int) -> list[T]:
        """So many different items, or all where there are fewer."""
        hand: list[T] = []
        taken: set[str] = set()
        while len(hand) < min(count, len(self._items)):
            if not self._left:
                rest = [item for item in self._items if self._name(item) not in taken]
                self._left = self._shuffled(rest)
            card = self._left.pop()
            if self._name(card) not in taken:
                hand.append(card)
                taken.add(self._name(card))
        return hand

    def _shuffled(self, items: list[T]) -> list[T]:
        self._shuffles += 1
        turn = str(self._shuffles)
        return sorted(items, key=lambda item: exact_hash(turn, self._name(item)))
