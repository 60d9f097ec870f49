"""What measuring diversity costs, as sets grow, and how often its floors err.

`python -m benchmarks.diversity` prints the section alone.

Rows are real ones: questions and answers of GSM8K, of which more than there are are spliced (the
question of one, the answer of another), so that the vocabulary grows little with the rows, as it
does in sets of one kind.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from benchmarks.timing import table
from synth_assets.core.diversity.floors import crossed_floors
from synth_assets.core.diversity.measure import measure_slices
from synth_assets.core.diversity.slices import DEFAULT_SIZE, SampleSize
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import Origin

_ROWS = (1_000, 10_000, 100_000, 1_000_000)
_WHOLE = (1_000, 10_000, 100_000)
_TRIALS = 60
_NARROWED_TRIALS = 10
_TRIAL_ROWS = 1_400
_SPLICE = 101


def measure() -> str:
    """Everything, as a section of `docs/benchmarks.md`."""
    pool = _problems()
    return "\n\n".join(
        [
            "## Diversity",
            "`python -m benchmarks.diversity`, measured while other programs ran on the same two "
            "cores. Rows are spliced from GSM8K, some 100 words each, beside 7,473 real ones. A "
            "sample of 200 rows is what each run of a training set measures, all metrics with "
            "intervals; the whole means that all rows are drawn, as by `synth diversity --sample`. "
            "The first line holds the imports of scikit-learn and scipy.",
            table(("rows", "measured", "wall s", "CPU s", "CPU ms a row"), list(_costs(pool))),
            "Floors: trials that raise an alarm where nothing is wrong (two halves of 1,400 "
            "problems), and where the set is narrowed to 20 of its rows again and again.",
            table(("set", "trials", "with an alarm"), list(_alarms(pool))),
        ]
    )


def _costs(pool: Sequence[Sample]) -> Iterator[tuple[str, ...]]:
    real = sample_frame(pool)
    for count in _ROWS:
        rows = _spliced(pool, count)
        yield (f"{count:,}", f"samples of {DEFAULT_SIZE.rows}", *_timed(rows, real, DEFAULT_SIZE))
        if count in _WHOLE:
            size = SampleSize(count, 10**9)
            yield (f"{count:,}", "the whole", *_timed(rows, real, size))


def _timed(rows: pl.DataFrame, real: pl.DataFrame, size: SampleSize) -> tuple[str, str, str]:
    wall, cpu = time.perf_counter(), time.process_time()
    measure_slices({Origin.SYNTHETIC: rows}, real, size)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return f"{wall:.1f}", f"{cpu:.1f}", f"{1000 * cpu / rows.height:.2f}"


def _alarms(pool: Sequence[Sample]) -> Iterator[tuple[str, ...]]:
    frame = sample_frame(pool)
    for what, trials in (("a half", _TRIALS), ("a half, narrowed", _NARROWED_TRIALS)):
        alarms = 0
        for trial in range(trials):
            drawn = frame.sample(_TRIAL_ROWS, seed=trial, shuffle=True)
            half = drawn.head(_TRIAL_ROWS // 2)
            if what != "a half":
                few = pl.concat([half.head(20)["prompt", "response"]] * (half.height // 20))
                half = half.with_columns(few["prompt"], few["response"])
            measured = measure_slices({Origin.SYNTHETIC: half}, drawn.tail(_TRIAL_ROWS // 2))
            alarms += bool(crossed_floors(measured))
        yield what, f"{trials}", f"{alarms}"


def _spliced(pool: Sequence[Sample], count: int) -> pl.DataFrame:
    prompts = [row.prompt for row in pool]
    responses = [row.response for row in pool]
    size = len(pool)
    rows = {
        "sample_id": [str(n) for n in range(count)],
        "prompt": [prompts[n % size] for n in range(count)],
        "response": [responses[(n + n // size * _SPLICE) % size] for n in range(count)],
    }
    return pl.DataFrame(rows).with_columns(teacher=pl.lit("writer"))


def _problems() -> list[Sample]:
    default = Path(__file__).parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("SYNTH_TEST_DATA") or default)
    lines = (folder / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Sample.real("gsm8k", place, row["question"], row["answer"], "MIT")
        for place, row in enumerate(map(json.loads, lines))
    ]


if __name__ == "__main__":
    print(measure())
