"""What a data source gives: a prompt and the response to it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """One row of a source, before it is named."""

    prompt: str
    response: str
