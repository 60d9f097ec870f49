"""What every tool that removes near-duplicates does: the same texts, timed and told the same way.

Standard library only, and the project's rule of how a text is cut into words, which needs no more:
it runs in each tool's own environment.
"""

import argparse
import json
import os
import resource
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from synth_assets.core.fingerprint import normalised
from synth_assets.core.ngrams import ngrams, words_and_symbols

SHINGLE = 5
PERMUTATIONS = 128
DONE = "done"
"""A file that is there once the job is done: what follows is not counted."""

_SAMPLE = 20_000


@dataclass(frozen=True)
class Job:
    """What a tool has to do.

    Attributes:
        file: JSON Lines with `row` and `text`.
        threshold: Jaccard similarity from which on two rows are duplicates.
        folder: an empty folder of this run alone.
        lane: which way through the tool, where it has several.
        ready: shingles that are cut already, if they are.
    """

    file: Path
    threshold: float
    folder: Path
    lane: str
    ready: Sequence[list[str]] | None = None

    @cached_property
    def texts(self) -> list[str]:
        """All texts, in the order of their rows."""
        with self.file.open(encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines]

    def cut(self) -> Iterator[list[str]]:
        """The shingles of each text, for tools that are handed them."""
        return map(shingles, self.texts) if self.ready is None else iter(self.ready)


@dataclass(frozen=True)
class Found:
    """What a tool found; one of the two, or both.

    Attributes:
        kept: the rows it keeps.
        pairs: rows it takes for similar, flat: a, b, a, b, ...
    """

    kept: Iterable[int] | None = None
    pairs: "array[int] | None" = None


@dataclass(frozen=True)
class Report:
    """What a job took, imports and warming up apart.

    Attributes:
        seconds: from the texts at hand (of tools that read files: from the start) to the rows.
        cpu_s: CPU seconds in that time, of the process and of processes that it ended.
        ready_s: CPU seconds with shingles that are cut already, of tools that are handed them,
            scaled up from the first rows; else 0.
        before_mib: resident memory when the job began.
    """

    seconds: float
    cpu_s: float
    ready_s: float
    before_mib: float


def shingles(text: str) -> list[str]:
    """Runs of 5 words and symbols; a shorter text is one run as a whole."""
    tokens = words_and_symbols(text)
    return ngrams(tokens, SHINGLE) or [" ".join(tokens) or normalised(text)]


def run_tool(
    find: Callable[[Job], Found],
    load: Callable[[Job], object] = lambda _: None,
    *,
    cuts: bool = False,
) -> None:
    """Do the job that the command line names, and leave report and rows in its folder.

    Args:
        find: the job.
        load: makes ready what is not counted: texts, imports, compiled code.
        cuts: whether the tool is handed shingles that are cut in Python.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--lane", default="")
    told = parser.parse_args()
    job = Job(told.file, told.threshold, told.folder, told.lane)
    load(job)
    before = _resident_mib()
    started, spent = time.perf_counter(), cpu_s()
    found = find(job)
    seconds, taken = time.perf_counter() - started, cpu_s() - spent
    (told.folder / DONE).touch()
    if found.kept is not None:
        (told.folder / "kept.i64").write_bytes(array("q", found.kept).tobytes())
    if found.pairs is not None:
        (told.folder / "pairs.i64").write_bytes(found.pairs.tobytes())
    report = Report(seconds, taken, _ready_s(find, job) if cuts else 0.0, before)
    (told.folder / "report.json").write_text(json.dumps(asdict(report)), encoding="utf-8")


def cpu_s() -> float:
    """CPU seconds of this process and of all that it started.

    Of processes that still live, such as servers of workers, only Linux tells.
    """
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    living = sum(map(_living_cpu_s, _children(os.getpid())))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + living


def _living_cpu_s(process: int) -> float:
    try:
        told = Path(f"/proc/{process}/stat").read_text("ascii", errors="replace")
    except FileNotFoundError:
        return 0.0
    # User and system time, of itself and of children that ended; the name before may hold spaces.
    ticks = sum(map(int, told.rpartition(")")[2].split()[11:15]))
    below = sum(map(_living_cpu_s, _children(process)))
    return ticks / os.sysconf("SC_CLK_TCK") + below


def _children(process: int) -> list[int]:
    paths = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in paths for child in path.read_text("ascii").split()]


def _ready_s(find: Callable[[Job], Found], job: Job) -> float:
    ready = [shingles(text) for text in job.texts[:_SAMPLE]]
    spent = cpu_s()
    find(replace(job, ready=ready))
    return (cpu_s() - spent) * len(job.texts) / max(len(ready), 1)


def _resident_mib() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
