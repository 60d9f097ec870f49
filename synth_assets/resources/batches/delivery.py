"""What buying needs to know of batches: which requests wait for one, and how they fail."""

from synth_assets.core.completion import Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass, policy_of
from synth_assets.resources.batches.lane import provider_of
from synth_assets.resources.batches.waiting import WaitingRequest, read_waiting
from synth_assets.resources.teachers import CallFailedError


def deferred_text(request: Request, teacher: Teacher) -> str:
    """A request as it waits for a batch; empty for a teacher that is asked live.

    Raises:
        CatalogueError: if the teacher's provider has no batches.
    """
    if teacher.delivery != "batch":
        return ""
    provider_of(teacher)
    return WaitingRequest(request).as_text()


def failed_in_batches(text: str) -> CallFailedError:
    """What ends a request that batches failed at for good."""
    waiting = read_waiting(text)
    times = sum(waiting.tried.values())
    after = f"after {times} batches: " if times > 1 else ""
    reason = policy_of(FailureClass(waiting.failure)).reason
    return CallFailedError(reason, f"{after}{waiting.said}")
