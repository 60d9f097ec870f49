"""CPU time of signatures: of all partitions, of one made again, of a join that finds them there.

`python -m benchmarks.incremental_signatures [PARTITIONS] [ROWS]`; by default 100 of 2,000 rows.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from benchmarks.timing import table
from synth_assets.core.dedup.frames import Gathered, gather_sketches, signature_frame
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin
from synth_assets.resources.frames import read_frame, write_frame

WORDS_A_ROW = 100
_VOCABULARY = 50_000

T = TypeVar("T")


def measure(partitions: int = 100, rows: int = 2_000) -> str:
    """Measure and return a section of Markdown."""
    rule = DedupRule()
    signature_frame(_samples(0, 8), rule)  # compiles the kernels
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        frames = [_samples(number, rows) for number in range(partitions)]

        def make(number: int) -> None:
            write_frame(root / f"{number}.parquet", signature_frame(frames[number], rule))

        def join(known: list[int]) -> Gathered:
            kept = [read_frame(root / f"{number}.parquet") for number in known]
            return gather_sketches(pl.concat(frames), kept, rule)

        every = list(range(partitions))
        backfill_s, _ = _cpu(lambda: [make(number) for number in every])
        frames[partitions // 2] = _samples(partitions, rows)
        one_s, _ = _cpu(lambda: make(partitions // 2))
        reused_s, reused = _cpu(lambda: join(every))
        without_s, without = _cpu(lambda: join([]))
        size = sum(path.stat().st_size for path in root.iterdir())
    assert (reused.made, without.made) == (0, partitions * rows)
    lines = [
        [f"all {partitions} partitions, sketched and written", f"{backfill_s:.2f}", "100%"],
        ["one partition, made again", f"{one_s:.3f}", f"{one_s / backfill_s:.2%}"],
        ["join: read all and put them in order", f"{reused_s:.2f}", f"{reused_s / backfill_s:.0%}"],
        ["join without any there: sketch all", f"{without_s:.2f}", f"{without_s / backfill_s:.0%}"],
    ]
    told = (
        f"{partitions} partitions of {rows:,} rows of {WORDS_A_ROW} words; CPU seconds of one "
        f"process. Signatures take {size / partitions / rows:,.0f} bytes a row on disk."
    )
    head = ["what", "CPU s", "of all partitions"]
    command = f"`python -m benchmarks.incremental_signatures {partitions} {rows}`."
    return "\n\n".join(["## Signatures, a partition at a time", command, told, table(head, lines)])


def _samples(seed: int, rows: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    words = draw.integers(0, _VOCABULARY, (rows, WORDS_A_ROW))
    texts = [" ".join(f"w{word}" for word in row) for row in words.tolist()]
    frame = pl.DataFrame({"sample_id": [f"{seed}-{row}" for row in range(rows)], "response": texts})
    empty = {name: pl.lit(None, dtype) for name, dtype in SAMPLE_SCHEMA.items()}
    said = {"origin": pl.lit(Origin.SYNTHETIC.value), "prompt": pl.lit(""), "history": pl.lit("")}
    columns = {**empty, **said, "sample_id": pl.col("sample_id"), "response": pl.col("response")}
    return frame.select(**columns)


def _cpu(work: Callable[[], T]) -> tuple[float, T]:
    began = time.process_time()
    done = work()
    return time.process_time() - began, done


def main() -> None:
    """Print the section."""
    print(measure(*map(int, sys.argv[1:])))


if __name__ == "__main__":
    main()
