"""Programs that try to outlive themselves: to be felt by whatever runs next in their process.

Each defines `f`, and does what it can when it is loaded and when `f` is called.
"""

REACHING = {
    # what is not this program's
    "patches builtins": "import builtins\nbuiltins.len = lambda _: 0\ndef f(): return 1",
    "patches its builtins": "__builtins__['len'] = lambda _: 0\ndef f(): return 1",
    "names its builtins": "def f(): global __builtins__\nf()",
    "defines the import": "def __import__(*_): return 1\ndef f(): return 1",
    "sets in a module": "import math\nmath.pi = 3\ndef f(): return 1",
    "sets by a loop": "import math\ndef f():\n    for math.pi in (1, 2): pass",
    "deletes from a module": "import math\ndef f():\n    del math.pi",
    "sets in a class": "from collections import Counter\nCounter.update = print\ndef f(): return 1",
    "sets by setattr": "import math\ndef f(): setattr(math, 'pi', 3)",
    "holds a module": "import math\nkept = math\ndef f(): return kept",
    "hands on a module": "import math\ndef f(m=math): return m",
    "renames a module": "import sys as math\nimport math\ndef f(): return math.modules",
    "reaches a module's module": "import typing\ndef f(): return typing.sys.modules",
    "takes a module's module": "from re import enum\ndef f(): return enum",
    "takes everything": "from math import *\ndef f(): return pi",
    "wraps a module": "import functools, math\nfunctools.wraps(print)(math)\ndef f(): return 1",
    "gets by text": "from operator import attrgetter\ndef f(): return attrgetter('__globals__')(f)",
    "calls by text": "import operator\ndef f(): return operator.methodcaller('x')(f)",
    "formats attributes": "def f(): return '{0.__globals__}'.format(f)",
    "formats items": "def f(): return '{0[x]}'.format({'x': 1})",
    "formats by a map": "def f(): return '{x.__class__}'.format_map({'x': f})",
    "formats by a variable": "def f(t='{0.__class__}'): return t.format(f)",
    "asks for the class": "def f(): return ().__class__.__base__.__subclasses__()",
    "asks for globals": "def f(): return f.__globals__",
    "asks a builtin for its module": "def f(): return print.__self__",
    "asks for a frame": "def f(): return (x for x in ()).gi_frame.f_back",
    "asks for a traceback": (
        "def f():\n    try: 1 / 0\n    except ZeroDivisionError as e: return e.__traceback__"
    ),
    "sets an attribute of itself": "def f(): return 1\nf.left = 1",
    "another letter's form": "def f(): return \uff45\uff56\uff41\uff4c('1')",
    # classes
    "defines a class": "class A:\n    def __del__(self): pass\ndef f(): return 1",
    "makes a class": "def f(): return type('A', (), {'__del__': print})",
    "keeps type": "kept = type\ndef f(): return kept('A', (), {})",
    "makes a class by a lookup": "def f(x=type(1)): return type(x)('A', (), {})",
    "makes a class by Counter": (
        "from collections import Counter\ndef f(): return Counter.copy(int)('A', (), {})"
    ),
    "makes a class by a kept Counter": (
        "from collections import Counter\nkept = [Counter]\ndef f(): return kept[0].copy(int)"
    ),
    "makes a class by a module's Counter": (
        "import collections\nkept = collections.Counter\ndef f(): return kept.copy(int)"
    ),
    "makes a class by a copied Counter": (
        "import copy, collections\ndef f(): return copy.copy(collections.Counter).copy(int)"
    ),
    "decorates by Counter": (
        "from collections import Counter\n@Counter\ndef f(): return 1\ndef g(): return 1"
    ),
    "makes a named tuple": "from collections import namedtuple\nf = namedtuple('A', 'x')",
    "asks an annotation": "from typing import Mapping\ndef f(): return Mapping.keys(f)",
    "asks an annotation's module": "import typing\ndef f(): return typing.Mapping.keys(f)",
    # running on
    "runs at the end of a generator": (
        "def g():\n    try: yield 1\n    finally:\n        while True: pass\nkept = g()\n"
        "next(kept)\ndef f(): return 1"
    ),
    "catches the end of a generator": (
        "def g():\n    while True:\n        try: yield 1\n        except: pass\nkept = g()\n"
        "next(kept)\ndef f(): return 1"
    ),
    "catches all": "def f():\n    try: return g()\n    except BaseException: return 1",
    "catches exceptions": "def f():\n    try: return g()\n    except Exception: return 1",
    "catches want of memory": "def f():\n    try: return g()\n    except MemoryError: return 1",
    "catches by expression": (
        "def f():\n    try: return 1\n    except (lambda: ValueError)(): return 1"
    ),
    "catches by another name": (
        "ValueError = Exception\ndef f():\n    try: return bytearray(1 << 40)\n"
        "    except ValueError: return 1"
    ),
    "swallows by finally": "def f():\n    while True:\n        try: 1 / 0\n        finally: break",
    "starts a thread": "import threading\ndef f(): threading.Thread(target=f).start()",
    "runs at exit": "import atexit\natexit.register(print)\ndef f(): return 1",
    "runs on a signal": "import signal\nsignal.signal(14, print)\ndef f(): return 1",
    "is asynchronous": "async def f(): return 1",
    "is a context": "def f():\n    with open('x') as g: return g",
    "matches attributes": "def f(x=1):\n    match x:\n        case int(real=y): return y",
    # state
    "seeds": "import random\nrandom.seed(1)\ndef f(): return random.random()",
    "sets the context of decimals": (
        "import decimal\ndecimal.getcontext().prec = 2\ndef f(): return 1"
    ),
    "sets the depth": "import sys\nsys.setrecursionlimit(50)\ndef f(): return 1",
    "leaves a module": "import sys\nsys.modules['math'] = None\ndef f(): return 1",
    "keeps garbage": "import gc\ngc.disable()\ndef f(): return 1",
    "sets the warnings": "import warnings\nwarnings.simplefilter('error')\ndef f(): return 1",
    "runs text": "exec('import builtins; builtins.len = print')\ndef f(): return 1",
}
"""What is not plain."""

LINGERING = {
    "keeps a cycle": "kept = []\nkept.append(kept)\nkept.append([0] * 10 ** 6)\ndef f(): return 1",
    "keeps itself": (
        "def outer():\n    big = [0] * 10 ** 6\n    def inner(): return inner, big\n"
        "    return inner\nkept = outer()\ndef f(): return 1"
    ),
    "keeps a generator": "def g():\n    while True: yield 1\nkept = g()\nf = lambda: next(kept)",
    "keeps an exception": (
        "kept = []\ndef f():\n    try: 1 / 0\n    except ZeroDivisionError as e: kept.append(e)\n"
        "    return 1"
    ),
    "grows the heap": "def f():\n    for n in range(18, 25): bytearray(1 << n)\n    return 1",
    "leaves patterns with odd flags": (
        "import re\nre.compile('a', 2)\nre.compile('b', re.I)\ndef f(): return 1"
    ),
    "makes flags": "import re\nkept = [re.I | n for n in range(1 << 16)]\ndef f(): return 1",
    "inverts flags": "import re\ndef f(): return int(~(re.I | 12345))",
    "fills the cache of patterns": (
        "import re\ndef f():\n    for n in range(2000): re.compile(str(n))\n    return 1"
    ),
    "loads codecs": "def f(): return [len('x'.encode(c)) for c in ('utf-7', 'idna', 'cp037')][0]",
    "asks for codecs that are none": (
        "def f():\n    for n in range(5000):\n        try: 'x'.encode(f'no{n}')\n"
        "        except LookupError: pass\n    return 1"
    ),
    "fills the cache of types": (
        "from typing import List, Union\ndef g(x: List[1], y: Union[1, True]): return x\n"
        "def f(): return 1"
    ),
    "shadows builtins": (
        "def len(_): return 0\ndef sorted(_): return []\nabs = print = range = len\n"
        "def f(): return len([1])"
    ),
    "shadows modules": (
        "from math import floor as ceil\ndef f():\n    global gcd\n    gcd = ceil\n"
        "    return gcd(1.5)"
    ),
    "caches a builtin": "import functools\nkept = functools.lru_cache(None)(len)\nf = kept",
    "breaks off a sort": (
        "kept = list(range(99))\ndef key(x): return 1 // (50 - x)\ndef f(): kept.sort(key=key)"
    ),
    "recurses too deep": "def f(): return f()",
    "catches its depth": (
        "def f():\n    try: return f()\n    except RecursionError: return len('x' * 99)"
    ),
    "nests iterators": (
        "kept = iter(())\nfor _ in range(3 * 10 ** 5): kept = map(str, kept)\ndef f(): return 1"
    ),
    "nests tuples": "kept = ()\nfor _ in range(10 ** 6): kept = (kept,)\ndef f(): return 1",
    "uses memory up": "kept = []\ndef f():\n    while True: kept.append([0] * 10 ** 6)",
    "claims memory to be used up": "def f(): raise MemoryError",
    "leaves a large number": "kept = 7 ** 10 ** 5\ndef f(): return 1",
    "leaves output": (
        "print('left', end='')\ndef f():\n    print('more' * 10 ** 5, end='')\n    return 1"
    ),
    "raises while it loads": "kept = [0] * 10 ** 6\nraise ValueError(kept[:9])",
    "ends its caller": "def f(): raise StopIteration",
    "loops for ever": "def f():\n    while True: pass",
    "loops while it loads": "n = 0\nwhile True: n += 1",
    "sums without end": "def g():\n    while True: yield 1\ndef f(): return sum(g())",
    "copies deep": (
        "import copy\nfrom collections import Counter, defaultdict\n"
        "kept = copy.deepcopy([Counter('ab'), defaultdict(list), len, str, f'{1}'])\n"
        "def f(): return len(copy.copy(kept))"
    ),
}
"""What is plain, and leaves what a plain program can leave."""

ENDLESS = ("loops for ever", "loops while it loads", "sums without end")
"""Those that only a limit ends."""

PROBES = {
    "builtins": "def f(): return [len('ab'), sorted([2, 1]), abs(-1), list(range(2)), hex(15)]",
    "modules": (
        "import math\nimport re\nfrom collections import Counter\n"
        "def f(): return [math.gcd(4, 6), re.sub('B', 'x', 'abc', flags=re.I), Counter('aa')['a']]"
    ),
    "flags that are no flags": (
        "import re\ndef f():\n    try: return len(re.compile('a', 2.0).pattern)\n"
        "    except TypeError: return 'refused'"
    ),
    "names": "def f():\n    try: return kept\n    except NameError as e: return str(e)",
    "depth": "def g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(): return g(990)",
    "too deep": "def g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(): return g(1000)",
    "memory": "def f(): return len(bytearray(440 << 20))",
    "too much memory": "def f(): return len(bytearray(512 << 20))",
    "output": "def f(): print('x')\n",
    "fails": "def f(): return [0][1]",
    "does not load": "import math\nx = math.nothing\ndef f(): return 1",
    "is no Python": "def f(: return 1",
}
"""Programs that would feel it."""

MARK = "\nimport os\n"
"""Behind a program: it is not plain then, and does the same."""
