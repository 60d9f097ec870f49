"""Votes counted."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Tally:
    """Votes, each the key of what it is for, in the order they were cast."""

    votes: tuple[str, ...]

    @cached_property
    def counts(self) -> list[tuple[str, int]]:
        """Key -> votes, most votes first; of a tie the one that was first voted for."""
        return Counter(self.votes).most_common()

    @property
    def winner(self) -> str | None:
        """The key with most votes; none without votes."""
        return self.counts[0][0] if self.votes else None

    @property
    def is_tied(self) -> bool:
        """Whether a second key has as many votes as the first."""
        counts = self.counts
        return len(counts) > 1 and counts[0][1] == counts[1][1]

    @property
    def agreement(self) -> float:
        """The winner's share of the votes, 0 to 1."""
        return self.counts[0][1] / len(self.votes) if self.votes else 0.0
