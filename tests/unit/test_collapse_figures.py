"""What the UI and the card show of canaries, labs and the share of real rows."""

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.collapse.advice import Advice, Remedy
from synth_assets.core.collapse.dose_curve import DoseCurve
from synth_assets.core.collapse.lab import CURVE_SCHEMA, Dose
from synth_assets.core.collapse.risk_index import risk_of
from synth_assets.core.export.card import render_card
from synth_assets.defs.collapse_figures import canary_figures, depth_figures, lab_figures
from tests.samples import frame_of, real_row, synthetic_row
from tests.unit.card_examples import facts
from tests.unit.test_collapse_advice import small_report

_CURVE = DoseCurve((Dose(0.2, 0.02, None, None), Dose(1.0, 0.5, None, None)), 2.0, 5)


def test_canary_figures_say_what_to_do_and_where_the_band_comes_from():
    report = small_report(400, 100)
    advice = (Advice(Remedy.DECODING, "", "Mend <b>decoding</b>."),)
    measured = canary_figures(report, risk_of(report), advice, _CURVE)
    assert (measured["risk_band"], measured["risk_band_from"]) == (
        "high",
        "the lab of these real rows",
    )
    assert isinstance(measured["advice"], dg.TableMetadataValue)
    assert dict(measured["advice"].records[0].data) == {
        "remedy": "mend_decoding",
        "what": "Mend <b>decoding</b>.",
    }
    assert measured["bits_per_byte_set"] == 2.0
    guessed = canary_figures(small_report(400, 200), risk_of(report), (), None)
    assert (guessed["risk_band"], guessed["risk_band_from"]) == ("watch", "a rule of thumb")
    assert "advice" not in guessed


def test_depth_figures_are_shares_of_the_rows():
    rows = frame_of(
        real_row("a", "p", "r"),
        real_row("b", "p", "r2"),
        synthetic_row("c", "p", "r3"),
        synthetic_row("d", "p", "r4"),
    ).with_columns(synthetic_depth=pl.Series([0, 0, 1, 3]))
    found = depth_figures(rows)
    assert (found["mean_synthetic_depth"], found["share_beyond_depth_1"]) == (1.0, 0.25)
    table = found["by_synthetic_depth"]
    assert isinstance(table, dg.MarkdownMetadataValue)
    assert (table.md_str or "").splitlines()[2:] == [
        "| 0 | 2 | 0.5 |",
        "| 1 | 1 | 0.25 |",
        "| 3 | 1 | 0.25 |",
    ]


def test_lab_figures_tell_the_bearable_share():
    rows = [
        ("share 50%", "share", 0.5, 0, "held_out", 2.0, None, None, 1),
        ("share 50%", "share", 0.5, 0, "above_first", 0.0, None, None, 1),
        ("share 50%", "share", 0.5, 1, "above_first", 0.08, None, None, 1),
    ]
    found = lab_figures(pl.DataFrame(rows, CURVE_SCHEMA, orient="row"))
    assert found["bearable_share"] == pytest.approx(0.25)
    for name in ("curves_plot", "doses_plot"):
        picture = found[name]
        assert isinstance(picture, dg.MarkdownMetadataValue)
        assert "data:image/png;base64," in (picture.md_str or "")


def test_card_says_what_was_done_about_the_share_of_real_rows():
    told = "Real rows were raised from 20% to 45%."
    assert told in render_card(facts(real_share=told))
    assert told not in render_card(facts())
