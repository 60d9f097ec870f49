"""`synth export` and `synth push`: training sets as files for trainers, and on a hub."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synth_assets.errors import TermsError

if TYPE_CHECKING:
    from synth_assets.core.config.mixtures import ExportSpec, Mixture
    from synth_assets.resources.exports import Export
    from synth_assets.resources.token_lengths import TokenCounter
    from synth_assets.resources.workshop import Workshop

FORMATS = (
    *("messages", "sharegpt", "alpaca", "prompt_completion", "text"),
    *("trl_sft", "trl_dpo", "trl_kto"),
)

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
_THOUSAND = 1_000


@click.command()
@click.argument("mixture")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write: a new one, or that of an earlier export, which is replaced.",
)
@click.option("--format", "layout", type=click.Choice(FORMATS), help="How rows are laid out.")
@click.option("--parquet", "kind", flag_value="parquet", help="Parquet alone.")
@click.option("--jsonl", "kind", flag_value="jsonl", help="JSON Lines alone.")
@click.option("--compression", type=click.Choice(["none", "gzip", "zstd"]), help="Of JSON Lines.")
@click.option("--rows-per-file", type=click.IntRange(min=1), help="Beyond so many, several files.")
@click.option(
    "--provenance/--no-provenance", default=None, help="Whether rows say where they came from."
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A tokenizer.json that counts lengths.",
)
@click.option("--pairs-only", is_flag=True, help="Leave out rows without a rejected answer.")
@_JSON
def export(
    mixture: str,
    output: Path,
    layout: str | None,
    kind: str | None,
    compression: str | None,
    rows_per_file: int | None,
    provenance: bool | None,
    tokenizer: Path | None,
    pairs_only: bool,
    as_json: bool,
) -> None:
    r"""Write the training set of MIXTURE once more, in another format.

    What is not said is as `export:` of the mixture has it. No row is chosen anew.

    \b
    Examples:
      synth export balanced_50 -o sft --format trl_sft
      synth export balanced_50 -o alpaca --format alpaca --jsonl --compression gzip
      synth export advice -o pairs --format trl_dpo --pairs-only --parquet
    """
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.token_lengths import open_tokenizer
    from synth_assets.resources.workshop import Workshop

    said = {
        "format": layout,
        "files": None if kind is None else (kind,),
        "compression": compression,
        "rows_per_file": rows_per_file,
        "provenance": provenance,
    }
    workshop = Workshop(read_settings())
    chosen = workshop.catalogue.mixture(mixture)
    spec = chosen.export.model_copy(update={k: v for k, v in said.items() if v is not None})
    counter = open_tokenizer(tokenizer or chosen.tokenizer_file)
    made = _export(workshop, chosen, output, spec, counter, pairs_only=pairs_only)
    click.echo(json.dumps(_record(made), indent=2) if as_json else "\n".join(_lines(made)))


@click.command()
@click.argument("mixture")
@click.option("--to", "repository", required=True, metavar="OWNER/NAME", help="The data set there.")
@click.option("--private", is_flag=True, help="Make it private if it is new.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def push(mixture: str, repository: str, private: bool, yes: bool) -> None:
    r"""Upload the exported training set of MIXTURE to the Hugging Face Hub.

    Nothing else of `synth` talks to a hub. The token is that of HF_TOKEN or `hf auth login`, the
    address that of HF_ENDPOINT. Data files of an earlier push that this one has not are removed.

    \b
    Example:
      synth push balanced_50 --to me/balanced_50 --private
    """
    from synth_assets.resources.hub import Hub, exported_files
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    chosen = workshop.catalogue.mixture(mixture)
    if not (private or chosen.publish):
        raise TermsError(
            f"Mixture {mixture} is not for publishing: its rows were not held against what their "
            "terms say of giving them on. Set publish: true in mixtures.yaml and run again, or "
            "push --private."
        )
    folder = workshop.home.exports / chosen.id
    files = exported_files(folder)
    hub = Hub(repository)
    kind = "a private data set" if private else "a public data set"
    click.echo(f"To {hub.address}, {kind} if it is new:")
    for file in files:
        click.echo(f"  {file.name}  {_size(file.stat().st_size)}")
    if not yes:
        click.confirm("Upload?", abort=True)
    click.echo(f"Uploaded: {hub.upload(folder, files, private=private)}")


def _export(
    workshop: "Workshop",
    mixture: "Mixture",
    output: Path,
    spec: "ExportSpec",
    counter: "TokenCounter",
    *,
    pairs_only: bool,
) -> "Export":
    from synth_assets.core.export.card import descriptions
    from synth_assets.errors import ConfigurationError
    from synth_assets.resources.card_facts import PublishedSet, card_facts
    from synth_assets.resources.exports import export_training_set
    from synth_assets.resources.frames import read_frame

    home = workshop.home
    rows = Path(str(home.asset("training_sets", mixture.key)))
    if not rows.is_file():
        raise ConfigurationError(
            f"{mixture.id}: there is no training set of its version {mixture.version}. Make it: "
            f"synth run --mixture {mixture.id}"
        )
    told = read_frame(rows)
    published = PublishedSet(
        mixture,
        told.filter(told["rejected"] != "") if pairs_only else told,
        read_frame(home.asset("diversity_snapshots", mixture.key)),
        read_frame(home.asset("collapse_canaries", mixture.key)),
        read_frame(home.asset("held_out_real")),
        read_frame(home.asset("benchmarks")),
    )
    return export_training_set(
        output,
        rows,
        spec,
        counter=counter,
        describe=lambda written: descriptions(card_facts(published, written, workshop)),
        pairs_only=pairs_only,
    )


def _record(made: "Export") -> dict[str, object]:
    return {
        "folder": str(made.folder),
        "bytes": made.rows.bytes,
        "files": [vars(file) for file in made.rows.files],
        "tokenizer": made.rows.tokenizer,
        "tokens": made.rows.lengths.to_dicts(),
    }


def _lines(made: "Export") -> Iterator[str]:
    from synth_assets.cli.tables import indented

    yield f"{made.folder}: {_size(made.rows.bytes)}"
    files = [[each.path, f"{each.rows:,}", _size(each.bytes)] for each in made.rows.files]
    yield from indented([["file", "rows", "size"], *files])
    yield f"Tokens, as {made.rows.tokenizer} counts them:"
    names = ["split", "part", "tokens", "median", "p99", "max"]
    lengths = made.rows.lengths.select(names).iter_rows()
    yield from indented([names, *([s, p, *(f"{n:,}" for n in told)] for s, p, *told in lengths)])


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < _THOUSAND:
            return f"{count:,.0f} {unit}"
        count /= _THOUSAND
    return f"{count:,.1f} GB"
