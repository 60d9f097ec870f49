"""`synth report`: a training set on one page that can be mailed."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("mixture", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The file to write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def report(mixture: str | None, output: Path, as_json: bool) -> None:
    r"""Write the report of MIXTURE, by default the first usual one, as one HTML page.

    Verdicts first: risk of collapse, drift, diversity, and what the gates make of them; then
    figures over runs, rows that moved, funnel, losses and cost. No script, no network: it can be
    mailed, printed, and read in light and dark.

    \b
    Examples:
      synth report
      synth report balanced_50 -o balanced.html
    """
    from synth_assets.resources.frames import write_bytes
    from synth_assets.resources.report.collecting import report_html
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    catalogue = workshop.catalogue
    chosen = catalogue.mixture(mixture) if mixture else catalogue.usual_mixtures[0]
    size = write_bytes(output, report_html(workshop, chosen).encode("utf-8"))
    if as_json:
        click.echo(json.dumps({"mixture": chosen.id, "file": str(output), "bytes": size}, indent=2))
    else:
        click.echo(f"Wrote the report of {chosen.id}: {output} ({size / 1024:.0f} KB).")
