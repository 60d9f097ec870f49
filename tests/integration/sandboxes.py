"""Sandboxes for tests, and what they leave behind."""

import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from synth_assets.errors import SandboxError
from synth_assets.resources.sandbox import landlock
from synth_assets.resources.sandbox.orders import Mode
from synth_assets.resources.sandbox.runner import Sandbox
from tests.processes import is_running


@contextmanager
def open_sandbox(**how: object) -> Generator[Sandbox]:
    """A sandbox; the test is skipped where the machine has nothing to make one of.

    Where it has, a sandbox that does not open is a fault of ours and fails the test.
    """
    sandbox = Sandbox(**how)  # pyright: ignore[reportArgumentType]
    try:
        _ = sandbox.mode
    except SandboxError as exc:
        if _has_means(how.get("modes", tuple(Mode))):  # pyright: ignore[reportArgumentType]
            raise
        pytest.skip(str(exc))
    try:
        yield sandbox
    finally:
        sandbox.close()


def _has_means(modes: Sequence[Mode]) -> bool:
    if Mode.LANDLOCK in modes and landlock.version() > 0:
        return True
    program = shutil.which("bwrap")
    if Mode.BUBBLEWRAP not in modes or program is None:
        return False
    tried = [program, "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def wait_for_end(processes: set[int], timeout_s: float = 30.0) -> set[int]:
    """Those of the processes that still are when the time is over."""
    deadline = time.monotonic() + timeout_s
    while left := {each for each in processes if is_running(each)}:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left
