"""What is asked of the ledger by those who buy, and what it answers."""

from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.completion import Completion, Request
from synth_assets.core.generation.budget import NOTHING, Amount, Payer


@dataclass(frozen=True)
class Claim:
    """The right to buy one completion, with the money it may take at most."""

    request: Request
    payer: Payer
    reserve: Amount = NOTHING


@dataclass(frozen=True)
class Settle:
    """A completion that was bought: it is stored, and its reservation becomes spending."""

    claim: Claim
    completion: Completion


@dataclass(frozen=True)
class Fail:
    """An attempt that failed.

    Attributes:
        claim: what was claimed.
        failure: class of the failure.
        said: the provider's words, without keys.
        charged: what it cost for certain.
        perhaps: what it may have cost, as where the connection broke; counts as spent.
        again: another attempt follows, with the same reservation.
    """

    claim: Claim
    failure: str
    said: str
    charged: Amount = NOTHING
    perhaps: Amount = NOTHING
    again: bool = False


@dataclass(frozen=True)
class Release:
    """A claim given back: nothing was sent."""

    claim: Claim


Order: TypeAlias = Claim | Settle | Fail | Release


@dataclass(frozen=True)
class Leased:
    """The request is the asker's to buy."""


@dataclass(frozen=True)
class Held:
    """Somebody alive is buying it now."""


@dataclass(frozen=True)
class OverBudget:
    """It does not fit under a cap.

    Attributes:
        scope: the account, as `recipe:sums`.
        told: cap and spending in words.
        may_change: something is in flight whose reservation may turn out too large.
    """

    scope: str
    told: str
    may_change: bool


@dataclass(frozen=True)
class Damaged:
    """The completion is there, but is not what was stored."""

    fingerprint: str


Outcome: TypeAlias = Completion | Leased | Held | OverBudget | Damaged | None
"""Of a claim: the completion, `Leased`, `Held`, `OverBudget` or `Damaged`; of a failure to
be tried again: `Leased` or `OverBudget`; else none."""
