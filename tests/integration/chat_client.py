"""A client of the test server over plain aiohttp, which tells what it saw byte by byte."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

Body = dict[str, Any]


@dataclass(frozen=True)
class Got:
    """What a client saw: a whole answer, or how the connection ended."""

    status: int | None
    raw: bytes = b""
    retry_after: str | None = None
    broke: str = ""

    @property
    def told(self) -> Any:
        return json.loads(self.raw)

    @property
    def texts(self) -> list[str | None]:
        return [choice["message"]["content"] for choice in self.told["choices"]]

    @property
    def whole(self) -> bool:
        """Whether it holds a completion."""
        return self.status == 200 and self.raw.endswith(b"}")

    @property
    def code(self) -> str:
        return self.told["error"]["code"]


def chat_body(content: str = "two words", **other: object) -> Body:
    """A chat request of one message."""
    return {"model": "m", "messages": [{"role": "user", "content": content}], **other}


def ask(base_url: str, bodies: list[Body], at_once: int = 1, **client: Any) -> list[Got]:
    """Ask them all; what each got, in their order."""
    return asyncio.run(_asked(base_url, bodies, at_once, client))


async def _asked(base_url: str, bodies: list[Body], at_once: int, client: Body) -> list[Got]:
    gots: dict[int, Got] = {}
    left = iter(enumerate(bodies))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, **client) as session:

        async def work() -> None:
            for number, body in left:
                gots[number] = await _post(session, f"{base_url}/chat/completions", body)

        await asyncio.gather(*(work() for _ in range(at_once)))
    return [gots[number] for number in range(len(bodies))]


async def _post(session: aiohttp.ClientSession, url: str, body: Body) -> Got:
    status = None
    try:
        async with session.post(url, json=body) as response:
            status = response.status
            return Got(status, await response.read(), response.headers.get("Retry-After"))
    except (aiohttp.ClientError, TimeoutError) as exc:
        return Got(status, broke=type(exc).__name__)
