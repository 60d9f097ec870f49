"""`synth drift`: how far one set of rows is from another."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from synth_assets.cli.progress import FileProgress

if TYPE_CHECKING:
    import polars as pl

    from synth_assets.resources.drift.files import FileDrift

_DRIFTED = 1
_TEXT_CHARACTERS = 100


@click.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option(
    "--real", multiple=True, metavar="FILES", help="Real rows to hold beside. Repeatable."
)
@click.option("--column", "columns", multiple=True, help="A column whose text is read; repeatable.")
@click.option(
    "--moved",
    default=5,
    show_default=True,
    type=click.IntRange(min=0),
    help="Rows to show that moved most, of each side.",
)
@click.option(
    "--embedder",
    "embedder_name",
    default="tfidf",
    show_default=True,
    metavar="NAME",
    help="What makes vectors of texts: tfidf, minilm, or sentence-transformers:FOLDER.",
)
@click.option(
    "--accept",
    "accepted",
    metavar="MIXTURE",
    help="Compare no files: take this mixture's last run for the one that later runs must be like.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def drift(
    old: str | None,
    new: str | None,
    real: tuple[str, ...],
    columns: tuple[str, ...],
    moved: int,
    embedder_name: str,
    accepted: str | None,
    as_json: bool,
) -> None:
    r"""Say how far the rows of NEW are from those of OLD, beyond what chance gives.

    Both are files or globs: JSONL, CSV or Parquet. Of each at most 1,000 rows are looked at, drawn
    by a hash of their text. Ends with exit code 1 where a quantity is beyond its threshold and
    beyond chance. What a mixture's runs differ by is told by the asset drift_reports; an alarm
    there stays until the sets are as they were, or --accept says that they are as they should be.

    \b
    Examples:
      synth drift monday.jsonl tuesday.jsonl --real human.jsonl
      synth drift 'v1/*.parquet' 'v2/*.parquet' --column text --moved 20
      synth drift --accept default
    """
    if accepted is not None:
        _accept(accepted)
        return
    if old is None or new is None:
        raise click.UsageError("Name two files, OLD and NEW, or --accept MIXTURE.")
    from synth_assets.resources.drift.files import drift_of_files
    from synth_assets.resources.embedding.opening import open_embedder

    progress = FileProgress(silent=as_json)
    progress.saying("comparing")
    found = drift_of_files([old], [new], real, columns, moved, open_embedder(embedder_name))
    progress.close()
    if as_json:
        record = {"drift": found.drift.to_dicts(), "moved": found.moved.to_dicts()}
        click.echo(json.dumps(record, indent=2))
    else:
        for line in _lines(found):
            click.echo(line)
    if found.drift["suspect"].any():
        raise SystemExit(_DRIFTED)


def _accept(mixture: str) -> None:
    from synth_assets.resources.drift.runs import DriftRuns
    from synth_assets.resources.home import Home
    from synth_assets.resources.settings import read_settings

    run = DriftRuns.of(Home(read_settings().home), mixture).accept()
    click.echo(f"Later runs of {mixture} are compared with run {run}.")


def _lines(found: "FileDrift") -> Iterator[str]:
    against = "earlier"
    rows = found.drift.filter(against=against)
    suspect = rows.filter("suspect").height
    sizes = rows.row(0, named=True)
    yield (
        f"{suspect or 'No'} of {rows.height} quantities beyond threshold and chance; "
        f"{sizes['rows_new']:,} new rows beside {sizes['rows_old']:,} old ones."
    )
    yield from _table(rows)
    real = found.drift.filter(against="real")
    if not real.is_empty():
        yield ""
        yield f"Beside {real['rows_old'][0]:,} real rows; some distance is usual:"
        yield from _table(real)
    for direction, said in (("new", "Like nothing in OLD:"), ("gone", "Like nothing in NEW:")):
        some = found.moved.filter(against=against, direction=direction)
        if not some.is_empty():
            yield ""
            yield said
            for score, prompt, text in some.select("score", "prompt", "response").iter_rows():
                yield f"  {score:.2f}  {_short(prompt, text)}"


def _table(rows: "pl.DataFrame") -> Iterator[str]:
    yield ""
    yield f"  {'':<7} {'value':>8} {'low':>8} {'high':>8} {'from':>7} {'p':>7}  what"
    for row in rows.iter_rows(named=True):
        mark = "drift" if row["suspect"] else ""
        what = f"{row['measure']} {row['column']}".replace("_", " ")
        yield (
            f"  {mark:<7} {row['value']:>+8.4f} {row['low']:>+8.4f} {row['high']:>+8.4f} "
            f"{row['threshold']:>7g} {row['p']:>7.1g}  {what}"
        )


def _short(*texts: str) -> str:
    text = " ".join(" ".join(texts).split())
    return text if len(text) <= _TEXT_CHARACTERS else f"{text[: _TEXT_CHARACTERS - 1]}…"
