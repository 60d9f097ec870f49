"""Taking out of the ledger what nobody needs any more."""

from dataclasses import dataclass
from enum import StrEnum

from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.owners import Owners
from synth_assets.resources.ledger.store import Ledger, owners_folder


class What(StrEnum):
    """What is taken out."""

    COMPLETIONS = "completions"
    FAILURES = "failures"
    RAW_RESPONSES = "raw responses"


@dataclass(frozen=True)
class Selection:
    """Which rows; all conditions must hold, and none given means every row.

    Attributes:
        what: whole completions, their raw responses alone, or records of failures.
        before: ISO 8601, UTC; older rows only.
        recipe: id.
        teacher: id.
    """

    what: What = What.COMPLETIONS
    before: str | None = None
    recipe: str | None = None
    teacher: str | None = None

    @property
    def parameters(self) -> dict[str, str | None]:
        """For the queries."""
        return {"before": self.before, "recipe": self.recipe, "teacher": self.teacher}


@dataclass(frozen=True)
class Pruning:
    """What a selection comes to.

    Attributes:
        rows: how many.
        bytes: of text and JSON in them; the file shrinks by about as much.
        cost_usd: what they had cost: it would be paid again for whatever is needed again.
    """

    rows: int
    bytes: int
    cost_usd: float


_COUNT = {
    What.COMPLETIONS: """
        SELECT count(*), coalesce(sum(length(CAST(request AS BLOB)) + length(CAST(text AS BLOB))
            + coalesce(length(response), 0)), 0), coalesce(sum(cost_usd), 0.0)
        FROM completions
        WHERE ($before IS NULL OR created_at < $before)
            AND ($recipe IS NULL OR recipe = $recipe)
            AND ($teacher IS NULL OR teacher = $teacher)
    """,
    What.RAW_RESPONSES: """
        SELECT count(*), coalesce(sum(length(response)), 0), 0.0
        FROM completions
        WHERE response IS NOT NULL
            AND ($before IS NULL OR created_at < $before)
            AND ($recipe IS NULL OR recipe = $recipe)
            AND ($teacher IS NULL OR teacher = $teacher)
    """,
    What.FAILURES: """
        SELECT count(*), coalesce(sum(length(CAST(said AS BLOB))), 0), 0.0
        FROM failures
        WHERE ($before IS NULL OR last_at < $before)
            AND ($recipe IS NULL OR recipe = $recipe)
            AND ($teacher IS NULL OR teacher = $teacher)
    """,
}
_REMOVE = {
    What.COMPLETIONS: """
        DELETE FROM completions
        WHERE ($before IS NULL OR created_at < $before)
            AND ($recipe IS NULL OR recipe = $recipe)
            AND ($teacher IS NULL OR teacher = $teacher)
    """,
    What.RAW_RESPONSES: """
        UPDATE completions SET response = NULL
        WHERE response IS NOT NULL
            AND ($before IS NULL OR created_at < $before)
            AND ($recipe IS NULL OR recipe = $recipe)
            AND ($teacher IS NULL OR teacher = $teacher)
    """,
    What.FAILURES: """
        DELETE FROM failures
        WHERE ($before IS NULL OR last_at < $before)
            AND ($recipe IS NULL OR recipe = $recipe)
            AND ($teacher IS NULL OR teacher = $teacher)
    """,
}


def foresee(ledger: Ledger, selection: Selection) -> Pruning:
    """Say what a selection comes to; nothing is changed.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    with ledger.reading() as connection:
        row = connection.execute(_COUNT[selection.what], selection.parameters).fetchone()
    return Pruning(*row)


def prune(ledger: Ledger, selection: Selection) -> Pruning:
    """Take a selection out and give the room back; accounts keep what was spent.

    Raises:
        LedgerError: if others buy just now, or the ledger cannot be written.
    """
    others = Owners(owners_folder(ledger.path)).living()
    if others:
        raise LedgerError(
            f"{ledger.path}: {len(others)} processes buy just now ({', '.join(sorted(others))}). "
            "Wait for them or end them, then prune."
        )
    with ledger.writing() as connection:
        row = connection.execute(_COUNT[selection.what], selection.parameters).fetchone()
        connection.execute(_REMOVE[selection.what], selection.parameters)
    with ledger.reading() as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Pruning(*row)
