"""Teachers: requests in, completions out, at a pace the endpoint bears, each failure by its class.

A plain OpenAI-compatible endpoint is asked over the lean lane, everything else through LiteLLM;
pace, retries and prices are the same for both.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import Billed, FailureClass, FailurePolicy, policy_of
from synth_assets.core.generation.pace import AdaptiveLimit, Circuit, RateLimit
from synth_assets.core.schema import Reason
from synth_assets.errors import TeacherError
from synth_assets.resources.lanes.attempts import Answer, AttemptFailedError, Lane
from synth_assets.resources.lanes.lean import LeanLane, speaks_plainly
from synth_assets.resources.lanes.through_litellm import LiteLLMLane

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_CHARACTERS_A_TOKEN = 4
_MOST_CHARACTERS_A_TOKEN = 16
"""Text of one token is seldom longer, but for runs of blanks."""


class CallFailedError(Exception):
    """One request failed for good; the row is errored and the others go on.

    Attributes:
        reason: what its decision says.
        detail: the provider's words, without keys.
        transient: whether the fault was the server's, so that many in a row mean that it is down.
    """

    def __init__(self, reason: Reason, detail: str, *, transient: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.transient = transient


class CallPendingError(Exception):
    """A batch has the request, or will have it: its sample is neither done nor failed."""


@dataclass(frozen=True)
class FailedAttempt:
    """One attempt that failed, for the books.

    Attributes:
        failure: what went wrong.
        said: the provider's words, without keys.
        billed: whether it costs money.
        answer: what was answered all the same, where that costs money.
        again: another attempt follows.
    """

    failure: FailureClass
    said: str
    billed: Billed
    answer: Completion | None
    again: bool


class Watch(Protocol):
    """Who pays for a call, and sees its attempts."""

    def sent(self) -> None:
        """An attempt is sent now."""
        ...

    async def failed(self, attempt: FailedAttempt) -> None:
        """An attempt failed; raises whatever is to end the call."""
        ...


class ChatModel(Protocol):
    """What generation needs of the outside world."""

    async def complete(self, request: Request, watch: Watch) -> Completion:
        """Buy one completion.

        Raises:
            CallFailedError: if this request cannot be completed.
            TeacherError: if no request to this teacher can.
        """
        ...

    def stop(self) -> None:
        """Send nothing more; what was sent is still answered, what waits is cancelled."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def chat_lane(teacher: Teacher) -> Lane:
    """The way to a teacher that answers chats."""
    return LeanLane(teacher) if speaks_plainly(teacher) else LiteLLMLane(teacher)


@dataclass
class Teachers:
    """The catalogue's teachers; use one instance in one event loop.

    Attributes:
        teachers: id -> catalogue entry.
        lane_of: the way to a teacher.
    """

    teachers: Mapping[str, Teacher]
    lane_of: Callable[[Teacher], Lane] = chat_lane
    _desks: dict[str, "_Desk"] = field(default_factory=dict[str, "_Desk"], repr=False)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def complete(self, request: Request, watch: Watch) -> Completion:
        """See `ChatModel`."""
        desk = self._desks.get(request.teacher)
        if desk is None:
            teacher = self.teachers[request.teacher]
            desk = _Desk(teacher, self.lane_of(teacher), self._stopped)
            self._desks[request.teacher] = desk
        return await desk.complete(request, watch)

    def stop(self) -> None:
        """See `ChatModel`."""
        self._stopped.set()

    async def close(self) -> None:
        """See `ChatModel`."""
        for desk in self._desks.values():
            await desk.lane.close()


class _Desk:
    """All that goes to one teacher: its lane, its pace, its failures."""

    def __init__(self, teacher: Teacher, lane: Lane, stopped: asyncio.Event) -> None:
        self.lane = lane
        self._teacher = teacher
        self._stopped = stopped
        self._gate = _Gate(AdaptiveLimit(teacher.parallelism))
        self._turn = count()
        self._circuit = Circuit()
        per_minute = teacher.requests_per_minute, teacher.tokens_per_minute
        self._requests, self._tokens = (None if n is None else RateLimit(n) for n in per_minute)

    async def complete(self, request: Request, watch: Watch) -> Completion:
        await self._refuse_what_cannot_fit(request, watch)
        tried: Counter[FailureClass] = Counter()
        while True:
            completion: Completion | None = None
            try:
                completion = await self._attempt(request, watch)
                failure, said, told_s = _shortcoming(completion), completion.finish_reason, 0.0
            except AttemptFailedError as exc:
                failure, said, told_s = exc.failure, exc.said, exc.retry_after_s
            if failure is not None:
                tried[failure] += 1
                policy = policy_of(failure)
                again = tried[failure] < policy.attempts
                if policy.stops_teacher:
                    self._stopped.set()  # before anybody else sends one more
                if again or completion is None:
                    await watch.failed(
                        FailedAttempt(failure, said, policy.billed, completion, again)
                    )
                if completion is None:
                    self._raise_if_final(said, policy, tried[failure])
                if again:
                    await self._rest(_pause_s(tried[failure], told_s))
                    continue
            assert completion is not None
            self._circuit.record(failed=False)
            return completion

    async def _attempt(self, request: Request, watch: Watch) -> Completion:
        teacher = self._teacher
        estimated = _estimated_tokens(request)
        async with self._gate:
            await self._keep_rates(estimated)
            if self._stopped.is_set():
                raise asyncio.CancelledError
            address = teacher.addresses[next(self._turn) % len(teacher.addresses)]
            watch.sent()
            started = time.monotonic()
            try:
                answer = await self.lane.attempt(request, address)
            except AttemptFailedError as exc:
                if policy_of(exc.failure).slows_down:
                    self._gate.limit.overloaded(time.monotonic())
                raise
            latency_s = time.monotonic() - started
            self._gate.limit.succeeded(latency_s)
        if self._tokens is not None and answer.prompt_tokens is not None:
            used = answer.prompt_tokens + (answer.completion_tokens or 0)
            self._tokens.settle(used - estimated)
        return _completion(request, teacher, answer, latency_s)

    async def _refuse_what_cannot_fit(self, request: Request, watch: Watch) -> None:
        """Send nothing that is longer than the context even at the fewest tokens there can be."""
        limit = self._teacher.context_limit
        length = sum(len(message.content) for message in request.messages)
        if limit is None or length <= limit * _MOST_CHARACTERS_A_TOKEN:
            return
        failure = FailureClass.CONTEXT_OVERFLOW
        said = (
            f"not sent: {length:,} characters are more than the {limit:,} tokens of "
            f"{self._teacher.id}'s context_limit can hold"
        )
        await watch.failed(FailedAttempt(failure, said, Billed.NO, None, again=False))
        raise CallFailedError(policy_of(failure).reason, said)

    async def _keep_rates(self, tokens: int) -> None:
        now = time.monotonic()
        waits = [0.0 if self._requests is None else self._requests.reserve(now)]
        waits.append(0.0 if self._tokens is None else self._tokens.reserve(now, tokens))
        if wait_s := max(waits):
            await self._rest(wait_s)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but no longer than until all is stopped: Ctrl-C must not wait out a pause."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    def _raise_if_final(self, said: str, policy: FailurePolicy, times: int) -> None:
        teacher = self._teacher
        if policy.stops_teacher:
            raise TeacherError(
                f"Teacher {teacher.id} ({teacher.model}) cannot be used: {said}\nMend its "
                "entry in teachers.yaml, its key or its server, then run again: what was bought is "
                "kept."
            ) from None
        if times < policy.attempts:
            return
        self._circuit.record(failed=policy.permanent)
        if self._circuit.is_open:
            raise TeacherError(
                f"Teacher {teacher.id} ({teacher.model}): {self._circuit.failed} of "
                f"{self._circuit.finished} requests failed for good, more than the half that is "
                f"borne; the last: {said}\nMend prompts or parameters, then run again: what "
                "was bought is kept."
            ) from None
        after = f"after {times} attempts: " if times > 1 else ""
        raise CallFailedError(
            policy.reason, f"{after}{said}", transient=policy.attempts > 1
        ) from None


class _Gate:
    """Lets as many through at once as its limit allows just now, in the order they came."""

    def __init__(self, limit: AdaptiveLimit) -> None:
        self.limit = limit
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._inside < self.limit.allowed and not self._waiting:
            self._inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._inside -= 1
                self._admit()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._inside < self.limit.allowed:
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)


def _completion(request: Request, teacher: Teacher, answer: Answer, latency_s: float) -> Completion:
    return Completion(
        fingerprint=request.fingerprint,
        # A provider may cut an emoji in half; half of one cannot be stored as UTF-8.
        text=answer.text.encode("utf-8", "replace").decode("utf-8"),
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.prompt_tokens or 0,
        completion_tokens=answer.completion_tokens or 0,
        cost_usd=_cost_usd(teacher, answer),
        latency_s=latency_s,
        raw=answer.raw,
    )


def _shortcoming(completion: Completion) -> FailureClass | None:
    """What is wrong with an answer that came whole."""
    if completion.finish_reason == "length":
        return FailureClass.TRUNCATED
    if completion.finish_reason == "content_filter":
        return FailureClass.CONTENT_FILTER
    return None if completion.text.strip() else FailureClass.EMPTY


def _cost_usd(teacher: Teacher, answer: Answer) -> float | None:
    if answer.prompt_tokens is None or answer.completion_tokens is None:
        return None
    if teacher.price is None:
        return answer.listed_cost_usd
    spent = (
        answer.prompt_tokens * teacher.price.input_usd
        + answer.completion_tokens * teacher.price.output_usd
    )
    return spent / 1_000_000


def _pause_s(attempt: int, told_s: float) -> float:
    """Growing and jittered, and no shorter than the server asks for."""
    grown = _FIRST_PAUSE_S * 2 ** min(attempt - 1, 8)
    return min(_LONGEST_PAUSE_S, max(grown * random.uniform(0.5, 1.0), told_s))


def _estimated_tokens(request: Request) -> int:
    """Tokens reserved before a call: a quarter of the characters asked, and as many again."""
    asked = sum(len(message.content) for message in request.messages) // _CHARACTERS_A_TOKEN
    return 2 * max(asked, 1)
