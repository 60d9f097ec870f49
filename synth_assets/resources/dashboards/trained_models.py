"""Scores of registered models, as the last panel of a mixture's tab of collapse.

It is made when a page is opened, and stored nowhere: a model is trained and measured days after the
run that made its set, and a run to show it would be one more point on every line.
"""

from dataclasses import replace
from typing import Any

import polars as pl

from synth_assets.core.flywheel.score_curves import score_curves
from synth_assets.errors import RegistryError, StorageError
from synth_assets.resources.collapse.project_lab import project_curves
from synth_assets.resources.dashboards.ids import COLLAPSE, panel_id, tab_id
from synth_assets.resources.home import Home
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.report.canvas import figure
from synth_assets.resources.report.curves import Curves, generations
from synth_assets.resources.report.lab_section import by_dose, by_generation
from synth_assets.resources.report.score_section import SCORES_TOLD, score_curves_drawn

TITLE = "Generations on: what became of models that were trained?"
PLOTS = "plots"
"""Of a dashboard: id of a panel -> HTML of its plots, which the page's script puts there."""

_NO_SCORES = (
    "No registered model has a score yet. Register what was trained on an exported set with synth "
    "models add NAME --family F --checkpoint C --trained-on MIXTURE, give it scores with synth "
    "models evaluate NAME --score gsm8k=0.41, and open this page again."
)
_BESIDE = "The lab's small students stand first, over the same generations and shares."


def with_trained_models(dashboard: dict[str, Any], home: Home) -> dict[str, Any]:
    """Add the panel to a dashboard as it is stored; one without our tab of collapse stays.

    Args:
        dashboard: `tabs` and `panels`, as Evidently writes them.
        home: of registry and lab; where one cannot be read, the panel says so.
    """
    collapse = tab_id(COLLAPSE)
    ours = str(panel_id(collapse, TITLE))
    if str(collapse) not in (tab["id"] for tab in dashboard["tabs"]):
        return dashboard
    told, plots = _shown(home)
    panel: dict[str, Any] = {
        "id": ours,
        "title": TITLE,
        "subtitle": told,
        "size": "full",
        "values": [],
        "plot_params": {"plot_type": "text"},
    }
    # People who edit a page send all of its panels back, this one among them.
    others = [each for each in dashboard["panels"] if each["id"] != ours]
    tabs = [
        _with_panel(tab, ours) if tab["id"] == str(collapse) else tab for tab in dashboard["tabs"]
    ]
    return {**dashboard, "tabs": tabs, "panels": [*others, panel], PLOTS: {ours: plots}}


def _with_panel(tab: dict[str, Any], panel: str) -> dict[str, Any]:
    return {**tab, "panels": [*(each for each in tab["panels"] if each != panel), panel]}


def _shown(home: Home) -> tuple[str, str]:
    """What the panel says, and its plots as HTML."""
    try:
        scores = score_curves(ModelRegistry(home.root).history())
        lab = project_curves(home)
    except (RegistryError, StorageError) as exc:
        return str(exc), ""
    if scores.is_empty():
        return _NO_SCORES, ""
    curves = [*_of_lab(lab, scores), *score_curves_drawn(scores, generations(lab, scores))]
    told = SCORES_TOLD if lab.is_empty() else f"{SCORES_TOLD} {_BESIDE}"
    return told, "".join(map(figure, curves))


def _of_lab(lab: pl.DataFrame, scores: pl.DataFrame) -> list[Curves]:
    drawn = (by_dose(lab), by_generation(lab, "above_first", generations(lab, scores)))
    return [replace(each, title=f"In the lab: {each.title}") for each in drawn if each.series]
