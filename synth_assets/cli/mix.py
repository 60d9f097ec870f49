"""`synth mix`: a training set of files that were made elsewhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synth_assets.cli.progress import FileProgress
from synth_assets.cli.results import strays_as_messages

if TYPE_CHECKING:
    from synth_assets.core.mixture.of_files import MadeSet
    from synth_assets.resources.exports import Export
    from synth_assets.resources.mixing import Mixing

_MOST_BOUNDS = 20


@click.command()
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write: a new one, or that of an earlier export, which is replaced.",
)
@click.option(
    "--decisions",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where one decision a row and stage goes: .parquet.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def mix(config: Path, folder: Path, decisions: Path | None, as_json: bool) -> None:
    r"""Compose a training set of files by a mixture, check it, and write it with its card.

    Rows with equal text are taken once; rows that hold held-out or benchmark items are left out;
    every bound is met within one row, or the mixture is refused with what would make it feasible.

    \b
    CONFIG is YAML:
      mixture:                      # as in mixtures.yaml; see docs/mixtures.md
        id: chat_small
        policy: balanced_50
        rows: 2000
        student: {name: tiny, family: llama, checkpoint: "2"}
      candidates:
        - {id: human, origin: real, files: [human.jsonl], licence: MIT}
        - {id: gen, origin: synthetic, files: [gen/*.parquet], teacher: big-model}
      held_out: [{files: [human_test.jsonl]}]
      benchmarks: {files: [exam.jsonl]}
      teachers:
        - {id: big-model, model: openai/big, family: gpt, licence: openai-terms}
    """
    from synth_assets.resources.frames import write_frame
    from synth_assets.resources.mixing import Mixing
    from synth_assets.resources.models.registry import ModelRegistry
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    progress = FileProgress(silent=as_json)
    history = ModelRegistry(workshop.home.root).history()
    mixing = Mixing(config, workshop.catalogue.policies, history, progress.saying)
    with strays_as_messages():
        made = mixing.make()
    export = mixing.export(made, folder)
    if decisions is not None:
        write_frame(decisions, made.decisions)
    progress.close()
    if as_json:
        click.echo(json.dumps(_record(mixing, made, export), indent=2))
        return
    for line in _lines(mixing, made, export):
        click.echo(line)


def _lines(mixing: "Mixing", made: "MadeSet", export: "Export") -> Iterator[str]:
    from synth_assets.cli.tables import indented

    record = _record(mixing, made, export)
    yield (
        f"{mixing.mixture.id}: {made.rows.height:,} rows, {record['synthetic_share']:.1%} "
        f"synthetic (risk by share: {record['risk_band']})"
    )
    bounds = [list(map(str, each.values())) for each in _bounds(mixing, made)]
    yield from indented([["bound", "asked", "got"], *bounds[:_MOST_BOUNDS]])
    reasons: dict[str, int] = record["left_out"]  # pyright: ignore[reportAssignmentType]
    if reasons:
        yield from indented(
            [["left out because", "rows"], *([k, f"{n:,}"] for k, n in reasons.items())]
        )
    yield f"Files and card: {export.folder}"


def _bounds(mixing: "Mixing", made: "MadeSet") -> list[dict[str, str]]:
    from synth_assets.core.mixture.policy import bound_outcomes, outcome_frame

    found = outcome_frame(bound_outcomes(made.rows, mixing.mixture, made.standing))
    return found.select("bound", "asked", "got").to_dicts()


def _record(mixing: "Mixing", made: "MadeSet", export: "Export") -> dict[str, object]:
    import polars as pl

    from synth_assets.core.mixture.risk import RiskBand
    from synth_assets.core.schema import Origin

    share = made.rows.filter(pl.col("origin") == Origin.SYNTHETIC).height / made.rows.height
    dropped = made.decisions.filter(pl.col("reason").is_not_null())
    counts = dropped.group_by("reason").len().sort("len", "reason", descending=[True, False])
    return {
        "mixture": mixing.mixture.key,
        "folder": str(export.folder),
        "rows": made.rows.height,
        "synthetic_share": share,
        "risk_band": RiskBand.of(share),
        "splits": dict(made.rows.group_by("split").len().sort("split").iter_rows()),
        "bounds": _bounds(mixing, made),
        "left_out": dict(counts.iter_rows()),
        "files": [vars(file) for file in export.rows.files],
    }
