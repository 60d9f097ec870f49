"""The worker's side: answers questions until nobody asks any more, within its limits.

Processor time is bounded by the profiling timer, whose signal ends the process whatever it is at,
inside C code too; Python's own alarms would wait for it.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

OUT_OF_MEMORY = 3
"""Exit code of a worker."""


@dataclass(frozen=True)
class WorkerLimits:
    """What a worker may use.

    Attributes:
        cpu_s: processor time of one question.
        memory_bytes: address space of the process (Linux).
    """

    cpu_s: float
    memory_bytes: int


def serve(handle: int, answer: Callable[[Any], Any]) -> None:
    """Answer questions on a pipe.

    Args:
        handle: file descriptor of the pipe's end.
        answer: from the JSON of a question to that of an answer.
    """
    pipe = Connection(handle)
    limits = WorkerLimits(**json.loads(pipe.recv_bytes()))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    sys.set_int_max_str_digits(0)
    try:
        while True:
            question = json.loads(pipe.recv_bytes())
            signal.setitimer(signal.ITIMER_PROF, limits.cpu_s)
            found = answer(question)
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send_bytes(json.dumps(found).encode())
    except EOFError:
        return
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
