"""Drift over runs: how soon changes are told, and how often nothing is; beside Evidently.

`python -m benchmarks.drift` prints the section alone. Every run is measured as the product does,
and judged after those before it. Evidently gets the same windows and the same scalar columns; its
defaults are those of `DataDriftPreset`.
"""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import mean

import numpy as np
import polars as pl

from benchmarks.drift_sequences import (
    CHANGES,
    RAMP,
    STEP,
    UNCHANGED,
    Runs,
    changed,
    recursion,
    space,
    unchanged,
)
from benchmarks.timing import table
from synth_assets.core.drift.compare import compare
from synth_assets.core.drift.measures import Against
from synth_assets.core.drift.schema import DRIFT_SCHEMA
from synth_assets.core.drift.sequence import judged
from synth_assets.core.drift.window import Scalar, with_scalars
from synth_assets.core.embedding.protocol import Progress, Vectors
from synth_assets.core.embedding.tfidf import TfidfSpace
from synth_assets.resources.settings import switch_off_telemetry

_INTRODUCTION = (
    "Sequences of runs on real text: GSM8K, the standard library's docstrings, Alpaca, solutions "
    "of GSM8K by people and four models; vectors are learnt once of all of a corpus, to save time. "
    "Unchanged runs are windows that share no row. A change begins after four unchanged runs of "
    "1,000 rows: at once for 30 % of the rows (of mode dropping: 60 % of the largest of eight "
    "topics), or growing by 10 points a run, of three and six runs. Recursion starts from seed "
    "texts of CollapseTracker, whose generated texts are not published: of 150 rows a part is "
    "written by a three-gram student of the run before. Delays count runs from the first changed "
    "one, which is 1, to the first alarm. Evidently compares the same windows with the same "
    "reference, on lengths, formatting, recipe and teacher, by the defaults of its "
    "DataDriftPreset; `any`: some column has drifted, `half`: at least half of them, its default "
    "for a whole set."
)
_CHANGE_ROWS = 1_000
_SEEDS = 3
_RECURSION_ROWS = 150
_LABELS = (Scalar.FORMATTING, Scalar.RECIPE, Scalar.TEACHER)
_NUMBERS = (Scalar.PROMPT_WORDS, Scalar.RESPONSE_WORDS)


@dataclass(frozen=True)
class Told:
    """What was told of a sequence, a value a run after the reference.

    Attributes:
        runs: of what.
        rows: of a window.
        suspect: some quantity was suspect.
        alarm: some alarm was raised.
        by: measures and columns in alarm.
        evidently_any: Evidently finds a column drifted.
        evidently_half: it finds half of them drifted.
    """

    runs: Runs
    rows: int
    suspect: list[bool]
    alarm: list[bool]
    by: list[tuple[str, ...]]
    evidently_any: list[bool]
    evidently_half: list[bool]

    def delay(self, flags: Sequence[bool]) -> int | None:
        """Runs from the first changed one to the first flag, counting both."""
        after = flags[(self.runs.changed_from or 0) - 1 :]
        return after.index(True) + 1 if True in after else None


def watch(runs: Runs, *, beside_evidently: bool = True) -> Told:
    """Measure and judge a sequence, and have Evidently look at it."""
    reference = runs.windows[0]
    history = DRIFT_SCHEMA.to_frame()
    told = Told(runs, reference.height, [], [], [], [], [])
    peer, embedder = _Evidently(), _Kept(space(runs.corpus))
    for window in runs.windows[1:]:
        others = {Against.EARLIER: reference, Against.REAL: runs.real}
        found = judged(history, compare(window, others, embedder, moved=0))
        history = pl.concat([history, found])
        told.suspect.append(bool(found["suspect"].any()))
        told.alarm.append(bool(found["alarm"].any()))
        raised = found.filter("alarm").select("against", "measure", "column")
        told.by.append(tuple(" ".join(row) for row in raised.iter_rows()))
        if beside_evidently:
            drifted = peer.drifted_share(window, reference)
            told.evidently_any.append(drifted > 0)
            told.evidently_half.append(drifted >= 0.5)
    return told


class _Kept:
    """A learnt space that places each text once."""

    def __init__(self, learnt: TfidfSpace) -> None:
        self._learnt = learnt
        self._rows: dict[str, Vectors] = {}
        self.name, self.dimensions, self.looks_at_others = learnt.name, learnt.dimensions, False

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """As the space does."""
        unseen = [text for text in dict.fromkeys(texts) if text not in self._rows]
        self._rows.update(zip(unseen, self._learnt.embed(unseen), strict=True))
        return np.stack([self._rows[text] for text in texts])


class _Evidently:
    def drifted_share(self, window: pl.DataFrame, reference: pl.DataFrame) -> float:
        """Share of the columns that DataDriftPreset finds drifted."""
        switch_off_telemetry()
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        definition = DataDefinition(numerical_columns=[*_NUMBERS], categorical_columns=[*_LABELS])
        columns = [*_NUMBERS, *_LABELS]
        current, before = (
            Dataset.from_pandas(
                with_scalars(rows)
                .select(columns)
                .with_columns(pl.col(_LABELS).fill_null(""))
                .to_pandas(),
                data_definition=definition,
            )
            for rows in (window, reference)
        )
        found = Report([DataDriftPreset()]).run(current, before).dict()
        [count] = [
            m["value"] for m in found["metrics"] if "DriftedColumnsCount" in m["metric_name"]
        ]
        return float(count["share"])


def _job(job: tuple[str, ...]) -> Told:
    match job:
        case ("unchanged", name, rows, seed):
            return watch(unchanged(name, int(rows), int(seed)), beside_evidently=int(rows) > 100)
        case ("recursion", name, share, seed):
            return watch(recursion(name, float(share), _RECURSION_ROWS, int(seed)))
        case ("changed", name, place, way, seed):
            return watch(changed(CHANGES[int(place)], name, way, _CHANGE_ROWS, int(seed)))
        case _:
            raise ValueError(job)


def _jobs() -> Iterator[tuple[str, ...]]:
    for seed in range(_SEEDS):
        for place, change in enumerate(CHANGES):
            for name in change.corpora:
                yield from (("changed", name, str(place), way, str(seed)) for way in (STEP, RAMP))
    for name in ("wikipedia", "technical_qa"):
        for share in ("1.0", "0.5", "0.25"):
            yield "recursion", name, share, "0"
    for name, rows, seed in UNCHANGED:
        yield "unchanged", name, str(rows), str(seed)


def measure(workers: int = 2, only: str = "") -> str:
    """Measure, and give the section."""
    jobs = [job for job in _jobs() if job[0].startswith(only)]
    with ProcessPoolExecutor(workers) as pool:
        told: list[Told] = []
        for job, each in zip(jobs, pool.map(_job, jobs), strict=True):
            print(job, "alarm", each.alarm, each.by[-1:], flush=True)
            told.append(each)
    return "\n\n".join(["## Drift", _INTRODUCTION, *_tables(told)])


def _tables(told: Sequence[Told]) -> Iterator[str]:
    calm = [each for each in told if each.runs.changed_from is None]
    if calm:
        yield "False alarms per 100 unchanged runs:"
        yield table(
            (
                "rows of a window",
                "alarms",
                "suspect, confirmed or not",
                "Evidently, any",
                "Evidently, half",
            ),
            [_rates(calm, rows) for rows in (*sorted({each.rows for each in calm}), None)],
        )
    moved = [each for each in told if each.runs.changed_from is not None]
    if moved:
        yield (
            "Delay in runs. What Evidently flags before the change is not counted here; where it "
            "flags every other unchanged run, a short delay says little:"
        )
        kinds = list(dict.fromkeys((t.runs.name, t.runs.way, t.runs.corpus) for t in moved))
        yield table(
            ("change", "how fast", "text", "alarm", "told by", "Evidently, any", "Evidently, half"),
            [_delays(kind, moved) for kind in kinds],
        )


def _rates(calm: Sequence[Told], rows: int | None) -> list[str]:
    mine = [each for each in calm if rows in (None, each.rows)]
    flags = [
        [f for each in mine for f in getattr(each, name)]
        for name in ("alarm", "suspect", "evidently_any", "evidently_half")
    ]
    return [
        "all" if rows is None else f"{rows:,}",
        *(f"{100 * mean(each):.1f} ({sum(each)} of {len(each)})" if each else "" for each in flags),
    ]


def _delays(kind: tuple[str, str, str], moved: Sequence[Told]) -> list[str]:
    mine = [t for t in moved if (t.runs.name, t.runs.way, t.runs.corpus) == kind]
    first = [t.by[t.alarm.index(True)] for t in mine if True in t.alarm]
    names = [name for by in first for name in by]
    commonest = sorted(set(names), key=lambda name: (-names.count(name), name))[:2]
    said = [_delay(mine, name) for name in ("alarm", "evidently_any", "evidently_half")]
    return [*kind, said[0], "; ".join(commonest), *said[1:]]


def _delay(mine: Sequence[Told], name: str) -> str:
    delays = [each.delay(getattr(each, name)) for each in mine]
    return ", ".join("never" if delay is None else str(delay) for delay in delays)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="unchanged, changed or recursion")
    options = parser.parse_args()
    print(measure(options.workers, options.only))
