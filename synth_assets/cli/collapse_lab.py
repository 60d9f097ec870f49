"""`synth collapse-lab`: how much synthetic data one's real rows bear."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from synth_assets.core.collapse.lab import Dose

_ALLOWED_LOSS = 0.03


@click.command("collapse-lab")
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("collapse-lab"),
    show_default=True,
    help="Folder for figures and pictures; a lab that was interrupted there goes on.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes; by default one a core.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def collapse_lab(config: Path, folder: Path, workers: int | None, as_json: bool) -> None:
    r"""Train generations of small students on what the last one wrote, as CONFIG says.

    Arm beside arm: replacing the real rows, mixing shares of them, adding to them, accumulating,
    and adapting the share to what is measured. It ends with how much each share costs.

    \b
    The least that CONFIG needs:
      real: {files: [real.jsonl]}
    and what it may say besides:
      out_of_domain: {files: [other.jsonl]}
      rows: 1500             # of the first generation
      generations: 5
      seeds: 4               # repetitions; their spread is the interval
      decodings: [plain, sharpened]
      student: ngram         # or gpt: two layers, needs torch, takes hours
      arms: [{rule: share, share: 0.3}, {rule: adaptive, share: 0.9}]
    """
    from synth_assets.core.collapse.lab import curves, dose_response, share_for
    from synth_assets.resources.collapse.opening import open_lab

    lab = open_lab(config, folder)
    missing = lab.open()
    total = len(lab.plan.chains)
    if not as_json and len(missing) < total:
        click.echo(f"{total - len(missing)} of {total} recursions are done already.", err=True)
    for done, chain in enumerate(lab.run(missing, workers), start=total - len(missing) + 1):
        if not as_json:
            click.echo(f"{done:>4} of {total}  {chain.arm.name}, seed {chain.seed}", err=True)
    found = curves(lab.collect())
    doses = dose_response(found)
    pictures = _draw(folder, found, doses)
    base = found.filter((found["measure"] == "held_out") & (found["generation"] == 0))["value"]
    allowed = _ALLOWED_LOSS * float(base[0])
    bearable = share_for(doses, allowed)
    if as_json:
        record = {
            "folder": str(folder),
            "curves": found.to_dicts(),
            "doses": [vars(dose) for dose in doses],
            "bearable_share": bearable,
            "pictures": [str(path) for path in pictures],
        }
        click.echo(json.dumps(record, indent=2))
        return
    for line in _lines(found, doses, bearable):
        click.echo(line)
    click.echo(f"\nFigures and pictures: {folder}")


def _lines(
    found: "pl.DataFrame", doses: "tuple[Dose, ...]", bearable: float | None
) -> Iterator[str]:
    import polars as pl

    last = found["generation"].max()
    yield ""
    yield f"After {last} generations, bits a byte above the first (95 % over seeds), and diversity:"
    ends = found.filter(pl.col("generation") == last)
    starts = found.filter(pl.col("generation") == 0)
    for arm in found["arm"].unique(maintain_order=True):
        loss = ends.filter((pl.col("arm") == arm) & (pl.col("measure") == "above_first"))
        value, low, high = loss.select("value", "low", "high").row(0)
        spread = "" if low is None else f" ({low:+.3f} to {high:+.3f})"
        then, now = (
            each.filter((pl.col("arm") == arm) & (pl.col("measure") == "vendi"))["value"][0]
            for each in (starts, ends)
        )
        yield f"  {arm:<28}{value:+.3f}{spread:<22} Vendi {then:.0f} -> {now:.0f}"
    if bearable is not None and doses:
        yield ""
        yield (
            f"A share of {bearable:.0%} written rows a generation keeps the loss within "
            f"{_ALLOWED_LOSS:.0%} after {last} generations of plain writing."
        )


def _draw(folder: Path, found: "pl.DataFrame", doses: "tuple[Dose, ...]") -> list[Path]:
    import polars as pl

    from synth_assets.resources.collapse.pictures import dose_png, generations_png
    from synth_assets.resources.frames import write_bytes

    made: list[Path] = []
    sharpened = pl.col("arm").str.contains(", ")
    for name, rows in (
        ("plain", found.filter(~sharpened)),
        ("sharpened", found.filter(sharpened)),
    ):
        if rows.height:
            made.append(folder / f"generations_{name}.png")
            write_bytes(made[-1], generations_png(rows, f"Generation after generation, {name}"))
    if len(doses) > 1:
        made.append(folder / "dose_response.png")
        write_bytes(made[-1], dose_png(doses, "What a share of written rows costs in the end"))
    return made
