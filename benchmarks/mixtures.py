"""How mixtures are solved: random ones that can be met and that cannot, and a million candidates.

`python -m benchmarks.mixtures` prints the section alone.
"""

import json
import random
import statistics
import time
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from benchmarks.mixture_problems import Problem, feasible, infeasible, with_more
from benchmarks.timing import table
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.allotment import allot, largest_size
from synth_assets.core.mixture.bounds import bounds_of
from synth_assets.core.mixture.cells import SUPPLY, Cells, cell_keys
from synth_assets.core.mixture.compose import compose, why_infeasible
from synth_assets.core.mixture.feasibility import demand_of
from synth_assets.core.mixture.policy import policy_faults

_MIXTURES = 1_000
_CANDIDATES = 1_000_000
_KINDS = 4_000
_SIZES = (3, 20, 60, 200)
_MOVED = 100


@dataclass(frozen=True)
class _Solved:
    """What a solver made of a problem.

    Attributes:
        seconds: it took.
        cells: that candidates fell into.
        bounds: that were laid out.
        faults: bounds that do not hold.
    """

    seconds: float
    cells: int
    bounds: int
    faults: int


def measure() -> str:
    """The section of `docs/benchmarks.md`."""
    return "\n\n".join(
        [
            "## Mixtures",
            "A random mixture that can be met has the bounds that a random selection of its "
            "candidates keeps, to the thousandth; one that cannot asks for more than there is. "
            "Each set is held to its bounds by a check that shares no code with the solver, and "
            "each mend is applied and composed.",
            table(("what", "tried", "outcome", "slowest, CPU s"), [_met(), _large(), _mended()]),
            _whole(),
        ]
    )


def _met() -> tuple[str, ...]:
    slowest, faults = 0.0, 0
    for number in range(_MIXTURES):
        rng = random.Random(number)
        problem = feasible(rng, rng.choice(_SIZES))
        started = time.process_time()
        kept = compose(problem.samples, problem.mixture, problem.standing).kept
        slowest = max(slowest, time.process_time() - started) if number else 0.0
        faults += bool(policy_faults(kept, problem.mixture, problem.standing))
    outcome = f"{_MIXTURES - faults:,} meet every bound"
    return ("met, 3 to 200 candidates, all of `compose`", f"{_MIXTURES:,}", outcome, _s(slowest))


def _large() -> tuple[str, ...]:
    solved: list[_Solved] = []
    for number in range(_MIXTURES):
        rng = random.Random(number)
        topics = rng.choice([12, 60, 300])
        solved.append(_solve(feasible(rng, _KINDS, _CANDIDATES, topics)))
    met = sum(not each.faults for each in solved)
    cells = max(each.cells for each in solved)
    bounds = max(each.bounds for each in solved)
    usual = statistics.median(each.seconds for each in solved)
    return (
        f"met, {_CANDIDATES:,} candidates in up to {cells:,} cells under up to {bounds:,} bounds, "
        "the solver",
        f"{_MIXTURES:,}",
        f"{met:,} meet every bound; median {_s(usual)} CPU s",
        _s(max(each.seconds for each in solved)),
    )


def _solve(problem: Problem) -> _Solved:
    facts = problem.standing.drop("sample_id", "reason", "detail")
    keys = cell_keys(pl.concat([problem.samples, facts], how="horizontal"), problem.mixture)
    counted = keys.with_columns(pl.Series(SUPPLY, problem.counts, pl.Int64))
    cells = Cells(counted.group_by(keys.columns).agg(pl.col(SUPPLY).sum()).sort(keys.columns))
    started = time.process_time()
    demand = demand_of(problem.mixture, cells)
    if problem.mixture.rows is None:
        most = largest_size(demand)
        demand = replace(demand, rows=(most, most))
    taken = allot(demand)
    seconds = time.process_time() - started
    bounds = bounds_of(problem.mixture, cells)
    faults = 1 if taken is None else len(bounds.broken(taken))
    return _Solved(seconds, len(cells.supply), len(bounds.linear), faults)


def _mended() -> tuple[str, ...]:
    tried = mends = held = 0
    slowest, number = 0.0, 0
    while tried < _MIXTURES:
        number += 1
        rng = random.Random(number)
        problem = infeasible(rng, rng.choice(_SIZES))
        started = time.process_time()
        conflict = why_infeasible(problem.samples, problem.mixture, problem.standing)
        if conflict is None:
            continue
        slowest = max(slowest, time.process_time() - started)
        tried += 1
        for mend in conflict.mends:
            mended = with_more(problem, mend.more) if mend.more else problem
            mixture = mend.applied(problem.mixture)
            kept = compose(mended.samples, mixture, mended.standing).kept
            mends += 1
            held += not policy_faults(kept, mixture, mended.standing)
    outcome = f"all refused; {held:,} of {mends:,} mends do"
    return ("refused, 3 to 200 candidates, the conflict", f"{tried:,}", outcome, _s(slowest))


def _whole() -> str:
    mixture = Mixture.model_validate(
        {
            "id": "large",
            "rows": 300_000,
            "synthetic_share": {"at_least": 0.3, "at_most": 0.55},
            "teacher_cap": 0.3,
            "distinct_teachers": {"at_least": 3},
            "max_depth": 2,
            "quotas": [
                {"each": "attribute.topic", "share": {"at_most": 0.2, "at_least": 0.001}},
                {"where": {"attribute.topic": "topic 1"}, "share": {"at_least": 0.06}},
                {"where": {"difficulty": {"at_least": 3}}, "share": {"at_least": 0.45}},
            ],
        }
    )
    samples = _rows(_CANDIDATES + _MOVED)
    few = samples.head(_CANDIDATES)
    compose(few.head(10_000), mixture.model_copy(update={"rows": 100}), _plain(few.head(10_000)))
    started = time.process_time()
    before = compose(few, mixture, _plain(few)).kept
    seconds = time.process_time() - started
    after = compose(samples, mixture, _plain(samples)).kept
    moved = len(set(before["sample_id"]) ^ set(after["sample_id"]))
    return (
        f"`compose` as a whole takes {_s(seconds)} CPU s for {before.height:,} of {_CANDIDATES:,} "
        "rows under a share, a cap, a depth, quotas for each of 20 topics and two more. With "
        f"{_MOVED} rows more of one recipe, {moved} rows enter or leave that set."
    )


def _rows(count: int) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    recipes, teachers = rng.integers(0, 8, count), rng.integers(0, 5, count)
    recipes[_CANDIDATES:] = 0
    real = rng.random(count) < 0.4
    real[_CANDIDATES:] = False
    topics = rng.choice(20, count, p=rng.dirichlet(np.full(20, 2)))
    texts = {"recipe": recipes, "teacher": teachers, "source": rng.integers(0, 3, count)}
    named = pl.DataFrame(texts).select(pl.format(f"{it} {{}}", it).alias(it) for it in texts)
    only = {"recipe": ~real, "teacher": ~real}
    attributes = [json.dumps({"topic": f"topic {n}"}) for n in range(20)]
    one = feasible(random.Random(0), 1).samples
    blank = one.select(pl.all().repeat_by(count).explode(empty_as_null=False))
    return blank.with_columns(
        pl.Series("sample_id", np.arange(count)).cast(pl.String),
        pl.Series("content_hash", np.arange(count)).cast(pl.String),
        pl.Series("origin", np.where(real, "real", "synthetic")),
        *(
            pl.when(pl.Series(only.get(name, np.ones(count, np.bool_)))).then(named[name])
            .otherwise(pl.lit("")).alias(name)
            for name in texts
        ),
        pl.Series("attributes", np.array(attributes)[topics]),
        pl.Series("difficulty", rng.integers(0, 5, count).astype(np.float64)),
        pl.Series("synthetic_depth", (~real).astype(np.int64)),
    )  # fmt: skip


def _plain(samples: pl.DataFrame) -> pl.DataFrame:
    return samples.select(
        "sample_id",
        pl.lit("").alias("family"),
        pl.col("synthetic_depth").alias("depth"),
        pl.lit(value=False).alias("own_voice"),
        pl.lit(None, pl.String).alias("reason"),
        pl.lit("").alias("detail"),
    )


def _s(seconds: float) -> str:
    return f"{seconds:.2f}"


if __name__ == "__main__":
    print(measure())
