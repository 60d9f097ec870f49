"""The rounds of a growing technique as far as completions at hand carry them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from synth_assets.core.completion import Completion
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.generation.judge_replay import LedgerJudges
from synth_assets.core.generation.replay import Replayed, replay
from synth_assets.core.growth import growth_of
from synth_assets.core.planning import RoundPlan
from synth_assets.core.sample import Sample, Seed, sample_frame, samples_of
from synth_assets.core.techniques.advance import next_round
from synth_assets.core.techniques.protocol import Growth
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import NO_TOOLS, Tools


@dataclass
class GrowthReplay:
    """Replays round after round, until a request was not bought or the technique ends.

    Attributes:
        recipe: whose technique grows.
        seeds: of the recipe.
        growth: the technique's rounds.
        bought: fingerprint -> completion, where there is one.
        tools: what verifiers may use of the outside world.
        is_whole: whether it came to the end.
        rounds: how many rounds were looked at.
        judges: whom its verifiers ask, if anybody; without their answers no round is known.
    """

    recipe: Recipe
    seeds: Sequence[Seed]
    growth: Growth
    bought: Callable[[str], Completion | None]
    tools: Tools = NO_TOOLS
    is_whole: bool = False
    rounds: int = 0
    judges: LedgerJudges | None = None
    _uses: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        seeds: Sequence[Seed],
        bought: Callable[[str], Completion | None],
        tools: Tools = NO_TOOLS,
    ) -> "GrowthReplay | None":
        """The rounds of a recipe; none where its technique does not grow."""
        growth = growth_of(recipe, seeds)
        if growth is None:
            return None
        judges = LedgerJudges.of(recipe, bought)
        return cls(recipe, seeds, growth, bought, replace(tools, judges=judges), judges=judges)

    def samples(self) -> Iterator[Replayed]:
        """Every planned sample of the rounds that are known, in order.

        Raises:
            RecipeError: if a prompt does not render with a start.
        """
        done = 0
        label, kind = self.recipe.label, self.recipe.spec.technique.kind
        wanted = next_round(label, kind, self.growth)
        while True:
            plan = RoundPlan(
                self.recipe, wanted.starts, self.rounds, done, self._uses, wanted.produce
            )
            plan.check(self.seeds)
            done += len(wanted.starts)
            self.rounds += 1
            found: list[Replayed] = []
            for slot in plan.slots(plan.first, done):
                found.append(replay(self.recipe, slot, self.bought))
                yield found[-1]
            is_known = not any(each.missing for each in found)
            if not is_known and self.judges is None:
                return
            accepted = self._accepted(found)
            if not is_known or (self.judges is not None and self.judges.missing):
                return
            self._uses = plan.uses_after
            try:
                wanted = next_round(label, kind, self.growth, accepted)
            except StopIteration:
                self.is_whole = True
                return

    def _accepted(self, found: Sequence[Replayed]) -> list[Sample]:
        made = (piece.sample for each in found for piece in each.pieces)
        frame = sample_frame(sample for sample in made if sample is not None)
        recipe = self.recipe
        verified = verify_samples(
            frame, recipe.key, recipe.spec.verifiers, recipe.files, self.tools
        )
        return list(samples_of(verified.stage.kept))
