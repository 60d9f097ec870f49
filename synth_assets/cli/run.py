"""`synth run`: the whole graph, told as it goes."""

import json
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import click
import polars as pl

from synth_assets.cli.results import strays_as_messages
from synth_assets.cli.show import funnel_lines, funnel_record
from synth_assets.core.config.budgets import Cap
from synth_assets.core.schema import DECISION_SCHEMA, Outcome, Reason, Stage
from synth_assets.defs.running import JobRun, open_instance, run_pipeline, unfilled_recipes
from synth_assets.errors import StorageError
from synth_assets.resources.frames import read_frame
from synth_assets.resources.settings import read_settings, switch_off_telemetry
from synth_assets.resources.workshop import Workshop

INTERRUPTED = 130
PENDING = 75
"""`EX_TEMPFAIL` of sysexits.h: nothing is wrong, try again later."""

_NO_ROWS = "has_rows_of_its_schema"


def run_and_report(
    recipes: Sequence[str], mixtures: Sequence[str], *, cap: Cap | None = None, as_json: bool
) -> int:
    """Run the pipeline and print what it made.

    Args:
        recipes: ids of the recipes to fill; all by default.
        mixtures: ids of the mixtures to compose; all but those made on request by default.
        cap: the most this run may spend.
        as_json: print one JSON object at the end, and nothing else.

    Returns:
        0 when everything was made, 1 when something failed, 75 when batches are waited for, 130
        after Ctrl-C.
    """
    switch_off_telemetry()
    say = _silent if as_json else click.echo
    workshop = Workshop(
        read_settings(),
        announce=lambda line: say(f"    {line}"),
        run=f"synth-{secrets.token_hex(6)}",
        run_cap=cap,
    )
    for broken in workshop.catalogue.broken:
        click.echo(f"broken, left out: {broken.message}", err=True)
    started = time.monotonic()
    runs: list[JobRun] = []
    try:
        with strays_as_messages() if as_json else nullcontext():
            for finished in _finished(workshop, recipes, mixtures):
                runs.append(finished)
                say(job_line(finished))
    except KeyboardInterrupt:
        click.echo("Stopped. What was bought is kept; `synth run` goes on from there.", err=True)
        return INTERRUPTED
    failures = [failure for finished in runs for failure in finished.failures]
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)
    pending = [message for finished in runs for message in finished.pending]
    for message in pending:
        click.echo(f"waiting: {message}", err=True)
    for line in (*_lost_everything(workshop, runs), *_over_budget(workshop, runs)):
        click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps(_record(workshop, runs, failures), indent=2))
    elif not failures and not pending:
        say(_summary(workshop, time.monotonic() - started))
    if failures:
        click.echo("Mend what is named above and run again: nothing paid for is lost.", err=True)
    return 1 if failures else PENDING if pending else 0


def _finished(
    workshop: Workshop, recipes: Sequence[str], mixtures: Sequence[str]
) -> Iterator[JobRun]:
    """The job runs of the pipeline; the faults of Dagster's own storage get a name and a mend."""
    from sqlalchemy.exc import DBAPIError

    try:
        with open_instance(workshop.home) as instance:
            yield from run_pipeline(workshop, instance, recipes, mixtures)
    except (OSError, DBAPIError) as exc:
        said = str(exc).partition("\n")[0]
        raise StorageError(
            f"{workshop.home.dagster}: Dagster's records cannot be kept: {said}. Make room on the "
            "disk, mend the rights or set SYNTH_HOME, then run again: nothing paid for is lost."
        ) from exc


def _lost_everything(workshop: Workshop, runs: Sequence[JobRun]) -> Iterator[str]:
    """Why a recipe has no rows, where a stage of this run kept none of it."""
    for finished in runs:
        if finished.partition is None or _NO_ROWS not in "".join(finished.failures):
            continue
        for stage in (Stage.SEEDS, Stage.GENERATE, Stage.VERIFY):
            path = workshop.home.decisions(stage, finished.partition)
            decisions = read_frame(path) if path.exists() else pl.DataFrame(schema=DECISION_SCHEMA)
            if decisions.is_empty() or Outcome.KEPT in decisions["outcome"]:
                continue
            yield f"  {finished.partition} lost all {decisions.height} rows at {stage}:"
            lost = decisions.group_by("reason", maintain_order=True).agg(
                pl.len(), pl.first("detail")
            )
            for reason, rows, detail in lost.iter_rows():
                yield f"    {rows:,} {reason}, such as: {detail}"
            break


def _over_budget(workshop: Workshop, runs: Sequence[JobRun]) -> Iterator[str]:
    """What a cap kept from being generated, of the recipes of this run."""
    for finished in runs:
        path = workshop.home.decisions(Stage.GENERATE, finished.partition or "")
        if finished.job != "fill_recipe" or not path.exists():
            continue
        waiting = read_frame(path).filter(pl.col("reason") == Reason.BUDGET_REACHED)
        if waiting.height:
            yield (
                f"{finished.partition}: {waiting.height:,} planned samples were not generated: "
                f"{waiting['detail'][0]}. Raise the cap and run again: nothing is bought twice."
            )


def job_line(finished: JobRun) -> str:
    """One finished job run, in a line."""
    mark = "failed" if finished.failures else "waiting" if finished.pending else "done"
    name = f"{finished.job} {finished.partition or ''}".strip()
    return f"{mark:<8}{name:<60}{finished.seconds:6.1f} s"


def _summary(workshop: Workshop, seconds: float) -> str:
    home = workshop.home
    called = sys.argv[0]
    on_path = shutil.which("synth") or not called.endswith("synth")
    synth = "synth" if on_path else called
    folders = [home.exports / mixture.id for mixture in workshop.catalogue.mixtures.values()]
    made = [f"  {path}" for path in folders if path.exists()]
    lines = [
        "",
        *funnel_lines(workshop),
        "",
        *_unfilled(workshop),
        f"Done in {seconds:.0f} s. " + ("Training sets, each with its card:" if made else ""),
        *made,
        "",
        "Look further:",
        f"  {synth} funnel              every stage, every reason",
        f"  {synth} trace SAMPLE_ID     one row's whole story; ids stand in train.jsonl",
        f"  {synth} ui                  the Dagster UI and the dashboards (make ui)",
        f'  {synth} sql "select ..."    any question to the lineage database',
    ]
    return "\n".join(lines)


def _unfilled(workshop: Workshop) -> list[str]:
    waiting = unfilled_recipes(workshop)
    if not waiting:
        return []
    return [
        f"Not filled yet: {', '.join(waiting)}. Fill them with `synth run`, or compose what there "
        "is by naming a mixture: --mixture.",
        "",
    ]


def _record(
    workshop: Workshop, runs: Sequence[JobRun], failures: Sequence[str]
) -> dict[str, object]:
    return {
        "runs": [vars(finished) for finished in runs],
        "failures": list(failures),
        "pending": [message for finished in runs for message in finished.pending],
        "exports": str(workshop.home.exports),
        **(funnel_record(workshop) if all(r.is_done for r in runs) else {}),
    }


def _silent(line: str) -> None:
    return
