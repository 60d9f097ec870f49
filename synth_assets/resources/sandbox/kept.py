"""Processes that the server keeps for several runs: one for tests, one for plain programs."""

import select
import socket
from collections.abc import Callable

from synth_assets.resources.sandbox import batch, examiner, follower
from synth_assets.resources.sandbox.children import Child
from synth_assets.resources.sandbox.confine import Cage, arrange, confine
from synth_assets.resources.sandbox.orders import Bounds

_CONTROL = 3
_LASTING_S = 100_000.0
_MOST_SERVED = 1000
_READY_MS = 200


class Kept:
    """A process, and the talk with it.

    Args:
        who: what it is called in reports.
        cage: the surroundings.
        user: whom it becomes.
        bounds: of each run.
        null: a descriptor of nothing.
        serve: what it does with its end of the talk, descriptor 3.

    Attributes:
        is_silent: whether it says nothing more.
    """

    def __init__(
        self,
        who: str,
        cage: Cage,
        user: int | None,
        bounds: Bounds,
        null: int,
        serve: Callable[[], None],
    ) -> None:
        self.bounds = bounds
        self.served = 0
        self.is_silent = False
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def work() -> None:
            rules = [] if cage.tests_rules is None else [cage.tests_rules]
            arrange([null] * 3 + [theirs.fileno(), *rules])
            lasting = Bounds(_LASTING_S, bounds.wall_s, bounds.memory_mb, bounds.output_kb)
            confine(cage, lasting, _CONTROL + 1 if rules else None, user)
            serve()

        self.child = Child(who, work)
        theirs.close()

    def order(self, descriptors: list[int], kind: bytes = batch.ONE) -> None:
        """Hand over what the next run needs, or a batch of them."""
        self.served += 1
        self.child.begin()
        socket.send_fds(self.control, [kind + str(self.bounds.cpu_s).encode()], descriptors)

    def hear(self) -> bytes | None:
        """What it says, if anything; empty where it says nothing more."""
        try:
            said = self.control.recv(16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except ConnectionError:
            said = b""
        self.is_silent |= not said
        return said

    def end(self) -> None:
        """Make it end."""
        self.child.collect(stop=True)
        self.control.close()


class Tests(Kept):
    """A process for tests.

    An order brings the channel to a program, its tests and the file of the verdict.
    """

    def __init__(self, cage: Cage, bounds: Bounds, null: int) -> None:
        user = None if cage.user is None else cage.user + 1
        super().__init__("tests", cage, user, bounds, null, lambda: examiner.serve(_CONTROL))
        self.may_serve_on = True

    def may_serve(self, bounds: Bounds) -> bool:
        """Whether it may have another run, as far as it is known here."""
        return self.bounds == bounds and self.served < _MOST_SERVED

    def answer(self) -> bytes:
        """What it says of itself at the end; nothing before, or where it says nothing more."""
        said = self.hear()
        if said is None:
            return b""
        self.may_serve_on &= said in (examiner.FIT, examiner.ANEW)
        return b"" if said == examiner.OWN else said


class Follower(Kept):
    """A process for plain programs.

    An order brings the channel to the tests, and the program.

    Attributes:
        is_done: whether it is done with the program it was given last.
    """

    def __init__(self, cage: Cage, bounds: Bounds, null: int) -> None:
        user = None if cage.user is None else cage.user + 2
        memory_mb = bounds.memory_mb
        super().__init__(
            "program", cage, user, bounds, null, lambda: follower.serve(_CONTROL, memory_mb)
        )
        self.is_done = True
        self._is_fit = True

    def order(self, descriptors: list[int], kind: bytes = batch.ONE) -> None:
        """Hand over what the next run needs, or a batch of them."""
        self.is_done = self._is_fit = False
        super().order(descriptors, kind)

    def may_serve(self, bounds: Bounds) -> bool:
        """Whether it may have another run; waits a little until it is done with the last."""
        if self.bounds != bounds or self.served >= _MOST_SERVED:
            return False
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while not self.is_done and poll.poll(_READY_MS):
            self.answer()
        return self._is_fit

    def answer(self) -> bytes:
        """What it says of the program, where that is not to be judged here."""
        said = self.hear()
        if said in (follower.OTHER, follower.ALONE):
            return said
        if said is not None:
            self.is_done = True
            self._is_fit = said == follower.FIT
        return b""
