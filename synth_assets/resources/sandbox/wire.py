"""Plain values as bytes, between a program and its tests.

The reader trusts nothing: there is no pickle, every value arrives as exactly a builtin type, and
size, depth and digits are bounded. A value of a subclass crosses as the data of its base, so that
an overridden `__eq__` stays behind. What is no data is left to `Foreign`.
"""

import builtins
import importlib
import struct
import sys
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any, TypeAlias

MOST_BYTES = 16 * 1024 * 1024
MOST_DEPTH = 150
MOST_INT_BYTES = 1 << 20

_Size = struct.Struct("<I")
_Float = struct.Struct("<d")
_Complex = struct.Struct("<dd")
_Head = struct.Struct("<cI")
_Tagged = struct.Struct("<cq")
_TaggedFloat = struct.Struct("<cd")
_TAGGED = _Tagged.size
_SMALL = 1 << 63
_SIZE = _Size.size

Value: TypeAlias = Any
"""Whatever a program or its tests may hold."""

Foreign: TypeAlias = Callable[[Value], tuple[Any, ...]]
"""Describes what is no data as a tuple of data; raises WireError where it cannot cross."""
Adopt: TypeAlias = Callable[[tuple[Any, ...]], Any]
"""Makes something of such a description."""


class WireError(Exception):
    """A value cannot cross."""


class ForgedError(WireError):
    """Bytes are no value: whoever sent them breaks the rules."""


def pack(value: Value, foreign: Foreign) -> bytes:
    """A value as bytes.

    Raises:
        WireError: if it is too large or too deep, or `foreign` refuses a part of it.
    """
    parts: list[bytes] = []
    _Writer(parts, foreign).put(value, 0)
    return _whole(parts)


def head_of(size: int, first: str) -> bytes:
    """How the bytes of a tuple of that size begin that has this text first."""
    text = first.encode()
    return _Head.pack(b"t", size) + _Head.pack(b"s", len(text)) + text


def pack_rest(head: bytes, values: tuple[Value, ...], foreign: Foreign) -> bytes:
    """What `pack` makes of a tuple that ends with these values, where its bytes begin so."""
    parts = [head]
    put = _Writer(parts, foreign).put
    for value in values:
        put(value, 1)
    return _whole(parts)


def _whole(parts: list[bytes]) -> bytes:
    data = b"".join(parts)
    if len(data) > MOST_BYTES:
        raise WireError(f"a value of {len(data):,} bytes is too large to cross")
    return data


def unpack(data: bytes, adopt: Adopt) -> Value:
    """The value of bytes that `pack` made, or that somebody forged.

    Raises:
        ForgedError: if they are no value.
    """
    return _taken(data, 0, adopt, (0,))[0]


def unpack_rest(data: bytes, start: int, number: int, adopt: Adopt) -> list[Any]:
    """So many values at the end of a tuple, from this place on; see `pack_rest` and `unpack`."""
    return _taken(data, start, adopt, (1,) * number)


_FAULTS = (WireError, ValueError, TypeError, ArithmeticError, LookupError, struct.error)
"""What bytes that are no value run into."""


def unpack_at(data: bytes, start: int, adopt: Adopt) -> tuple[Any, int]:
    """The value that begins at this place of bytes in which several follow each other; its end."""
    reader = _Reader(data, adopt, start)
    try:
        return reader.take(0), reader.place
    except _FAULTS as exc:
        raise ForgedError(f"these bytes are no value: {exc}") from exc


def _taken(data: bytes, start: int, adopt: Adopt, depths: tuple[int, ...]) -> list[Any]:
    reader = _Reader(data, adopt, start)
    try:
        values = [reader.take(depth) for depth in depths]
    except _FAULTS as exc:
        raise ForgedError(f"these bytes are no value: {exc}") from exc
    if reader.place != len(data):
        raise ForgedError("there are bytes behind the value")
    return values


_COLLECTIONS: dict[Any, bytes] = {
    list: b"l",
    tuple: b"t",
    set: b"S",
    frozenset: b"Z",
    dict: b"d",
}

_STANDARD: dict[tuple[str, str], Callable[[Any], tuple[Any, ...]]] = {
    ("decimal", "Decimal"): lambda value: (str(value),),
    ("fractions", "Fraction"): lambda value: (str(value),),
    ("builtins", "range"): lambda value: (value.start, value.stop, value.step),
    ("collections", "deque"): lambda value: (list(value), value.maxlen),
    ("datetime", "timedelta"): lambda value: (value.days, value.seconds, value.microseconds),
    ("datetime", "date"): lambda value: (value.isoformat(),),
    ("datetime", "datetime"): lambda value: (value.isoformat(),),
    ("datetime", "time"): lambda value: (value.isoformat(),),
}
"""Well-known values of the standard library, by what they are made of. Their modules are loaded
where such a value is met, as every process pays for every module."""

_MODULE_OF = {name: module for module, name in _STANDARD}
_WRITTEN = ("date", "datetime", "time")
"""Classes that are made of ISO text."""

_WITH_POWER = frozenset(
    (
        *("eval", "exec", "compile", "open", "input", "breakpoint", "globals", "locals", "vars"),
        *("getattr", "setattr", "delattr", "__import__", "__build_class__"),
    )
)
"""Builtins that never cross as themselves: called by tests on what a program says, they would do
as the program says."""


class _Writer:
    def __init__(self, parts: list[bytes], foreign: Foreign) -> None:
        self._add = parts.append
        self._foreign = foreign
        self._size = 0

    def put(self, value: Value, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise WireError(f"a value nested deeper than {MOST_DEPTH} does not cross")
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        # Exact types first: they are nearly all.
        if kind is str:
            self._sized(b"s", value.encode("utf-8", "surrogatepass"))
        elif kind is int:
            self._integer(value)
        elif value is None or kind is bool:
            self._add(b"N" if value is None else b"T" if value else b"F")
        elif kind is tuple or kind is list:
            self._head(b"t" if kind is tuple else b"l", len(value))
            self._items(value, depth + 1)
        elif kind is float:
            self._add(_TaggedFloat.pack(b"f", value))
        elif kind is dict:
            self._dict(value, depth)
        elif kind is bytes:
            self._sized(b"b", value)
        else:
            self._other(value, depth)

    def _items(self, values: "list[Any] | tuple[Any, ...]", depth: int) -> None:
        """What is in a list; most is small, and a call for each would take longer than it."""
        add, numbers = self._add, 0
        for item in values:
            kind: Any = type(item)  # pyright: ignore[reportUnknownVariableType]
            if kind is int and -_SMALL <= item < _SMALL:
                add(_Tagged.pack(b"j", item))
            elif kind is float:
                add(_TaggedFloat.pack(b"f", item))
            else:
                self.put(item, depth)
                continue
            numbers += 1
            if numbers * _TAGGED > MOST_BYTES:
                raise WireError("a value is too large to cross")
        self._size += numbers * _TAGGED

    def _other(self, value: Value, depth: int) -> None:
        if isinstance(value, str):
            self._sized(b"s", str.encode(value, "utf-8", "surrogatepass"))
        elif isinstance(value, int):
            self._integer(int.__index__(value))
        elif isinstance(value, float):
            self._add(b"f" + _Float.pack(float.__float__(value)))
        elif isinstance(value, (list, tuple, set, frozenset, dict)):
            self._collection(value, depth)
        else:
            self._rare(value, depth)

    def _integer(self, value: int) -> None:
        if -_SMALL <= value < _SMALL:
            self._add(_Tagged.pack(b"j", value))
            return
        size = value.bit_length() // 8 + 1
        if size > MOST_INT_BYTES:
            raise WireError("an integer of over two million digits does not cross")
        self._sized(b"i", value.to_bytes(size, "little", signed=True))

    def _collection(self, value: Value, depth: int) -> None:
        base = _base_of(value)
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        if _COLLECTIONS[base] == b"t" and hasattr(kind, "_fields") and hasattr(kind, "_make"):
            self._add(b"n")
            self.put(kind.__name__, depth + 1)
            self.put(tuple(map(str, kind._fields)), depth + 1)
        elif base is dict:
            self._dict(value, depth)
            return
        else:
            self._head(_COLLECTIONS[base], base.__len__(value))
        for item in base.__iter__(value):
            self.put(item, depth + 1)

    def _dict(self, value: Value, depth: int) -> None:
        base: Any = dict
        self._head(b"d", base.__len__(value))
        for key, item in list(base.items(value)):
            self.put(key, depth + 1)
            self.put(item, depth + 1)

    def _rare(self, value: Value, depth: int) -> None:
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, complex):
            self._add(b"c" + _Complex.pack(value.real, value.imag))
        elif isinstance(value, (bytes, bytearray)):
            self._sized(b"b" if isinstance(value, bytes) else b"y", bytes(value))
        elif _is_standard(kind) and getattr(value, "tzinfo", None) is None:
            self._add(b"x")
            made_of = _STANDARD[kind.__module__, kind.__name__]
            self.put((kind.__name__, made_of(value)), depth + 1)
        elif isinstance(value, (type, BuiltinFunctionType)) and _is_builtin(value):
            self._sized(b"g", value.__name__.encode())
        elif kind.__module__ == "numpy" and not getattr(value, "ndim", 1):
            self.put(getattr(value, "item")(), depth + 1)  # noqa: B009 - numpy is no dependency
        else:
            self._add(b"o")
            self.put(self._foreign(value), depth + 1)

    def _sized(self, tag: bytes, data: bytes) -> None:
        self._head(tag, len(data))
        self._add(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            raise WireError("a value is too large to cross")

    def _head(self, tag: bytes, size: int) -> None:
        self._add(_Head.pack(tag, size))
        self._size += 5
        if self._size > MOST_BYTES:
            raise WireError("a value is too large to cross")


def _base_of(value: Value) -> Value:
    """Which of the builtin collections a value is, or derives from."""
    return next(each for each in _COLLECTIONS if isinstance(value, each))


def _is_builtin(value: Value) -> bool:
    name = value.__name__
    return getattr(builtins, name, None) is value and name not in _WITH_POWER


def _is_standard(kind: Value) -> bool:
    """Whether it is one of the classes of `_STANDARD`, and not one of that name."""
    name = kind.__name__
    return (
        _MODULE_OF.get(name) == kind.__module__
        and getattr(sys.modules.get(kind.__module__), name, None) is kind
    )


def _made(name: str, arguments: tuple[Any, ...]) -> Value:
    """A value of one of the classes of `_STANDARD`."""
    kind = getattr(importlib.import_module(_MODULE_OF[name]), name)
    return kind.fromisoformat(*arguments) if name in _WRITTEN else kind(*arguments)


_N, _T, _F, _I, _J, _FL, _S, _L, _TU, _D, _B = b"NTFijfsltdb"
_TAG = 1


class _Reader:
    def __init__(self, data: bytes, adopt: Adopt, place: int = 0) -> None:
        self._data = data
        self._adopt = adopt
        self.place = place

    def take(self, depth: int) -> Value:
        if depth > MOST_DEPTH + 10:
            raise WireError("a value is nested too deep")
        tag = self._data[self.place]
        if tag in (_J, _FL):
            return self._number(tag)
        self.place += _TAG
        if tag == _S:
            return self._sized().decode("utf-8", "surrogatepass")
        if tag == _I:
            return self._integer()
        if tag in (_N, _T, _F):
            return None if tag == _N else tag == _T
        if tag == _L:
            return self._items(depth + 1)
        if tag == _TU:
            return tuple(self._items(depth + 1))
        if tag == _B:
            return self._sized()
        if tag == _D:
            return {self.take(depth + 1): self.take(depth + 1) for _ in range(self._count())}
        return self._rare(bytes((tag,)), depth)

    def _number(self, tag: int) -> "int | float":
        """A small integer or a float, which are as long."""
        form = _Tagged if tag == _J else _TaggedFloat
        value = form.unpack_from(self._data, self.place)[1]
        self.place += _TAGGED
        return value

    def _items(self, depth: int) -> list[Any]:
        data, items = self._data, list[Any]()
        for _ in range(self._count()):
            tag = data[self.place]
            if tag == _J:
                items.append(_Tagged.unpack_from(data, self.place)[1])
                self.place += _TAGGED
            else:
                items.append(self.take(depth))
        return items

    def _rare(self, tag: bytes, depth: int) -> Value:
        match tag:
            case b"S" | b"Z":
                items = [self.take(depth + 1) for _ in range(self._count())]
                return set(items) if tag == b"S" else frozenset(items)
            case b"c":
                return complex(*_Complex.unpack(self._bytes(16)))
            case b"y":
                return bytearray(self._sized())
            case b"n":
                return self._namedtuple(depth)
            case b"g":
                return self._builtin(self._sized().decode())
            case b"x":
                name, arguments = self.take(depth + 1)
                return _made(name, arguments)
            case b"o":
                return self._foreign(self.take(depth + 1))
            case _:
                raise WireError(f"{tag!r} is no kind of value")

    def _integer(self) -> int:
        data = self._sized()
        if len(data) > MOST_INT_BYTES:
            raise WireError("an integer has too many digits")
        return int.from_bytes(data, "little", signed=True)

    def _foreign(self, described: Value) -> Value:
        if type(described) is not tuple or not described:
            raise WireError("an object is described by something else")
        return self._adopt(described)  # pyright: ignore[reportUnknownArgumentType]

    def _namedtuple(self, depth: int) -> Value:
        from collections import namedtuple

        name, names = self.take(depth + 1), self.take(depth + 1)
        values = [self.take(depth + 1) for _ in names]
        return namedtuple(name, names)(*values)  # pyright: ignore[reportUntypedNamedTuple]

    def _builtin(self, name: str) -> Value:
        value = getattr(builtins, name, None)
        if not isinstance(value, (type, BuiltinFunctionType)) or name in _WITH_POWER:
            raise WireError(f"{name} is no builtin that crosses")
        return value

    def _count(self) -> int:
        place = self.place
        size: int = _Size.unpack_from(self._data, place)[0]
        self.place = place = place + _SIZE
        if size > len(self._data) - place:
            raise WireError("a collection says that it is longer than its bytes")
        return size

    def _sized(self) -> bytes:
        return self._bytes(self._count())

    def _bytes(self, size: int) -> bytes:
        start, self.place = self.place, self.place + size
        if self.place > len(self._data):
            raise WireError("a value ends early")
        return self._data[start : self.place]
