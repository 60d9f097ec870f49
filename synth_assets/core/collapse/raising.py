"""Raising the share of real rows of a set to the smallest that shows no red sign of collapse.

The canary is the judge: sets of other shares are composed and measured, the next one halfway
between what passes and what does not. It goes by whole hundredths, as far as the mixture's own
bounds allow, and the same candidates end at the same share.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from typing import TypeAlias

import polars as pl

from synth_assets.core.collapse.halving import largest_that_passes
from synth_assets.core.collapse.risk_index import Light, RiskIndex
from synth_assets.core.config.mixture_bounds import ShareBounds
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.schema import Origin
from synth_assets.core.stage import StageResult
from synth_assets.errors import MixtureInfeasibleError

TRIAL_SCHEMA = pl.Schema(
    {
        "synthetic_share": pl.Float64,  # asked for; of the set as the mixture has it, found
        "rows": pl.Int64,
        "real_rows": pl.Int64,
        "risk_index": pl.Float64,  # null where no set was composed
        "light": pl.String,  # green, amber or red; empty where no set was composed
        "told": pl.String,  # the worst sign, or why no set was composed
    }
)
"""One row a set that was tried, in the order of trying."""

_PARTS = 100

Composing: TypeAlias = Callable[[Mixture], StageResult]
Judging: TypeAlias = Callable[[pl.DataFrame], RiskIndex | None]


class Ending(StrEnum):
    """What became of a set that was to be raised where needed."""

    HELD = "held"
    """No sign was red as the mixture has it."""
    RAISED = "raised"
    """It has more real rows now, and no sign is red."""
    REFUSED = "refused"
    """No share that the mixture allows passes: it stays as it was."""
    NOT_MEASURED = "not_measured"
    """There are too few real rows to measure by: it stays as it was."""


@dataclass(frozen=True)
class Trial:
    """A set that was tried.

    Attributes:
        share: of synthetic rows, as asked for.
        result: the set; none where the bounds cannot be met with that share.
        risk: what the canary says of it.
        told: the worst sign, or why no set was composed.
    """

    share: float
    result: StageResult | None
    risk: RiskIndex | None
    told: str

    @property
    def passes(self) -> bool:
        """Whether no sign is red."""
        return self.risk is not None and self.risk.light is not Light.RED

    @property
    def is_red(self) -> bool:
        """Whether a sign is red."""
        return self.risk is not None and self.risk.light is Light.RED


@dataclass(frozen=True)
class Raised:
    """How it went.

    Attributes:
        ending: what became of the set.
        result: the set.
        trials: all that was tried, the set as the mixture has it first.
        told: what was done, or why nothing could be, for people.
    """

    ending: Ending
    result: StageResult
    trials: tuple[Trial, ...]
    told: str

    @property
    def frame(self) -> pl.DataFrame:
        """What was tried, columns of `TRIAL_SCHEMA`."""
        return pl.DataFrame([_row(trial) for trial in self.trials], TRIAL_SCHEMA, orient="row")


def raise_real_share(
    mixture: Mixture,
    compose: Composing,
    judge: Judging,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Raised:
    """Compose a set, and again with more real rows while a sign of collapse is red.

    Args:
        mixture: whose bounds hold in every trial.
        compose: makes the set of a mixture.
        judge: measures a set; none where that cannot be done.
        on_progress: told what is being tried.

    Raises:
        MixtureInfeasibleError: if the mixture cannot be composed as it is.
    """
    asked = compose(mixture)
    share = _synthetic_share(asked.kept)
    risk = judge(asked.kept)
    first = Trial(share, asked, risk, _worst(risk))
    if risk is None:
        told = "There are too few held-out rows like those of the set to measure it by."
        return Raised(Ending.NOT_MEASURED, asked, (first,), told)
    if first.passes:
        told = f"No sign of collapse is red at {share:.0%} synthetic rows."
        return Raised(Ending.HELD, asked, (first,), told)
    search = _Search(mixture, compose, judge, on_progress, [first])
    least, most = ceil(_PARTS * mixture.synthetic_share.at_least), ceil(_PARTS * share) - 1
    found = search.largest_that_passes(least, most)
    trials = tuple(search.trials)
    if found is None or found.result is None:
        return Raised(Ending.REFUSED, asked, trials, _refused(mixture, trials))
    told = (
        f"Real rows were raised from {1 - share:.0%} to {1 - found.share:.0%}, the least that "
        f"shows no red sign of collapse. As the mixture has it, the worst was: {first.told}."
    )
    return Raised(Ending.RAISED, found.result, trials, told)


@dataclass(frozen=True)
class _Search:
    """Trials of one mixture, and what they need."""

    mixture: Mixture
    compose: Composing
    judge: Judging
    on_progress: Callable[[str], None]
    trials: list[Trial] = field(default_factory=list[Trial])

    def largest_that_passes(self, least: int, most: int) -> Trial | None:
        """The largest share, in hundredths, that passes; see `halving`.

        A share that cannot be composed lacks real rows, so that a larger one is tried.
        """
        found: dict[int, Trial] = {}

        def passes(hundredths: int) -> bool | None:
            trial = found[hundredths] = self._tried(hundredths)
            return None if trial.risk is None else trial.passes

        best = largest_that_passes(least, most, passes)
        return None if best is None else found[best]

    def _tried(self, hundredths: int) -> Trial:
        share = hundredths / _PARTS
        self.on_progress(f"composing anew with {share:.0%} synthetic rows")
        bounds = ShareBounds(at_least=share, at_most=share)
        changed = self.mixture.model_copy(update={"synthetic_share": bounds})
        try:
            result = self.compose(changed)
        except MixtureInfeasibleError as exc:
            self.trials.append(Trial(share, None, None, str(exc)))
        else:
            risk = self.judge(result.kept)
            self.trials.append(Trial(share, result, risk, _worst(risk)))
        return self.trials[-1]


def _refused(mixture: Mixture, trials: tuple[Trial, ...]) -> str:
    first, *others = trials
    red = min((trial for trial in trials if trial.is_red), key=lambda trial: trial.share)
    told = "A sign of collapse is red, and raising the share of real rows cannot mend it: "
    if not others:
        return (
            f"{told}the bound synthetic_share: {mixture.synthetic_share.said} allows no fewer "
            f"synthetic rows than the {first.share:.0%} there are. Lower its at_least. "
            f"The worst sign: {first.told}."
        )
    told += f"with {red.share:.0%} synthetic rows it is still red ({red.told})"
    if lacking := [trial for trial in others if trial.result is None]:
        return f"{told}, and with {lacking[-1].share:.0%} no set can be made. {lacking[-1].told}"
    return (
        f"{told}, and the bound synthetic_share: {mixture.synthetic_share.said} allows no fewer. "
        "Mend what the recipes write, or lower the bound."
    )


def _row(trial: Trial) -> tuple[float, int, int, float | None, str, str]:
    risk, kept = trial.risk, None if trial.result is None else trial.result.kept
    return (
        trial.share,
        0 if kept is None else kept.height,
        0 if kept is None else kept.filter(pl.col("origin") == Origin.REAL.value).height,
        None if risk is None else risk.value,
        "" if risk is None else risk.light.value,
        trial.told,
    )


def _worst(risk: RiskIndex | None) -> str:
    if risk is None:
        return "not measured"
    worst = risk.components[0]
    return f"{worst.threshold.meaning}: {worst.value:+.3f}, {worst.light.value}"


def _synthetic_share(rows: pl.DataFrame) -> float:
    return rows.filter(pl.col("origin") == Origin.SYNTHETIC.value).height / max(rows.height, 1)
