"""A local OpenAI-compatible server for tests: real HTTP, scripted faults, counted answers.

It runs on aiohttp, in an event loop of its own, in a thread of the test's process. Where a test
needs its interpreter for itself, `chat_process` runs the same server in a process of its own.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from tests.integration.chat_batches import Batches, BatchPlan
from tests.integration.chat_billing import Bills, Price, PriceList, body_key
from tests.integration.chat_replies import (
    Answer,
    Fault,
    Reply,
    Said,
    Trickle,
    completion,
    echo_answer,
    embedded_answer,
    embedded_choices,
    error_body,
    json_answer,
    tokens_of,
)
from tests.integration.chat_rules import Asked, Bucket, FaultKind, FaultMix, RateLimit, Rules
from tests.integration.chat_scores import NO_SCORES, Scores, scoring_body
from tests.integration.chat_wire import lose, send, send_fault

__all__ = [
    "Answer",
    "BatchPlan",
    "ChatServer",
    "Fault",
    "FaultKind",
    "FaultMix",
    "Price",
    "PriceList",
    "RateLimit",
    "Reply",
    "Rules",
    "Said",
    "Stats",
    "Trickle",
    "body_key",
    "chat_server",
    "echo_answer",
    "embedded_answer",
    "embedded_choices",
    "json_answer",
    "tokens_of",
]

_MOST_BYTES = 1 << 30
_PATIENCE_S = 0.1
"""How long answers on their way may take when the server ends."""


@dataclass(frozen=True)
class Stats:
    """What a server did.

    Attributes:
        asked: chat requests that came in.
        served: completions, each of which was paid for, those of batches included.
        distinct: request bodies among them.
        paid_twice: completions paid for beyond the first of each request body.
        prompt_tokens: billed.
        completion_tokens: billed.
        usd: at the server's prices.
        most_at_once: most chat requests it had on their way at once.
        outcomes: how many requests ended how.
    """

    asked: int
    served: int
    distinct: int
    paid_twice: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    most_at_once: int
    outcomes: dict[str, int]


@dataclass
class ChatServer:
    """What the server does and did.

    Attributes:
        answer: request body -> what it replies. It is called in the server's loop: no waiting.
        faults: statuses to answer with first, one a request, before it answers well.
        served: bodies of the requests that got a completion: what a provider would bill.
        asked: number of requests that came in, answered well or not.
        keys: `Authorization` headers seen.
        base_url: where it listens.
        delay_s: how long each answer takes.
        rules: what it holds clients to; may be changed at any time.
        prices: for `usd`.
        scores: how it meets requests to score a text; by default it has no endpoint for them.
        outcomes: how many chat requests ended how: `completion`, `lost`, or a kind of fault.
        most_at_once: most chat requests on their way at once.
        batches: files and batches, and what the test says of them.
        broken: what the answer function raised; the end of `chat_server` raises it again.
    """

    answer: Answer
    faults: list[int] = field(default_factory=list)
    served: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    keys: list[str] = field(default_factory=list)
    base_url: str = ""
    delay_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Rules = field(default_factory=Rules)
    prices: PriceList = field(default_factory=PriceList)
    scores: Scores = NO_SCORES
    outcomes: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    broken: list[Exception] = field(default_factory=list)
    batches: Batches = field(init=False, repr=False)
    _bills: Bills = field(default_factory=Bills, repr=False)
    _asked: Asked = field(default_factory=Asked, repr=False)
    _bucket: Bucket = field(default_factory=lambda: Bucket(RateLimit()), repr=False)
    _at_once: int = 0

    def __post_init__(self) -> None:
        self.batches = Batches(self._reply_in_batch)
        self.batches.accepts = lambda key: self.rules.refused_key(key) is None

    @property
    def paid(self) -> Counter[str]:
        """How often each request was served with a completion, by `body_key` of its body."""
        return self._bills.paid

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of all that was served since the server started."""
        return self._bills.tokens

    @property
    def usd(self) -> float:
        """What all that was served costs at `prices`."""
        return self._bills.usd(self.prices)

    def stats(self) -> Stats:
        """Figures of this moment."""
        paid, tokens = self.paid, self.tokens
        return Stats(
            asked=self.asked,
            served=paid.total(),
            distinct=len(paid),
            paid_twice=paid.total() - len(paid),
            prompt_tokens=tokens[0],
            completion_tokens=tokens[1],
            usd=self.usd,
            most_at_once=self.most_at_once,
            outcomes=dict(self.outcomes),
        )

    def application(self) -> web.Application:
        """What is served: chat, texts scored, files, batches; figures under /stats and /paid."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes([web.post("/v1/chat/completions", self._chat), *self.batches.routes()])
        app.add_routes([web.post("/v1/completions", self._chat)])
        app.add_routes([web.get("/stats", self._tell_stats), web.get("/paid", self._tell_paid)])
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        authorization = request.headers.get("Authorization", "")
        with self.lock:
            self.asked += 1
            self.keys.append(authorization)
        refusal = self.rules.refused_key(authorization) or self._over_limit()
        if refusal is not None:
            return await self._send_fault(request, refusal)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            is_scored = request.path == "/v1/completions"
            body = scoring_body(raw) if is_scored else _chat_body(raw)
            reply = body if isinstance(body, Fault) else self._reply(body)
            await asyncio.sleep(self.delay_s)
            if isinstance(reply, Fault):
                return await self._send_fault(request, reply)
            assert not isinstance(body, Fault)
            return await self._send_said(request, body, reply)
        finally:
            self._at_once -= 1

    def _over_limit(self) -> Fault | None:
        limit = self.rules.limit
        if limit is None:
            return None
        if limit != self._bucket.limit:
            self._bucket = Bucket(limit)
        return self._bucket.refusal(self._at_once)

    def _reply(self, body: dict[str, Any]) -> Said | Fault:
        with self.lock:
            if self.faults:
                return Fault(self.faults.pop(0))
        mix = self.rules.faults
        if mix is None:
            return self._answered(body)
        key = body_key(body)
        match mix.drawn(key, self._asked.count(key)):
            case None:
                return self._answered(body)
            case FaultKind.LOST:
                return mix.lose(self._answered(body))
            case kind:
                return mix.spoil(kind)

    def _answered(self, body: dict[str, Any]) -> Said | Fault:
        refusal = self.rules.refused_body(body)
        if refusal is not None:
            return refusal
        try:
            reply = self.scores.reply(body) if "prompt" in body else self.answer(body)
        except Exception as exc:  # noqa: BLE001  raised again where the server ends
            self.broken.append(exc)
            return Fault(500, kind="broken")
        return Said(reply) if isinstance(reply, str) else reply

    def _reply_in_batch(self, body: dict[str, Any]) -> Said | Fault:
        reply = self._answered(body)
        if isinstance(reply, Said):
            self._bill(body, reply, in_batch=True)
        return reply

    def _bill(self, body: dict[str, Any], said: Said, *, in_batch: bool = False) -> None:
        self._bills.add(body, said, in_batch=in_batch)
        with self.lock:
            self.served.append(body)

    async def _send_fault(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        self.outcomes[fault.kind or str(fault.status)] += 1
        return await send_fault(request, fault)

    async def _send_said(
        self, request: web.Request, body: dict[str, Any], said: Said
    ) -> web.StreamResponse:
        self._bill(body, said)
        self.outcomes["lost" if said.lost else "completion"] += 1
        if said.lost:
            return lose(request)
        answered = self.scores.completion if "prompt" in body else completion
        data = json.dumps(answered(body, said)).encode()
        return await send(request, data, trickle=said.trickle or self.rules.trickle)

    async def _tell_stats(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(asdict(self.stats()))

    async def _tell_paid(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.paid)


@contextmanager
def chat_server(
    answer: Answer,
    delay_s: float = 0.0,
    *,
    rules: Rules | None = None,
    prices: PriceList | None = None,
) -> Iterator[ChatServer]:
    """Serve on a free loopback port until the block ends.

    Raises:
        RuntimeError: at the end of the block, if the answer function raised.
    """
    state = ChatServer(
        answer, delay_s=delay_s, rules=rules or Rules(), prices=prices or PriceList()
    )
    started: Future[Callable[[], object]] = Future()

    async def until_ended(base_url: str) -> None:
        state.base_url = base_url
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        started.set_result(partial(loop.call_soon_threadsafe, ended.set))
        await ended.wait()

    def run() -> None:
        try:
            asyncio.run(serve(state, 0, until_ended))
        except OSError as exc:
            started.set_exception(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    end = started.result(timeout=30)
    try:
        yield state
    finally:
        end()
        thread.join()
    if state.broken:
        raise RuntimeError("the answer function of the test server raised") from state.broken[0]


async def serve(state: ChatServer, port: int, until: Callable[[str], Awaitable[None]]) -> None:
    """Serve while `until`, which is told the base URL, takes; port 0 is any free one."""
    runner = web.AppRunner(
        state.application(), access_log=None, shutdown_timeout=_PATIENCE_S, handle_signals=False
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=2048).start()
        await until(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
    finally:
        await runner.cleanup()


def _chat_body(raw: bytes) -> dict[str, Any] | Fault:
    """A chat request's body, or its refusal."""
    try:
        body: Any = json.loads(raw)
        if body["model"] and body["messages"]:
            return body
    except (ValueError, LookupError, TypeError):
        pass  # refused below, like one that lacks them
    message = "The body is no JSON of a chat request: model and messages are required."
    return Fault(400, error_body(message, None), kind="bad_request")
