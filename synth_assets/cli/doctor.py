"""`synth doctor`: what is wrong with this installation, and what to do."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Budget, Payer
from synth_assets.errors import SynthError
from synth_assets.resources.generation.funds import check_funds
from synth_assets.resources.ledger.reports import holders
from synth_assets.resources.ledger.salvage import damaged_files, look_at
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.sandbox.isolation import prove
from synth_assets.resources.sandbox.runner import Sandbox
from synth_assets.resources.settings import has_secret, read_settings
from synth_assets.resources.workshop import Workshop

_FREE_BYTES = 2 * 1024**3
_PACKAGES = (
    *("synth-assets", "dagster", "dagster-duckdb", "duckdb", "polars", "litellm", "datasketch"),
    *("evidently", "pandas"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["ok", "note", "fault"]
    told: str


@dataclass(frozen=True)
class Report:
    """All findings, in the order in which they were looked at."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is at fault; notes are no faults."""
        return all(finding.state != "fault" for finding in self.findings)

    def as_text(self) -> str:
        """One line a finding."""
        width = max(len(finding.subject) for finding in self.findings)
        return "\n".join(f"{f.state:<6}{f.subject:<{width + 2}}{f.told}" for f in self.findings)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {"healthy": self.healthy, "findings": [vars(finding) for finding in self.findings]}


def examine() -> Report:
    """Look at everything that a run needs."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _configuration,
    )
    return Report(tuple(finding for look in looks for finding in look()))


def _python() -> Iterator[Finding]:
    running = ".".join(str(part) for part in sys.version_info[:3])
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    told = running if good else f"{running}; use 3.11, 3.12 or 3.13"
    yield Finding("python", "ok" if good else "fault", told)


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "fault", "not installed; run `make run`, or install the package")


def _configuration() -> Iterator[Finding]:
    try:
        workshop = Workshop(read_settings())
        catalogue = workshop.catalogue
    except SynthError as exc:
        yield Finding("configuration", "fault", str(exc))
        return
    yield from _disk(workshop)
    for recipe in catalogue.recipes:
        yield Finding(f"recipe {recipe.id}", "ok", recipe.version)
    for broken in catalogue.broken:
        yield Finding(f"recipe {broken.label}", "fault", broken.message)
    used = {name for recipe in catalogue.recipes for name in recipe.teachers}
    for name in sorted(used):
        yield from _teacher(catalogue.teachers[name])
    yield from _budgets(workshop)
    yield from _ledger(workshop)
    yield _models(workshop)
    yield _sandbox(workshop)


def _sandbox(workshop: Workshop) -> Finding:
    """What keeps programs that teachers wrote from this machine; shown by attacking it."""
    sandbox = Sandbox(1, unsafe=workshop.settings.unsafe_execution)
    try:
        proof = prove(sandbox)
    except SynthError as exc:
        return Finding("sandbox", "note", str(exc))
    finally:
        sandbox.close()
    return Finding("sandbox", "ok" if proof.holds else "fault", proof.as_text())


def _disk(workshop: Workshop) -> Iterator[Finding]:
    root = workshop.home.root
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe = root / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as exc:
        yield Finding("home", "fault", f"{root} cannot be written: {exc}. Set SYNTH_HOME.")
        return
    free = shutil.disk_usage(root).free
    told = f"{root}, {free / 1024**3:.1f} GiB free"
    enough = free >= _FREE_BYTES
    yield Finding("home", "ok" if enough else "note", told if enough else f"{told}: make room")


def _teacher(teacher: Teacher) -> Iterator[Finding]:
    subject = f"teacher {teacher.id}"
    if teacher.api_key_env and not has_secret(teacher.api_key_env):
        yield Finding(subject, "fault", f"{teacher.model}: export {teacher.api_key_env}")
        return
    for address in teacher.addresses:
        if address is None:
            yield Finding(subject, "ok", teacher.model)
        else:
            yield _endpoint(subject, teacher, address)


def _endpoint(subject: str, teacher: Teacher, api_base: str) -> Finding:
    try:
        address = urlsplit(api_base)
        port = address.port or (443 if address.scheme == "https" else 80)
    except ValueError as exc:
        return Finding(subject, "fault", f"{teacher.model}: its api_base is no address: {exc}")
    try:
        with socket.create_connection((address.hostname or "", port), timeout=3):
            return Finding(subject, "ok", f"{teacher.model} at {address.hostname}:{port}")
    except OSError as exc:
        told = f"{teacher.model}: nothing answers at {address.hostname}:{port} ({exc}). Start it."
        return Finding(subject, "fault", told)


def _budgets(workshop: Workshop) -> Iterator[Finding]:
    """Whether each recipe's purchases can be held under the caps."""
    budget = Budget.of(workshop.catalogue.budgets, "any")
    if not budget.caps:
        return
    told: list[str] = []
    for recipe in workshop.catalogue.recipes:
        try:
            check_funds(recipe, budget, Payer(recipe.id, "any"))
        except SynthError as exc:
            told.append(str(exc))
    for message in dict.fromkeys(told):
        yield Finding("budgets", "fault", message)
    if not told:
        yield Finding("budgets", "ok", ", ".join(sorted(budget.caps)))


def _ledger(workshop: Workshop) -> Iterator[Finding]:
    path = workshop.home.ledger
    for aside in damaged_files(path):
        yield Finding("old ledger", "note", f"it was damaged, and is kept as {aside}")
    try:
        # Looking must repair nothing: that is for the user to start.
        if path.parent.is_dir() and (fault := look_at(path)):
            told = f"{path} is damaged: {fault}. Run `synth ledger repair`: it saves what is sound."
            yield Finding("ledger", "fault", told)
        elif not path.exists():
            yield Finding("ledger", "note", "none yet; the first run makes it")
        else:
            yield from _sound_ledger(path)
    except SynthError as exc:
        yield Finding("ledger", "fault", str(exc))


def _models(workshop: Workshop) -> Finding:
    """Whether models and the sets they saw can be read."""
    try:
        history = ModelRegistry(workshop.home.root).history()
    except SynthError as exc:
        return Finding("models", "fault", str(exc))
    told = f"{len(history.models):,} models, {len(history.sets):,} training sets recorded"
    return Finding("models", "ok", told)


def _sound_ledger(path: Path) -> Iterator[Finding]:
    with closing(Ledger(path)) as ledger:
        stats = ledger.stats()
        dead = [holder for holder in holders(ledger) if holder.state == "dead"]
    yield Finding("ledger", "ok", f"{stats.completions:,} completions, {stats.cost_usd:.4f} USD")
    if dead:
        requests = sum(holder.requests for holder in dead)
        reserved = sum(holder.reserved_usd for holder in dead)
        yield Finding(
            "leases",
            "note",
            f"{requests:,} requests and {reserved:.4f} USD are held for {len(dead)} processes that "
            "are no more; the next run takes them over",
        )
