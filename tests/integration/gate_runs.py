"""The checks of a mixture's gates over frames that are made up, as Dagster runs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl

from synth_assets.core.collapse.of_sets import CANARY_SCHEMA
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.drift.schema import DRIFT_SCHEMA
from synth_assets.core.gating import refuse_blocked
from synth_assets.defs.assets.collapse import no_sign_of_collapse_is_red
from synth_assets.defs.assets.diversity import diversity_above_floor
from synth_assets.defs.assets.drift import no_drift_alarm
from synth_assets.defs.gates import verdicts_on_set
from synth_assets.defs.partitions import mixture_versions
from synth_assets.resources.home import Home

CHECKS = [no_sign_of_collapse_is_red, no_drift_alarm, diversity_above_floor]


@dataclass(frozen=True)
class GateRun:
    """What a run said and made."""

    done: dg.ExecuteInProcessResult

    def told(self, check: str) -> dg.AssetCheckEvaluation:
        """What a check says."""
        found = {each.check_name: each for each in self.done.get_asset_check_evaluations()}
        return found[check]

    @property
    def exported(self) -> bool:
        return bool(self.done.asset_materializations_for_node("dataset_cards"))

    @property
    def refusal(self) -> str:
        """Why the export was not made."""
        error = self.done.failure_data_for_node("dataset_cards").error
        return "" if error is None or error.cause is None else error.cause.message


def signs_of(light: str) -> pl.DataFrame:
    """One sign of a canary, of this light."""
    row = ("loss", 0.09, 0.02, 0.05, light, 1.0, "held-out loss", "because")
    return pl.DataFrame([row], CANARY_SCHEMA, orient="row")


def drift_of(*, alarm: bool) -> pl.DataFrame:
    """One effect size, with an alarm or without."""
    row = ("earlier", "told_apart", "embedding", 0.2, 0.1, 0.3, 0.5, 0.05, 1e-9, 900, 900)
    return pl.DataFrame([(*row, True, alarm, "Rows differ.")], DRIFT_SCHEMA, orient="row")


def diversity_of(distinct_2: float) -> pl.DataFrame:
    """One figure of synthetic rows, beside .7 of real ones."""
    rows = [
        (name, "distinct_2", value, value - 0.01, value + 0.01, 200, 6_000)
        for name, value in (("synthetic", distinct_2), ("reference", 0.7))
    ]
    return pl.DataFrame(rows, DIVERSITY_SCHEMA, orient="row")


def calm() -> dict[str, pl.DataFrame]:
    """What was measured of a set with which nothing is wrong."""
    return {
        "diversity_snapshots": diversity_of(0.65),
        "drift_reports": drift_of(alarm=False),
        "collapse_canaries": signs_of("green"),
    }


def in_memory(name: str, rows: pl.DataFrame) -> dg.AssetsDefinition:
    """An asset that holds these rows: of a mixture's version, but for inputs."""
    partitions = None if name in ("held_out_real", "benchmarks") else mixture_versions

    @dg.asset(name=name, partitions_def=partitions, io_manager_def=dg.mem_io_manager)
    def made() -> pl.DataFrame:
        return rows

    return made


def run_gates(
    folder: Path,
    gates: Mapping[str, str],
    measured: Mapping[str, pl.DataFrame],
    *assets: dg.AssetsDefinition,
) -> GateRun:
    """Hold a set to the gates of its mixture, and export it where they let it pass.

    Args:
        folder: the home.
        gates: of the mixture.
        measured: asset -> its frame; of the others nothing is wrong.
        assets: in place of such frames, and what they read.
    """
    mixture = Mixture.model_validate({"id": "some", "gates": gates})
    home = Home(folder)

    @dg.asset(partitions_def=mixture_versions, io_manager_def=dg.mem_io_manager)
    def dataset_cards(
        diversity_snapshots: pl.DataFrame,
        drift_reports: pl.DataFrame,
        collapse_canaries: pl.DataFrame,
    ) -> None:
        verdicts = verdicts_on_set(
            home,
            mixture,
            diversity=diversity_snapshots,
            drift=drift_reports,
            canary=collapse_canaries,
        )
        refuse_blocked(mixture, verdicts)

    given = {key.to_user_string() for each in assets for key in each.keys}
    frames = {name: rows for name, rows in {**calm(), **measured}.items() if name not in given}
    made = [in_memory(name, rows) for name, rows in frames.items()]
    workshop = SimpleNamespace(mixture_at=lambda _: mixture, home=home)
    return run_assets(workshop, mixture.key, [*made, *assets, dataset_cards])


def run_assets(workshop: object, key: str, assets: Sequence[dg.AssetsDefinition]) -> GateRun:
    """Make assets of a mixture's version in one run, with the checks of its gates.

    Args:
        workshop: what they work with.
        key: of the version.
        assets: all of them.
    """
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(mixture_versions.name), [key])
        found = dg.Definitions(
            assets=assets,
            asset_checks=CHECKS,
            jobs=[dg.define_asset_job("some", selection=dg.AssetSelection.all())],
            resources={
                "workshop": dg.ResourceDefinition.hardcoded_resource(workshop),
                "io_manager": dg.mem_io_manager,
            },
        )
        done = found.resolve_job_def("some").execute_in_process(
            instance=instance, partition_key=key, raise_on_error=False
        )
    return GateRun(done)
