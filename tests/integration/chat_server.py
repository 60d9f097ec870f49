"""A local OpenAI-compatible server for tests: real HTTP, scripted faults, counted answers."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.composition import compose


@dataclass(frozen=True)
class Said:
    """A completion, where its text alone does not say enough."""

    text: str | None
    finish_reason: str = "stop"


@dataclass(frozen=True)
class Fault:
    """No completion: an error status, a body that is none, or a connection that breaks.

    Attributes:
        status: HTTP status.
        body: what is sent as it stands; by default an error that quotes the key back.
        headers: more headers.
        cut: close the connection in the middle of the body.
    """

    status: int = 500
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


Reply = str | Said | Fault
Answer = Callable[[dict[str, Any]], Reply]


@dataclass
class ChatServer:
    """What the server does and did.

    Attributes:
        answer: request body -> what it replies.
        faults: statuses to answer with first, one a request, before it answers well.
        served: bodies of the requests that got a completion: what a provider would bill.
        asked: number of requests that came in, answered well or not.
        keys: `Authorization` headers seen.
        base_url: where it listens.
        delay_s: how long each answer takes.
    """

    answer: Answer
    faults: list[int] = field(default_factory=list)
    served: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    keys: list[str] = field(default_factory=list)
    base_url: str = ""
    delay_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of all that was served."""
        told = [tokens_of(body, _said(self.answer(body))) for body in self.served]
        return sum(prompt for prompt, _ in told), sum(answer for _, answer in told)


def embedded_answer(body: dict[str, Any]) -> str:
    """What the embedded teacher would say; the model's name is that of its voice."""
    chat = [Message(message["role"], message["content"]) for message in body["messages"]]
    sampling = {name: body[name] for name in ("temperature", "max_tokens") if name in body}
    return compose(body["model"], chat, sampling, int(body.get("seed", 0))).text


def tokens_of(body: dict[str, Any], said: Said) -> tuple[int, int]:
    """What the server bills for an answer: words asked, words told."""
    asked = sum(len(message["content"].split()) for message in body["messages"])
    return asked, len((said.text or "").split())


def _said(reply: Reply) -> Said:
    assert not isinstance(reply, Fault)
    return Said(reply) if isinstance(reply, str) else reply


def _completion(body: dict[str, Any], said: Said) -> dict[str, Any]:
    asked, told = tokens_of(body, said)
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": said.text},
                "finish_reason": said.finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": told,
            "total_tokens": asked + told,
        },
    }


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                server.asked += 1
                server.keys.append(self.headers.get("Authorization", ""))
                fault = server.faults.pop(0) if server.faults else None
            reply = Fault(fault) if fault is not None else server.answer(body)
            time.sleep(server.delay_s)
            if isinstance(reply, Fault):
                self._fail(reply)
                return
            with server.lock:
                server.served.append(body)
            data = json.dumps(_completion(body, _said(reply))).encode()
            self._send(200, data, {}, len(data))

        def _fail(self, fault: Fault) -> None:
            key = self.headers.get("Authorization")
            message = f"scripted {fault.status} for key {key}"
            error = {"error": {"message": message, "type": "x", "code": None}}
            data = json.dumps(error).encode() if fault.body is None else fault.body
            # A body shorter than its announced length is what a cut connection looks like.
            self._send(fault.status, data, fault.headers, len(data) + (100 if fault.cut else 0))
            if fault.cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def _send(self, status: int, data: bytes, headers: Mapping[str, str], length: int) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(length))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client was killed, which is what a test wants

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


@contextmanager
def chat_server(answer: Answer, delay_s: float = 0.0) -> Iterator[ChatServer]:
    """Serve on a free loopback port until the block ends."""
    state = ChatServer(answer, delay_s=delay_s)
    http = _Server(("127.0.0.1", 0), _handler(state))
    state.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        return  # a client that is gone; what a test cares for is in `ChatServer`
