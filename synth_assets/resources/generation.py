"""Generation: plans in, samples out, with every completion in the ledger before it is used."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import polars as pl

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.planning import finished_sample, plan_slots, sample_id
from synth_assets.core.sample import Sample, Seed, sample_frame
from synth_assets.core.schema import CALL_SCHEMA, Decision, Outcome, Stage
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.core.techniques.protocol import Draft, Slot, Unusable
from synth_assets.errors import SynthError, TeacherError
from synth_assets.resources.ledger import Ledger
from synth_assets.resources.teachers import CallFailedError, ChatModel

_COMMIT_WINDOW_S = 0.05
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_DOWN_AFTER = 8
"""A teacher is down when that many of its requests in a row failed for good, by its fault."""


@dataclass(frozen=True)
class Progress:
    """How far generation is; handed to a listener after every finished sample."""

    finished: int
    planned: int
    bought: int
    from_ledger: int
    cost_usd: float


@dataclass(frozen=True)
class Generated:
    """What generation made of a recipe.

    Attributes:
        stage: samples and one decision per planned sample.
        calls: one row per request that was answered, columns of `CALL_SCHEMA`.
    """

    stage: StageResult
    calls: pl.DataFrame

    @property
    def bought(self) -> int:
        """Calls that were paid for now."""
        return int((~self.calls["from_ledger"]).sum())


@dataclass(frozen=True)
class _Made:
    name: str
    decision: Decision
    sample: Sample | None
    answered: tuple[tuple[Request, Completion], ...]


def generate(
    recipe: Recipe,
    seeds: Sequence[Seed],
    model: ChatModel,
    ledger: Ledger,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Generated:
    """Carry out a recipe: ask what its technique asks, keep what it makes.

    Requests that the ledger has are not bought again. A request that fails makes its sample
    `errored`; the others go on.

    Raises:
        TeacherError: if a teacher cannot be used at all, or is down; nothing more is asked, and
            what was bought stays in the ledger.
        RecipeError: if a prompt does not render with a seed.
        KeyboardInterrupt: at SIGINT or SIGTERM, once what was sent is answered and stored; at a
            second one without waiting.
    """
    engine = _Engine(recipe, model, ledger, on_progress)
    with _own_signal_handlers():
        try:
            return asyncio.run(_until_interrupted(engine.run(seeds)))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


@contextmanager
def _own_signal_handlers() -> Generator[None]:
    """Give back whatever handlers there were: Dagster's throw into the event loop as it is."""
    before = {name: signal.getsignal(name) for name in _INTERRUPTS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for name, handler in before.items():
                signal.signal(name, handler)


async def _until_interrupted(work: Coroutine[object, object, Generated]) -> Generated:
    task = asyncio.ensure_future(work)
    if threading.current_thread() is threading.main_thread():
        for name in _INTERRUPTS:
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    return await task


class _Engine:
    def __init__(
        self,
        recipe: Recipe,
        model: ChatModel,
        ledger: Ledger,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._recipe = recipe
        self._shop = _Shop(model, ledger, recipe.teachers)
        self._on_progress = on_progress

    async def run(self, seeds: Sequence[Seed]) -> Generated:
        slots = list(plan_slots(self._recipe, seeds))
        made: list[_Made] = []
        try:
            async with asyncio.TaskGroup() as group:
                for slot in slots:
                    group.create_task(self._one(slot, len(slots), made))
        except* SynthError as failures:
            raise _first(failures) from None
        finally:
            await self._shop.close()
        return self._collected(sorted(made, key=lambda item: item.decision.sample_id))

    async def _one(self, slot: Slot, planned: int, made: list[_Made]) -> None:
        made.append(await self._produce(slot))
        shop = self._shop
        self._on_progress(
            Progress(len(made), planned, shop.bought, shop.from_ledger, shop.cost_usd)
        )

    async def _produce(self, slot: Slot) -> _Made:
        production = self._recipe.spec.technique.produce(slot)
        asked: Sequence[Request] = next(production)
        name = sample_id(self._recipe, slot, asked)
        answered: list[tuple[Request, Completion]] = []
        try:
            while True:
                got = await asyncio.gather(*(self._shop.buy(request) for request in asked))
                answered.extend(zip(asked, got, strict=True))
                asked = production.send(got)
        except StopIteration as stop:
            return self._judged(slot, name, stop.value, tuple(answered))
        except CallFailedError as exc:
            decision = Decision(
                name, Outcome.ERRORED, exc.reason, detail=exc.detail, recipe=self._recipe.id
            )
            return _Made(name, decision, None, tuple(answered))

    def _judged(
        self,
        slot: Slot,
        name: str,
        result: Draft | Unusable,
        answered: tuple[tuple[Request, Completion], ...],
    ) -> _Made:
        recipe = self._recipe
        if isinstance(result, Unusable):
            decision = Decision(
                name, Outcome.DROPPED, result.reason, detail=result.detail, recipe=recipe.id
            )
            return _Made(name, decision, None, answered)
        requests = [request for request, _ in answered]
        sample = finished_sample(recipe, slot, name, requests, result)
        return _Made(name, Decision(name, Outcome.KEPT, recipe=recipe.id), sample, answered)

    def _collected(self, made: Sequence[_Made]) -> Generated:
        names = pl.Series("sample_id", [item.name for item in made], pl.String)
        kept = sample_frame(item.sample for item in made if item.sample is not None)
        stage = close_stage(
            Stage.GENERATE,
            self._recipe.key,
            names.to_frame(),
            (item.decision for item in made),
            kept=kept.sort("position"),
        )
        return Generated(stage, self._calls(made))

    def _calls(self, made: Sequence[_Made]) -> pl.DataFrame:
        rows = [
            (
                request.fingerprint,
                self._recipe.key,
                item.name,
                request.step,
                request.teacher,
                request.model,
                completion.finish_reason,
                completion.prompt_tokens,
                completion.completion_tokens,
                completion.cost_usd,
                completion.latency_s,
                completion.from_ledger,
            )
            for item in made
            for request, completion in item.answered
        ]
        return pl.DataFrame(rows, schema=CALL_SCHEMA, orient="row")


class _Shop:
    """Buys each request once: from the ledger, from a call in flight, or from the teacher."""

    def __init__(self, model: ChatModel, ledger: Ledger, teachers: Mapping[str, Teacher]) -> None:
        self._model = model
        self._ledger = ledger
        self._in_flight: dict[str, asyncio.Task[Completion]] = {}
        self._unsaved: list[tuple[Request, Completion, asyncio.Future[None]]] = []
        self._saver: asyncio.Task[None] | None = None
        self._lost_in_a_row = dict.fromkeys(teachers, 0)
        self.bought = 0
        self.from_ledger = 0
        self.cost_usd = 0.0

    async def buy(self, request: Request) -> Completion:
        known = self._ledger.get(request.fingerprint)
        if known is not None:
            self.from_ledger += 1
            return known
        if joined := self._in_flight.get(request.fingerprint):
            return replace(await asyncio.shield(joined), from_ledger=True)
        task = asyncio.create_task(self._call(request))
        self._in_flight[request.fingerprint] = task
        task.add_done_callback(lambda done: self._settle(request.fingerprint, done))
        return await asyncio.shield(task)

    def _settle(self, fingerprint: str, task: asyncio.Task[Completion]) -> None:
        del self._in_flight[fingerprint]
        if not task.cancelled():
            task.exception()  # else asyncio complains where all who waited were cancelled

    async def close(self) -> None:
        """Send nothing more, and wait for what was sent, so that what was paid for is kept."""
        self._model.stop()
        await asyncio.gather(*self._in_flight.values(), return_exceptions=True)
        await self._model.close()

    async def _call(self, request: Request) -> Completion:
        try:
            completion = await self._completed(request)
        except SynthError:
            self._model.stop()
            raise
        saved = asyncio.get_running_loop().create_future()
        self._unsaved.append((request, completion, saved))
        if self._saver is None or self._saver.done():
            self._saver = asyncio.create_task(self._save_soon())
        await saved
        self.bought += 1
        self.cost_usd += completion.cost_usd or 0.0
        # Another process may have stored its own first; rows are made of what the ledger holds.
        stored = self._ledger.get(request.fingerprint)
        return completion if stored is None else replace(stored, from_ledger=False)

    async def _completed(self, request: Request) -> Completion:
        try:
            completion = await self._model.complete(request)
        except CallFailedError as exc:
            lost = self._lost_in_a_row[request.teacher] + 1 if exc.transient else 0
            self._lost_in_a_row[request.teacher] = lost
            if lost < _DOWN_AFTER:
                raise
            raise TeacherError(
                f"Teacher {request.teacher} ({request.model}) failed {lost} requests in a row, the "
                f"last {exc.detail}\nSee that its server is up and its api_base right (`synth "
                "doctor`), then run again: what was bought is kept."
            ) from None
        self._lost_in_a_row[request.teacher] = 0
        return completion

    async def _save_soon(self) -> None:
        """Commit in groups: one fsync for all that arrives within the window."""
        await asyncio.sleep(_COMMIT_WINDOW_S)
        while self._unsaved:
            batch, self._unsaved = self._unsaved, []
            try:
                rows = [(request, completion) for request, completion, _ in batch]
                await asyncio.to_thread(self._ledger.put, rows)
            except Exception as exc:  # noqa: BLE001  every waiter must learn of it
                self._model.stop()
                for *_, saved in batch:
                    if not saved.done():
                        saved.set_exception(exc)
            else:
                for *_, saved in batch:
                    if not saved.done():
                        saved.set_result(None)


def _first(failures: BaseExceptionGroup[SynthError]) -> SynthError:
    """The first failure in a group of groups; the others are its like."""
    failure = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
