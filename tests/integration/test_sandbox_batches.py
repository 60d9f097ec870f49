import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_assets.core.verify.programs import (
    CallTests,
    Failed,
    Limit,
    LimitReached,
    NotRun,
    Passed,
    ProgramJob,
    ProgramLimits,
    ProgramOutcome,
)
from synth_assets.resources.sandbox import batch
from synth_assets.resources.sandbox.orders import Bounds, Report
from synth_assets.resources.sandbox.process import ZygoteProcess
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.lasting_programs import ENDLESS, LINGERING, MARK, PROBES, REACHING
from tests.integration.sandboxes import open_sandbox

_LIMITS = ProgramLimits(cpu_s=5.0, wall_s=20.0)
_SHORT = ProgramLimits(cpu_s=1.0, wall_s=20.0)
"""For what does not end by itself."""
_RIGHT, _WRONG, _ENDLESS, _NOT_PLAIN = (
    "def f(): return 1",
    "def f(): return 2",
    "def f():\n    while True: pass",
    "import os\ndef f(): return os.getpid() * 0 + 1",
)
_TESTS = "assert f() == 1"
_ENDLESS_TESTS = "f()\nwhile True: pass"
_WHOSE = "the tests use len, which the program defines anew; make it the entry point"


def _job(source: str, tests: str = _TESTS, limits: ProgramLimits = _LIMITS) -> ProgramJob:
    return ProgramJob(source, CallTests(tests), limits)


_JOBS = {name: _job(source, "f()") for name, source in PROBES.items()} | {
    name: _job(source) for name, source in LINGERING.items() if name not in ENDLESS
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def alone() -> Iterator[dict[str, ProgramOutcome]]:
    """What each comes to in a process of its own."""
    with open_sandbox(size=1) as opened:
        marked = {n: _job(j.candidate + MARK, j.tests.source) for n, j in _JOBS.items()}  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
        yield {name: opened.run(job) for name, job in marked.items()}


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of the orders that servers are given."""
    seen: list[str] = []
    run = ZygoteProcess.run

    def noted(
        self: ZygoteProcess, kind: str, bounds: Bounds, given: list[int], modules: list[str]
    ) -> Report:
        seen.append(kind)
        return run(self, kind, bounds, given, modules)

    monkeypatch.setattr(ZygoteProcess, "run", noted)
    return seen


def test_sandbox_checks_plain_programs_in_batches(sandbox: Sandbox, kinds: list[str]):
    jobs = [_job(f"def f(): return {number}") for number in range(batch.MOST + 2)]

    outcomes = sandbox.run_all(jobs)

    assert [outcome == Passed() for outcome in outcomes] == [n == 1 for n in range(len(jobs))]
    assert outcomes[0] == Failed("assert f() == 1", "got 0")
    assert kinds == ["batch", "batch"]


_PASSED_OVER, _STOPS = ["batch", "calls"], ["batch", "calls", "batch"]
_PROGRAM_LATE, _TESTS_LATE = (
    LimitReached(Limit.CPU, f"the {who} ran out of time") for who in ("program", "tests")
)


@pytest.mark.parametrize(
    ("source", "tests", "outcome", "orders"),
    [
        (_NOT_PLAIN, _TESTS, Passed(), _PASSED_OVER),
        (_RIGHT, "import os\n" + _TESTS, Passed(), _PASSED_OVER),
        ("def f(): return map(abs, [-1])", "assert list(f()) == [1]", Passed(), _PASSED_OVER),
        ("def len(x): return 1", f"assert len([]) == 1\n{_TESTS}", NotRun(_WHOSE), _PASSED_OVER),
        (_ENDLESS, _TESTS, _PROGRAM_LATE, _STOPS),
        (_RIGHT, _ENDLESS_TESTS, _TESTS_LATE, _STOPS),
    ],
)
def test_sandbox_batch_passes_over_what_is_not_plain_and_stops_at_what_is_not_quick(
    sandbox: Sandbox,
    kinds: list[str],
    source: str,
    tests: str,
    outcome: ProgramOutcome,
    orders: list[str],
):
    limits = _SHORT if orders == _STOPS else _LIMITS
    right, wrong, other = (
        _job(*each, limits=limits) for each in ((_RIGHT,), (_WRONG,), (source, tests))
    )

    outcomes = sandbox.run_all([right, wrong, other, right, wrong])

    failed = Failed("assert f() == 1", "got 2")
    assert outcomes == [Passed(), failed, outcome, Passed(), failed]
    assert kinds == orders


def test_sandbox_batch_is_of_no_more_text_than_is_read_at_once(sandbox: Sandbox, kinds: list[str]):
    long = _job(f"{_RIGHT}\n#{'x' * (batch.MOST_CHARACTERS * 2 // 5)}")

    assert sandbox.run_all([long, _job(_WRONG), long, long, _job(_RIGHT)])[2:] == [Passed()] * 3
    assert kinds == ["batch", "batch"]


@pytest.mark.parametrize(
    "limits",
    [ProgramLimits(cpu_s=0.5), ProgramLimits(wall_s=0.5), ProgramLimits(output_kb=1)],
)
def test_sandbox_of_what_may_take_little_checks_each_by_itself(
    sandbox: Sandbox, kinds: list[str], limits: ProgramLimits
):
    outcomes = sandbox.run_all([_job(_RIGHT, limits=limits)] * 2)

    assert outcomes == [Passed()] * 2
    assert kinds == ["calls"] * 2


def test_sandbox_batch_that_begins_with_what_is_not_plain_tells_of_all(sandbox: Sandbox):
    jobs = [_job(source) for source in (_NOT_PLAIN, _NOT_PLAIN, _RIGHT, _WRONG)]

    assert [outcome == Passed() for outcome in sandbox.run_all(jobs)] == [True, True, True, False]


@settings(max_examples=5, deadline=None)
@given(order=st.permutations([*_JOBS]))
def test_sandbox_verdicts_of_batches_do_not_depend_on_the_order(
    sandbox: Sandbox, alone: dict[str, ProgramOutcome], order: list[str]
):
    outcomes = sandbox.run_all([_JOBS[name] for name in order])

    assert dict(zip(order, outcomes, strict=True)) == alone


_STATEFUL = """
seen, shared = [], [0]
def count(*x):
    seen.append(x)
    return len(seen)
def keep(x=1, kept=[]):
    kept.append(x)
    return kept
def lend(*_):
    shared.append(1)
    return shared
def sort(x):
    x.sort()
    return x
def fails(n=1):
    seen.append(n)
    if len(seen) % 3 == 0: raise ValueError(n, len(seen))
    return [n, (n, str(n))]
def lazy(n=1):
    seen.append(n)
    yield len(seen)
def prints(n=1):
    print(n)
    return None
def deep(n=1): return deep(n)
def maker(n=1): return lambda: seen.append(n)
"""
_CALLS = st.builds(
    "{}({})".format,
    st.sampled_from(
        ("count", "keep", "lend", "sort", "fails", "lazy", "prints", "deep", "maker", "nobody")
    ),
    st.sampled_from(("", "1", "[3, 1, 2]", "'ab'", "(1, [2.5])", "{'a': {1}}", "sorted('ba')")),
)
_EXPRESSIONS = st.one_of(
    _CALLS,
    st.builds("not {}".format, _CALLS),
    st.builds("{} == {}".format, _CALLS, st.sampled_from(("1", "2", "[1]", "[1, (1, '1')]"))),
    st.builds("{} != {}".format, _CALLS, _CALLS),
    st.builds("{} and {}".format, _CALLS, _CALLS),
    st.builds("list({}) or 1".format, _CALLS),
    st.builds("isinstance({}, {})".format, _CALLS, st.sampled_from(("int", "list"))),
)
_STATEMENTS = st.one_of(
    st.builds("assert {}".format, _EXPRESSIONS),
    st.builds("assert {}".format, _EXPRESSIONS),
    st.builds("assert {}, 'this'".format, _EXPRESSIONS),
    st.builds("x = {}\nassert x is not None".format, _CALLS),
    st.builds("for _ in range(2): assert {}".format, _EXPRESSIONS),
    st.builds("try:\n    assert {}\nexcept ValueError: pass".format, _EXPRESSIONS),
    st.builds("x = [2, 1]\nsort(x)\nassert x == [1, 2] and {}".format, _CALLS),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    papers=st.lists(
        st.lists(_STATEMENTS, min_size=1, max_size=4).map("\n".join), min_size=4, max_size=4
    )
)
def test_sandbox_batch_tells_what_programs_with_a_memory_come_to_by_themselves(
    sandbox: Sandbox, papers: list[str]
):
    jobs = [_job(_STATEFUL, tests) for tests in papers]

    together, apart = sandbox.run_all(jobs), [sandbox.run(job) for job in jobs]

    address = re.compile("0x[0-9a-f]+")
    assert [address.sub("", str(o)) for o in together] == [address.sub("", str(o)) for o in apart]


_SAME = "def f(x=None, *_): return x"
_COUNTS = "n = [0]\ndef f(*_):\n    n[0] += 1\n    return n[0]"
_WRONG_THEN_ENDLESS = "a wrong one, then an endless one"
_HOSTILE = {
    "the order of a set": ("def f(s): return list(s)", "assert f({8, 0}) == [8, 0]"),
    "the order of a set, reversed": ("def f(s): return list(s)", "assert f({16, 8, 0}) == [0, 8]"),
    "no data": (_SAME, "assert f(...) == 1"),
    "a large number": (_SAME, "assert f(1 << (8 << 20)) == 1"),
    "sizes": ("import sys\ndef f(x): return sys.getsizeof(x)", "assert f([1, 2]) == f([1, 2])"),
    "an imported function": (_SAME, "from math import sqrt\nassert f(sqrt(4)) == 2"),
    "a shadowed function": ("def sqrt(x): return 1", "from math import sqrt\nassert sqrt(4) == 2"),
    "a check of two": (_SAME, "assert f(1) == 1\ndef check(c, d=0): assert c(1) == 1"),
    "a check below": (_SAME, "assert f(1) == 1\nif True:\n    def check(c): assert c(1) == 1"),
    "a check that is none": (_SAME, "assert f(1) == 1\ncheck = lambda c: c(1)"),
    "a check that is made twice": (
        _COUNTS,
        "def twice(g):\n    def h(p): g(p); g(p)\n    return h\n"
        "@twice\ndef check(c): assert c() == 1",
    ),
    "a check of another": (
        _SAME,
        "def other(g): return lambda p: g(lambda x: 2)\n@other\ndef check(c): assert c(1) == 1",
    ),
    "a check that is given more": (_SAME, "def check(a, /, c=abs): assert c(-1) == 5"),
    "arguments that raise": (_SAME, "assert f([1][3]) == 1"),
    "a deep expression": (_SAME, f"assert {'1+' * 1200}f(1) == 1201"),
    "names of ours": (_SAME, "_answer_of_program = 7\nassert f(1) == 1"),
    "a surrogate": (
        "def f(x):\n    print('\\ud800')\n    return x",
        "assert f(1) == 1\nassert f(2)",
    ),
    "a name that is none": ("def f(x): return x", "assert f(1) == g(2)\nassert f(3) == 3"),
    "a name that is none, later": (_SAME, "assert f(1) == 1\nassert f(2) == g(2) + f(3)"),
    _WRONG_THEN_ENDLESS: (
        "def f(n):\n    while n: pass\n    return 1",
        "assert f(0) == 0\nassert f(1) == 1",
    ),
    "a later result that is no data": (
        "def f(n): return iter([n]) if n > 1 else n",
        "assert f(1) == 1\nassert list(f(2)) == [2]",
    ),
    "a later result that is no data, after a wrong one": (
        "def f(n): return iter([n]) if n > 2 else n",
        "assert f(1) == 1\nassert f(2) == 3\nassert list(f(3)) == [3]",
    ),
}


@pytest.mark.parametrize("name", _HOSTILE)
@pytest.mark.parametrize("entry_point", ["", "f"])
def test_sandbox_batch_tells_what_each_comes_to_by_itself(
    sandbox: Sandbox, name: str, entry_point: str
):
    source, tests = _HOSTILE[name]
    limits = _SHORT if name == _WRONG_THEN_ENDLESS else _LIMITS
    job = ProgramJob(source, CallTests(tests, entry_point=entry_point), limits)

    assert sandbox.run_all([job, _job(_RIGHT, limits=limits), job]) == [
        sandbox.run(job),
        Passed(),
        sandbox.run(job),
    ]


def test_sandbox_batch_has_support_anew_for_what_it_tells(sandbox: Sandbox):
    tests = "told.append(1)\nassert f(1) == len(told)\nassert f(2) == 3"
    job = ProgramJob("def f(n): return n ** 2", CallTests(tests, support="told = []"), _LIMITS)

    assert sandbox.run_all([job, job]) == [sandbox.run(job)] * 2
    assert sandbox.run(job) == Failed("assert f(2) == 3", "got 4")


def test_sandbox_random_numbers_of_tests_do_not_hang_on_others(sandbox: Sandbox, kinds: list[str]):
    drawn = "def f(): return 0.8444218515250481"
    support = "import random\ndef draw(): return random.random()"
    asked = CallTests("assert f() == draw()", support=support)
    other = _job(drawn, "import random\nrandom.seed(5)\nassert f() != random.random()")
    jobs = [ProgramJob(drawn, asked, _LIMITS), other, ProgramJob(drawn, asked, _LIMITS)]

    assert sandbox.run_all(jobs) == [Passed()] * 3
    assert kinds == ["batch"]
    assert [sandbox.run(job) for job in jobs] == [Passed()] * 3


def test_sandbox_tests_that_make_a_class_change_no_later_verdict(sandbox: Sandbox):
    poison = """
import copy, math
from collections import Counter
T = Counter.copy(int)
def giver(): return math
names = {"_" "_reduce_ex_" "_": lambda s, v: (giver, (), {"isclose": lambda *a, **k: True})}
copy.copy(T("X", (), names)())
assert f(1) == 1
"""
    jobs = [_job(_SAME, poison), _job(_SAME, "import math\nassert math.isclose(f(1), 2)")]

    for outcomes in (sandbox.run_all(jobs), [sandbox.run(job) for job in jobs]):
        assert isinstance(outcomes[1], Failed)


def test_sandbox_batch_of_programs_that_reach_further_changes_no_verdict(sandbox: Sandbox):
    jobs = [job for source in REACHING.values() for job in (_job(source, "f()"), _job(_WRONG))]

    outcomes = sandbox.run_all(jobs)[1::2]

    assert outcomes == [Failed("assert f() == 1", "got 2")] * len(REACHING)
