"""Coverage as metadata: what a recipe planned against what came through."""

import dagster as dg
import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.schema import Stage
from synth_assets.defs.display import preview
from synth_assets.resources.coverage import RecipeCoverage, measured
from synth_assets.resources.coverage_reference import reference_texts
from synth_assets.resources.frames import read_frame
from synth_assets.resources.plots import markdown_image, paired_bars_png
from synth_assets.resources.workshop import Workshop

_MOST_BARS = 24


def coverage_metadata(
    workshop: Workshop, recipe: Recipe, made: pl.DataFrame, verified: pl.DataFrame
) -> dict[str, dg.MetadataValue]:
    """Shares that were to be and shares that are, as a plot and a table; holes by number.

    Topics beside real text, where the recipe names a reference or fills gaps.

    Args:
        workshop: knows where the plan lies.
        recipe: the version that was verified.
        made: its generated rows.
        verified: those that are accepted.
    """
    plan = read_frame(workshop.home.plan(recipe.key))
    said = recipe.spec.coverage
    compared = said.fill_gaps or said.reference is not None
    reference = reference_texts(workshop, recipe) if compared else None
    found = measured(recipe, plan, made, verified, verified, Stage.VERIFY, reference)
    return {**_shares(found), **_topics(found)}


def _topics(found: RecipeCoverage) -> dict[str, dg.MetadataValue]:
    if found.topics is None:
        return {}
    columns = ["name", "reference_share", "synthetic_share", "reference_rows", "synthetic_rows"]
    return {
        "topics": preview(found.topics.frame.select(columns), rows=200),
        "topic_gaps": dg.MetadataValue.int(len(found.topics.gaps())),
    }


def _shares(found: RecipeCoverage) -> dict[str, dg.MetadataValue]:
    values = found.shares.values.drop_nulls("kept_share")
    if values.is_empty():
        return {}
    names = ["attribute", "value", "target_share", "planned", "verified", "kept_share", "gap"]
    bars = {
        f"{row['attribute']}: {row['value']}": (row["target_share"], row["kept_share"])
        for row in values.head(_MOST_BARS).iter_rows(named=True)
    }
    title = "Shares planned and achieved"
    picture = paired_bars_png(bars, title, ("planned", "achieved"), "share of the rows")
    shown = {
        "coverage_plot": dg.MetadataValue.md(markdown_image(picture, title)),
        "coverage": preview(values.select(names).head(200), rows=200),
        "coverage_distance": dg.MetadataValue.float(
            float(found.shares.distances["kept_from_target"].drop_nulls().max() or 0.0)  # pyright: ignore[reportArgumentType]
        ),
    }
    if found.joint:
        shown["coverage_holes"] = dg.MetadataValue.int(found.shares.holes.height)
    return shown
