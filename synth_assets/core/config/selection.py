"""Selection: `selection.yaml` says what counts as a repetition, and how test items are found."""

from pathlib import PurePath
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from synth_assets.core.config.names import Written
from synth_assets.core.config.sources import Share
from synth_assets.core.dedup.code_points import Unit
from synth_assets.core.dedup.exact import ExactRule
from synth_assets.core.dedup.shingling import Shingling
from synth_assets.core.dedup.sketch import RECALL, THRESHOLD, DedupRule
from synth_assets.core.fingerprint import fingerprint
from synth_assets.errors import ConfigurationError

T = TypeVar("T")
_W = TypeVar("_W", bound=Written)

ComparedPart: TypeAlias = Literal["history", "prompt", "response", "messages"]
"""What of a row is compared, or all of it in one column of chats."""

EmbedderName: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=500)]
TeacherId: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Similarity: TypeAlias = Annotated[float, Field(gt=0, le=1)]


def _said_off(said: object) -> object:
    return None if said == "off" else said


OrOff: TypeAlias = Annotated[T | None, BeforeValidator(_said_off)]
"""Something, or `off`."""


def _laid_over(section: _W, other: _W) -> _W:
    said = {name: getattr(section, name) for name in section.model_fields_set}
    return other.model_copy(update=said)


class ExactSpec(Written):
    """What two texts may differ in and still be equal; see `ExactRule`."""

    unicode: bool = True
    case: bool = True
    white_space: bool = True
    punctuation: bool = False

    @property
    def rule(self) -> ExactRule:
        """As deduplication takes it."""
        return ExactRule(self.unicode, self.case, self.white_space, self.punctuation)


class ShinglesSpec(Written):
    """How texts are cut for comparing; see `Shingling`.

    Attributes:
        unit: what a token is.
        size: tokens in a run; by default 5, of characters 12.
    """

    unit: Literal["words", "characters", "code"] = "words"
    size: int | None = Field(default=None, ge=1, le=1000)

    @property
    def shingling(self) -> Shingling:
        """As deduplication takes it."""
        unit = Unit(self.unit)
        return Shingling.usual(unit) if self.size is None else Shingling(unit, self.size)


class NearSpec(Written):
    """What makes a text a near-duplicate of another; see `DedupRule`."""

    threshold: Similarity = THRESHOLD
    recall: float = Field(default=RECALL, gt=0, lt=1)
    shingles: ShinglesSpec = ShinglesSpec()

    @model_validator(mode="after")
    def _can_be_found(self) -> "NearSpec":
        try:
            _ = DedupRule(self.threshold, self.recall).banding
        except ConfigurationError as exc:
            raise ValueError(str(exc).rstrip(".")) from exc
        return self


class SemanticSpec(Written):
    """What makes a text a repetition of another in other words.

    Attributes:
        embedder: `minilm`, `tfidf`, `sentence-transformers:` and a folder or name, or a teacher of
            the catalogue that embeds.
        threshold: cosine from which on a row is a duplicate.
        same_numbers: whether a row is one only of rows that tell of the same numbers.
    """

    embedder: EmbedderName = "minilm"
    threshold: Similarity
    same_numbers: bool = True


class NoveltySpec(Written):
    """Rows that exist elsewhere, such as earlier training sets: what repeats them is not novel.

    Attributes:
        files: paths or globs, relative to the YAML file that names them.
        columns: part of a sample -> column of the files, where they are not called as usual.
    """

    files: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = Field(min_length=1)
    columns: dict[ComparedPart, str] = Field(default_factory=dict[ComparedPart, str])

    def located_in(self, folder: PurePath) -> "NoveltySpec":
        """The same with paths that no longer depend on where one stands."""
        return self.model_copy(update={"files": tuple(str(folder / name) for name in self.files)})


class GiantSpec(Written):
    """From what size on a cluster of duplicates is worth an alarm: above both bounds.

    Attributes:
        rows: rows of the cluster.
        share: of all rows that deduplication was given.
    """

    rows: int = Field(default=50, ge=1)
    share: Share = 0.01


class DedupSpec(Written):
    """The section `dedup`.

    Attributes:
        exact: what equal texts may differ in.
        near: near-duplicates, or `off`.
        semantic: duplicates by meaning; off unless it is asked for.
        novelty: rows that exist elsewhere.
        giant_cluster: what is worth an alarm; no identity.
    """

    exact: ExactSpec = ExactSpec()
    near: OrOff[NearSpec] = NearSpec()
    semantic: OrOff[SemanticSpec] = None
    novelty: tuple[NoveltySpec, ...] = ()
    giant_cluster: GiantSpec = GiantSpec()

    @property
    def rule(self) -> DedupRule:
        """What makes a text an exact or near duplicate."""
        if self.near is None:
            return DedupRule(exact=self.exact.rule, near=False)
        near = self.near
        return DedupRule(near.threshold, near.recall, near.shingles.shingling, self.exact.rule)

    @property
    def fingerprint(self) -> str:
        """Identity of all that decides which rows are kept, but for the rows themselves."""
        return fingerprint(self.model_dump(mode="json", exclude={"giant_cluster", "novelty"}))

    def over(self, other: "DedupSpec") -> "DedupSpec":
        """This section where it says something, else the other's, key by key."""
        return _laid_over(self, other)


class TranslationSpec(Written):
    """Test items in another language: how many of them are found is measured in each run.

    Attributes:
        teacher: who translates, through the ledger and under its budgets.
        language: into which.
        items: how many at most; each is a call, once.
    """

    teacher: TeacherId
    language: Annotated[str, StringConstraints(min_length=2, max_length=60)] = "German"
    items: int = Field(default=50, ge=1, le=10_000)


class DecontaminateSpec(Written):
    """The section `decontaminate`: what helps to find items of benchmarks, and to measure that.

    Attributes:
        embedder: vectors of meaning, which find more of what is rephrased; as `semantic` has it.
        judge: a teacher that decides on rows of which the finder of rephrased items is not sure.
        translation: what is measured beside rephrased and renumbered items; no identity.
    """

    embedder: OrOff[EmbedderName] = None
    judge: OrOff[TeacherId] = None
    translation: OrOff[TranslationSpec] = None

    @property
    def fingerprint(self) -> str:
        """Identity of all that decides which rows are kept, beside rows and benchmarks."""
        return fingerprint(self.model_dump(mode="json", exclude={"translation"}))

    def over(self, other: "DecontaminateSpec") -> "DecontaminateSpec":
        """This section where it says something, else the other's, key by key."""
        return _laid_over(self, other)


class Selection(Written):
    """A `selection.yaml`: how candidates for training sets are chosen from all rows.

    Attributes:
        dedup: what counts as a repetition.
        decontaminate: what helps to keep items of benchmarks out.
    """

    dedup: DedupSpec = DedupSpec()
    decontaminate: DecontaminateSpec = DecontaminateSpec()

    def over(self, other: "Selection") -> "Selection":
        """This selection where it says something, else the other's, key by key."""
        decontaminate = self.decontaminate.over(other.decontaminate)
        return Selection(dedup=self.dedup.over(other.dedup), decontaminate=decontaminate)

    def located_in(self, folder: PurePath) -> "Selection":
        """The same with paths that no longer depend on where one stands."""
        if not self.dedup.novelty:
            return self
        located = tuple(each.located_in(folder) for each in self.dedup.novelty)
        return self.model_copy(update={"dedup": self.dedup.model_copy(update={"novelty": located})})
