import ast
import marshal

import pytest

from synth_assets.resources.sandbox.ahead import ANSWER, ahead_of
from synth_assets.resources.sandbox.reading import read

_AHEAD = {
    "asserts": (
        "assert f(1) == 2\nassert f([3], 'x') == g()",
        [("f", (1,)), ("f", ([3], "x")), ("g", ())],
    ),
    "values": (
        "assert f((1, 2.5), {'a': {None}}, -1, 2 * 3)",
        [("f", ((1, 2.5), {"a": {None}}, -1, 6))],
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
}


@pytest.mark.parametrize("name", _AHEAD)
def test_ahead_of_asserts_in_a_row_has_all_calls(name: str):
    source, calls = _AHEAD[name]
    tree = ast.parse(source)

    found = ahead_of(tree, read(tree), (), "")

    assert found is not None
    assert marshal.loads(found.calls) == calls
    assert repr(marshal.loads(found.calls)) == repr(calls)
    assert found.asked == [asked for asked, _ in calls]
    assert found.names == {asked for asked, _ in calls}


@pytest.mark.parametrize("name", _ONE_BY_ONE)
def test_ahead_of_calls_that_may_hang_on_answers_is_nothing(name: str):
    tree = ast.parse(_ONE_BY_ONE[name])

    assert ahead_of(tree, read(tree), (), "") is None


def test_ahead_of_a_check_is_what_it_asks_of_the_entry_point():
    tree = ast.parse("M = {}\ndef check(c):\n    assert c(1) == 2\n    assert g(3) == c(4)")

    found = ahead_of(tree, read(tree), (), "f")

    assert found is not None
    assert marshal.loads(found.calls) == [("f", (1,)), ("g", (3,)), ("f", (4,))]
    assert found.names == {"f", "g"}


@pytest.mark.parametrize(
    "source",
    [
        "def check(c, d):\n    assert c(1)",
        "def check(c):\n    assert c(1)\ndef check(c):\n    assert c(2)",
        "def check(c):\n    assert c(1)\ncheck(abs)",
        "def check(c):\n    c = abs\n    assert c(1)",
        "def check(c):\n    assert c(1)\n    c(2)",
        "def f(x): return x\ndef check(c):\n    assert c(1)",
        "def check(g):\n    assert g(1)\nassert g(2)",
    ],
)
def test_ahead_of_a_check_that_may_be_another_is_nothing(source: str):
    tree = ast.parse(source)

    assert ahead_of(tree, read(tree), (), "f") is None


def test_ahead_names_of_the_tests_are_not_called():
    tree = ast.parse("assert f(1) == g(2)")

    assert ahead_of(tree, read(tree), ("f",), "") is not None
    assert ahead_of(tree, read(ast.parse("assert f(1)")), ("f",), "") is None


def test_ahead_code_asks_for_answers_in_their_order():
    tree = ast.parse("assert f(1) == f(2)\nassert f(3)")
    found = ahead_of(tree, read(tree), (), "")
    asked: list[int] = []

    assert found is not None
    exec(found.code, {ANSWER: lambda number: asked.append(number) or 7})

    assert asked == [0, 1, 2]
