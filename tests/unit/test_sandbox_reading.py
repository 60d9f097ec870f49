import ast

import pytest

from synth_assets.resources.sandbox.reading import read

_PLAIN = {
    "asserts": "assert f(2) == [3] and abs(f(1) - 2) < 1e-6",
    "a check": "def check(candidate):\n    for x in range(3):\n        assert candidate(x) == x",
    "math": "import math\nassert math.isclose(f(), 0.3)",
    "types": "from typing import List, Optional\ndef g(x: List[int]): return sorted(x)",
    "methods": "assert f(' a'.strip()).upper() == 'A'",
    "raises": "try:\n    f(0)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False",
    "random numbers": (
        "import random, string\nfrom random import choice\nr = random.Random(1)\n"
        "assert f(r.randint(1, 2)) == choice(string.digits)"
    ),
    "copies": "import copy\nx = [1]\nassert f(copy.deepcopy(x)) == x",
    "sizes": "import sys\nassert f() < sys.maxsize",
    "prose": "assert f() == 'import os; __class__ eval'  # exec",
}
_OTHER = {
    "an import": "import os",
    "a hidden import": "from typing import sys",
    "a star": "from math import *",
    "a module's module": "import typing\ntyping.sys.exit()",
    "eval": "eval('1')",
    "a name for eval": "g = eval",
    "a parameter's name": "def g(__builtins__): pass",
    "an underscore": "().__class__",
    "a frame": "(x for x in f()).gi_frame",
    "another letter's form": "\uff45\uff56\uff41\uff4c('1')",
    "format": "'{0.x}'.format(f)",
    "an attribute that is set": "f.upper = 1",
    "a loop over an attribute": "for f.upper in (1,): pass",
    "a class": "class A: pass",
    "with": "with f() as g: pass",
    "global": "def g():\n    global h\n    h = 1",
    "async": "async def g(): pass",
    "a catch of all": "try:\n    f()\nexcept BaseException:\n    pass",
    "random numbers of the machine": "import random\nrandom.SystemRandom()",
    "what random knows": "import random\nrandom.os",
    "what sys knows": "import sys\nsys.modules",
    "what a module is": "import math\nmath.__spec__",
    "what sys tells of memory": "import sys\nsys.getsizeof(1)",
    "a module as a value": "import math\ndef g(): return math",
    "a module that is handed on": "import math\nassert f(math) == math.pi",
    "a module by another name": "import random as r\nr.seed(1)",
    "a class written in Python": "from collections import Counter\nT = Counter.copy(int)",
    "a module called another": "import sys as copy\ncopy.copy(1)",
    "an alias": "import math as sys\nsys.exit()",
    "a decorator of the program's": "@f\nclass A: pass",
}


@pytest.mark.parametrize("name", _PLAIN)
def test_read_tests_that_only_compare_are_plain(name: str):
    assert read(ast.parse(_PLAIN[name])).is_plain


@pytest.mark.parametrize("name", _OTHER)
def test_read_tests_that_reach_further_are_not_plain(name: str):
    assert not read(ast.parse(_OTHER[name])).is_plain


def test_read_names_tells_what_the_program_is_asked_for():
    found = read(
        ast.parse("import math\nx = 1\nassert g(x) == math.pi and solution.h() == len('')")
    )

    assert found.names == {"x", "g", "solution", "h", "len"}
    assert found.made == {"x"}
    assert found.modules == {"math"}
    assert found.others == {"g", "solution", "h"}
