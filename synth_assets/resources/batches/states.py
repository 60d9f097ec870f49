"""What a batch is, from its name to its last answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BatchState(StrEnum):
    """How far a batch is. Each is on disk before the next step is taken."""

    NEW = "new"
    """It has a name and its requests."""
    UPLOADED = "uploaded"
    """The provider has its file."""
    SUBMITTING = "submitting"
    """The provider was asked to make it, and has not said yes: it is looked for before a second
    time is asked."""
    SUBMITTED = "submitted"
    """The provider has it."""
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FETCHED = "fetched"
    """All that came of it is in the ledger."""
    WITHDRAWN = "withdrawn"
    """It was cancelled; what came of it is in the ledger, the rest is not asked any more."""


ENDED = frozenset(
    {BatchState.COMPLETED, BatchState.FAILED, BatchState.EXPIRED, BatchState.CANCELLED}
)
"""The provider is done with it; its answers are still to be fetched."""

NOT_SUBMITTED = frozenset({BatchState.NEW, BatchState.UPLOADED, BatchState.SUBMITTING})

CLOSED = frozenset({BatchState.FETCHED, BatchState.WITHDRAWN})


@dataclass(frozen=True)
class Batch:
    """A row of the ledger's table `batches`, with what waits for it.

    Attributes:
        name: our name of it, which the provider is told.
        teacher: id of the teacher.
        api_base: where it is; empty for the provider's own address.
        recipe: id of the recipe that asked.
        run: id of the run that pays.
        state: how far it is.
        file_id: the provider's id of its input file.
        provider_id: the provider's id of it.
        requests: how many it was made of.
        answered: answers so far, as the provider counts them, and in the end those stored.
        failed: the same of failures.
        said: the last that is to be told of it.
        created_at: ISO 8601, UTC.
        changed_at: when it came to its state.
        reserved_usd: US dollars that its requests may still cost at most.
    """

    name: str
    teacher: str
    api_base: str
    recipe: str
    run: str
    state: BatchState
    file_id: str
    provider_id: str
    requests: int
    answered: int
    failed: int
    said: str
    created_at: str
    changed_at: str
    reserved_usd: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done for it."""
        return self.state not in CLOSED

    def age_s(self, now: datetime) -> float:
        """Seconds since it was made."""
        return (now - datetime.fromisoformat(self.created_at)).total_seconds()

    def unchanged_s(self, now: datetime) -> float:
        """Seconds since it came to its state."""
        return (now - datetime.fromisoformat(self.changed_at)).total_seconds()
