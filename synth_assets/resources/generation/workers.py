"""Generation in several processes: one Python process does some thousand requests a second.

A run hands out the parts of a plan, one after another, to processes that each have the whole plan,
a connection of their own to the ledger and their share of what the teachers bear. Leases, caps and
parts on disk are made for several processes anyhow, so that a worker may die at any moment.

Workers are started as programs of their own, neither forked (Polars and SQLite have threads and
locks) nor by multiprocessing's `spawn`, which would run the main module again, be it pytest or
Dagster.
"""

import asyncio
import os
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapreplace
from pathlib import Path
from typing import assert_never

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.planning import Plan
from synth_assets.core.techniques.catalogue import technique_file
from synth_assets.errors import WorkerError
from synth_assets.resources.generation.engine import Progress
from synth_assets.resources.generation.errand import (
    Count,
    Ended,
    Errand,
    PartWanted,
    PartWritten,
    RecipeText,
    divided,
)
from synth_assets.resources.generation.interruption import run_until_interrupted
from synth_assets.resources.generation.parts import Part, PartsFolder, parts_of
from synth_assets.resources.generation.shop import Spending
from synth_assets.resources.generation.worker_handle import WorkerHandle
from synth_assets.resources.ledger.store import Ledger

_MOST_UNASKED = 4
_FEWEST_SAMPLES = 10_000
_FEWEST_AT_ONCE = 64
_EVEN_ENOUGH = 0.9
_MOST_DEATHS = 4
"""A part is tried again after three deaths of those who were at it."""


@dataclass(frozen=True)
class Workers:
    """How many processes generate.

    Attributes:
        asked: what the user wrote; none: as many as help.
        warn: told of processes that died.
    """

    asked: int | None = 1
    warn: Callable[[str], None] = lambda _: None

    def number(self, recipe: Recipe, missing: Sequence[Part]) -> int:
        """How many processes are to make the parts that are missing; 1 means this process.

        A second one helps where a first is short of CPU: with many samples left, and teachers that
        take many requests at once. There are never more than parts, nor than a teacher takes
        requests at once, as each has its share of these. Teachers with batch delivery need none.
        Unasked, there are only so many as leave few of these shares unused at the end, so that slow
        teachers lose little by it.
        """
        teachers = recipe.teachers.values()
        if any(teacher.delivery == "batch" for teacher in teachers):
            return 1
        if technique_file(recipe.spec.technique.kind):
            return 1  # a class of the user's own file cannot be sent to another process
        most = min(len(missing), *(teacher.parallelism for teacher in teachers))
        if self.asked is not None:
            return max(1, min(self.asked, most))
        left = sum(part.size for part in missing)
        at_once = sum(teacher.parallelism for teacher in teachers)
        if left < _FEWEST_SAMPLES or at_once < _FEWEST_AT_ONCE:
            return 1
        most = min(_cores(), _MOST_UNASKED, most)
        even = (n for n in range(most, 1, -1) if _evenness(missing, n) >= _EVEN_ENOUGH)
        return next(even, 1)


def generate_with_workers(
    plan: Plan,
    start: int,
    stop: int,
    workers: int,
    ledger: Ledger,
    parts: PartsFolder,
    folder: Path,
    *,
    run: str = "",
    on_progress: Callable[[Progress], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
) -> Spending:
    """Carry out a range of a plan in several processes; see `generate_parts`.

    Args:
        plan: recipe and seeds; the recipe's own teachers are asked.
        start: first position.
        stop: last position, without it.
        workers: how many processes; no more than any teacher takes requests at once.
        ledger: which file, with which budget.
        parts: where finished parts lie.
        folder: the folder of `parts`, one a recipe version.
        run: id of the run whose account is charged.
        on_progress: told a few times a second.
        warn: told of processes that died.

    Raises:
        SynthError: of the class and with the words that it had in a worker; the others stop then.
            Also where processes that are at the same part die again and again.
        KeyboardInterrupt: at SIGINT or SIGTERM, within five seconds; answers that came are stored.
    """
    text, seeds = RecipeText.of(plan.recipe), tuple(plan.seeds)
    errands = [
        Errand(
            replace(text, teachers=divided(text.teachers, place, workers)),
            seeds,
            plan.fingerprint,
            start,
            stop,
            folder,
            ledger.path,
            ledger.budget,
            run,
        )
        for place in range(workers)
    ]
    office = _Office(errands, list(parts_of(start, stop)), parts, on_progress, warn)
    return run_until_interrupted(office.run())


class _Office:
    """Hands out parts, and adds up what the workers say."""

    def __init__(
        self,
        errands: Sequence[Errand],
        all_parts: Sequence[Part],
        parts: PartsFolder,
        on_progress: Callable[[Progress], None],
        warn: Callable[[str], None],
    ) -> None:
        self._errands = errands
        self._parts = parts
        self._on_progress = on_progress
        self._warn = warn
        self._left = [part for part in all_parts if not parts.has(part)]
        self._planned = sum(part.size for part in all_parts)
        self._finished = self._planned - sum(part.size for part in self._left)
        self._spent = Spending()
        self._deaths: Counter[Part | None] = Counter()
        self._desks = [_Desk() for _ in errands]
        self._is_stopping = False
        self._told_finished = -1

    async def run(self) -> Spending:
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for errand, desk in zip(self._errands, self._desks, strict=True):
                    group.create_task(self._keep_at_work(errand, desk))
        except* Exception as failures:  # noqa: BLE001  raised again as it is
            failure = _first(failures)
        if failure is not None:
            # Not above: early Pythons 3.11 put what is raised there into a group again.
            raise failure from None
        return self._spending()

    async def _keep_at_work(self, errand: Errand, desk: "_Desk") -> None:
        """One process, and another for each that dies, while there are parts for it."""
        while self._left:
            handle = WorkerHandle()
            ended: Ended | None = None
            try:
                await handle.send(errand)
                async for message in handle.said():
                    ended = self._heed(message, desk, handle) or ended
            except BaseException:
                self._is_stopping = True
                handle.tell_to_stop()
                async for message in handle.said():
                    self._heed(message, desk, handle)
                raise
            finally:
                code = await handle.close()
                self._close(desk)
            if ended is None or ended.stopped:
                self._give_back(desk, code)
            elif ended.failure is not None:
                raise ended.failure

    def _heed(
        self, message: PartWanted | PartWritten | Count | Ended, desk: "_Desk", handle: WorkerHandle
    ) -> Ended | None:
        match message:
            case PartWanted():
                handle.give(self._next_part(message.start, desk))
            case PartWritten():
                desk.taken.discard(message.part)
                desk.written += message.part.size
                self._parts.note_written(message.part)
            case Count():
                desk.count = message
                self._tell()
            case Ended():
                desk.count = message.count
                return message
            case _:
                assert_never(message)
        return None

    def _next_part(self, start: int, desk: "_Desk") -> Part | None:
        at = bisect_left(self._left, start, key=lambda part: part.start)
        if self._is_stopping or at == len(self._left):
            return None
        part = self._left.pop(at)
        desk.taken.add(part)
        return part

    def _close(self, desk: "_Desk") -> None:
        """Add up what a process did that is no more: of its parts, those that it wrote."""
        self._finished += desk.written
        self._spent.add(desk.count.spending)
        desk.count, desk.written = _NOTHING, 0
        self._tell()

    def _give_back(self, desk: "_Desk", code: int) -> None:
        """Leave the parts of a process that died to others.

        Raises:
            SynthError: if that helped nobody so far.
        """
        lost = sorted(desk.taken)
        desk.taken.clear()
        for part in lost:
            insort(self._left, part)
        label = self._errands[0].text.label
        where = ", ".join(f"{part.start:,} to {part.stop:,}" for part in lost) or "no sample yet"
        told = f"{label}: a worker process {_death(code)} at work on samples: {where}"
        self._deaths.update(lost or [None])
        if max(self._deaths[part] for part in lost or [None]) >= _MOST_DEATHS:
            raise WorkerError(
                f"{told}. It is the {_MOST_DEATHS}th that did. Where memory ran out (`dmesg` says "
                "so), set SYNTH_WORKERS=1 or lower parallelism in teachers.yaml, then run again: "
                "what was bought is kept."
            )
        self._warn(f"{told}. Another one takes over; what was bought is kept.")

    def _spending(self) -> Spending:
        total = Spending()
        for spending in (self._spent, *(desk.count.spending for desk in self._desks)):
            total.add(spending)
            total.reserved_usd_pico += spending.reserved_usd_pico
        return total

    def _tell(self) -> None:
        finished = self._finished + sum(desk.count.finished for desk in self._desks)
        in_flight = sum(desk.count.in_flight for desk in self._desks)
        if self._told_finished == finished == self._planned:
            return  # the end is told once
        self._told_finished = finished
        self._on_progress(Progress(finished, self._planned, in_flight, self._spending()))


_NOTHING = Count(0, 0, Spending())


@dataclass
class _Desk:
    """One worker, as long as it lives.

    Attributes:
        taken: parts it has, and has not written.
        written: planned samples of the parts it wrote.
        count: what it said last.
    """

    taken: set[Part] = field(default_factory=set[Part])
    written: int = 0
    count: Count = _NOTHING


def _evenness(parts: Sequence[Part], workers: int) -> float:
    """How much of the workers' time is used where each takes a part as it is done with another."""
    busy = [0] * workers
    for part in parts:
        heapreplace(busy, busy[0] + part.size)
    return sum(busy) / (workers * max(busy))


def _death(code: int) -> str:
    if code == 0:
        return "was told to stop by somebody else"
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first(failures: BaseExceptionGroup[Exception]) -> Exception:
    failure = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
