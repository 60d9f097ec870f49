"""`synth preview`: a few rows of a recipe, before it is filled."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synth_assets.resources.preview import Preview

_SHOWN = 400


@click.command()
@click.argument("recipe")
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="How many planned samples.",
)
@click.option(
    "--budget-usd", type=click.FloatRange(min=0), help="The most that the preview may spend."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs, texts whole.")
def preview(recipe: str, rows: int, budget_usd: float | None, as_json: bool) -> None:
    r"""Make the first rows of RECIPE as it is now, and show what each stage says of them.

    Generation, verification, deduplication and decontamination run as in a run; nothing is
    written down but what was bought, which stays in the ledger: filling the recipe buys none of
    it again.

    \b
    Examples:
      synth preview math_word_problems
      synth preview my_recipe -n 20 --budget-usd 0.50 --json | jq '.rows[] | .reason'
    """
    from synth_assets.cli.results import strays_as_messages
    from synth_assets.core.config.budgets import Cap
    from synth_assets.resources.preview import preview_recipe
    from synth_assets.resources.settings import read_settings, switch_off_telemetry
    from synth_assets.resources.workshop import Workshop

    switch_off_telemetry()
    cap = None if budget_usd is None else Cap(usd=budget_usd)
    workshop = Workshop(read_settings(), run_cap=cap)
    with strays_as_messages():
        made = preview_recipe(workshop, recipe, rows, lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps(_record(made), indent=2, ensure_ascii=False))
        return
    for line in _lines(made):
        click.echo(line)


def _record(made: "Preview") -> dict[str, object]:
    return {
        "recipe": made.recipe,
        "planned": made.rows.height,
        "kept": made.kept,
        "calls_bought": made.calls_bought,
        "calls_from_ledger": made.calls_from_ledger,
        "bought_usd": made.bought_usd,
        "usd_per_kept": made.usd_per_kept,
        "rows": made.rows.to_dicts(),
    }


def _lines(made: "Preview") -> Iterator[str]:
    for row in made.rows.iter_rows(named=True):
        yield from _row(row)
        yield ""
    price = "unknown" if made.usd_per_kept is None else f"{made.usd_per_kept:.6f} USD"
    yield (
        f"{made.kept} of {made.rows.height} kept. {made.calls_bought} calls bought for "
        f"{made.bought_usd:.6f} USD, {made.calls_from_ledger} from the ledger; a kept row costs "
        f"{price}. No row was written."
    )


def _row(row: Mapping[str, object]) -> Iterator[str]:
    why = "" if row["reason"] is None else f" at {row['stage']}: {row['reason']}"
    yield f"{row['sample_id']}  {row['outcome']}{why}  {row['teacher'] or ''}".rstrip()
    if row["detail"]:
        yield f"  because   {_short(row['detail'])}"
    if row["prompt"] is None:
        yield f"  answered  {_short(row['answer'])}"
        return
    for name in ("context", "prompt", "response", "reference", "rejected"):
        if row[name]:
            yield f"  {name:<10}{_short(row[name])}"


def _short(text: object) -> str:
    """On one line, without what a terminal would obey."""
    from synth_assets.core.export.markdown import one_line

    said = one_line(str(text or ""))
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
