"""Diversity as Dagster runs it: figures of a recipe's stages, and the gate on training sets."""

from dataclasses import replace
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import Origin
from synth_assets.defs.assets.diversity import diversity_above_floor, recipe_diversity
from synth_assets.defs.partitions import mixture_versions


def written(position: int, response: str, teacher: str) -> Sample:
    row = Sample.real("books", position, f"Say it {position}", response, "CC0")
    return replace(row, origin=Origin.SYNTHETIC, recipe="sayings", teacher=teacher)


def test_recipe_diversity_measures_what_was_written_and_what_was_verified():
    rows = [written(n, f"Word number {n} of many", "one" if n % 2 else "two") for n in range(20)]
    raw, verified = sample_frame(rows), sample_frame(rows[::2])
    made = recipe_diversity(raw, verified)
    assert isinstance(made, dg.MaterializeResult)
    frame: pl.DataFrame = made.value
    assert frame.schema == DIVERSITY_SCHEMA
    assert frame["slice"].unique(maintain_order=True).to_list() == ["raw", "all"]
    told = dict(made.metadata or {})
    assert (told["raw_effective_teachers"], told["verified_effective_teachers"]) == (2.0, 1.0)
    assert told["verified_mean_words"] == 8.0
    assert "raw_real_coverage" not in told


def measured(distinct_2: float) -> pl.DataFrame:
    rows = [
        (name, "distinct_2", value, value - 0.01, value + 0.01, 200, 6_000)
        for name, value in (("synthetic", distinct_2), ("reference", 0.7))
    ]
    return pl.DataFrame(rows, DIVERSITY_SCHEMA, orient="row")


def checked(gate: str, distinct_2: float) -> tuple[dg.AssetCheckEvaluation, bool]:
    """What the check says, and whether what comes after it was made."""
    mixture = Mixture.model_validate({"id": "some", "gates": {"diversity": gate}})

    @dg.asset(partitions_def=mixture_versions, io_manager_def=dg.mem_io_manager)
    def diversity_snapshots() -> pl.DataFrame:
        return measured(distinct_2)

    @dg.asset(
        partitions_def=mixture_versions,
        deps=[diversity_snapshots],
        io_manager_def=dg.mem_io_manager,
    )
    def dataset_cards() -> None:
        return None

    workshop = SimpleNamespace(mixture_at=lambda _: mixture)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(mixture_versions.name), [mixture.key])
        found = dg.Definitions(
            assets=[diversity_snapshots, dataset_cards],
            asset_checks=[diversity_above_floor],
            jobs=[dg.define_asset_job("some", selection=dg.AssetSelection.all())],
            resources={"workshop": dg.ResourceDefinition.hardcoded_resource(workshop)},
        )
        done = found.resolve_job_def("some").execute_in_process(
            instance=instance, partition_key=mixture.key, raise_on_error=False
        )
        [told] = done.get_asset_check_evaluations()
        return told, bool(done.asset_materializations_for_node("dataset_cards"))


@pytest.mark.parametrize(
    ("gate", "distinct_2", "passed", "exported"),
    [
        ("off", 0.2, True, True),
        ("warn", 0.2, False, True),
        ("block", 0.2, False, False),
        ("block", 0.65, True, True),
    ],
)
def test_diversity_gate_decides_on_the_export(
    gate: str, distinct_2: float, passed: bool, exported: bool
):
    told, made = checked(gate, distinct_2)
    assert (told.passed, made) == (passed, exported)
    assert (told.description is None) is (distinct_2 == 0.65)
    if not passed:
        assert told.metadata["crossed"].value == ["distinct_2"]
        assert (told.severity is dg.AssetCheckSeverity.ERROR) is (gate == "block")
