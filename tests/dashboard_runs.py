"""Runs for the dashboards with figures made up by rule, as nothing has to be measured for them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from synth_assets.core.collapse.lab import CURVE_SCHEMA
from synth_assets.core.collapse.of_sets import canary_frame
from synth_assets.core.collapse.risk_index import THRESHOLDS, Component, RiskIndex, Sign
from synth_assets.core.config.gates import GateAction
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.diversity.metrics import DiversityMetric
from synth_assets.core.drift.measures import DriftMeasure
from synth_assets.core.drift.schema import DRIFT_SCHEMA, MOVED_SCHEMA
from synth_assets.core.gating import Gate, GateVerdict
from synth_assets.resources.dashboards.figures import SetRun
from synth_assets.resources.dashboards.generation_figures import GenerationRun
from synth_assets.resources.dashboards.labels import LoggedRun

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SLICES = ("all", "real", "synthetic", "reference")
TRAINED = ("set", "real_part", "real_equal", "real_again")


def labels(number: int = 0) -> LoggedRun:
    """Of the run of that day."""
    metadata = {
        "run_id": f"run-{number}",
        "mixture_version": "1f2e3d4c",
        "partition": "balanced_50~1f2e3d4c",
        "dagster_run": f"http://127.0.0.1:3000/runs/run-{number}",
    }
    moment = NOON + timedelta(days=number)
    return LoggedRun(f"run-{number}", moment, metadata, [f"run {number}", "1f2e3d4c"])


def diversity_of(slices: Sequence[str], number: int = 0) -> pl.DataFrame:
    """Every metric of every slice: the place of both, and the run's number in hundredths."""
    rows = [
        (name, metric.value, place + 0.1 * which + 0.01 * number, None, None, 200, 6_000)
        for which, name in enumerate(slices)
        for place, metric in enumerate(DiversityMetric)
    ]
    return pl.DataFrame(rows, schema=DIVERSITY_SCHEMA, orient="row")


def drift_of(number: int = 0) -> pl.DataFrame:
    """Every measure against both: half its threshold, and for the last twice."""
    rows = [
        (
            *(against, measure.value, "words", 0.1 * factor, 0.0, 0.3, 0.01, 0.1, 0.5, 200, 200),
            *(factor > 1, factor > 1 and number > 0, f"meaning of {measure.value}"),
        )
        for against in ("earlier", "real")
        for factor, measure in zip((0.5, 0.5, 0.5, 2.0), DriftMeasure, strict=True)
    ]
    return pl.DataFrame(rows, schema=DRIFT_SCHEMA, orient="row")


def moved_rows(texts: Sequence[str]) -> pl.DataFrame:
    """Rows of these texts, which moved."""
    rows = [
        ("earlier", "new", f"sample{place}", "math", text, f"answer to {text}", 0.99 - place / 100)
        for place, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, schema=MOVED_SCHEMA, orient="row")


def canary_of(share_of_red: float) -> pl.DataFrame:
    """Every sign at this share of its red threshold."""
    components = [Component(sign, share_of_red * THRESHOLDS[sign].red) for sign in Sign]
    return canary_frame(RiskIndex(tuple(components)))


def lab_of(*shares: float) -> pl.DataFrame:
    """What a lab found of three generations: the loss is a tenth of the share each generation."""
    rows = [
        (f"{share:.0%}", "share", share, generation, measure, value, value - 0.01, value + 0.01, 4)
        for share in shares
        for generation in range(3)
        for measure, value in (
            ("above_first", share * generation / 10),
            ("vendi", 100 - 40 * share * generation),
            ("tail_coverage", 0.5 - 0.1 * share * generation),
            ("distinct_2", 0.7 + 0.05 * share * generation),
        )
    ]
    return pl.DataFrame(rows, schema=CURVE_SCHEMA, orient="row")


def verdicts_of(blocked_by: str | None = None) -> list[GateVerdict]:
    """Of three gates that would block; none does but the one that is named."""
    return [
        GateVerdict(
            gate,
            GateAction.BLOCK,
            (f"{gate.value} is beyond its threshold: 7.",) if gate.value == blocked_by else (),
            "Mend it.",
        )
        for gate in Gate
    ]


def set_run(
    number: int = 0,
    *,
    recipes: Sequence[str] = ("math",),
    moved: Sequence[str] = (),
    share_of_red: float = 0.2,
    blocked_by: str | None = None,
) -> SetRun:
    """A run of a mixture."""
    slices = (*SLICES, *(f"recipe:{recipe}" for recipe in recipes))
    return SetRun(
        diversity_of(slices, number),
        dict(zip(slices, range(60, 0, -5), strict=False)),
        drift_of(number),
        moved_rows(moved),
        canary_of(share_of_red),
        {name: 1.5 + 0.1 * place for place, name in enumerate(TRAINED)},
        verdicts_of(blocked_by),
    )


def generation_run(recipes: Sequence[str] = ("math", "qa")) -> GenerationRun:
    """A run of generation: of 100 planned samples of each recipe 80 were accepted, 60 selected."""
    cost = pl.DataFrame(
        {
            "partition": [f"{recipe}~12345678" for recipe in recipes],
            "recipe": list(recipes),
            "recipe_version": ["12345678"] * len(recipes),
            "calls": 100,
            "calls_bought": 40,
            "prompt_tokens": 1_000,
            "completion_tokens": 500,
            "cost_usd": 3.0,
            "bought_usd": 1.2,
            "planned": 100,
            "kept_by_verify": 80,
            "kept_by_decontaminate": 60,
        }
    )
    drop_reasons = pl.DataFrame(
        {
            "recipe": [*recipes, *recipes, ""],
            "stage": [*["verify"] * len(recipes), *["dedup"] * len(recipes), "dedup"],
            "reason": [*["wrong_answer"] * len(recipes), *["near_duplicate"] * (len(recipes) + 1)],
            "rows": [*[20] * len(recipes), *[10] * len(recipes), 7],
        }
    )
    return GenerationRun(cost, drop_reasons, {name: diversity_of(("all",)) for name in recipes})
