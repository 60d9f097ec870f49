"""`synth compare`: what an edit of a recipe made better, and what worse."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from synth_assets.core.versions.comparison import Comparison


@click.command()
@click.argument("recipe")
@click.option("--to", default="", help="The earlier version, or its first digits.")
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="How many planned samples are set side by side.",
)
@click.option(
    "--markdown",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the comparison as a page, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def compare(recipe: str, to: str, rows: int, markdown: Path | None, as_json: bool) -> None:
    r"""Set the live version of RECIPE beside an earlier one that was filled.

    Acceptance, cost of an accepted sample, why samples were dropped, diversity of equally many
    accepted samples, and what became of the same planned samples.

    \b
    Examples:
      synth compare math_word_problems
      synth compare math_word_problems --to 1b86ed84 --markdown page.md
    """
    from synth_assets.resources.comparison import compare_versions
    from synth_assets.resources.frames import write_bytes
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    made = compare_versions(Workshop(read_settings()), recipe, to, rows)
    if markdown is not None:
        write_bytes(markdown, f"{made.markdown}\n".encode())
    if as_json:
        click.echo(json.dumps(_record(made), indent=2, ensure_ascii=False))
        return
    for line in _lines(made):
        click.echo(line)


def _record(made: "Comparison") -> dict[str, object]:
    sides = {
        name: {
            "version": each.key,
            "planned": each.planned,
            "accepted": each.accepted,
            "acceptance": each.acceptance,
            "cost_usd": each.cost_usd,
            "usd_per_accepted": each.usd_per_accepted,
        }
        for name, each in (("old", made.old), ("new", made.new))
    }
    frames = {
        name: frame.to_dicts()
        for name, frame in (
            ("reasons", made.reasons),
            ("diversity", made.diversity.drop("title")),
            ("pairs", made.pairs),
        )
    }
    return {**sides, **frames}


def _lines(made: "Comparison") -> Iterator[str]:
    from synth_assets.cli.side_by_side import side_by_side

    yield f"old  {made.old.key}"
    yield f"new  {made.new.key}"
    yield ""
    yield from _table(made.figures)
    if made.reasons.height:
        yield "Why samples were dropped:"
        yield from _table(made.reasons)
    yield "Diversity of equally many accepted samples:"
    yield from _table(made.diversity.drop("metric"))
    for pair in made.pairs.iter_rows(named=True):
        yield f"Planned sample {pair['position']}:"
        titles = tuple(
            f"{side}: {pair[f'{side}_outcome']} {pair[f'{side}_reason'] or ''}".strip()
            for side in ("old", "new")
        )
        texts = [f"{pair[f'{side}_prompt']}\n{pair[f'{side}_response']}" for side in ("old", "new")]
        yield from side_by_side(texts[0], texts[1], (titles[0], titles[1]))
        yield ""


def _table(frame: "pl.DataFrame") -> Iterator[str]:
    from synth_assets.cli.tables import indented

    rows = [
        ["-" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
         for cell in row]
        for row in frame.iter_rows()
    ]  # fmt: skip
    yield from indented([frame.columns, *rows])
    yield ""
