"""100,000 number answers through all cheap filters: how long, and where the time goes.

`python -m benchmarks.verify_cheap [ROWS]`. Rows are GSM8K's human solutions and model solutions,
from the folder that `SYNTH_TEST_DATA` names, again and again with a number of their own behind the
question; references are the human solutions. One process; the time of reading frames in and out is
part of it.
"""

import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle, islice

from benchmarks.real_rows import DATA
from benchmarks.timing import table
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.core.verify.length import Length
from synth_assets.core.verify.math import Math
from synth_assets.core.verify.number import Number
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.core.verify.personal_data.verifier import PersonalData
from synth_assets.core.verify.protocol import Verifier
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools


def measure(rows: int) -> str:
    """The table, in Markdown."""
    verifiers: tuple[Verifier, ...] = (
        Number(kind="number"),
        Math(kind="math", answer="marker"),
        Length(kind="length", max_words=500),
        FailureModes(kind="failure_modes", language="en"),
        PersonalData(kind="personal_data"),
        Perplexity(kind="perplexity", source="gsm8k", field="prompt", low=0.001, high=0.999),
    )
    frame = sample_frame(islice(_samples(), rows))
    spent: dict[str, float] = {}
    since = time.process_time()

    def told(kind: str, done: int, of: int) -> None:
        nonlocal since
        now = time.process_time()
        spent[kind] = spent.get(kind, 0.0) + (now - since if done else 0.0)
        since = now

    start, cpu = time.monotonic(), time.process_time()
    result = verify_samples(frame, "bench", verifiers, {}, Tools(real=_Real()), told)
    whole = time.process_time() - cpu
    lines = [[kind, f"{s:.1f}", f"{1e6 * s / rows:.0f}"] for kind, s in spent.items()]
    lines += [["all, frames in and out", f"{whole:.1f}", f"{1e6 * whole / rows:.0f}"]]
    counts = ", ".join(f"{n:,} {outcome}" for outcome, n in result.stage.counts.items())
    shown = table(["verifier", "CPU s", "µs a row"], lines)
    return f"{shown}\n\n{rows:,} rows, {time.monotonic() - start:.0f} s on the clock; {counts}"


class _Real:
    def rows(self, source: str) -> list[Sample]:
        return [
            Sample.real(source, at, question, answer, "MIT")
            for at, (question, answer) in enumerate(_pairs("train.jsonl"))
        ]


def _pairs(name: str) -> list[tuple[str, str]]:
    lines = (DATA / "gsm8k" / name).read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["question"], row["answer"]) for row in rows]


def _samples() -> Iterator[Sample]:
    pairs = _pairs("test.jsonl") + _pairs("train.jsonl")
    for number, (question, answer) in enumerate(cycle(pairs)):
        made = Sample.real("bench", number, f"{question} (Item {number})", answer, "MIT")
        yield made.revised({"reference": answer})


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
