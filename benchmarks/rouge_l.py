"""How fast new instructions are compared with a pool, beside `rouge-score`.

`python -m benchmarks.rouge_l` prints the section alone. The peer lives in an environment of its
own, in the peers' folder of `benchmarks.generation`:

    uv venv FOLDER/rouge-score && uv pip install --python FOLDER/rouge-score rouge-score

The instructions are read from the folder that `SYNTH_TEST_DATA` names.
"""

import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import ClientFailedError, python_of
from benchmarks.generation import default_peers
from benchmarks.timing import table
from synth_assets.core.novelty.rouge_l import NoveltyPool, rouge_l

_ROOT = Path(__file__).parent.parent
_INSTRUCTIONS = (
    ("alpaca/alpaca_5000.json", "instruction"),
    ("codealpaca/code_alpaca_2k.json", "instruction"),
    ("gpteacher/roleplay-simple-deduped-roleplay-dataset.json", "instruction"),
    ("self_instruct/seed_tasks.jsonl", "instruction"),
    ("self_instruct/user_oriented_instructions.jsonl", "instruction"),
    ("gsm8k/train.jsonl", "question"),
)
_NEW, _POOL = 1_000, 10_000
_NEW_FOR_PEER = 50
"""The peer's time is that of its pairs, one after another: its seconds are scaled up from these."""

_LARGE_POOLS = (6_500, 13_000, 26_000, 52_000)
_RUNS = 3


@dataclass(frozen=True)
class _Peer:
    """What `rouge-score` did.

    Attributes:
        seconds: way of using it -> seconds for its pairs.
        scores: of every pair, new text by new text.
    """

    seconds: dict[str, float]
    scores: Sequence[float]


def measure() -> str:
    """Measure and return a section of Markdown."""
    parts = ["## Novelty by ROUGE-L"]
    try:
        texts = _instructions()
    except FileNotFoundError as exc:
        return "\n\n".join(
            [*parts, f"Not measured: no {Path(exc.filename).name}; set SYNTH_TEST_DATA."]
        )
    new, pool = texts[:_NEW], texts[_NEW:]
    words = statistics.fmean(len(text.split()) for text in texts)
    parts.append(
        f"{_NEW:,} new instructions against a pool of {_POOL:,}, from public sets, all distinct, "
        f"{words:.0f} words on average; one thread. Seconds of Synth Assets are medians of "
        f"{_RUNS}, cutting the new ones into tokens included; `rouge-score` compared "
        f"{_NEW_FOR_PEER} with the whole pool, and its seconds are scaled up."
    )
    return "\n\n".join([*parts, *_beside_peer(new, pool), *_growth(texts)])


def _instructions() -> list[str]:
    """Distinct instructions in an order of no meaning; real ones first, filled up by problems."""
    default = _ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("SYNTH_TEST_DATA") or default)
    texts: dict[str, None] = {}
    for name, column in _INSTRUCTIONS:
        whole = (folder / name).read_text(encoding="utf-8")
        jsonl = name.endswith(".jsonl")
        rows = map(json.loads, whole.splitlines()) if jsonl else json.loads(whole)
        texts.update(dict.fromkeys(row[column] for row in rows))
    taken = list(texts)[: _NEW + _POOL]
    random.Random(0).shuffle(taken)
    return taken


def _beside_peer(new: Sequence[str], pool: Sequence[str]) -> list[str]:
    ours = {
        "Synth Assets, `nearest_many`": _median_s(lambda: _filled(pool), _ask(new)),
        "Synth Assets, `admit`": _median_s(lambda: _filled(pool), _admit(new)),
    }
    try:
        peer = _run_peer(new[:_NEW_FOR_PEER], pool)
    except ClientFailedError as exc:
        peer, note = None, f"`rouge-score`: {exc}."
    else:
        note = _agreement(new[:_NEW_FOR_PEER], pool, peer)
    names = {
        "score": "`rouge-score`, `score()` a pair (Self-Instruct)",
        "tokens": "`rouge-score`, tokens kept (Alpaca)",
    }
    told = peer.seconds if peer else {}
    whole = {names[way]: seconds * _NEW / _NEW_FOR_PEER for way, seconds in told.items()}
    fastest = min(whole.values(), default=None)
    rows = [
        [
            name,
            f"{seconds:,.2f}",
            f"{seconds / (_NEW * _POOL) * 1e6:,.3f}",
            f"{fastest / seconds:,.1f}" if fastest else "-",
        ]
        for name, seconds in (whole | ours).items()
    ]
    head = ["way", "s", "µs a pair", "times as fast as the faster `rouge-score`"]
    return [table(head, rows), note]


def _growth(texts: Sequence[str]) -> list[str]:
    rows: list[list[str]] = []
    for size in _LARGE_POOLS:
        pool = _spliced(texts, size)
        started = time.perf_counter()
        _filled(pool)
        filled_s = time.perf_counter() - started
        asked_s = _median_s(lambda pool=pool: _filled(pool), _ask(texts[:_NEW]))
        admitted_s = _median_s(lambda pool=pool: _filled(pool), _admit(texts[:_NEW]))
        pair_ns = asked_s / size / _NEW * 1e9
        cells = [f"{filled_s:.2f}", f"{asked_s:.2f}", f"{admitted_s:.2f}", f"{pair_ns:.1f}"]
        rows.append([f"{size:,}", *cells])
    head = ["pool", "filling it s", "`nearest_many` s", "`admit` s", "ns a pair"]
    return [
        f"The same {_NEW:,} against larger pools, of one instruction's first half and another's "
        "second:",
        table(head, rows),
    ]


def _spliced(texts: Sequence[str], size: int) -> list[str]:
    draw = random.Random(1)
    cut = [text.split() for text in texts]
    pairs = ((draw.choice(cut), draw.choice(cut)) for _ in range(size))
    return [" ".join([*one[: len(one) // 2], *two[len(two) // 2 :]]) for one, two in pairs]


def _filled(pool: Sequence[str]) -> NoveltyPool:
    filled = NoveltyPool()
    filled.add_all({str(number): text for number, text in enumerate(pool)})
    return filled


def _ask(new: Sequence[str]) -> Callable[[NoveltyPool], object]:
    return lambda pool: pool.nearest_many(new)


def _admit(new: Sequence[str]) -> Callable[[NoveltyPool], object]:
    return lambda pool: pool.admit({f"new-{number}": text for number, text in enumerate(new)})


def _median_s(make: Callable[[], NoveltyPool], use: Callable[[NoveltyPool], object]) -> float:
    seconds: list[float] = []
    for _ in range(_RUNS):
        pool = make()
        started = time.perf_counter()
        use(pool)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _run_peer(new: Sequence[str], pool: Sequence[str]) -> _Peer:
    python = python_of("rouge-score", default_peers())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = json.dumps({"new": list(new), "pool": list(pool)})
        (folder / "job.json").write_text(job, encoding="utf-8")
        command = [str(python), "-m", "benchmarks.peers.rouge_score", str(folder)]
        settings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "HOME": name}
        done = subprocess.run(
            command, cwd=folder, env=settings, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ClientFailedError(done.stderr.strip().rpartition("\n")[2])
        scores = array("d", (folder / "score.f64").read_bytes())
        if scores.tobytes() != (folder / "tokens.f64").read_bytes():
            raise ClientFailedError("its two ways differ")
        return _Peer(json.loads((folder / "seconds.json").read_text("utf-8")), scores)


def _agreement(new: Sequence[str], pool: Sequence[str], peer: _Peer) -> str:
    told = iter(peer.scores)
    ours = _filled(pool).nearest_many(new)
    equal = nearest = 0
    for text, found in zip(new, ours, strict=True):
        pairs = [rouge_l(text, other) for other in pool]
        theirs = [next(told) for _ in pool]
        equal += sum(pair.reference_f == f for pair, f in zip(pairs, theirs, strict=True))
        # The peer's floats of equal fractions differ in the last digit.
        scores = [pair.f for pair in pairs]
        first = scores.index(max(scores))
        close = abs(theirs[first] - max(theirs)) < 1e-12
        nearest += found is not None and int(found.key) == first and close
    return (
        f"`RougeL.reference_f` equals its score to the last digit for {equal:,} of "
        f"{len(peer.scores):,} pairs, and `nearest_many` finds the first of its best for "
        f"{nearest} of {len(new)} texts."
    )


def main() -> None:
    """Print the section."""
    print(measure())


if __name__ == "__main__":
    main()
