"""Telling apart the rows of a damaged ledger, and putting the sound ones into a new one."""

import re
import sqlite3
import zlib

from synth_assets.core.generation.budget import Amount, Payer
from synth_assets.resources.ledger.accounts import Accounts
from synth_assets.resources.ledger.checksums import is_sound
from synth_assets.resources.ledger.pages import Found, Value

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_SCOPE = re.compile(r"all|(run|recipe|teacher):.+")

_COMPLETION = (
    "INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ACCOUNT = """
INSERT INTO accounts VALUES (?, ?, ?, 0, 0, ?, ?, ?)
ON CONFLICT (scope) DO UPDATE SET
    usd_pico = max(usd_pico, excluded.usd_pico),
    tokens = max(tokens, excluded.tokens),
    perhaps_usd_pico = max(perhaps_usd_pico, excluded.perhaps_usd_pico),
    perhaps_tokens = max(perhaps_tokens, excluded.perhaps_tokens),
    unpriced = max(unpriced, excluded.unpriced)
"""
_PLAIN: dict[tuple[type, ...], str] = {
    (str, str, str, str, int, str, str): "failures",
    (str, str, str, str, str, int, int): "leases",
    (*(str,) * 8, int, int, int, str, str, str): "batches",
    (str, str, str, int, int): "batch_requests",
}
_INSERTS = {
    "failures": "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)",
    "leases": "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?)",
    "batches": """
        INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "batch_requests": "INSERT OR REPLACE INTO batch_requests VALUES (?, ?, ?, ?, ?)",
}
_SEEN = "CREATE TEMP TABLE seen (fingerprint TEXT PRIMARY KEY) WITHOUT ROWID"
_SEE = "INSERT OR IGNORE INTO seen VALUES (?)"
_LOST = """
SELECT count(*) FROM seen WHERE fingerprint NOT IN (SELECT fingerprint FROM completions)
"""
_COUNTS = """
SELECT (SELECT count(*) FROM completions), (SELECT count(*) FROM failures),
    (SELECT count(*) FROM accounts), (SELECT count(*) FROM batches),
    (SELECT count(*) FROM batch_requests)
"""
_COUNTED = ("completions", "failures", "accounts", "batches", "batch_requests")
_AGREE = (
    "DELETE FROM leases WHERE fingerprint IN (SELECT fingerprint FROM completions)",
    "DELETE FROM batch_requests WHERE fingerprint IN (SELECT fingerprint FROM completions)",
    """
    DELETE FROM leases WHERE substr(owner, 1, 6) = 'batch:'
        AND fingerprint NOT IN (SELECT fingerprint FROM batch_requests)
    """,
    """
    INSERT OR IGNORE INTO leases
    SELECT waiting.fingerprint, 'batch:' || waiting.batch, batches.teacher, batches.recipe,
        batches.run, waiting.usd_pico, waiting.tokens
    FROM batch_requests AS waiting JOIN batches ON waiting.batch = batches.batch
    WHERE batches.state <> 'fetched'
    """,
)
_DERIVE = """
INSERT INTO accounts
SELECT scope, sum(pico(cost_usd)), sum(prompt_tokens + completion_tokens), 0, 0, 0, 0,
    sum(cost_usd IS NULL)
FROM (
    SELECT 'all' AS scope, cost_usd, prompt_tokens, completion_tokens FROM completions
    UNION ALL
    SELECT 'teacher:' || teacher, cost_usd, prompt_tokens, completion_tokens FROM completions
    UNION ALL
    SELECT 'recipe:' || recipe, cost_usd, prompt_tokens, completion_tokens FROM completions
    WHERE recipe <> ''
)
WHERE true
GROUP BY scope
ON CONFLICT (scope) DO UPDATE SET
    usd_pico = max(usd_pico, excluded.usd_pico),
    tokens = max(tokens, excluded.tokens),
    unpriced = max(unpriced, excluded.unpriced)
WHERE excluded.usd_pico > usd_pico OR excluded.tokens > tokens OR excluded.unpriced > unpriced
"""
_LEASES = "SELECT teacher, recipe, run, usd_pico, tokens FROM leases"


class Rescue:
    """Takes rows of any table and keeps the sound ones of the ledger's.

    Args:
        connection: of a new ledger, within a transaction where rows are taken.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._counted: tuple[int, ...] = ()
        self._lost = 0
        self.derived = 0
        """Accounts summed up from completions, as these say more was spent."""
        connection.execute(_SEEN)

    def take(self, found: Found) -> None:
        """Keep a row where it is sound and of the ledger; of two with one key the later."""
        values = found.values
        if len(values) == 2 and found.row_id is None:
            self._see(found)
        elif len(values) == 15:
            self._completion(found)
        elif len(values) == 8:
            self._account(values)
        else:
            self._plain(found)

    def finish(self) -> None:
        """Bring the tables into agreement; leases of dead processes are left to be taken over."""
        run = self._connection.execute
        for statement in _AGREE:
            run(statement)
        self.derived = run(_DERIVE).rowcount
        accounts = Accounts(self._connection)
        for teacher, recipe, name, usd_pico, tokens in run(_LEASES).fetchall():
            scopes = Payer(recipe, name).scopes(teacher)
            accounts.change(scopes, reserved=Amount(usd_pico, tokens))
        accounts.write()
        self._counted = run(_COUNTS).fetchone()
        [self._lost] = run(_LOST).fetchone()

    def saved(self) -> dict[str, int]:
        """Table -> rows, once finished."""
        return dict(zip(_COUNTED, self._counted, strict=True))

    def lost(self) -> int:
        """Completions that were there and could not be read, as far as anybody knows."""
        return self._lost

    def _see(self, found: Found) -> None:
        # A row of the index of completions: of each it knows the key and the place.
        fingerprint, place = found.values
        if found.live and _is_fingerprint(fingerprint) and isinstance(place, int):
            self._connection.execute(_SEE, (fingerprint,))

    def _completion(self, found: Found) -> None:
        values = found.values
        fingerprint = values[0]
        if not isinstance(fingerprint, str) or not _is_fingerprint(fingerprint):
            return
        if found.live:
            self._connection.execute(_SEE, (fingerprint,))
        labels = (*values[1:6], values[14])
        if not all(isinstance(label, str) for label in labels):
            return
        if not is_sound(fingerprint, (values[6], *values[9:14]), values[8]):
            return
        row = (*values[:7], _sound_response(values[7]), *values[8:])
        self._connection.execute(_COMPLETION, row)

    def _plain(self, found: Found) -> None:
        values = found.values
        table = _PLAIN.get(tuple(type(value) for value in values))
        if table is None or not (table == "batches" or _is_fingerprint(values[0])):
            return
        of_batch = table.startswith("batch") or str(values[1]).startswith("batch:")
        # An old state of a batch is better than none: what it bought is fetched once more. Old
        # leases and failures must not come back.
        if found.live or of_batch:
            self._connection.execute(_INSERTS[table], values)

    def _account(self, values: tuple[Value, ...]) -> None:
        scope, *numbers = values
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            return
        if all(isinstance(number, int) and number >= 0 for number in numbers):
            usd_pico, tokens, _, _, *others = numbers
            self._connection.execute(_ACCOUNT, (scope, usd_pico, tokens, *others))


def _is_fingerprint(value: Value) -> bool:
    return isinstance(value, str) and _FINGERPRINT.fullmatch(value) is not None


def _sound_response(value: Value) -> bytes | None:
    """The provider's raw answer, where it is whole: it has a checksum of its own."""
    if not isinstance(value, bytes):
        return None
    try:
        zlib.decompress(value)
    except zlib.error:
        return None
    return value
