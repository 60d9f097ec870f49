"""Carrying a technique on by one step, and saying whose fault it is where that fails.

A technique may be a user's own file: what it raises or yields is not known beforehand.
"""

import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from synth_assets.core.completion import Completion, Request
from synth_assets.core.sample import Sample
from synth_assets.core.techniques.protocol import Growth, Production, Round, Slot, Unusable
from synth_assets.errors import SynthError, TechniqueError

MOST_REQUESTS = 5_000
"""Of one planned sample; a technique that never ends would buy for ever."""

T = TypeVar("T")


@dataclass
class Asking:
    """The requests of one planned sample, one step after the other.

    Attributes:
        label: the recipe's folder, as messages call it.
        kind: the technique.
        production: its generator.
    """

    label: str
    kind: str
    production: Production
    _asked: int = field(default=0, init=False)

    def first(self) -> tuple[Request, ...]:
        """The first requests.

        Raises:
            TechniqueError: if there are none, or the technique fails.
        """
        try:
            asked = self._step(lambda: next(self.production))
        except StopIteration:
            raise self._fault(
                "asks nothing for a planned sample; it must yield a request"
            ) from None
        if not asked:
            raise self._fault("yields no request first")
        return asked

    def next(self, came: Sequence[Completion]) -> tuple[Request, ...]:
        """The requests that follow on these completions.

        Raises:
            StopIteration: with what the technique made, at its end.
            TechniqueError: if the technique fails, or asks without end.
        """
        return self._step(lambda: self.production.send(came))

    def _step(self, take: Callable[[], Sequence[Request]]) -> tuple[Request, ...]:
        asked = guarded(self.label, self.kind, "produce", take)
        if not _are_requests(asked):
            raise self._fault(
                f"yields {type(asked).__name__}; it must yield a list of requests, such as "
                "[slot.ask(...)]"
            )
        if len({request.fingerprint for request in asked}) < len(asked):
            raise self._fault(
                "yields one request twice, which would have one answer; tell several answers of "
                "one prompt apart by copy="
            )
        self._asked += len(asked)
        if self._asked > MOST_REQUESTS:
            raise self._fault(f"asks more than {MOST_REQUESTS:,} requests for one planned sample")
        return tuple(asked)

    def _fault(self, what: str) -> TechniqueError:
        return TechniqueError(f"{self.label}: technique {self.kind} {what}. Mend its `produce`.")


def _are_requests(asked: object) -> bool:
    return isinstance(asked, list | tuple) and all(
        isinstance(each, Request) for each in cast("Sequence[object]", asked)
    )


def begun(label: str, kind: str, slot: Slot) -> Production:
    """The generator of a planned sample.

    Raises:
        TechniqueError: if it is none.
    """
    made = guarded(label, kind, "produce", lambda: slot.produce(slot))
    if not isinstance(cast("object", made), Generator):
        raise TechniqueError(
            f"{label}: technique {kind} gives {type(made).__name__} where a generator is needed. "
            "Mend its `produce`: it must yield lists of requests, and return a draft."
        )
    return made


def next_round(
    label: str, kind: str, growth: Growth, accepted: Sequence[Sample] | None = None
) -> Round:
    """The next round of a technique that grows; the first where nothing is accepted yet.

    Raises:
        StopIteration: with what is dropped of the last round, at its end.
        TechniqueError: if the technique fails, or yields no round.
    """
    try:
        taken = guarded(
            label,
            kind,
            "grow",
            lambda: next(growth) if accepted is None else growth.send(accepted),
        )
    except StopIteration:
        if accepted is not None:
            raise
        raise TechniqueError(
            f"{label}: technique {kind} ends before its first round. Mend its `grow`."
        ) from None
    is_round = isinstance(cast("object", taken), Round)
    if is_round:
        checked_drops(label, kind, taken.dropped)
    if not is_round or not taken.starts:
        what = "a round without starts" if is_round else type(taken).__name__
        raise TechniqueError(
            f"{label}: technique {kind} yields {what}. Mend its `grow`: it must yield Round([...]) "
            "with a start for each planned sample, or end."
        )
    return taken


def checked_drops(label: str, kind: str, dropped: object) -> Mapping[str, Unusable]:
    """What a technique drops of a round, if it is that.

    Raises:
        TechniqueError: if it is no mapping of sample ids to reasons.
    """
    if not isinstance(dropped, Mapping) or not all(
        isinstance(each, Unusable) for each in cast("Mapping[str, object]", dropped).values()
    ):
        raise TechniqueError(
            f"{label}: technique {kind}: what its `grow` drops is no mapping of sample ids to "
            "Unusable(reason, detail). Mend its `grow`; it returns {} where nothing is dropped."
        )
    return cast("Mapping[str, Unusable]", dropped)


def guarded(label: str, kind: str, method: str, run: Callable[[], T]) -> T:
    """Run a piece of a technique; its own faults name file and line.

    Raises:
        StopIteration: as the technique does.
        TechniqueError: for whatever else it raises.
    """
    try:
        return run()
    except (StopIteration, SynthError):
        raise
    except Exception as exc:  # a user's technique may raise anything
        frames = [f for f in traceback.extract_tb(exc.__traceback__) if f.filename != __file__]
        place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""
        raise TechniqueError(
            f"{label}: technique {kind}: {place}{type(exc).__name__}: {exc}. Mend its `{method}`."
        ) from exc
