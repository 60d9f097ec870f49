"""`synth held-out`: what was ever kept out of training. Each command imports what it needs."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from synth_assets.resources.catalogue import Catalogue


@click.group("held-out")
def held_out() -> None:
    r"""Look into the register of held-out rows and benchmark items, and take sources out of it.

    Each run registers what the sources hold out. From then on it stays out of every training set,
    even when its source goes from sources.yaml, until you say to forget it.

    \b
    Examples:
      synth held-out list           which sources, how many rows, since when
      synth held-out forget exam    the rows of exam may be trained on again
    """


@held_out.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_sources(as_json: bool) -> None:
    """List what is registered, by source: rows, split, and whether sources.yaml still has it."""
    from synth_assets.resources.kept_out.register import Register
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    told = list(_told(Register(workshop.home.kept_out).read(), workshop.catalogue))
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(_lines(told)))


@held_out.command()
@click.argument("source")
def forget(source: str) -> None:
    """Forget the registered rows of SOURCE: from the next run on they may be trained on.

    What a student saw cannot be a test for it any more; nothing here makes that undone. A source
    that sources.yaml still has is registered again by the next run.
    """
    from synth_assets.resources.kept_out.register import Register
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    rows = Register(workshop.home.kept_out).forget(source)
    counted = "1 row" if rows == 1 else f"{rows:,} rows"
    click.echo(f"Forgot {counted} of {source}. `synth run` takes it into account.")
    if _keeps_out(workshop.catalogue, source):
        click.echo(
            f"sources.yaml still keeps rows of {source} out: the next run registers them again. To "
            "train on them change its uses or held_out_share first."
        )


def _told(register: "pl.DataFrame", catalogue: "Catalogue") -> Iterator[dict[str, object]]:
    by_source = register.group_by("source", "split", maintain_order=True)
    for (source, split), rows in by_source:
        yield {
            "source": source,
            "split": split,
            "rows": rows.height,
            "since": rows["registered"].min(),
            "last": rows["registered"].max(),
            "in_sources_yaml": _keeps_out(catalogue, str(source)),
        }


def _keeps_out(catalogue: "Catalogue", source: str) -> bool:
    located = catalogue.sources.get(source)
    if located is None:
        return False
    spec = located.spec
    if {"held_out", "benchmark"} & set(spec.uses):
        return True
    return spec.reader != "embedded_probe" and spec.held_out_share > 0


def _lines(told: list[dict[str, object]]) -> Iterator[str]:
    from synth_assets.cli.tables import indented

    if not told:
        yield "Nothing is registered yet. `synth run` registers what the sources hold out."
        return
    head = ["source", "split", "rows", "since", "last added", "in sources.yaml"]
    rows = [
        [
            *(str(row[name]) for name in ("source", "split")),
            f"{row['rows']:,}",
            *(str(row[name])[:10] for name in ("since", "last")),
            "yes" if row["in_sources_yaml"] else "no: kept out all the same",
        ]
        for row in told
    ]
    yield from indented([head, *rows])
