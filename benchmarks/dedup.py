"""How fast and how rightly near-duplicates are removed, beside the tools that people use for it.

`python -m benchmarks.dedup` prints the section alone; `--rows 50000 500000 2000000` says of what
size, `--only rensa` which tools by a part of their names. Corpora (see `dedup_corpora`) are made
under `--corpora`, and stay. Peers live in environments of their own under `--peers` (or
`SYNTH_BENCH_PEERS`); those that are missing are made, by `uv` if it is there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import dedup_pairs
from benchmarks.clients import Client, ClientFailedError, python_of, version_of
from benchmarks.dedup_corpora import Corpus, make_corpus
from benchmarks.dedup_score import Removal, Rows, Truth, components, flags, one_by_one
from benchmarks.generation import default_peers
from benchmarks.peers.dedup_job import DONE, Report
from benchmarks.timing import table
from benchmarks.tree_peak import TreePeak
from synth_assets.core.dedup.sketch import DedupRule

_ROOT = Path(__file__).parent.parent
_HALF, _ALL = 500_000, 2_000_000
_OURS = Client("Synth Assets", "dedup_synth", "near", most=_ALL)
_COMMAND = Client("Synth Assets, `synth dedup`", "dedup_synth", "command", most=_ALL)
_LIMITS = (
    Client("bytes read and written, no more", "dedup_synth", "memory", most=_ALL),
    Client("shingles hashed, no more", "dedup_synth", "hashing", most=_ALL),
)
_TOOLS = (
    *_LIMITS,
    _OURS,
    _COMMAND,
    Client("rensa, rho flags", "dedup_rensa", "rho", "rensa", "rensa", most=_HALF),
    Client("rensa, flags", "dedup_rensa", "flags", "rensa", "rensa", most=_HALF),
    Client("rensa, stream", "dedup_rensa", "stream", "rensa", "rensa", most=_HALF),
    Client("rensa, pairs", "dedup_rensa", "pairs", "rensa", "rensa", most=_HALF),
    Client("gaoya", "dedup_gaoya", "", "gaoya", "gaoya", most=_HALF),
    Client("semhash", "dedup_semhash", "", "semhash", "semhash", most=50_000),
    Client("datasketch, batch", "dedup_datasketch", "bulk", "datasketch", "datasketch", 50_000),
    Client("text-dedup", "dedup_text_dedup", "", "text-dedup", "text-dedup", 50_000),
    Client("datasketch, README", "dedup_datasketch", "readme", "datasketch", "datasketch", 50_000),
    Client(
        "datatrove", "dedup_datatrove", "", "datatrove", "datatrove[io,processing] spacy", 50_000
    ),
)
_OWN_WORDS = ("gaoya", "text-dedup", "datatrove")
_TIMEOUT_S = 3_600
_SLOW_S = 30
_METHOD = (
    "Rows of {words:.0f} words made of stretches of real texts, in random order; {copies:.0%} are "
    "changed copies of another, alike to any degree, in clusters of 2 to 500, some of them chains; "
    "{templates:.0%} share a frame and differ in content (`benchmarks/dedup_corpora.py`). Similar "
    "are two rows whose word 5-grams have a Jaccard similarity of {threshold} or more; all such "
    "pairs are known by an exact join. Each run is a process of its own; of three the one in the "
    "middle is told, of what takes over {slow} s the only one. *Documents per CPU second*: from "
    "texts at hand (of commands: from files) to rows kept, of the process and its children, "
    "imports and compiling apart; in brackets, of tools that take shingles, from shingles that are "
    "cut already: Python takes longer to cut them than the fastest tools do for the rest. *Peak*: "
    "of the process and its children, texts included. *Precision* and *recall* are of the pairs "
    "that a tool reports; of Synth Assets, which reports one kept row for each removed one, recall "
    "is the share of all pairs whose signatures meet. *Wrongly removed*: rows without any kept row "
    "that they resemble; *left*: kept rows that resemble an earlier kept one. From tools that "
    "report pairs, one row of each connected group is kept, as is usual; in brackets, each row "
    "unless an earlier kept one is paired with it."
)
_SETTINGS = {
    "PYTHONPATH": str(_ROOT),
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True)
class Run:
    """What one tool did with one corpus.

    Attributes:
        tool: which.
        report: its own.
        peak_mib: see `TreePeak`.
        kept: numbers of the rows it keeps, if it says.
        pairs: pairs that it reports, in two columns, if it does.
    """

    tool: Client
    report: Report
    peak_mib: float
    kept: Rows | None
    pairs: Rows | None


def measure(
    sizes: Sequence[int] = (50_000, _HALF, _ALL),
    threshold: float = 0.7,
    *,
    corpora: Path | None = None,
    peers: Path | None = None,
    only: str = "",
) -> str:
    """Measure and return a section of Markdown."""
    folder, homes = corpora or _default_corpora(), peers or default_peers()
    tools = [tool for tool in _TOOLS if only in tool.name]
    missing = _install(tools, homes)
    parts = ["## Near-duplicates"]
    rates: dict[tuple[str, int], float] = {}
    for size in sizes:
        try:
            corpus = _corpus(folder / str(size), size)
        except FileNotFoundError as exc:
            missed = Path(exc.filename).name
            return "\n\n".join([*parts, f"Not measured: no {missed}; set SYNTH_TEST_DATA."])
        if len(parts) == 1:
            parts.append(_introduction(corpus, threshold, tools, homes))
        runs, failures = _runs(corpus, size, threshold, tools, homes)
        _say(f"{size:,}: all pairs")
        truth = Truth(size, corpus.exact_pairs(threshold))
        parts += [_section(runs, truth, corpus, threshold), *failures]
        rates |= {(run.tool.name, size): size / run.report.cpu_s for run in runs}
    return "\n\n".join(filter(None, [*parts, _flatness(rates), *missing, dedup_pairs.measure()]))


def _default_corpora() -> Path:
    return Path(tempfile.gettempdir()) / "dedup-corpora"


def _corpus(folder: Path, rows: int) -> Corpus:
    corpus = Corpus(folder)
    if not (folder / "pairs.parquet").exists():
        _say(f"making {rows:,} rows")
        corpus = make_corpus(folder, rows)
    lines = folder / "rows.jsonl"
    if not lines.exists():
        pl.read_parquet(corpus.rows).write_ndjson(lines)
    return corpus


def _introduction(corpus: Corpus, threshold: float, tools: Sequence[Client], peers: Path) -> str:
    sample = pl.read_parquet(corpus.rows[0])["text"]
    truth = corpus.truth()
    words = float(np.mean([len(text.split()) for text in sample]))
    copies = float(truth["parent"].is_not_null().mean())  # type: ignore[arg-type]
    templates = float((truth["kind"].cast(pl.String) == "template").mean())  # type: ignore[arg-type]
    method = _METHOD.format(
        words=words, copies=copies, templates=templates, threshold=threshold, slow=_SLOW_S
    )
    versions: dict[str, str] = {}
    for tool in tools:
        if tool.package and tool.peer:
            try:
                versions[tool.peer] = f"{tool.peer} {version_of(tool, peers)}"
            except ClientFailedError as exc:
                versions[tool.peer] = f"{tool.peer}: {exc}"
    own = ", ".join(name for name in _OWN_WORDS if name in versions)
    notes = [f"{'; '.join(versions.values())}."] if versions else []
    if own:
        notes.append(f"{own} cut texts into words by rules of their own.")
    if "semhash" in versions:
        notes.append(
            "semhash compares cosines, here of random word vectors at its default of 0.9, as its "
            "model would have to be downloaded."
        )
    return "\n\n".join([method, " ".join(notes)])


def _section(runs: Sequence[Run], truth: Truth, corpus: Corpus, threshold: float) -> str:
    exact = truth.judge(truth.one_by_one())
    told = (
        f"{len(truth.pairs):,} pairs; one by one, {exact.removed:,} rows are removed, none "
        "wrongly, and none is left."
    )
    head = ["tool", "documents per CPU s", "wall s", "peak MiB", "precision", "recall"]
    head += ["removed", "wrongly removed", "left"]
    rows = [_row(run, truth, corpus, threshold) for run in runs]
    notes = [note for run in runs if run.tool == _OURS and (note := _named(run, truth))]
    return "\n\n".join([f"### {truth.rows:,} rows", told, table(head, rows), *notes])


def _runs(
    corpus: Corpus, rows: int, threshold: float, tools: Sequence[Client], peers: Path
) -> tuple[list[Run], list[str]]:
    """What each tool did, and why some did nothing."""
    runs: list[Run] = []
    failures: list[str] = []
    for tool in tools:
        if rows > tool.most:
            continue
        _say(f"{rows:,}: {tool.name}")
        try:
            run = _median_run(tool, corpus.folder / "rows.jsonl", threshold, peers)
        except ClientFailedError as exc:
            failures.append(f"{tool.name}, {rows:,} rows: {exc}.")
        else:
            runs.append(run)
            report = run.report
            _say(f"{rows / report.cpu_s:,.0f} a CPU s, {report.seconds:,.1f} s wall")
    return runs, failures


def _median_run(tool: Client, file: Path, threshold: float, peers: Path) -> Run:
    """Of three runs the one in the middle by CPU; of a slow tool the only one."""
    runs = [run_tool(tool, file, threshold, peers)]
    if runs[0].report.seconds < _SLOW_S:
        runs += [run_tool(tool, file, threshold, peers) for _ in range(2)]
    return sorted(runs, key=lambda run: run.report.cpu_s)[len(runs) // 2]


def _named(run: Run, truth: Truth) -> str:
    """Whether each removed row has the nearest kept row named."""
    if run.kept is None or run.pairs is None:
        return ""
    named = np.full(truth.rows, -1)
    named[run.pairs[:, 1]] = run.pairs[:, 0]
    other = int((named != truth.nearest_kept(flags(truth.rows, run.kept))).sum())
    return f"Of {len(run.pairs):,} removed rows, {other:,} name another row than the nearest kept."


def _flatness(rates: Mapping[tuple[str, int], float]) -> str:
    """How the cost of a document grows with their number."""
    told: list[str] = []
    for name in dict.fromkeys(name for name, _ in rates):
        sizes = sorted(size for each, size in rates if each == name)
        if len(sizes) > 1:
            few, many = rates[name, sizes[0]], rates[name, sizes[-1]]
            told.append(
                f"{name}: a document of {sizes[-1]:,} costs {few / many:.2f} times as much CPU as "
                f"one of {sizes[0]:,}."
            )
    return " ".join(told)


def run_tool(tool: Client, file: Path, threshold: float, peers: Path) -> Run:
    """Have a tool remove the duplicates of a file.

    Raises:
        ClientFailedError: with its last words.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        command = [str(python_of(tool.peer, peers)), "-m", f"benchmarks.peers.{tool.module}"]
        command += [str(file), "--threshold", str(threshold), "--folder", name]
        command += ["--lane", tool.lane]
        environment = {**_SETTINGS, "PATH": os.environ["PATH"], "HOME": name, "TMPDIR": name}
        said = folder / "said.txt"
        with said.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
            )
            with TreePeak(process.pid, folder / DONE) as peak:
                try:
                    code = process.wait(_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise ClientFailedError(f"not done after {_TIMEOUT_S} s") from None
        if code:
            last = said.read_text(errors="replace").strip().rpartition("\n")[2]
            raise ClientFailedError(last[:160] or f"ended with {code}")
        report = Report(**json.loads((folder / "report.json").read_text("utf-8")))
        kept, pairs = _numbers(folder / "kept.i64"), _numbers(folder / "pairs.i64")
        columns = None if pairs is None else pairs.reshape(-1, 2)
        return Run(tool, report, peak.mib, kept, columns)


def _numbers(path: Path) -> Rows | None:
    return np.fromfile(path, np.int64) if path.exists() else None


def _row(run: Run, truth: Truth, corpus: Corpus, threshold: float) -> list[str]:
    report = run.report
    rate = f"{truth.rows / report.cpu_s:,.0f}"
    if report.ready_s:
        rate += f" ({truth.rows / report.ready_s:,.0f})"
    cells = [run.tool.name, rate, f"{report.seconds:,.1f}", f"{run.peak_mib:,.0f}"]
    precision = recall = "-"
    if run.pairs is not None:
        precision = f"{truth.precision(run.pairs):.4f}"
        found = _met(truth, corpus, threshold) if run.tool == _OURS else truth.recall(run.pairs)
        recall = f"{found:.4f}"
    return [*cells, precision, recall, *_removals(run, truth)]


def _removals(run: Run, truth: Truth) -> list[str]:
    if run.kept is not None:
        judged = [truth.judge(flags(truth.rows, run.kept))]
    elif run.pairs is not None:
        kept = (components(truth.rows, run.pairs), one_by_one(truth.rows, run.pairs))
        judged = [truth.judge(each) for each in kept]
    else:
        return ["-"] * 3
    return [_told(judged, name) for name in ("removed", "wrongly", "left")]


def _told(judged: Sequence[Removal], name: str) -> str:
    first, *others = [f"{getattr(each, name):,}" for each in judged]
    return f"{first} ({others[0]})" if others else first


def _met(truth: Truth, corpus: Corpus, threshold: float) -> float:
    """Share of the pairs whose signatures have a band in common."""
    rule = DedupRule(threshold=threshold)
    involved = np.unique([truth.pairs.first, truth.pairs.second])
    texts = pl.read_parquet(corpus.rows)["text"].gather(involved).to_list()
    keys = np.concatenate(
        [
            rule.keys(rule.sketch(texts[start : start + 1024]).signatures)
            for start in range(0, len(texts), 1024)
        ],
        axis=1,
    )
    first = np.searchsorted(involved, truth.pairs.first)
    second = np.searchsorted(involved, truth.pairs.second)
    met = np.zeros(len(first), bool)
    for band in keys:
        met |= band[first] == band[second]
    return float(met.mean())


def _install(tools: Sequence[Client], peers: Path) -> list[str]:
    """Make the environments that are missing; returns why some could not be made."""
    failed: dict[str, str] = {}
    for tool in tools:
        if tool.peer is None or tool.peer in failed or (peers / tool.peer / "bin").exists():
            continue
        _say(f"installing {tool.package}")
        for command in _installing(peers / tool.peer, tool.package):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                said = done.stderr.strip().rpartition("\n")[2][:160]
                failed[tool.peer] = f"{tool.peer} could not be installed: {said}."
                shutil.rmtree(peers / tool.peer, ignore_errors=True)
                break
    return list(failed.values())


def _installing(home: Path, package: str) -> list[list[str]]:
    python = str(home / "bin" / "python")
    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if uv is None:
        return [
            [sys.executable, "-m", "venv", str(home)],
            [python, "-m", "pip", "install", "--quiet", *package.split()],
        ]
    return [
        [uv, "venv", "--quiet", "--python", sys.executable, str(home)],
        [uv, "pip", "install", "--quiet", "--python", python, *package.split()],
    ]


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, _HALF, _ALL])
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--corpora", type=Path, default=_default_corpora())
    parser.add_argument("--peers", type=Path, default=default_peers())
    parser.add_argument("--only", default="", help="a part of the names of the tools")
    told = parser.parse_args()
    print(
        measure(told.rows, told.threshold, corpora=told.corpora, peers=told.peers, only=told.only)
    )


if __name__ == "__main__":
    main()
