"""The program's process: it loads the program and serves calls, or runs it as a script.

Nothing here is trusted: the program shares this process and may change all of it. What leaves the
process is what the program answers, and is judged elsewhere.
"""

import atexit
import builtins
import io
import linecache
import marshal
import operator
import os
import sys
from collections.abc import Callable
from functools import partial
from types import CoroutineType, ModuleType
from typing import Any

from synth_assets.resources.sandbox.stream import Stream
from synth_assets.resources.sandbox.talk import (
    OK,
    OVER,
    RAISED,
    STOPPED,
    Message,
    Talk,
    TalkOver,
    packed,
)
from synth_assets.resources.sandbox.wire import Value, WireError, pack

_FILE = "<program>"
_MOST_PRINTED = 1 << 20
_MOST_AHEAD = 1 << 20
FRAMES = 1000
"""How deep a program may go, in a process of its own as after others."""
_MUTABLE: frozenset[type] = frozenset((list, dict, set, bytearray))

_OPERATIONS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor"),
        *("neg", "pos", "eq", "ne", "lt", "le", "gt", "ge", "getitem", "setitem", "delitem"),
        *("contains", "iadd", "isub", "imul", "invert", "lshift", "rshift"),
    )
} | {
    name: getattr(builtins, name)
    for name in ("len", "iter", "reversed", "repr", "str", "bool", "abs", "isinstance", "delattr")
}


def _load(source: str, name: str) -> dict[str, Any]:
    module = ModuleType(name)
    sys.modules[name] = module
    linecache.cache[_FILE] = (len(source), None, source.splitlines(keepends=True), _FILE)
    exec(compile(source, _FILE, "exec"), module.__dict__)
    return module.__dict__


def give_frames(number: int) -> None:
    """Let whoever calls this go so deep from there, however deep it is itself."""
    sys.setrecursionlimit(sys.getrecursionlimit() + number - _frames_left(0))


def _frames_left(made: int) -> int:
    try:
        return _frames_left(made + 1)
    except RecursionError:
        return made


class _Printed(io.StringIO):
    """What the program printed since it was last asked, up to a bound."""

    def write(self, text: str, /) -> int:
        super().write(text[: _MOST_PRINTED - self.tell()])
        return len(text)

    def take(self) -> str:
        if not self.tell():
            return ""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


class Program:
    """A program whose functions, classes and objects another process may use by number.

    Args:
        load: runs the program; the names that it defines.
        stream: where calls come in, or its descriptor.

    Attributes:
        tests_are_plain: whether its tests are; they say so themselves before any of them runs.
        was_released: whether its tests are over, and others may ask another program.
    """

    def __init__(self, load: Callable[[], dict[str, Any]], stream: int | Stream) -> None:
        self.tests_are_plain = True
        self.was_released = False
        self._load = load
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._callbacks: dict[int, Callable[..., Any]] = {}
        self._known: dict[str, Any] = {}
        self._printed = _Printed()
        self._talk = Talk(stream, self._describe, self._adopt, self._answer)

    def serve(self) -> None:
        """Answer until the tests are over."""
        sys.stdout = self._printed
        self._talk.serve_until_end()

    def _number(self, value: Value) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def _describe(self, value: Value) -> tuple[Any, ...]:
        """What is no data, by number and kind."""
        if isinstance(value, ModuleType):
            raise WireError("a module does not cross")
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, type):
            is_error = issubclass(value, BaseException)
            names = tuple(base.__name__ for base in value.__mro__) if is_error else ()
            return ("class", self._number(value), value.__name__, names)
        if isinstance(value, CoroutineType):
            return ("coroutine", self._number(value), "coroutine", ())
        if callable(value) and kind.__module__ in ("builtins", "functools"):
            return ("callable", self._number(value), getattr(value, "__name__", "callable"), ())
        return ("object", self._number(value), kind.__name__, (self._number(kind),))

    def _adopt(self, described: tuple[Any, ...]) -> Value:
        match described:
            case ("yours", int(number)):
                return self._objects[number]
            case ("iterator", list(items)):  # pyright: ignore[reportUnknownVariableType]
                return iter(items)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            case ("callback", int(number)):
                return self._callback(number)
            case _:
                raise WireError("this is no description")

    def _callback(self, number: int) -> Callable[..., Any]:
        def call(*arguments: Value, **named: Value) -> Value:
            reply = self._talk.ask("callback", number, arguments, named)
            if reply[0] == RAISED:
                kind = getattr(builtins, reply[1][0], RuntimeError)
                raise kind(*reply[2])
            return reply[1]

        # One function of the tests is one function here, however often it crosses.
        return self._callbacks.setdefault(number, call)

    def _answer(self, message: Message) -> Message:
        if message[0] == OVER:
            self.was_released = True
            raise TalkOver("the tests are over")
        try:
            value, changed = self._do(message)
        except TalkOver:
            raise
        except StopIteration as stop:
            if message[0] == "next":
                return (STOPPED,)
            return self._raised(stop)
        except BaseException as exc:  # noqa: BLE001 - whatever the program raises is its answer
            return self._raised(exc)
        printed = self._printed.take()
        return (OK, value, printed, changed) if printed or changed else (OK, value)

    def _raised(self, exc: BaseException) -> Message:
        names = tuple(kind.__name__ for kind in type(exc).__mro__)
        arguments = exc.args
        try:
            pack(arguments, self._data_only)
        except WireError:
            arguments = (str(exc)[:500],)
        return (RAISED, names, arguments, self._printed.take())

    @staticmethod
    def _data_only(value: Value) -> tuple[Any, ...]:
        raise WireError("no data")

    def _do(self, message: Message) -> tuple[Any, dict[int | str, Any]]:
        match message:
            case ("call", callee, arguments, named):
                return self._call(callee, arguments, named)
            case ("load", names, tests_are_plain):
                self.tests_are_plain = tests_are_plain
                found = self._load()
                return {n: found[n] for n in names if self._crosses(found, n)}, {}
            case ("ahead", names, calls):
                found = self._load()
                known = [name for name in names if self._crosses(found, name)]
                self._known = {name: found[name] for name in known}
                return (known, self._call_all(calls)), {}
            case ("rest", calls):
                return self._call_all(calls), {}
            case ("get", value, name):
                return getattr(value, name), {}
            case ("set", value, name, given):
                return setattr(value, name, given), {}
            case ("next", value):
                return next(value), {}
            case ("await", value):
                from asyncio import run  # most programs never need it, and it is large

                return run(value), {}
            case ("operate", name, arguments):
                return _OPERATIONS[name](*arguments), {}
            case _:
                raise WireError("this is no request")

    def _crosses(self, found: dict[str, Any], name: str) -> bool:
        if name not in found:
            return False
        try:
            pack(found[name], self._describe)
        except WireError:
            return False
        return True

    def _call(
        self, callee: Value, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Any, dict[int | str, Any]]:
        """The result, and arguments that the call changed in place."""
        if _MUTABLE.isdisjoint(map(type, arguments)) and not named:
            return callee(*arguments), {}
        given: dict[int | str, Any] = {**dict(enumerate(arguments)), **named}
        mutable = {key: value for key, value in given.items() if type(value) in _MUTABLE}
        if not mutable:
            return callee(*arguments, **named), {}
        before = {key: pack(value, self._describe) for key, value in mutable.items()}
        result = callee(*arguments, **named)
        return result, {k: v for k, v in mutable.items() if self._differs(v, before[k])}

    def _call_all(self, calls: bytes) -> bytes | None:
        """Make calls until one raises, or has no name here: their replies, one after the other.

        None where one is more than data, as what becomes of that can hang on later calls.
        """
        replies: list[bytes] = []
        size = 0
        for name, arguments in marshal.loads(calls):
            if name not in self._known:
                break
            is_last = False
            try:
                reply: Message = (OK, self._known[name](*arguments))
            except BaseException as exc:  # noqa: BLE001 - whatever the program raises is its answer
                reply = self._raised(exc)
                is_last = True
            try:
                data = packed(reply, self._data_only)
            except WireError:
                return None
            replies.append(data)
            size += len(data)
            if size > _MOST_AHEAD:
                return None
            if is_last:
                break
        return b"".join(replies)

    def _differs(self, value: Value, before: bytes) -> bool:
        try:
            return pack(value, self._describe) != before
        except WireError:
            return False


def serve_calls(source: str, descriptor: int) -> None:
    """Serve a program's functions until the tests are over."""
    try:
        Program(partial(_load, source, "program"), descriptor).serve()
    except TalkOver:
        return


def run_script(source: str) -> int:
    """Run a program as a script on this process's standard streams; the exit code."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r")), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), "utf-8", "surrogateescape")
    sys.stderr = io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w")), "utf-8", "backslashreplace")
    sys.argv = ["program.py"]
    code = 0
    try:
        _load(source, "__main__")
        threading = sys.modules.get("threading")
        if threading:
            threading._shutdown()
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
        sys.stdout.flush()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - as the interpreter does with a script
        code = 1
        import traceback

        try:
            traceback.print_exc()
            sys.stderr.flush()
        except OSError:  # what it prints may be full
            pass
    return code & 0xFF


def read_whole(descriptor: int) -> str:
    """The text of a file from its beginning."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode("utf-8", "surrogatepass")
