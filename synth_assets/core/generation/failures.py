"""Everything that can go wrong with a call, and what is done about each.

Each class has attempts of its own: a hundred rate limits do not use up the one repetition that a
cut connection deserves.
"""

from dataclasses import dataclass
from enum import StrEnum

from synth_assets.core.schema import Reason


class FailureClass(StrEnum):
    """What went wrong with one attempt."""

    RATE_LIMIT = "rate_limit"
    OVERLOAD = "overload"
    TIMEOUT = "timeout"
    CUT_CONNECTION = "cut_connection"
    NOT_JSON = "not_json"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    CONTENT_FILTER = "content_filter"
    CONTEXT_OVERFLOW = "context_overflow"
    BAD_REQUEST = "bad_request"
    AUTHENTICATION = "authentication"
    QUOTA = "quota"
    UNKNOWN_MODEL = "unknown_model"
    UNSUPPORTED = "unsupported"
    NO_LOG_PROBABILITIES = "no_log_probabilities"
    """The server answered, and passed over that a given text was to be scored."""


class Billed(StrEnum):
    """Whether a failed attempt costs money."""

    NO = "no"
    PERHAPS = "perhaps"
    """The provider may have answered, and bills what it answered; nobody here knows."""
    YES = "yes"


@dataclass(frozen=True)
class FailurePolicy:
    """What is done about a class of failures.

    Attributes:
        attempts: how often one request may fail so before it is given up; 1 is no repetition.
        slows_down: whether it is a sign of too many requests at once.
        stops_teacher: whether no request to this teacher can succeed until the user mends it.
        reason: what the decision of a row says that was given up.
        permanent: whether it counts towards opening the circuit.
        billed: whether the attempt costs money.
    """

    attempts: int
    slows_down: bool = False
    stops_teacher: bool = False
    reason: Reason = Reason.PROVIDER_ERROR
    permanent: bool = False
    billed: Billed = Billed.NO


_POLICIES = {
    FailureClass.RATE_LIMIT: FailurePolicy(40, slows_down=True),
    FailureClass.OVERLOAD: FailurePolicy(12, slows_down=True),
    FailureClass.TIMEOUT: FailurePolicy(4, slows_down=True, billed=Billed.PERHAPS),
    FailureClass.CUT_CONNECTION: FailurePolicy(8, billed=Billed.PERHAPS),
    FailureClass.NOT_JSON: FailurePolicy(4, billed=Billed.PERHAPS),
    FailureClass.EMPTY: FailurePolicy(2, billed=Billed.YES),
    FailureClass.TRUNCATED: FailurePolicy(1, billed=Billed.YES),
    FailureClass.CONTENT_FILTER: FailurePolicy(1, reason=Reason.CONTENT_FILTERED),
    FailureClass.CONTEXT_OVERFLOW: FailurePolicy(1, reason=Reason.CONTEXT_OVERFLOW, permanent=True),
    FailureClass.BAD_REQUEST: FailurePolicy(1, permanent=True),
    FailureClass.AUTHENTICATION: FailurePolicy(1, stops_teacher=True),
    FailureClass.QUOTA: FailurePolicy(1, stops_teacher=True),
    FailureClass.UNKNOWN_MODEL: FailurePolicy(1, stops_teacher=True),
    FailureClass.UNSUPPORTED: FailurePolicy(1, stops_teacher=True),
    FailureClass.NO_LOG_PROBABILITIES: FailurePolicy(1, stops_teacher=True, billed=Billed.PERHAPS),
}
"""An answer that came whole but empty, truncated or filtered is stored in the end: it was paid for,
asking once more would give its like, and the technique judges it."""


def policy_of(failure: FailureClass) -> FailurePolicy:
    """The policy of a class."""
    return _POLICIES[failure]
