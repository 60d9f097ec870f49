"""Filling a recipe version: rounds of generation until it has what it asks for."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_spec import KeptSamples
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.generation.budget import Payer
from synth_assets.core.growth import growth_of
from synth_assets.core.planning import Plan, Planned, RoundPlan
from synth_assets.core.schema import SAMPLE_SCHEMA, Outcome
from synth_assets.core.techniques.advance import checked_drops, next_round
from synth_assets.core.techniques.protocol import Growth
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.resources.batches.books import BatchBooks
from synth_assets.resources.frames import FrameParts
from synth_assets.resources.generation.engine import Progress, generate_parts
from synth_assets.resources.generation.funds import check_funds
from synth_assets.resources.generation.grown import GrownParts, accepted_samples, most_planned
from synth_assets.resources.generation.judges import PaidJudges
from synth_assets.resources.generation.parts import Parts, PartsFolder, parts_of
from synth_assets.resources.generation.shop import Spending
from synth_assets.resources.generation.workers import Workers, generate_with_workers
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import ChatModel

_LEAST_RATE = 0.02
_PASSES = 2
_MARGIN = 1.05
"""A twentieth more than the share kept so far would need, so that few rounds are needed."""


@dataclass(frozen=True)
class Round:
    """One round of generation.

    Attributes:
        planned: samples planned in all, with this round.
        kept: samples that verification and deduplication keep of these; none where nobody asked.
    """

    planned: int
    kept: int | None


@dataclass(frozen=True)
class Filled:
    """What filling a recipe version came to.

    Attributes:
        parts: samples, decisions, calls and plan, on disk.
        rounds: in their order.
        spending: calls, tokens and money of this run.
    """

    parts: Parts
    rounds: tuple[Round, ...]
    spending: Spending


@dataclass(frozen=True)
class Filler:
    """Fills recipe versions.

    Attributes:
        model: makes who answers in this process, anew for each round.
        ledger: what was bought before; its budget is held.
        folder: where finished parts lie until they are handed over.
        run: id of the run whose account is charged.
        on_progress: told after every finished sample.
        announce: told of rounds.
        workers: how many processes generate; they ask the recipe's own teachers.
        tools: what verifiers may use of the outside world.
        judges: whom verifiers may ask; what they cost is told with the rest.
    """

    model: Callable[[], ChatModel]
    ledger: Ledger
    folder: Path
    run: str = ""
    on_progress: Callable[[Progress], None] = lambda _: None
    announce: Callable[[str], None] = lambda _: None
    workers: Workers = field(default_factory=Workers)
    tools: Tools = NO_TOOLS
    judges: PaidJudges | None = None

    def fill(self, plan: Plan) -> Filled:
        """Generate what the recipe asks for; see `generate_parts`.

        Where it asks for kept samples, each round plans as many more as the share kept so far
        lets expect to be enough, until there are, or a cap, the number of rounds or the number of
        planned samples ends it.

        Raises:
            BudgetError: if a budget cannot be held.
            TeacherError: if a teacher cannot be used at all, or is down.
            BatchPendingError: if samples wait for batches, which are submitted then.
            KeyboardInterrupt: at SIGINT or SIGTERM; what was bought is kept.
        """
        recipe = plan.recipe
        check_funds(recipe, self.ledger.budget, Payer(recipe.id, self.run))
        growth = growth_of(recipe, plan.seeds)
        if growth is not None:
            filled = self._grow(plan, growth)
            BatchBooks(self.ledger).forget_given_up(sorted(filled.spending.given_up))
            return filled
        parts = PartsFolder(self.folder, plan.fingerprint)
        target = recipe.spec.samples
        if isinstance(target, int):
            spending = self._generate(plan, 0, target, parts)
            filled = Filled(parts, (Round(target, None),), spending)
        else:
            filled = self._until_kept(plan, target, parts)
        # Their decisions are told now; the next run may try again.
        BatchBooks(self.ledger).forget_given_up(sorted(filled.spending.given_up))
        return filled

    def _grow(self, whole: Plan, growth: Growth) -> Filled:
        """Round after round, as a growing technique asks; see `techniques.protocol`.

        A cap ends it with the round that met it. So does the most that may be planned.
        """
        recipe = whole.recipe
        label, kind = recipe.label, recipe.spec.technique.kind
        spending = Spending()
        rounds: list[Round] = []
        grown = GrownParts(self.folder)
        uses: Mapping[str, int] = {}
        done, most = 0, most_planned(recipe.spec)
        wanted = next_round(label, kind, growth)
        while not spending.over and done < most:
            plan = RoundPlan(recipe, wanted.starts, len(rounds), done, uses, wanted.produce)
            plan.check(whole.seeds)
            parts = grown.round(plan.fingerprint)
            done += len(wanted.starts)
            self._round(plan, done, parts, spending)
            accepted = accepted_samples(recipe, parts, self._verifying)
            self._charge_judges(spending)
            uses = plan.uses_after
            try:
                wanted = next_round(label, kind, growth, accepted)
            except StopIteration as stop:
                dropped = checked_drops(label, kind, stop.value)
                grown.drop(dropped)
                rounds.append(self._told(recipe, rounds, done, len(accepted) - len(dropped)))
                return Filled(grown, tuple(rounds), spending)
            grown.drop(wanted.dropped)
            rounds.append(self._told(recipe, rounds, done, len(accepted) - len(wanted.dropped)))
        if not spending.over:
            self.announce(
                f"{recipe.id}: {done:,} samples were planned, the most that may be; its technique "
                "would go on. Give samples: {kept: ..., planned_at_most: ...} for more"
            )
        return Filled(grown, tuple(rounds), spending)

    def _round(self, plan: RoundPlan, stop: int, parts: PartsFolder, spending: Spending) -> None:
        """What failed is asked once more: the next round is to start from all that can be had."""
        for _ in range(_PASSES):
            spending.add(self._generate(plan, plan.first, stop, parts))
            errored = parts.table("decisions").lazy().filter(pl.col("outcome") == Outcome.ERRORED)
            if spending.over or not errored.select(pl.len()).collect().item():
                break

    def _told(self, recipe: Recipe, rounds: Sequence[Round], planned: int, new: int) -> Round:
        kept = new + (rounds[-1].kept or 0 if rounds else 0)
        self.announce(
            f"{recipe.id}: round {len(rounds) + 1}: {new:,} samples taken, {kept:,} in all, "
            f"{recipe.spec.wanted:,} wanted"
        )
        return Round(planned, kept)

    def _until_kept(self, plan: Plan, target: KeptSamples, parts: PartsFolder) -> Filled:
        spending = Spending()
        rounds: list[Round] = []
        kept = pl.DataFrame(schema=SAMPLE_SCHEMA)
        done, goal = 0, plan.recipe.spec.first_round
        while len(rounds) < target.rounds and done < goal:
            spending.add(self._generate(plan, done, goal, parts))
            made = parts.table("samples", among=list(parts_of(done, goal)))
            kept = _kept(plan.recipe, kept, made, self._verifying)
            self._charge_judges(spending)
            rounds.append(Round(goal, kept.height))
            self.announce(
                f"{plan.recipe.id}: round {len(rounds)}: {kept.height:,} kept of {goal:,} planned, "
                f"{target.kept:,} wanted"
            )
            done = goal
            if kept.height >= target.kept or spending.over:
                break
            share = max(kept.height / done, _LEAST_RATE)
            wanted = done + math.ceil((target.kept - kept.height) / share * _MARGIN)
            goal = min(wanted, target.most)
        return Filled(parts, tuple(rounds), spending)

    @property
    def _verifying(self) -> Tools:
        return self.tools if self.judges is None else replace(self.tools, judges=self.judges)

    def _charge_judges(self, spending: Spending) -> None:
        """Add what judges have cost since this was asked last."""
        if self.judges is not None:
            spending.add(self.judges.spending)
            self.judges.spending = Spending()

    def _generate(self, plan: Planned, start: int, stop: int, parts: PartsFolder) -> Spending:
        missing = [p for p in parts_of(start, stop) if not plan.is_empty and not parts.has(p)]
        number = self.workers.number(plan.recipe, missing)
        if number > 1 and isinstance(plan, Plan):
            return generate_with_workers(
                plan,
                start,
                stop,
                number,
                self.ledger,
                parts,
                self.folder,
                run=self.run,
                on_progress=self.on_progress,
                warn=self.workers.warn,
            )
        return generate_parts(
            plan,
            start,
            stop,
            self.model(),
            self.ledger,
            parts,
            run=self.run,
            on_progress=self.on_progress,
        )


def _kept(recipe: Recipe, before: pl.DataFrame, made: FrameParts, tools: Tools) -> pl.DataFrame:
    """Samples of the recipe that verification and deduplication keep, as its stages will."""
    frames = [before]
    for frame in made.frames():
        verified = verify_samples(frame, recipe.key, recipe.spec.verifiers, recipe.files, tools)
        frames.append(verified.stage.kept)
    return deduplicate(pl.concat(frames)).kept
