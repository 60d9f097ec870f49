import pytest

from synth_assets.resources.sandbox.plain import code_of
from tests.integration.lasting_programs import LINGERING, MARK, PROBES, REACHING

_PLAIN = {
    "functions": "def f(x, *a, y=1, **k):\n    return [g(z) for z in a if z] or {x: y}\ng = abs",
    "imports": (
        "import math, re as r\nfrom typing import List\nfrom heapq import heappush as push\n"
        "def f(x: List[int]) -> int: return math.floor(r.sub('a', 'b', 'c') == push(x, 1))"
    ),
    "a module's class": (
        "import collections\ndef f(x): return collections.Counter(x).most_common(1)"
    ),
    "a class that is called": "from collections import Counter\ndef f(x): return Counter(x)['a']",
    "an annotation": (
        "import typing\ndef f(x: typing.Optional['A'], y: int | None = None): return x"
    ),
    "a main part": "def f(): return 1\nif __name__ == '__main__':\n    print(f())",
    "a comparison of types": "def f(x): return type(x) == int or type(x) in (str, list)",
    "a format": "def f(x): return '{:>{}.2f} {0!r}'.format(x, 3) + f'{x:.2f}'",
    "a generator": "def f():\n    x = yield 1\n    yield from [x]",
    "a cache": "import functools\n@functools.lru_cache(maxsize=None)\ndef f(n): return f(n - 1)",
    "errors": (
        "def f(x):\n    try: return int(x)\n"
        "    except (ValueError, TypeError) as e: raise KeyError(e.args) from e\n    else: pass"
    ),
    "names": (
        "x = 1\ndef f():\n    global x\n    def g():\n        nonlocal y\n        y = 2\n"
        "    y = x\n    del y"
    ),
}


@pytest.mark.parametrize("name", _PLAIN)
def test_code_of_program_that_only_computes_is_plain(name: str):
    assert code_of(_PLAIN[name]) is not None


@pytest.mark.parametrize("name", REACHING)
def test_code_of_program_that_reaches_further_is_none(name: str):
    assert code_of(REACHING[name]) is None


@pytest.mark.parametrize("name", LINGERING)
def test_code_of_program_that_only_lingers_is_plain(name: str):
    assert code_of(LINGERING[name]) is not None


@pytest.mark.parametrize("source", [*LINGERING.values(), *PROBES.values(), *_PLAIN.values()])
def test_code_of_program_with_the_mark_is_none(source: str):
    assert code_of(source + MARK) is None


@pytest.mark.parametrize(
    "source", ["def f(:", "return 1", "x = '\0'", "(" * 100_000, "x = 1\n" * 30_000, "-" * 50_000]
)
def test_code_of_text_that_does_not_compile_or_is_large_is_none(source: str):
    assert code_of(source) is None
