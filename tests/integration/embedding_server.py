"""A local OpenAI-compatible server of embeddings: real HTTP, scripted faults, counted texts."""

import asyncio
import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from aiohttp import web

from tests.integration.chat_replies import Fault, error_body
from tests.integration.chat_wire import lose, send, send_fault

DIMENSIONS = 16


@dataclass
class EmbeddingServer:
    """What the server does and did. A token is a word.

    Attributes:
        faults: statuses to answer the first calls with; 0 bills the call and cuts the connection.
        most_texts: a call with more is refused.
        context_words: a text with more is refused, and its call.
        api_key: the one key that is accepted.
        dimensions: of its vectors.
        base_url: where it listens.
        calls: how many texts each call had that was answered.
        embedded: text -> how often it was embedded, and so billed.
        tokens: billed.
    """

    faults: list[int] = field(default_factory=list)
    most_texts: int = 2_048
    context_words: int = 1_000
    api_key: str | None = None
    dimensions: int = DIMENSIONS
    base_url: str = ""
    calls: list[int] = field(default_factory=list)
    embedded: Counter[str] = field(default_factory=Counter)
    tokens: int = 0

    async def embed(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = await request.json()
        texts: list[str] = body["input"]
        refusal = self._refusal(request, texts)
        if refusal is not None:
            return await send_fault(request, refusal)
        self.calls.append(len(texts))
        self.embedded.update(texts)
        tokens = sum(len(text.split()) for text in texts)
        self.tokens += tokens
        if self.faults and self.faults[0] == 0:
            self.faults.pop(0)
            return lose(request)
        size = int(body.get("dimensions", self.dimensions))
        packed = body.get("encoding_format") == "base64"
        rows = [
            {"object": "embedding", "index": at, "embedding": _told(vector_of(text, size), packed)}
            for at, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        # In any order: the index says which is which.
        told = {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage}
        return await send(request, json.dumps(told).encode())

    def _refusal(self, request: web.Request, texts: list[str]) -> Fault | None:
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return Fault(401, error_body("Incorrect API key provided.", "invalid_api_key"))
        if self.faults and self.faults[0]:
            return Fault(self.faults.pop(0))
        if len(texts) > self.most_texts:
            return Fault(413, error_body(f"batch size {len(texts)} > {self.most_texts}", None))
        if any(len(text.split()) > self.context_words for text in texts):
            message = f"This model's maximum context length is {self.context_words} tokens."
            return Fault(400, error_body(message, "context_length_exceeded"))
        return None


def vector_of(text: str, size: int = DIMENSIONS) -> np.ndarray:
    """A text's vector: the sum of its words', so that texts with shared words are near."""
    words = text.split() or [text]
    return np.sum([_word(word, size) for word in words], axis=0, dtype=np.float32)


@contextmanager
def embedding_server(**told: Any) -> Iterator[EmbeddingServer]:
    """Serve on a free loopback port until the block ends."""
    state = EmbeddingServer(**told)
    started: Future[Callable[[], object]] = Future()

    async def serve() -> None:
        app = web.Application(client_max_size=1 << 28)
        app.add_routes([web.post("/v1/embeddings", state.embed)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            state.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            started.set_result(partial(loop.call_soon_threadsafe, ended.set))
            await ended.wait()
        finally:
            await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    end = started.result(timeout=30)
    try:
        yield state
    finally:
        end()
        thread.join()


def _word(word: str, size: int) -> np.ndarray:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).normal(size=size)


def _told(vector: np.ndarray, packed: bool) -> object:
    if packed:
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return [float(value) for value in vector]
