"""A local OpenAI-compatible server for tests: real HTTP, scripted faults, counted answers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], str]


@dataclass
class ChatServer:
    """What the server does and did.

    Attributes:
        answer: request body -> text of the assistant.
        faults: statuses to answer with first, one a request, before it answers well.
        served: bodies of the requests that got a completion: what a provider would bill.
        keys: `Authorization` headers seen.
        base_url: where it listens.
    """

    answer: Answer
    faults: list[int] = field(default_factory=list)
    served: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    base_url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                server.keys.append(self.headers.get("Authorization", ""))
                fault = server.faults.pop(0) if server.faults else None
            if fault is not None:
                message = f"scripted {fault} for key {self.headers.get('Authorization')}"
                self._reply(fault, {"error": {"message": message, "type": "x", "code": None}})
                return
            text = server.answer(body)
            with server.lock:
                server.served.append(body)
            prompt = sum(len(m["content"].split()) for m in body["messages"])
            usage = {"prompt_tokens": prompt, "completion_tokens": len(text.split())}
            usage["total_tokens"] = sum(usage.values())
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
            self._reply(
                200,
                {
                    "id": "chatcmpl-test",
                    "object": "chat.completion",
                    "created": 1,
                    "model": body["model"],
                    "choices": [choice],
                    "usage": usage,
                },
            )

        def _reply(self, status: int, payload: dict[str, Any]) -> None:
            data = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


@contextmanager
def chat_server(answer: Answer) -> Iterator[ChatServer]:
    """Serve on a free loopback port until the block ends."""
    state = ChatServer(answer)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    http.daemon_threads = True
    state.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
