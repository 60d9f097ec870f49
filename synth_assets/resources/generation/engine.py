"""Generation: plans in, samples out, with every completion in the ledger before it is used.

Planned samples are worked on in the order of the plan, a window of them at a time, whatever their
number; a part of the plan goes out when its last sample is done.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.finishing import Piece, finished
from synth_assets.core.generation.budget import Payer
from synth_assets.core.planning import Plan, Planned, planned_row, sample_id
from synth_assets.core.sample import Seed, sample_frame
from synth_assets.core.schema import CALL_SCHEMA, PLAN_SCHEMA, Decision, Outcome, Stage
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.core.techniques.advance import Asking, begun
from synth_assets.core.techniques.protocol import Slot
from synth_assets.errors import StageContractError
from synth_assets.resources.batches.round_trip import hand_in
from synth_assets.resources.generation.garbage import rare_collections
from synth_assets.resources.generation.interruption import run_until_interrupted
from synth_assets.resources.generation.parts import (
    MemorySink,
    Part,
    PartResult,
    Sink,
    parts_of,
)
from synth_assets.resources.generation.shop import Shop, Spending
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import CallFailedError, CallPendingError, ChatModel

_OPEN_PARTS = 8
_SMALLEST_WINDOW = 128
_LARGEST_WINDOW = 4_096


@dataclass(frozen=True)
class Progress:
    """How far generation is; handed to a listener after every finished sample.

    Attributes:
        finished: planned samples that are done, kept or not.
        planned: of how many.
        in_flight: requests that are being bought.
        spending: calls, tokens and money so far.
    """

    finished: int
    planned: int
    in_flight: int
    spending: Spending


@dataclass(frozen=True)
class Generated:
    """What generation made of a few planned samples.

    Attributes:
        stage: samples and one decision per planned sample.
        calls: one row per request that was answered, columns of `CALL_SCHEMA`.
        spending: calls, tokens and money of this run.
    """

    stage: StageResult
    calls: pl.DataFrame
    spending: Spending

    @property
    def bought(self) -> int:
        """Calls that were paid for now."""
        return int((~self.calls["from_ledger"]).sum())


def generate(
    recipe: Recipe,
    seeds: Sequence[Seed],
    model: ChatModel,
    ledger: Ledger,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Generated:
    """Carry out a small recipe in memory; see `generate_parts`."""
    sink = MemorySink()
    plan = Plan.of(recipe, seeds)
    spending = generate_parts(
        plan, 0, recipe.spec.first_round, model, ledger, sink, on_progress=on_progress
    )
    whole = sink.whole()
    return Generated(whole.stage, whole.calls, spending)


def generate_parts(
    plan: Planned,
    start: int,
    stop: int,
    model: ChatModel,
    ledger: Ledger,
    sink: Sink,
    *,
    run: str = "",
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Spending:
    """Carry out a range of a plan: ask what the technique asks, hand over what it makes.

    Requests that the ledger has are not bought again; parts that the sink has are passed over. A
    request that fails makes its sample `errored`; the others go on. At a cap of the ledger's
    budget nothing more is bought, and samples that would need it are `errored` with the reason
    `budget_reached`. Memory is bounded by a window of planned samples, whatever their number.

    Args:
        plan: recipe and what it starts from.
        start: first position.
        stop: last position, without it.
        model: who answers.
        ledger: what was bought before; its budget is held.
        sink: where finished parts go.
        run: id of the run whose account is charged.
        on_progress: told after every finished sample.

    Raises:
        TeacherError: if a teacher cannot be used at all, or is down; nothing more is asked, and
            what was bought stays in the ledger.
        BatchPendingError: if samples wait for batches, which are submitted then.
        RecipeError: if a prompt does not render with a seed.
        KeyboardInterrupt: at SIGINT or SIGTERM, within five seconds; answers that came are stored.
    """
    work = _Work(plan, sink, model, ledger, Payer(plan.recipe.id, run), on_progress)
    parts = [part for part in parts_of(start, stop) if not plan.is_empty]
    with rare_collections():
        return run_until_interrupted(work.run(parts))


@dataclass(frozen=True)
class _Made:
    """What became of one planned sample, and its row of `PLAN_SCHEMA`."""

    pieces: tuple[Piece, ...]
    planned: tuple[object, ...]


@dataclass
class _OpenPart:
    """A part of which some samples are not done."""

    part: Part
    made: list[_Made] = field(default_factory=list[_Made])
    pending: int = 0

    @property
    def is_done(self) -> bool:
        return len(self.made) + self.pending == self.part.size

    def take(self, made: _Made | None) -> None:
        """Take what became of a sample; none where a batch is to answer for it."""
        if made is None:
            self.pending += 1
        else:
            self.made.append(made)


class _Work:
    def __init__(
        self,
        plan: Planned,
        sink: Sink,
        model: ChatModel,
        ledger: Ledger,
        payer: Payer,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._plan = plan
        self._recipe = plan.recipe
        self._sink = sink
        self._model = model
        self._ledger = ledger
        self._payer = payer
        self._on_progress = on_progress
        self._finished = 0
        self._pending = 0
        self._planned = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    async def run(self, parts: Sequence[Part]) -> Spending:
        self._planned = sum(part.size for part in parts)
        shop = Shop(self._model, self._ledger, self._recipe.teachers, self._payer)
        self._walker = asyncio.ensure_future(self._walk(shop, parts))
        try:
            await self._walker
            if self._pending:
                await shop.settled()
                teachers = self._recipe.teachers
                raise await hand_in(self._ledger, teachers, self._payer, self._pending)
        except asyncio.CancelledError:
            if self._failure is None:
                raise
        finally:
            await shop.close(self._tasks)
        if self._failure is not None:
            raise self._failure
        if self._finished != self._planned:
            # A cancelled task leaves no trace.
            raise StageContractError(
                f"{self._recipe.key}: {self._planned - self._finished:,} of {self._planned:,} "
                "planned samples were given up without a reason. This is a mistake in the "
                "program; run again."
            )
        return shop.spending

    async def _walk(self, shop: Shop, parts: Sequence[Part]) -> None:
        """Start samples in the order of the plan, and wait for the last."""
        open_parts = asyncio.Semaphore(_OPEN_PARTS)
        window = asyncio.Semaphore(self._window())

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            window.release()
            failure = None if task.cancelled() else task.exception()
            if failure is not None and self._failure is None:
                self._failure = failure
                self._model.stop()
                self._walker.cancel()

        for part in parts:
            if self._sink.has(part):
                self._finished += part.size
                continue
            await open_parts.acquire()
            open_part = _OpenPart(part)
            for slot in self._plan.slots(part.start, part.stop):
                await window.acquire()
                task = asyncio.create_task(self._one(shop, slot, open_part, open_parts))
                self._tasks.add(task)
                task.add_done_callback(ended)
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _one(
        self, shop: Shop, slot: Slot, open_part: _OpenPart, open_parts: asyncio.Semaphore
    ) -> None:
        open_part.take(await self._produce(shop, slot))
        self._finished += 1
        self._on_progress(Progress(self._finished, self._planned, shop.in_flight, shop.spending))
        if open_part.is_done:
            self._pending += open_part.pending
            if not open_part.pending:
                await asyncio.to_thread(self._hand_over, open_part)
            open_parts.release()

    def _window(self) -> int:
        """Twice as many samples as requests can be in flight, so that none waits for a sample."""
        at_once = sum(teacher.parallelism for teacher in self._recipe.teachers.values())
        return min(max(2 * at_once, _SMALLEST_WINDOW), _LARGEST_WINDOW)

    async def _produce(self, shop: Shop, slot: Slot) -> _Made | None:
        recipe = self._recipe
        kind = recipe.spec.technique.kind
        asking = Asking(recipe.label, kind, begun(recipe.label, kind, slot))
        asked = asking.first()
        name = sample_id(self._recipe, slot, asked)
        planned = planned_row(name, slot, asked[0])
        answered: list[tuple[Request, Completion]] = []
        try:
            while True:
                if len(asked) == 1:
                    got = [await shop.buy(asked[0])]
                else:
                    got = await asyncio.gather(*(shop.buy(request) for request in asked))
                answered.extend((r.answered_by(c), c) for r, c in zip(asked, got, strict=True))
                asked = asking.next(got)
        except StopIteration as stop:
            return _Made(finished(self._recipe, slot, name, answered, stop.value), planned)
        except CallFailedError as exc:
            decision = Decision(
                name, Outcome.ERRORED, exc.reason, detail=exc.detail, recipe=self._recipe.id
            )
            return _Made((Piece(decision, None, tuple(answered)),), planned)
        except CallPendingError:
            return None

    def _hand_over(self, done: _OpenPart) -> None:
        made = sorted(done.made, key=lambda item: str(item.planned[0]))
        pieces = [piece for item in made for piece in item.pieces]
        names = pl.Series("sample_id", [p.decision.sample_id for p in pieces], pl.String)
        kept = sample_frame(piece.sample for piece in pieces if piece.sample is not None)
        stage = close_stage(
            Stage.GENERATE,
            self._recipe.key,
            names.to_frame(),
            (piece.decision for piece in pieces),
            kept=kept.sort("position", maintain_order=True),
        )
        plan = pl.DataFrame([item.planned for item in made], schema=PLAN_SCHEMA, orient="row")
        self._sink.write(done.part, PartResult(stage, self._calls(pieces), plan))

    def _calls(self, pieces: Sequence[Piece]) -> pl.DataFrame:
        rows = [
            (
                request.fingerprint,
                self._recipe.key,
                piece.decision.sample_id,
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
            for piece in pieces
            for request, completion in piece.answers
        ]
        return pl.DataFrame(rows, schema=CALL_SCHEMA, orient="row")
