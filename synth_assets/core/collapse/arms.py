"""How a generation is trained: on which real rows, and on what of what the last ones wrote.

Shumailov et al., 2024, «AI models collapse when trained on recursively generated data» (replace);
Gerstgrasser et al., 2024, «Is Model Collapse Inevitable?», arXiv:2404.01413 (accumulate); Kazdan et
al., 2024, «Collapse or Thrive?», arXiv:2410.16713 (accumulate and subsample).
"""

from dataclasses import dataclass
from enum import StrEnum

from synth_assets.core.language_model.ngram import PLAIN, Decoding


class Rule(StrEnum):
    """What a generation is trained on.

    `real` rows are those of the first generation; `written` is what the last one wrote.
    """

    REPLACE = "replace"
    """What was written, and nothing else."""
    SHARE = "share"
    """As many rows as at first: a share of them written, the rest real."""
    ADDED = "added"
    """All real rows, and a share of as many written ones on top."""
    ACCUMULATE = "accumulate"
    """All real rows, and all that every generation wrote."""
    SUBSAMPLE = "subsample"
    """As many rows as at first, drawn from all that accumulated."""
    ADAPTIVE = "adaptive"
    """A share, lowered whenever the last generation was worse than allowed."""
    REAL_ONLY = "real_only"
    """The real rows that `share` would have, and nothing in place of the others."""


@dataclass(frozen=True)
class Level:
    """How good a generation is on both axes: loss, and diversity.

    Attributes:
        loss: held-out bits a byte.
        vendi: effective number of texts that it writes.
        distinct_2: of what it writes.
    """

    loss: float
    vendi: float
    distinct_2: float


@dataclass(frozen=True)
class Tolerance:
    """How much worse than the first generation a later one may be.

    Attributes:
        loss_ratio: held-out bits a byte, over the first's.
        diversity: relative distance of the diversity of what is written from what the first wrote,
            on either side.
        step: how far the share of written rows falls where one of the two is passed; up to twice
            as far where it is passed by far.
    """

    loss_ratio: float = 1.03
    diversity: float = 0.15
    step: float = 0.2

    def severity(self, level: Level, first: Level) -> float:
        """How much of what is allowed was used up, on the worse of the axes; above 1 is too much.

        Diversity counts on either side: students that sample freely drift into noise, sharpened
        ones into repetition.
        """
        lost = (level.loss / first.loss - 1.0) / (self.loss_ratio - 1.0)
        moved = max(
            abs(level.vendi / first.vendi - 1), abs(level.distinct_2 / first.distinct_2 - 1)
        )
        return max(lost, moved / self.diversity)


@dataclass(frozen=True)
class Arm:
    """One way of going on from generation to generation.

    Attributes:
        rule: what a generation is trained on.
        share: of written rows, for the rules that have one; of an adaptive arm the first.
        decoding: how students write.
        tolerance: of an adaptive arm.
    """

    rule: Rule
    share: float = 1.0
    decoding: Decoding = PLAIN
    tolerance: Tolerance = Tolerance()

    @property
    def name(self) -> str:
        """Unique among arms that differ in more than tolerance."""
        sharing = (Rule.SHARE, Rule.ADDED, Rule.ADAPTIVE, Rule.REAL_ONLY)
        share = f" {self.share:.0%}" if self.rule in sharing else ""
        sharp = f", best of {self.decoding.best_of}" if self.decoding.best_of > 1 else ""
        warm = self.decoding.temperature
        tempered = f", temperature {warm:g}" if warm != 1.0 else ""
        return f"{self.rule}{share}{sharp}{tempered}"


USUAL_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


def usual_arms(decoding: Decoding = PLAIN) -> tuple[Arm, ...]:
    """The arms that a lab compares unless it is told which."""
    return (
        Arm(Rule.REPLACE, decoding=decoding),
        *(Arm(Rule.SHARE, share, decoding) for share in USUAL_SHARES),
        Arm(Rule.ADDED, 0.5, decoding),
        Arm(Rule.ACCUMULATE, decoding=decoding),
        Arm(Rule.SUBSAMPLE, decoding=decoding),
        Arm(Rule.ADAPTIVE, 0.9, decoding),
    )
