import numpy as np
import polars as pl
import pytest

from synth_assets.core.collapse.advice import Remedy, SyntheticRow, advice_on, widths
from synth_assets.core.collapse.canary import CanaryReport, CanarySize, Onward, Trained
from synth_assets.core.collapse.dose_curve import DoseCurve
from synth_assets.core.collapse.lab import CURVE_SCHEMA, Dose
from synth_assets.core.collapse.risk_index import Component, Light, RiskIndex, Sign, risk_of
from synth_assets.core.collapse.yard import Loss, Reading, Texture
from synth_assets.core.mixture.risk import RiskBand

_CURVE = DoseCurve((Dose(0.2, 0.02, None, None), Dose(1.0, 0.5, None, None)), 2.0, 5)


def _texts(count: int, kinds: int) -> list[str]:
    """So many texts, of which so many have no word in common."""
    return [
        f"{chr(97 + n % kinds % 26)}{n % kinds} x{n % kinds} y{n % kinds}" for n in range(count)
    ]


def small_report(rows: int, real: int) -> CanaryReport:
    loss = Loss(np.array([2.0]), np.array([1.0]))
    texture = Texture(0.5, 2.0, 100.0, 0.5, 0.5, 10.0)
    names = (Trained.SET, Trained.REAL_EQUAL, Trained.REAL_AGAIN)
    return CanaryReport(
        "3-gram",
        CanarySize(),
        {Trained.SET: rows, Trained.REAL_PART: real, Trained.REAL_EQUAL: rows},
        dict.fromkeys(names, Reading(loss, None, None)),
        dict.fromkeys(names, texture),
        dict.fromkeys(names, Onward((loss, loss), 100.0)),
        dict.fromkeys(names, loss),
        0.0,
    )


def _index(**values: float) -> RiskIndex:
    return RiskIndex(tuple(Component(Sign(name), value) for name, value in values.items()))


def test_widths_put_the_narrowest_group_first_and_leave_out_the_small():
    groups = {"wide": _texts(40, 40), "one": _texts(40, 1), "few": _texts(5, 1)}
    found = widths(groups, _texts(60, 60))
    assert [each.name for each in found] == ["one", "wide"]
    assert found[0].vendi == pytest.approx(1.0)
    assert found[1].ratio == pytest.approx(1.0)
    assert found[0].real_vendi == pytest.approx(40.0)


def test_advice_names_the_recipe_that_narrows_and_the_teacher_that_dominates():
    rows = [SyntheticRow("steady", "one", text) for text in _texts(40, 40)]
    rows += [SyntheticRow("parrot", "other", text) for text in _texts(120, 2)]
    found = advice_on(small_report(200, 40), _index(vendi=0.4, loss=0.0), rows, _texts(200, 200))
    assert [(each.remedy, each.about) for each in found] == [
        (Remedy.RECIPE, "parrot"),
        (Remedy.TEACHER, "other"),
        (Remedy.DECODING, ""),
    ]
    assert "120 rows are 2 different texts in effect where as many real rows are 120" in (
        found[0].told
    )
    assert "wrote 75% of the synthetic rows" in found[1].told
    assert "not the share" in found[2].told


def test_advice_on_loss_says_how_many_real_rows_the_measured_curve_asks_for():
    rows = [SyntheticRow("r", "t", text) for text in _texts(80, 80)]
    [found] = advice_on(small_report(100, 20), _index(loss=0.04), rows, _texts(100, 100), _CURVE)
    assert found.remedy is Remedy.REAL_ROWS
    assert _CURVE.bearable == pytest.approx(0.2 + 0.8 * 0.02 / 0.48)
    added = int(np.ceil(80 / _CURVE.bearable)) - 100
    instead = int(np.ceil((1 - _CURVE.bearable) * 100)) - 20
    assert found.told.startswith(f"{added} more real rows, or {instead} in place of synthetic")


def test_advice_without_a_curve_says_how_to_get_one():
    rows = [SyntheticRow("r", "t", text) for text in _texts(80, 80)]
    [found] = advice_on(small_report(100, 20), _index(loss=0.04), rows, _texts(100, 100))
    assert "raise_real_share" in found.told


def test_advice_on_a_share_that_the_curve_bears_blames_the_rows():
    rows = [SyntheticRow("r", "t", text) for text in _texts(40, 40)]
    [found] = advice_on(small_report(100, 90), _index(loss=0.04), rows, _texts(100, 100), _CURVE)
    assert "what these synthetic rows are like does harm" in found.told


def test_advice_is_none_where_no_sign_fires():
    rows = [SyntheticRow("parrot", "one", text) for text in _texts(80, 1)]
    assert advice_on(small_report(100, 20), _index(loss=0.0, vendi=0.1), rows, _texts(99, 99)) == ()


def test_dose_curve_puts_shares_into_bands_by_what_they_cost():
    assert _CURVE.relative_loss(0.1) == pytest.approx(0.005)
    assert _CURVE.band(0.1) is RiskBand.LOW
    assert _CURVE.band(0.25) is RiskBand.WATCH
    assert _CURVE.band(0.9) is RiskBand.HIGH


def test_dose_curve_is_read_off_the_curves_of_a_lab():
    rows = [
        ("share 30%", "share", 0.3, 0, "held_out", 1.8, None, None, 1),
        ("share 30%", "share", 0.3, 2, "above_first", 0.1, None, None, 1),
        ("replace", "replace", 1.0, 2, "above_first", 0.6, None, None, 1),
    ]
    found = DoseCurve.of(pl.DataFrame(rows, CURVE_SCHEMA, orient="row"))
    assert found == DoseCurve(
        (Dose(0.3, 0.1, None, None), Dose(1.0, 0.6, None, None)), first_loss=1.8, generations=2
    )
    assert DoseCurve.of(CURVE_SCHEMA.to_frame()) is None


def test_risk_of_a_small_set_has_wider_thresholds():
    small, large = (risk_of(small_report(rows, rows // 2)).components for rows in (100, 400))
    assert {each.slack for each in small} == {2.0}
    assert {each.slack for each in large} == {1.0}
    one = Component(Sign.LOSS, 0.04, slack=2.0)
    assert (one.threshold.amber, one.threshold.red) == pytest.approx((0.04, 0.1))
    assert (one.scaled, one.light) == (0.5, Light.AMBER)
    assert Component(Sign.LOSS, 0.06).light is Light.RED
