"""What reading a document came to."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.schema import Reason

MAX_CHARACTERS = 100_000


@dataclass(frozen=True)
class Parsed:
    """It is of its language; `told` says what was seen."""

    told: str


@dataclass(frozen=True)
class Faulty:
    """It is not, or lacks what was asked for."""

    reason: Reason
    told: str

    @classmethod
    def syntax(cls, told: str) -> "Faulty":
        """It does not parse."""
        return cls(Reason.DOES_NOT_PARSE, told)


@dataclass(frozen=True)
class Unread:
    """It is beyond a bound, so that nothing is known of it."""

    told: str


ReadOutcome: TypeAlias = Parsed | Faulty | Unread


def beyond_depth(text: str, tokens: re.Pattern[str], most: int) -> Unread | None:
    """Say so where brackets are nested too deep to be given to a parser.

    Args:
        text: the document.
        tokens: finds brackets, and what they do not count in, such as strings; linear.
        most: levels.
    """
    depth = 0
    for match in tokens.finditer(text):
        token = match.group()
        if token in "([{":
            depth += 1
            if depth > most:
                return Unread(f"brackets nested deeper than {most} levels")
        elif token in ")]}":
            depth = max(depth - 1, 0)
    return None
