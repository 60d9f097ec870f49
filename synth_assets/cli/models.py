"""`synth models`: which models saw which training sets. Each command imports what it needs."""

from pathlib import Path

import click

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def models() -> None:
    r"""Register trained models and the training sets they saw.

    Sets are recorded when they are exported. A model that was trained on one is registered here;
    when it writes rows later, their depth counts what it was trained on, and rows that a student
    has learned its own words from are found, however many turns of the flywheel lie between.

    \b
    Examples:
      synth models add tiny-1 --family tiny --checkpoint 1 --trained-on balanced_50
      synth models evaluate tiny-1 --score gsm8k=0.41  its scores, once they are known
      synth models curve -o scores.png                 scores by generation
      synth models list                                sets and models, with depths
      synth models show tiny-1                         what stands behind it; loops are marked
    """


@models.command()
@click.argument("name")
@click.option("--family", required=True, help="As teachers and students state theirs.")
@click.option("--checkpoint", required=True, help="Which one it is; each trained one is its own.")
@click.option(
    "--trained-on",
    "sets",
    multiple=True,
    metavar="MIXTURE[@VERSION]",
    help="An exported set: the last of the mixture, or of a version or digest; repeatable.",
)
@click.option(
    "--parent",
    "parents",
    multiple=True,
    metavar="MODEL",
    help="A registered model that it was trained from; repeatable.",
)
@click.option(
    "--score",
    "scores",
    multiple=True,
    metavar="NAME=VALUE",
    help="What it was measured at, such as gsm8k=0.41; repeatable.",
)
@_JSON
def add(
    name: str,
    family: str,
    checkpoint: str,
    sets: tuple[str, ...],
    parents: tuple[str, ...],
    scores: tuple[str, ...],
    as_json: bool,
) -> None:
    """Register the model NAME, or add scores to one that is registered just so.

    Refused where a checkpoint would have been trained on rows that it wrote itself.
    """
    from synth_assets.cli.model_views import NewModel, added_text

    new = NewModel(name, family, checkpoint, sets, parents, scores)
    click.echo(added_text(new, as_json=as_json))


@models.command()
@click.argument("name")
@click.option(
    "--score",
    "scores",
    multiple=True,
    required=True,
    metavar="NAME=VALUE",
    help="What it was measured at, such as gsm8k=0.41; repeatable.",
)
@_JSON
def evaluate(name: str, scores: tuple[str, ...], as_json: bool) -> None:
    """Attach scores to the registered model NAME; they stand in the curves over generations."""
    from synth_assets.cli.model_views import evaluated_text

    click.echo(evaluated_text(name, scores, as_json=as_json))


@models.command()
@click.option(
    "-o",
    "--output",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A PNG of the same.",
)
@click.option(
    "--lab",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of a synth collapse-lab, whose loss is drawn beside.",
)
@_JSON
def curve(picture: Path | None, lab: Path | None, as_json: bool) -> None:
    """Show scores of registered models by generation: 0 saw real rows alone."""
    from synth_assets.cli.model_views import curve_text

    click.echo(curve_text(picture, lab, as_json=as_json))


@models.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List the exported sets and the registered models, in the order they came."""
    from synth_assets.cli.model_views import list_text

    click.echo(list_text(as_json=as_json))


@models.command()
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Show what stands behind the model NAME: sets, who wrote them, and what those saw."""
    from synth_assets.cli.model_views import show_text

    click.echo(show_text(name, as_json=as_json))


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the model NAME out again; refused while others are registered as trained from it."""
    from synth_assets.cli.model_views import removed_text

    click.echo(removed_text(name))
