"""A vote of solutions: each votes for the answer it comes to."""

from dataclasses import dataclass
from functools import cached_property

from synth_assets.core.tally import Tally
from synth_assets.core.techniques.copies import Copy
from synth_assets.core.techniques.final_answer import FinalAnswer


@dataclass(frozen=True)
class Voter:
    """A solution with a final answer."""

    copy: Copy
    answer: FinalAnswer

    @property
    def solution(self) -> str:
        """The whole text."""
        return self.copy["solution"]


@dataclass(frozen=True)
class Vote:
    """How solutions voted.

    Attributes:
        voters: in the order they were asked.
        asked: how many solutions were asked for.
        lost: what became of those without an answer, in words.
    """

    voters: tuple[Voter, ...]
    asked: int
    lost: str

    @cached_property
    def _tally(self) -> Tally:
        return Tally(tuple(voter.answer.key for voter in self.voters))

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Key of an answer -> votes, most votes first."""
        return self._tally.counts

    @cached_property
    def majority(self) -> tuple[Voter, ...]:
        """Who voted for the answer with most votes; of a tie, for the one that came first."""
        return tuple(voter for voter in self.voters if voter.answer.key == self._tally.winner)

    @property
    def is_tied(self) -> bool:
        """Whether a second answer has as many votes."""
        return self._tally.is_tied

    @property
    def agreement(self) -> float:
        """Share of the voters that agree with the majority, 0 to 1."""
        return self._tally.agreement

    @property
    def told(self) -> str:
        """Answers and their votes."""
        shown = {voter.answer.key: voter.answer.shown for voter in reversed(self.voters)}
        said = ", ".join(f"{shown[key]} ({votes})" for key, votes in self.counts) or "none"
        silent = f"; without an answer: {self.lost}" if self.lost else ""
        return f"answers of {len(self.voters)} of {self.asked} solutions: {said}{silent}"
