"""`synth dedup`: duplicates among the rows of files."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synth_assets.cli.progress import FileProgress

if TYPE_CHECKING:
    from synth_assets.core.dedup.join import Matches
    from synth_assets.core.dedup.sketch import DedupRule
    from synth_assets.core.embedding.protocol import Embedder
    from synth_assets.resources.dedup.files import FileDedup
    from synth_assets.resources.row_files.streams import RowStream

_FILE = click.Path(path_type=Path, dir_okay=False)
_METHODS = ("exact", "near", "semantic")
_FOLDS = ("unicode", "case", "white_space", "punctuation")


@click.command()
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="A column whose text is compared; repeatable. By default prompt and response, or a chat, "
    "or the text, under their usual names.",
)
@click.option(
    "--method",
    default="exact,near",
    show_default=True,
    help="`exact`: texts that read the same; `near`: besides, texts most of whose runs of words "
    "are the same; `semantic`: besides, texts alike in meaning, by --embedder and --meaning.",
)
@click.option(
    "--threshold",
    default=0.8,
    show_default=True,
    help="Jaccard similarity from which on a text is a near-duplicate.",
)
@click.option(
    "--embedder",
    default="minilm",
    show_default=True,
    help="What makes vectors: `minilm`, `tfidf`, or `sentence-transformers:FOLDER`.",
)
@click.option(
    "--meaning",
    default=0.95,
    show_default=True,
    help="Cosine from which on texts are alike in meaning.",
)
@click.option(
    "--any-numbers",
    is_flag=True,
    help="Texts alike in meaning need not tell of the same numbers; by default they must.",
)
@click.option(
    "--recall",
    default=0.999,
    show_default=True,
    help="Least probability that a pair at the threshold is found; more similar ones are with a "
    "higher one.",
)
@click.option(
    "--shingles",
    default="words:5",
    show_default=True,
    help="Runs of so many `words`, `plain_words` (no symbols), `characters`, or tokens of `code`.",
)
@click.option(
    "--ignore",
    default="unicode,case,white_space",
    show_default=True,
    help="What texts that read the same may differ in; also `punctuation`; `nothing`.",
)
@click.option(
    "--prefer", metavar="COLUMN", help="Of duplicates keep the row with the highest number here."
)
@click.option("--id", "identity", metavar="COLUMN", help="A column that names rows.")
@click.option(
    "--against",
    multiple=True,
    metavar="FILES",
    help="Files whose rows are there already: what repeats one of them is dropped. Repeatable.",
)
@click.option("-o", "--output", type=_FILE, help="Where kept rows go: .jsonl, .parquet, .csv.")
@click.option("--decisions", type=_FILE, help="Where one decision a row goes: .parquet, .jsonl.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Threads of this machine; by default one a processor.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Have the workers of a Dask cluster do it, by the address of its scheduler, such as "
    "tcp://10.0.0.7:8786. What comes out is the same.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def dedup(
    files: tuple[str, ...],
    columns: tuple[str, ...],
    method: str,
    threshold: float,
    embedder: str,
    meaning: float,
    any_numbers: bool,
    recall: float,
    shingles: str,
    ignore: str,
    prefer: str | None,
    identity: str | None,
    against: tuple[str, ...],
    output: Path | None,
    decisions: Path | None,
    workers: int | None,
    cluster: str | None,
    as_json: bool,
) -> None:
    r"""Find rows of FILES that repeat others: JSONL, CSV or Parquet, perhaps compressed, globs.

    Of two duplicates the one stays that --prefer says, then the longer; the order of rows and files
    plays no part. Every near-duplicate is verified; none is dropped for a row that is dropped
    itself. Files may be larger than memory: for a while each row takes about 1.5 kB of disk, beside
    the output or where TMPDIR says.

    \b
    Examples:
      synth dedup data.jsonl -o kept.jsonl
      synth dedup 'shards/*.parquet' --column text --threshold 0.7 -o kept.parquet \
          --decisions why.parquet
      synth dedup new.jsonl --against 'earlier/*.jsonl.gz' -o novel.jsonl
      synth dedup src.jsonl --column code --shingles code:10 -o kept.jsonl
      synth dedup 'shards/*.jsonl.gz' --cluster tcp://10.0.0.7:8786 -o kept.jsonl
    """
    from synth_assets.resources.row_files.columns import TextColumns
    from synth_assets.resources.row_files.inputs import find_inputs
    from synth_assets.resources.row_files.streams import RowStream

    rule = _rule(method, threshold, recall, shingles, ignore)
    numbers = () if prefer is None else (prefer,)
    stream = RowStream(find_inputs(files), TextColumns(columns, identity, numbers))
    known = RowStream(find_inputs(against), TextColumns(columns)) if against else None
    by_meaning = _Vectors(embedder, meaning, not any_numbers)
    vectors = by_meaning if "semantic" in method.split(",") else None
    if cluster is not None and vectors is not None:
        raise click.BadParameter(
            "--cluster: vectors are made and compared on one machine. Take --method exact,near "
            "with it; then, without it, --method semantic for what was kept."
        )
    progress = FileProgress(as_json)
    order = _Order(rule, vectors, stream, known, output, decisions, workers, cluster, progress)
    report = order.run()
    click.echo(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report, order)))


@dataclass(frozen=True)
class _Vectors:
    """How likeness in meaning is told."""

    embedder: str
    threshold: float
    same_numbers: bool

    def opened(self) -> "Embedder":
        """What makes vectors."""
        from synth_assets.resources.embedding.opening import open_embedder

        return open_embedder(self.embedder)


@dataclass(frozen=True)
class _Order:
    """What is to be done."""

    rule: "DedupRule"
    vectors: _Vectors | None
    files: "RowStream"
    against: "RowStream | None"
    output: Path | None
    decisions: Path | None
    workers: int | None
    cluster: str | None
    progress: FileProgress

    def run(self) -> dict[str, object]:
        """Do it, and say what came of it."""
        import os

        from synth_assets.resources.dedup.files import FileDedup
        from synth_assets.resources.row_files.filtered import plan_output, write_kept
        from synth_assets.resources.row_files.outputs import check_paths
        from synth_assets.resources.row_files.tables import output_form

        started = time.monotonic()
        read = [*self.files.files, *(self.against.files if self.against else ())]
        outputs = [path for path in (self.output, self.decisions) if path is not None]
        check_paths(outputs, [file.path for file in read])
        if self.decisions is not None:
            output_form(self.decisions)
        plan = None
        if self.output is not None:
            plan = plan_output(self.files.files, self.output, self.progress.of("looking"))
        folder = outputs[0].absolute().parent if outputs else None
        with FileDedup.opened(
            self.rule,
            self.files,
            self.against,
            workers=self.workers or os.cpu_count() or 1,
            cluster=self.cluster,
            embedder=None if self.vectors is None else self.vectors.opened(),
            folder=folder,
            on_advance=self.progress.of("reading"),
        ) as work:
            told = self.progress.counted("comparing")
            if self.vectors is None:
                found = work.matches(told)
            else:
                meaning, same_numbers = self.vectors.threshold, self.vectors.same_numbers
                found = work.matches(told, meaning, same_numbers=same_numbers)
            kept = found.kept[work.known :] < 0
            if self.decisions is not None:
                self._write_decisions(work, found, self.decisions)
            report = _report(work, found, time.monotonic() - started)
        if plan is not None:
            write_kept(plan, kept, self.progress.of("writing"))
        self.progress.close()
        return report

    def _write_decisions(self, work: "FileDedup", found: "Matches", decisions: Path) -> None:
        from synth_assets.resources.dedup.decided import decision_frames
        from synth_assets.resources.row_files.decisions import FILE_DECISION_SCHEMA
        from synth_assets.resources.row_files.tables import open_table

        told = self.progress.counted("explaining")
        with open_table(decisions, FILE_DECISION_SCHEMA) as table:
            for frame in decision_frames(work, found):
                table.write(frame)
                told(table.rows, work.rows)


def _rule(method: str, threshold: float, recall: float, shingles: str, ignore: str) -> "DedupRule":
    from synth_assets.cli.choices import chosen
    from synth_assets.core.dedup.code_points import Unit
    from synth_assets.core.dedup.exact import ExactRule
    from synth_assets.core.dedup.shingling import Shingling
    from synth_assets.core.dedup.sketch import DedupRule

    methods = chosen("--method", method, _METHODS)
    folds = chosen("--ignore", "" if ignore == "nothing" else ignore, _FOLDS)
    unit_name, _, size = shingles.partition(":")
    [unit_name] = chosen("--shingles", unit_name, [unit.value for unit in Unit])
    shingling = Shingling.usual(Unit(unit_name))
    if size:
        if not size.isdecimal():
            raise click.BadParameter(f"--shingles {shingles}: write a number, such as words:5.")
        shingling = Shingling(shingling.unit, int(size))
    exact = ExactRule(**{fold: fold in folds for fold in _FOLDS})
    rule = DedupRule(threshold, recall, shingling, exact, near="near" in methods)
    _ = rule.banding
    return rule


def _report(work: "FileDedup", found: "Matches", seconds: float) -> dict[str, object]:
    import numpy as np

    from synth_assets.core.dedup.explanation import REASONS
    from synth_assets.core.dedup.join import Method
    from synth_assets.core.schema import Reason
    from synth_assets.resources.dedup.decided import names_of

    kept, method = found.kept[work.known :], found.method[work.known :]
    reasons = Counter({Reason.NOT_NOVEL.value: int(((kept >= 0) & (kept < work.known)).sum())})
    for each, reason in REASONS.items():
        reasons[reason.value] += int(((method == Method(each)) & (kept >= work.known)).sum())
    clusters, sizes = np.unique(kept[kept >= 0], return_counts=True)
    largest = np.argsort(-sizes, kind="stable")[:3]
    names = names_of(work, clusters[largest])
    return {
        "rows": work.rows,
        "kept": int((kept < 0).sum()),
        "dropped": int((kept >= 0).sum()),
        "reasons": {name: rows for name, rows in reasons.most_common() if rows},
        "clusters": len(clusters),
        "largest": [
            {"kept": name, "rows": int(size) + 1}
            for name, size in zip(names, sizes[largest].tolist(), strict=True)
        ],
        "pairs_compared": found.compared,
        "seconds": round(seconds, 2),
    }


def _lines(report: dict[str, object], order: _Order) -> Iterator[str]:
    from synth_assets.cli.tables import indented

    yield (
        f"{report['rows']:,} rows: {report['kept']:,} kept, {report['dropped']:,} dropped in "
        f"{report['clusters']:,} clusters; {report['seconds']:,} s"
    )
    reasons: dict[str, int] = report["reasons"]  # pyright: ignore[reportAssignmentType]
    if reasons:
        yield from indented([["reason", "rows"], *([k, f"{n:,}"] for k, n in reasons.items())])
    largest: list[dict[str, object]] = report["largest"]  # pyright: ignore[reportAssignmentType]
    if largest:
        rows = [[str(each["kept"]), f"{each['rows']:,}"] for each in largest]
        yield from indented([["the largest clusters: kept", "rows"], *rows])
    if order.output is not None:
        yield f"Kept rows: {order.output}"
    if order.decisions is not None:
        yield f"Why: {order.decisions}"
    elif report["dropped"]:
        yield "To see why each row went: --decisions FILE.parquet"
