"""What `recipe.yaml` says."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints, model_validator

from synth_assets.core.config.choices import ValueChoice
from synth_assets.core.config.names import Name, Written
from synth_assets.core.draws.attributes import Combination, Variation
from synth_assets.core.techniques.catalogue import TechniqueSpec
from synth_assets.core.techniques.prompt import Prompt, TeacherShare
from synth_assets.core.verify.catalogue import VerifierSpec

ComparedField = Literal["prompt", "response", "passage"]

Text = Annotated[str, StringConstraints(min_length=1)]


class SeedsSpec(Written):
    """Where seeds come from: a JSONL file of the recipe, or a data source.

    Attributes:
        file: a JSONL file in the recipe's folder, one object of text fields a line.
        source: a data source; its rows have the fields `prompt`, `response`.
        columns: template input -> field, where the names differ.
        limit: take this many; which ones is drawn by hash, so that order never matters.
    """

    file: str | None = None
    source: Name | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    limit: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_origin(self) -> "SeedsSpec":
        if (self.file is None) == (self.source is None):
            raise ValueError("give either `file` or `source`")
        return self


class KeptSamples(Written):
    """A number of samples that verification and deduplication are to keep.

    Attributes:
        kept: how many; a round may bring a few more.
        rounds: at most so many rounds of generation.
        planned_at_most: stop when so many were planned, kept or not; by default ten times `kept`.
    """

    kept: int = Field(ge=1, le=1_000_000)
    rounds: int = Field(default=6, ge=1, le=100)
    planned_at_most: int | None = Field(default=None, ge=1, le=10_000_000)

    @property
    def most(self) -> int:
        """How many may be planned."""
        return self.planned_at_most or 10 * self.kept


class CoverageSpec(Written):
    """What real text the samples are to cover.

    Attributes:
        reference: a data source; by default the recipe's own seeds.
        field: which text is compared, of samples and reference alike. `passage` is a passage of the
            reference and the one that a sample is about: what is compared by default where the
            reference is a source of passages, whose `prompt` only says where they stand.
        topics: how many clusters the reference is cut into, fewer where it is small.
        below: a topic is a gap if its share of the samples is surely below this part of its share
            of the reference.
        fill_gaps: start the last part of the samples from reference rows in the gaps.
        fill_share: that part.
    """

    reference: Name | None = None
    field: ComparedField = "prompt"
    topics: int = Field(default=20, ge=2, le=200)
    below: float = Field(default=0.5, gt=0, lt=1)
    fill_gaps: bool = False
    fill_share: float = Field(default=0.3, gt=0, lt=1)

    def against(self, *, passages: bool) -> "CoverageSpec":
        """With the field that is compared, where none is named.

        Args:
            passages: whether the reference is a source of passages.
        """
        if "field" in self.model_fields_set or not passages:
            return self
        return self.model_copy(update={"field": "passage"})


class RecipeSpec(Written):
    """The content of `recipe.yaml`.

    Attributes:
        id: name of the recipe; unique among all recipes.
        title: what people see; no identity.
        description: what it makes and for whom; no identity.
        technique: the method, with its prompts.
        seeds: what each sample starts from.
        samples: how many samples to plan, or how many are to be kept in the end.
        teachers: who writes, by weight.
        parameters: sampling parameters, over the teacher's own.
        sampling: sampling parameter -> values to draw from, over `parameters`.
        variations: attribute -> what is drawn for each sample, with quotas.
        never: combinations of attributes that no sample has.
        verifiers: what a sample must pass, in this order.
        coverage: what real text they are compared with.
        licence: under which the samples are given on.
        on_request: left out of runs and mixtures that name no recipe; no identity.
    """

    id: Name
    title: Text
    description: str = ""
    technique: TechniqueSpec
    seeds: SeedsSpec
    samples: Annotated[int, Field(ge=1, le=10_000_000)] | KeptSamples
    teachers: tuple[TeacherShare, ...] = Field(min_length=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    sampling: dict[str, ValueChoice] = Field(default_factory=dict)
    variations: dict[Name, Variation] = Field(default_factory=dict)
    never: tuple[Combination, ...] = ()
    verifiers: tuple[VerifierSpec, ...] = ()
    coverage: CoverageSpec = CoverageSpec()
    licence: str = "unstated"
    on_request: bool = False

    @property
    def first_round(self) -> int:
        """How many samples are planned before anything is known of what is kept."""
        if isinstance(self.samples, int):
            return self.samples
        return min(self.samples.kept, self.samples.most)

    @property
    def wanted(self) -> int:
        """How many samples are asked for, planned or kept."""
        return self.samples if isinstance(self.samples, int) else self.samples.kept

    @property
    def teacher_weights(self) -> dict[str, float]:
        """Teacher -> its share of the requests, from 0 to 1; of several prompts the largest."""
        found = dict[str, float]()
        prompts = self.technique.prompts.values()
        for shares in (self.teachers, *(prompt.teachers or () for prompt in prompts)):
            total = sum(share.weight for share in shares)
            for share in shares:
                found[share.id] = max(found.get(share.id, 0.0), share.weight / total)
        return found

    def answered_by(self, teacher: str) -> "RecipeSpec":
        """The same recipe with one teacher for everything: prompts with their own, and judges."""
        prompts = {
            name: prompt.model_copy(update={"teachers": None})
            for name, prompt in self.technique
            if isinstance(prompt, Prompt)
        }
        technique = self.technique.model_copy(update=prompts)
        share = TeacherShare(id=teacher)
        verifiers = tuple(verifier.answered_by(teacher) for verifier in self.verifiers)
        return self.model_copy(
            update={"teachers": (share,), "technique": technique, "verifiers": verifiers}
        )
