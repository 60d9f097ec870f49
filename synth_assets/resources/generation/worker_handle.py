"""A worker process as whoever started it has it in hand."""

import asyncio
import multiprocessing
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeAlias, cast

from synth_assets.resources.generation.errand import (
    Count,
    Ended,
    Errand,
    PartWanted,
    PartWritten,
)
from synth_assets.resources.generation.parts import Part

_PATIENCE_S = 4.5
"""Generation stops within less; whoever asked for it waits five seconds."""

_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from synth_assets.resources.generation.worker_process import serve; serve(int(sys.argv[1]))"
)

Message: TypeAlias = PartWanted | PartWritten | Count | Ended


class WorkerHandle:
    """A process that is started at once; use within one event loop, and close it.

    It is in a process group of its own, so that Ctrl-C in a terminal reaches the run alone.
    """

    def __init__(self) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), *sys.path],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                process_group=0,
            )
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe.fileno(), self._read)
        self._has_ended = False
        self._kill: asyncio.TimerHandle | None = None

    async def send(self, errand: Errand) -> None:
        """Say what is to be done; a process that is no more hears nothing."""
        # Seeds may be many, and the process reads them once it has started.
        with suppress(OSError):
            await asyncio.to_thread(self._pipe.send, errand)

    def give(self, part: Part | None) -> None:
        """Answer a `PartWanted`; a process that is no more hears nothing."""
        with suppress(OSError):
            self._pipe.send(part)

    async def said(self) -> AsyncIterator[Message]:
        """What the process says, until its last word or its end."""
        while not self._has_ended:
            message = await self._inbox.get()
            self._has_ended = message is None or isinstance(message, Ended)
            if message is not None:
                yield message

    def tell_to_stop(self) -> None:
        """Let it finish what it has sent, for a few seconds; then it is ended."""
        self._process.terminate()
        self._kill = self._loop.call_later(_PATIENCE_S, self._process.kill)

    async def close(self) -> int:
        """Wait for its end.

        Returns:
            Its exit code; a negative one is a signal.
        """
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        code = await asyncio.to_thread(self._waited)
        if self._kill is not None:
            self._kill.cancel()
        return code

    def _waited(self) -> int:
        try:
            return self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _read(self) -> None:
        try:
            message = cast(Message, self._pipe.recv())
        except (EOFError, OSError):
            self._loop.remove_reader(self._pipe.fileno())
            self._inbox.put_nowait(None)
        else:
            self._inbox.put_nowait(message)
