"""The talk of two processes that call each other: a program, and the tests that call it.

One side asks and waits for the reply; while it waits it serves what the other asks, so that a
program may call a function that the tests handed over.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from synth_assets.resources.sandbox.wire import (
    Adopt,
    Foreign,
    ForgedError,
    Stream,
    Value,
    WireError,
    pack,
    unpack,
)

Message: TypeAlias = tuple[Any, ...]

OK, RAISED, STOPPED = "ok", "raised", "stopped"
_REPLIES = (OK, RAISED, STOPPED)


class TalkOver(BaseException):
    """The other process is gone; no `except Exception` of the code between may hide it."""


class Talk:
    """One end.

    Args:
        descriptor: of a stream socket or the like.
        foreign: describes what is no data.
        adopt: makes something of the other's descriptions.
        serve: answers a request with a reply; it raises nothing but `TalkOver`.
    """

    def __init__(
        self,
        descriptor: int,
        foreign: Foreign,
        adopt: Adopt,
        serve: Callable[[Message], Message],
    ) -> None:
        self._stream = Stream(descriptor)
        self._foreign = foreign
        self._adopt = adopt
        self._serve = serve

    def ask(self, *request: Value) -> Message:
        """Send a request and wait for its reply.

        Raises:
            WireError: if a part of the request cannot cross.
            ForgedError: if what comes back is no message.
            TalkOver: if the other process is gone.
        """
        self._send(pack(request, self._foreign))
        while True:
            message = self._receive()
            if message[0] in _REPLIES:
                return message
            self._reply(self._serve(message))

    def serve_until_end(self) -> None:
        """Answer requests until nobody asks any more."""
        while True:
            self._reply(self._serve(self._receive()))

    def _reply(self, reply: Message) -> None:
        try:
            data = pack(reply, self._foreign)
        except WireError as exc:
            data = pack((RAISED, ("TypeError", "Exception"), (str(exc),), ""), self._foreign)
        self._send(data)

    def _send(self, data: bytes) -> None:
        try:
            self._stream.send(data)
        except OSError as exc:
            raise TalkOver("the other process is gone") from exc

    def _receive(self) -> Message:
        data = self._stream.receive()
        if data is None:
            raise TalkOver("the other process is gone")
        message = unpack(data, self._adopt)
        if type(message) is not tuple or not message or type(message[0]) is not str:  # pyright: ignore[reportUnknownArgumentType]
            raise ForgedError("this is no message")
        return message  # pyright: ignore[reportUnknownVariableType]
