"""CPU time of the firewall: finished training rows held against all that is kept out.

`python -m benchmarks.firewall [ROWS] [ITEMS]` prints the section alone; by default 100,000 rows
and 10,000 items.
"""

import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import polars as pl

from benchmarks.timing import table
from synth_assets.core.decontaminate.copies import Copies
from synth_assets.core.decontaminate.descent import Forebears, inherited
from synth_assets.core.decontaminate.kept_out import KeptOut
from synth_assets.core.decontaminate.stage import leaks
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.sample import Sample, Seed, sample_frame
from synth_assets.core.schema import SEED_SCHEMA

PROMPT_WORDS, RESPONSE_WORDS = 45, 60
_VOCABULARY = 20_000
_PLANTED = 100

T = TypeVar("T")


def measure(rows: int = 100_000, items: int = 10_000) -> str:
    """Measure and return a section of Markdown."""
    benchmarks = _frame("exam", items // 2, 1)
    held_out = _frame("log", items - items // 2, 2)
    # Compiles the kernels.
    Copies.of(held_out.head(9), benchmarks.head(9)).look([("a b c d e f", "g")])
    planted = pl.concat([benchmarks.head(_PLANTED), _frame("pool", rows - _PLANTED, 3)])
    forebears, children = _family(planted)
    columns = ["sample_id", "prompt", "response", "source"]
    build_s, kept_out = _cpu(lambda: _built(held_out.select(columns), benchmarks.select(columns)))
    guard = kept_out.firewall({})
    copies_s, found = _cpu(lambda: leaks(planted, guard, kept_out.sources))
    descent_s, handed = _cpu(lambda: inherited(children, forebears, kept_out, guard))
    assert (found.height, len(handed)) == (_PLANTED, _PLANTED)
    told = (
        f"{rows:,} rows of {PROMPT_WORDS} and {RESPONSE_WORDS} words, {items:,} items of the same, "
        f"half held out and half a benchmark's; {_PLANTED} rows are items. CPU seconds of one "
        "process; all planted rows are found, and no other."
    )
    lines = [
        ["items learnt", f"{build_s:.2f}"],
        ["rows looked at: copies, near copies, runs of 13 words", f"{copies_s:.2f}"],
        ["as many parents looked at, and their children found", f"{descent_s:.2f}"],
    ]
    return "\n\n".join(["## The firewall", told, table(["what", "CPU s"], lines)])


def _built(held_out: pl.DataFrame, benchmarks: pl.DataFrame) -> KeptOut:
    made = KeptOut(held_out, benchmarks)
    made.firewall({})
    return made


def _family(parents: pl.DataFrame) -> tuple[Forebears, pl.DataFrame]:
    """Rows that each come of one of others, and of one seed."""
    seed = Seed.of("recipe", {"problem": "Three dogs share two bones."})
    row = (seed.seed_id, "r", "v", seed.source, 0, canonical_json(seed.fields))
    children = parents.with_columns(
        pl.concat_list("sample_id").alias("parent_ids"),
        pl.lit(seed.seed_id).alias("seed_id"),
        pl.format("child-{}", "sample_id").alias("sample_id"),
    )
    return Forebears(pl.DataFrame([row], SEED_SCHEMA, orient="row"), parents), children


def _frame(source: str, rows: int, seed: int) -> pl.DataFrame:
    rng = random.Random(seed)
    words = [f"w{number:x}" for number in range(_VOCABULARY)]

    def text(length: int) -> str:
        return " ".join(rng.choices(words, k=length))

    made = (
        Sample.real(source, at, text(PROMPT_WORDS), text(RESPONSE_WORDS), "MIT")
        for at in range(rows)
    )
    return sample_frame(made)


def _cpu(work: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


if __name__ == "__main__":
    print(measure(*map(int, sys.argv[1:])))
