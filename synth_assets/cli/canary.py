"""`synth canary`: what a student would make of a training set."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synth_assets.cli.progress import FileProgress

if TYPE_CHECKING:
    from synth_assets.core.collapse.advice import Advice
    from synth_assets.core.collapse.canary import CanaryReport
    from synth_assets.core.collapse.dose_curve import DoseCurve
    from synth_assets.core.collapse.risk_index import RiskIndex

_RED = 1


@click.command()
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "--real",
    multiple=True,
    required=True,
    metavar="FILES",
    help="Real rows like those of the set, to train on beside it. Repeatable.",
)
@click.option(
    "--held-out",
    multiple=True,
    metavar="FILES",
    help="Real rows to measure by. By default a tenth of --real, at most 2,000, is set apart.",
)
@click.option("--out-of-domain", multiple=True, metavar="FILES", help="Real rows of another kind.")
@click.option("--column", "columns", multiple=True, help="A column whose text is read; repeatable.")
@click.option(
    "--lab",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of a synth collapse-lab of like rows; it tells how many real rows would help.",
)
@click.option(
    "--restore",
    is_flag=True,
    help="Where a sign is red, find how many real rows in place of synthetic ones leave none so.",
)
@click.option("--seed", default=0, show_default=True, help="Of every draw.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def canary(
    files: tuple[str, ...],
    real: tuple[str, ...],
    held_out: tuple[str, ...],
    out_of_domain: tuple[str, ...],
    columns: tuple[str, ...],
    lab: Path | None,
    restore: bool,
    seed: int,
    as_json: bool,
) -> None:
    r"""Train small students on FILES and beside them, and say what the set would do to a large one.

    Rows of FILES that stand in --real too are its real part; all others count as synthetic. Ends
    with exit code 1 where a measured quantity is red.

    \b
    Examples:
      synth canary train.jsonl --real human.jsonl
      synth canary 'shards/*.parquet' --column text --real wiki.jsonl --out-of-domain chats.jsonl
    """
    from synth_assets.core.collapse.advice import advice_on
    from synth_assets.core.collapse.risk_index import Light, risk_of
    from synth_assets.resources.collapse.canary_files import CanaryFiles
    from synth_assets.resources.collapse.project_lab import measured_curve

    progress = FileProgress(silent=as_json)
    inputs = CanaryFiles(files, real, held_out, out_of_domain, columns, seed, restore)
    curve = None if lab is None else measured_curve(lab)
    found = inputs.run(progress.saying)
    progress.close()
    report, index = found.report, risk_of(found.report)
    advice = advice_on(report, index, found.synthetic, found.real, curve)
    if as_json:
        record = _record(report, index, advice, curve)
        record["restored"] = None if found.restored is None else vars(found.restored)
        click.echo(json.dumps(record, indent=2))
    else:
        for line in chain(_lines(report, index), _told(report, advice, curve)):
            click.echo(line)
        if found.restored is not None:
            click.echo(f"  - {found.restored.told}")
    if index.light is Light.RED:
        raise SystemExit(_RED)


def _lines(report: "CanaryReport", index: "RiskIndex") -> Iterator[str]:
    from synth_assets.core.collapse.canary import Trained
    from synth_assets.core.collapse.risk_index import harm_of

    yield (
        f"Risk of collapse: {index.value:.0f} of 100, {index.light}. "
        f"{report.synthetic_share:.0%} of {report.rows[Trained.SET]:,} rows are synthetic; "
        f"students: {report.student}."
    )
    if index.narrows:
        yield "It narrows: less diverse or worse on other text, while the loss in the domain holds."
    yield f"To order sets by, higher is worse: {harm_of(report):+.3f}"
    yield ""
    yield f"  {'':<6} {'measured':>9} {'amber':>7} {'red':>7}  what it is"
    for each in index.components:
        bounds = each.threshold
        yield (
            f"  {each.light:<6} {each.value:>+9.3f} {bounds.amber:>7.3f} {bounds.red:>7.3f}  "
            f"{bounds.meaning}"
        )
    yield ""
    yield "Loss on held-out real text, bits a byte:"
    for name, reading in report.readings.items():
        yield f"  {_NAMES[name]:<44}{reading.held_out.value:.3f}  {report.rows[name]:,} rows"
    displaced = report.compared(Trained.REAL_PART, Trained.REAL_EQUAL)
    worth = report.compared(Trained.SET, Trained.REAL_PART)
    if displaced is not None and worth is not None:
        yield (
            f"Having fewer real rows costs {displaced.held_out.value:+.3f}; the synthetic rows in "
            f"their place change that by {worth.held_out.value:+.3f} "
            f"({worth.held_out.low:+.3f} to {worth.held_out.high:+.3f})."
        )


def _told(
    report: "CanaryReport", advice: "tuple[Advice, ...]", curve: "DoseCurve | None"
) -> Iterator[str]:
    if curve is not None:
        share = report.synthetic_share
        yield (
            f"By the lab, {share:.0%} written rows cost {curve.relative_loss(share):+.1%} of loss "
            f"after {curve.generations} generations: risk {curve.band(share)}."
        )
    if advice:
        yield ""
        yield "What to do:"
    for each in advice:
        yield f"  - {each.told}"


_NAMES = {
    "set": "the set",
    "real_part": "its real rows alone",
    "real_equal": "as many real rows, or all there are",
    "real_again": "as many real rows, drawn again",
}


def _record(
    report: "CanaryReport",
    index: "RiskIndex",
    advice: "tuple[Advice, ...]",
    curve: "DoseCurve | None",
) -> dict[str, object]:
    from synth_assets.core.collapse.risk_index import harm_of

    share = report.synthetic_share
    return {
        "risk_index": round(index.value, 2),
        "harm": harm_of(report),
        "light": index.light,
        "narrows": index.narrows,
        "synthetic_share": share,
        "risk_band": None if curve is None else curve.band(share),
        "advice": [
            {"remedy": each.remedy, "about": each.about, "told": each.told} for each in advice
        ],
        "student": report.student,
        "rows": dict(report.rows),
        "held_out_bits_per_byte": {
            name: reading.held_out.value for name, reading in report.readings.items()
        },
        "components": [
            {
                "sign": each.sign,
                "value": each.value,
                "light": each.light,
                "amber": each.threshold.amber,
                "red": each.threshold.red,
                "meaning": each.threshold.meaning,
                "rationale": each.threshold.rationale,
            }
            for each in index.components
        ],
    }
