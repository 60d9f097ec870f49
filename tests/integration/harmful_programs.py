"""Programs that would do harm; each prints `reached` if it gets through.

`{folder}` is a folder outside of the sandbox, `{port}` a port that somebody listens on there.
"""

_TRY_EACH = """
import os
for path in {paths}:
    try:
        {act}
        print("reached")
    except OSError:
        pass
"""


def _each(paths: list[str], act: str) -> str:
    return _TRY_EACH.replace("{paths}", repr(paths)).replace("{act}", act)


_CALL = """
import ctypes
library = ctypes.CDLL(None, use_errno=True)
print("reached" if library.{call} != -1 else "")
"""


def _library(call: str) -> str:
    return _CALL.replace("{call}", call)


HARMFUL = {
    # files
    "reads a secret": "print('reached' if open('{folder}/secret').read() else '')",
    "overwrites a file": "open('{folder}/secret', 'w').write('gone'); print('reached')",
    "appends to a file": "open('{folder}/secret', 'a').write('more'); print('reached')",
    "truncates a file": "import os\nos.truncate('{folder}/secret', 0); print('reached')",
    "removes a file": "import os\nos.unlink('{folder}/secret'); print('reached')",
    "renames a file": "import os\nos.rename('{folder}/secret', '{folder}/x'); print('reached')",
    "makes a file": "open('{folder}/new', 'w').write('x'); print('reached')",
    "makes a folder": "import os\nos.mkdir('{folder}/sub'); print('reached')",
    "changes a mode": "import os\nos.chmod('{folder}/secret', 0o777); print('reached')",
    "changes an owner": "import os\nos.chown('{folder}/secret', 1, 1); print('reached')",
    "changes a time": "import os\nos.utime('{folder}/secret', (1, 1)); print('reached')",
    "links to a file": (
        "import os\nos.symlink('{folder}/secret', 'link')\n"
        "print('reached' if open('link').read() else '')"
    ),
    "links hard to a file": "import os\nos.link('{folder}/secret', 'hard'); print('reached')",
    "climbs out by ..": (
        "import os\nup = '/'.join(['..'] * 40)\n"
        "print('reached' if open(up + '{folder}/secret').read() else '')"
    ),
    "climbs out by chroot": (
        "import os\nos.mkdir('d'); os.chroot('d')\nfor _ in range(99): os.chdir('..')\n"
        "os.chroot('.')\nprint('reached' if open('{folder}/secret').read() else '')"
    ),
    "uses /proc/1/root": "print('reached' if open('/proc/1/root{folder}/secret').read() else '')",
    "uses open descriptors": (
        "import os\nfor d in range(3, 256):\n    try:\n        os.fstat(d)\n"
        "        if os.read(d, 1) and d != 3: print('reached')\n    except OSError: pass"
    ),
    "reads home": _each(
        ["/root", "/home", "/root/.bashrc", "/root/.ssh", "/var/lib"], "os.listdir(path)"
    ),
    "reads passwords": _each(
        ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/environment"], "open(path).read()"
    ),
    "writes passwords": _each(["/etc/passwd", "/etc/shadow", "/etc/x"], "open(path, 'a')"),
    "writes into Python": (
        "import os, json, sys\nfor folder in (os.path.dirname(json.__file__), *sys.path):\n"
        "    try:\n        open(folder + '/sitecustomize.py', 'w'); print('reached')\n"
        "    except OSError: pass"
    ),
    "removes Python": "import os, json\nos.unlink(json.__file__); print('reached')",
    "writes to devices": _each(
        ["/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/shm/x"],
        "open(path, 'wb')",
    ),
    "makes a device": "import os\nos.mknod('disk', 0o60600, os.makedev(254, 0)); print('reached')",
    "reads environments": _each(
        ["/proc/1/environ", "/proc/self/environ", "/proc/2/environ"], "open(path).read()"
    ),
    "finds a secret in its environment": (
        "import os\nprint('reached' if 'SANDBOX_TEST_KEY' in os.environ else '')"
    ),
    # network
    "connects": (
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2); print('reached')"
    ),
    "sends a datagram": (
        "import socket\nsocket.socket(2, 2).sendto(b'x', ('127.0.0.1', {port})); print('reached')"
    ),
    "listens": "import socket\nsocket.create_server(('', 0)); print('reached')",
    "opens a raw socket": "import socket\nsocket.socket(2, 3, 1); print('reached')",
    "opens a packet socket": "import socket\nsocket.socket(17, 3); print('reached')",
    "opens a local socket": "import socket\nsocket.socket(1, 1); print('reached')",
    "sends over a local pair": (
        "import socket\nfor kind in (2, 5):\n    try:\n        socket.socketpair(1, kind)\n"
        "        print('reached')\n    except OSError: pass"
    ),
    "asks for a name": "import socket\nsocket.gethostbyname('example.org'); print('reached')",
    "uses a ring": _library("syscall(425, 8, ctypes.create_string_buffer(200))"),
    # processes
    "forks without end": "import os\nwhile True:\n    if os.fork(): print('reached')",
    "spawns": "import subprocess\nsubprocess.run(['/bin/sh', '-c', 'true']); print('reached')",
    "runs a shell": "import os\nprint('reached' if os.system('touch {folder}/new') == 0 else '')",
    "executes": "import os\nos.execv('/bin/sh', ['sh', '-c', 'echo reached'])",
    "executes from memory": (
        "import os, shutil\nd = os.memfd_create('x')\nos.write(d, open('/bin/sh', 'rb').read())\n"
        "os.execve(d, ['sh', '-c', 'echo reached'], {})"
    ),
    "becomes a daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        time.sleep(60)\nprint('reached')"
    ),
    "makes processes by hand": _library("syscall(56, 17, 0, 0, 0, 0)"),
    "makes processes anew": _library(
        "syscall(435, (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17), ctypes.c_long(64))"
    ),
    "makes threads without end": (
        "import threading, time\nthreads = 0\ntry:\n    while threads < 2000:\n"
        "        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "        threads += 1\nexcept Exception: pass\nprint('reached' if threads > 100 else '')\n"
        "import os; os._exit(0)"
    ),
    "kills its parent": (
        "import os, signal\nfor p in (os.getppid(), 1, 0, -1):\n    try:\n"
        "        os.kill(p, signal.SIGKILL); print('reached')\n    except OSError: pass"
    ),
    "kills the user's processes": (
        "import os, signal\nfor p in range(1, 70000):\n    if p == os.getpid(): continue\n"
        "    try:\n        os.kill(p, signal.SIGTERM); print('reached'); break\n"
        "    except OSError: pass"
    ),
    "signals by a descriptor's owner": (
        "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\n"
        "print('reached')"
    ),
    "raises its priority": "import os\nos.nice(-5); print('reached')",
    "raises its limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1)); print('reached')"
    ),
    "raises its parent's limits": (
        "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))\n"
        "print('reached')"
    ),
    "traces its parent": _library("ptrace(16, 1, 0, 0)"),
    "reads another's memory": _library(
        "syscall(310, 1, (ctypes.c_uint64 * 2)(), 1, (ctypes.c_uint64 * 2)(), 1, 0)"
    ),
    "becomes root": "import os\nos.setuid(0); print('reached')",
    # the machine
    "mounts": _library("mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None)"),
    "unmounts": _library("umount2(b'/tmp', 2)"),
    "leaves namespaces": _library("unshare(0x10000000)"),
    "enters namespaces": _library("setns(0, 0)"),
    "loads into the kernel": _library("syscall(321, 0, None, 0)"),
    "takes a key": _library("syscall(250, 0, -3, 0)"),
    "sets the clock": "import time\ntime.clock_settime(0, 0); print('reached')",
    "sets the name": "import socket\nsocket.sethostname('mine'); print('reached')",
    "reboots": _library("reboot(0)"),
    "shares memory": _library("shmget(0, 1 << 20, 0o1600)"),
    "counts processors": _library("perf_event_open(0, 0, -1, -1, 0)").replace(
        "perf_event_open(", "syscall(298, "
    ),
    "watches page faults": _library("syscall(323, 0)"),
    "calls as 32 bits": _library("syscall(0x40000000 + 39)"),
    # resources
    "takes memory": "x = [bytes(1 << 20) * 64 for _ in range(64)]; print('reached')",
    "takes memory at once": "x = bytearray(8 << 30); print('reached')",
    "maps memory": "import mmap\nx = [mmap.mmap(-1, 1 << 30) for _ in range(8)]; print('reached')",
    "fills the disk": (
        "import os\nwritten = 0\ntry:\n    for n in range(10 ** 6):\n"
        "        with open(f'{n}.bin', 'wb') as file: written += file.write(bytes(1 << 19))\n"
        "except OSError: pass\nprint('reached' if written > 20 << 20 else '')"
    ),
    "makes files without end": (
        "files = 0\ntry:\n    for n in range(10 ** 6):\n        open(str(n), 'w').close()\n"
        "        files += 1\nexcept OSError: pass\nprint('reached' if files > 10 ** 4 else '')"
    ),
    "digs deep": (
        "import os\ndepth = 0\ntry:\n    for depth in range(10 ** 5):\n        os.mkdir('d')\n"
        "        os.chdir('d')\nexcept OSError: pass\nprint('reached' if depth > 10 ** 4 else '')"
    ),
    "writes one large file": (
        "import os\nd = os.open('x', os.O_CREAT | os.O_WRONLY)\nos.ftruncate(d, 1 << 40)\n"
        "print('reached')"
    ),
    "opens without end": (
        "import os\nheld = []\ntry:\n    while True: held.append(os.dup(0))\n"
        "except OSError: pass\nprint('reached' if len(held) > 100 else '')"
    ),
    "loops for ever": "while True: pass",
    "loops in C for ever": "sum(iter(int, 1))",
    "loops in threads": (
        "import threading\ndef turn():\n    while True: pass\n"
        "for _ in range(8): threading.Thread(target=turn).start()"
    ),
    "raises a large power": "9 ** 9 ** 9; print('reached')",
    "matches for ever": "import re\nre.match('(a+)+$', 'a' * 60 + 'b'); print('reached')",
    "ignores the end": (
        "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: pass"
    ),
    "prints without end": "while True: print('x' * 65536)",
    "prints to errors without end": "import sys\nwhile True: sys.stderr.write('x' * 65536)",
    "writes without end": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "sleeps for ever": "import time\ntime.sleep(10 ** 6)",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "dumps core": "import os\nos.abort()",
    "is deeply nested": "(" * 100_000,
    "is deeply recursive": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()",
}

SLOW = ("sleeps for ever", "stops itself")
"""Those that end by the limit of time in all, and not by processor time."""

_FIRST_OF_RESOURCES = "takes memory"
NO_RESOURCES = tuple(HARMFUL)[: tuple(HARMFUL).index(_FIRST_OF_RESOURCES)]
"""Those that reach for something, and do not only use up what they may."""
