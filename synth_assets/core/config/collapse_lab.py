"""A lab's plan as users write it."""

from pathlib import PurePath
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from synth_assets.core.collapse.arms import Arm, Rule, Tolerance, usual_arms
from synth_assets.core.collapse.canary import SHARPENED
from synth_assets.core.collapse.lab import LabPlan
from synth_assets.core.config.names import Written
from synth_assets.core.config.sources import Share
from synth_assets.core.language_model.ngram import PLAIN, Decoding

StudentKind: TypeAlias = Literal["ngram", "gpt"]
"""What is trained: n-grams of words, in a second, or a small GPT, in a minute and more."""

FilePattern = Annotated[str, StringConstraints(min_length=1)]


class TextFiles(Written):
    """Where texts stand.

    Attributes:
        files: paths or globs, relative to the YAML file that names them.
        columns: whose text is read; by default prompt and response, a chat or the text, under
            their usual names.
    """

    files: tuple[FilePattern, ...] = Field(min_length=1)
    columns: tuple[str, ...] = ()

    def located_in(self, folder: PurePath) -> "TextFiles":
        """The same with paths that no longer depend on where one stands."""
        return self.model_copy(update={"files": tuple(str(folder / name) for name in self.files)})


class DecodingSpec(Written):
    """How students write; see `Decoding`."""

    temperature: float = Field(default=1.0, gt=0)
    best_of: int = Field(default=1, ge=1, le=16)


class ArmSpec(Written):
    """One way of going on; see `Arm`.

    Attributes:
        rule: what a generation is trained on.
        share: of written rows, for rules that have one.
        loss_ratio: of an adaptive arm, see `Tolerance`.
        diversity: the same.
        step: the same.
    """

    rule: Rule
    share: Share = 1.0
    loss_ratio: float = Field(default=1.03, gt=1)
    diversity: float = Field(default=0.15, gt=0)
    step: float = Field(default=0.2, gt=0, le=1)

    def arm(self, decoding: Decoding) -> Arm:
        """As the lab takes it."""
        tolerance = Tolerance(self.loss_ratio, self.diversity, self.step)
        return Arm(self.rule, self.share, decoding, tolerance)


class LabConfig(Written):
    """What `synth collapse-lab` reads.

    Attributes:
        real: real texts to train on and to measure by.
        out_of_domain: real texts of another kind.
        rows: that the first generation is trained on.
        held_out: real rows to measure by, that nothing is trained on.
        generations: number of the last one.
        seeds: repetitions, each with other real rows; four give an interval worth having.
        decodings: `plain`, `sharpened` (the likelier of two draws), or what you say.
        arms: what is compared; by default replace, shares of 10 to 90 %, half added, accumulate,
            accumulate and subsample, adaptive.
        order: how many words belong together for n-grams.
        student: `ngram`, or `gpt`, for which torch has to be installed.
    """

    real: TextFiles
    out_of_domain: TextFiles | None = None
    rows: int = Field(default=1_500, ge=50, le=1_000_000)
    held_out: int = Field(default=1_000, ge=20, le=1_000_000)
    generations: int = Field(default=5, ge=1, le=10)
    seeds: int = Field(default=4, ge=1, le=100)
    decodings: tuple[Literal["plain", "sharpened"] | DecodingSpec, ...] = Field(
        default=("plain", "sharpened"), min_length=1
    )
    arms: tuple[ArmSpec, ...] | None = Field(default=None, min_length=1)
    order: int = Field(default=3, ge=1, le=6)
    student: StudentKind = "ngram"

    @property
    def plan(self) -> LabPlan:
        """As the lab takes it."""
        arms = [
            arm
            for said in self.decodings
            for decoding in [_decoding(said)]
            for arm in (
                usual_arms(decoding)
                if self.arms is None
                else [each.arm(decoding) for each in self.arms]
            )
        ]
        return LabPlan(
            self.rows, self.held_out, self.generations, self.seeds, tuple(dict.fromkeys(arms))
        )

    def located_in(self, folder: PurePath) -> "LabConfig":
        """The same with paths that no longer depend on where one stands."""
        other = self.out_of_domain
        moved = {
            "real": self.real.located_in(folder),
            "out_of_domain": None if other is None else other.located_in(folder),
        }
        return self.model_copy(update=moved)


def _decoding(said: Literal["plain", "sharpened"] | DecodingSpec) -> Decoding:
    match said:
        case "plain":
            return PLAIN
        case "sharpened":
            return SHARPENED
        case DecodingSpec():
            return Decoding(said.temperature, said.best_of)
