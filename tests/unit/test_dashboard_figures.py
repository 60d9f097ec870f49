import polars as pl
import pytest

from synth_assets.core.collapse.risk_index import Component, RiskIndex, Sign
from synth_assets.resources.dashboards.figures import (
    SetRun,
    collapse_figures,
    diversity_figures,
    drift_figures,
    risk_index,
    rows_by_slice,
)
from synth_assets.resources.dashboards.generation_figures import (
    generation_figures,
    recipe_diversity_figures,
)
from synth_assets.resources.dashboards.labels import told_rows
from tests.dashboard_runs import canary_of, diversity_of, generation_run, moved_rows, set_run
from tests.samples import frame_of, real_row, synthetic_row


def as_dict(figures: pl.DataFrame) -> dict[tuple[str, ...], float]:
    return {tuple(row[:-1]): row[-1] for row in figures.iter_rows()}


def test_diversity_figures_of_a_run_hold_values_and_rows_and_no_null():
    run = set_run()
    missing = run.diversity.with_columns(
        value=pl.when(pl.col("metric") == "distinct_1").then(None).otherwise("value")
    )
    found = as_dict(diversity_figures(SetRun(missing, run.slice_rows)))
    assert found["rows", "all"] == 60
    assert found["distinct_2", "real"] == pytest.approx(1.1)
    assert ("distinct_1", "all") not in found


def test_drift_figures_are_told_over_their_thresholds_with_counts_beside():
    found = as_dict(drift_figures(set_run(1)))
    assert found["earlier", "jensen_shannon", "words"] == pytest.approx(0.5)
    assert found["real", "told_apart", "words"] == pytest.approx(2.0)
    assert found["earlier", "threshold", "times threshold"] == 1
    assert found["earlier", "suspects", "suspects"] == 1
    assert found["earlier", "alarms", "alarms"] == 1


def test_drift_figures_of_a_first_run_hold_real_rows_alone():
    drift = set_run().drift.with_columns(
        value=pl.when(pl.col("against") == "earlier").then(None).otherwise("value")
    )
    found = as_dict(drift_figures(SetRun(diversity_of(["all"]), {}, drift)))
    assert {key[0] for key in found} == {"real"}


def test_collapse_figures_hold_each_sign_beside_amber_and_red():
    found = as_dict(collapse_figures(set_run(share_of_red=1.0)))
    assert found["loss", "value"] == found["loss", "red"] == pytest.approx(0.05)
    assert found["loss", "amber"] == pytest.approx(0.02)
    assert found["scaled", "loss"] == found["scaled", "red"] == 1
    assert found["scaled", "amber"] == 0.5
    assert found["risk_index", "risk_index"] == pytest.approx(100)
    assert found["bits_per_byte", "real_part"] == pytest.approx(1.6)


def test_collapse_figures_without_a_canary_hold_nothing():
    assert collapse_figures(SetRun(diversity_of(["all"]), {})).is_empty()


@pytest.mark.parametrize("light", ["amber", "red"])
def test_risk_index_with_one_sign_at_its_threshold_is_at_least_the_line_drawn(light):
    figures = as_dict(collapse_figures(set_run()))
    sign = Sign.TAIL
    value = {"amber": 0.15, "red": 0.30}[light]
    index = RiskIndex((Component(sign, value), *(Component(each, 0.0) for each in Sign)))
    assert index.value >= figures["risk_index", light]


def test_risk_index_of_a_frame_is_that_of_the_core():
    components = [Component(sign, 0.3 * 0.05) for sign in Sign]
    worst_first = sorted(components, key=lambda each: -each.scaled)
    frame = canary_of(1.0).with_columns(value=pl.lit(0.3 * 0.05))
    assert risk_index(frame) == pytest.approx(RiskIndex(tuple(worst_first)).value)


def test_rows_by_slice_counts_origins_and_recipes_and_leaves_empty_slices_out():
    real = real_row("r1", "Why?", "So.")
    made = [synthetic_row(f"s{n}", f"Why {n}?", "So.", recipe="math") for n in range(2)]
    assert rows_by_slice(frame_of(real, *made), frame_of(real)) == {
        **{"all": 3, "real": 1, "synthetic": 2, "reference": 1, "recipe:math": 2}
    }
    assert rows_by_slice(frame_of(real)) == {"all": 1, "real": 1}


def test_generation_figures_are_shares_of_planned_samples_and_sums_of_all():
    found = as_dict(generation_figures(generation_run()))
    assert found["accepted", "math"] == pytest.approx(0.8)
    assert found["selected", "all recipes"] == pytest.approx(0.6)
    assert found["bought_usd", "all recipes"] == pytest.approx(2.4)
    assert found["tokens", "qa"] == 1_500
    assert found["cost_per_kept_usd", "all recipes"] == pytest.approx(0.05)
    # Of 200 planned samples; the seven real rows were not planned.
    assert found["lost", "near_duplicate"] == pytest.approx(0.1)
    assert found["lost", "wrong_answer"] == pytest.approx(0.2)


def test_recipe_diversity_figures_hold_each_recipe():
    found = as_dict(recipe_diversity_figures(generation_run(("qa",))))
    assert found["distinct_2", "qa"] == 1.0


def test_told_rows_are_one_line_each_and_short():
    told = told_rows(moved_rows(["one\n\ntwo", "x" * 500]))
    assert told[0] == "new against earlier, sample0: one two"
    assert len(told[1]) < 220
    assert "\n" not in "".join(told)
