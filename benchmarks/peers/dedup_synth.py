"""Synth Assets: texts in memory, the command on files, and two limits that do less.

`near`: one thread. `command`: `synth dedup` on two threads, reading and writing JSON Lines.
`hashing`: the shingles of all texts hashed and no more. `memory`: every byte of the texts read once
and eight bytes written for each fifth of them, about as many as shingles have, and no more.
"""

import json
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.peers.dedup_job import Found, Job, run_tool
from synth_assets.cli.dedup import dedup
from synth_assets.core.dedup.near import duplicates_among
from synth_assets.core.dedup.shingling import Shingling
from synth_assets.core.dedup.sketch import DedupRule

_CHUNK = 1024
_WARM_UP = 50
_WORKERS = "2"
_BYTES_A_TOKEN = 5


def find(job: Job) -> Found:
    """Do as the lane says."""
    match job.lane:
        case "memory":
            return _touched(job)
        case "hashing":
            return _hashed(job)
        case "command":
            return _command(job.file, job.folder / "kept.jsonl", job.threshold)
        case _:
            return _near(job.texts, job.threshold)


def load(job: Job) -> None:
    """Have all modules and kernels at hand, for ASCII and for other texts, near and not."""
    if job.lane != "command":
        texts = job.texts[:_WARM_UP] * 2
        for sample in (texts, [f"{text} é" for text in texts]):
            _near(sample, job.threshold)
        return
    with job.file.open(encoding="utf-8") as lines:
        few = [next(lines, "") for _ in range(_WARM_UP)]
    sample = job.folder / "few.jsonl"
    sample.write_text("".join(few) * 2, encoding="utf-8")
    _command(sample, job.folder / "few-kept.jsonl", job.threshold)


def _near(texts: list[str], threshold: float) -> Found:
    matches = duplicates_among(texts, DedupRule(threshold=threshold))
    rows = np.flatnonzero(matches.kept >= 0)
    pairs = np.stack([matches.kept[rows], rows], axis=1)
    kept = np.flatnonzero(matches.kept < 0).tolist()
    return Found(kept=kept, pairs=array("q", pairs.astype("<i8").tobytes()))


def _command(file: Path, kept: Path, threshold: float) -> Found:
    options = ["--column", "text", "--threshold", str(threshold), "--workers", _WORKERS]
    dedup.main([str(file), *options, "-o", str(kept), "--json"], standalone_mode=False)
    return Found(kept=_Rows(kept))


def _hashed(job: Job) -> Found:
    shingling = Shingling()
    for start in range(0, len(job.texts), _CHUNK):
        shingling.cut(job.texts[start : start + _CHUNK])
    return Found()


def _touched(job: Job) -> Found:
    for start in range(0, len(job.texts), _CHUNK):
        read = np.frombuffer("".join(job.texts[start : start + _CHUNK]).encode(), np.uint8)
        np.full(len(read) // _BYTES_A_TOKEN, read.max(), np.uint64)
    return Found()


class _Rows:
    """Rows of a written file, read when all is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[int]:
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["row"]


if __name__ == "__main__":
    run_tool(find, load)
