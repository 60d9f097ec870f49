"""Whole runs from Python: the jobs one after the other, in this process."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock

from synth_assets.defs.build import build_definitions
from synth_assets.defs.names import CODE_LOCATION
from synth_assets.defs.partitions import sync_partitions
from synth_assets.errors import BatchPendingError, CatalogueError
from synth_assets.resources.frames import write_bytes
from synth_assets.resources.home import Home
from synth_assets.resources.workshop import Workshop, project_file

_OWN_ERROR = re.compile(r"synth_assets\.errors\.\w+: ")
_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
# Without it the UI does not list the run under its job.
_LISTED = {".dagster/repository": f"__repository__@{CODE_LOCATION}"}
# Whoever started a command starts it again; the UI's daemon would, and buy, on its own.
_NO_RETRY = {"dagster/max_retries": "0"}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class JobRun:
    """One finished job run.

    Attributes:
        job: name of the job.
        partition: its partition key, if it has one.
        seconds: wall time.
        failures: messages of what failed; empty when all is well.
        run_id: Dagster's id of the run.
        pending: messages of what waits for batches.
    """

    job: str
    partition: str | None
    seconds: float
    failures: tuple[str, ...]
    run_id: str
    pending: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether it made what it was to make."""
        return not self.failures and not self.pending


def prepare_dagster_home(home: Home) -> Path:
    """Write the instance configuration for this home and return Dagster's own folder."""
    shipped = project_file("dagster.yaml").read_text(encoding="utf-8")
    home.dagster.mkdir(parents=True, exist_ok=True)
    text = re.sub(
        r"base_dir: \.synth/dagster(\S*)",
        # Quoted, as a folder's name may hold what YAML reads otherwise.
        lambda found: f"base_dir: {json.dumps(f'{home.dagster}{found[1]}')}",
        shipped,
    )
    target = home.dagster / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        write_bytes(target, text.encode("utf-8"))
    return home.dagster


def open_instance(home: Home) -> dg.DagsterInstance:
    """The local Dagster instance of a home; the same that `synth ui` shows."""
    folder = prepare_dagster_home(home)
    # Two processes that make Dagster's tables at the same moment leave them broken for good.
    with FileLock(folder / "opening.lock"):
        return dg.DagsterInstance.from_config(str(folder))


def run_pipeline(
    workshop: Workshop,
    instance: dg.DagsterInstance,
    recipes: Sequence[str] = (),
    mixtures: Sequence[str] = (),
) -> Iterator[JobRun]:
    """Run the whole graph, yielding each job run as it ends; stops after a stage that failed.

    Where only some recipes are asked for and others were never filled, no training set is composed
    unless a mixture is named: it would lack what the others are to give.

    Args:
        workshop: what the assets work with.
        instance: where runs and materializations are recorded.
        recipes: ids of the recipes to fill; by default all but those made on request.
        mixtures: ids of the mixtures to compose; all but those made on request by default.

    Raises:
        UnknownNameError: if a recipe or mixture is not in the catalogue.
        CatalogueError: if no recipe takes part.
        KeyboardInterrupt: at Ctrl-C, once what was bought is stored.
    """
    catalogue = workshop.catalogue
    chosen = [catalogue.recipe(name) for name in recipes] or list(catalogue.usual_recipes)
    if not chosen:
        raise CatalogueError(
            "No recipe takes part: all there are run on request alone, or there is none. Name one "
            "with --recipe, write one with `synth new-recipe NAME`, or let the shipped ones take "
            "part: SYNTH_SHIPPED_RECIPES=on."
        )
    policies = [catalogue.mixture(name) for name in mixtures] or list(catalogue.usual_mixtures)
    sync_partitions(instance, workshop, asked=(*recipes, *mixtures))
    if recipes and not mixtures and unfilled_recipes(workshop, except_for=recipes):
        policies = []
    stages: list[tuple[str, Sequence[str | None]]] = [
        ("refresh_inputs", [None]),
        ("fill_recipe", [recipe.key for recipe in chosen]),
        ("select_candidates", [None]),
        ("compose_training_set", [mixture.key for mixture in policies]),
        ("trace_lineage", [None]),
        ("publish_training_set", [mixture.key for mixture in policies]),
    ]
    definitions = build_definitions(workshop)
    for job, partitions in stages:
        failed = False
        for partition in partitions:
            finished = run_job(definitions, instance, job, partition)
            failed = failed or not finished.is_done
            yield finished
        if failed:
            return


def unfilled_recipes(workshop: Workshop, except_for: Sequence[str] = ()) -> list[str]:
    """Ids of the recipes whose live version has not been verified yet."""
    return [
        recipe.id
        for recipe in workshop.catalogue.usual_recipes
        if recipe.id not in except_for
        and not workshop.home.asset("verified_samples", recipe.key).exists()
    ]


def run_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    partition: str | None,
    tags: Mapping[str, str] | None = None,
) -> JobRun:
    """Run one job in this process.

    Raises:
        KeyboardInterrupt: at Ctrl-C, once what was bought is stored.
    """
    started = time.monotonic()
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        partition_key=partition,
        run_config=_QUIET,
        tags={**_LISTED, **_NO_RETRY, **(tags or {})},
        raise_on_error=False,
    )
    for event in result.all_events:
        # Dagster takes Ctrl-C for a failure of the step; the next partition would then begin.
        error = event.step_failure_data.error if event.is_step_failure else None
        if error is not None and error.cls_name in _INTERRUPTS:
            raise KeyboardInterrupt
    seconds = time.monotonic() - started
    failures, pending = tuple(_failures(result)), tuple(_pending(result))
    if not (result.success or failures or pending):
        failures = ("the run failed; see its log",)
    if result.success:
        failures = ()
    return JobRun(job, partition, seconds, failures, result.run_id, pending)


def _pending(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if _waits(event) and (told := event.step_failure_data.user_failure_data) is not None:
            yield str(told.description)


def _waits(event: dg.DagsterEvent) -> bool:
    """Whether a step failed only because a batch is not done."""
    error = event.step_failure_data.error if event.is_step_failure else None
    cause = None if error is None else error.cause
    return cause is not None and cause.cls_name == BatchPendingError.__name__


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            error = event.step_failure_data.error
            if error.cls_name == "DagsterAssetCheckFailedError":
                continue  # the checks themselves are told below
            if _waits(event):
                continue
            # Our own errors name the mend; below Dagster's, the first cause says the most.
            while error.cause is not None and not _OWN_ERROR.match(error.message):
                error = error.cause
            told = _OWN_ERROR.sub("", error.message.strip())
            yield f"{event.step_key}: {told}"
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            asset = evaluation.asset_key.to_user_string()
            told = f": {evaluation.description}" if evaluation.description else ""
            yield f"check {evaluation.check_name} of {asset} failed{told}"
