"""What is said between whoever wants programs run and the server that runs them."""

import json
from dataclasses import dataclass
from enum import StrEnum

FAULT = 125
"""Exit code of a process that could not be set up."""
LATE = b"late"
"""What a server asks when the time of a run is over: whether that is the run's fault."""
WALL, STARVED = b"wall", b"starved"
"""The answers: it is, or the machine had no processor to give."""
READY = "ready"
"""What a server says when it serves; anything else is why it does not."""


class Mode(StrEnum):
    """What keeps programs from the machine, besides the filter of system calls."""

    NAMESPACES = "namespaces"
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NOTHING = "nothing"

    @property
    def has_own_root(self) -> bool:
        """Whether no file of the machine's is in sight but Python's."""
        return self in (Mode.NAMESPACES, Mode.BUBBLEWRAP)


@dataclass(frozen=True)
class Bounds:
    """What one process may use; see `ProgramLimits`."""

    cpu_s: float
    wall_s: float
    memory_mb: int
    output_kb: int


@dataclass(frozen=True)
class Order:
    """One run.

    Attributes:
        kind: `calls` (descriptors: program, tests, verdict), `batch` (the same of many, see the
            module) or `script` (program, standard input, output and error).
        bounds: of each process.
        modules: what the program imports.
    """

    kind: str
    bounds: Bounds
    modules: list[str]

    def as_bytes(self) -> bytes:
        """As it goes over the socket."""
        return json.dumps([self.kind, list(vars(self.bounds).values()), self.modules]).encode()

    @classmethod
    def of(cls, data: bytes) -> "Order":
        """What `as_bytes` wrote."""
        kind, bounds, modules = json.loads(data)
        return cls(kind, Bounds(*bounds), modules)


@dataclass(frozen=True)
class Report:
    """How a run ended.

    Attributes:
        ended: `done`, or the limit that ended it: `cpu`, `wall`, or `starved` where the time was
            over while a process wanted a processor and had none.
        who: who met the limit, `program` or `tests`.
        program: its exit code, or minus the signal that ended it; none where it was stopped here.
        tests: the same of the tests.
        cpu_s: processor time of both.
        last: whether the server ends now, and another is to be started.
    """

    ended: str
    who: str
    program: int | None
    tests: int | None
    cpu_s: float
    last: bool = False

    def as_bytes(self) -> bytes:
        """As it goes over the socket."""
        return json.dumps(list(vars(self).values())).encode()

    @classmethod
    def of(cls, data: bytes) -> "Report":
        """What `as_bytes` wrote."""
        return cls(*json.loads(data))
