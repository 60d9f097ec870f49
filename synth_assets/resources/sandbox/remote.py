"""What tests hold of a program in another process: stand-ins for its functions and objects.

Data comes back as data and is compared here. A stand-in never answers a comparison with data by
the program's word: an object that says it equals everything is equal to nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from synth_assets.resources.sandbox.wire import Value

_PLAIN = (str, bytes, list, tuple, dict, set, frozenset, int, float)
_ANSWERS_YES_OR_NO = frozenset(
    name
    for kind in _PLAIN
    for name in dir(kind)
    if name.startswith(("is", "startswith", "endswith"))
)


class Asks(Protocol):
    """Whoever can ask the program."""

    def ask(self, *request: Value) -> Value:
        """What the program answers, or the exception that it raised, raised here."""
        ...


@dataclass
class Held:
    """What a stand-in stands for.

    Attributes:
        session: where to ask.
        number: the program's number of it.
        kind: `object`, `class` or `callable`.
        name: of its class, as the program has it.
        class_number: of its class; none for what is no object.
        is_owned: whether the tests asked for it: they named the class in capital letters, as
            classes are, or called such a class. By its word go equality and order among such
            objects, and their arithmetic; never among others.
    """

    session: Asks
    number: int
    kind: str
    name: str
    class_number: int | None
    is_owned: bool = False


def held(value: "Remote") -> Held:
    """What a stand-in stands for."""
    return object.__getattribute__(value, "_remote")


def _is_owned(value: Value) -> bool:
    return isinstance(value, Remote) and held(value).is_owned


def _unexpected(value: "Remote") -> TypeError:
    return TypeError(f"an object of the program's class {held(value).name} where data was expected")


def _operation(name: str, *, mirrored: bool = False) -> Callable[["Remote", Any], Any]:
    def operate(self: "Remote", other: Value) -> Value:
        if not (_is_owned(self) or _is_owned(other)):
            raise _unexpected(self)
        pair = (other, self) if mirrored else (self, other)
        result = held(self).session.ask("operate", name, pair)
        if isinstance(result, Remote):
            held(result).is_owned |= held(result).class_number == held(self).class_number
        elif not isinstance(other, Remote):
            # `abs(root(2) - 1.41) < 0.01` must not hold by the program's word.
            raise _unexpected(self)
        return result

    return operate


def _comparison(name: str) -> Callable[["Remote", Any], Any]:
    def compare(self: "Remote", other: Value) -> Value:
        if self is other and name in ("eq", "ne"):
            return name == "eq"
        if isinstance(other, Remote) and (_is_owned(self) or _is_owned(other)):
            return held(self).session.ask("operate", name, (self, other)) is True
        if name in ("eq", "ne"):
            return name == "ne"
        raise _unexpected(self)

    return compare


class Remote:
    """A function, class or object of the program."""

    __slots__ = ("_remote",)

    def __init__(self, of: Held) -> None:
        object.__setattr__(self, "_remote", of)

    def __call__(self, *arguments: Value, **named: Value) -> Value:
        """Have the program call it."""
        me = held(self)
        result = me.session.ask("call", self, arguments, named)
        if me.is_owned and me.kind == "class" and isinstance(result, Remote):
            held(result).is_owned = True
        return result

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__") and name not in ("__name__", "__wrapped__"):
            raise AttributeError(name)
        if name in _ANSWERS_YES_OR_NO and not _is_owned(self):
            raise _unexpected(self)
        return held(self).session.ask("get", self, name)

    def __setattr__(self, name: str, value: Value) -> None:
        held(self).session.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._operate("delattr", name)

    def _operate(self, name: str, *arguments: Value) -> Value:
        return held(self).session.ask("operate", name, (self, *arguments))

    def __repr__(self) -> str:
        return str(self._operate("repr"))

    def __str__(self) -> str:
        return str(self._operate("str"))

    def __hash__(self) -> int:
        return hash(("remote", held(self).number))

    def __len__(self) -> int:
        return self._operate("len")

    def __bool__(self) -> bool:
        return held(self).kind != "object" or self._operate("bool") is True

    def __iter__(self) -> Iterator[Any]:
        return _items(held(self).session, self._operate("iter"))

    def __next__(self) -> Value:
        return held(self).session.ask("next", self)

    def __reversed__(self) -> Iterator[Any]:
        return _items(held(self).session, self._operate("reversed"))

    def __contains__(self, value: Value) -> bool:
        if _is_owned(self):
            return self._operate("contains", value) is True
        return any(item is value or item == value for item in self)

    def __instancecheck__(self, value: Value) -> bool:
        asked = held(self).session.ask
        return isinstance(value, Remote) and asked("operate", "isinstance", (value, self)) is True

    def __enter__(self) -> Value:
        asked = held(self).session.ask
        return asked("call", asked("get", self, "__enter__"), (), {})

    def __exit__(self, *raised: object) -> None:
        """Leave; an exception of the tests is never swallowed by the program."""
        asked = held(self).session.ask
        asked("call", asked("get", self, "__exit__"), (None, None, None), {})

    def __getitem__(self, key: Value) -> Value:
        return self._operate("getitem", key)

    def __setitem__(self, key: Value, value: Value) -> None:
        self._operate("setitem", key, value)

    def __delitem__(self, key: Value) -> None:
        self._operate("delitem", key)

    def __neg__(self) -> Value:
        return self._operate("neg")

    def __abs__(self) -> Value:
        return self._operate("abs")

    __eq__ = _comparison("eq")  # pyright: ignore[reportAssignmentType]
    __ne__ = _comparison("ne")  # pyright: ignore[reportAssignmentType]
    __lt__ = _comparison("lt")
    __le__ = _comparison("le")
    __gt__ = _comparison("gt")
    __ge__ = _comparison("ge")
    __add__, __radd__ = _operation("add"), _operation("add", mirrored=True)
    __sub__, __rsub__ = _operation("sub"), _operation("sub", mirrored=True)
    __mul__, __rmul__ = _operation("mul"), _operation("mul", mirrored=True)
    __truediv__, __rtruediv__ = _operation("truediv"), _operation("truediv", mirrored=True)
    __floordiv__, __mod__ = _operation("floordiv"), _operation("mod")
    __pow__, __matmul__ = _operation("pow"), _operation("matmul")
    __and__, __or__, __xor__ = _operation("and_"), _operation("or_"), _operation("xor")


def _items(session: Asks, iterator: Value) -> Iterator[Any]:
    if not isinstance(iterator, Remote):
        raise TypeError("what the program gives to go through is no iterator")
    while True:
        try:
            item = session.ask("next", iterator)
        except StopIteration:
            return
        yield item
