"""What judges come to over a recipe: how far they agree, and what each leans to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import StatisticsError, correlation, fmean

from synth_assets.core.judging.agreement import Agreement, Level, krippendorffs_alpha, majority
from synth_assets.core.judging.judgment import Judgment, Manner, Vote
from synth_assets.core.judging.lean import Lean
from synth_assets.core.judging.pairs import (
    Choice,
    JudgedPair,
    LengthBias,
    OwnKin,
    PositionBias,
    SelfPreference,
    length_bias,
    position_bias,
    self_preference,
)

_CHOICES: Mapping[Vote, Choice] = {Vote.FOR: "one", Vote.AGAINST: "other", Vote.TIE: "tie"}


@dataclass(frozen=True)
class JudgeReport:
    """One judge over a recipe.

    Attributes:
        judge: its id.
        votes_for: samples it is for, of those it votes on.
        unread: samples of which it gave no answer that could be read.
        own_family: samples whose writer is of its family, of those where both families are known.
        with_others: its votes that are those of most other judges, of those where most agree.
        mean_rating: mean of its scores, 1 to 5; of rubrics alone.
        position: what changes with the order; of pairs alone.
        length: choices of the longer response, held against the other judges; of pairs alone.
        length_correlation: of its scores with the words of the response, -1 to 1 (Pearson); of
            rubrics alone, none where either is always the same.
        own_kin: whether it is for its own family more than judges of others are; none without
            such judges, or without samples by its family.
    """

    judge: str
    votes_for: Lean
    unread: int
    own_family: Lean
    with_others: Lean
    mean_rating: float | None
    position: PositionBias | None
    length: LengthBias | None
    length_correlation: float | None
    own_kin: SelfPreference | None


@dataclass(frozen=True)
class PanelReport:
    """All judges that were asked in one manner.

    Attributes:
        manner: how they were asked.
        samples: how many they were asked of.
        judges: one report each, by id.
        votes: Krippendorff's alpha of their votes, as names.
        ratings: criterion -> Krippendorff's alpha of its ratings, as ranks.
    """

    manner: Manner
    samples: int
    judges: tuple[JudgeReport, ...]
    votes: Agreement
    ratings: Mapping[str, Agreement]


def panel_reports(judgments: Sequence[Judgment]) -> tuple[PanelReport, ...]:
    """What judges come to, a report for each manner of asking that there is."""
    ordered = sorted(judgments, key=lambda each: (each.manner, each.sample_id, each.judge))
    return tuple(
        _panel(manner, [list(each) for _, each in groupby(found, lambda j: j.sample_id)])
        for manner, found in groupby(ordered, lambda each: each.manner)
    )


def _panel(manner: Manner, samples: Sequence[Sequence[Judgment]]) -> PanelReport:
    """Of samples with all that was said of each."""
    criteria = sorted({name for each in samples for judgment in each for name in judgment.ratings})
    names = sorted({judgment.judge for each in samples for judgment in each})
    return PanelReport(
        manner,
        len(samples),
        tuple(_judge(name, manner, samples) for name in names),
        krippendorffs_alpha(
            [None if j.vote is None else j.vote.value for j in each] for each in samples
        ),
        {
            name: krippendorffs_alpha(
                ([j.ratings.get(name) for j in each] for each in samples), Level.ORDINAL
            )
            for name in criteria
        },
    )


def _judge(name: str, manner: Manner, samples: Sequence[Sequence[Judgment]]) -> JudgeReport:
    heard = [
        (judgment, [other for other in each if other.judge != name])
        for each in samples
        for judgment in each
        if judgment.judge == name
    ]
    own = [judgment for judgment, _ in heard]
    votes = [judgment.vote for judgment in own if judgment.vote is not None]
    known = [judgment.is_own_family for judgment in own if judgment.is_own_family is not None]
    scored = [(j.score, j.words[0]) for j in own if j.score is not None]
    pairs = [_pair(judgment, others) for judgment, others in heard]
    is_pair = manner is Manner.PAIR
    return JudgeReport(
        judge=name,
        votes_for=Lean(votes.count(Vote.FOR), len(votes)),
        unread=sum(bool(judgment.trouble) for judgment in own),
        own_family=Lean(sum(known), len(known)),
        with_others=_with_others(heard),
        mean_rating=fmean(score for score, _ in scored) if scored else None,
        position=position_bias(pair.said for pair in pairs) if is_pair else None,
        length=length_bias(pairs) if is_pair else None,
        length_correlation=_correlation(scored),
        own_kin=_own_kin(heard),
    )


def _pair(judgment: Judgment, others: Sequence[Judgment]) -> JudgedPair:
    """As a pair whose label is what most other judges say."""
    said = majority(other.vote for other in others if other.vote is not None).winner
    return JudgedPair(judgment.said, None if said is None else _CHOICES[said], judgment.words)


def _with_others(heard: Sequence[tuple[Judgment, Sequence[Judgment]]]) -> Lean:
    alike: list[bool] = []
    for judgment, others in heard:
        said = majority(other.vote for other in others if other.vote is not None).winner
        if judgment.vote is not None and said is not None:
            alike.append(judgment.vote is said)
    return Lean(sum(alike), len(alike))


def _own_kin(heard: Sequence[tuple[Judgment, Sequence[Judgment]]]) -> SelfPreference | None:
    items: list[OwnKin] = []
    for judgment, others in heard:
        # Judges of the same family may share the preference.
        votes = [other.vote for other in others if other.family != judgment.family and other.vote]
        if judgment.is_own_family is not None and judgment.vote is not None and votes:
            share = votes.count(Vote.FOR) / len(votes)
            items.append(OwnKin(judgment.is_own_family, judgment.vote is Vote.FOR, share))
    return self_preference(items) if any(item.is_own for item in items) else None


def _correlation(scored: Sequence[tuple[float, int]]) -> float | None:
    try:
        return correlation([score for score, _ in scored], [words for _, words in scored])
    except StatisticsError:
        return None
