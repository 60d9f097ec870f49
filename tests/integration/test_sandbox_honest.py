from collections.abc import Iterator

import pytest

from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    Limit,
    LimitReached,
    NotRun,
    Passed,
    ProgramJob,
    ProgramLimits,
    StreamCase,
    StreamTests,
    TestStyle,
)
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.sandboxes import open_sandbox

_CASES = {
    "prints while it works": (
        "def f(n):\n    print('x' * 100_000)\n    return n",
        "assert f(1) == 1",
    ),
    "keeps state": (
        "count = 0\ndef f():\n    global count\n    count += 1\n    return count",
        "assert [f(), f(), f()] == [1, 2, 3]",
    ),
    "recurses deep": (
        "import sys\nsys.setrecursionlimit(20_000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)",
        "assert f(9_000) == 9_000",
    ),
    "generates": (
        "def f(n):\n    for i in range(n): yield i * i",
        "assert list(f(4)) == [0, 1, 4, 9]",
    ),
    "generates without end": (
        "import itertools\ndef f(): return itertools.count(3)",
        "it = f()\nassert [next(it), next(it)] == [3, 4]",
    ),
    "is a lambda": ("f = lambda *a, k=2: sum(a) * k", "assert f(1, 2) == 6 and f(1, k=5) == 5"),
    "is decorated": (
        "import functools\n@functools.lru_cache(None)\n"
        "def f(n): return n if n < 2 else f(n-1) + f(n-2)",
        "assert f(90) == 2880067194370816120",
    ),
    "decorates a function of the tests": (
        "def twice(g):\n    def h(*a): return 2 * g(*a)\n    return h",
        "@twice\ndef three(): return 3\nassert three() == 6",
    ),
    "calls a function of the tests": (
        "def f(g, xs): return [g(x) for x in xs]",
        "assert f(lambda x: x + 1, [1, 2]) == [2, 3]\nassert f(str, [1]) == ['1']",
    ),
    "returns a function": ("def f(a): return lambda b: a * b", "assert f(3)(4) == 12"),
    "is a class": (
        "class Stack:\n    def __init__(self): self.items = []\n"
        "    def push(self, x): self.items.append(x)\n    def pop(self): return self.items.pop()\n"
        "    def __len__(self): return len(self.items)\n"
        "    def __contains__(self, x): return x in self.items",
        "s = Stack()\ns.push(3)\ns.push([4])\nassert len(s) == 2 and 3 in s and 5 not in s\n"
        "assert s.pop() == [4] and s.items == [3]\nassert isinstance(s, Stack)",
    ),
    "has operators": (
        "class Vector:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
        "    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)\n"
        "    def __mul__(self, k): return Vector(self.x * k, self.y * k)\n"
        "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n"
        "    def __repr__(self): return f'<{self.x} {self.y}>'",
        "assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)\nassert (Vector(1, 2) * 3).y == 6\n"
        "assert Vector(1, 2) != Vector(2, 1)\nassert repr(Vector(1, 2)) == '<1 2>'",
    ),
    "is a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 2\n"
        "def make(x): return P(x)",
        "assert make(1) == P(1, 2)\nassert make(1).y == 2",
    ),
    "returns named tuples": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)",
        "assert f() == (1, 2) and f().y == 2",
    ),
    "returns subclasses": (
        "from collections import Counter, OrderedDict, defaultdict, deque\nimport enum\n"
        "class C(enum.IntEnum):\n    RED = 1\n"
        "def f():\n    d = defaultdict(list); d[1].append(2)\n"
        "    return Counter('aab'), OrderedDict(a=1), d, deque([1]), C.RED",
        "a, b, c, d, e = f()\nassert a == {'a': 2, 'b': 1} and b == {'a': 1} and c == {1: [2]}\n"
        "assert list(d) == [1] and e == 1",
    ),
    "returns dates and decimals": (
        "import datetime as t, decimal, fractions\n"
        "def f(): return t.date(2024, 2, 29), decimal.Decimal('0.1'), fractions.Fraction(1, 3)",
        "import datetime, decimal, fractions\nassert f() == (datetime.date(2024, 2, 29), "
        "decimal.Decimal('0.1'), fractions.Fraction(1, 3))",
    ),
    "has a Unicode name": ("def größe(π): return len(π)", "assert größe('日本語') == 3"),
    "counts large": ("def f(n): return 7 ** n", "assert f(5_000) % 1_000 == pow(7, 5_000, 1_000)"),
    "is near": ("def f(): return 0.1 + 0.2", "import math\nassert math.isclose(f(), 0.3)"),
    "gives odd floats": (
        "def f(): return float('inf'), float('nan'), -0.0, 2j",
        "a, b, c, d = f()\nassert a > 1e308 and b != b and str(c) == '-0.0' and d * d == -4",
    ),
    "changes what it is given": (
        "def f(xs, d):\n    xs.sort()\n    d['n'] = len(xs)",
        "xs, d = [3, 1, 2], {}\nassert f(xs, d) is None\nassert xs == [1, 2, 3] and d == {'n': 3}",
    ),
    "raises": (
        "class Poor(ValueError): pass\ndef f(n):\n    if n < 0: raise ValueError('negative')\n"
        "    if n > 9: raise Poor(n)\n    return {}[n]",
        "for n, kind in ((-1, ValueError), (1, KeyError), (10, Poor), (10, ValueError)):\n"
        "    try:\n        f(n)\n    except kind as exc:\n"
        "        assert n != -1 or str(exc) == 'negative'\n"
        "    else:\n        assert False",
    ),
    "is asynchronous": (
        "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n + 1",
        "import asyncio\nassert asyncio.run(f(1)) == 2",
    ),
    "uses threads": (
        "from concurrent.futures import ThreadPoolExecutor\ndef f(xs):\n"
        "    with ThreadPoolExecutor(4) as pool: return list(pool.map(abs, xs))",
        "assert f([-1, -2]) == [1, 2]",
    ),
    "uses files": (
        "import tempfile, os\ndef f(text):\n    with tempfile.TemporaryDirectory() as d:\n"
        "        p = os.path.join(d, 'a')\n        open(p, 'w').write(text)\n"
        "        return open(p).read()",
        "assert f('hello') == 'hello'",
    ),
    "uses a database": (
        "import sqlite3\ndef f():\n    c = sqlite3.connect(':memory:')\n"
        "    return c.execute('select 1 + 1').fetchone()",
        "assert f() == (2,)",
    ),
    "is a context manager": (
        "class Open:\n    def __enter__(self):\n        self.on = True\n        return self\n"
        "    def __exit__(self, *_): self.on = False",
        "with Open() as o:\n    assert o.on\nassert not o.on",
    ),
    "links nodes": (
        "class Node:\n    def __init__(self, v, n=None): self.v, self.next = v, n\n"
        "def reverse(n):\n    last = None\n    while n: n.next, last, n = last, n, n.next\n"
        "    return last",
        "a = Node(1, Node(2))\nb = a.next\nr = reverse(a)\nassert r is b and r.next.v == 1",
    ),
    "has a main part": (
        "def f(): return 1\nif __name__ == '__main__':\n    import sys; sys.exit(f())",
        "assert f() == 1",
    ),
    "is named as a module": ("def calendar(n): return n + 1", "assert calendar(1) == 2"),
    "is named as a builtin": ("def sum(a, b): return a + b", "assert sum(1, 2) == 3"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


@pytest.mark.parametrize("name", _CASES)
def test_sandbox_honest_odd_program_passes(sandbox: Sandbox, name: str):
    program, tests = _CASES[name]
    assert sandbox.run(ProgramJob(program, CallTests(tests))) == Passed()


def test_sandbox_doctest_sees_what_is_printed_and_raised(sandbox: Sandbox):
    program = "def f(x):\n    print('got', x)\n    if x < 0: raise ValueError('no')\n    return [x]"
    tests = ">>> f(1)\ngot 1\n[1]\n>>> f(-1)\nTraceback (most recent call last):\nValueError: no\n"
    right = CallTests(tests, TestStyle.DOCTEST)
    wrong = CallTests(tests.replace("[1]", "[2]"), TestStyle.DOCTEST)

    assert sandbox.run(ProgramJob(program.replace("    print('got', x)\n", ""), right)) != Passed()
    assert sandbox.run(ProgramJob("def g(): pass", right)) != Passed()
    failed = sandbox.run(ProgramJob(program, wrong))
    assert isinstance(failed, Failed)
    assert "f(1)" in failed.what
    first = CallTests(tests.split(">>> f(-1)")[0], TestStyle.DOCTEST)
    assert sandbox.run(ProgramJob(program, first)) == Passed()


def test_sandbox_unittest_names_the_method_that_fails(sandbox: Sandbox):
    tests = CallTests(
        "import unittest\nfrom solution import f\nclass TestF(unittest.TestCase):\n"
        "    def setUp(self): self.one = 1\n"
        "    def test_one(self): self.assertEqual(f(self.one), 2)\n"
        "    def test_error(self):\n        with self.assertRaises(TypeError): f('a')\n"
        "if __name__ == '__main__': unittest.main()",
        TestStyle.UNITTEST,
    )
    assert sandbox.run(ProgramJob("def f(x): return x + 1", tests)) == Passed()

    failed = sandbox.run(ProgramJob("def f(x): return x + 0", tests))
    assert isinstance(failed, Failed)
    assert "test_one" in failed.what
    assert "1 != 2" in failed.what


@pytest.mark.parametrize(
    ("program", "tests", "outcome"),
    [
        ("def f(x): return x", "assert f(1) == 1\nassert f(2) == 3", ("assert f(2) == 3", "got 2")),
        ("def f(x): return x", "assert g(1) == 1", ("assert g(1) == 1", "name 'g'")),
        ("def f(x): return 1 / x", "assert f(0) == 1", ("assert f(0)", "ZeroDivisionError")),
        ("def f(x): return x", "assert f(1", ("the tests", "are no Python")),
    ],
)
def test_sandbox_failing_test_is_named_with_what_was_seen(
    sandbox: Sandbox, program: str, tests: str, outcome: tuple[str, str]
):
    failed = sandbox.run(ProgramJob(program, CallTests(tests)))

    assert isinstance(failed, Failed)
    assert outcome[0] in failed.where
    assert outcome[1] in failed.what


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("def f(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise ValueError('at once')", "ValueError: at once"),
        ("import os; os._exit(3)", "the program ended itself with exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
    ],
)
def test_sandbox_program_that_does_not_load_is_told_from_a_wrong_one(
    sandbox: Sandbox, program: str, told: str
):
    outcome = sandbox.run(ProgramJob(program, CallTests("assert f(1) == 1")))

    assert isinstance(outcome, DoesNotRun)
    assert told in outcome.what


@pytest.mark.parametrize(
    ("program", "limits", "limit"),
    [
        ("def f():\n    while True: pass", ProgramLimits(cpu_s=0.3), Limit.CPU),
        ("import time\ndef f(): time.sleep(99)", ProgramLimits(wall_s=2.0), Limit.WALL),
        ("def f(): return bytearray(1 << 30)", ProgramLimits(memory_mb=256), Limit.MEMORY),
    ],
)
def test_sandbox_limit_that_is_met_is_named(
    sandbox: Sandbox, program: str, limits: ProgramLimits, limit: Limit
):
    outcome = sandbox.run(ProgramJob(program, CallTests("assert f() == 1"), limits))

    assert isinstance(outcome, LimitReached)
    assert outcome.limit == limit


def test_sandbox_streams_compare_output_line_by_line(sandbox: Sandbox):
    program = "n = int(input())\nfor i in range(n):\n    print(i, end='  \\n')"
    right = StreamTests((StreamCase("2\n", "0\n1"), StreamCase("0", "")))
    wrong = StreamTests((StreamCase("2\n", "0\n1"), StreamCase("1", "1")))

    assert sandbox.run(ProgramJob(program, right)) == Passed()
    assert sandbox.run(ProgramJob(program, wrong)) == Failed("case 2: input '1'", "it prints '0'")


def test_sandbox_support_of_tests_is_not_the_programs_to_define(sandbox: Sandbox):
    support = "def distance(a, b): return abs(a - b)"
    tests = CallTests(
        "def check(f):\n    assert distance(f(2), 4) < 1", entry_point="f", support=support
    )
    cheat = "def distance(a, b): return 0\ndef f(x): return 99"

    assert sandbox.run(ProgramJob("def f(x): return x * x", tests)) == Passed()
    assert isinstance(sandbox.run(ProgramJob(cheat, tests)), Failed)


def test_sandbox_tests_that_cannot_cross_say_nothing_of_the_program(sandbox: Sandbox):
    tests = CallTests("class Own: pass\nassert f(Own()) is None")
    outcome = sandbox.run(ProgramJob("def f(x): return None", tests))

    assert isinstance(outcome, NotRun)
    assert "their own class Own" in outcome.what


def test_sandbox_tests_that_lie_about_their_process_serve_nobody_else(sandbox: Sandbox):
    lying = CallTests(
        "import os\nos.write(3, b'fit')\nimport builtins\n"
        "builtins.sorted = lambda *_: [1, 2]\nwhile True: pass"
    )
    limits = ProgramLimits(cpu_s=2.0)
    sandbox.run(ProgramJob("def f(): return 1", lying, limits))
    wrong = CallTests("assert sorted(f()) == [1, 2]")

    outcome = sandbox.run(ProgramJob("def f(): return [3]", wrong, limits))
    assert isinstance(outcome, Failed)


def test_sandbox_tests_that_change_the_interpreter_leave_no_trace(sandbox: Sandbox):
    changing = CallTests("import builtins\nbuiltins.sorted = lambda *_: [1, 2]\nassert f() == [3]")
    plain = CallTests("assert sorted(f()) == [1, 2]")
    program = "def f(): return [3]"

    assert sandbox.run(ProgramJob(program, plain)) != Passed()
    assert sandbox.run(ProgramJob(program, changing)) == Passed()
    assert sandbox.run(ProgramJob(program, plain)) != Passed()


def test_sandbox_plain_tests_in_a_row_see_nothing_of_each_other(sandbox: Sandbox):
    first = CallTests("left = 1\nassert f() == 1")
    second = CallTests("assert left == 1")

    assert sandbox.run(ProgramJob("def f(): return 1", first)) == Passed()
    outcome = sandbox.run(ProgramJob("def f(): return 1", second))
    assert isinstance(outcome, Failed)
    assert "name 'left'" in outcome.what


def test_sandbox_program_that_hands_out_builtins_gets_none_called_on_its_word(sandbox: Sandbox):
    program = (
        "def run(): return eval\ndef said(): return '__import__(\"os\")._exit(0)'\n"
        "def f(): return 1"
    )
    outcome = sandbox.run(ProgramJob(program, CallTests("g = run()\nassert g(said()) == 1")))

    assert isinstance(outcome, Failed)
    assert "ended itself" in outcome.what


def test_sandbox_run_all_keeps_the_order():
    jobs = [ProgramJob(f"def f(): return {n % 3}", CallTests("assert f() == 0")) for n in range(12)]
    with open_sandbox(size=2) as opened:
        outcomes = opened.run_all(jobs)

    assert [isinstance(each, Passed) for each in outcomes] == [n % 3 == 0 for n in range(12)]
