"""`synth decontaminate`: items of benchmarks among the rows of files."""

import json
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_assets.cli.progress import FileProgress
from synth_assets.errors import ConfigurationError

if TYPE_CHECKING:
    import polars as pl

    from synth_assets.core.config.selection import DecontaminateSpec
    from synth_assets.core.decontaminate.candidates import CandidateJudge
    from synth_assets.core.decontaminate.error_rate import ErrorRate
    from synth_assets.core.decontaminate.finding import Method
    from synth_assets.core.decontaminate.screen import Screen
    from synth_assets.resources.decontamination.asked import Asked
    from synth_assets.resources.decontamination.files import Screened
    from synth_assets.resources.generation.judges import PaidJudges
    from synth_assets.resources.row_files.streams import RowStream

_FILE = click.Path(path_type=Path, dir_okay=False)
_FINDERS = ("near", "perturbed", "rephrased")


@click.command()
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="BENCH",
    help="Files of benchmark items: JSONL, CSV or Parquet, perhaps compressed, globs. Repeatable.",
)
@click.option(
    "--against-column", metavar="COLUMN", help="What an item asks, where it is not called as usual."
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="A column of FILES that is looked at; repeatable. By default chat, prompt, context and "
    "response, or the text, under their usual names.",
)
@click.option("--id", "identity", metavar="COLUMN", help="A column of FILES that names rows.")
@click.option(
    "--ngram",
    default=13,
    show_default=True,
    type=click.IntRange(min=1),
    help="Words in a run that gives an item away; shorter items by runs of 8, or as a whole.",
)
@click.option(
    "--find",
    "methods",
    default="near,perturbed,rephrased",
    show_default=True,
    help="What is looked for besides whole texts and runs of words. `near`: copies with changes; "
    "`perturbed`: copies with other numbers; `rephrased`: the same in other words; `nothing`.",
)
@click.option(
    "--embedder",
    metavar="NAME",
    help="Vectors of meaning, which find more of what is rephrased: `minilm`, a teacher that "
    "embeds, or `sentence-transformers:FOLDER`. By default words and numbers decide.",
)
@click.option(
    "--judge",
    "judge",
    metavar="TEACHER",
    help="A teacher that decides on rows of which the finder of rephrased items is not sure; its "
    "calls are kept in the ledger and held against budgets.yaml.",
)
@click.option(
    "--translate-by",
    "translator",
    metavar="TEACHER",
    help="A teacher that translates items: how many are found in another language is measured too. "
    "Paid as the judge is.",
)
@click.option(
    "--language", default="German", show_default=True, help="Into which --translate-by does."
)
@click.option(
    "--clean",
    multiple=True,
    metavar="FILES",
    help="Rows by people that hold no item: how many of them are flagged is measured. Repeatable.",
)
@click.option("--no-rates", is_flag=True, help="Do not measure how often this errs.")
@click.option("-o", "--output", type=_FILE, help="Where kept rows go: .jsonl, .parquet, .csv.")
@click.option("--decisions", type=_FILE, help="Where one decision a row goes: .parquet, .jsonl.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def decontaminate(
    files: tuple[str, ...],
    against: tuple[str, ...],
    against_column: str | None,
    columns: tuple[str, ...],
    identity: str | None,
    ngram: int,
    methods: str,
    embedder: str | None,
    judge: str | None,
    translator: str | None,
    language: str,
    clean: tuple[str, ...],
    no_rates: bool,
    output: Path | None,
    decisions: Path | None,
    as_json: bool,
) -> None:
    r"""Find rows of FILES that hold items of benchmarks: verbatim, changed or in other words.

    Beside the hits it tells how often it errs: of rows that are made from the items themselves
    (verbatim, in other words, with other numbers) how many it finds, and of clean ones how many it
    flags. Those rows go nowhere else.

    \b
    Examples:
      synth decontaminate train.jsonl --against gsm8k_test.jsonl -o clean.jsonl
      synth decontaminate 'shards/*.parquet' --against 'bench/*.jsonl' --ngram 8 \
          --find near -o clean.parquet --decisions why.parquet
      synth decontaminate train.jsonl --against exam.csv --embedder minilm --judge gpt -o ok.jsonl
      synth decontaminate train.jsonl --against exam.csv --translate-by gpt --language French
    """
    from synth_assets.core.config.selection import DecontaminateSpec, TranslationSpec
    from synth_assets.resources.decontamination.files import SEPARATOR
    from synth_assets.resources.row_files.columns import TextColumns
    from synth_assets.resources.row_files.inputs import find_inputs
    from synth_assets.resources.row_files.streams import RowStream

    stream = RowStream(find_inputs(files), TextColumns(columns, identity, separator=SEPARATOR))
    people = RowStream(find_inputs(clean), stream.said) if clean else None
    if translator and no_rates:
        raise ConfigurationError(
            "--translate-by is for measuring, which --no-rates leaves out. Give one of the two."
        )
    said = DecontaminateSpec(
        embedder=embedder,
        judge=judge,
        translation=TranslationSpec(teacher=translator, language=language) if translator else None,
    )
    with _opened(said, ngram, methods) as rules:
        order = _Order(
            stream, against, against_column, rules, people, not no_rates, output, decisions
        )
        report = order.run(FileProgress(as_json))
    click.echo(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report, order)))


@dataclass(frozen=True)
class _Rules:
    """What is looked for: words in a run, and methods besides, with what they may use."""

    ngram: int
    methods: "tuple[Method, ...]"
    asked: "Asked"

    def screen(self, benchmarks: "pl.DataFrame") -> "Screen":
        """Of these items; where nobody is sure, the judge decides."""
        judge = self.asked.judge
        return self._screen(benchmarks, None if judge is None else judge.judge)

    def alone(self, benchmarks: "pl.DataFrame") -> "Screen":
        """The same without a judge."""
        return self._screen(benchmarks, None)

    def _screen(self, benchmarks: "pl.DataFrame", judge: "CandidateJudge | None") -> "Screen":
        from synth_assets.core.decontaminate.finders import FinderRules
        from synth_assets.core.decontaminate.screen import Screen, ScreenRules

        sources: list[str] = benchmarks["source"].unique().to_list()
        finders = FinderRules(by_source=dict.fromkeys(sources, self.methods))
        rules = ScreenRules(dict.fromkeys(sources, self.ngram), finders)
        return Screen.build(benchmarks.clear(), benchmarks, rules, self.asked.embedder, judge)


@dataclass(frozen=True)
class _Order:
    """What is to be done."""

    files: "RowStream"
    against: tuple[str, ...]
    against_column: str | None
    rules: _Rules
    clean: "RowStream | None"
    measured: bool
    output: Path | None
    decisions: Path | None

    def run(self, progress: FileProgress) -> dict[str, object]:
        """Do it, and say what came of it."""
        from synth_assets.resources.decontamination.benchmark_files import read_benchmarks
        from synth_assets.resources.decontamination.files import screen_files
        from synth_assets.resources.row_files.filtered import plan_output, write_kept
        from synth_assets.resources.row_files.inputs import find_inputs
        from synth_assets.resources.row_files.outputs import check_paths
        from synth_assets.resources.row_files.tables import output_form

        started = time.monotonic()
        outputs = [path for path in (self.output, self.decisions) if path is not None]
        read = (*self.files.files, *find_inputs(self.against))
        check_paths(outputs, [file.path for file in read])
        if self.decisions is not None:
            output_form(self.decisions)
        plan = None
        if self.output is not None:
            plan = plan_output(self.files.files, self.output, progress.of("looking"))
        benchmarks = read_benchmarks(self.against, self.against_column)
        screen = self.rules.screen(benchmarks)
        found = screen_files(self.files, screen, progress.of("reading"))
        if self.decisions is not None:
            _write_decisions(found, self.decisions, progress)
        if plan is not None:
            write_kept(plan, found.kept, progress.of("writing"))
        rates = self._rates(screen, benchmarks) if self.measured else None
        progress.close()
        report = _report(found, benchmarks, rates, time.monotonic() - started)
        return report | _asked(self.rules.asked)

    def _rates(self, screen: "Screen", benchmarks: "pl.DataFrame") -> "ErrorRate":
        from synth_assets.core.decontaminate.error_rate import Shadow, measure_error_rate

        # What is measured are finders at their thresholds.
        asked = self.rules.asked
        screen = screen if asked.judge is None else self.rules.alone(benchmarks)
        chunks = self.clean.chunks() if self.clean is not None else ()
        texts = [text for chunk in chunks for text in chunk.texts]
        alone, translator = self.rules.alone, asked.translator
        if translator is None:
            return measure_error_rate(screen, benchmarks, texts, alone)
        shadow, translate = Shadow(translated=translator.items), translator.translate
        return measure_error_rate(screen, benchmarks, texts, alone, shadow, translate=translate)


@contextmanager
def _opened(said: "DecontaminateSpec", ngram: int, methods: str) -> Generator[_Rules]:
    """Read what is looked for, and open what may be asked."""
    from synth_assets.cli.choices import chosen
    from synth_assets.core.decontaminate.finding import Method
    from synth_assets.resources.decontamination.asked import STAGE, Asked, opened
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    names = chosen("--find", "" if methods == "nothing" else methods, _FINDERS)
    looked_for = tuple(map(Method, names))
    if (said.embedder or said.judge) and Method.REPHRASED not in looked_for:
        raise ConfigurationError(
            "--embedder and --judge help to find what is rephrased, which is not looked for. Add "
            "rephrased to --find, or leave them out."
        )
    if said == type(said)():
        yield _Rules(ngram, looked_for, Asked())
        return
    with opened(Workshop(read_settings()), said, f"{STAGE} files") as asked:
        yield _Rules(ngram, looked_for, asked)


def _write_decisions(found: "Screened", decisions: Path, progress: FileProgress) -> None:
    from synth_assets.resources.row_files.decisions import FILE_DECISION_SCHEMA
    from synth_assets.resources.row_files.tables import open_table

    told = progress.counted("explaining")
    with open_table(decisions, FILE_DECISION_SCHEMA) as table:
        for frame in found.decision_frames():
            table.write(frame)
            told(table.rows, len(found.kept))


def _report(
    found: "Screened", benchmarks: "pl.DataFrame", rates: "ErrorRate | None", seconds: float
) -> dict[str, object]:
    from synth_assets.core.decontaminate.error_rate import ANY

    methods = Counter(overlap.method.value for overlap in found.overlaps.values())
    items = {overlap.item_id for overlap in found.overlaps.values()}
    kept = int(found.kept.sum())
    return {
        "rows": len(found.kept),
        "kept": kept,
        "dropped": len(found.kept) - kept - found.errored,
        "errored": found.errored,
        "methods": dict(methods.most_common()),
        "items": benchmarks.height,
        "items_found": len(items),
        "error_rates": None if rates is None else rates.table.filter(method=ANY).to_dicts(),
        "untranslated": 0 if rates is None else rates.untranslated,
        "seconds": round(seconds, 2),
    }


def _asked(asked: "Asked") -> dict[str, object]:
    told: dict[str, object] = {}
    if asked.judge is not None:
        told["judge"] = _spent(asked.judge.judge.name, asked.judge.paid)
    if asked.translator is not None:
        translate = asked.translator.translate
        told["translator"] = _spent(translate.name, asked.translator.paid)
    return told


def _spent(teacher: str, paid: "PaidJudges") -> dict[str, object]:
    spent = paid.spending
    return {
        "teacher": teacher,
        "asked": spent.bought + spent.from_ledger,
        "bought": spent.bought,
        "cost_usd": None if spent.unpriced else spent.spent_usd_pico / 1e12,
    }


def _lines(report: dict[str, object], order: _Order) -> Iterator[str]:
    from synth_assets.cli.tables import indented, usd

    errored = f", {report['errored']:,} that nobody decided on" if report["errored"] else ""
    yield (
        f"{report['rows']:,} rows: {report['kept']:,} kept, {report['dropped']:,} dropped for "
        f"{report['items_found']:,} of {report['items']:,} items{errored}; {report['seconds']:,} s"
    )
    methods: dict[str, int] = report["methods"]  # pyright: ignore[reportAssignmentType]
    if methods:
        yield from indented([["found as", "rows"], *([k, f"{n:,}"] for k, n in methods.items())])
    for role, what in (("judge", "asked about {:,} rows"), ("translator", "asked for {:,} items")):
        asked: dict[str, Any] | None = report.get(role)  # pyright: ignore[reportAssignmentType]
        if asked:
            yield (
                f"{asked['teacher']} was {what.format(asked['asked'])}; {asked['bought']:,} of the "
                f"calls were bought now, for {usd(asked['cost_usd'])} US dollars"
            )
    rates: list[dict[str, object]] | None = report["error_rates"]  # pyright: ignore[reportAssignmentType]
    if rates:
        yield "How often it errs, on rows made for measuring, which go nowhere else:"
        yield from indented(
            [
                ["rows", "looked at", "flagged", "share", "95 % interval", "flagged is"],
                *map(_rate, rates),
            ]
        )
    if report["untranslated"]:
        yield f"Of {report['untranslated']:,} items there is no translation; they are not counted."
    if order.output is not None:
        yield f"Kept rows: {order.output}"
    if order.decisions is not None:
        yield f"Why: {order.decisions}"


def _rate(row: dict[str, object]) -> list[str]:
    return [
        str(row["rows"]),
        f"{row['looked_at']:,}",
        f"{row['flagged']:,}",
        f"{row['share']:.1%}",
        f"{row['low']:.1%} to {row['high']:.1%}",
        "right" if row["contaminated"] else "wrong",
    ]
