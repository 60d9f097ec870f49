"""`synth history`: the versions of a recipe, when they came, why, and what they gave."""

import json
from dataclasses import asdict

import click


@click.command()
@click.argument("recipe")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def history(recipe: str, as_json: bool) -> None:
    """List the versions of RECIPE: when each was noticed, by what it differs, what it gave.

    Also of a mixture, and of one that is gone. An edit that is undone finds its old version filled,
    and its completions in the ledger: nothing is bought again.
    """
    from synth_assets.cli.history_view import history_lines, live_key
    from synth_assets.core.versions.manifest import Kind
    from synth_assets.errors import UnknownNameError
    from synth_assets.resources.history import History
    from synth_assets.resources.home import Home
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.version_figures import version_figures

    home = Home(read_settings().home)
    changes = History(home).changes(recipe)
    if not changes:
        raise UnknownNameError(
            f"No recipe or mixture {recipe!r} has a history. Notice what there is with `synth "
            "sync`, or mend the name."
        )
    keys = dict.fromkeys(each.key for each in changes if each.kind is Kind.RECIPE)
    figures = {key: version_figures(home, key) for key in keys}
    if as_json:
        record = {
            "name": recipe,
            "live": live_key(changes),
            "changes": [{**asdict(each), "told": each.told} for each in changes],
            "versions": [each.as_json() for each in figures.values()],
        }
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(history_lines(changes, figures)))
