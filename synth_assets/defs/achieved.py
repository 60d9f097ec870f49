"""Coverage as metadata: what a recipe planned against what came through."""

import dagster as dg
import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.coverage.space_account import SpaceAccount
from synth_assets.defs.display import table
from synth_assets.resources.coverage import FilledVersion, RecipeCoverage, measured
from synth_assets.resources.coverage_reference import reference_texts
from synth_assets.resources.plots import share_bar
from synth_assets.resources.workshop import Workshop

_MOST_VALUES = 200
_NAME_CHARACTERS = 30
_INDENT = "\u00a0\u00a0"
_COLUMNS = ("value", "█ met ░ short ▓ over", "planned", "achieved", "rows", "samples")
_MOST_HOLES = 200


def coverage_metadata(
    workshop: Workshop, recipe: Recipe, made: pl.DataFrame, verified: pl.DataFrame
) -> dict[str, dg.MetadataValue]:
    """Shares that were to be and shares that are, as a table with bars; cells and their holes.

    Topics beside real text, where the recipe names a reference or fills gaps.

    Args:
        workshop: knows where the plan lies.
        recipe: the version that was verified.
        made: its generated rows.
        verified: those that are accepted.
    """
    said = recipe.spec.coverage
    compared = said.fill_gaps or said.reference is not None
    reference = reference_texts(workshop, recipe) if compared else None
    filled = FilledVersion.verified_now(workshop.home, recipe, made, verified)
    found = measured(recipe, filled, reference)
    return {**_shares(found), **_space(found.space), **_topics(found)}


def _topics(found: RecipeCoverage) -> dict[str, dg.MetadataValue]:
    if found.topics is None:
        return {}
    gaps = found.topics.gaps(found.below)
    lines = [
        dg.TableRecord(
            {
                "topic": topic.name,
                "reference": f"{topic.reference_share:.1%}",
                "samples": ""
                if topic.synthetic_share is None
                else f"{topic.synthetic_share:.1%} ({topic.synthetic_rows:,})",
                "gap": "gap" if topic in gaps else "",
            }
        )
        for topic in found.topics.topics
    ]
    return {"topics": table(lines), "topic_gaps": dg.MetadataValue.int(len(gaps))}


def _shares(found: RecipeCoverage) -> dict[str, dg.MetadataValue]:
    values = found.shares.values.drop_nulls("row_share")
    if values.is_empty():
        return {}
    shown = {
        "coverage_plot": _plot(values.head(_MOST_VALUES)),
        "coverage_counts": dg.MetadataValue.text(found.counted),
        "coverage_distance": dg.MetadataValue.float(
            float(found.shares.distances["rows_from_target"].drop_nulls().max() or 0.0)  # pyright: ignore[reportArgumentType]
        ),
    }
    if values.height > _MOST_VALUES:
        shown["coverage_values_not_shown"] = dg.MetadataValue.int(values.height - _MOST_VALUES)
    return shown


def _space(space: SpaceAccount | None) -> dict[str, dg.MetadataValue]:
    """How full the cells are: of the technique's own space, where it has one."""
    if space is None:
        return {}
    shown: dict[str, dg.MetadataValue] = {
        "coverage_cells": dg.MetadataValue.text(space.told),
        "coverage_holes": dg.MetadataValue.int(len(space.holes)),
    }
    if space.holes:
        shown["coverage_lacking"] = table(
            [
                dg.TableRecord(
                    {
                        "cell": hole.name,
                        "quota": hole.quota,
                        "has": hole.has,
                        "lacks": hole.lacking,
                        "given up": "yes" if hole.is_given_up else "",
                    }
                )
                for hole in space.holes[:_MOST_HOLES]
            ]
        )
    return shown


def _plot(values: pl.DataFrame) -> dg.MetadataValue:
    columns = ["value", "target_share", "row_share", "rows", "kept", "planned"]
    lines: list[dg.TableRecord] = []
    for of_attribute in values.partition_by("attribute", maintain_order=True):
        # A scale for each: of twelve equal values one has 8 %, and its gap would not be seen
        # beside a value of 50 %.
        longest = of_attribute.select(pl.max_horizontal("target_share", "row_share").max()).item()
        lines.append(_line(of_attribute["attribute"][0]))
        for value, target, achieved, rows, kept, planned in of_attribute.select(
            columns
        ).iter_rows():
            # Nothing is met or missed where nobody planned a share.
            bar = "" if target is None else share_bar(target, achieved, longest)
            shares = ("" if target is None else f"{target:.1%}", f"{achieved:.1%}")
            samples = "" if planned is None else f"{kept:,} of {planned:,}"
            lines.append(_line(_INDENT + value, bar, *shares, f"{rows:,}", samples))
    return table(lines)


def _line(value: str, *cells: str) -> dg.TableRecord:
    # Six narrow columns: at 1,600 pixels the page shows about 750 of a table.
    name = value if len(value) <= _NAME_CHARACTERS else f"{value[: _NAME_CHARACTERS - 1]}…"
    filled = (name, *cells, *[""] * (len(_COLUMNS) - 1 - len(cells)))
    return dg.TableRecord(dict(zip(_COLUMNS, filled, strict=True)))
