"""Computer algebra in a process of its own, which a hostile formula can end and nothing else.

A formula of a few characters can keep a computer algebra system busy for years, or ask for all
memory there is.
"""

import json
from dataclasses import dataclass
from threading import Lock

from synth_assets.core.verify.answers.expressions import Scalar
from synth_assets.core.verify.tools import Comparison, Proportion, Sameness
from synth_assets.resources.algebra.wire import to_wire
from synth_assets.resources.bounded.process import Bounds, Unanswered, WorkerOwner


@dataclass(frozen=True)
class AlgebraBounds(Bounds):
    """What deciding one question may cost.

    Attributes:
        remembered: answers that are kept.
    """

    remembered: int = 10_000


class SymbolicAlgebra(WorkerOwner):
    """Answers `Algebra`'s questions, one at a time; the worker starts at the first one.

    May be used by several threads, and in a process that was forked since.
    """

    def __init__(self, bounds: AlgebraBounds | None = None) -> None:
        self._bounds = bounds or AlgebraBounds()
        self._lock = Lock()
        super().__init__("synth_assets.resources.algebra.worker", "algebra", self._bounds)
        self._known: dict[str, Comparison] = {}

    def compare(
        self, left: Scalar, right: Scalar, proportion: Proportion = Proportion.EQUAL
    ) -> Comparison:
        """See `Algebra`; a worker that ends over a question leaves it undecided."""
        asked = {"left": to_wire(left), "right": to_wire(right), "proportion": proportion.value}
        question = json.dumps(asked)
        with self._lock:
            known = self._known.get(question)
            if known is None:
                known = _read(self._process.ask(question.encode()))
                if len(self._known) >= self._bounds.remembered:
                    self._known.clear()
                self._known[question] = known
        return known


def _read(answer: bytes | Unanswered) -> Comparison:
    if isinstance(answer, Unanswered):
        return Comparison(Sameness.UNDECIDED, answer.why)
    sameness, why = json.loads(answer)
    return Comparison(Sameness(sameness), str(why))
