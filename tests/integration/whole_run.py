"""`synth` as users call it: a process of its own, on a home of its own."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tests.integration.warm_processes import Finished, run

TIMEOUT_S = 600


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
        return run(arguments, {"SYNTH_HOME": str(self.home), **self.environment}, TIMEOUT_S)

    def asset(self, name: str) -> pl.DataFrame:
        """All partitions of an asset, live or not."""
        whole = self.home / "assets" / f"{name}.parquet"
        files = [whole] if whole.exists() else sorted((whole.with_suffix("")).glob("*.parquet"))
        return pl.concat([pl.read_parquet(file) for file in files])

    def partition(self, name: str, starting: str) -> pl.DataFrame:
        """The one partition of an asset whose key starts so."""
        [file] = (self.home / "assets" / name).glob(f"{starting}~*.parquet")
        return pl.read_parquet(file)
