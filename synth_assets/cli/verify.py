"""`synth verify`: verifiers on a file of one's own."""

import inspect
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synth_assets.core.verify.catalogue import VerifierSpec
    from synth_assets.core.verify.stage import VerifyResult
    from synth_assets.resources.row_files.rows import RowFile
    from synth_assets.resources.workshop import Workshop

_FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True)
class _Order:
    """What is to be run: verifiers, and the files that they may name."""

    verifiers: "tuple[VerifierSpec, ...]"
    files: dict[str, str]


def _list_kinds(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        for line in _kinds():
            click.echo(line)
        context.exit()


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--verifier",
    "said",
    multiple=True,
    help="A verifier: its kind, or as in a recipe: '{kind: math, answer: whole}'. Repeatable.",
)
@click.option("--verifiers", "listed", type=_FILE, help="A YAML file with `verifiers:` in it.")
@click.option("--recipe", help="The verifiers of a recipe, with its files.")
@click.option("-o", "--output", type=_FILE, help="Where kept rows go: .jsonl, .parquet, .csv.")
@click.option("--decisions", type=_FILE, help="Where one decision a row goes: .parquet, .jsonl.")
@click.option("--verdicts", type=_FILE, help="Where every verdict goes: .parquet, .jsonl.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="PART=COLUMN",
    help="Which column holds prompt, response, reference, context, history, rejected, messages, "
    "id; needed only where they are not called as usual.",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_kinds,
    help="List the verifiers there are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def verify(
    file: Path,
    said: tuple[str, ...],
    listed: Path | None,
    recipe: str | None,
    output: Path | None,
    decisions: Path | None,
    verdicts: Path | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    r"""Let verifiers judge the rows of FILE: JSONL, CSV or Parquet, perhaps gzipped.

    Rows are kept as they stand in the file; from JSONL to JSONL, to the byte. A row that a verifier
    could not decide is errored: neither kept nor dropped. Files that a verifier names, such as
    a JSON schema, lie beside the file of --verifiers, or in the working folder.

    Exit code 1 where every row is errored, as nothing was verified then.

    \b
    Examples:
      synth verify answers.jsonl --verifier math -o kept.jsonl
      synth verify qa.parquet --verifier grounding --verifier failure_modes \
          --column prompt=q --column response=a -o kept.parquet --decisions d.parquet
      synth verify chats.jsonl --verifier '{kind: personal_data, action: redact}' -o clean.jsonl
      synth verify rows.jsonl --recipe math_word_problems --verdicts verdicts.parquet
    """
    from synth_assets.core.generation.budget import Payer
    from synth_assets.core.verify.stage import verify_samples
    from synth_assets.resources.row_files.rows import check_outputs, read_rows
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    order = _order(workshop, said, listed, recipe)
    check_outputs([path for path in (output, decisions, verdicts) if path is not None], file)
    rows = read_rows(file, columns)
    if not as_json:
        click.echo(f"{len(rows.samples):,} rows of {file}: {rows.columns.told}")
    progress = _Progress(as_json)
    payer, teachers = Payer("verify", f"verify {file.name}"), workshop.catalogue.teachers
    with workshop.judging(order.verifiers, teachers, "synth verify", "verify", payer) as using:
        result = verify_samples(
            rows.frame, "file", order.verifiers, order.files, using.tools, progress.told
        )
    _write(rows, result, output, decisions, verdicts)
    report = _report(result, progress.seconds)
    click.echo(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report, output)))
    sys.exit(1 if result.stage.counts["errored"] == len(rows.samples) else 0)


def _order(
    workshop: "Workshop", said: Sequence[str], listed: Path | None, recipe: str | None
) -> _Order:
    from synth_assets.core.config.verifier_reading import parse_verifier, parse_verifiers
    from synth_assets.errors import ConfigurationError
    from synth_assets.resources.recipe_folder import read_named_texts, read_text

    verifiers: list[VerifierSpec] = []
    files: dict[str, str] = {}
    if recipe is not None:
        found = workshop.catalogue.recipe(recipe)
        verifiers += found.spec.verifiers
        files |= found.files
    if listed is not None:
        verifiers += parse_verifiers(read_text(listed, ConfigurationError), str(listed))
    verifiers += [parse_verifier(each) for each in said]
    if not verifiers:
        raise ConfigurationError(
            "no verifier is named. Name one with --verifier KIND, or a recipe with --recipe; "
            "`synth verify --list` tells which there are."
        )
    folder = Path() if listed is None else listed.parent
    return _Order(tuple(verifiers), {**read_named_texts(folder, verifiers), **files})


def _write(
    rows: "RowFile",
    result: "VerifyResult",
    output: Path | None,
    decisions: Path | None,
    verdicts: Path | None,
) -> None:
    from synth_assets.core.sample import samples_of
    from synth_assets.resources.row_files.rows import write_table

    if output is not None:
        rows.write(output, list(samples_of(result.stage.kept)))
    for path, table in ((decisions, result.stage.decisions), (verdicts, result.verdicts)):
        if path is not None:
            write_table(path, table)


def _report(result: "VerifyResult", seconds: dict[str, float]) -> dict[str, object]:
    found: dict[str, Counter[str]] = {}
    for kind, outcome in result.verdicts.select("verifier", "outcome").iter_rows():
        found.setdefault(kind, Counter())[outcome] += 1
    errors = result.verdicts.filter(result.verdicts["outcome"] == "errored")
    return {
        **result.stage.counts,
        "reasons": result.stage.reasons,
        "verifiers": {
            kind: {
                **{name: counts[name] for name in ("accepted", "rejected", "errored")},
                "seconds": round(seconds.get(kind, 0.0), 3),
            }
            for kind, counts in found.items()
        },
        "first_error": None if errors.is_empty() else errors["evidence"][0],
    }


def _lines(report: dict[str, object], output: Path | None) -> Iterator[str]:
    from synth_assets.cli.tables import indented

    kept, dropped, errored = (report[name] for name in ("kept", "dropped", "errored"))
    yield f"{kept:,} kept, {dropped:,} dropped, {errored:,} errored"
    reasons: dict[str, int] = report["reasons"]  # pyright: ignore[reportAssignmentType]
    if reasons:
        yield from indented([["reason", "rows"], *([k, f"{n:,}"] for k, n in reasons.items())])
    verifiers: dict[str, dict[str, float]] = report["verifiers"]  # pyright: ignore[reportAssignmentType]
    yield from indented(
        [
            ["verifier", "accepted", "rejected", "errored", "seconds"],
            *(
                [kind, *(f"{told[n]:,}" for n in ("accepted", "rejected", "errored", "seconds"))]
                for kind, told in verifiers.items()
            ),
        ]
    )
    if reasons.get("no_reference"):
        yield "Rows without a reference: name its column, --column reference=COLUMN."
    if report["first_error"]:
        yield f"The first error: {report['first_error']}"
    if output is not None:
        yield f"Kept rows: {output}"


class _Progress:
    """Says on a terminal how far each verifier is, and how long it took."""

    def __init__(self, silent: bool) -> None:
        self._shown = not silent and sys.stderr.isatty()
        self._since = time.monotonic()
        self._last = 0.0
        self.seconds: dict[str, float] = {}

    def told(self, kind: str, done: int, of: int) -> None:
        now = time.monotonic()
        self.seconds[kind] = self.seconds.get(kind, 0.0) + (now - self._since if done else 0.0)
        self._since = now
        if self._shown and (now - self._last > 0.2 or done == of):
            self._last = now
            sys.stderr.write(f"\r{kind}: {done:,} of {of:,}\x1b[K" + ("\n" if done == of else ""))
            sys.stderr.flush()


def _kinds() -> Iterator[str]:
    from synth_assets.cli.tables import indented
    from synth_assets.core.config.verifier_reading import verifier_kinds

    rows = [
        [kind, (inspect.getdoc(cls) or "").partition("\n")[0]]
        for kind, cls in verifier_kinds().items()
    ]
    yield from indented([["kind", "what it says of a row that it accepts"], *rows])
