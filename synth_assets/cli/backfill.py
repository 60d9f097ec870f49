"""`synth backfill`: fill what edits left missing, and what follows from it."""

import sys

import click


@click.command()
@click.argument("recipes", nargs=-1)
@click.option("--changed", is_flag=True, help="Every recipe that is not filled as it is now.")
@click.option("--dry-run", is_flag=True, help="Say what it would do and cost; buy nothing.")
@click.option("--name", help="What it is called; the same name goes on with it. Default: the time.")
@click.option(
    "--budget",
    "budget_usd",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="The most it may spend, over all its starts; over what budgets.yaml says of runs.",
)
@click.option(
    "--parallel",
    "lanes",
    type=click.IntRange(min=1, max=16),
    help="Recipes that are filled at the same time. Default: 1 to 4, by how many there are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def backfill(
    recipes: tuple[str, ...],
    changed: bool,
    dry_run: bool,
    name: str | None,
    budget_usd: float | None,
    lanes: int | None,
    as_json: bool,
) -> None:
    r"""Fill the missing versions of recipes, then compose training sets once.

    Only what is missing is made: what was filled stays, file by file, and only rows whose rendered
    request changed are bought. What failed, or was interrupted, is made by the next backfill.
    Exit code 1: something failed; 75: batches are waited for; 130: after Ctrl-C.

    \b
    Examples:
      synth backfill --changed --dry-run      what would be bought, and for what
      synth backfill --changed --budget 5     at most 5 USD
      synth backfill math_word_problems       this recipe, if it is missing
      synth backfill --changed --name spring  again with this name: it goes on, under one budget
    """
    from synth_assets.cli.backfill_report import backfill_and_report
    from synth_assets.cli.plan import plan_and_report
    from synth_assets.core.config.budgets import Cap

    if not changed and not recipes:
        raise click.UsageError("Say --changed, or name recipes.")
    if dry_run:
        sys.exit(plan_and_report(recipes, None, changed=True, as_json=as_json))
    cap = None if budget_usd is None else Cap(usd=budget_usd)
    sys.exit(backfill_and_report(recipes, name, cap, lanes, as_json=as_json))
