"""Workers that do algebra: bounded, replaced, and gone with the process that started them."""

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

from synth_assets.core.verify.answers.expressions import Apply, Number, Scalar, Symbol
from synth_assets.core.verify.tools import Comparison, Proportion, Sameness
from synth_assets.resources.algebra.process import AlgebraBounds, SymbolicAlgebra
from tests.processes import is_running

ROOT = Path(__file__).parents[2]
X = Symbol("x")


def number(value: int) -> Scalar:
    return Number(Fraction(value))


def power(base: Scalar, exponent: Scalar) -> Scalar:
    return Apply("^", (base, exponent))


def root_pair(square: int) -> tuple[Scalar, Scalar]:
    """The root of a square times two, and the same with the square before the root."""
    return (
        Apply("sqrt", (number(2 * square * square),)),
        Apply("*", (number(square), Apply("sqrt", (number(2),)))),
    )


TOWER = power(number(9), power(number(9), power(number(9), number(9))))


def test_worker_on_a_bomb_ends_in_its_processor_time_and_the_next_one_answers() -> None:
    factorial = Apply("factorial", (number(10**9),))
    with SymbolicAlgebra(AlgebraBounds(cpu_s=2)) as algebra:
        for bomb in (TOWER, factorial):
            found = algebra.compare(bomb, X)
            told = "not decided within 2 s of processor time"
            assert found == Comparison(Sameness.UNDECIDED, told)
        assert algebra.compare(*root_pair(3)).sameness is Sameness.EQUAL


def test_worker_without_memory_leaves_its_question_undecided() -> None:
    total = Apply("+", tuple(Symbol(name) for name in "abcd"))
    square = Apply("+", tuple(Apply("*", (u, v)) for u in total.args for v in total.args))
    bounds = AlgebraBounds(cpu_s=30, memory_bytes=64 * 1024**2)
    with SymbolicAlgebra(bounds) as algebra:
        found = algebra.compare(power(square, number(12)), power(total, number(24)))
    assert found == Comparison(Sameness.UNDECIDED, "not decided within 64 MiB of memory")


def test_worker_killed_between_questions_is_replaced_unnoticed() -> None:
    with SymbolicAlgebra() as algebra:
        assert algebra.compare(*root_pair(3)).sameness is Sameness.EQUAL
        os.kill(algebra.worker_pid or 0, signal.SIGKILL)
        assert algebra.compare(*root_pair(5)).sameness is Sameness.EQUAL


def test_worker_is_replaced_after_its_questions_and_answers_are_remembered() -> None:
    with SymbolicAlgebra(AlgebraBounds(questions=1)) as algebra:
        assert algebra.compare(*root_pair(3)).sameness is Sameness.EQUAL
        assert algebra.worker_pid is None
        assert algebra.compare(*root_pair(3)).sameness is Sameness.EQUAL
        assert algebra.worker_pid is None


def test_multiples_are_told_from_equals_and_by_their_sign() -> None:
    line = Apply("+", (X, number(-3)))
    with SymbolicAlgebra() as algebra:
        for factor, positive in ((4, Sameness.EQUAL), (-4, Sameness.DIFFERENT)):
            other = Apply("+", (Apply("*", (number(factor), X)), number(-3 * factor)))
            assert algebra.compare(line, other).sameness is Sameness.DIFFERENT
            assert algebra.compare(line, other, Proportion.MULTIPLE).sameness is Sameness.EQUAL
            found = algebra.compare(line, other, Proportion.POSITIVE_MULTIPLE)
            assert found.sameness is positive


CHILD = """
import os, sys, time
from fractions import Fraction
from synth_assets.core.verify.answers.expressions import Apply, Number
from synth_assets.resources.algebra.process import SymbolicAlgebra

algebra = SymbolicAlgebra()
eight, two = Number(Fraction(8)), Number(Fraction(2))
pair = Apply("sqrt", (eight,)), Apply("*", (two, Apply("sqrt", (two,))))
said = [algebra.compare(*pair).sameness.value, str(algebra.worker_pid)]
reading, writing = os.pipe()
if not os.fork():
    found = algebra.compare(pair[0], two).sameness.value
    os.write(writing, f"{found} {algebra.worker_pid}".encode())
    algebra.close()
    os._exit(0)
os.wait()
print(*said, os.read(reading, 100).decode(), flush=True)
time.sleep(60)
"""


def test_worker_is_not_shared_with_a_fork_and_goes_with_its_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        first, worker, second, other_worker = child.stdout.readline().split()
        assert (first, second) == ("equal", "different")
        assert worker != other_worker
        child.kill()
    deadline = time.monotonic() + 30
    while any(is_running(int(pid)) for pid in (worker, other_worker)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
