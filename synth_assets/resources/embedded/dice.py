"""Chance that is decided by what was asked: the same question is answered alike everywhere."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws from hashes of a key; nothing global, and the same on every Python."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._drawn = 0

    def unit(self) -> float:
        """A number in [0, 1)."""
        self._drawn += 1
        digest = hashlib.sha256(f"{self._key}/{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self.unit() * limit)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a drawn order."""
        keys = [self.unit() for _ in items]
        return [items[index] for index in sorted(range(len(items)), key=keys.__getitem__)]

    def fork(self, purpose: str) -> "Dice":
        """Dice of its own for one purpose, whatever was drawn before."""
        return Dice(f"{self._key}/{purpose}")
