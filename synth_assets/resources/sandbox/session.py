"""The tests' end of the talk with a program: what it says becomes values and stand-ins."""

import builtins
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from synth_assets.resources.sandbox.ahead import Ahead
from synth_assets.resources.sandbox.remote import Held, Remote, held
from synth_assets.resources.sandbox.stream import Stream
from synth_assets.resources.sandbox.talk import (
    AHEAD,
    CALL,
    LOAD,
    OK,
    RAISED,
    REST,
    YOURS,
    Message,
    Talk,
    TalkOver,
    reply_at,
)
from synth_assets.resources.sandbox.wire import ForgedError, Value, WireError

_MOST_ITEMS = 100_000
_ENDINGS = ("StopIteration", "StopAsyncIteration", "GeneratorExit")


class UntranslatableError(BaseException):
    """The tests do what cannot be done across two processes; it says nothing of the program."""


class NotHereError(BaseException):
    """The program is one that must have a process of its own; nothing of it was run."""


class Session:
    """Asks a program, and believes nothing that it says of itself.

    Args:
        stream: to the program, or its descriptor.
        printed: told what the program prints.

    Attributes:
        broken: why the talk ended before the tests did; then nothing the program said counts.
        is_forged: whether it ended because the program broke the rules.
        untranslatable: what the tests did that cannot be done across two processes.
        is_beyond_data: whether a result of a call made ahead was more than data; nothing that was
            seen since counts then.
    """

    def __init__(self, stream: int | Stream, printed: Callable[[str], object]) -> None:
        self.broken = ""
        self.is_forged = False
        self.is_beyond_data = False
        self.untranslatable = ""
        self._printed = printed
        self._talk = Talk(stream, self._describe, self._adopt, self._serve)
        self._callbacks: list[Callable[..., Any]] = []
        self._known: dict[int, Any] = {}
        self._errors: dict[str, type[BaseException]] = {}

    def ask(self, *request: Value) -> Value:
        """What the program answers, or the exception that it raised, raised here.

        Raises:
            StopIteration: where an iterator of the program is at its end, and only there.
            TalkOver: if the program is gone, or breaks the rules.
            UntranslatableError: if what the tests hand over cannot cross.
            NotHereError: if it is to be loaded, and is not plain as all here must be.
        """
        if self.broken:
            raise TalkOver(self.broken)
        try:
            if request[0] == CALL and type(request[1]) is Remote:
                _, callee, arguments, named = request
                reply = self._talk.call(held(callee).number, arguments, named)
            else:
                reply = self._talk.ask(*request)
            return self._understood(request, reply)
        except TalkOver as exc:
            self.broken = "the program ended itself"
            raise TalkOver(self.broken) from exc
        except ForgedError as exc:
            raise self._forged(exc) from exc
        except (WireError, UntranslatableError) as exc:
            self.untranslatable = str(exc)
            raise UntranslatableError(self.untranslatable) from exc

    def load(self, wanted: list[str], *, tests_are_plain: bool) -> dict[str, Any]:
        """Have the program loaded; what it defines of the names that the tests use."""
        found = self.ask(LOAD, wanted, tests_are_plain)
        if type(found) is not dict:
            raise TalkOver("the program's names are none")
        for name, value in found.items():  # pyright: ignore[reportUnknownVariableType]
            if isinstance(value, Remote):
                me = held(value)
                me.is_owned = me.kind == "class" and str(name)[:1].isupper()  # pyright: ignore[reportUnknownArgumentType]
            elif isinstance(value, type) and issubclass(value, BaseException):
                self._errors[str(name)] = value  # pyright: ignore[reportUnknownArgumentType]
        return found  # pyright: ignore[reportUnknownVariableType]

    def call_ahead(
        self, wanted: list[str], ahead: Ahead, calls: tuple[bytes, bytes]
    ) -> tuple[list[str], Callable[[int], Value]]:
        """Have the program loaded, by plain tests, and calls made.

        Args:
            wanted: names that the tests use.
            ahead: what they call.
            calls: see `Ahead.calls`.

        Returns:
            Which of the names it defines; and what gives the result of the call of a number, or
            raises.
        """
        first, rest = calls
        match self.ask(AHEAD, wanted, first):
            case (list(names), replies) if all(type(name) is str for name in names):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                groups = [self._replies(replies)]
                return names, partial(self._result, ahead, groups, rest)  # pyright: ignore[reportUnknownVariableType]
            case _:
                raise self._forged(ForgedError("it has no such form"))

    def _replies(self, replies: Value) -> "_Replies":
        if replies is None:
            self.is_beyond_data = True
            return _Replies(b"")
        if type(replies) is not bytes:
            raise self._forged(ForgedError("it has no such form"))
        return _Replies(replies)

    def _result(self, ahead: Ahead, groups: "list[_Replies]", rest: bytes, number: int) -> Value:
        is_first = number < ahead.first
        if len(groups) == 1 and not is_first:
            groups.append(self._replies(self.ask(REST, rest)))
        try:
            reply = groups[0][number] if is_first else groups[1][number - ahead.first]
            match reply:
                case ("ok", value):  # pyright: ignore[reportUnknownVariableType]
                    return value  # pyright: ignore[reportUnknownVariableType]
                case ("raised", tuple(names), tuple(arguments), str()):  # pyright: ignore[reportUnknownVariableType]
                    raise self._error(names, arguments)  # pyright: ignore[reportUnknownArgumentType]
                case None:
                    raise NameError(f"name {ahead.asked[number]!r} is not defined")
                case _:
                    raise ForgedError("it has no such form")
        except ForgedError as exc:
            raise self._forged(exc) from exc

    def _forged(self, exc: ForgedError) -> TalkOver:
        self.broken = f"the program's answer is none: {exc}"
        self.is_forged = True
        return TalkOver(self.broken)

    def close(self) -> bool:
        """Let go of the program where the stream is for others after it; false if it is not."""
        if self.broken or not self._talk.is_at_rest:
            return False
        self._talk.end()
        return True

    def _understood(self, request: tuple[Any, ...], reply: Message) -> Value:
        if len(reply) == 2 and reply[0] == OK:
            return reply[1]
        match reply:
            case ("ok", value, str(printed), dict(changed)):  # pyright: ignore[reportUnknownVariableType]
                self._printed(printed)
                if changed:
                    _change(request, changed)  # pyright: ignore[reportUnknownArgumentType]
                return value
            case ("raised", tuple(names), tuple(arguments), str(printed)):  # pyright: ignore[reportUnknownVariableType]
                self._printed(printed)
                raise self._error(names, arguments)  # pyright: ignore[reportUnknownArgumentType]
            case ("stopped",) if request[0] == "next":
                raise StopIteration
            case ("stopped",) if request[0] in (LOAD, AHEAD):
                raise NotHereError
            case _:
                raise ForgedError("it has no such form")

    def _describe(self, value: Value) -> tuple[Any, ...]:
        """What tests hand over that is no data."""
        if isinstance(value, Remote):
            return (YOURS, held(value).number)
        number = getattr(value, "_number_in_program", None)
        if isinstance(value, type) and isinstance(number, int):
            return (YOURS, number)
        if isinstance(value, Iterator):
            return ("iterator", list(islice(value, _MOST_ITEMS)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if callable(value):
            if value not in self._callbacks:
                self._callbacks.append(value)
            return ("callback", self._callbacks.index(value))
        raise UntranslatableError(
            f"the tests hand over an object of their own class {type(value).__name__}"
        )

    def _adopt(self, described: tuple[Any, ...]) -> Value:
        match described:
            case (str(kind), int(number), str(name), tuple(more)):  # pyright: ignore[reportUnknownVariableType]
                if number not in self._known:
                    self._known[number] = self._stand_in(kind, number, name[:200], more)  # pyright: ignore[reportUnknownArgumentType]
                return self._known[number]
            case _:
                raise ForgedError("this is no description")

    def _stand_in(self, kind: str, number: int, name: str, more: tuple[Any, ...]) -> Value:
        if kind == "coroutine":
            return self._waiting(number)
        if kind == "class" and more:
            made = type(name, (_error_class(name, more),), {"_number_in_program": number})
            return made
        class_number = more[0] if more and kind == "object" else None
        return Remote(Held(self, number, kind, name, class_number))

    async def _waiting(self, number: int) -> Value:
        return self.ask("await", Remote(Held(self, number, "object", "coroutine", None)))

    def _error(self, names: tuple[Any, ...], arguments: tuple[Any, ...]) -> BaseException:
        first = str(names[0])[:200] if names else "Exception"
        if any(name in _ENDINGS for name in names):
            # Raised by a call, it would end a loop of the tests early and unseen.
            return RuntimeError(f"the program raised {first}")
        # The class that the tests named, be it the exception's own or one that it derives from.
        named = (self._errors[name] for name in names if name in self._errors)
        kind = next(named, None) or _error_class(first, names)
        try:
            return kind(*arguments)
        except (TypeError, ValueError):
            return RuntimeError(f"{first}: {arguments}"[:500])

    def _serve(self, message: Message) -> Message:
        """The program calls a function that the tests handed over."""
        match message:
            case ("callback", int(number), tuple(arguments), dict(named)) if (  # pyright: ignore[reportUnknownVariableType]
                0 <= number < len(self._callbacks)
            ):
                try:
                    return (OK, self._callbacks[number](*arguments, **named))  # pyright: ignore[reportUnknownArgumentType]
                except Exception as exc:  # noqa: BLE001 - the program called, the program is told
                    return (RAISED, (type(exc).__name__,), (str(exc),))
            case _:
                raise ForgedError("it asks for what it may not have")


class _Replies:
    """Replies in the order in which they came; each is read when it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0]

    def __getitem__(self, number: int) -> Message | None:
        """None where there are fewer; raises ForgedError where it is no reply."""
        while True:
            place = min(number, len(self._starts) - 1)
            if self._starts[place] == len(self._data):
                return None
            reply, end = reply_at(self._data, self._starts[place], _no_object)
            if place + 1 == len(self._starts):
                self._starts.append(end)
            if place == number:
                return reply


def _no_object(_: tuple[Any, ...]) -> Value:
    raise ForgedError("it holds an object")


def _error_class(name: str, names: tuple[Any, ...]) -> type[BaseException]:
    """An exception class of that name under the nearest builtin one."""
    for base in names:
        found = getattr(builtins, str(base), None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found if base == name else type(name, (found,), {})
    return type(name, (Exception,), {})


def _change(request: tuple[Any, ...], changed: dict[Any, Any]) -> None:
    """Give arguments the contents that the call left in them."""
    if request[0] != CALL:
        raise ForgedError("it changes what it was not given")
    arguments, named = request[2:]
    for key, new in changed.items():
        if type(key) is int and 0 <= key < len(arguments):
            old = arguments[key]
        elif key in named:
            old = named[key]
        else:
            raise ForgedError("it changes what it was not given")
        if type(old) is not type(new):
            raise ForgedError("it changes the kind of an argument")
        if isinstance(old, (list, bytearray)):
            old[:] = new
        elif isinstance(old, (dict, set)):
            old.clear()
            old.update(new)  # pyright: ignore[reportUnknownMemberType]
