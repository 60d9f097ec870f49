"""The talk of two processes that call each other: a program, and the tests that call it.

One side asks and waits for the reply; while it waits it serves what the other asks, so that a
program may call a function that the tests handed over.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from synth_assets.resources.sandbox.stream import Stream
from synth_assets.resources.sandbox.wire import (
    Adopt,
    Foreign,
    ForgedError,
    Value,
    WireError,
    head_of,
    pack,
    pack_rest,
    unpack,
    unpack_at,
    unpack_rest,
)

Message: TypeAlias = tuple[Any, ...]

OK, RAISED, STOPPED = "ok", "raised", "stopped"
_REPLIES = (OK, RAISED, STOPPED)
CALL, LOAD, AHEAD, REST = "call", "load", "ahead", "rest"
YOURS, OVER = "yours", "over"

_OVER = head_of(1, OVER)
# Nearly all messages begin like one of these.
_ANSWERED = head_of(2, OK)
_CALLS = head_of(4, CALL) + b"o" + head_of(2, YOURS)


class TalkOver(BaseException):
    """The other process is gone; no `except Exception` of the code between may hide it."""


def packed(reply: Message, foreign: Foreign) -> bytes:
    """A reply as bytes; raises WireError where it cannot cross."""
    if len(reply) == 2 and reply[0] is OK:
        return pack_rest(_ANSWERED, reply[1:], foreign)
    return pack(reply, foreign)


def reply_at(data: bytes, start: int, adopt: Adopt) -> tuple[Message, int]:
    """The reply that begins at this place of several, and where it ends.

    Raises:
        ForgedError: if none does.
    """
    if data.startswith(_ANSWERED, start):
        value, end = unpack_at(data, start + len(_ANSWERED), adopt)
        return (OK, value), end
    reply, end = unpack_at(data, start, adopt)
    if type(reply) is not tuple:
        raise ForgedError("this is no reply")
    return reply, end  # pyright: ignore[reportUnknownVariableType]


class Talk:
    """One end.

    Args:
        stream: or the descriptor of a stream socket or the like.
        foreign: describes what is no data.
        adopt: makes something of the other's descriptions.
        serve: answers a request with a reply; it raises nothing but `TalkOver`.
    """

    def __init__(
        self,
        stream: int | Stream,
        foreign: Foreign,
        adopt: Adopt,
        serve: Callable[[Message], Message],
    ) -> None:
        self._stream = Stream(stream) if isinstance(stream, int) else stream
        self._awaited = 0
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
        self._ask(pack(request, self._foreign))
        return self._reply_of_other()

    def call(self, number: int, arguments: tuple[Value, ...], named: dict[str, Value]) -> Message:
        """Ask for a call of what has this number at the other end; see `ask`."""
        head = _CALLS + pack(number, self._foreign)
        self._ask(pack_rest(head, (arguments, named), self._foreign))
        return self._reply_of_other()

    def _reply_of_other(self) -> Message:
        while True:
            message = self._receive()
            if message[0] in _REPLIES:
                self._awaited -= 1
                return message
            self._reply(self._serve(message))

    @property
    def is_at_rest(self) -> bool:
        """Whether every reply that was asked for is here, and nothing besides."""
        return not self._awaited and self._stream.is_empty

    def end(self) -> None:
        """Tell the other process, with what others ask it later, that this talk is over."""
        self._stream.hold(_OVER)

    def _ask(self, data: bytes) -> None:
        self._awaited += 1
        self._send(data)

    def serve_until_end(self) -> None:
        """Answer requests until nobody asks any more."""
        while True:
            self._reply(self._serve(self._receive()))

    def _reply(self, reply: Message) -> None:
        try:
            data = packed(reply, self._foreign)
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
        if data.startswith(_ANSWERED):
            return (OK, *unpack_rest(data, len(_ANSWERED), 1, self._adopt))
        if data.startswith(_CALLS):
            number, *given = unpack_rest(data, len(_CALLS), 3, self._adopt)
            return (CALL, self._adopt((YOURS, number)), *given)
        message = unpack(data, self._adopt)
        if type(message) is not tuple or not message or type(message[0]) is not str:  # pyright: ignore[reportUnknownArgumentType]
            raise ForgedError("this is no message")
        return message  # pyright: ignore[reportUnknownVariableType]
