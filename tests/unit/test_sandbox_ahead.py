import ast
import marshal
from collections.abc import Collection
from typing import Any

import pytest

from synth_assets.resources.sandbox.ahead import ANSWER, Ahead, ahead_of
from synth_assets.resources.sandbox.reading import read

_AHEAD = {
    "asserts": (
        "assert f(1) == 2\nassert f([3], 'x') == g()",
        [("f", (1,)), ("f", ([3], "x")), ("g", ())],
    ),
    "values": (
        "assert f((1, -0.0, 2j), {'a': [None, True]}, b'c', 2 * 3, '\\ud800', 2 ** 70)",
        [("f", ((1, -0.0, 2j), {"a": [None, True]}, b"c", 6, "\ud800", 2**70))],
    ),
    "what is done with results": (
        "assert abs(f(1) - f(2)) < 1e-6\nassert not f(3)\nassert set(f(4)) == {1}\nassert f(5)[0]",
        [("f", (n,)) for n in (1, 2, 3, 4, 5)],
    ),
    "a message": ("assert f(1), 'it is ' + str(2)", [("f", (1,))]),
    "arguments that are made": ("assert f(list(range(3)), *[1])", [("f", ([0, 1, 2], 1))]),
    "other statements": ("x = 3\nfor y in (1, 2): x += y\nassert f(1) == x", [("f", (1,))]),
    "a function of math": (
        "import math\nassert math.isclose(f(1), 2.0, rel_tol=0.1)",
        [("f", (1,))],
    ),
}
_ONE_BY_ONE = {
    "a loop": "for x in (1, 2):\n    assert f(x)",
    "a call for sure and one not": "assert f(1)\nif g: assert f(2)",
    "the second of two": "assert f(1) and f(2)",
    "one that may be left out": "assert 1 or f(2)",
    "a chain": "assert 0 < f(1) < f(2)",
    "a list made of calls": "assert [f(x) for x in (1, 2)]",
    "a result handed on": "assert f(f(1))",
    "a variable": "x = [1]\nassert f(x)",
    "a variable that is called like a builtin": "def list(x): return [x]\nassert f(list(1))",
    "a result that is kept": "x = f(1)\nassert x",
    "a message that asks": "assert f(1), f(2)",
    "a function of the tests": "def f(x): return x\nassert f(1)",
    "a function that asks": "def h(): return f(1)\nassert f(1) == h()",
    "a try": "try:\n    assert f(1)\nexcept ValueError: pass",
    "keywords": "assert f(x=1)",
    "an object": "assert f(lambda: 1)",
    "a bytearray": "assert f(bytearray(b'a'))",
    "a value of the program": "assert f(1) == g",
    "nothing called": "assert 1",
    "an imported function": "from math import sqrt\nassert sqrt(4)",
    "a set": "assert f({8, 0})",
    "a set within": "assert f([1, {2: ({8, 0}, 1)}])",
    "a large set": "assert f({32, 16, 0, 8})",
    "a made set": "assert f(set([8, 0]))",
    "an ellipsis": "assert f(...)",
    "a name of ours": "_answer_of_program = 7\nassert f(1) == _answer_of_program",
    "another name of ours": "_program = 7\nassert f(1)",
    "an expression that is nested too deep": f"assert {'1+' * 1200}f(1)",
}


def found_in(source: str, space: Collection[str] = (), entry_point: str = "") -> Ahead | None:
    tree = ast.parse(source)
    return ahead_of(source, tree, read(tree), space, entry_point)


def calls_of(ahead: Ahead | None) -> list[tuple[str, tuple[Any, ...]]]:
    assert ahead is not None
    made = ahead.calls()
    assert made is not None
    first, rest = map(marshal.loads, made)
    assert len(first) == ahead.first
    assert ahead.asked == [name for name, _ in first + rest]
    return first + rest


@pytest.mark.parametrize("name", _AHEAD)
def test_ahead_of_asserts_in_a_row_has_all_calls(name: str):
    source, calls = _AHEAD[name]

    found = found_in(source)

    assert repr(calls_of(found)) == repr(calls)
    assert found is not None
    assert found.names == {asked for asked, _ in calls}


@pytest.mark.parametrize("name", _ONE_BY_ONE)
def test_ahead_of_calls_that_may_hang_on_answers_is_nothing(name: str):
    assert found_in(_ONE_BY_ONE[name]) is None


def test_ahead_of_a_check_is_what_it_asks_of_the_entry_point():
    source = "M = {}\ndef check(c):\n    assert 1\n    assert c(1) == g(3)\n    assert c(4)"

    found = found_in(source, entry_point="f")

    assert calls_of(found) == [("f", (1,)), ("g", (3,)), ("f", (4,))]
    assert found is not None
    assert found.first == 2
    assert found.names == {"f", "g"}


@pytest.mark.parametrize(
    "source",
    [
        "def check(c, d):\n    assert c(1)",
        "def check(c, d=0):\n    assert c(1)",
        "def check(c=abs):\n    assert c(1)",
        "def check(*c):\n    assert c(1)",
        "def check(c, /):\n    assert c(1)",
        "def check(c, *, d=0):\n    assert c(1)",
        "assert f(1)\ndef check(a, /, c):\n    assert c(1)",
        "assert f(1)\nif 1:\n    def check(c): assert c(1)",
        "assert f(1)\ncheck = lambda c: c(1)",
        "def twice(g): return lambda c: g(c) or g(c)\n@twice\ndef check(c):\n    assert c(1)",
        "def check(c):\n    assert c(1)\ndef check(c):\n    assert c(2)",
        "def check(c):\n    assert c(1)\ncheck(abs)",
        "def check(c):\n    c = abs\n    assert c(1)",
        "def check(c):\n    assert c(1)\n    c(2)",
        "def f(x): return x\ndef check(c):\n    assert c(1)",
        "from math import f\ndef check(c):\n    assert c(1)",
        "def check(g):\n    assert g(1)\nassert g(2)",
    ],
)
def test_ahead_of_a_check_that_may_be_another_is_nothing(source: str):
    assert found_in(source, entry_point="f") is None


def test_ahead_arguments_are_made_by_python_s_own():
    assert calls_of(found_in("assert f(sorted([2, 1]))")) == [("f", ([1, 2],))]
    assert found_in("assert f(sorted([2, 1]))", entry_point="sorted") is None
    assert found_in("assert f(sorted([2, 1]))", space=("sorted",)) is None
    assert found_in("def sorted(x): return x\nassert f(sorted([2, 1]))") is None


@pytest.mark.parametrize(
    "call", ["f([1][3])", "f({}['a'])", "f(str(b'a', 'nosuch'))", "f(1 / 0)", "f('a' * 10 ** 6)"]
)
def test_ahead_arguments_that_are_none_or_large_are_left_to_the_tests(call: str):
    found = found_in(f"assert {call}")

    assert found is not None
    assert found.calls() is None


def test_ahead_names_of_the_tests_are_not_called():
    assert calls_of(found_in("assert f(1) == g(2)", space=("f",))) == [("g", (2,))]
    assert found_in("assert f(1)", space=("f",)) is None


def test_ahead_code_asks_for_answers_in_their_order():
    found = found_in("assert f(1) == f(2)\nassert f(3)")
    asked: list[int] = []

    assert found is not None
    exec(found.code, {ANSWER: lambda number: asked.append(number) or 7})

    assert asked == [0, 1, 2]
    assert found.first == 2
