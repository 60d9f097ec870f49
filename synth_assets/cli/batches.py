"""`synth batches`: what waits at providers, and fetching it."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click

from synth_assets.cli.tables import indented, usd
from synth_assets.errors import TeacherError, UnknownNameError
from synth_assets.resources.batches.books import BatchBooks, Unassigned
from synth_assets.resources.batches.courier import Courier
from synth_assets.resources.batches.round_trip import Poll, cancel, poll
from synth_assets.resources.batches.states import Batch
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

INTERRUPTED = 130
_NOTHING_YET = '{"batches": [], "unassigned": {"requests": 0, "reserved_usd": 0.0}}'
_COLUMNS = (
    "batch",
    "teacher",
    "state",
    "requests",
    "answered",
    "failed",
    "age",
    "USD reserved",
)


def report_batches(
    *, ask: bool, wait: bool, cancelled: str | None, every_s: float, as_json: bool
) -> int:
    """Carry batches on as asked, then list them.

    Args:
        ask: ask the providers once.
        wait: ask them until no batch is open.
        cancelled: name of a batch to cancel.
        every_s: seconds between two rounds of asking.
        as_json: print JSON.

    Returns:
        0; 1 where a batch could not be carried on; 130 after Ctrl-C.

    Raises:
        UnknownNameError: if there is no batch of the name to cancel.
        TeacherError: if a provider refuses to cancel.
    """
    workshop = Workshop(read_settings())
    if not workshop.home.ledger.exists():
        click.echo(_NOTHING_YET if as_json else "No batches: there is no ledger yet.")
        return 0
    failures: dict[str, str] = {}
    with workshop.ledger() as ledger:
        books = BatchBooks(ledger)
        courier = Courier(books, workshop.catalogue.teachers)
        try:
            if cancelled is not None:
                asyncio.run(_cancelled(courier, cancelled))
            if wait:
                failures = asyncio.run(_waited(courier, every_s))
            elif ask and books.count_open():
                failures = _told_poll(asyncio.run(poll(courier)))
        except KeyboardInterrupt:
            click.echo("Stopped. The batches go on; `synth batches --wait` looks again.", err=True)
            return INTERRUPTED
        finally:
            _show(books.all(), books.unassigned(), as_json=as_json)
    return 1 if failures else 0


async def _waited(courier: Courier, every_s: float) -> dict[str, str]:
    """Ask until no batch is open; those that failed in the last round are still named."""
    failures: dict[str, str] = {}
    started = time.monotonic()
    while courier.books.count_open():
        polled = await poll(courier)
        failures = _told_poll(polled)
        left = courier.books.open()
        if not left:
            break
        done = sum(batch.answered + batch.failed for batch in left)
        requests = sum(batch.requests for batch in left)
        minutes = (time.monotonic() - started) / 60
        click.echo(
            f"{len(left):,} batches open, {done:,} of their {requests:,} requests done, "
            f"{minutes:,.1f} min; next look in {every_s:g} s",
            err=True,
        )
        await asyncio.sleep(every_s)
    return failures


async def _cancelled(courier: Courier, name: str) -> None:
    batch = courier.books.named(name)
    if batch is None:
        known = ", ".join(batch.name for batch in courier.books.open())
        raise UnknownNameError(f"There is no batch {name!r}. Open: {known or 'none'}.")
    try:
        now = await cancel(courier, batch)
    except AttemptFailedError as exc:
        raise TeacherError(
            f"Batch {name} of teacher {batch.teacher} cannot be cancelled now: {exc.said}\n"
            "Try again later; nothing was changed."
        ) from None
    click.echo(f"{name}: {now.state} {now.said}".rstrip(), err=True)


def _told_poll(polled: Poll) -> dict[str, str]:
    if polled.busy:
        click.echo("Another process is asking about the batches now.", err=True)
    for batch in polled.closed:
        click.echo(
            f"{batch.name}: {batch.state}, {batch.answered:,} answered, {batch.failed:,} failed "
            f"{batch.said}".rstrip(),
            err=True,
        )
    for name, said in polled.failures.items():
        click.echo(f"{name} could not be carried on: {said}", err=True)
    return polled.failures


def _show(batches: Sequence[Batch], unassigned: Unassigned, *, as_json: bool) -> None:
    if as_json:
        shown = [{**asdict(batch), "open": batch.is_open} for batch in batches]
        click.echo(json.dumps({"batches": shown, "unassigned": asdict(unassigned)}, indent=2))
        return
    if not batches:
        click.echo("No batches.")
    else:
        now = datetime.now(UTC)
        click.echo("\n".join(indented([_COLUMNS, *(_row(batch, now) for batch in batches)])))
    for batch in batches:
        if batch.is_open and batch.said:
            click.echo(f"{batch.name}: {batch.said}")
    if unassigned.requests:
        click.echo(
            f"{unassigned.requests:,} requests wait for the next run to put them into a batch "
            f"({usd(unassigned.reserved_usd)} USD reserved)."
        )


def _row(batch: Batch, now: datetime) -> list[str]:
    return [
        batch.name,
        batch.teacher,
        batch.state.value,
        f"{batch.requests:,}",
        f"{batch.answered:,}",
        f"{batch.failed:,}",
        _age(batch.age_s(now)),
        usd(batch.reserved_usd),
    ]


def _age(seconds: float) -> str:
    minutes = int(seconds) // 60
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
