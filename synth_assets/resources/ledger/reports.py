"""What the ledger holds, for people: sums, failures, leases, accounts, single entries."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.generation.budget import PICO, Budget
from synth_assets.errors import UnknownNameError
from synth_assets.resources.ledger.accounts import Account
from synth_assets.resources.ledger.owners import Owners
from synth_assets.resources.ledger.salvage import damaged_files
from synth_assets.resources.ledger.store import Ledger, LedgerEntry, owners_folder
from synth_assets.resources.ledger.transaction import BATCH_OWNER

_SHORTEST_PREFIX = 6

_SUMS = """
SELECT teacher, model, recipe, count(*), sum(prompt_tokens), sum(completion_tokens),
    coalesce(sum(cost_usd), 0.0), sum(cost_usd IS NULL)
FROM completions GROUP BY teacher, model, recipe
"""
_FAILURES = """
SELECT failure, teacher, sum(times), count(*), max(last_at)
FROM failures GROUP BY failure, teacher ORDER BY sum(times) DESC, failure, teacher
"""
_LEASES = """
SELECT owner, count(*), sum(usd_pico), sum(tokens) FROM leases GROUP BY owner ORDER BY owner
"""
_ACCOUNTS = """
SELECT scope, usd_pico, tokens, reserved_usd_pico, reserved_tokens, perhaps_usd_pico,
    perhaps_tokens, unpriced
FROM accounts ORDER BY scope
"""
# `g` follows the last hexadecimal digit.
_NAMED = """
SELECT fingerprint FROM completions WHERE fingerprint >= $first AND fingerprint < $first || 'g'
UNION
SELECT fingerprint FROM failures WHERE fingerprint >= $first AND fingerprint < $first || 'g'
LIMIT 4
"""
_FAILURES_OF = """
SELECT failure, times, said, last_at FROM failures WHERE fingerprint = ? ORDER BY last_at
"""


@dataclass(frozen=True)
class Sum:
    """Completions of one kind.

    Attributes:
        teacher: id, or empty in sums over teachers; likewise `model` and `recipe`.
        unpriced: completions of which nobody knows the price.
    """

    teacher: str
    model: str
    recipe: str
    completions: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    unpriced: int


@dataclass(frozen=True)
class FailureCount:
    """Failed attempts of one class at one teacher.

    Attributes:
        times: attempts.
        requests: how many requests failed so at least once.
        last_at: ISO 8601, UTC.
    """

    failure: str
    teacher: str
    times: int
    requests: int
    last_at: str


@dataclass(frozen=True)
class Holder:
    """Who is buying.

    Attributes:
        owner: name of the process or batch.
        state: `alive`, `dead` (the next run takes over) or `batch` (it outlives processes).
        requests: being bought.
        reserved_usd: US dollars that they may take at most.
        reserved_tokens: tokens likewise.
    """

    owner: str
    state: str
    requests: int
    reserved_usd: float
    reserved_tokens: int


@dataclass(frozen=True)
class NamedAccount:
    """An account beside its cap."""

    scope: str
    account: Account
    cap: Cap | None


@dataclass(frozen=True)
class LedgerReport:
    """Everything `synth ledger stats` says.

    Attributes:
        bytes: size on disk, the log included.
        aside: damaged ledgers kept aside.
    """

    path: Path
    bytes: int
    sums: tuple[Sum, ...]
    failures: tuple[FailureCount, ...]
    holders: tuple[Holder, ...]
    accounts: tuple[NamedAccount, ...]
    aside: tuple[Path, ...]

    @property
    def total(self) -> Sum:
        """Over everything."""
        nothing = Sum("", "", "", 0, 0, 0, 0.0, 0)
        return next(iter(_added(self.sums, lambda _: ("", "", ""))), nothing)

    def by_teacher(self) -> list[Sum]:
        """One sum a teacher."""
        return _added(self.sums, lambda one: (one.teacher, "", ""))

    def by_model(self) -> list[Sum]:
        """One sum a model."""
        return _added(self.sums, lambda one: ("", one.model, ""))

    def by_recipe(self) -> list[Sum]:
        """One sum a recipe."""
        return _added(self.sums, lambda one: ("", "", one.recipe))


@dataclass(frozen=True)
class FailureOfRequest:
    """One class of failures of one request; `said` are the provider's words."""

    failure: str
    times: int
    said: str
    last_at: str


@dataclass(frozen=True)
class Story:
    """All the ledger knows of one request.

    Attributes:
        entry: none where every attempt failed.
    """

    fingerprint: str
    entry: LedgerEntry | None
    failures: tuple[FailureOfRequest, ...]


def report(ledger: Ledger, budgets: Budgets) -> LedgerReport:
    """Sum up what the ledger holds.

    Raises:
        LedgerError: if it cannot be read.
    """
    with ledger.reading() as connection:
        sums = tuple(Sum(*row) for row in connection.execute(_SUMS))
        failures = tuple(FailureCount(*row) for row in connection.execute(_FAILURES))
        leases = connection.execute(_LEASES).fetchall()
        accounts = {row[0]: Account(*row[1:]) for row in connection.execute(_ACCOUNTS)}
    path = ledger.path
    log = path.with_name(f"{path.name}-wal")
    size = sum(file.stat().st_size for file in (path, log) if file.exists())
    return LedgerReport(
        path,
        size,
        sums,
        failures,
        holders_of(path, leases),
        tuple(_with_caps(accounts, budgets)),
        tuple(damaged_files(path)),
    )


def holders_of(path: Path, leases: Iterable[tuple[str, int, int, int]]) -> tuple[Holder, ...]:
    """Who holds leases; each with its requests, reserved pico-dollars and tokens."""
    owners = Owners(owners_folder(path))

    def state(owner: str) -> str:
        if owner.startswith(BATCH_OWNER):
            return "batch"
        return "alive" if owners.is_alive(owner) else "dead"

    return tuple(
        Holder(owner, state(owner), requests, usd_pico / PICO, tokens)
        for owner, requests, usd_pico, tokens in leases
    )


def holders(ledger: Ledger) -> tuple[Holder, ...]:
    """Who is buying just now, or was when it ended."""
    with ledger.reading() as connection:
        leases = connection.execute(_LEASES).fetchall()
    return holders_of(ledger.path, leases)


def story(ledger: Ledger, prefix: str) -> Story:
    """All about the request whose fingerprint begins with `prefix`.

    Raises:
        UnknownNameError: if the prefix is shorter than six characters, or fits none or several.
        LedgerError: if the completion is damaged.
    """
    if len(prefix) < _SHORTEST_PREFIX:
        raise UnknownNameError(
            f"{prefix!r} is too short; give {_SHORTEST_PREFIX} characters or more of a fingerprint."
        )
    with ledger.reading() as connection:
        found = [name for [name] in connection.execute(_NAMED, {"first": prefix.lower()})]
    if not found:
        raise UnknownNameError(
            f"The ledger has no request whose fingerprint begins with {prefix!r}. Fingerprints "
            "stand in `synth trace SAMPLE_ID --json`, in the lineage table `calls` and in exports."
        )
    if len(found) > 1:
        shown = ", ".join(name[: len(prefix) + 6] for name in found[:3])
        raise UnknownNameError(f"{prefix!r} fits several requests: {shown}... Give more of it.")
    with ledger.reading() as connection:
        failures = connection.execute(_FAILURES_OF, (found[0],)).fetchall()
    told = tuple(FailureOfRequest(*row) for row in failures)
    return Story(found[0], ledger.entry(found[0]), told)


def _with_caps(accounts: Mapping[str, Account], budgets: Budgets) -> Iterable[NamedAccount]:
    caps = dict(Budget.of(budgets, "").caps)
    for scope in sorted({*accounts, *caps}):
        cap = budgets.run if scope.startswith("run:") else caps.get(scope)
        yield NamedAccount(scope, accounts.get(scope, Account()), cap)


def _added(sums: Iterable[Sum], key: Callable[[Sum], tuple[str, str, str]]) -> list[Sum]:
    added: dict[tuple[str, str, str], Sum] = {}
    for one in sums:
        teacher, model, recipe = key(one)
        before = added.get((teacher, model, recipe))
        if before is None:
            before = Sum(teacher, model, recipe, 0, 0, 0, 0.0, 0)
        added[teacher, model, recipe] = replace(
            before,
            completions=before.completions + one.completions,
            prompt_tokens=before.prompt_tokens + one.prompt_tokens,
            completion_tokens=before.completion_tokens + one.completion_tokens,
            cost_usd=before.cost_usd + one.cost_usd,
            unpriced=before.unpriced + one.unpriced,
        )
    return [added[name] for name in sorted(added)]
