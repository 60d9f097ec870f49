"""What the Dagster UI says of each thing, and what it starts by itself."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from upath import UPath

from synth_assets.core.schema import SAMPLE_SCHEMA, TRAINING_SCHEMA
from synth_assets.defs.automation import BackfillConfig
from synth_assets.defs.build import build_definitions
from synth_assets.defs.columns import DESCRIPTIONS, column_lineage
from synth_assets.defs.frame_io import FrameIOManager
from synth_assets.defs.trying import CompareSettings, PreviewSettings
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.samples import frame_of, real_row

ON_BY_DEFAULT = {"recipe_sensor", "batch_sensor", "failure_alerts", "warning_alerts"}
"""None of these buys what nobody asked for: the second fetches what was ordered."""


@cache
def repository() -> dg.RepositoryDefinition:
    settings = read_settings({"SYNTH_HOME": str(Path("none"))})
    return build_definitions(Workshop(settings)).get_repository_def()


def jobs() -> list[dg.JobDefinition]:
    return [job for job in repository().get_all_jobs() if not job.name.startswith("__")]


def config_fields(job: dg.JobDefinition) -> Iterator[tuple[str, str | None]]:
    """Name and description of each field that the launchpad asks for."""
    for node in job.graph.node_defs:
        schema = getattr(node, "config_schema", None)
        for name, field in getattr(getattr(schema, "config_type", None), "fields", {}).items():
            yield f"{job.name}: {name}", field.description


def test_assets_have_a_description_an_owner_a_kind_a_group_and_tags():
    graph = repository().asset_graph
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert len(nodes) > 20
    for node in nodes:
        name = node.key.to_user_string()
        assert node.description, name
        assert node.owners, name
        assert node.kinds, name
        assert re.fullmatch(r"[1-5]_[a-z_]+", node.group_name), name
        partitions = node.partitions_def
        assert node.tags["partition"] == getattr(partitions, "name", "none"), name
    assert {n.key.to_user_string() for n in nodes if "spends" in n.tags} == {
        "raw_generations",
        "verified_samples",
    }


def test_all_is_materialized_by_marking_all_but_the_lab_which_takes_minutes():
    graph = repository().asset_graph
    others = graph.get_all_asset_keys() - graph.materializable_asset_keys
    assert {key.to_user_string() for key in others} == {"dose_curves"}


def test_what_each_run_makes_grows_stale_and_versions_of_recipes_do_not():
    def late(days: str) -> dict[str, int]:
        settings = read_settings({"SYNTH_HOME": "none", "SYNTH_FRESH_DAYS": days})
        graph = build_definitions(Workshop(settings)).get_repository_def().asset_graph
        nodes = map(graph.get, graph.get_all_asset_keys())
        found = {node.key.to_user_string(): node.freshness_policy for node in nodes}
        return {
            name: policy.fail_window.to_timedelta().days
            for name, policy in found.items()
            if isinstance(policy, TimeWindowFreshnessPolicy)
        }

    assert late("0") == {}
    ages = late("3")
    assert set(ages.values()) == {3}
    assert {"training_sets", "real_data", "lineage", "dataset_cards"} <= set(ages)
    assert not {"seeds", "raw_generations", "recipe_diversity", "dose_curves"} & set(ages)


def test_checks_jobs_sensors_and_schedules_have_a_description():
    graph = repository().asset_graph
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    told = {spec.key.to_user_string(): spec.description for spec in specs}
    told |= {job.name: job.description for job in jobs()}
    told |= {each.name: each.description for each in repository().sensor_defs}
    told |= {each.name: each.description for each in repository().schedule_defs}
    assert len(told) > 50
    assert [name for name, words in told.items() if not words] == []


def test_launchpad_fields_are_explained():
    fields = dict(pair for job in jobs() for pair in config_fields(job))
    assert {"backfill_changed: budget_usd", "preview_rows: rows"} <= set(fields)
    assert [name for name, words in fields.items() if not words] == []


@pytest.mark.parametrize("config", [BackfillConfig, PreviewSettings, CompareSettings])
def test_launchpad_numbers_have_bounds(config: type[dg.Config]):
    numbers = {
        name: field
        for name, field in config.model_fields.items()
        if field.annotation in (int, float, int | None, float | None)
    }
    assert numbers
    for field in numbers.values():
        assert any(hasattr(bound, "ge") for bound in field.metadata)
        assert field.default is None or field.default >= 0


def test_nothing_that_buys_unasked_is_on_by_default():
    running = dg.DefaultSensorStatus.RUNNING
    sensors = {each.name for each in repository().sensor_defs if each.default_status is running}
    on = {
        each.name
        for each in repository().schedule_defs
        if each.default_status is dg.DefaultScheduleStatus.RUNNING
    }
    assert sensors == ON_BY_DEFAULT
    assert on == set()


def test_columns_of_rows_are_each_described_and_traced_to_where_they_come_from():
    assert set(DESCRIPTIONS) == set(TRAINING_SCHEMA)
    lineage = column_lineage("training_sets", TRAINING_SCHEMA)
    assert lineage is not None
    traced = {
        name: [(dep.asset_key.to_user_string(), dep.column_name) for dep in deps]
        for name, deps in lineage.deps_by_column.items()
    }
    assert traced == {name: [("decontaminated_samples", name)] for name in SAMPLE_SCHEMA}
    verified = column_lineage("verified_samples", SAMPLE_SCHEMA)
    assert verified is not None
    assert set(SAMPLE_SCHEMA) - set(verified.deps_by_column) == {"score"}
    assert column_lineage("raw_generations", SAMPLE_SCHEMA) is None


def test_assets_show_descriptions_and_lineage_of_their_columns(tmp_path: Path):
    rows = frame_of(real_row("one", "What?", "That."))

    @dg.asset
    def decontaminated_samples() -> pl.DataFrame:
        return rows

    done = dg.materialize(
        [decontaminated_samples],
        resources={"io_manager": FrameIOManager(UPath(tmp_path), "http://127.0.0.1")},
    )
    [event] = done.asset_materializations_for_node("decontaminated_samples")
    schema = event.metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchemaMetadataValue)
    described = {column.name: column.description for column in schema.schema.columns}
    assert described["licence"] == "what it may be used for"
    lineage = event.metadata["dagster/column_lineage"]
    assert isinstance(lineage, dg.TableColumnLineageMetadataValue)
    [dep] = lineage.column_lineage.deps_by_column["prompt"]
    assert dep.asset_key == dg.AssetKey("deduplicated_samples")
