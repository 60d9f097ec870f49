"""A home of its own, worked through the `synth` command as a user does."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tests.processes import free_port

SYNTH = str(Path(sys.executable).with_name("synth"))
CTRL_C = b"\x03"
START_TIMEOUT_S = 240
STOP_TIMEOUT_S = 60


@dataclass(frozen=True)
class Project:
    """Where a user works, and the ports of the two user interfaces."""

    home: Path
    recipes: Path
    workplace: Path
    dagster_port: int
    dashboard_port: int

    @classmethod
    def make(cls, folder: Path) -> "Project":
        """A new project; its paths hold a space, as those of users do."""
        recipes, workplace = folder / "my recipes", folder / "elsewhere"
        recipes.mkdir()
        workplace.mkdir()
        return cls(folder / "synth home", recipes, workplace, free_port(), free_port())

    @property
    def dagster(self) -> str:
        return f"http://127.0.0.1:{self.dagster_port}"

    @property
    def dashboards(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the user exported, among it a Dagster home of another project."""
        return {
            **os.environ,
            "SYNTH_HOME": str(self.home),
            "SYNTH_RECIPES": str(self.recipes),
            "SYNTH_DAGSTER_PORT": str(self.dagster_port),
            "SYNTH_DASHBOARD_PORT": str(self.dashboard_port),
            "DAGSTER_HOME": str(self.workplace),
        }

    def synth(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [SYNTH, *arguments],
            env=self.environment,
            cwd=self.workplace,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def rows(self, asset: str, partition: str) -> pl.DataFrame:
        """What a partition holds on disk."""
        return pl.read_parquet(self.home / "assets" / asset / f"{partition}.parquet", glob=False)

    def partition(self, asset: str, name: str) -> str:
        """The one partition of an asset that a recipe or mixture of that name has."""
        [path] = (self.home / "assets" / asset).glob(f"{name}~*.parquet")
        return path.stem


class Terminal:
    """`synth ui` in the foreground of a terminal."""

    def __init__(self, project: Project) -> None:
        self.shown = ""
        self._exit_code: int | None = None
        self._process, self._screen = pty.fork()
        if self._process == 0:
            os.chdir(project.workplace)
            os.execve(SYNTH, [SYNTH, "ui"], project.environment)

    def wait_for(self, text: str) -> None:
        """Read the screen until it shows a text."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while text not in self.shown:
            if not self._read(deadline):
                raise AssertionError(f"`synth ui` never showed {text!r}:\n{self.shown}")

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def close(self) -> None:
        """Close the window."""
        os.close(self._screen)
        self._screen = -1

    def wait_for_end(self) -> int:
        """Exit code of the command."""
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._exit_code is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"`synth ui` did not end in {STOP_TIMEOUT_S} s:\n{self.shown}")
            ended, status = os.waitpid(self._process, os.WNOHANG)
            if ended:
                self._exit_code = os.waitstatus_to_exitcode(status)
            time.sleep(0.1)
        return self._exit_code

    def kill(self) -> None:
        """End the command if it runs, and close the window."""
        if self._exit_code is None:
            os.kill(self._process, signal.SIGTERM)
            self.wait_for_end()
        if self._screen >= 0:
            self.close()

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._screen], [], [], max(0, deadline - time.monotonic()))
        try:
            text = os.read(self._screen, 4096) if ready else b""
        except OSError:  # what Linux answers once the last process has closed the terminal
            text = b""
        self.shown += text.decode(errors="replace")
        return bool(text)


@contextmanager
def user_interfaces(project: Project) -> Generator[Terminal]:
    """Both user interfaces, started by one command and stopped at the end."""
    terminal = Terminal(project)
    try:
        terminal.wait_for("Ctrl-C stops them.")
        yield terminal
    finally:
        terminal.kill()
