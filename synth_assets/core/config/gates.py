"""Gates: what a measurement of a training set may do to it."""

from enum import StrEnum

from synth_assets.core.config.names import Written


class GateAction(StrEnum):
    """What follows where a measurement is beyond its threshold."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"
    """The set is neither exported nor given a card."""


class Gates(Written):
    """What may stop a training set after it is composed.

    No row depends on these but on `raise_real_share`, which alone is identity.

    Attributes:
        diversity: a metric of the synthetic rows is beyond its floor beside real rows.
        drift: the set moved from its earlier runs by more than chance.
        canary: a sign of collapse is red.
        raise_real_share: after a canary that is red, compose anew with the smallest share of real
            rows that passes, as far as the mixture's bounds allow.
    """

    diversity: GateAction = GateAction.WARN
    drift: GateAction = GateAction.WARN
    canary: GateAction = GateAction.WARN
    raise_real_share: bool = False
