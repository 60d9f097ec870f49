"""What the commands of `synth ledger` print."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from synth_assets.cli.tables import indented, usd
from synth_assets.core.config.budgets import Cap
from synth_assets.errors import ConfigurationError, LedgerError
from synth_assets.resources.ledger.exchange import Chosen, export_completions, import_completions
from synth_assets.resources.ledger.pruning import Selection, What, foresee, prune
from synth_assets.resources.ledger.reports import (
    LedgerReport,
    NamedAccount,
    Story,
    Sum,
    report,
    story,
)
from synth_assets.resources.ledger.salvage import repair
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_MB = 1_000_000


@dataclass(frozen=True)
class PruneOptions:
    """What the user asked `synth ledger prune` for."""

    days: float | None
    recipe: str | None
    teacher: str | None
    failures: bool
    raw_responses: bool
    yes: bool

    def selection(self, now: datetime) -> Selection:
        """Which rows that is.

        Raises:
            ConfigurationError: if nothing was chosen, or two things at once.
        """
        if self.failures and self.raw_responses:
            raise ConfigurationError("Give --failures or --raw-responses, one at a time.")
        narrowed = self.days is not None or self.recipe is not None or self.teacher is not None
        if not (narrowed or self.failures or self.raw_responses):
            raise ConfigurationError(
                "Say what to prune: --older-than DAYS, --recipe ID, --teacher ID, --failures, "
                "--raw-responses; see `synth ledger prune --help`."
            )
        what = What.FAILURES if self.failures else What.COMPLETIONS
        what = What.RAW_RESPONSES if self.raw_responses else what
        before = None if self.days is None else _moment(now - timedelta(days=self.days))
        return Selection(what, before, self.recipe, self.teacher)


def stats_text(*, as_json: bool) -> str:
    """What the ledger holds.

    Raises:
        LedgerError: if there is none, or it cannot be read.
    """
    workshop = _workshop_with_ledger()
    with workshop.ledger() as ledger:
        made = report(ledger, workshop.catalogue.budgets)
    if as_json:
        return json.dumps(_stats_record(made), indent=2)
    return "\n".join(_stats_lines(made))


def show_text(prefix: str, *, as_json: bool) -> str:
    """One request.

    Raises:
        LedgerError: if there is no ledger, or the completion is damaged.
        UnknownNameError: if the prefix fits none or several.
    """
    with _workshop_with_ledger().ledger() as ledger:
        told = story(ledger, prefix)
    if as_json:
        return json.dumps(_story_record(told), indent=2, ensure_ascii=False)
    return "\n".join(_story_lines(told))


def prune_text(options: PruneOptions, *, as_json: bool) -> str:
    """What was pruned, or would be.

    Raises:
        ConfigurationError: if nothing was chosen.
        LedgerError: if there is no ledger, or others buy.
    """
    selection = options.selection(datetime.now(UTC))
    with _workshop_with_ledger().ledger() as ledger:
        before = ledger.path.stat().st_size
        made = prune(ledger, selection) if options.yes else foresee(ledger, selection)
        freed = before - ledger.path.stat().st_size
    if as_json:
        record = {**asdict(made), "what": str(selection.what), "done": options.yes}
        return json.dumps({**record, "freed_bytes": freed} if options.yes else record, indent=2)
    told = f"{made.rows:,} {selection.what}, {made.bytes / _MB:.1f} MB"
    cost = f", which had cost {made.cost_usd:.4f} USD"
    told += cost if selection.what == What.COMPLETIONS else ""
    if options.yes:
        return f"Removed {told}. The file is {freed / _MB:.1f} MB smaller."
    return f"Would remove {told}. Nothing was changed; add --yes to do it."


def export_text(
    file: Path, teacher: str | None, recipe: str | None, since: object, *, as_json: bool
) -> str:
    """What was exported.

    Raises:
        LedgerError: if there is no ledger, or it cannot be read.
        StorageError: if the file cannot be written.
    """
    moment = _moment(since.replace(tzinfo=UTC)) if isinstance(since, datetime) else None
    with _workshop_with_ledger().ledger() as ledger:
        made = export_completions(ledger, file, Chosen(moment, recipe, teacher))
    if as_json:
        return json.dumps({**asdict(made), "file": str(file)}, indent=2)
    told = f"Wrote {made.rows:,} completions to {file}."
    if made.damaged:
        told += f" {made.damaged:,} damaged ones were left out: run `synth ledger repair`."
    return told


def import_text(file: Path, *, trust: bool, as_json: bool) -> str:
    """What was imported.

    Raises:
        SourceError: if the file is no export.
        LedgerError: if the ledger cannot be written.
    """
    workshop = Workshop(read_settings())
    with workshop.ledger() as ledger:
        made = import_completions(ledger, file, workshop.catalogue.teachers, trust=trust)
    if as_json:
        return json.dumps(asdict(made), indent=2)
    told = f"Took in {made.new:,} completions; {made.known:,} were there already."
    if made.unverified:
        told += (
            f" {made.unverified:,} were left out, as their fingerprint could not be checked "
            "against their request: they are of another checkpoint than your teachers.yaml "
            "declares, or were asked for with a response format. Add --trust to take them."
        )
    return told


def repair_text(*, as_json: bool) -> str:
    """What was repaired.

    Raises:
        LedgerError: if there is no ledger, or others have it open.
    """
    path = _workshop_with_ledger().home.ledger
    made = repair(path)
    if as_json:
        repaired = made is not None
        found = {} if made is None else {**asdict(made), "ledger": None, "aside": str(made.aside)}
        return json.dumps({**found, "ledger": str(path), "repaired": repaired}, indent=2)
    return f"{path}: every row is sound." if made is None else made.told


def _workshop_with_ledger() -> Workshop:
    workshop = Workshop(read_settings())
    path = workshop.home.ledger
    log = path.with_name(f"{path.name}-wal")
    if not path.exists() and not log.exists():
        raise LedgerError(
            f"{path}: there is no ledger yet. The first `synth run` makes it, or `synth ledger "
            "import FILE`; SYNTH_HOME says where it lies."
        )
    return workshop


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _stats_record(made: LedgerReport) -> dict[str, object]:
    return {
        "path": str(made.path),
        "bytes": made.bytes,
        "total": asdict(made.total),
        "by_teacher": [asdict(one) for one in made.by_teacher()],
        "by_recipe": [asdict(one) for one in made.by_recipe()],
        "by_model": [asdict(one) for one in made.by_model()],
        "failures": [asdict(one) for one in made.failures],
        "leases": [asdict(one) for one in made.holders],
        "accounts": [
            {
                "scope": named.scope,
                **asdict(named.account),
                "cap": None if named.cap is None else named.cap.model_dump(),
            }
            for named in made.accounts
        ],
        "damaged_kept_aside": [str(path) for path in made.aside],
    }


def _stats_lines(made: LedgerReport) -> Iterator[str]:
    total = made.total
    yield f"{made.path}  {made.bytes / _MB:.1f} MB"
    yield (
        f"{total.completions:,} completions, {total.prompt_tokens:,} tokens in, "
        f"{total.completion_tokens:,} out, {total.cost_usd:.6f} USD"
    )
    if total.unpriced:
        yield f"{total.unpriced:,} of them at a price that nobody knows"
    for title, sums in (
        ("teacher", made.by_teacher()),
        ("recipe", made.by_recipe()),
        ("model", made.by_model()),
    ):
        if sums:
            yield ""
            yield from indented(_sum_rows(title, sums))
    if made.failures:
        yield "\nFailed attempts:"
        rows = [
            [one.failure, one.teacher, f"{one.times:,}", f"{one.requests:,}", one.last_at[:19]]
            for one in made.failures
        ]
        yield from indented([["class", "teacher", "attempts", "requests", "last"], *rows])
    if made.holders:
        yield "\nBeing bought:"
        rows = [
            [one.owner, one.state, f"{one.requests:,}", usd(one.reserved_usd)]
            for one in made.holders
        ]
        yield from indented([["owner", "state", "requests", "USD reserved"], *rows])
    if made.accounts:
        yield "\nAccounts:"
        yield from indented(_account_rows(made.accounts))
    for path in made.aside:
        yield f"\nA damaged ledger is kept as {path}; delete it when you need it no more."


def _sum_rows(title: str, sums: Iterable[Sum]) -> list[list[str]]:
    rows = [[title, "completions", "tokens in", "tokens out", "USD"]]
    for one in sums:
        rows.append(
            [
                one.teacher or one.recipe or one.model or "(none)",
                f"{one.completions:,}",
                f"{one.prompt_tokens:,}",
                f"{one.completion_tokens:,}",
                usd(None if one.unpriced == one.completions else one.cost_usd),
            ]
        )
    return rows


def _account_rows(accounts: Sequence[NamedAccount]) -> list[list[str]]:
    rows = [["account", "USD spent", "of it perhaps", "reserved", "cap", "tokens", "token cap"]]
    for named in accounts:
        account, cap = named.account, named.cap or Cap.model_construct(usd=None, tokens=None)
        rows.append(
            [
                named.scope,
                usd(account.usd),
                usd(account.perhaps_usd),
                usd(account.reserved_usd),
                "-" if cap.usd is None else f"{cap.usd:g}",
                f"{account.tokens + account.perhaps_tokens:,}",
                "-" if cap.tokens is None else f"{cap.tokens:,}",
            ]
        )
    return rows


def _story_record(told: Story) -> dict[str, object]:
    record: dict[str, object] = {
        "fingerprint": told.fingerprint,
        "failures": [asdict(failure) for failure in told.failures],
    }
    if told.entry is not None:
        shown = asdict(told.entry)
        answer = {key: shown["completion"][key] for key in _ANSWER}
        labels = {key: shown[key] for key in ("teacher", "model", "recipe", "step", "created_at")}
        record |= {**labels, "request": json.loads(told.entry.request), **answer}
        record["response"] = told.entry.response or None
    return record


_ANSWER = (
    *("text", "finish_reason", "prompt_tokens", "completion_tokens"),
    *("cost_usd", "latency_s"),
)


def _story_lines(told: Story) -> Iterator[str]:
    yield f"request      {told.fingerprint}"
    if told.entry is None:
        yield "             no completion: every attempt failed"
    else:
        entry, got = told.entry, told.entry.completion
        yield f"teacher      {entry.teacher} ({entry.model})"
        yield f"bought for   {entry.recipe or '-'} {entry.step or '-'}, {entry.created_at}"
        yield f"usage        {got.prompt_tokens:,} + {got.completion_tokens:,} tokens"
        yield f"price        {usd(got.cost_usd)} USD"
        yield f"latency      {got.latency_s:.3f} s"
        yield f"finished     {got.finish_reason}"
        asked = json.loads(entry.request)
        for name, value in asked.items():
            if name != "messages":
                yield f"{name:<12} {json.dumps(value, ensure_ascii=False)}"
        for role, content in asked["messages"]:
            yield from _block(role, content)
        yield from _block("completion", got.text)
        if entry.response:
            yield from _block("raw response", entry.response)
    for failure in told.failures:
        yield f"failed       {failure.times:,} times {failure.failure}, last {failure.last_at}"
        yield from _block("  said", failure.said)


def _block(label: str, text: str) -> Iterator[str]:
    """A label with text below it; control characters never reach the terminal."""
    yield f"{label}:"
    safe = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    yield textwrap.indent(safe, "      ", lambda _: True)
