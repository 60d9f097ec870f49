"""The check on canaries, as Dagster runs it: what it says, and whether the export is made."""

import json
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.collapse.of_sets import CANARY_SCHEMA
from synth_assets.core.config.mixtures import Mixture
from synth_assets.defs.assets.collapse import no_sign_of_collapse_is_red
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.home import Home


def _signs(light: str) -> pl.DataFrame:
    row = ("loss", 0.09, 0.02, 0.05, light, 1.0, "held-out loss", "because")
    return pl.DataFrame([row], CANARY_SCHEMA, orient="row")


def _checked(folder: Path, gate: str, light: str) -> tuple[dg.AssetCheckEvaluation, bool]:
    """What the check says, and whether what comes after it was made."""
    mixture = Mixture.model_validate({"id": "some", "gates": {"canary": gate}})
    record = folder / "evidence" / "real_share" / f"{mixture.key}.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"ending": "refused", "told": "No bound allows it.", "tried": []}))

    @dg.asset(partitions_def=mixture_versions, io_manager_def=dg.mem_io_manager)
    def collapse_canaries() -> pl.DataFrame:
        return _signs(light)

    @dg.asset(
        partitions_def=mixture_versions,
        deps=[collapse_canaries],
        io_manager_def=dg.mem_io_manager,
    )
    def dataset_cards() -> None:
        return None

    workshop = SimpleNamespace(mixture_at=lambda _: mixture, home=Home(folder))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(mixture_versions.name), [mixture.key])
        found = dg.Definitions(
            assets=[collapse_canaries, dataset_cards],
            asset_checks=[no_sign_of_collapse_is_red],
            jobs=[dg.define_asset_job("some", selection=dg.AssetSelection.all())],
            resources={"workshop": dg.ResourceDefinition.hardcoded_resource(workshop)},
        )
        done = found.resolve_job_def("some").execute_in_process(
            instance=instance, partition_key=mixture.key, raise_on_error=False
        )
        [told] = done.get_asset_check_evaluations()
        return told, bool(done.asset_materializations_for_node("dataset_cards"))


@pytest.mark.parametrize(
    ("gate", "light", "passed", "exported"),
    [
        ("off", "red", True, True),
        ("warn", "red", False, True),
        ("block", "red", False, False),
        ("block", "amber", True, True),
    ],
)
def test_canary_gate_decides_on_the_export(
    tmp_path: Path, gate: str, light: str, passed: bool, exported: bool
):
    told, made = _checked(tmp_path, gate, light)
    assert (told.passed, made) == (passed, exported)
    if light == "red":
        assert told.description == "held-out loss: +0.090\n\nNo bound allows it."
    if not passed:
        severe = told.severity is dg.AssetCheckSeverity.ERROR
        assert severe is (gate == "block")
