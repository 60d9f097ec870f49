"""`synth` as users call it: a process of its own, on a home of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Finished:
    """A finished process."""

    code: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass(frozen=True)
class Synth:
    """The command line, bound to a home.

    Attributes:
        home: `SYNTH_HOME`.
        environment: more variables.
    """

    home: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-c", "from synth_assets.cli.main import main; main()", *arguments],
            env={**os.environ, "SYNTH_HOME": str(self.home), **self.environment},
            capture_output=True,
            text=True,
            timeout=600,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def asset(self, name: str) -> pl.DataFrame:
        """All partitions of an asset, live or not."""
        whole = self.home / "assets" / f"{name}.parquet"
        files = [whole] if whole.exists() else sorted((whole.with_suffix("")).glob("*.parquet"))
        return pl.concat([pl.read_parquet(file) for file in files])

    def partition(self, name: str, starting: str) -> pl.DataFrame:
        """The one partition of an asset whose key starts so."""
        [file] = (self.home / "assets" / name).glob(f"{starting}~*.parquet")
        return pl.read_parquet(file)
