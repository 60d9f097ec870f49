"""A local OpenAI-compatible endpoint that costs next to nothing, and counts what it answers.

`python -m benchmarks.endpoint --delay-ms 200` prints its port and serves until it is ended. It
parses no JSON: every `POST` to `/v1/chat/completions` gets the same completion with a number of its
own, so that a client can show that it holds as many distinct texts as it asked for. Requests
without messages and requests for a stream are refused.
"""

import argparse
import asyncio
import importlib.util
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_NO_MESSAGES = re.compile(rb'"messages"\s*:\s*\[\s*\]')
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_BACKLOG = 4096

_SENTENCE = (
    "The river had risen during the night and the miller counted the sacks that were still dry. "
)
_TEXT = (
    "<question>How many sacks were dry, by entry %08d?</question>\n<answer>" + _SENTENCE * 5
).strip() + f"</answer>\n<quote>{_SENTENCE.strip()}</quote>"
_COMPLETION = json.dumps(
    {
        "id": "chatcmpl-%08d",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _TEXT},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 130, "completion_tokens": 120, "total_tokens": 250},
    }
).encode()
_MODELS = json.dumps(
    {"object": "list", "data": [{"id": "bench", "object": "model", "owned_by": "benchmarks"}]}
).encode()


def _response(status: bytes, body: bytes, length: int) -> bytes:
    return (
        b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (status, length)
    ) + body


_ANSWER = _response(b"200 OK", _COMPLETION, len(_COMPLETION % (0, 0)))


@dataclass(frozen=True)
class Taken:
    """What the endpoint did since it was last asked to count anew.

    Attributes:
        answered: completions sent.
        peak_in_flight: most requests that waited for their answer at once; 0 without a delay.
        seconds: from the first request's arrival to the last answer.
        cpu_s: CPU seconds of the endpoint's process.
    """

    answered: int
    peak_in_flight: int
    seconds: float
    cpu_s: float


@dataclass
class _Counts:
    delay_s: float
    numbered: int = 0
    answered: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    cpu_s: float = field(default_factory=time.process_time)

    def taken_anew(self) -> Taken:
        taken = Taken(
            self.answered,
            self.peak_in_flight,
            self.last_s - self.first_s,
            time.process_time() - self.cpu_s,
        )
        self.answered = self.peak_in_flight = 0
        self.first_s = self.last_s = 0.0
        self.cpu_s = time.process_time()
        return taken


class _Connection(asyncio.Protocol):
    """One kept-alive connection; requests may come in pieces, or several at once."""

    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._unread = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        unread = self._unread + data if self._unread else data
        while (end := unread.find(b"\r\n\r\n")) >= 0:
            told = _LENGTH.search(unread, 0, end + 2)
            stop = end + 4 + (int(told[1]) if told else 0)
            if len(unread) < stop:
                break
            self._take(unread[:stop])
            unread = unread[stop:]
        self._unread = unread

    def _take(self, request: bytes) -> None:
        if not request.startswith(b"POST /v1/chat/completions"):
            self._look_up(request)
        elif _STREAM.search(request) or _NO_MESSAGES.search(request):
            self._send(b"400 Bad Request", b'{"error": {"message": "no stream, and messages"}}')
        else:
            self._complete()

    def _look_up(self, request: bytes) -> None:
        if request.startswith(b"GET /v1/models"):
            self._send(b"200 OK", _MODELS)
        elif request.startswith(b"POST /count-anew"):
            self._send(b"200 OK", json.dumps(vars(self._counts.taken_anew())).encode())
        else:
            self._send(b"404 Not Found", b'{"error": {"message": "no such path"}}')

    def _send(self, status: bytes, body: bytes) -> None:
        self._transport.write(_response(status, body, len(body)))

    def _complete(self) -> None:
        counts = self._counts
        if not counts.first_s:
            counts.first_s = time.perf_counter()
        if counts.delay_s:
            counts.in_flight += 1
            counts.peak_in_flight = max(counts.peak_in_flight, counts.in_flight)
            self._loop.call_later(counts.delay_s, self._answer_late)
        else:
            self._answer()

    def _answer_late(self) -> None:
        self._counts.in_flight -= 1
        self._answer()

    def _answer(self) -> None:
        if self._transport.is_closing():
            return
        counts = self._counts
        counts.numbered += 1
        counts.answered += 1
        self._transport.write(_ANSWER % (counts.numbered, counts.numbered))
        counts.last_s = time.perf_counter()


async def _serve(delay_s: float) -> None:
    counts = _Counts(delay_s)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(counts), "127.0.0.1", 0, backlog=_BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def loop_name() -> str:
    """Which event loop the endpoint runs on."""
    return "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    delay_s = parser.parse_args().delay_ms / 1000
    if loop_name() == "uvloop":
        import uvloop

        uvloop.run(_serve(delay_s))
    else:
        asyncio.run(_serve(delay_s))


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint; `base_url` ends in `/v1`."""

    base_url: str

    def count_anew(self) -> Taken:
        """What was done since the last call."""
        url = self.base_url.removesuffix("/v1") + "/count-anew"
        with urllib.request.urlopen(url, data=b"", timeout=10) as response:
            return Taken(**json.load(response))


@contextmanager
def running_endpoint(delay_ms: float) -> Iterator[Endpoint]:
    """An endpoint in a process of its own, until the block ends."""
    command = [sys.executable, "-m", "benchmarks.endpoint", "--delay-ms", str(delay_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        yield Endpoint(f"http://127.0.0.1:{port}/v1")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
