"""Scores by `rouge-score`, in an environment of its own: standard library and that package alone.

Reads a job from the folder named on the command line, and leaves scores and times there.
"""

import json
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

from rouge_score import rouge_scorer, tokenize


def by_score(new: Sequence[str], pool: Sequence[str]) -> "array[float]":
    """Each pair by itself, through the public function, as Self-Instruct does."""
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    return array(
        "d", (scorer.score(text, other)["rougeL"].fmeasure for text in new for other in pool)
    )


def by_tokens(new: Sequence[str], pool: Sequence[str]) -> "array[float]":
    """Each text cut once, through the private function, as Alpaca does."""
    kept = [tokenize.tokenize(other, None) for other in pool]
    cut = [tokenize.tokenize(text, None) for text in new]
    score = rouge_scorer._score_lcs
    return array("d", (score(text, other).fmeasure for text in cut for other in kept))


def main() -> None:
    """Do the job."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    ways: dict[str, Callable[[Sequence[str], Sequence[str]], array[float]]] = {
        "score": by_score,
        "tokens": by_tokens,
    }
    seconds: dict[str, float] = {}
    for name, way in ways.items():
        started = time.perf_counter()
        scores = way(job["new"], job["pool"])
        seconds[name] = time.perf_counter() - started
        (folder / f"{name}.f64").write_bytes(scores.tobytes())
    (folder / "seconds.json").write_text(json.dumps(seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
