"""Responses held against each other: ratings, verdicts in both orders, and who won by how much."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import fmean
from typing import Literal

from synth_assets.core.completion import Completion
from synth_assets.core.judging.pairs import Said
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.copies import Copy
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.techniques.verdicts import verdict_in

RECORDED = frozenset({"rating", "style", "teacher", "wins", "words"})
"""What is told of both responses beside their ratings."""

_SAID: Mapping[str, Said] = {
    "a": "A",
    "b": "B",
    "response a": "A",
    "response b": "B",
    "a is better": "A",
    "b is better": "B",
    "response a is better": "A",
    "response b is better": "B",
    "tie": "tie",
    "a tie": "tie",
    "it's a tie": "tie",
    "it is a tie": "tie",
}


@dataclass(frozen=True)
class Side:
    """A response that is compared.

    Attributes:
        copy: as it was written.
        text: of it.
        ratings: criterion -> 1 to 10; empty where nobody rated.
        rated_by: the completion with its ratings.
    """

    copy: Copy
    text: str
    ratings: Mapping[str, int] = field(default_factory=dict[str, int])
    rated_by: Completion | None = None

    @property
    def number(self) -> int:
        """The how-many-th response it is, from 1."""
        return self.copy.number + 1

    @property
    def rating(self) -> float:
        """Mean of its ratings; 0 without."""
        return fmean(self.ratings.values()) if self.ratings else 0.0

    @property
    def words(self) -> int:
        """Words between white space."""
        return len(self.text.split())


@dataclass(frozen=True)
class Match:
    """Two responses, judged in both orders.

    Attributes:
        one: shown first at first.
        other: shown first afterwards.
        said: the two verdicts, in that order.
        judge: who said so.
        completions: where.
    """

    one: Side
    other: Side
    said: tuple[Said, Said]
    judge: str
    completions: tuple[Completion, ...] = ()

    @property
    def label(self) -> str:
        """`pair-1-3`."""
        return pair_label(self.one, self.other)

    @property
    def is_tie(self) -> bool:
        """Whether both orders call it a tie."""
        return self.said == ("tie", "tie")

    @property
    def winner(self) -> Side | None:
        """The response that both orders name."""
        match self.said:
            case ("A", "B"):
                return self.one
            case ("B", "A"):
                return self.other
            case _:
                return None

    @property
    def verdict(self) -> Literal["decided", "tie", "inconsistent"]:
        """What the two verdicts come to."""
        if self.is_tie:
            return "tie"
        return "inconsistent" if self.winner is None else "decided"

    @property
    def told(self) -> str:
        """The verdicts in words; `preference_bias` reads them."""
        one, other = self.one.number, self.other.number
        return f"shown as {one}, {other}: {self.said[0]}; shown as {other}, {one}: {self.said[1]}"


@dataclass(frozen=True)
class Pair:
    """A better and a worse response, and the match that says so."""

    won: Side
    beaten: Side
    match: Match


@dataclass(frozen=True)
class Contest:
    """All that was judged of one instruction.

    Attributes:
        sides: in the order they were asked for.
        matches: that have two verdicts.
    """

    sides: tuple[Side, ...]
    matches: tuple[Match, ...]

    def wins(self, side: Side) -> int:
        """How many matches a response won."""
        return sum(match.winner is side for match in self.matches)

    def margin(self, pair: Pair) -> float:
        """Difference of mean ratings, without them of the shares of matches won; 0 for ties."""
        if pair.match.winner is None:
            return 0.0
        if pair.won.ratings:
            return round(pair.won.rating - pair.beaten.rating, 3)
        return round(self._share_won(pair.won) - self._share_won(pair.beaten), 3)

    def candidates(self, *, ties: bool, inconsistent: bool) -> list[Pair]:
        """The decided pairs, the widest margin of wins first, then of ratings, then the earlier.

        Where none is decided, the first tie, if those count, else the first pair of which the two
        orders say different things, if those do: the shorter response as the better.
        """
        decided: list[Pair] = []
        for match in self.matches:
            if (won := match.winner) is not None:
                decided.append(Pair(won, match.other if won is match.one else match.one, match))
        if decided:
            return sorted(decided, key=self._width, reverse=True)
        kept = [match for match in self.matches if (ties if match.is_tie else inconsistent)]
        for match in sorted(kept, key=lambda match: not match.is_tie)[:1]:
            won, beaten = sorted((match.one, match.other), key=lambda side: side.words)
            return [Pair(won, beaten, match)]
        return []

    def undecided(self, told: Pair | None) -> list[Unusable]:
        """The matches that name no better response, but for that of a pair told already."""
        return [
            Unusable(
                Reason.TIE if match.is_tie else Reason.INCONSISTENT_JUDGE, match.told, match.label
            )
            for match in self.matches
            if match.winner is None and (told is None or told.match is not match)
        ]

    def told(self, pair: Pair) -> dict[str, str | int | float]:
        """What was found out, as attributes of the row of a pair."""
        won, beaten = pair.won, pair.beaten
        ties = sum(match.is_tie for match in self.matches)
        decided = sum(match.winner is not None for match in self.matches)
        told: dict[str, str | int | float] = {
            "verdict": pair.match.verdict,
            "margin": self.margin(pair),
            "agreement": round((decided + ties) / len(self.matches), 3),
            "responses": len(self.sides),
            "pairs": len(self.matches),
            "pairs_decided": decided,
            "pairs_passed_over": decided - (pair.match.winner is not None),
            "pairs_tied": ties,
            "chosen_wins": self.wins(won),
            "rejected_wins": self.wins(beaten),
            "chosen_teacher": won.copy.teacher,
            "rejected_teacher": beaten.copy.teacher,
            "judge": pair.match.judge,
            "judge_is_writer": "yes" if self._judged_by_writer(pair) else "no",
            "chosen_words": won.words,
            "rejected_words": beaten.words,
            "length_difference": won.words - beaten.words,
        }
        if won.ratings:
            told |= {"chosen_rating": round(won.rating, 3)}
            told |= {"rejected_rating": round(beaten.rating, 3)}
            told |= {f"chosen_{name}": rating for name, rating in won.ratings.items()}
            told |= {f"rejected_{name}": rating for name, rating in beaten.ratings.items()}
        if pair.match.verdict == "inconsistent":
            told["said"] = ", ".join(pair.match.said)
        if beaten.copy.style:
            told["rejected_style"] = beaten.copy.style
        return told

    def _share_won(self, side: Side) -> float:
        mine = [match for match in self.matches if match.one is side or match.other is side]
        return self.wins(side) / len(mine) if mine else 0.0

    def _width(self, pair: Pair) -> tuple[float, float]:
        wins = self._share_won(pair.won) - self._share_won(pair.beaten)
        return round(wins, 9), pair.won.rating - pair.beaten.rating

    def _judged_by_writer(self, pair: Pair) -> bool:
        return pair.match.judge in (pair.won.copy.teacher, pair.beaten.copy.teacher)


def pair_label(one: Side, other: Side) -> str:
    """What a pair is called."""
    return f"pair-{one.number}-{other.number}"


def response_label(number: int) -> str:
    """What a response is called; numbers count from 0."""
    return f"response-{number + 1}"


def said_in(verdict: str) -> Said | None:
    """What a verdict says; none where it is not `A`, `B` or `tie`, or one in other words."""
    said = verdict_in(verdict.replace("\u2019", "'"), _SAID)
    return None if said is None else _SAID[said]


def ratings_in(text: str, criteria: Sequence[str], highest: int = 10) -> Mapping[str, int] | str:
    """Criterion -> rating from lines `helpfulness: 7`, or from JSON; else what is wrong.

    Ratings are 1 to `highest`. `7.0` and, of ten, `7/10` are 7; out of another number it is none.
    """
    found: dict[str, int] = {}
    for name in criteria:
        numbers = _rating(name, highest).findall(text)
        if len(numbers) != 1 or not 1 <= int(numbers[0]) <= highest:
            told = ", ".join(numbers) or "nothing"
            return f"{name} is rated {told}; one whole number from 1 to {highest} is asked"
        found[name] = int(numbers[0])
    return found


@cache
def _rating(name: str, highest: int) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z\d-]){name}[\s\"'*_`]*[:=][\s\"'*_`]*(\d{{1,3}})(?>(?:\.0{{1,3}})?)"
        rf"(?>(?:\s?(?:/|out of)\s?{highest})?)"
        # Of another scale, or no single number.
        r"(?!\d|\.\d|[-\u2013]\d|\s?[(]?(?:/|%|(?:out )?of \d|(?:to|or) \d))",
        re.IGNORECASE,
    )
