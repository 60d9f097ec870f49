"""Buying: each request once, from the ledger, from a call in flight, or from the teacher."""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import (
    NOTHING,
    PICO,
    Amount,
    Payer,
    most_tokens,
    paid_for,
    price_of,
)
from synth_assets.core.generation.failures import Billed
from synth_assets.core.schema import Reason
from synth_assets.errors import SynthError, TeacherError
from synth_assets.resources import prices
from synth_assets.resources.batches.delivery import deferred_text, failed_in_batches
from synth_assets.resources.ledger.orders import (
    Claim,
    Fail,
    GivenUp,
    Held,
    OverBudget,
    Release,
    Settle,
)
from synth_assets.resources.ledger.queue import LedgerQueue
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import (
    CallFailedError,
    CallPendingError,
    ChatModel,
    FailedAttempt,
)

GRACE_S = 3.0
"""How long what was sent may still be answered once all is to stop."""

_LOOK_AGAIN_S = 0.1
_DOWN_AFTER = 8
"""A teacher is down when that many of its requests in a row failed for good, by its fault."""

INTERRUPTED = "interrupted"
"""The class of a failure that is the user's stop: the call was sent, its answer not awaited."""


@dataclass
class Spending:
    """What one run of generation asked for and paid so far.

    Attributes:
        bought: calls paid for now.
        from_ledger: answers that the ledger had.
        tokens: prompt and completion tokens of the calls paid for now.
        spent: what these cost.
        perhaps: what failed calls may have cost.
        reserved: what calls in flight may cost at most.
        unpriced: calls of which nobody knows the price.
        over: account -> why nothing more fits under its cap.
        failures: attempts that failed, by class.
        given_up: fingerprints of requests that batches failed at for good.
    """

    bought: int = 0
    from_ledger: int = 0
    tokens: int = 0
    spent_usd_pico: int = 0
    perhaps_usd_pico: int = 0
    reserved_usd_pico: int = 0
    unpriced: int = 0
    over: dict[str, str] = field(default_factory=dict[str, str])
    failures: Counter[str] = field(default_factory=Counter[str])
    given_up: set[str] = field(default_factory=set[str])

    def add(self, other: "Spending") -> None:
        """Take in what another round spent."""
        self.bought += other.bought
        self.from_ledger += other.from_ledger
        self.tokens += other.tokens
        self.spent_usd_pico += other.spent_usd_pico
        self.perhaps_usd_pico += other.perhaps_usd_pico
        self.unpriced += other.unpriced
        self.over |= other.over
        self.failures += other.failures
        self.given_up |= other.given_up

    @property
    def cost_usd(self) -> float:
        """US dollars paid now, for certain."""
        return self.spent_usd_pico / PICO

    @property
    def perhaps_usd(self) -> float:
        """US dollars that failed calls may have cost beside."""
        return self.perhaps_usd_pico / PICO

    @property
    def reserved_usd(self) -> float:
        """US dollars that calls in flight may cost at most."""
        return self.reserved_usd_pico / PICO


class Shop:
    """Buys for one recipe; use within one event loop.

    Args:
        model: who answers.
        ledger: what was bought before; its budget is held.
        teachers: id -> entry, for all that may be asked.
        payer: whose accounts are charged.
    """

    def __init__(
        self, model: ChatModel, ledger: Ledger, teachers: Mapping[str, Teacher], payer: Payer
    ) -> None:
        self.spending = Spending()
        self._model = model
        self._ledger = ledger
        self._teachers = teachers
        self._payer = payer
        self._queue = LedgerQueue(ledger)
        self._in_flight: dict[str, asyncio.Future[Completion]] = {}
        self._closing = False
        self._lost_in_a_row = dict.fromkeys(teachers, 0)
        self._down: set[str] = set()
        self._prices: dict[str, tuple[Price | None, int | None]] = {}

    @property
    def in_flight(self) -> int:
        """Requests that are being bought."""
        return len(self._in_flight)

    async def buy(self, request: Request) -> Completion:
        """Get the completion of a request, or of one of its fallbacks where its teacher fails.

        What was bought of any of them is not bought of another.

        Raises:
            CallFailedError: if this request cannot be completed, or no cap has room for it.
            CallPendingError: if a batch is to answer it.
            TeacherError: if no request to this teacher can.
            LedgerError: if the ledger cannot be written.
        """
        if request.fallbacks or self.spending.over:
            for each in (request, *request.fallbacks):
                known = self._ledger.get(each.fingerprint)
                if known is not None:
                    self.spending.from_ledger += 1
                    return known
        first: CallFailedError | None = None
        for each in (request, *request.fallbacks):
            try:
                if each.teacher in self._down:
                    raise CallFailedError(Reason.PROVIDER_ERROR, f"{each.teacher} is down")
                return await self._joined(each)
            except CallFailedError as exc:
                first = first or exc
        assert first is not None
        raise first

    async def _joined(self, request: Request) -> Completion:
        name = request.fingerprint
        if joined := self._in_flight.get(name):
            return replace(await asyncio.shield(joined), from_ledger=True)
        got: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._in_flight[name] = got
        try:
            completion = await self._acquire(request)
        except asyncio.CancelledError:
            got.cancel()
            raise
        except BaseException as exc:
            got.set_exception(exc)
            got.exception()  # else asyncio complains where nobody else waited
            raise
        finally:
            del self._in_flight[name]
        got.set_result(completion)
        return completion

    async def settled(self) -> None:
        """Wait until nothing is being bought."""
        while self._in_flight:
            await asyncio.wait(list(self._in_flight.values()))

    async def close(self, buyers: Collection[asyncio.Task[None]]) -> None:
        """Send nothing more; wait a while for what was sent, so that what was paid for is kept.

        Args:
            buyers: tasks that buy here; those that do not end by themselves are cancelled.
        """
        self._closing = True
        self._model.stop()
        waiting = set(buyers)
        if waiting:
            await asyncio.wait(waiting, timeout=GRACE_S)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._model.close()
        await self._queue.close()

    async def _acquire(self, request: Request) -> Completion:
        deferred = deferred_text(request, self._teachers[request.teacher])
        claim = Claim(request, self._payer, self._at_most(request), deferred)
        while True:
            if self._closing:
                raise asyncio.CancelledError
            if not deferred:  # what a batch has already needs no room under a cap
                self._refuse_beyond_caps(request)
            outcome = await self._queue.carry_out(claim)
            match outcome:
                case Completion():
                    self.spending.from_ledger += 1
                    return outcome
                case OverBudget() if not outcome.may_change:
                    self.spending.over[outcome.scope] = outcome.told
                    self._refuse_beyond_caps(request)
                case Held(in_batch=True):
                    raise CallPendingError
                case GivenUp():
                    self.spending.given_up.add(request.fingerprint)
                    raise failed_in_batches(outcome.text)
                case OverBudget() | Held():
                    await asyncio.sleep(_LOOK_AGAIN_S)
                case _:
                    return await self._purchase(claim)

    async def _purchase(self, claim: Claim) -> Completion:
        request = claim.request
        watch = _Watch(claim, self._queue, self.spending)
        try:
            completion = await self._completed(request, watch)
            # Once asked for, it is stored, even where this task is cancelled meanwhile.
            watch.answered = True
            less = watch.booked_too_dear(self._at_most(request, completion.prompt_tokens))
            await self._queue.carry_out(Settle(claim, completion, less))
            self._queue.owner.stored(request.fingerprint)
        except SynthError:
            self._model.stop()
            raise
        finally:
            await watch.end()
        self.spending.bought += 1
        paid = paid_for(completion)
        self.spending.tokens += paid.tokens
        self.spending.spent_usd_pico += paid.usd_pico
        self.spending.unpriced += completion.cost_usd is None
        return replace(completion, raw="")

    async def _completed(self, request: Request, watch: "_Watch") -> Completion:
        try:
            completion = await self._model.complete(request, watch)
        except CallFailedError as exc:
            lost = self._lost_in_a_row[request.teacher] + 1 if exc.transient else 0
            self._lost_in_a_row[request.teacher] = lost
            if lost < _DOWN_AFTER:
                raise
            if request.fallbacks:
                self._down.add(request.teacher)
                raise
            raise TeacherError(
                f"Teacher {request.teacher} ({request.model}) failed {lost} requests in a row, the "
                f"last {exc.detail}\nSee that its server is up and its api_base right (`synth "
                "doctor`), then run again: what was bought is kept."
            ) from None
        self._lost_in_a_row[request.teacher] = 0
        return completion

    def _at_most(self, request: Request, prompt_tokens: int = 0) -> Amount:
        """What one attempt can cost; sharper where the tokens of its prompt are known."""
        if not self._queue.budget.concerning(self._payer, request.teacher):
            return NOTHING
        if request.teacher not in self._prices:
            teacher = self._teachers[request.teacher]
            known = prices.price_of(teacher), prices.most_completion_tokens(teacher)
            self._prices[request.teacher] = known
        price, most_completion = self._prices[request.teacher]
        texts = [*(message.content for message in request.messages), request.response_format]
        bounds = most_tokens(texts, json.loads(request.parameters), most_completion)
        return price_of((prompt_tokens or bounds[0], bounds[1] or 0), price)

    def _refuse_beyond_caps(self, request: Request) -> None:
        for scope in self._payer.scopes(request.teacher):
            if told := self.spending.over.get(scope):
                raise CallFailedError(Reason.BUDGET_REACHED, f"budget of {scope}: {told}")


class _Watch:
    """Books the attempts of one purchase."""

    def __init__(self, claim: Claim, queue: LedgerQueue, spending: Spending) -> None:
        self.answered = False
        self._claim = claim
        self._queue = queue
        self._spending = spending
        self._sent = False
        self._leased = True
        self._perhaps_billed = 0
        spending.reserved_usd_pico += claim.reserve.usd_pico

    def sent(self) -> None:
        """See `Watch`."""
        self._sent = True
        self._queue.owner.sent(self._claim.request.fingerprint)

    def booked_too_dear(self, at_most: Amount) -> Amount:
        """What to take back of what was booked for attempts that may be billed."""
        reserve, times = self._claim.reserve, self._perhaps_billed
        less = Amount(
            times * max(0, reserve.usd_pico - at_most.usd_pico),
            times * max(0, reserve.tokens - at_most.tokens),
        )
        self._spending.perhaps_usd_pico -= less.usd_pico
        return less

    async def failed(self, attempt: FailedAttempt) -> None:
        """See `Watch`."""
        self._perhaps_billed += attempt.billed == Billed.PERHAPS
        charged = NOTHING if attempt.answer is None else paid_for(attempt.answer)
        perhaps = self._claim.reserve if attempt.billed == Billed.PERHAPS else NOTHING
        self._spending.failures[attempt.failure] += 1
        self._spending.spent_usd_pico += charged.usd_pico
        self._spending.tokens += charged.tokens
        self._spending.perhaps_usd_pico += perhaps.usd_pico
        outcome = await self._book(attempt.failure, attempt.said, charged, perhaps, attempt.again)
        if isinstance(outcome, OverBudget):
            self._leased = False
            raise CallFailedError(
                Reason.BUDGET_REACHED, f"budget of {outcome.scope}: {outcome.told}"
            )

    async def _book(
        self, failure: str, said: str, charged: Amount, perhaps: Amount, again: bool
    ) -> object:
        self._leased = again
        claim = self._claim
        outcome = await self._queue.carry_out(Fail(claim, failure, said, charged, perhaps, again))
        self._sent = False
        self._queue.owner.stored(claim.request.fingerprint)
        return outcome

    async def end(self) -> None:
        """Whatever happened, leave no lease behind."""
        self._spending.reserved_usd_pico -= self._claim.reserve.usd_pico
        if self.answered:
            return
        if self._sent:
            self._spending.perhaps_usd_pico += self._claim.reserve.usd_pico
            self._spending.failures[INTERRUPTED] += 1
            await self._book(INTERRUPTED, "not awaited", NOTHING, self._claim.reserve, again=False)
        elif self._leased:
            await self._queue.carry_out(Release(self._claim))
