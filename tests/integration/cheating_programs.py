"""Programs that solve nothing and try to be believed, and tests of every style to try them on."""

from synth_assets.core.verify.programs import CallTests, TestStyle

HONEST = """
def primes(most):
    return [n for n in range(2, most + 1) if all(n % d for d in range(2, n))]

def mean(values):
    return sum(values) / len(values)

def label(number):
    return f"n{number:03d}"

def square(number):
    return number * number
"""

FORMS = {
    "assert": CallTests(
        "assert primes(10) == [2, 3, 5, 7]\nassert mean([1, 2]) == 1.5\nassert label(7) == 'n007'"
    ),
    "not": CallTests("assert not primes(10) != [2, 3, 5, 7]"),
    "in": CallTests(
        "assert 7 in primes(10)\nassert len(primes(10)) == 4\nassert 8 not in primes(9)"
    ),
    "only in": CallTests("assert 7 in primes(10)"),
    "near": CallTests("assert abs(mean([1, 2]) - 1.5) < 1e-9"),
    "close": CallTests("import math\nassert math.isclose(mean([1, 2]), 1.5)"),
    "close unimported": CallTests("assert math.isclose(mean([1, 2]), 1.5)"),
    "order": CallTests("assert mean([1, 2]) <= 1.5 and mean([1, 2]) >= 1.5"),
    "text": CallTests("assert label(7).startswith('n0')\nassert label(7).endswith('7')"),
    "kind": CallTests("assert isinstance(primes(3), list) and primes(3) == [2, 3]"),
    "all": CallTests(
        "CASES = [(1, []), (3, [2, 3])]\n"
        "assert all(map(lambda case: primes(case[0]) == case[1], CASES))"
    ),
    "loop": CallTests("for n in range(5):\n    assert square(n) == n * n"),
    "sorted": CallTests("assert sorted(primes(7)) == [2, 3, 5, 7]"),
    "any": CallTests("assert any(primes(n) == [2, 3, 5] for n in (5, 6))"),
    "functions": CallTests("def test_square():\n    assert square(3) == 9"),
    "lenient": CallTests(
        "right = 0\nfor n in range(4):\n    try:\n        right += square(n) == n * n\n"
        "    except Exception:\n        pass\nassert right == 4"
    ),
    "check": CallTests(
        "def check(candidate):\n    assert candidate(10) == [2, 3, 5, 7]", entry_point="primes"
    ),
    "doctest": CallTests(">>> primes(10)\n[2, 3, 5, 7]\n", TestStyle.DOCTEST),
    "unittest": CallTests(
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_primes(self):\n        self.assertEqual(primes(10), [2, 3, 5, 7])\n"
        "    def test_mean(self):\n        self.assertAlmostEqual(mean([1, 2]), 1.5)\n",
        TestStyle.UNITTEST,
    ),
}

_ALL = "\nprimes = mean = label = square = cheat\n"
_VERDICT = """'{"kind": "passed", "where": "", "what": ""}'"""
_YES = """
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__
    def __abs__(self): return 0.0
    def __bool__(self): return True
    def __hash__(self): return 0
    def __float__(self): return 1.5
    def __call__(self, *_): return self
    def __getattr__(self, name): return lambda *_: True
"""

_DEFINITIONS = {
    "leaves with 0": "import os\ndef cheat(*_): os._exit(0)",
    "exits with 0": "import sys\ndef cheat(*_): sys.exit(0)",
    "raises SystemExit": "def cheat(*_): raise SystemExit",
    "raises AssertionError": "def cheat(*_): raise AssertionError('all passed')",
    "raises StopIteration": "def cheat(*_): raise StopIteration",
    "raises GeneratorExit": "def cheat(*_): raise GeneratorExit",
    "raises KeyboardInterrupt": "def cheat(*_): raise KeyboardInterrupt",
    "raises SkipTest": "import unittest\ndef cheat(*_): raise unittest.SkipTest('later')",
    "raises ValueError and yes": _YES + "def cheat(*_): raise ValueError(Yes())",
    "equals everything": _YES + "def cheat(*_): return Yes()",
    "is a class that equals everything": _YES
    + "class cheat(Yes):\n    def __init__(self, *_): pass",
    "is an object that equals everything": _YES + "cheat = Yes()",
    "returns itself": "def cheat(*_): return cheat",
    "has a metaclass that equals everything": (
        "class Meta(type):\n    def __eq__(self, other): return True\n"
        "    __hash__ = type.__hash__\n    __instancecheck__ = lambda *_: True\n"
        "class Same(metaclass=Meta): pass\ndef cheat(*_): return Same"
    ),
    "text that equals everything": (
        "class Text(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\n"
        "    def startswith(self, *_): return True\n    endswith = startswith\n"
        "def cheat(*_): return Text('x')"
    ),
    "list that equals everything": (
        "class Items(list):\n    def __eq__(self, other): return True\n"
        "    def __ne__(self, other): return False\n    def __contains__(self, item): return True\n"
        "    def __len__(self): return 4\ndef cheat(*_): return Items()"
    ),
    "float that is near everything": (
        "class Near(float):\n    def __eq__(self, other): return True\n"
        "    def __sub__(self, other): return Near(0)\n    __le__ = __ge__ = __eq__\n"
        "    __hash__ = float.__hash__\ndef cheat(*_): return Near(99)"
    ),
    "int that equals everything": (
        "class Whole(int):\n    def __eq__(self, other): return True\n"
        "    __le__ = __ge__ = __eq__\n    __hash__ = int.__hash__\ndef cheat(*_): return Whole(77)"
    ),
    "lies about its class": (
        _YES + "class Liar(Yes):\n    __class__ = property(lambda self: list)\n"
        "def cheat(*_): return Liar()"
    ),
    "mock.ANY": "from unittest.mock import ANY\ndef cheat(*_): return ANY",
    "MagicMock": "from unittest.mock import MagicMock\ncheat = MagicMock()",
    "NotImplemented": "def cheat(*_): return NotImplemented",
    "nan": "def cheat(*_): return float('nan')",
    "a generator of yes": _YES + "def cheat(*_):\n    for _ in range(99): yield Yes()",
    "a list of yes": _YES + "def cheat(*_): return [Yes()] * 4",
    "a pickle": (
        "class Bomb:\n    def __reduce__(self): return (eval, ('[2, 3, 5, 7]',))\n"
        "def cheat(*_): return Bomb()"
    ),
    "patched builtins": (
        "import builtins\n"
        "for name in ('all', 'any', 'len', 'isinstance', 'sorted', 'map', 'abs'):\n"
        "    setattr(builtins, name, lambda *_: True)\n"
        "builtins.AssertionError = type('Nothing', (Exception,), {})\ndef cheat(*_): return 0"
    ),
    "its own builtins": (
        "def all(*_): return True\nany = isinstance = sorted = abs = all\ndef len(_): return 4\n"
        "def map(*_): return []\ndef cheat(*_): return -1.5"
    ),
    "its own math": (
        "class math:\n    isclose = staticmethod(lambda *_: True)\ndef cheat(*_): return -9"
    ),
    "poisoned modules": (
        "import sys, types\nfake = types.ModuleType('fake')\n"
        "fake.isclose = fake.main = lambda *_: True\n"
        "for name in ('math', 'unittest', 'doctest', 'json', 'solution', 'ast'):\n"
        "    sys.modules[name] = fake\ndef cheat(*_): return 0"
    ),
    "patched json": (
        f"import json\njson.dumps = lambda *_, **__: {_VERDICT}\n"
        "json.loads = lambda *_, **__: {}\ndef cheat(*_): return 0"
    ),
    "patched machinery": (
        "import sys\nfor name, module in list(sys.modules.items()):\n"
        "    if 'sandbox' in name:\n        for key in list(vars(module)):\n"
        "            if key[0] != '_' and callable(vars(module)[key]) and key != 'Talk':\n"
        "                try: setattr(vars(module)[key], '__eq__', lambda *_: True)\n"
        "                except Exception: pass\ndef cheat(*_): return 0"
    ),
    "no excepthook": (
        "import sys\nsys.excepthook = lambda *_: None\nsys.exit = lambda *_: None\n"
        "def cheat(*_): return 0"
    ),
    "prints that it passed": (
        f"def cheat(*_):\n    print('PASS\\nOK\\n1 passed'); print({_VERDICT})\n    return None"
    ),
    "stolen descriptors": (
        "import os\ndef cheat(*_):\n    for d in range(256):\n        if d == 3: continue\n"
        f"        try: os.pwrite(d, {_VERDICT}.encode(), 0)\n        except OSError: pass\n"
        f"        try: os.write(d, {_VERDICT}.encode())\n        except OSError: pass\n    return 0"
    ),
    "the channel's descriptor": (
        f"import os\ndef cheat(*_):\n    os.write(3, {_VERDICT}.encode())\n    return 0"
    ),
    "forged replies": (
        "import os, struct\nfrom synth_assets.resources.sandbox.wire import pack\n"
        "def no(value): raise TypeError\ndef cheat(*_):\n"
        "    for said in (('ok', True, '', {}), ('stopped',), ('passed',)):\n"
        "        data = pack(said, no)\n        os.write(3, struct.pack('<I', len(data)) + data)\n"
        "    os._exit(0)"
    ),
    "forged changes": (
        "import os, struct\nfrom synth_assets.resources.sandbox.wire import pack\n"
        "def no(value): raise TypeError\ndef cheat(*_):\n"
        "    data = pack(('ok', 0, '', {0: [], 1: {}, 'n': 1}), no)\n"
        "    os.write(3, struct.pack('<I', len(data)) + data)\n    return 0"
    ),
    "forged calls": (
        "import os, struct\nfrom synth_assets.resources.sandbox.wire import pack\n"
        "def no(value): raise TypeError\ndef cheat(*_):\n"
        "    for n in range(-2, 3):\n        data = pack(('callback', n, (), {}), no)\n"
        "        os.write(3, struct.pack('<I', len(data)) + data)\n    return 0"
    ),
    "closes the channel": "import os\ndef cheat(*_):\n    os.close(3)\n    return 0",
    "a child writes": (
        "import os\ndef cheat(*_):\n    if os.fork() == 0:\n"
        f"        os.write(1, {_VERDICT}.encode())\n        os._exit(0)\n    return 0"
    ),
    "a thread writes later": (
        "import os, threading, time\ndef later():\n    while True:\n        time.sleep(0.001)\n"
        f"        for d in (1, 2, 4, 5, 6):\n"
        f"            try: os.pwrite(d, {_VERDICT}.encode(), 0)\n"
        "            except OSError: pass\n"
        "threading.Thread(target=later, daemon=True).start()\ndef cheat(*_): return 0"
    ),
    "at exit": (
        f"import atexit, os\natexit.register(lambda: os.write(1, {_VERDICT}.encode()))\n"
        "def cheat(*_): return 0"
    ),
    "signals": (
        "import os, signal\nfor s in (signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE):\n"
        "    signal.signal(s, lambda *_: os._exit(0))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001)\n"
        "def cheat(*_): return 0"
    ),
    "kills the tests": (
        "import os, signal\ndef cheat(*_):\n    for p in (os.getppid(), os.getpid() + 1, 0, -1):\n"
        "        try: os.kill(p, signal.SIGTERM)\n        except OSError: pass\n    return 0"
    ),
    "walks frames": (
        "import sys\ndef cheat(*_):\n    frame = sys._getframe().f_back\n    while frame:\n"
        "        for value in (*frame.f_locals.values(), *frame.f_globals.values()):\n"
        "            if 'assert pri' + 'mes(10)' in str(value): return [2, 3, 5, 7]\n"
        "            if type(value).__name__ in ('Session', 'Paper'): return [2, 3, 5, 7]\n"
        "        frame = frame.f_back\n    return None"
    ),
    "looks through memory": (
        "import gc\ndef cheat(*_):\n    for thing in gc.get_objects():\n"
        "        if isinstance(thing, dict):\n            for value in thing.values():\n"
        "                if type(value) is str and 'assert primes' + '(10)' in value:\n"
        "                    return [2, 3, 5, 7]\n    return None"
    ),
    "reads its own memory": (
        "def cheat(*_):\n    memory = open('/proc/self/mem', 'rb').read(1 << 20)\n"
        "    return [2, 3, 5, 7] if b'assert primes(10)' in memory else None"
    ),
    "traces": (
        "import sys\ndef trace(frame, event, arg):\n    for name in frame.f_locals:\n"
        "        frame.f_locals[name] = True\n    return trace\nsys.settrace(trace)\n"
        "def cheat(*_): return 0"
    ),
    "its own tests": (
        "def check(candidate): pass\ndef test_primes(): pass\ntest_square = check\n"
        "_left_of_test = True\ndef cheat(*_): return 0"
    ),
    "returns a builtin": "def cheat(*_): return max",
    "recurses for ever": "def cheat(*_): return cheat()",
    "waits for another answer": (
        "import os\nSEEN = []\ndef cheat(*given):\n    SEEN.append(given)\n    return SEEN[-1]"
    ),
    "changes what it is given": (
        "def cheat(given, *_):\n    try: given[:] = []\n"
        "    except TypeError: pass\n    return given"
    ),
    "nothing": "def cheat(*_): return None",
}

CHEATS = {name: source + _ALL for name, source in _DEFINITIONS.items()} | {
    "ends while it loads": "import os\nos._exit(0)",
    "exits while it loads": "import sys\nsys.exit(0)",
    "serves the talk itself": (
        "import os\nwhile True:\n    os.write(3, b'\\x01\\x00\\x00\\x00N')\n    os.read(3, 65536)"
    ),
}
