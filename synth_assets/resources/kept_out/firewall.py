"""The firewall of a project: its sources as they are, what was ever kept out, and all lineage."""

from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from synth_assets.core.decontaminate.candidates import CandidateJudge
from synth_assets.core.decontaminate.descent import inherited
from synth_assets.core.decontaminate.error_rate import ErrorRate, Shadow, measure_error_rate
from synth_assets.core.decontaminate.finding import FirstOf, Guard, Overlap
from synth_assets.core.decontaminate.kept_out import KeptOut
from synth_assets.core.decontaminate.screen import Screen, ScreenRules
from synth_assets.core.decontaminate.stage import decontaminate, leaks
from synth_assets.core.schema import Origin
from synth_assets.core.stage import StageResult
from synth_assets.resources.decontamination.asked import Asked
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
        asked: whom `decontaminate` asks.
    """

    home: Home
    kept_out: KeptOut
    rules: ScreenRules
    asked: Asked = field(default_factory=Asked)

    @classmethod
    def of(
        cls,
        workshop: Workshop,
        held_out: pl.DataFrame,
        benchmarks: pl.DataFrame,
        asked: Asked | None = None,
    ) -> "ProjectFirewall":
        """Of the items there are, and of those that are registered.

        Args:
            workshop: knows the sources and the places.
            held_out: columns of `SAMPLE_SCHEMA`.
            benchmarks: columns of `SAMPLE_SCHEMA`.
            asked: whom `decontaminate` asks, by default nobody.

        Raises:
            StorageError: if the register cannot be read.
        """
        registered = Register(workshop.home.kept_out).read()
        kept_out = KeptOut.of(held_out, benchmarks, registered)
        rules = screen_rules(workshop.catalogue)
        return cls(workshop.home, kept_out, rules, asked or Asked())

    @cached_property
    def guard(self) -> Guard:
        """What does not err: copies, and runs of words. Seeds and finished sets are held to it."""
        return self.kept_out.firewall(self.rules.run_words)

    @cached_property
    def screen(self) -> Screen:
        """What candidates are held to besides: copies with changes, and items in other words.

        No judge is asked.
        """
        return self._screen(self.kept_out.benchmarks, None)

    def measure_errors(self, benchmarks: pl.DataFrame, rows: pl.DataFrame) -> ErrorRate | None:
        """Measure how often decontamination errs on a benchmark, beside these rows.

        Args:
            benchmarks: columns of `SAMPLE_SCHEMA`.
            rows: columns of `SAMPLE_SCHEMA`; the human ones among them count as clean.

        Returns:
            Nothing without benchmarks.
        """
        if benchmarks.is_empty():
            return None
        real = rows.filter(pl.col("origin") == Origin.REAL.value)
        translator = self.asked.translator
        return measure_error_rate(
            self.screen,
            benchmarks,
            [*real["prompt"], *real["response"]],
            lambda some: self._screen(some, None),
            Shadow() if translator is None else Shadow(translated=translator.items),
            translate=None if translator is None else translator.translate,
        )

    def _screen(self, benchmarks: pl.DataFrame, judge: CandidateJudge | None) -> Screen:
        held_out = self.kept_out.held_out
        return Screen.build(held_out, benchmarks, self.rules, self.asked.embedder, judge)

    def decontaminate(self, samples: pl.DataFrame) -> StageResult:
        """Drop candidates that overlap an item, or come of one; see `stage.decontaminate`.

        Raises:
            StorageError: if seeds or generations cannot be read.
        """
        judge = self.asked.judge
        screen = (
            self.screen if judge is None else self._screen(self.kept_out.benchmarks, judge.judge)
        )
        both = FirstOf((self.kept_out.copies, screen))
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
