"""What programs cost with nothing else: no confinement, no channel, tests within them.

`python -S benchmarks/bare_fork.py [--together] < PROGRAMS` reads a JSON list of programs, each with
its tests, runs each in a fork of this small process on one processor, and prints how many passed
and the CPU and wall seconds. With `--together` nothing is forked: all run in this process, which is
the least that compiling and running them can cost.
"""

import gc
import json
import os
import resource
import sys
import time


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _run(program: str) -> None:
    exec(compile(program, "<program>", "exec"), {"__name__": "program"})


def _passes_forked(program: str) -> bool:
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] == 0
    code = 1
    try:
        _run(program)
        code = 0
    finally:
        os._exit(code)


def _passes_here(program: str) -> bool:
    try:
        _run(program)
    except Exception:  # noqa: BLE001 - whatever a program raises, it did not pass
        return False
    return True


passes = _passes_here if "--together" in sys.argv else _passes_forked
programs = json.load(sys.stdin)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
told = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
gc.collect()
gc.freeze()
cpu, began = _cpu_s(), time.perf_counter()
passed = sum(map(passes, programs))
result = json.dumps([passed, _cpu_s() - cpu, time.perf_counter() - began])
os.write(told, result.encode())
