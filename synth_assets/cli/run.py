"""`synth run`: the whole graph, told as it goes."""

import json
import shutil
import sys
import time
from collections.abc import Sequence

import click

from synth_assets.cli.show import funnel_lines, funnel_record
from synth_assets.defs.running import JobRun, open_instance, run_pipeline, unfilled_recipes
from synth_assets.resources.settings import read_settings, switch_off_telemetry
from synth_assets.resources.workshop import Workshop


def run_and_report(recipes: Sequence[str], mixtures: Sequence[str], *, as_json: bool) -> int:
    """Run the pipeline and print what it made.

    Args:
        recipes: ids of the recipes to fill; all by default.
        mixtures: ids of the mixtures to compose; all by default.
        as_json: print one JSON object at the end, and nothing else.

    Returns:
        0 when everything was made, 1 when something failed.
    """
    switch_off_telemetry()
    say = _silent if as_json else click.echo
    workshop = Workshop(read_settings(), announce=lambda line: say(f"    {line}"))
    for broken in workshop.catalogue.broken:
        click.echo(f"broken, left out: {broken.message}", err=True)
    started = time.monotonic()
    runs: list[JobRun] = []
    with open_instance(workshop.home) as instance:
        for finished in run_pipeline(workshop, instance, recipes, mixtures):
            runs.append(finished)
            say(_line(finished))
    failures = [failure for finished in runs for failure in finished.failures]
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)
    if as_json:
        click.echo(json.dumps(_record(workshop, runs, failures), indent=2))
    elif not failures:
        say(_summary(workshop, time.monotonic() - started))
    if failures:
        click.echo("Mend what is named above and run again: nothing paid for is lost.", err=True)
    return 1 if failures else 0


def _line(finished: JobRun) -> str:
    mark = "failed" if finished.failures else "done"
    name = f"{finished.job} {finished.partition or ''}".strip()
    return f"{mark:<7}{name:<60}{finished.seconds:6.1f} s"


def _summary(workshop: Workshop, seconds: float) -> str:
    home = workshop.home
    synth = "synth" if shutil.which("synth") else sys.argv[0]
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
        "exports": str(workshop.home.exports),
        **({} if failures else funnel_record(workshop)),
    }


def _silent(line: str) -> None:
    return
