"""A threshold for a stated precision, chosen by a lower bound and not by the precision observed.

The bound is Clopper and Pearson's (1934), one-sided. Cuts are tested in an order that is fixed
before labels are seen (multi-start fixed-sequence testing, as in Angelopoulos et al., 2021,
arXiv:2110.01052, «Learn then Test»): from the fewest rows that can pass (40 at the least), twice,
and four times as many, each with a third of the error that is allowed, on to more lenient cuts
until the first that fails. To take the most lenient cut whose *observed* precision is high enough
is to take the luckiest: it misses the target about as often as not.
"""

# scipy has no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_STARTS = (1, 2, 4)
_FEWEST_TESTED = 40


@dataclass(frozen=True)
class Cut:
    """What accepting all scores from one on comes to.

    Attributes:
        score: the least that is accepted.
        accepted: how many rows.
        precision: the share of them that are good.
        lower: its lower bound, for one of several tests.
        recall: the share of the good rows that are accepted.
    """

    score: float
    accepted: int
    precision: float
    lower: float
    recall: float


@dataclass(frozen=True)
class Curve:
    """Precision by recall.

    Attributes:
        cuts: one for each score there is, the strictest first.
        confidence: that a cut which is called safe has the precision.
    """

    cuts: tuple[Cut, ...]
    confidence: float

    @classmethod
    def of(cls, scores: Sequence[float], good: Sequence[bool], confidence: float) -> "Curve":
        """Measure every cut.

        Args:
            scores: of rows that whatever gave the scores did not learn from.
            good: whether each row is good; at least one is.
            confidence: see above.
        """
        import numpy as np
        from scipy.special import betaincinv

        values, labels = np.asarray(scores, dtype=float), np.asarray(good, dtype=bool)
        order = np.argsort(-values, kind="stable")
        values, hits = values[order], np.cumsum(labels[order])
        last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
        rows, right = last + 1, hits[last]
        bound = betaincinv(np.maximum(right, 1), rows - right + 1, _allowed(confidence))
        return cls(
            tuple(
                Cut(float(score), int(n), k / n, float(low) if k else 0.0, k / int(hits[-1]))
                for score, n, k, low in zip(
                    values[last], rows.tolist(), right.tolist(), bound, strict=True
                )
            ),
            confidence,
        )

    def safe(self, precision: float) -> Cut | None:
        """The cut for a precision; none where no cut has it for certain.

        Of the cuts that hold it is the strictest of those with the most recall: more lenient ones
        would only let bad rows in because there is room for them. Its score lies midway to the next
        row's, so that no row decides by its last digit.
        """
        chosen: int | None = None
        for at in self._holding(precision):
            if chosen is None or self.cuts[at].recall > self.cuts[chosen].recall:
                chosen = at
        if chosen is None:
            return None
        cut, behind = self.cuts[chosen], self.cuts[chosen + 1 :][:1]
        return replace(cut, score=(cut.score + behind[0].score) / 2) if behind else cut

    def _holding(self, precision: float) -> Iterator[int]:
        """The cuts that pass, the strictest first."""
        seen = -1
        fewest = max(fewest_accepted(precision, self.confidence), _FEWEST_TESTED)
        for times in _STARTS:
            later = (at for at, cut in enumerate(self.cuts) if cut.accepted >= times * fewest)
            for at in range(next(later, len(self.cuts)), len(self.cuts)):
                if self.cuts[at].lower < precision:
                    break
                if at > seen:
                    seen = at
                    yield at

    @property
    def best(self) -> Cut:
        """The cut with the highest lower bound."""
        return max(self.cuts, key=lambda cut: cut.lower)

    def observed(self, precision: float) -> Cut | None:
        """The most lenient cut whose observed precision is high enough; for comparison alone."""
        held = [cut for cut in self.cuts if cut.precision >= precision]
        return held[-1] if held else None


def fewest_accepted(precision: float, confidence: float) -> int:
    """How many rows a cut has to accept, all of them good, for the bound to reach a precision."""
    return math.ceil(math.log(_allowed(confidence)) / math.log(precision) - 1e-9)


def _allowed(confidence: float) -> float:
    """The error of one test."""
    return (1 - confidence) / len(_STARTS)
