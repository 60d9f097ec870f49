"""The firewall of a project: its sources as they are, what was ever kept out, and all lineage."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from synth_assets.core.decontaminate.descent import inherited
from synth_assets.core.decontaminate.finding import FirstOf, Guard, Overlap
from synth_assets.core.decontaminate.kept_out import KeptOut
from synth_assets.core.decontaminate.screen import Screen, ScreenRules
from synth_assets.core.decontaminate.stage import decontaminate, leaks
from synth_assets.core.stage import StageResult
from synth_assets.resources.home import Home
from synth_assets.resources.kept_out.forebears import read_forebears
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.sources.inputs import screen_rules
from synth_assets.resources.workshop import Workshop


@dataclass(frozen=True)
class ProjectFirewall:
    """Keeps held-out rows and benchmark items out, from seeds to training sets.

    Attributes:
        home: where seeds and generations lie.
        kept_out: the items, registered ones included.
        rules: how benchmarks are looked for.
    """

    home: Home
    kept_out: KeptOut
    rules: ScreenRules

    @classmethod
    def of(
        cls, workshop: Workshop, held_out: pl.DataFrame, benchmarks: pl.DataFrame
    ) -> "ProjectFirewall":
        """Of the items there are, and of those that are registered.

        Args:
            workshop: knows the sources and the places.
            held_out: columns of `SAMPLE_SCHEMA`.
            benchmarks: columns of `SAMPLE_SCHEMA`.

        Raises:
            StorageError: if the register cannot be read.
        """
        registered = Register(workshop.home.kept_out).read()
        kept_out = KeptOut.of(held_out, benchmarks, registered)
        return cls(workshop.home, kept_out, screen_rules(workshop.catalogue))

    @cached_property
    def guard(self) -> Guard:
        """What does not err: copies, and runs of words. Seeds and finished sets are held to it."""
        return self.kept_out.firewall(self.rules.run_words)

    @cached_property
    def screen(self) -> Screen:
        """What candidates are held to besides: copies with changes, and items in other words."""
        return Screen.build(self.kept_out.held_out, self.kept_out.benchmarks, self.rules)

    def decontaminate(self, samples: pl.DataFrame) -> StageResult:
        """Drop candidates that overlap an item, or come of one; see `stage.decontaminate`.

        Raises:
            StorageError: if seeds or generations cannot be read.
        """
        both = FirstOf((self.kept_out.copies, self.screen))
        return decontaminate(samples, both, self._inherited(samples))

    def leaks(self, training_rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of a finished set that ought not to be there; see `stage.leaks`.

        Raises:
            StorageError: if seeds or generations cannot be read.
        """
        come_of = self._inherited(training_rows)
        return leaks(training_rows, self.guard, self.kept_out.sources, come_of)

    def _inherited(self, samples: pl.DataFrame) -> dict[str, Overlap]:
        forebears = read_forebears(self.home, samples)
        return inherited(samples, forebears, self.kept_out, self.guard)
