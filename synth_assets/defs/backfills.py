"""Backfills: fill what is missing, then compose once what follows from it."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from threading import Thread

import dagster as dg
from filelock import FileLock, Timeout

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.recipe import Recipe
from synth_assets.defs.fill_lane import FillLane, LaneOrder
from synth_assets.defs.partitions import sync_partitions
from synth_assets.defs.running import JobRun, run_job, unfilled_recipes
from synth_assets.errors import BackfillError
from synth_assets.resources.edits import is_filled
from synth_assets.resources.workshop import Workshop

BACKFILL_TAG = "synth/backfill"
_MOST_LANES = 4
_FEW = 4
"""Versions a lane at least: a process of its own takes seconds to start."""

_FILLED = ("seeds", "raw_generations", "verified_samples", "sample_signatures")
_SELECTED = ("deduplicated_samples", "decontaminated_samples")
_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


@dataclass(frozen=True)
class Missing:
    """What is to be made, and why.

    Attributes:
        recipes: versions that lack an asset.
        selects: whether candidates are to be selected anew, as rows came or went.
        mixtures: those to be composed and published.
    """

    recipes: tuple[Recipe, ...]
    selects: bool
    mixtures: tuple[Mixture, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it should be."""
        return not (self.recipes or self.selects or self.mixtures)


@dataclass(frozen=True)
class Backfill:
    """One backfill; starting it again goes on with it.

    Attributes:
        workshop: its `run` is the name of the backfill, whose account is charged.
        instance: where runs and materializations are recorded.
        recipes: ids of recipes to look at; all but those made on request by default.
        lanes: processes that fill at the same time; by default one to four, by how much there is.
    """

    workshop: Workshop
    instance: dg.DagsterInstance
    recipes: Sequence[str] = ()
    lanes: int | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.workshop.run

    def missing(self) -> Missing:
        """Look at what there is; partitions are brought in line first.

        Raises:
            UnknownNameError: for a recipe that there is not.
        """
        sync_partitions(self.instance, self.workshop, asked=self.recipes)
        catalogue = self.workshop.catalogue
        named = [catalogue.recipe(name) for name in dict.fromkeys(self.recipes)]
        recipes = tuple(
            recipe for recipe in named or catalogue.usual_recipes if self._lacks(recipe.key)
        )
        # A set would lack what the others are to give.
        if self.recipes and unfilled_recipes(self.workshop, except_for=self.recipes):
            return Missing(recipes, selects=False, mixtures=())
        selects = bool(recipes) or self._select_anew()
        mixtures = tuple(
            mixture for mixture in catalogue.usual_mixtures if selects or self._stale(mixture.key)
        )
        return Missing(recipes, selects, mixtures)

    def run(self, missing: Missing) -> Iterator[JobRun]:
        """Make what is missing, yielding each job run as it ends; stops after a stage that failed.

        Raises:
            BackfillError: if a backfill of that name is at it.
            KeyboardInterrupt: at Ctrl-C, once what was bought is stored.
        """
        with self._alone():
            self._bury()
            if missing.recipes:
                refreshed = self._run("refresh_inputs")
                yield refreshed
                filled = refreshed.is_done
                if not filled:
                    return
                for finished in self._fill([recipe.key for recipe in missing.recipes]):
                    filled = filled and finished.is_done
                    yield finished
                if not filled:
                    return
            yield from self._follow(missing)

    def _follow(self, missing: Missing) -> Iterator[JobRun]:
        keys = [mixture.key for mixture in missing.mixtures]
        stages: list[tuple[str, Sequence[str | None]]] = [
            ("select_candidates", [None] if missing.selects else []),
            ("compose_training_set", keys),
            ("trace_lineage", [None] if missing.selects or keys else []),
            ("publish_training_set", keys),
        ]
        for job, partitions in stages:
            done = True
            for partition in partitions:
                finished = self._run(job, partition)
                done = done and finished.is_done
                yield finished
            if not done:
                return

    def _run(self, job: str, partition: str | None = None) -> JobRun:
        return run_job(self._definitions, self.instance, job, partition, self._tags)

    def _fill(self, keys: Sequence[str]) -> Iterator[JobRun]:
        lanes = self.lanes or min(_MOST_LANES, -(-len(keys) // _FEW), os.cpu_count() or 1)
        if min(lanes, len(keys)) <= 1:
            yield from (self._run("fill_recipe", key) for key in keys)
            return
        order = LaneOrder(
            self.workshop.settings, self.name, self.workshop.run_cap, dict(self._tags)
        )
        for finished in filled_in_lanes(order, keys, min(lanes, len(keys)), self.workshop):
            if not finished.run_id and finished.partition is not None:
                self._bury(finished.partition)
            yield finished

    @property
    def _tags(self) -> Mapping[str, str]:
        return {BACKFILL_TAG: self.name}

    @cached_property
    def _definitions(self) -> dg.Definitions:
        # Below, as the job that backfills is one of them.
        from synth_assets.defs.build import build_definitions

        return build_definitions(self.workshop)

    @contextmanager
    def _alone(self) -> Generator[None]:
        lock = self._lock(self.name)
        try:
            lock.acquire(timeout=0)
        except Timeout as exc:
            raise BackfillError(
                f"Backfill {self.name}: another process is at it. Wait for its end, or give this "
                "one another --name."
            ) from exc
        try:
            yield
        finally:
            lock.release()

    def _lock(self, name: str) -> FileLock:
        self.workshop.home.locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self.workshop.home.locks / f"backfill-{name}.lock")

    def _bury(self, key: str | None = None) -> None:
        """Mark runs of backfills as failed whose process is no more; at `key`, one of this."""
        for run in self.instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY)):
            name = run.tags.get(BACKFILL_TAG)
            if name == self.name:
                dead = key in (None, run.tags.get("dagster/partition"))
            else:
                dead = key is None and name is not None and self._is_over(name)
            if dead:
                self.instance.report_run_failed(run, "Its process ended before it did.")

    def _is_over(self, name: str) -> bool:
        lock = self._lock(name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True

    def _lacks(self, key: str) -> bool:
        made = (key in self._made(asset) for asset in _FILLED)
        return not (all(made) and is_filled(self.workshop, key))

    def _select_anew(self) -> bool:
        """Whether verified rows came, or recipes went, since candidates were selected."""
        last = {name: self._last(name) for name in _SELECTED}
        selected, clean = last["deduplicated_samples"], last["decontaminated_samples"]
        live = {recipe.key for recipe in self.workshop.catalogue.recipes}
        came = {
            key: at
            for asset in ("verified_samples", "sample_signatures")
            for key, at in self._made(asset).items()
            if key in live
        }
        if not came:
            return False
        if selected is None or clean is None or clean < selected or max(came.values()) > selected:
            return True
        event = self.instance.get_latest_materialization_event(dg.AssetKey(_SELECTED[0]))
        made = None if event is None else event.asset_materialization
        took = None if made is None else made.metadata.get("recipes")
        return took is not None and set(_texts(took.value)) != {*self._made("verified_samples")} & (
            live
        )

    def _stale(self, key: str) -> bool:
        clean = self._last("decontaminated_samples")
        composed, published = (
            self._made(asset).get(key) for asset in ("training_sets", "dataset_cards")
        )
        if clean is None:
            return False
        return composed is None or composed < clean or published is None or published < composed

    def _made(self, asset: str) -> Mapping[str, int]:
        """Partition -> id of the event that made it last."""
        return self.instance.get_latest_storage_id_by_partition(
            dg.AssetKey(asset), dg.DagsterEventType.ASSET_MATERIALIZATION
        )

    def _last(self, asset: str) -> int | None:
        [record] = self.instance.get_asset_records([dg.AssetKey(asset)]) or [None]
        return None if record is None else record.asset_entry.last_materialization_storage_id


def filled_in_lanes(
    order: LaneOrder, keys: Sequence[str], lanes: int, workshop: Workshop
) -> Iterator[JobRun]:
    """Fill recipe versions in several processes, in the order in which they end.

    A process that dies fails the version that it was at; another takes its place.
    """
    waiting: SimpleQueue[str] = SimpleQueue()
    for key in keys:
        waiting.put(key)
    ended: SimpleQueue[JobRun] = SimpleQueue()
    running = [_LaneThread(order, waiting, ended, workshop) for _ in range(lanes)]
    for lane in running:
        lane.start()
    try:
        for _ in keys:
            yield ended.get()
    finally:
        for lane in running:
            lane.stop()
        for lane in running:
            lane.join()


class _LaneThread(Thread):
    """Hands keys to a lane until none is left."""

    def __init__(
        self,
        order: LaneOrder,
        waiting: "SimpleQueue[str]",
        ended: "SimpleQueue[JobRun]",
        workshop: Workshop,
    ) -> None:
        super().__init__(daemon=True)
        self._order, self._waiting, self._ended = order, waiting, ended
        self._announce = workshop.announce
        self._lane = FillLane(order, self._announce)
        self._is_stopped = False

    def run(self) -> None:
        """See `Thread`."""
        while not self._is_stopped:
            try:
                key = self._waiting.get_nowait()
            except Empty:
                break
            if not self._lane.is_alive:
                self._lane.close()
                self._lane = FillLane(self._order, self._announce)
            self._ended.put(self._lane.fill(key))
        self._lane.close()

    def stop(self) -> None:
        """Take no key more, and have what is under way stopped."""
        self._is_stopped = True
        if self._lane.is_alive:
            self._lane.stop()


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
