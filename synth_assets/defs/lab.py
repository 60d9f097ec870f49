"""The collapse lab: a job of its own, as it takes minutes of all cores.

Its asset is one that no materialization makes: «Materialize all» would have everything wait for it.
"""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
from pydantic import Field

from synth_assets.defs.collapse_figures import lab_figures
from synth_assets.defs.display import data_version, frame_metadata
from synth_assets.defs.names import EVIDENCE
from synth_assets.errors import StorageError
from synth_assets.resources.collapse.project_lab import project_lab, run_project_lab
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.workshop import Workshop

_REAL, _HELD_OUT = "real_data", "held_out_real"

dose_curves = dg.AssetSpec(
    "dose_curves",
    group_name=EVIDENCE,
    kinds={"numba"},
    deps=[_REAL, _HELD_OUT],
    description="How much synthetic data the project's real rows bear: generations of small "
    "students. Made by the job `measure_collapse`, not by materializing, as it takes minutes of "
    "all cores. Canaries and their advice use what it found last.",
)


class LabSettings(dg.Config):
    """How long the lab goes on."""

    generations: int = Field(default=5, ge=1, le=10, description="Number of the last generation.")
    seeds: int = Field(default=4, ge=1, le=20, description="Repetitions; their spread is the band.")


@dg.op
def run_collapse_lab(
    context: dg.OpExecutionContext, config: LabSettings, workshop: dg.ResourceParam[Workshop]
) -> None:
    """Train generations of small students on real rows and on what students wrote.

    Interrupted, it goes on where it was.
    """
    home = workshop.home
    paths = {name: home.asset(name) for name in (_REAL, _HELD_OUT)}
    for name, path in paths.items():
        if not path.exists():
            raise StorageError(f"{path} is not there: materialize {name} first.")
    real, held_out = (read_frame(path) for path in paths.values())
    lab = project_lab(home, real, held_out, config.generations, config.seeds)
    curves = run_project_lab(home, lab, context.log.info)
    write_frame(home.asset(dose_curves.key.to_user_string()), curves)
    context.log_event(
        dg.AssetMaterialization(
            dose_curves.key,
            metadata={**frame_metadata(curves), **lab_figures(curves)},
            tags={"dagster/data_version": data_version(curves).value},
        )
    )


@dg.job(
    description="Run the collapse lab on the project's real rows: how much synthetic data they "
    "bear. Takes minutes of all cores; interrupted, it goes on where it was.",
)
def measure_collapse() -> None:
    """The lab."""
    run_collapse_lab()


measure_collapse_weekly = dg.ScheduleDefinition(
    name="measure_collapse_weekly",
    job=measure_collapse,
    cron_schedule="0 3 * * 0",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="The collapse lab on Sundays at three. Off until somebody turns it on.",
)
