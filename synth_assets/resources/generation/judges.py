"""Judges that are asked for money: through the ledger, under the budget, at the teachers' pace.

Teachers that score texts are asked the same way.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from synth_assets.core.completion import Completion
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Payer
from synth_assets.core.judging.judgment import Judgment
from synth_assets.core.schema import CALL_SCHEMA, Reason
from synth_assets.core.verify.tools import CallFailure, JudgeCall
from synth_assets.errors import ConfigurationError, TeacherError
from synth_assets.resources.generation.interruption import run_until_interrupted
from synth_assets.resources.generation.shop import Shop, Spending
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import CallFailedError, ChatModel

_Outcome = Completion | CallFailure


@dataclass
class PaidJudges:
    """Judges of one recipe version; see `core.verify.tools.Judges`.

    What the ledger has is not bought again. A call without an answer is a `CallFailure`, and so is
    every further one to a judge that cannot be used at all, or is down; other judges go on.

    Attributes:
        model: makes who answers, anew for each judge and each time.
        ledger: what was bought before; its budget is held.
        teachers: id -> entry, of those that the recipe names.
        partition: the recipe version.
        payer: whose accounts are charged.
        announce: told of judges that cannot be used.
        spending: calls, tokens and money so far.
        judgments: what was said so far.
    """

    model: Callable[[], ChatModel]
    ledger: Ledger
    teachers: Mapping[str, Teacher]
    partition: str
    payer: Payer
    announce: Callable[[str], None] = lambda _: None
    spending: Spending = field(default_factory=Spending)
    judgments: list[Judgment] = field(default_factory=list[Judgment])
    _lost: dict[str, CallFailure] = field(default_factory=dict[str, CallFailure])
    _calls: list[tuple[JudgeCall, Completion]] = field(
        default_factory=list[tuple[JudgeCall, Completion]]
    )

    def teacher(self, name: str) -> Teacher | None:
        """See `Judges`."""
        return self.teachers.get(name)

    def ask(self, calls: Sequence[JudgeCall]) -> Sequence[Completion | CallFailure]:
        """See `Judges`.

        Raises:
            LedgerError: if the ledger cannot be written.
            KeyboardInterrupt: at SIGINT or SIGTERM; answers that came are stored.
        """
        if not calls:
            return []
        outcomes = run_until_interrupted(self._asked(calls))
        self._calls += [
            (call, came)
            for call, came in zip(calls, outcomes, strict=True)
            if isinstance(came, Completion)
        ]
        return outcomes

    def take_down(self, judgments: Sequence[Judgment]) -> None:
        """See `Judges`."""
        self.judgments += judgments

    @property
    def calls(self) -> pl.DataFrame:
        """One row a call that was answered, columns of `CALL_SCHEMA`."""
        rows = [
            (
                call.request.fingerprint,
                self.partition,
                call.sample_id,
                call.request.step,
                call.request.teacher,
                call.request.model,
                came.finish_reason,
                came.prompt_tokens,
                came.completion_tokens,
                came.cost_usd,
                came.latency_s,
                came.from_ledger,
            )
            for call, came in self._calls
        ]
        return pl.DataFrame(rows, schema=CALL_SCHEMA, orient="row")

    async def _asked(self, calls: Sequence[JudgeCall]) -> list[_Outcome]:
        """Each judge by itself, so that one that is down stops no other."""
        by_judge: dict[str, list[int]] = {}
        for at, call in enumerate(calls):
            by_judge.setdefault(call.request.teacher, []).append(at)
        places = list(by_judge.values())
        found = await asyncio.gather(
            *(self._of_one(name, [calls[at] for at in by_judge[name]]) for name in by_judge)
        )
        outcomes = {
            at: outcome
            for ats, each in zip(places, found, strict=True)
            for at, outcome in zip(ats, each, strict=True)
        }
        return [outcomes[at] for at in range(len(calls))]

    async def _of_one(self, name: str, calls: Sequence[JudgeCall]) -> list[_Outcome]:
        if lost := self._lost.get(name):
            return [lost] * len(calls)
        shop = Shop(self.model(), self.ledger, self.teachers, self.payer)
        bought: dict[int, _Outcome] = {}
        tasks = [asyncio.create_task(_buy(shop, call, bought, at)) for at, call in enumerate(calls)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await shop.close(tasks)
            self.spending.add(shop.spending)
        faults = [task.exception() for task in tasks if not task.cancelled()]
        for fault in filter(None, faults):
            if not isinstance(fault, TeacherError | ConfigurationError):
                raise fault
            if name not in self._lost:
                self._lost[name] = CallFailure(Reason.PROVIDER_ERROR, str(fault))
                self.announce(f"{self.payer.recipe}: a judge is lost: {fault}")
        return [bought[at] if at in bought else self._lost[name] for at in range(len(calls))]


async def _buy(shop: Shop, call: JudgeCall, bought: dict[int, _Outcome], at: int) -> None:
    try:
        bought[at] = await shop.buy(call.request)
    except CallFailedError as exc:
        bought[at] = CallFailure(exc.reason, exc.detail)
