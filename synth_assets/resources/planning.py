"""What filling recipes would take: looked up and estimated; nothing is asked, nothing written."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.budgets import Cap
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_spec import KeptSamples
from synth_assets.core.generation.bill import Bill, CapOutlook
from synth_assets.core.generation.budget import ALL
from synth_assets.core.generation.estimate import counted_in_part
from synth_assets.core.generation.growth_replay import GrowthReplay
from synth_assets.core.generation.judge_replay import LedgerJudges, ask_standing
from synth_assets.core.generation.outlook import (
    KeptOutlook,
    Planning,
    RecipePlan,
    Unplanned,
    total,
)
from synth_assets.core.generation.replay import Replayed, Tally, replay
from synth_assets.core.plan_changes import Change, PlanChanges
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import PLAN_SCHEMA
from synth_assets.core.techniques.protocol import Slot
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.errors import SynthError
from synth_assets.resources.filled_plan import FilledPlan
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.ledger.accounts import Account
from synth_assets.resources.ledger.observed import Observations
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.plan_bills import PlanBills
from synth_assets.resources.sources.inputs import KEPT_SOURCES, Inputs
from synth_assets.resources.workshop import Workshop

_CHUNK = 20_000
_REPORT_EVERY_S = 3.0
_GOLDEN = 0.6180339887498949
_RUN = "run"
_NO_SEEDS = (
    "no seed is left: each is held out, a benchmark's or a repetition. Give the recipe others, or "
    "see the decisions of the asset seeds"
)


@dataclass(frozen=True)
class Planner:
    """Plans recipes; nothing is sent anywhere, and nothing written.

    Attributes:
        workshop: catalogue and places.
        ledger: what was bought; none where there is none.
        most: of a larger plan so many samples are looked at, evenly spread; all by default.
        announce: told how far it is, every few seconds.
    """

    workshop: Workshop
    ledger: Ledger | None
    most: int | None = None
    announce: Callable[[str], None] = lambda _: None

    def plan_all(self, recipes: Sequence[Recipe]) -> Planning:
        """Plan recipes; one that cannot be planned stops no other.

        Raises:
            LedgerError: if the ledger is damaged.
        """
        plans: list[RecipePlan] = []
        unplanned: list[Unplanned] = []
        observations = self._observations  # what fails here fails for all
        for recipe in recipes:
            try:
                plans.append(_RecipePlanner(self, recipe, observations).plan())
            except SynthError as exc:
                unplanned.append(Unplanned(recipe.id, recipe.key, str(exc)))
        made = Planning(tuple(plans), tuple(unplanned))
        return Planning(made.plans, made.unplanned, tuple(self._caps(made)))

    @cached_property
    def inputs(self) -> Inputs:
        """Rows of the sources, read once for all recipes."""
        home = self.workshop.home
        return Inputs(
            self.workshop.catalogue, home.root / KEPT_SOURCES, register=Register(home.kept_out)
        )

    def bought(self, fingerprint: str) -> Completion | None:
        """What the ledger has."""
        return None if self.ledger is None else self.ledger.get(fingerprint)

    def positions(self, start: int, stop: int) -> Iterator[int]:
        """All of a range, or of each of `most` equal pieces one.

        Which one follows the golden ratio, so that no rhythm of the plan is met in step.
        """
        size = stop - start
        if self.most is None or size <= self.most:
            yield from range(start, stop)
            return
        for piece in range(self.most):
            within = (piece * _GOLDEN) % 1.0
            yield start + int((piece + within) * size / self.most)

    @cached_property
    def _observations(self) -> Observations:
        return Observations(self.ledger)

    def _caps(self, made: Planning) -> Iterator[CapOutlook]:
        budgets = self.workshop.catalogue.budgets
        run = self.workshop.run_cap or budgets.run
        whole = total(plan.whole_bill for plan in made.plans)
        if budgets.all is not None:
            yield self._outlook(ALL, budgets.all, whole)
        if run is not None:
            yield CapOutlook(_RUN, run, 0.0, 0, whole)
        for plan in made.plans:
            if cap := budgets.recipes.get(plan.recipe):
                yield self._outlook(f"recipe:{plan.recipe}", cap, plan.whole_bill)
        for teacher, bill in made.by_teacher.items():
            if cap := budgets.teachers.get(teacher):
                yield self._outlook(f"teacher:{teacher}", cap, bill)

    def _outlook(self, scope: str, cap: Cap, bill: Bill) -> CapOutlook:
        account = Account() if self.ledger is None else self.ledger.account(scope)
        return CapOutlook(scope, cap, account.usd, account.tokens + account.perhaps_tokens, bill)


@contextmanager
def planner(
    workshop: Workshop, most: int | None = None, announce: Callable[[str], None] = lambda _: None
) -> Generator[Planner]:
    """A planner with the ledger, if there is one, closed afterwards.

    Raises:
        LedgerError: if the ledger cannot be opened.
    """
    path = workshop.home.ledger
    ledger = Ledger(path) if path.is_file() else None
    try:
        yield Planner(workshop, ledger, most, announce)
    finally:
        if ledger is not None:
            ledger.close()


@dataclass
class _Judging:
    """What the judges of a recipe are asked of samples that are complete."""

    recipe: Recipe
    judges: LedgerJudges
    tools: Tools
    _samples: list[Sample] = field(default_factory=list[Sample])

    @classmethod
    def of(cls, planner: Planner, recipe: Recipe) -> "_Judging | None":
        """None where the recipe asks no judge."""
        judges = LedgerJudges.of(recipe, planner.bought)
        return None if judges is None else cls(recipe, judges, planner.workshop.tools)

    def add(self, replayed: Replayed) -> None:
        """Take the samples of one planned sample."""
        made = (piece.sample for piece in replayed.pieces)
        self._samples += [sample for sample in made if sample is not None]
        if len(self._samples) >= _CHUNK:
            self._verify()

    def requests(self, *, standing: bool) -> tuple[Sequence[Request], Sequence[Request]]:
        """Those whose completions are at hand, and those that are to be bought.

        Args:
            standing: with those that are asked once, whatever samples there are.
        """
        self._verify()
        if standing:
            ask_standing(self.recipe, self.judges, self.tools)
        return self.judges.answered, self.judges.missing

    def _verify(self) -> None:
        recipe, tools = self.recipe, replace(self.tools, judges=self.judges)
        frame = sample_frame(self._samples)
        verify_samples(frame, recipe.key, recipe.spec.verifiers, recipe.files, tools)
        self._samples.clear()


class _RecipePlanner:
    """Plans one recipe."""

    def __init__(self, planner: Planner, recipe: Recipe, observations: Observations) -> None:
        self._planner = planner
        self._recipe = recipe
        self._observations = observations
        self._plan = Plan.of(recipe, planner.inputs.seeds(recipe))
        self._growth = GrowthReplay.of(
            recipe, self._plan.seeds, planner.bought, planner.workshop.tools
        )
        self._filled = FilledPlan.latest(planner.workshop.home, recipe.id)
        self._earlier = None if self._filled is None else self._filled.reach()
        self._reported = time.monotonic()

    def plan(self) -> RecipePlan:
        recipe = self._recipe
        if self._growth is not None:
            return self._grown(self._growth)
        first = recipe.spec.first_round if self._plan.seeds else 0
        changed: dict[Change, int] = {}
        tally = self._tally(0, first, changed)
        changes = self._changes(changed, tally.samples, first)
        bills = self._bills(tally, first)
        return RecipePlan(
            recipe.id,
            recipe.key,
            first,
            tally.samples,
            bills.by_teacher,
            changes,
            self._kept(first, bills),
            tuple(bills.notes) if first else (_NO_SEEDS,),
            tuple(recipe.spec.technique.not_applied),
        )

    def _grown(self, growth: GrowthReplay) -> RecipePlan:
        """The rounds that are known, and as many more samples as the technique lets expect."""
        tally = Tally(self._recipe)
        rows: list[tuple[object, ...]] = []
        for replayed in growth.samples():
            tally.add(replayed)
            rows.append(replayed.row)
            self._report(tally.samples, tally.samples)
        if (judges := growth.judges) is not None:
            ask_standing(self._recipe, judges, self._planner.workshop.tools)
            tally.add_requests(judges.answered, judges.missing)
        changed: dict[Change, int] = {}
        self._compare(rows, changed)
        technique, wanted = self._recipe.spec.technique, self._recipe.spec.wanted
        planned = tally.samples
        notes: tuple[str, ...] = ()
        if not growth.is_whole:
            planned = max(planned, technique.expected(wanted))
            notes = (
                f"later rounds follow on the answers of earlier ones: {growth.rounds} known, the "
                "rest is estimated from these",
            )
        bills = self._bills(tally, planned)
        return RecipePlan(
            self._recipe.id,
            self._recipe.key,
            planned,
            tally.samples,
            bills.by_teacher,
            self._changes(changed, tally.samples, tally.samples),
            None,
            (*notes, *bills.notes),
            tuple(technique.not_applied),
        )

    def _bills(self, tally: Tally, planned: int) -> PlanBills:
        grows = self._growth is not None
        return PlanBills(tally, planned, self._earlier, self._observations, grows)

    def _tally(self, start: int, stop: int, changed: dict[Change, int] | None = None) -> Tally:
        """Replay the samples of a range, and count in `changed` those that are not as they were."""
        tally = Tally(self._recipe)
        rows: list[tuple[object, ...]] = []
        judging = _Judging.of(self._planner, self._recipe)
        for slot in self._slots(start, stop):
            replayed = replay(self._recipe, slot, self._planner.bought)
            tally.add(replayed)
            if judging is not None:
                judging.add(replayed)
            if changed is not None:
                rows.append(replayed.row)
                if len(rows) == _CHUNK:
                    self._compare(rows, changed)
            self._report(tally.samples, stop - start)
        if changed is not None:
            self._compare(rows, changed)
        if judging is not None:
            tally.add_requests(*judging.requests(standing=start == 0 < stop))
        return tally

    def _slots(self, start: int, stop: int) -> Iterator[Slot]:
        for position in self._planner.positions(start, stop):
            yield from self._plan.slots(position, position + 1)

    def _compare(self, rows: list[tuple[object, ...]], changed: dict[Change, int]) -> None:
        if self._filled is not None and rows:
            planned = pl.DataFrame(rows, schema=PLAN_SCHEMA, orient="row")
            for reason, count in self._filled.changes(planned).items():
                changed[reason] = changed.get(reason, 0) + count
        rows.clear()

    def _changes(
        self, changed: dict[Change, int], looked_at: int, planned: int
    ) -> PlanChanges | None:
        if self._filled is None:
            return None
        counts = {
            reason: counted_in_part(changed[reason], looked_at, planned)
            for reason in Change
            if reason in changed
        }
        if self._growth is not None:
            # What is not planned yet may still be; only the rounds to come could tell.
            return PlanChanges(self._filled.key, counts, 0)
        asked = self._recipe.spec.samples
        most = asked.most if isinstance(asked, KeptSamples) else planned
        ids = pl.Series("seed_id", [seed.seed_id for seed in self._plan.seeds], pl.String)
        return PlanChanges(self._filled.key, counts, self._filled.gone(ids, most))

    def _kept(self, first: int, bills: PlanBills) -> KeptOutlook | None:
        """All rounds, where the share kept so far tells how many samples they need."""
        asked = self._recipe.spec.samples
        if not isinstance(asked, KeptSamples):
            return None
        share = None if self._filled is None else self._filled.share_kept()
        if not share:
            return KeptOutlook(asked.kept, share)
        planned = max(first, min(math.ceil(asked.kept / share), asked.most))
        own = total(bills.by_teacher.values())
        if planned == first or asked.rounds == 1:
            return KeptOutlook(asked.kept, share, first, own)
        more = self._bills(self._tally(first, planned), planned - first)
        return KeptOutlook(asked.kept, share, planned, own + total(more.by_teacher.values()))

    def _report(self, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self._reported < _REPORT_EVERY_S:
            return
        self._reported = now
        self._planner.announce(f"{self._recipe.id}: {done:,} of {of:,} samples looked at")
