"""What verifiers may use of the outside world, as protocols: the core starts no process itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tools:
    """Ways out that a run gives its verifiers; none where nobody gave them."""


NO_TOOLS = Tools()
"""For verifiers that only look at text."""
