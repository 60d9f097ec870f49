"""`synth diversity`: how varied files are, beside real rows."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import click

from synth_assets.cli.progress import FileProgress
from synth_assets.cli.tables import indented

if TYPE_CHECKING:
    from synth_assets.core.diversity.metric_spec import MetricSpec
    from synth_assets.resources.diversity_files import FileDiversity

_BEYOND_FLOOR = 1

_Row = dict[str, float | int | None]


@click.command()
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "--reference",
    multiple=True,
    metavar="FILES",
    help="Real rows of the same kind, to compare with. Repeatable.",
)
@click.option("--column", "columns", multiple=True, help="A column whose text is read; repeatable.")
@click.option(
    "--sample",
    default=2_000,
    show_default=True,
    type=click.IntRange(min=10),
    help="Rows drawn of each, as figures depend on how much text there is.",
)
@click.option("--seed", default=0, show_default=True, help="Of every draw.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def diversity(
    files: tuple[str, ...],
    reference: tuple[str, ...],
    columns: tuple[str, ...],
    sample: int,
    seed: int,
    as_json: bool,
) -> None:
    r"""Measure how varied FILES are: words, phrases, likeness, topics, style, names.

    With --reference each figure stands beside that of as many real rows. Ends with exit code 1
    where a figure is beyond its floor. docs/diversity.md says what each figure sees and misses.

    \b
    Examples:
      synth diversity train.jsonl
      synth diversity train.jsonl --reference human.jsonl
      synth diversity 'shards/*.parquet' --column text --sample 20000 --json
    """
    from synth_assets.resources.diversity_files import DiversityFiles

    progress = FileProgress(silent=as_json)
    found = DiversityFiles(files, reference, columns, sample, seed).measure(progress.of("reading"))
    progress.close()
    if as_json:
        click.echo(json.dumps(_record(found), indent=2))
    else:
        for line in _lines(found):
            click.echo(line)
    if found.crossed:
        raise SystemExit(_BEYOND_FLOOR)


def _lines(found: "FileDiversity") -> Iterator[str]:
    beside = f", beside real rows drawn of {found.real_rows:,}" if found.real_rows else ""
    rows = min(found.size.rows, found.rows)
    yield f"{rows:,} of {found.rows:,} rows{beside}. In brackets: 95 % interval."
    yield ""
    yield from indented(list(_table(found)))
    for each in found.crossed:
        yield ""
        yield f"Beyond its floor: {each.told}"
    yield ""
    yield "What each figure sees and what it misses: docs/diversity.md"


def _table(found: "FileDiversity") -> Iterator[list[str]]:
    from synth_assets.core.diversity.metrics import DiversityMetric, spec_of

    ours, real = _figures(found, "all"), _figures(found, "reference")
    beside = ["real rows"] if real else []
    yield ["", "value", "", *beside, "good is"]
    for family, metrics in groupby(DiversityMetric, key=lambda each: spec_of(each).family):
        named = [(spec_of(each), ours[each], real.get(each)) for each in metrics]
        rows = [_cells(*each, of_real=bool(real)) for each in named if each[1]["value"] is not None]
        if rows:
            yield [family.value.upper(), *[""] * (len(rows[0]) - 1)]
            yield from rows


def _cells(spec: "MetricSpec", ours: _Row, real: _Row | None, *, of_real: bool) -> list[str]:
    low, high = ours["low"], ours["high"]
    interval = "" if low is None or high is None else f"[{low:.3g} to {high:.3g}]"
    value = None if real is None else real["value"]
    beside = [] if not of_real else ["" if value is None else f"{value:.3g}"]
    good = spec.good.value.split(" is ")[0].removesuffix(" rows")
    return [spec.title, f"{ours['value']:.3g}", interval, *beside, good]


def _figures(found: "FileDiversity", name: str) -> dict[str, _Row]:
    columns = ("metric", "value", "low", "high", "rows", "words")
    rows = found.measured.filter(slice=name).select(columns).iter_rows(named=True)
    return {row.pop("metric"): row for row in rows}


def _record(found: "FileDiversity") -> dict[str, object]:
    from synth_assets.core.diversity.metrics import DiversityMetric, spec_of

    ours, real = _figures(found, "all"), _figures(found, "reference")
    return {
        "rows": found.rows,
        "real_rows": found.real_rows,
        "sample": {
            "rows": found.size.rows,
            "words": found.size.words,
            "seed": found.size.seed,
        },
        "metrics": [
            {
                "metric": each.value,
                "family": spec_of(each).family.value,
                "title": spec_of(each).title,
                "unit": spec_of(each).unit,
                "good": spec_of(each).good.value,
                "meaning": spec_of(each).meaning,
                **ours[each],
                "real": real.get(each),
            }
            for each in DiversityMetric
        ],
        "beyond_floor": [
            {
                "metric": each.metric.value,
                "value": each.value,
                "real": each.of_real,
                "told": each.told,
            }
            for each in found.crossed
        ],
    }
