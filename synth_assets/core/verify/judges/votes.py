"""From what judges answer to votes, and from votes to a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from synth_assets.core.judging.agreement import Majority, majority
from synth_assets.core.judging.judgment import Judgment, Manner, Vote
from synth_assets.core.judging.pairs import Choice, JudgedPair, Said
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.contest import ratings_in, said_in
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.verify.judges.hearing import Heard
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import CallFailure

LOWEST, HIGHEST = 1, 5
"""Of ratings."""

_VOTES: Mapping[Choice, Vote] = {"one": Vote.FOR, "other": Vote.AGAINST, "tie": Vote.TIE}
_IN_WORDS = {Vote.FOR: "better", Vote.AGAINST: "worse", Vote.TIE: "tie"}
_PLACES: Mapping[Said, str] = {"A": "first", "B": "second", "tie": "tie"}


@dataclass(frozen=True)
class Ratings:
    """What a judge's answer to a rubric says.

    Attributes:
        by_criterion: 1 to 5 each.
        score: their weighted mean.
    """

    by_criterion: Mapping[str, int]
    score: float


def ratings_heard(heard: Heard, weights: Mapping[str, float]) -> Ratings | str:
    """Read the field `ratings`; else what is wrong, in words."""
    fault = fault_heard(heard)
    if fault or isinstance(heard, CallFailure):
        return fault
    [answer] = heard
    assert isinstance(answer, Answered)
    found = ratings_in(answer["ratings"], tuple(weights), HIGHEST)
    if isinstance(found, str):
        return found
    total = sum(weights.values())
    return Ratings(found, sum(found[name] * weight for name, weight in weights.items()) / total)


def verdicts_heard(heard: Heard) -> tuple[Said, Said] | str:
    """Read the field `verdict` of both orders; else what is wrong, in words."""
    fault = fault_heard(heard)
    if fault or isinstance(heard, CallFailure):
        return fault
    said: list[Said] = []
    for answer in heard:
        assert isinstance(answer, Answered)
        verdict = said_in(answer["verdict"])
        if verdict is None:
            return f"the verdict {clipped(answer['verdict'])} is none of A, B, tie"
        said.append(verdict)
    return said[0], said[1]


def fault_heard(heard: Heard) -> str:
    """Why no answer can be read; empty where it can."""
    if isinstance(heard, CallFailure):
        return f"{heard.reason.value}: {heard.detail}"
    unusable = next((answer for answer in heard if isinstance(answer, Unusable)), None)
    return "" if unusable is None else f"{unusable.reason.value}: {unusable.detail}"


def vote_of(said: tuple[Said, Said]) -> Vote | None:
    """What both orders name; none where they differ."""
    choice = JudgedPair(said).choice
    return None if choice is None else _VOTES[choice]


@dataclass(frozen=True)
class Panel:
    """What all judges say of one sample.

    Attributes:
        judgments: one a judge.
        failures: calls without an answer.
        quorum: least number of judges whose vote counts.
        accepts_ties: whether a tie is as good as being better.
    """

    judgments: Sequence[Judgment]
    failures: Sequence[CallFailure]
    quorum: int
    accepts_ties: bool

    @property
    def votes(self) -> Majority[Vote]:
        """Counted, without those who gave none."""
        return majority(each.vote for each in self.judgments if each.vote is not None)

    @property
    def evidence(self) -> str:
        """What each judge says, those who gave no answer last."""
        told = sorted(self.judgments, key=lambda each: bool(each.trouble))
        return "; ".join(f"{each.judge}: {_told(each)}" for each in told)

    def verdict(self) -> Verdict:
        """Count the votes.

        Where money is missing for a judge, the others do not decide: with it they might not have.
        """
        left_open = self._open()
        if left_open is not None:
            return left_open
        votes, evidence = self.votes, self.evidence
        if votes.of < self.quorum:
            return Verdict.rejected(Reason.INCONSISTENT_JUDGE, evidence, self.score)
        if votes.winner is None or 2 * votes.count <= votes.of:
            return Verdict.rejected(Reason.JUDGES_DISAGREE, evidence, self.score)
        if votes.winner is Vote.FOR or (votes.winner is Vote.TIE and self.accepts_ties):
            return Verdict.accepted(evidence, self.score)
        if votes.winner is Vote.TIE:
            return Verdict.rejected(Reason.TIE, evidence, self.score)
        rated = self.judgments[0].manner is Manner.RUBRIC
        reason = Reason.LOW_RATED if rated else Reason.JUDGED_WORSE
        return Verdict.rejected(reason, evidence, self.score)

    def _open(self) -> Verdict | None:
        unpaid = next((f for f in self.failures if f.reason is Reason.BUDGET_REACHED), None)
        if unpaid is not None:
            return _left_open(unpaid.reason, unpaid.detail)
        if sum(not each.trouble for each in self.judgments) >= self.quorum:
            return None
        reason = self.failures[0].reason if self.failures else Reason.VERIFIER_ERROR
        return _left_open(reason, self.evidence)

    @property
    def score(self) -> float:
        """0 to 1: the mean score on its scale, of pairs the share of votes, a tie being half."""
        scores = [each.score for each in self.judgments if each.score is not None]
        if scores:
            return (fmean(scores) - LOWEST) / (HIGHEST - LOWEST)
        votes = [each.vote for each in self.judgments if each.vote is not None]
        return fmean(_worth(vote) for vote in votes) if votes else 0.0

    @property
    def found(self) -> dict[str, str | int | float]:
        """What is recorded of an accepted sample, as attributes."""
        votes, manner = self.votes, self.judgments[0].manner
        told: dict[str, str | int | float] = {
            f"{manner}_judges": votes.of,
            f"{manner}_agreement": round(votes.agreement, 4),
            f"{manner}_own_family": self._own_family(),
        }
        if manner is Manner.PAIR:
            return {**told, "pair_verdict": "tie" if votes.winner is Vote.TIE else "better"}
        rated = [each for each in self.judgments if each.score is not None]
        told["rubric_score"] = round(fmean(each.score or 0.0 for each in rated), 4)
        for name in rated[0].ratings:
            told[f"rubric_{name}"] = round(fmean(each.ratings[name] for each in rated), 4)
        return told

    def _own_family(self) -> str:
        """Whether a judge whose vote counts is of the writer's family."""
        known = [each.is_own_family for each in self.judgments if each.vote is not None]
        return "yes" if True in known else "unknown" if None in known else "no"


def _left_open(reason: Reason, evidence: str) -> Verdict:
    return Verdict(VerdictOutcome.ERRORED, reason, None, evidence)


def _worth(vote: Vote) -> float:
    return 1.0 if vote is Vote.FOR else 0.5 if vote is Vote.TIE else 0.0


def _told(judgment: Judgment) -> str:
    if judgment.trouble:
        return f"no answer ({judgment.trouble})"
    if judgment.manner is Manner.RUBRIC:
        rated = ", ".join(f"{name} {rating}" for name, rating in judgment.ratings.items())
        return f"{judgment.score or 0.0:.3g} ({rated})"
    if judgment.vote is not None:
        return _IN_WORDS[judgment.vote]
    places = [_PLACES[said] for said in judgment.said if said is not None]
    return f"names the {places[0]}, then the {places[1]}" if len(places) == 2 else "nothing"
