"""Texts that are asked for at the same time go to an embedding model in one call.

What is claimed, paid and kept is a text; what is sent, repeated and paced is a call. So a text that
was embedded once is never bought again, whatever texts stand beside it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.lanes.embeddings import embedding_lane
from synth_assets.resources.teachers import FailedAttempt, Teachers, Watch

_MOST_TEXTS = 128
_MOST_CHARACTERS = 200_000
_GATHER_S = 0.01
_OF_ONE_TEXT = frozenset(
    {FailureClass.BAD_REQUEST, FailureClass.CONTEXT_OVERFLOW, FailureClass.CONTENT_FILTER}
)
"""What may be the fault of one text of a call, or of their number: its halves are asked."""


@dataclass(frozen=True)
class _Asked:
    request: Request
    watch: Watch
    done: "asyncio.Future[Completion]"

    @property
    def characters(self) -> int:
        return sum(len(message.content) for message in self.request.messages)


class _HalvedError(Exception):
    """A call was refused as a whole, and its halves are asked."""


class EmbeddingCalls:
    """A `ChatModel` whose requests are texts, and whose answers are vectors as lines of text.

    Args:
        teacher: who embeds.
    """

    def __init__(self, teacher: Teacher) -> None:
        self._teachers = Teachers({teacher.id: teacher}, embedding_lane)
        self._waiting: list[_Asked] = []
        self._characters = 0
        self._most_texts = _MOST_TEXTS
        self._timer: asyncio.TimerHandle | None = None
        self._calls: set[asyncio.Task[None]] = set()

    async def complete(self, request: Request, watch: Watch) -> Completion:
        """See `ChatModel`."""
        loop = asyncio.get_running_loop()
        asked = _Asked(request, watch, loop.create_future())
        if self._characters + asked.characters > _MOST_CHARACTERS:
            self._send()
        self._waiting.append(asked)
        self._characters += asked.characters
        if len(self._waiting) >= self._most_texts:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(_GATHER_S, self._send)
        return await asked.done

    def stop(self) -> None:
        """See `ChatModel`."""
        self._teachers.stop()

    async def close(self) -> None:
        """See `ChatModel`."""
        if self._timer is not None:
            self._timer.cancel()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._teachers.close()

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch = [asked for asked in self._waiting if not asked.done.done()]
        self._waiting, self._characters = [], 0
        if batch:
            call = asyncio.ensure_future(self._call(batch))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, batch: Sequence[_Asked]) -> None:
        first = batch[0].request
        texts = tuple(asked.request.messages[0] for asked in batch)
        try:
            together = await self._teachers.complete(
                replace(first, messages=texts), _Watches([asked.watch for asked in batch])
            )
        except _HalvedError:
            half = len(batch) // 2
            self._most_texts = max(1, min(self._most_texts, half))
            await asyncio.gather(self._call(batch[:half]), self._call(batch[half:]))
        except asyncio.CancelledError:
            for asked in batch:
                asked.done.cancel()
            raise
        except Exception as exc:  # noqa: BLE001  whatever it is, it must reach those who wait
            for asked in batch:
                if not asked.done.done():
                    asked.done.set_exception(exc)
        else:
            for asked, completion in zip(batch, _shared_out(batch, together), strict=True):
                if not asked.done.done():
                    asked.done.set_result(completion)


class _Watches:
    """Those who pay for the texts of one call."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches

    def sent(self) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.sent()

    async def failed(self, attempt: FailedAttempt) -> None:
        """See `Watch`."""
        halved = not attempt.again and len(self._watches) > 1 and attempt.failure in _OF_ONE_TEXT
        told = replace(attempt, again=True) if halved else attempt
        outcomes = await asyncio.gather(
            *(watch.failed(told) for watch in self._watches), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if halved:
            raise _HalvedError


def _shared_out(batch: Sequence[_Asked], together: Completion) -> list[Completion]:
    """One completion for each text; tokens and cost by its share of the characters."""
    shares: list[Completion] = []
    whole = sum(asked.characters for asked in batch)
    seen = given = 0
    for asked, line in zip(batch, together.text.split("\n"), strict=True):
        seen += asked.characters
        tokens = together.prompt_tokens * seen // whole - given
        given += tokens
        cost_usd = together.cost_usd
        if cost_usd is not None:
            cost_usd *= asked.characters / whole
        shares.append(
            replace(
                together,
                fingerprint=asked.request.fingerprint,
                text=line,
                prompt_tokens=tokens,
                cost_usd=cost_usd,
            )
        )
    return shares
