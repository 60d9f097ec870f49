"""Scores of registered models as plots, and as the panel that the dashboards' server adds."""

import re
from pathlib import Path

import pytest

from synth_assets.core.flywheel.score_curves import SCORE_SCHEMA, score_curves
from synth_assets.resources.collapse.project_lab import project_curves
from synth_assets.resources.dashboards.ids import COLLAPSE, tab_id
from synth_assets.resources.dashboards.trained_models import PLOTS, TITLE, with_trained_models
from synth_assets.resources.frames import write_frame
from synth_assets.resources.home import Home
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.report.curves import Curves, generations
from synth_assets.resources.report.lab_section import by_dose, by_generation
from synth_assets.resources.report.score_section import score_curves_drawn, score_section
from tests.dashboard_runs import lab_of
from tests.e2e.hostile import ATTACKS, IMAGE
from tests.scored_models import history_of, register, scored

NO_LAB = lab_of()
LEFT, RIGHT, TOP, BOTTOM = 58.0, 490.0, 10.0, 176.0
"""Ends of the axes, in the units of a picture."""


def drawn(*models, lab=NO_LAB) -> list[Curves]:
    scores = score_curves(history_of(*models))
    return score_curves_drawn(scores, generations(lab, scores))


def circles(curves: Curves) -> list[tuple[float, float]]:
    found = re.findall(r'<circle class="c\d" cx="([\d.]+)" cy="([\d.]+)"', curves.svg)
    return [(float(x), float(y)) for x, y in found]


def test_a_score_is_drawn_by_share_and_by_generation_with_means_joined():
    by_share, by_number = drawn(
        scored("a", 0, gsm8k=0.5), scored("b", 2, gsm8k=0.3), scored("c", 2, gsm8k=0.1)
    )
    assert by_share.title == "gsm8k of trained models, by share of written rows"
    assert by_number.title == "gsm8k of trained models, by generation"
    for curves in (by_share, by_number):
        assert "of accuracies higher is better, of losses lower" in curves.caption
    [series] = by_share.series
    assert series.line == [(0, 0.5), (50, pytest.approx(0.2))]
    assert [(spot.x, spot.y, spot.name) for spot in series.spots] == [
        *((0, 0.5, "a"), (50, 0.3, "b"), (50, 0.1, "c")),
    ]
    assert by_number.series[0].line == [(0, 0.5), (2, pytest.approx(0.2))]
    assert series.spots[1].told == "b: 0.3, -0.2 from the first generation, 50% written rows"


def test_plots_put_a_value_where_its_axes_say():
    by_share, by_number = drawn(
        scored("a", 0, gsm8k=0.5), scored("b", 2, gsm8k=0.3), scored("c", 2, gsm8k=0.1)
    )
    middle_x, middle_y = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    assert circles(by_share) == [(LEFT, TOP), (middle_x, middle_y), (middle_x, BOTTOM)]
    assert circles(by_number) == [(LEFT, TOP), (RIGHT, middle_y), (RIGHT, BOTTOM)]
    three_quarters = BOTTOM - (BOTTOM - TOP) / 4
    assert f'points="{LEFT},{TOP} {middle_x},{three_quarters}"' in by_share.svg


def test_a_model_of_no_known_set_has_a_generation_and_no_share():
    [by_number] = drawn(scored("bare", None, gsm8k=0.5))
    assert by_number.title.endswith("by generation")
    assert by_number.series[0].spots[0].told.endswith("unknown share of written rows")
    by_share, by_number = drawn(scored("bare", None, gsm8k=0.5), scored("b", 1, gsm8k=0.3))
    assert [spot.name for spot in by_share.series[0].spots] == ["b"]
    assert [spot.name for spot in by_number.series[0].spots] == ["bare", "b"]


def test_curves_of_models_and_of_the_lab_stand_over_the_same_generations():
    scores = score_curves(history_of(scored("a", 3, gsm8k=0.5)))
    lab = lab_of(0.1, 0.5)
    assert list(generations(lab).ticks) == [0, 1, 2]
    axis = generations(lab, scores)
    assert list(axis.ticks) == [0, 1, 2, 3]
    loss = by_generation(lab, "above_first", axis)
    assert [series.name for series in loss.series] == ["10%", "50%"]
    assert loss.series[1].line == [(0, 0), (1, 0.05), (2, 0.1)]
    assert "lower is better; bars are 95 % intervals" in loss.caption
    assert list(generations(scores.with_columns(generation=25)).ticks) == list(range(0, 28, 3))


def test_the_loss_by_dose_is_drawn_with_its_intervals():
    dose = by_dose(lab_of(0.1, 0.5))
    spots = [(spot.x, spot.y, spot.low, spot.high) for spot in dose.series[0].spots]
    assert spots == [pytest.approx((10, 0.02, 0.01, 0.03)), pytest.approx((50, 0.1, 0.09, 0.11))]
    bars = re.findall(r'<line class="interval c0" x1="([\d.]+)" x2="\1" y1="([\d.]+)"', dose.svg)
    assert [float(x) for x, _ in bars] == [pytest.approx(101.2), 274]
    assert float(bars[0][1]) == BOTTOM


def test_names_of_people_are_shown_as_text():
    model = scored("a", 1).model_copy(update={"scores": {f"{IMAGE}\u202egnp": 0.5}})
    [by_share, _] = drawn(model)
    assert by_share.title.startswith(f"{IMAGE}\ufffdgnp")
    assert "<img" not in by_share.svg
    assert "&lt;img src=x onerror=window.pwned=2&gt;" in by_share.svg


def test_a_section_without_scores_is_empty():
    assert score_section(SCORE_SCHEMA.to_frame(), lab_of(0.1)).is_empty


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def dashboard(*tabs: tuple[str, str]) -> dict:
    """Of these tabs, ids and titles, with a panel each."""
    return {
        "tabs": [{"id": name, "title": title, "panels": [f"p{title}"]} for name, title in tabs],
        "panels": [{"id": f"p{title}", "title": title, "values": []} for _, title in tabs],
    }


OURS = (str(tab_id(COLLAPSE)), COLLAPSE)


def test_the_panel_is_the_last_of_our_tab_of_collapse_and_of_no_other(home):
    stored = dashboard(("gates", "Gates"), OURS, ("mine", "Mine"))
    shown = with_trained_models(stored, home)
    panel = shown["panels"][-1]
    assert panel["title"] == TITLE
    assert [tab["panels"] for tab in shown["tabs"]] == [
        *(["pGates"], ["pCollapse", panel["id"]], ["pMine"]),
    ]
    foreign = dashboard(("mine", COLLAPSE))
    assert with_trained_models(foreign, home) == foreign


def test_the_panel_that_an_edited_page_sent_back_stands_once(home):
    once = with_trained_models(dashboard(OURS), home)
    assert with_trained_models({"tabs": once["tabs"], "panels": once["panels"]}, home) == once


def test_without_scores_the_panel_says_how_to_add_them_and_draws_nothing(home):
    register(ModelRegistry(home.root), scored("unscored", 1))
    write_frame(home.root / "collapse_lab" / "curves.parquet", lab_of(0.1))
    shown = with_trained_models(dashboard(OURS), home)
    panel = shown["panels"][-1]
    assert panel["subtitle"].startswith("No registered model has a score yet.")
    assert "synth models evaluate NAME --score gsm8k=0.41" in panel["subtitle"]
    assert shown[PLOTS] == {panel["id"]: ""}


def test_a_model_that_is_registered_stands_there_at_the_next_look(home):
    registry = ModelRegistry(home.root)
    register(registry, scored("tiny-0", 0, gsm8k=0.45))
    stored = dashboard(OURS)
    [before] = with_trained_models(stored, home)[PLOTS].values()
    registry.score_model("tiny-0", {ATTACKS[0]: 1.0})
    register(registry, scored("tiny-2", 2, gsm8k=0.3))
    write_frame(home.root / "collapse_lab" / "curves.parquet", lab_of(0.1, 0.5))
    shown = with_trained_models(stored, home)
    [after] = shown[PLOTS].values()
    assert re.findall("<h3>([^<]*)</h3>", before) == [
        "gsm8k of trained models, by share of written rows",
        "gsm8k of trained models, by generation",
    ]
    titles = re.findall("<h3>([^<]*)</h3>", after)
    assert titles[0] == "In the lab: Loss on held-out real text, by share of written rows"
    assert titles[1] == "In the lab: Loss on held-out real text, by generation"
    assert titles[2].startswith("&lt;script&gt;window.pwned=1&lt;/script&gt; of trained models")
    assert len(titles) == 6
    assert "tiny-2" not in before
    assert "tiny-2: 0.3, -0.15 from the first generation, 50% written rows" in after
    assert "<script" not in after
    told = shown["panels"][-1]["subtitle"]
    assert "a score comes without an interval" in told
    assert told.endswith("over the same generations and shares.")


def test_what_cannot_be_read_is_said_and_the_page_still_opens(home):
    registry = ModelRegistry(home.root)
    registry.path.write_text("{broken\n", encoding="utf-8")
    panel = with_trained_models(dashboard(OURS), home)["panels"][-1]
    assert f"{registry.path}: line 1" in panel["subtitle"]
    registry.path.unlink()
    register(registry, scored("tiny-0", 0, gsm8k=0.45))
    lab = home.root / "collapse_lab" / "curves.parquet"
    lab.parent.mkdir()
    lab.write_bytes(b"no parquet")
    panel = with_trained_models(dashboard(OURS), home)["panels"][-1]
    assert str(lab) in panel["subtitle"]


def test_curves_of_a_project_without_a_lab_have_no_rows(home):
    assert project_curves(home).equals(NO_LAB)
