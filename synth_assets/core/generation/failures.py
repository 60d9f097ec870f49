"""Everything that can go wrong with a call, and what is done about each.

Each class has attempts of its own: a hundred rate limits do not use up the one repetition that a
cut connection deserves.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from synth_assets.core.schema import Reason


class FailureClass(StrEnum):
    """What went wrong with one attempt."""

    RATE_LIMIT = "rate_limit"
    OVERLOAD = "overload"
    TIMEOUT = "timeout"
    CUT_CONNECTION = "cut_connection"
    NOT_JSON = "not_json"
    CONTENT_FILTER = "content_filter"
    CONTEXT_OVERFLOW = "context_overflow"
    BAD_REQUEST = "bad_request"
    AUTHENTICATION = "authentication"
    QUOTA = "quota"
    UNKNOWN_MODEL = "unknown_model"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class FailurePolicy:
    """What is done about a class of failures.

    Attributes:
        attempts: how often one request may fail so before it is given up; 1 is no repetition.
        slows_down: whether it is a sign of too many requests at once.
        stops_teacher: whether no request to this teacher can succeed until the user mends it.
        reason: what the decision of a row says that was given up.
        permanent: whether it counts towards opening the circuit.
    """

    attempts: int
    slows_down: bool = False
    stops_teacher: bool = False
    reason: Reason = Reason.PROVIDER_ERROR
    permanent: bool = False


def policy_of(failure: FailureClass) -> FailurePolicy:
    """The policy of a class."""
    match failure:
        case FailureClass.RATE_LIMIT:
            return FailurePolicy(40, slows_down=True)
        case FailureClass.OVERLOAD:
            return FailurePolicy(12, slows_down=True)
        case FailureClass.TIMEOUT:
            return FailurePolicy(4, slows_down=True)
        case FailureClass.CUT_CONNECTION:
            return FailurePolicy(8)
        case FailureClass.NOT_JSON:
            return FailurePolicy(4)
        case FailureClass.CONTENT_FILTER:
            return FailurePolicy(1, reason=Reason.CONTENT_FILTERED)
        case FailureClass.CONTEXT_OVERFLOW | FailureClass.BAD_REQUEST:
            return FailurePolicy(1, permanent=True)
        case (
            FailureClass.AUTHENTICATION
            | FailureClass.QUOTA
            | FailureClass.UNKNOWN_MODEL
            | FailureClass.UNSUPPORTED
        ):
            return FailurePolicy(1, stops_teacher=True)
        case _:
            assert_never(failure)
