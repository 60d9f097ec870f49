"""`synth audit`: what can be known of a data set that was made elsewhere."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from synth_assets.cli.progress import FileProgress
from synth_assets.cli.tables import indented

if TYPE_CHECKING:
    from synth_assets.core.audit.findings import Advice, Findings

_SHOWN = 8
_NAME_CHARACTERS = 60


@click.command()
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "--real",
    multiple=True,
    metavar="FILES",
    help="Real rows of the same kind: then the synthetic share, and what the set would do to a "
    "student, are measured. Repeatable.",
)
@click.option(
    "--against", multiple=True, metavar="FILES", help="Benchmarks to look for in it. Repeatable."
)
@click.option("--column", "columns", multiple=True, help="A column whose text is read; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def audit(
    files: tuple[str, ...],
    real: tuple[str, ...],
    against: tuple[str, ...],
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    r"""Look at a data set: how much is synthetic, who wrote it, what repeats, what leaks.

    FILES are files, globs or folders. It ends with what to do, most urgent first. Columns
    `origin`, `teacher`, `synthetic_depth` and `licence` are read where they are there.

    \b
    Examples:
      synth audit train.jsonl --real human.jsonl --against gsm8k_test.jsonl
      synth audit .synth/exports/balanced_50
      synth audit 'shards/*.parquet' --column text --json
    """
    from synth_assets.core.audit.findings import advice_on
    from synth_assets.resources.audit import Audit

    progress = FileProgress(silent=as_json)
    found = Audit(files, columns, real, against, progress.saying).findings()
    progress.close()
    advice = advice_on(found)
    if as_json:
        click.echo(json.dumps(_record(found, advice), indent=2))
        return
    for line in _lines(found, advice):
        click.echo(line)


def _lines(found: "Findings", advice: "tuple[Advice, ...]") -> Iterator[str]:
    yield f"{found.rows:,} rows"
    share, band = found.synthetic_share, found.band
    if share is None or band is None:
        yield "synthetic    not known"
    else:
        yield f"synthetic    {share:.1%}, by {found.origin_by}; risk by share alone: {band}"
    repeated = found.duplicates
    yield (
        f"duplicates   {repeated.rows:,} rows ({repeated.rows / found.rows:.1%}): "
        f"{repeated.exact:,} exact, {repeated.near:,} near; largest cluster {repeated.largest:,}"
    )
    if found.contaminated is None:
        yield "benchmarks   not looked for"
    else:
        told = ", ".join(f"{count:,} {how}" for how, count in found.contaminated.items())
        yield f"benchmarks   {sum(found.contaminated.values()):,} rows hold items: {told or 'none'}"
    yield from _counted("teachers", found.teachers)
    yield from _counted("depth", found.depths)
    yield from _counted("licences", found.licences)
    yield ""
    yield "Diversity, of about 20,000 words drawn by chance:"
    head = ["figure", "the set", *(["real rows"] if found.real_diversity else [])]
    yield from indented([head, *_figures(found)])
    if found.collapse is not None:
        yield ""
        yield f"Risk of collapse: {found.collapse.value:.0f} of 100, {found.collapse.light}."
        signs = [
            [each.light, f"{each.value:+.3f}", each.threshold.meaning]
            for each in found.collapse.components
        ]
        yield from indented([["light", "value", "sign"], *signs])
    yield ""
    yield "What to do:" if advice else "Nothing to do."
    for number, each in enumerate(advice, start=1):
        yield f"  {number}. [{each.urgency.name.lower().replace('_', ' ')}] {_plain(each.what)}"


def _figures(found: "Findings") -> Iterator[list[str]]:
    for name, value in found.diversity.items():
        real = found.real_diversity.get(name)
        yield [name, f"{value:.3f}", *([] if real is None else [f"{real:.3f}"])]


def _counted(title: str, counts: "Mapping[str, int] | Mapping[int, int] | None") -> Iterator[str]:
    if counts is None:
        return
    shown = [
        f"{_plain(str(name))[:_NAME_CHARACTERS] or '(none)'} {rows:,}"
        for name, rows in list(counts.items())[:_SHOWN]
    ]
    more = f" and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else ""
    yield f"{title:<13}{', '.join(shown)}{more}"


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _record(found: "Findings", advice: "tuple[Advice, ...]") -> dict[str, object]:
    collapse = found.collapse
    return {
        "rows": found.rows,
        "synthetic_share": found.synthetic_share,
        "origin_by": found.origin_by,
        "risk_band": found.band,
        "teachers": found.teachers,
        "depths": found.depths,
        "licences": found.licences,
        "duplicates": vars(found.duplicates),
        "contaminated": found.contaminated,
        "diversity": found.diversity,
        "real_diversity": found.real_diversity,
        "collapse": None
        if collapse is None
        else {
            "risk_index": round(collapse.value, 2),
            "light": collapse.light,
            "signs": {each.sign: each.value for each in collapse.components},
        },
        "advice": [{"urgency": each.urgency.name.lower(), "what": each.what} for each in advice],
    }
