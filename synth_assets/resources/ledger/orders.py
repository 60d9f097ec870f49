"""What is asked of the ledger by those who buy, and what it answers."""

from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.completion import Completion, Request
from synth_assets.core.generation.budget import NOTHING, Amount, Payer


@dataclass(frozen=True)
class Claim:
    """The right to buy one completion, with the money it may take at most.

    Attributes:
        request: what is to be bought.
        payer: whose accounts are charged.
        reserve: what it may take at most.
        deferred: the request as text, where a batch is to answer it; empty where the asker buys.
    """

    request: Request
    payer: Payer
    reserve: Amount = NOTHING
    deferred: str = ""


@dataclass(frozen=True)
class Settle:
    """A completion that was bought: it is stored, and its reservation becomes spending.

    Attributes:
        claim: what was claimed.
        completion: what came.
        less: by how much earlier attempts were booked too dear, now that the length of the prompt
            is known.
    """

    claim: Claim
    completion: Completion
    less: Amount = NOTHING


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
    """Somebody alive is buying it now, or a batch has it, or will have it."""

    in_batch: bool = False


@dataclass(frozen=True)
class GivenUp:
    """Batches failed at it for good; `text` says why, see `WaitingRequest`."""

    text: str


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


Outcome: TypeAlias = Completion | Leased | Held | GivenUp | OverBudget | Damaged | None
"""Of a claim: the completion, `Leased`, `Held`, `OverBudget` or `Damaged`, of a deferred one
`GivenUp` and never `Leased`; of a failure to be tried again: `Leased` or `OverBudget`; else
none."""
