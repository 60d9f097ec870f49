"""What is said of untrusted programs: jobs, limits and outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from synth_assets.core.verify.program_tests import TestStyle as TestStyle


class Limit(StrEnum):
    """What a program may run out of."""

    CPU = "cpu"
    WALL = "wall"
    MEMORY = "memory"
    OUTPUT = "output"


@dataclass(frozen=True)
class ProgramLimits:
    """What each of the processes of one run may use.

    Attributes:
        cpu_s: seconds of processor time.
        wall_s: seconds in all; generous, as the machine may be busy.
        memory_mb: address space, MiB.
        output_kb: of each file that is written, standard output among them, KiB.
    """

    cpu_s: float = 10.0
    wall_s: float = 60.0
    memory_mb: int = 512
    output_kb: int = 1024


@dataclass(frozen=True)
class CallTests:
    """Tests that call functions and classes of a program.

    Attributes:
        source: the tests.
        style: how they are written.
        entry_point: the function that `check` is given; the program must define it.
        support: code that the tests rely on and the program is not trusted with.
    """

    source: str
    style: TestStyle = TestStyle.ASSERTS
    entry_point: str = ""
    support: str = ""


@dataclass(frozen=True)
class StreamCase:
    """What a program is to print when it reads this."""

    stdin: str
    stdout: str


@dataclass(frozen=True)
class StreamTests:
    """Cases of standard input and output; each runs the program anew."""

    cases: tuple[StreamCase, ...]


@dataclass(frozen=True)
class ProgramJob:
    """An untrusted program and the tests it is put to."""

    candidate: str
    tests: CallTests | StreamTests
    limits: ProgramLimits = field(default_factory=ProgramLimits)


@dataclass(frozen=True)
class Passed:
    """Every test held."""


@dataclass(frozen=True)
class Failed:
    """A test did not hold.

    Attributes:
        where: the test, as it is written.
        what: what was seen.
    """

    where: str
    what: str


@dataclass(frozen=True)
class DoesNotRun:
    """The program failed before any test asked it something."""

    what: str


@dataclass(frozen=True)
class LimitReached:
    """The program, or a test at work on what it gave, used up what it may."""

    limit: Limit
    what: str


@dataclass(frozen=True)
class NotRun:
    """Nothing is known of the program: it could not be run safely, or the tests not translated."""

    what: str


ProgramOutcome: TypeAlias = Passed | Failed | DoesNotRun | LimitReached | NotRun


class ProgramRunner(Protocol):
    """Runs untrusted programs where they can do no harm."""

    def run(self, job: ProgramJob) -> ProgramOutcome:
        """Put a program to its tests; every fault of the machinery is `NotRun`."""
        ...

    def run_all(self, jobs: Sequence[ProgramJob]) -> Sequence[ProgramOutcome]:
        """What `run` says of each, in their order; many at once where that is faster."""
        ...
