"""Near-duplicates by engines for several machines, all on this one, with the same kernels.

`python -m benchmarks.cluster_dedup` prints the section; `--rows 200000`, `--only Ray` by a part of
the name. Engines live in environments of their own under `--peers` (or `SYNTH_BENCH_PEERS`); those
that are missing are made, by `uv` if it is there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.clients import Client, ClientFailedError, python_of, version_of
from benchmarks.dedup_corpora import make_corpus
from benchmarks.generation import default_peers
from benchmarks.peers.cluster_job import DONE, Report
from benchmarks.timing import table
from benchmarks.tree_peak import TreePeak

_ROOT = Path(__file__).parent.parent
_FILES = 20
_TIMEOUT_S = 1_800
_KERNELS = ("numba", "numpy")
_ONE = Client("Synth Assets, one process", "cluster_synth", "one")
_OURS = Client("Synth Assets on Dask", "cluster_synth", "dask", package="distributed")
_ENGINES = (
    _ONE,
    replace(_OURS, name=f"{_OURS.name}, 1 worker", most=1),
    replace(_OURS, name=f"{_OURS.name}, 2 workers", most=2),
    replace(_OURS, name=f"{_OURS.name}, 3 workers", most=3),
    Client("the same program on Ray, 2 workers", "cluster_ray", "", "ray", "ray", most=2),
    Client("Daft, one process of 2 threads", "cluster_daft", "", "daft", "daft", most=2),
    Client("Daft on Ray, 2 workers", "cluster_daft", "ray", "daft", "daft", most=2),
    Client("Spark, 2 workers", "cluster_spark", "", "spark", "pyspark", most=2),
)
_MORE_PACKAGES = {"ray": (), "daft": ("ray", "pyarrow"), "spark": ("pyarrow", "pandas")}
_METHOD = (
    "{rows:,} rows of {characters:.0f} characters with known clusters (see Near-duplicates), in "
    "{files} files of JSON Lines, Jaccard similarity of {threshold} or more. Every engine runs "
    "the project's own kernels; they differ in how work and data reach the processes. *Start*: "
    "until the engine takes work. *Documents per second*: of wall time on {cpus} processors, from "
    "files to rows dropped, on an engine that has done such work before; *per CPU s* and *peak* "
    "are of all its processes, the peak from their start. Daft and Spark group by key themselves, "
    "and join the rows that share one in the process that asked."
)


@dataclass(frozen=True)
class _Run:
    report: Report
    peak_mib: float
    kept: npt.NDArray[np.int64]


def measure(
    rows: int = 200_000, threshold: float = 0.7, *, peers: Path | None = None, only: str = ""
) -> str:
    """Measure and return a section of Markdown."""
    homes = peers or default_peers()
    engines = [each for each in _ENGINES if only in each.name]
    with tempfile.TemporaryDirectory() as name:
        try:
            folder, characters = _write_rows(Path(name), rows)
        except FileNotFoundError as exc:
            missed = Path(exc.filename or "data").name
            return f"## Engines for several machines\n\nNot measured: no {missed}."
        ran, failures = _run_all(engines, folder, threshold, homes)
    method = _METHOD.format(
        rows=rows, characters=characters, files=_FILES, threshold=threshold, cpus=os.cpu_count()
    )
    head = ["engine", "start s", "documents per s", "per CPU s", "peak MiB", "same rows"]
    expected = ran.get(_ONE)
    lines = [_line(engine, run, rows, expected) for engine, run in ran.items()]
    told = f"{', '.join(dict.fromkeys(_versions(list(ran), homes)))}."
    command = f"`python -m benchmarks.cluster_dedup --rows {rows} --threshold {threshold}`."
    parts = ["## Engines for several machines", command, method, told, table(head, lines)]
    return "\n\n".join([*parts, *failures])


def _run_all(
    engines: Sequence[Client], folder: Path, threshold: float, peers: Path
) -> tuple[dict[Client, _Run], list[str]]:
    ran: dict[Client, _Run] = {}
    failures: list[str] = []
    for engine in engines:
        try:
            _install(engine, peers)
            ran[engine] = _run(engine, folder, threshold, peers)
        except ClientFailedError as exc:
            failures.append(f"{engine.name}: {exc}.")
        told = ran[engine].report if engine in ran else failures[-1]
        print(engine.name, told, file=sys.stderr, flush=True)
    return ran, failures


def _write_rows(folder: Path, rows: int) -> tuple[Path, float]:
    corpus = make_corpus(folder / "corpus", rows)
    frame = pl.read_parquet(corpus.rows)
    written = folder / "rows"
    written.mkdir()
    size = -(-rows // _FILES)
    for number in range(_FILES):
        frame.slice(number * size, size).write_ndjson(written / f"{number:03}.jsonl")
    return written, float(frame["text"].str.len_chars().mean())  # type: ignore[arg-type]


def _run(engine: Client, rows: Path, threshold: float, peers: Path) -> _Run:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        command = [str(python_of(engine.peer, peers)), "-m", f"benchmarks.peers.{engine.module}"]
        command += [str(rows), "--threshold", str(threshold), "--folder", name]
        command += ["--workers", str(engine.most), "--lane", engine.lane]
        with _process(command, folder) as process, TreePeak(process.pid, folder / DONE) as peak:
            try:
                code = process.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                raise ClientFailedError(f"not done after {_TIMEOUT_S} s") from None
        if code:
            said = (folder / "said.txt").read_text(errors="replace").strip()
            raise ClientFailedError(said.rpartition("\n")[2][:160] or f"ended with {code}")
        report = Report(**json.loads((folder / "report.json").read_text("utf-8")))
        return _Run(report, peak.mib, np.fromfile(folder / "kept.i64", np.int64))


@contextmanager
def _process(command: Sequence[str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(_ROOT),
        "DO_NOT_TRACK": "1",
        "DAFT_ANALYTICS_ENABLED": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _line(engine: Client, run: _Run, rows: int, expected: _Run | None) -> list[str]:
    report = run.report
    same = "-" if expected is None else "yes" if np.array_equal(run.kept, expected.kept) else "no"
    return [
        engine.name,
        f"{report.start_s:.1f}",
        f"{rows / report.seconds:,.0f}",
        f"{rows / report.cpu_s:,.0f}",
        f"{run.peak_mib:,.0f}",
        same,
    ]


def _versions(engines: Sequence[Client], peers: Path) -> Iterator[str]:
    for engine in engines:
        if engine.package:
            yield f"{engine.package} {version_of(engine, peers)}"


def _install(engine: Client, peers: Path) -> None:
    """Make the environment of an engine if it is missing.

    Raises:
        ClientFailedError: if it cannot be made.
    """
    if engine.peer is None or (peers / engine.peer / "bin").exists():
        return
    home = peers / engine.peer
    packages = [engine.package, *_MORE_PACKAGES[engine.peer], *_KERNELS]
    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    python = str(home / "bin" / "python")
    if uv is None:
        make = [sys.executable, "-m", "venv", str(home)]
        fill = [python, "-m", "pip", "install", "--quiet", *packages]
    else:
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(home)]
        fill = [uv, "pip", "install", "--quiet", "--python", python, *packages]
    for command in (make, fill):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(home, ignore_errors=True)
            said = done.stderr.strip().rpartition("\n")[2][:160]
            raise ClientFailedError(f"could not be installed: {said}")


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--peers", type=Path, default=default_peers())
    parser.add_argument("--only", default="", help="a part of the names of the engines")
    told = parser.parse_args()
    print(measure(told.rows, told.threshold, peers=told.peers, only=told.only))


if __name__ == "__main__":
    main()
