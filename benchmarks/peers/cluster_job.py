"""What every engine does: the near-duplicates of the same texts, by the project's own kernels.

What differs is how work and data reach the processes. It runs in each engine's own environment.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from synth_assets.core.dedup.sketch import DedupRule

Kept: TypeAlias = npt.NDArray[np.int64]
"""For each row the one that it is dropped for, or -1."""

DONE = "done"
"""The file that says that nothing more counts."""

_WARM_FILES = 4
_PROC = Path("/proc")


@dataclass(frozen=True)
class Job:
    """What an engine has to do.

    Attributes:
        rule: what makes a duplicate.
        workers: processes, or threads where an engine has no more than one process.
        lane: which way through the engine, where it has several.
        folder: for its files.
    """

    rule: DedupRule
    workers: int
    lane: str
    folder: Path


Find: TypeAlias = Callable[[Sequence[Path]], Kept]
Engine: TypeAlias = Callable[[Job], AbstractContextManager[Find]]


@dataclass(frozen=True)
class Report:
    """What a job took.

    Attributes:
        start_s: until the engine takes work.
        seconds: from files of rows to what is dropped, on an engine that did such work before.
        cpu_s: CPU seconds in that time, of all processes.
    """

    start_s: float
    seconds: float
    cpu_s: float


def texts_of(file: Path) -> list[str]:
    """The texts of a file of JSON Lines, in order."""
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def chunks_of(files: Sequence[Path]) -> Iterator[list[str]]:
    """The texts of all files, one file after the other."""
    return map(texts_of, files)


def run_engine(engine: Engine) -> None:
    """Do the job that the command line names; leave report and rows in its folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=Path, help="a folder of JSON Lines with `row` and `text`")
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--lane", default="")
    parser.add_argument("--folder", type=Path, required=True)
    told = parser.parse_args()
    files = sorted(told.rows.glob("*.jsonl"))
    started = time.perf_counter()
    with engine(Job(DedupRule(told.threshold), told.workers, told.lane, told.folder)) as find:
        start_s = time.perf_counter() - started
        find(files[:_WARM_FILES])
        before, started = _tree_cpu_s(), time.perf_counter()
        kept = find(files)
        seconds = time.perf_counter() - started
        report = Report(start_s, seconds, _tree_cpu_s() - before)
        (told.folder / DONE).touch()
    kept.astype(np.int64).tofile(told.folder / "kept.i64")
    (told.folder / "report.json").write_text(json.dumps(asdict(report)), encoding="utf-8")


def _tree_cpu_s() -> float:
    """CPU seconds of this process and of all below it, those that ended among them."""
    found, waiting = 0.0, ["self"]
    while waiting:
        process = _PROC / waiting.pop()
        try:
            fields = (process / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
            children = [path.read_text("ascii") for path in process.glob("task/*/children")]
        except OSError:  # It ended meanwhile.
            continue
        found += sum(map(int, fields[11:15]))
        waiting += [child for line in children for child in line.split()]
    return found / 100
