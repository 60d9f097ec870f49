"""What the Dagster UI says of each thing, and what it starts by itself."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dagster as dg
import pytest

from synth_assets.defs.automation import BackfillConfig
from synth_assets.defs.build import build_definitions
from synth_assets.defs.trying import CompareSettings, PreviewSettings
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

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
