"""What everything starts from: recipes, real data, held-out data, benchmarks."""

from collections.abc import Iterator, Mapping

import dagster as dg
import polars as pl

from synth_assets.core.config.recipe_spec import KeptSamples
from synth_assets.core.schema import RECIPE_VERSION_SCHEMA, Split
from synth_assets.defs.display import count_by, count_table, data_version, plot, table
from synth_assets.defs.names import INPUTS
from synth_assets.defs.planned import planning_metadata
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.recipe_versions import record_recipe_versions
from synth_assets.resources.sources.inputs import KEPT_SOURCES, Inputs
from synth_assets.resources.workshop import Workshop


@dg.asset(group_name=INPUTS, kinds={"yaml", "jinja"})
def recipes(
    context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]
) -> dg.MaterializeResult[pl.DataFrame]:
    """Every recipe version seen so far: its text, its templates, and whether it is live.

    What filling each would buy now stands in the metadata. A broken recipe stands there with the
    file, the line and the mend; the others load.
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
    plan = planning_metadata(workshop, context.log.info)
    broken = [
        dg.TableRecord({"recipe": recipe.label, "what to mend": recipe.message})
        for recipe in catalogue.broken
    ]
    return dg.MaterializeResult(
        value=versions.select(RECIPE_VERSION_SCHEMA.names()),
        data_version=data_version(live),
        metadata={
            "live": table(shown),
            **plan,
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
    split = _inputs(workshop).real
    register = Register(workshop.home.kept_out)
    new = register.add(split.held_out, Split.HELD_OUT, context.run_id)
    context.log.info(f"{new:,} rows held out for the first time; they stay kept out")
    _tell_of_rows_once_kept_out(context, workshop, register.once_kept_out(split.pool))
    for name, frame in {"held_out_real": split.held_out, "real_data": split.pool}.items():
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
    frame = _inputs(workshop).benchmarks
    new = Register(workshop.home.kept_out).add(frame, Split.BENCHMARK, context.run_id)
    context.log.info(f"{new:,} test items for the first time; they stay kept out")
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata={"sources": count_table(count_by(frame, "source"), "source", "rows")},
    )


def _asked_for(samples: int | KeptSamples) -> str:
    return f"{samples:,}" if isinstance(samples, int) else f"{samples.kept:,} kept"


def _tell_of_rows_once_kept_out(
    context: dg.AssetExecutionContext, workshop: Workshop, rows_by_source: Mapping[str, int]
) -> None:
    for source, rows in rows_by_source.items():
        told = (
            f"{source}: {rows:,} of its rows were kept out before and stay so, though sources.yaml "
            f"would train on them now. If they may be: synth held-out forget {source}"
        )
        context.log.warning(told)
        workshop.announce(told)


def _inputs(workshop: Workshop) -> Inputs:
    return Inputs(workshop.catalogue, workshop.home.root / KEPT_SOURCES, keeps=True)
