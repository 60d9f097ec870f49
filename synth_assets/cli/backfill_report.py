"""A backfill, told as it goes, and what it came to."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime

import click

from synth_assets.cli.results import strays_as_messages
from synth_assets.cli.run import INTERRUPTED, PENDING, job_line
from synth_assets.cli.tables import indented, usd
from synth_assets.core.config.budgets import Cap
from synth_assets.core.config.names import NAME_PATTERN
from synth_assets.defs.backfills import Backfill
from synth_assets.defs.running import JobRun, open_instance
from synth_assets.errors import BackfillError
from synth_assets.resources.backfill_report import BackfillBooks, BackfillReport
from synth_assets.resources.settings import read_settings, switch_off_telemetry
from synth_assets.resources.version_figures import VersionFigures
from synth_assets.resources.workshop import Workshop


def backfill_and_report(
    recipes: Sequence[str],
    name: str | None,
    cap: Cap | None,
    lanes: int | None,
    *,
    as_json: bool,
) -> int:
    """Backfill and print what it made.

    Args:
        recipes: ids; all but those made on request by default.
        name: of the backfill; by default the time.
        cap: the most it may spend.
        lanes: processes that fill at the same time.
        as_json: print one JSON object at the end, and nothing else.

    Returns:
        0 when everything was made, 1 when something failed, 75 when batches are waited for, 130
        after Ctrl-C.

    Raises:
        BackfillError: if the name is none, or a backfill of that name is at it.
        UnknownNameError: for a recipe that there is not.
    """
    switch_off_telemetry()
    name = checked_name(name or f"backfill-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    say = _silent if as_json else click.echo
    workshop = Workshop(
        read_settings(), announce=lambda line: say(f"    {line}"), run=name, run_cap=cap
    )
    books = BackfillBooks(workshop, name)
    runs: list[JobRun] = []
    with open_instance(workshop.home) as instance:
        backfill = Backfill(workshop, instance, recipes, lanes)
        missing = backfill.missing()
        if missing.is_nothing:
            click.echo("Nothing is missing and nothing is out of date.", err=as_json)
            if not as_json:
                return 0
            return _tell(books.read() or BackfillReport(name), runs, as_json=True)
        report = books.begin([recipe.key for recipe in missing.recipes])
        say(f"Backfill {name}: {len(missing.recipes)} recipe versions to fill")
        try:
            with strays_as_messages() if as_json else nullcontext():
                for finished in backfill.run(missing):
                    runs.append(finished)
                    say(job_line(finished))
        except KeyboardInterrupt:
            click.echo(
                f"Stopped. What was bought is kept; it goes on with --name {name}.", err=True
            )
            return INTERRUPTED
        finally:
            report = books.finish(report)
    return _tell(report, runs, as_json=as_json)


def _tell(report: BackfillReport, runs: Sequence[JobRun], *, as_json: bool) -> int:
    """Print what a backfill came to, and give its exit code."""
    failures = [failure for finished in runs for failure in finished.failures]
    pending = [message for finished in runs for message in finished.pending]
    for line in (*(f"failed: {each}" for each in failures), *(f"waiting: {e}" for e in pending)):
        click.echo(line, err=True)
    if as_json:
        record = {**report.as_json(), "runs": [vars(each) for each in runs], "failures": failures}
        click.echo(json.dumps(record, indent=2))
    else:
        click.echo("\n".join(report_lines(report)))
    return 1 if failures else PENDING if pending else 0


def checked_name(name: str) -> str:
    """The name of a backfill.

    Raises:
        BackfillError: if it cannot be one; it becomes a file name and an account.
    """
    if not re.fullmatch(NAME_PATTERN.rstrip("$"), name):
        raise BackfillError(
            f"{name[:80]!r} cannot name a backfill: use lower case letters, digits, `_` and `-`, a "
            "letter first, at most 63."
        )
    return name


def report_lines(report: BackfillReport) -> Iterator[str]:
    """What a backfill came to, for people."""
    yield ""
    if report.before:
        rows = [["recipe version", "rows", "before", "accepted", "before", "calls bought"]]
        for key, before in report.before.items():
            rows.append([key, *_effect(report.filled.get(key), before)])
        yield from indented(rows)
    for name, rows_of in report.sets.items():
        if rows_of.after is not None:
            then = "" if rows_of.before is None else f", before {rows_of.before:,}"
            yield f"  training set {name}: {rows_of.after:,} rows{then}"
    yield f"  spent: {usd(report.cost_usd)} USD, {report.tokens:,} tokens"


def _effect(after: VersionFigures | None, before: VersionFigures | None) -> Iterator[str]:
    yield "-" if after is None else f"{after.accepted:,}"
    yield "-" if before is None or before.accepted is None else f"{before.accepted:,}"
    for each in (after, before):
        known = each is not None and each.acceptance is not None
        yield f"{each.acceptance:.1%}" if known and each is not None else "-"
    yield "-" if after is None else f"{after.calls_bought:,}"


def _silent(line: str) -> None:
    return
