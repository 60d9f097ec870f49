"""A labelled answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """An answer that somebody accepted or rejected."""

    prompt: str
    response: str
    accepted: bool
