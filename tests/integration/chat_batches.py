"""OpenAI's batches on the test server: they end when the test says so, or after a stated time."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.integration.chat_batch_lines import (
    Line,
    line_error,
    not_executed,
    read_lines,
    written,
)
from tests.integration.chat_files import Files, missing, new_id, refused
from tests.integration.chat_replies import Fault, Said, bad_key
from tests.integration.chat_wire import lose, send_fault

_ENDPOINT = "/v1/chat/completions"
_LIVE = ("validating", "in_progress")
_BREATH = 20
"""Requests answered before other clients have their turn."""


@dataclass(frozen=True)
class BatchPlan:
    """How batches go that are created while it is in force.

    Attributes:
        after_s: they end after this time; by default when the test says so.
        failing: custom id -> status with which that request fails. It is not billed.
        shuffle_seed: results are written in another order than asked; by default in the same.
        expires_after: only so many requests are executed, then the batch expires.
        invalid: code of an error with which validation fails.
        most_requests: a longer input file fails validation.
    """

    after_s: float | None = None
    failing: Mapping[str, int] = field(default_factory=dict)
    shuffle_seed: int | None = None
    expires_after: int | None = None
    invalid: str | None = None
    most_requests: int = 50_000


@dataclass
class Batch:
    """One batch."""

    batch_id: str
    asked: dict[str, Any]
    plan: BatchPlan
    content: bytes
    status: str = "validating"
    lines: tuple[Line, ...] = ()
    errors: tuple[dict[str, Any], ...] = ()
    executed: int = 0
    answered: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str | None] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)

    def turn(self, status: str) -> None:
        """Take another status, and note when."""
        self.status = status
        self.stamps[f"{status}_at"] = int(time.time())

    @property
    def told(self) -> dict[str, Any]:
        """What the server says of it."""
        counts = {
            "total": len(self.lines),
            "completed": len(self.answered),
            "failed": len(self.failed),
        }
        return {
            "id": self.batch_id,
            "object": "batch",
            "endpoint": self.asked["endpoint"],
            "input_file_id": self.asked["input_file_id"],
            "completion_window": self.asked["completion_window"],
            "metadata": self.asked.get("metadata"),
            "status": self.status,
            "errors": {"object": "list", "data": list(self.errors)} if self.errors else None,
            "output_file_id": self.files.get("output"),
            "error_file_id": self.files.get("error"),
            "request_counts": counts,
            "expires_at": self.stamps["created_at"] + 86_400,
            **self.stamps,
        }


class Batches:
    """All batches of a server.

    `answer`, `complete` and `expire` are for the test's thread, while the server runs.

    Attributes:
        plan: how batches go that are created from now on.
        faults: sent first, one a request to files or batches; nothing is done then.
        losing: of so many submissions to come the batch is made, and the answer lost.
        made: all batches, oldest first.
        files: what was uploaded and written.
    """

    def __init__(self, reply: Callable[[dict[str, Any]], Said | Fault]) -> None:
        self.plan = BatchPlan()
        self.faults: list[Fault] = []
        self.losing = 0
        self.made: dict[str, Batch] = {}
        self.files = Files()
        self.accepts: Callable[[str], bool] = lambda _: True
        self._reply = reply
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[None]] = set()

    def answer(self, batch_id: str, count: int) -> None:
        """Execute the next requests of a batch, and leave it in progress."""
        self._wait_for(self._execute(self.made[batch_id], count))

    def complete(self, batch_id: str) -> None:
        """Execute what is left of a batch, and end it as its plan says."""
        self._wait_for(self._finish(self.made[batch_id]))

    def expire(self, batch_id: str) -> None:
        """End a batch with what it has."""
        self._wait_for(self._end(self.made[batch_id], "expired"))

    def routes(self) -> list[web.RouteDef]:
        """What the server serves for it."""
        return [
            web.post("/v1/files", self._fronted(self.files.upload)),
            web.get("/v1/files/{id}", self._fronted(self.files.tell)),
            web.get("/v1/files/{id}/content", self._fronted(self.files.content)),
            web.delete("/v1/files/{id}", self._fronted(self.files.delete)),
            web.post("/v1/batches", self._fronted(self._create)),
            web.get("/v1/batches", self._fronted(self._list)),
            web.get("/v1/batches/{id}", self._fronted(self._tell)),
            web.post("/v1/batches/{id}/cancel", self._fronted(self._cancel)),
        ]

    def _fronted(self, handler: "_Handler") -> "_Handler":
        async def front(request: web.Request) -> web.StreamResponse:
            self._loop = asyncio.get_running_loop()
            if not self.accepts(request.headers.get("Authorization", "")):
                return await send_fault(request, bad_key())
            if self.faults:
                await request.read()
                return await send_fault(request, self.faults.pop(0))
            return await handler(request)

        return front

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None, "no client has made a batch yet"
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)

    # --- what clients ask -----------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        file = self.files.stored.get(asked.get("input_file_id"))
        if file is None:
            return refused(400, f"No such File object: {asked.get('input_file_id')}")
        if asked.get("endpoint") != _ENDPOINT or asked.get("completion_window") != "24h":
            return refused(400, f"The endpoint must be {_ENDPOINT}, the window 24h.")
        batch = Batch(new_id("batch"), asked, self.plan, file.content)
        batch.stamps["created_at"] = int(time.time())
        self.made[batch.batch_id] = batch
        task = asyncio.create_task(self._run(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if self.losing > 0:
            self.losing -= 1
            return lose(request)
        return web.json_response(batch.told)

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        batch = self.made.get(request.match_info["id"])
        if batch is None:
            return missing(request)
        await self._cancelled(batch)
        return web.json_response(batch.told)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        newest = list(self.made.values())[::-1]
        ids = [batch.batch_id for batch in newest]
        after, limit = request.query.get("after"), int(request.query.get("limit", "20"))
        if not 1 <= limit <= 100 or (after is not None and after not in ids):
            return refused(400, "limit must be 1 to 100, after the id of a batch.")
        start = 0 if after is None else ids.index(after) + 1
        shown = newest[start : start + limit]
        for batch in shown:
            await self._cancelled(batch)
        told = {
            "object": "list",
            "data": [batch.told for batch in shown],
            "first_id": shown[0].batch_id if shown else None,
            "last_id": shown[-1].batch_id if shown else None,
            "has_more": start + limit < len(newest),
        }
        return web.json_response(told)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self.made.get(request.match_info["id"])
        if batch is None:
            return missing(request)
        if batch.status not in _LIVE:
            return refused(409, f"Cannot cancel a batch with status '{batch.status}'.")
        self._validate(batch)
        batch.turn("cancelling")
        return web.json_response(batch.told)

    # --- what becomes of a batch ----------------------------------------------------------------

    async def _run(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        self._validate(batch)
        if batch.plan.after_s is not None:
            await asyncio.sleep(batch.plan.after_s)
            await self._finish(batch)

    def _validate(self, batch: Batch) -> None:
        if batch.status != "validating":
            return
        read = read_lines(batch.content, batch.asked["endpoint"], batch.plan.most_requests)
        batch.errors = read.errors
        if batch.plan.invalid is not None:
            batch.errors = (line_error(batch.plan.invalid, None),)
        if batch.errors:
            batch.turn("failed")
            return
        batch.lines = read.lines
        batch.turn("in_progress")

    async def _execute(self, batch: Batch, count: int) -> None:
        self._validate(batch)
        end = min(len(batch.lines), batch.executed + count)
        while batch.executed < end and batch.status == "in_progress":
            line = batch.lines[batch.executed]
            batch.executed += 1
            status = batch.plan.failing.get(line.custom_id)
            reply = self._reply(line.body) if status is None else Fault(status)
            results = batch.answered if isinstance(reply, Said) else batch.failed
            results.append(written(line, reply))
            if batch.executed % _BREATH == 0:
                await asyncio.sleep(0)

    async def _finish(self, batch: Batch) -> None:
        self._validate(batch)
        most = batch.plan.expires_after
        left = len(batch.lines) - batch.executed
        await self._execute(batch, left if most is None else min(left, most - batch.executed))
        await self._end(batch, "completed" if most is None else "expired")

    async def _cancelled(self, batch: Batch) -> None:
        if batch.status == "cancelling":
            await self._end(batch, "cancelled")

    async def _end(self, batch: Batch, status: str) -> None:
        self._validate(batch)
        if batch.status not in ("in_progress", "cancelling"):
            return
        code = f"batch_{status}"
        batch.failed += [not_executed(line, code) for line in batch.lines[batch.executed :]]
        if batch.plan.shuffle_seed is not None:
            dice = random.Random(batch.plan.shuffle_seed)
            dice.shuffle(batch.answered)
            dice.shuffle(batch.failed)
        batch.files = {
            "output": self.files.store_lines(f"{batch.batch_id}_output.jsonl", batch.answered),
            "error": self.files.store_lines(f"{batch.batch_id}_error.jsonl", batch.failed),
        }
        batch.turn(status)


_Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]
