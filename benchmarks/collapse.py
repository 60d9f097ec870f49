"""What a canary takes, as a whole process: `python -m benchmarks.collapse`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.collapse_ranking import questions
from benchmarks.timing import run_process, table
from synth_assets.core.collapse.students import NgramStudents
from synth_assets.core.language_model.ngram import PLAIN

SIZES = (800, 50_000)


def measure(sizes: Sequence[int] = SIZES) -> str:
    """Measure, and tell it as a part of the page."""
    train = questions("train")
    rng = np.random.default_rng(0)
    more = max(max(sizes) + 10_000 - len(train), 0)
    texts = [*train, *NgramStudents().fit(train).write(rng, more, PLAIN)]
    rows = [[f"{size:,}", *_cost(texts, size)] for size in sizes]
    return (
        "## Canaries\n\n`synth canary` of GSM8K's questions and others written after them by an "
        "n-gram, whole processes; of more than 20,000 rows so many are drawn.\n\n"
        + table(("rows of the set", "wall s", "CPU s", "peak MiB"), rows)
    )


def _cost(texts: Sequence[str], size: int) -> tuple[str, str, str]:
    with TemporaryDirectory() as folder:
        made, real = Path(folder) / "set.jsonl", Path(folder) / "real.jsonl"
        _write(made, texts[:size])
        # All rows of the set are real, so that no sign is red and the command ends well.
        _write(real, texts[: max(2 * size, size + 10_000)])
        command = "from synth_assets.cli.main import main; main()"
        cost = run_process(
            [sys.executable, "-c", command, "canary", str(made), "--real", str(real), "--json"], {}
        )
    return f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.peak_mib:.0f}"


def _write(path: Path, texts: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")


if __name__ == "__main__":
    print(measure([int(size) for size in sys.argv[1:]] or SIZES))
