"""What a million candidates are to a mixture: voices, depths and terms."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.timing import table
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import SetRecord, Voice
from synth_assets.core.mixture.standing import standing_of
from synth_assets.core.terms.declared import ANSWERS_SCHEMA, Declared

ROWS = 1_000_000
_TEACHERS = 5
_RECIPES = 20
_RUNS = 3
_STUDENT = {"name": "tiny", "family": "tiny", "checkpoint": "0"}
_SEEN = SetRecord(
    key="seen~12345678",
    digest="0" * 16,
    rows=10,
    synthetic_rows=5,
    depth=2,
    voices=(Voice(teacher="t0", family="tiny", checkpoint="0", rows=5),),
)


@dataclass(frozen=True)
class _Case:
    told: str
    mixture: Mixture
    declared: Declared
    answers: pl.DataFrame


def measure() -> str:
    """Measure, and tell it as a part of the page."""
    rows = _rows()
    others = rows.filter(pl.col("origin") == "synthetic").select(
        fingerprint=pl.col("request_fingerprints").list.first(), teacher=pl.lit("t3")
    )
    nobody = ANSWERS_SCHEMA.to_frame()
    plain = Mixture.model_validate({"id": "plain", "student": _STUDENT})
    published = Mixture.model_validate({"id": "open", "student": _STUDENT, "publish": True})
    learned = Declared(_teachers(trained_on=("seen",)), {}, TrainingHistory((_SEEN,)))
    cases = (
        _Case("teachers that saw no set", plain, Declared(_teachers(), {}), others),
        _Case("the same, to be published", published, Declared(_teachers(), {}), others),
        _Case("a teacher that saw the student's rows", plain, learned, nobody),
        _Case("the same, with a part in every row", plain, learned, others),
    )
    told = [[case.told, *_timed(rows, case)] for case in cases]
    head = ("candidates", "wall s", "CPU s", "own voice")
    return (
        f"## Standing of {ROWS:,} candidates\n\n"
        f"{_TEACHERS} teachers, {_RECIPES} recipes, a quarter of the rows real, chains of up to "
        f"three. Least of {_RUNS} runs.\n\n{table(head, told)}"
    )


def _timed(rows: pl.DataFrame, case: _Case) -> list[str]:
    walls, cpus = [], []
    for _ in range(_RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        found = standing_of(rows, case.mixture, case.declared, answers=case.answers)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    own = int(found["own_voice"].sum())
    return [f"{min(walls):.2f}", f"{min(cpus):.2f}", f"{own:,}"]


def _teachers(trained_on: tuple[str, ...] = ()) -> Mapping[str, Teacher]:
    made = (
        Teacher(
            id=f"t{n}",
            model=f"x/m{n}",
            family="tiny" if n == 0 else "large",
            checkpoint=str(n),
            licence="Apache-2.0",
            trained_on=trained_on if n == 3 else (),
        )
        for n in range(_TEACHERS)
    )
    return {each.id: each for each in made}


def _rows() -> pl.DataFrame:
    draw = np.random.default_rng(7)
    places = draw.integers(0, 4, ROWS)
    numbers = pl.DataFrame(
        {
            "row": np.arange(ROWS),
            "synthetic_depth": places,
            "t": draw.integers(0, _TEACHERS, ROWS),
            "r": draw.integers(0, _RECIPES, ROWS),
        }
    )
    is_real = pl.col("synthetic_depth") == 0
    name = pl.format("sample-{}", "row")
    nothing = pl.lit("")
    return numbers.select(
        "synthetic_depth",
        sample_id=name,
        origin=pl.when(is_real).then(pl.lit("real")).otherwise(pl.lit("synthetic")),
        recipe=pl.when(is_real).then(nothing).otherwise(pl.format("r{}", "r")),
        source=pl.lit("source"),
        teacher=pl.when(is_real).then(nothing).otherwise(pl.format("t{}", "t")),
        licence=pl.lit("MIT"),
        parent_ids=pl.when(pl.col("synthetic_depth") > 1)
        .then(pl.concat_list(name.shift(1).fill_null("none")))
        .otherwise(pl.lit([], dtype=pl.List(pl.String))),
        request_fingerprints=pl.concat_list(pl.format("{}{}", name, pl.lit("f" * 50))),
    )
