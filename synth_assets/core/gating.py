"""What the gates of a mixture make of a training set that was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from synth_assets.core.collapse.risk_index import Light
from synth_assets.core.config.gates import GateAction
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.floors import crossed_floors
from synth_assets.core.drift.sequence import alarms
from synth_assets.errors import GateError


class Gate(StrEnum):
    """What is held against a threshold, as a mixture names it under `gates`."""

    CANARY = "canary"
    DRIFT = "drift"
    DIVERSITY = "diversity"


class GateState(StrEnum):
    """What a gate does with a set."""

    OPEN = "open"
    WARNS = "warns"
    BLOCKS = "blocks"


CHECKS = {
    Gate.CANARY: "no_sign_of_collapse_is_red",
    Gate.DRIFT: "no_drift_alarm",
    Gate.DIVERSITY: "diversity_above_floor",
}
"""Gate -> the asset check that tells of it."""

GATE_KEY = "gate "
"""With its name, under which metadata tell of a gate."""


@dataclass(frozen=True)
class GateVerdict:
    """What one gate makes of a set.

    Attributes:
        gate: which.
        action: what the mixture says of it.
        beyond: each quantity that is beyond its threshold, with its value, in words.
        mend: what to do about it.
    """

    gate: Gate
    action: GateAction
    beyond: tuple[str, ...]
    mend: str

    @property
    def state(self) -> GateState:
        """Whether it blocks, warns, or neither."""
        match self.action:
            case GateAction.BLOCK if self.beyond:
                return GateState.BLOCKS
            case GateAction.WARN if self.beyond:
                return GateState.WARNS
            case _:
                return GateState.OPEN

    @property
    def told(self) -> str:
        """What is beyond, and what to do; nothing where nothing is."""
        return "\n\n".join((*self.beyond, self.mend)) if self.beyond else ""

    @property
    def line(self) -> str:
        """The same without breaks."""
        return " ".join(self.told.split())


def diversity_verdict(mixture: Mixture, measured: pl.DataFrame) -> GateVerdict:
    """Of figures of diversity, columns of `DIVERSITY_SCHEMA`."""
    beyond = tuple(each.told for each in crossed_floors(measured))
    mend = (
        "Look which recipe narrows (asset recipe_diversity) and mend its prompts, sampling or "
        f"filters; or take more real rows into {mixture.id}."
    )
    return GateVerdict(Gate.DIVERSITY, mixture.gates.diversity, beyond, mend)


def drift_verdict(mixture: Mixture, drift: pl.DataFrame) -> GateVerdict:
    """Of effect sizes, columns of `DRIFT_SCHEMA`."""
    columns = ("against", "measure", "column", "value", "threshold", "meaning")
    beyond = tuple(
        f"{meaning} {measure} of {column} beside {against} rows: {value:.4f} (from {least:g} on)."
        for against, measure, column, value, least, meaning in alarms(drift)
        .select(columns)
        .iter_rows()
    )
    mend = f"If that is as it should be: `synth drift --accept {mixture.id}`."
    return GateVerdict(Gate.DRIFT, mixture.gates.drift, beyond, mend)


def canary_verdict(mixture: Mixture, canary: pl.DataFrame, raising: str = "") -> GateVerdict:
    """Of a canary, columns of `CANARY_SCHEMA`.

    Args:
        mixture: of the set.
        canary: what was measured.
        raising: what became of raising the share of real rows, where that was tried.
    """
    red = canary.filter(pl.col("light") == Light.RED).select("meaning", "value", "red")
    beyond = tuple(
        f"{meaning}: {value:+.3f} (red from {least:g} on)."
        for meaning, value, least in red.iter_rows()
    )
    mend = raising or "What would help: metadata `advice` of the asset collapse_canaries."
    return GateVerdict(Gate.CANARY, mixture.gates.canary, beyond, mend)


def refuse_blocked(mixture: Mixture, verdicts: Sequence[GateVerdict]) -> None:
    """Let a set pass that no gate blocks.

    Raises:
        GateError: naming each gate that blocks, what is beyond its threshold first, and what to do.
    """
    told = [
        f"gate {each.gate.value}: {each.beyond[0]} {_others(each)}{each.mend}"
        for each in verdicts
        if each.state is GateState.BLOCKS
    ]
    if told:
        raise GateError(
            f"Training set {mixture.key} is not exported, its mixture blocks it: {' '.join(told)} "
            "To export it as it is: `warn` instead of `block` under `gates` of the mixture."
        )


def told_in_a_line(verdicts: Sequence[GateVerdict]) -> dict[str, str]:
    """What each gate that is not open says: its state, what is beyond, what to do."""
    return {
        f"{GATE_KEY}{each.gate.value}": f"{each.state.value}: {each.line}"
        for each in verdicts
        if each.state is not GateState.OPEN
    }


def _others(verdict: GateVerdict) -> str:
    count = len(verdict.beyond) - 1
    return f"{count} more {'is' if count == 1 else 'are'} beyond. " if count else ""
