import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    LimitReached,
    Passed,
    ProgramJob,
    ProgramLimits,
    StreamCase,
    StreamTests,
)
from synth_assets.resources.sandbox.orders import Mode
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.harmful_programs import HARMFUL, NO_RESOURCES, SLOW
from tests.integration.sandboxes import open_sandbox, wait_for_end
from tests.processes import processes_under

_MOST_S = 20.0


@dataclass
class Outside:
    """What a program must not touch."""

    folder: Path
    server: socket.socket
    datagrams: socket.socket

    @classmethod
    def make(cls, folder: Path, server: socket.socket) -> "Outside":
        (folder / "secret").write_text("a secret")
        os.utime(folder / "secret", (1_700_000_000, 1_700_000_000))
        server.setblocking(False)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", server.getsockname()[1]))
        datagrams.setblocking(False)
        return cls(folder, server, datagrams)

    def state(self) -> dict[str, object]:
        secret = self.folder / "secret"
        info = secret.stat()
        return {
            "files": sorted(path.name for path in self.folder.iterdir()),
            "text": secret.read_text(),
            "mode": (info.st_mode, info.st_uid, info.st_nlink, info.st_mtime),
            "passwords": hashlib.sha256(Path("/etc/passwd").read_bytes()).hexdigest(),
            "host": socket.gethostname(),
            "called": self._is_called(),
        }

    def _is_called(self) -> bool:
        for ask in (self.server.accept, lambda: self.datagrams.recv(9)):
            try:
                ask()
            except BlockingIOError:
                continue
            return True
        return False


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Outside.make(tmp_path, server)
        with made.datagrams:
            yield made


@pytest.fixture(scope="module", autouse=True)
def _secret() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_TEST_KEY", "sk-secret")
        yield


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(size=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def bubblewrapped() -> Iterator[Sandbox]:
    with open_sandbox(size=1, modes=(Mode.BUBBLEWRAP,)) as opened:
        yield opened


@pytest.fixture(scope="module")
def landlocked() -> Iterator[Sandbox]:
    with open_sandbox(size=1, modes=(Mode.LANDLOCK,)) as opened:
        yield opened


def _program(name: str, outside: Outside) -> str:
    port = str(outside.server.getsockname()[1])
    return HARMFUL[name].replace("{folder}", str(outside.folder)).replace("{port}", port)


def _limits(name: str) -> ProgramLimits:
    return ProgramLimits(cpu_s=0.25, wall_s=2.0 if name in SLOW else 20.0)


@pytest.mark.parametrize("name", HARMFUL)
def test_sandbox_harmful_script_does_no_harm(sandbox: Sandbox, outside: Outside, name: str):
    _expect_no_harm(sandbox, outside, name)


@pytest.mark.parametrize("name", HARMFUL)
def test_sandbox_of_bubblewrap_harmful_script_does_no_harm(
    bubblewrapped: Sandbox, outside: Outside, name: str
):
    _expect_no_harm(bubblewrapped, outside, name)


def _expect_no_harm(sandbox: Sandbox, outside: Outside, name: str) -> None:
    before = outside.state()
    began = time.monotonic()
    tests = StreamTests((StreamCase("", "reached"),))
    job = ProgramJob(_program(name, outside), tests, _limits(name))
    outcome = sandbox.run(job)

    assert isinstance(outcome, Failed | DoesNotRun | LimitReached)
    assert "reached" not in str(outcome)
    assert outside.state() == before
    assert time.monotonic() - began < _MOST_S
    assert os.environ["SANDBOX_TEST_KEY"] == "sk-secret"


def test_sandbox_after_harmful_programs_still_serves_and_is_clean(sandbox: Sandbox):
    program = "import os\ndef seen(): return os.listdir('.'), sorted(os.environ)"
    tests = CallTests("assert seen() == ([], ['HOME', 'LC_ALL', 'PYTHONHASHSEED', 'TMPDIR'])")

    assert sandbox.run(ProgramJob(program, tests)) == Passed()


def test_sandbox_closed_leaves_no_process_behind():
    before = processes_under(os.getpid())
    with open_sandbox(size=1) as sandbox:
        sleeps = ProgramJob(
            "import time, threading\n"
            "threading.Thread(target=time.sleep, args=(60,)).start()\ndef f(): return 1",
            CallTests("assert f() == 1"),
        )
        assert sandbox.run(sleeps) == Passed()
        made = processes_under(os.getpid()) - before
        assert made
    assert wait_for_end(made) == set()


def test_sandbox_whose_owner_is_killed_leaves_no_process_behind():
    program = "import time\ndef f(): time.sleep(60)"
    owner = (
        "from synth_assets.core.verify.programs import CallTests, ProgramJob\n"
        "from synth_assets.resources.sandbox.runner import Sandbox\n"
        "sandbox = Sandbox(1)\nprint(sandbox.mode, flush=True)\n"
        f"sandbox.run(ProgramJob({program!r}, CallTests('f()')))"
    )
    with subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            pytest.skip("nothing here to make a sandbox of")
        made = _at_least(4, process.pid)
        process.kill()

    # The server that waits, the one that serves, the program and its tests.
    assert len(made) >= 4
    assert wait_for_end(made) == set()


def _at_least(number: int, owner: int) -> set[int]:
    deadline = time.monotonic() + 20
    while len(made := processes_under(owner)) < number and time.monotonic() < deadline:
        time.sleep(0.05)
    return made


@pytest.mark.parametrize("name", NO_RESOURCES)
def test_sandbox_of_landlock_alone_harmful_script_does_no_harm(
    landlocked: Sandbox, outside: Outside, name: str
):
    before = outside.state()
    tests = StreamTests((StreamCase("", "reached"),))
    outcome = landlocked.run(ProgramJob(_program(name, outside), tests, _limits(name)))

    assert isinstance(outcome, Failed | DoesNotRun | LimitReached)
    assert "reached" not in str(outcome)
    assert outside.state() == before
