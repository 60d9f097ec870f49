"""What everything starts from: recipes, real data, held-out data, benchmarks."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from synth_assets.core.config.recipe import KeptSamples
from synth_assets.core.config.sources import Source
from synth_assets.core.real_data import split_held_out
from synth_assets.core.schema import RECIPE_VERSION_SCHEMA, SAMPLE_SCHEMA
from synth_assets.defs.display import count_by, count_table, data_version, joined, plot, table
from synth_assets.defs.names import INPUTS
from synth_assets.resources.recipe_versions import record_recipe_versions
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.workshop import Workshop


@dg.asset(group_name=INPUTS, kinds={"yaml", "jinja"})
def recipes(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]
) -> dg.MaterializeResult[pl.DataFrame]:
    """Every recipe version seen so far: its text, its templates, and whether it is live.

    A broken recipe stands in the metadata with the file, the line and the mend; the others load.
    """
    catalogue = workshop.catalogue
    versions = record_recipe_versions(workshop.home, catalogue)
    live = versions.filter(pl.col("live"))
    shown = [
        dg.TableRecord(
            {
                "version": recipe.key,
                "title": recipe.spec.title,
                "technique": recipe.spec.technique.kind,
                "samples": _asked_for(recipe.spec.samples),
                "teachers": ", ".join(recipe.teachers),
                "verifiers": ", ".join(verifier.kind for verifier in recipe.spec.verifiers),
            }
        )
        for recipe in catalogue.recipes
    ]
    broken = [
        dg.TableRecord({"recipe": recipe.label, "what to mend": recipe.message})
        for recipe in catalogue.broken
    ]
    return dg.MaterializeResult(
        value=versions.select(RECIPE_VERSION_SCHEMA.names()),
        data_version=data_version(live),
        metadata={
            "live": table(shown),
            **({"broken": table(broken)} if broken else {}),
            "recipes_live": live.height,
            "recipes_broken": len(broken),
        },
    )


@dg.multi_asset(
    outs={
        "held_out_real": dg.AssetOut(
            description="Human-written rows that no training set may hold: split off by content "
            "hash before anything else sees the real data.",
            group_name=INPUTS,
            kinds={"parquet"},
        ),
        "real_data": dg.AssetOut(
            description="Human-written rows that training sets and seeds may use.",
            group_name=INPUTS,
            kinds={"parquet"},
        ),
    }
)
def real_rows(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]
) -> Iterator[dg.MaterializeResult[pl.DataFrame]]:
    """Read every pool source and split the held-out part off."""
    pools = _sources(workshop, "pool")
    shares = {
        source.id: source.held_out_share for source in pools if source.reader != "embedded_probe"
    }
    rows = joined([_read(workshop, source) for source in pools], SAMPLE_SCHEMA)
    split = split_held_out(rows, shares)
    declared = [_read(workshop, source) for source in _sources(workshop, "held_out")]
    held_out = joined([split.held_out, *declared], SAMPLE_SCHEMA)
    for name, frame in {"held_out_real": held_out, "real_data": split.pool}.items():
        by_source = count_by(frame, "source")
        yield dg.MaterializeResult(
            asset_key=name,
            value=frame,
            data_version=data_version(frame),
            metadata={
                "sources": count_table(by_source, "source", "rows"),
                "sources_plot": plot(by_source, "Rows by source", "rows"),
            },
        )


@dg.asset(group_name=INPUTS, kinds={"parquet"})
def benchmarks(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]
) -> dg.MaterializeResult[pl.DataFrame]:
    """Public test items that no training set may hold."""
    frames = [_read(workshop, source) for source in _sources(workshop, "benchmark")]
    frame = joined(frames, SAMPLE_SCHEMA)
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata={"sources": count_table(count_by(frame, "source"), "source", "rows")},
    )


def _asked_for(samples: int | KeptSamples) -> str:
    return f"{samples:,}" if isinstance(samples, int) else f"{samples.kept:,} kept"


def _sources(workshop: Workshop, use: str) -> list[Source]:
    located = workshop.catalogue.sources.values()
    return [source.spec for source in located if use in source.spec.uses]


def _read(workshop: Workshop, source: Source) -> pl.DataFrame:
    return read_source(workshop.catalogue.sources[source.id])
