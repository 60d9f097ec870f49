"""`synth sync` and `synth watch`: notice edits of recipes and mixtures without a daemon."""

import json
import time
from dataclasses import asdict

import click

from synth_assets.errors import SynthError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def sync(as_json: bool) -> None:
    """Notice edited, added, renamed and removed recipes and mixtures, and say why.

    Each new version becomes a partition, which Dagster then shows as missing; the superseded one
    is retired, and its files stay. Nothing is bought. The recipe_sensor of `synth ui` does the
    same every ten seconds.
    """
    from synth_assets.defs.changes import change_line
    from synth_assets.defs.partitions import sync_partitions
    from synth_assets.defs.running import open_instance
    from synth_assets.resources.settings import read_settings, switch_off_telemetry
    from synth_assets.resources.workshop import Workshop

    switch_off_telemetry()
    workshop = Workshop(read_settings())
    with open_instance(workshop.home) as instance:
        done = sync_partitions(instance, workshop)
    for broken in workshop.catalogue.broken:
        click.echo(f"broken, kept as it was: {broken.message}", err=True)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2, ensure_ascii=False))
        return
    for change in done.changes:
        click.echo(change_line(change))
    if not done.changes:
        click.echo("Recipes and mixtures are as they were.")


@click.command()
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
def watch(every_s: float) -> None:
    """Do what `synth sync` does, again and again, until Ctrl-C.

    A file that is broken while it is edited is named, and looked at again.
    """
    from synth_assets.defs.changes import change_line
    from synth_assets.defs.partitions import sync_partitions
    from synth_assets.defs.running import open_instance
    from synth_assets.resources.lookout import lookout
    from synth_assets.resources.settings import read_settings, switch_off_telemetry
    from synth_assets.resources.workshop import Workshop

    switch_off_telemetry()
    settings = read_settings()
    said = ""
    click.echo("Watching recipes and mixtures. Ctrl-C stops.")
    with open_instance(Workshop(settings).home) as instance:
        try:
            while True:
                try:
                    catalogue = lookout(settings).look()
                    changes = sync_partitions(
                        instance, Workshop(settings, at_hand=catalogue)
                    ).changes
                    lines = [change_line(change) for change in changes]
                    wrong = "\n".join(each.message for each in catalogue.broken)
                except SynthError as exc:
                    lines, wrong = [], str(exc)
                if wrong != said:
                    lines.append(f"broken, kept as it was: {wrong}" if wrong else "mended")
                    said = wrong
                for line in lines:
                    click.echo(line)
                time.sleep(every_s)
        except KeyboardInterrupt:
            click.echo("Stopped.")
