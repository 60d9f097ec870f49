"""The process of plain programs: one after the other, each with names of its own.

See `plain` for what may run here. After each the process looks whether anything is left of it, and
serves on only where nothing is.
"""

import _collections_abc
import abc
import builtins
import encodings
import gc
import mmap
import os
import re
import socket
import sys
import typing
import warnings
from bisect import bisect_left
from collections.abc import Iterable
from functools import partial
from itertools import combinations
from types import CodeType
from typing import Any

from synth_assets.resources.sandbox import batch, plain
from synth_assets.resources.sandbox.candidate import FRAMES, Program, give_frames, read_whole
from synth_assets.resources.sandbox.confine import allow_time
from synth_assets.resources.sandbox.stream import Stream
from synth_assets.resources.sandbox.talk import OVER, STOPPED, Message, TalkOver

FIT, SPENT, OTHER, ALONE = b"fit", b"spent", b"other", b"alone"
"""What it says: it is ready for the next, or for none; this program is not plain and was not run;
only in a process of its own can it be told what becomes of this program."""

_GARBAGE = 200_000
_LOOKS_AT_SPACE = 16
"""After how many programs the process looks what address space is left. Only its own end hangs on
that: whatever runs out of memory is run again by itself."""
_SPARE_MB = 16
"""How much address space programs may leave taken, MiB."""
_KINDS = [each for each in vars(_collections_abc).values() if isinstance(each, abc.ABCMeta)]


class _AloneError(BaseException):
    """Memory is used up, and what others left may be what is missing."""


class _PlainProgram(Program):
    """A program that leaves nothing behind.

    Args:
        code: none where it is not plain; then it is not run, and its tests are told so.
        stream: where calls come in, or its descriptor.
    """

    def __init__(self, code: CodeType | None, stream: int | Stream) -> None:
        self._space = plain.space()
        self._is_here = code is not None
        super().__init__(partial(_run, code, self._space), stream)

    def forget(self) -> None:
        """Let go of all that it made."""
        self._space.clear()
        self.__dict__.clear()

    def _answer(self, message: Message) -> Message:
        if self._is_here or message[0] == OVER:
            return super()._answer(message)
        return (STOPPED,)

    def _raised(self, exc: BaseException) -> Message:
        if isinstance(exc, MemoryError | _AloneError):
            raise _AloneError from exc
        return super()._raised(exc)


def _run(code: CodeType | None, space: dict[str, Any]) -> dict[str, Any]:
    assert code is not None
    given = (code, space)
    # So called, it takes one level of depth, however often it was called before.
    exec(*given)
    return space


class _Surroundings:
    """What every program finds the same.

    Args:
        memory_mb: the bound of address space, MiB.
    """

    def __init__(self, memory_mb: int) -> None:
        # Python makes combinations of flags as they are asked for, and keeps them.
        flags = (re.ASCII, re.DOTALL, re.IGNORECASE, re.MULTILINE, re.VERBOSE)
        for number in range(1, len(flags) + 1):
            for some in combinations(flags, number):
                _ = ~_all_of(some)
        self._sizes = _sizes()
        sizes = range(1, memory_mb + 1)
        most = bisect_left(sizes, True, key=lambda size: not _is_free(size))
        self._free_mb = max(1, most - _SPARE_MB)
        self._served = 0

    def are_restored(self) -> bool:
        """Empty what the library keeps for later; whether nothing else is left."""
        re.purge()
        for clear in typing._cleanups:  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
            clear()
        for kind in _KINDS:
            kind._abc_caches_clear()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        self._served += 1
        if _sizes() != self._sizes:
            return False
        if self._served % _LOOKS_AT_SPACE or _is_free(self._free_mb):
            return True
        gc.collect()
        return _is_free(self._free_mb)


def _all_of(flags: Iterable[re.RegexFlag]) -> re.RegexFlag:
    found = re.RegexFlag(0)
    for flag in flags:
        found |= flag
    return found


def _sizes() -> tuple[int, ...]:
    """Of the tables that could grow."""
    return (
        len(sys.modules),
        len(vars(builtins)),
        len(encodings._cache),  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
        len(re.RegexFlag._value2member_map_),
        sys.getrecursionlimit(),
    )


def _is_free(mebibytes: int) -> bool:
    """Whether so much address space could be had."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    try:
        mmap.mmap(-1, mebibytes << 20, flags=flags, prot=mmap.PROT_READ).close()
    except OSError:
        return False
    return True


def serve(control: int, memory_mb: int) -> None:
    """Serve program after program, until nobody orders any more.

    An order brings a time, the channel to the tests and the program, or a batch of them.
    """
    warnings.simplefilter("ignore")
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    give_frames(FRAMES)
    surroundings = _Surroundings(memory_mb)
    with socket.socket(fileno=control) as orders:
        while True:
            told, descriptors, _, _ = socket.recv_fds(orders, 64, 2)
            if not told:
                return
            allow_time(float(told[len(batch.ONE) :]), for_good=False)
            if told.startswith(batch.MANY):
                is_sound = _served_many(surroundings, *descriptors)
            else:
                is_sound = _served(orders, *descriptors) and surroundings.are_restored()
            for descriptor in descriptors:
                os.close(descriptor)
            if not is_sound:
                orders.send(SPENT)
                return
            orders.send(FIT)


def _served_many(surroundings: _Surroundings, channel: int, programs: int) -> bool:
    """Serve programs until their tests are over; false if anything is left."""
    stream = Stream(channel)
    # All are read before the first is begun: what reads them stays in the processor's caches.
    for code in list(map(plain.code_of, batch.texts_of(programs))):
        served = _PlainProgram(code, stream)
        try:
            served.serve()
        except TalkOver:
            pass
        except (_AloneError, Exception):  # noqa: BLE001 - the program is run again by itself
            return False
        if not served.was_released:
            # The tests are gone.
            return _is_left_clean(served) and surroundings.are_restored()
        if not (_is_left_clean(served) and surroundings.are_restored()):
            return False
    return True


def _is_left_clean(served: _PlainProgram) -> bool:
    """Forget a program; false where its tests may have reached further than it can itself."""
    is_sound = served.tests_are_plain
    served.forget()
    return is_sound


def _served(orders: socket.socket, channel: int, program: int) -> bool:
    """Serve one program; false where its tests may have reached further than it can itself."""
    code = plain.code_of(read_whole(program))
    if code is None:
        orders.send(OTHER)
        return True
    served = _PlainProgram(code, channel)
    try:
        served.serve()
    except TalkOver:
        pass
    except (_AloneError, Exception):  # noqa: BLE001 - whatever it is, a fresh process will tell
        orders.send(ALONE)
        # With the channel open, the tests wait until they are ended as well.
        orders.recv(1)
        os._exit(0)
    return _is_left_clean(served)
