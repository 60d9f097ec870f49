"""What a function looks like from outside: parameters, numbers and tree; code without its fence."""

import pytest

from synth_assets.core.function_shape import FunctionShape, function_of, unfenced


def shape(code: str) -> FunctionShape:
    found = function_of(code)
    assert isinstance(found, FunctionShape)
    return found


def test_function_of_numbers_are_those_of_the_body_that_no_loop_needs():
    found = shape("def f(a=7):\n    '30'\n    return a[-1] * 2 + 3.5 - 40 + True + len('50')")
    assert found.numbers == {3.5, 40}


def test_function_of_tells_parameters_of_every_sort():
    found = shape("def f(a, /, b=1, *rest, c, d=2, **more):\n    'doc'\n    return a  # a\n")
    assert found.signature == "f(a, b=, *rest, c, d=, **more)"
    assert found.words == ("f", "a", "b", "rest", "c", "d", "more")
    assert found.body == "    return a  # a"
    assert shape("def f(a, *, c): pass").parameters == ("a", "*", "c")


def test_function_of_layout_and_docstring_make_no_other_tree():
    one = shape("def f(a):\n    return a+1\n")
    other = shape('def f(a):\n    """Doc."""\n\n    return (a + 1)  # one\n')
    assert one.tree == other.tree
    assert one.tree != shape("def f(a):\n    return a + 2\n").tree


@pytest.mark.parametrize(
    "code", ["def f(:", "\x00", "x = 1", "class A:\n    def f(self): pass", ""]
)
def test_function_of_code_without_a_function_says_what_is_wrong(code: str):
    assert isinstance(function_of(code), str)


def test_function_of_deeply_nested_code_does_not_fall_over():
    assert isinstance(function_of("(" * 5000 + ")" * 5000), str)


def test_unfenced_takes_the_fence_and_nothing_else():
    assert unfenced("```python\nx = '```'\n```") == "x = '```'"
    assert unfenced("x = 1") == "x = 1"
