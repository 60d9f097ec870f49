"""Mixtures: named policies that compose a training set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from synth_assets.core.config.gates import Gates
from synth_assets.core.config.mixture_bounds import (
    NUMBERS,
    Column,
    Quota,
    Share,
    ShareBounds,
    Shares,
    column_name,
    is_number,
)
from synth_assets.core.config.names import Name, Written, partition_key
from synth_assets.core.fingerprint import Json, fingerprint


class Student(Written):
    """The model to be trained.

    Attributes:
        name: what it is called.
        family: as teachers state theirs; with none, nobody's rows are its own voice.
        checkpoint: the one that is trained here or comes of it.
        previous: the checkpoints before that one, whose rows are its own voice too.
        size: such as `8B`; for the card.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    family: str = ""
    checkpoint: str = ""
    previous: tuple[str, ...] = ()
    size: str = ""


class DistinctTeachers(Written):
    """How many teachers must have written the synthetic rows.

    Attributes:
        at_least: so many.
        least_share: of the synthetic rows that a teacher must have written to count.
    """

    at_least: int = Field(default=2, ge=1, le=100)
    least_share: Share = 0.05


class Curriculum(Written):
    """Rows in an order of growing difficulty, instead of a shuffle.

    Attributes:
        by: `difficulty`, the column; `prerequisite`, of what comes after what it rests on, as
            techniques record it; `depth`.
        replay: share of each tenth of the rows that is put off and spread evenly over what
            follows, so that the early is not forgotten.
    """

    by: Literal["difficulty", "prerequisite", "depth"]
    replay: float = Field(default=0, ge=0, lt=1)


class Splits(Written):
    """Shares of rows that are set apart; near-duplicates and relatives never stand in two parts.

    Attributes:
        validation: share of the rows.
        test: share of the rows.
        similarity: Jaccard from which on two rows go the same way.
    """

    validation: float = Field(default=0, ge=0, le=0.5)
    test: float = Field(default=0, ge=0, le=0.5)
    similarity: float = Field(default=0.5, ge=0.1, le=1)

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave no rows to train on; lower one")
        return self

    @property
    def said(self) -> str:
        """As people read it: `validation 0.1, test 0.05`."""
        parts = {"validation": self.validation, "test": self.test}
        return ", ".join(f"{name} {share:g}" for name, share in parts.items() if share) or "none"


class Repeats(Written):
    """How often a scarce real row may be seen.

    Attributes:
        real: the most copies of one real row in the set; counted as rows each.
        epochs: passes over the set that the student is trained for; for the card, and for
            `exposures`.
        exposures: the most often a row may be seen, copies times epochs. Up to four are about as
            good as new data (Muennighoff et al., 2023, arXiv:2305.16264).
    """

    real: int = Field(default=1, ge=1, le=100)
    epochs: int = Field(default=1, ge=1, le=1000)
    exposures: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _within_exposures(self) -> Self:
        if self.real * self.epochs > self.exposures:
            raise ValueError(
                f"{self.real} copies in {self.epochs} epochs are {self.real * self.epochs} "
                f"exposures, more than {self.exposures}; lower one, or raise exposures"
            )
        return self


Format: TypeAlias = Literal[
    "messages",
    "sharegpt",
    "alpaca",
    "prompt_completion",
    "text",
    "trl_sft",
    "trl_dpo",
    "trl_kto",
]


class ExportSpec(Written):
    """What the files look like.

    Attributes:
        format: how a row is laid out for trainers; see docs/exports.md.
        files: Parquet, JSON Lines, or both.
        compression: of JSON Lines; Parquet is always zstd.
        rows_per_file: from how many rows on there is more than one file.
        provenance: whether each row says where it came from.
        tokenizer: a `tokenizer.json`, relative to the YAML file, by which lengths are counted;
            without one, by the one that comes along.
    """

    format: Format = "messages"
    files: tuple[Literal["parquet", "jsonl"], ...] = Field(
        default=("parquet", "jsonl"), min_length=1
    )
    compression: Literal["none", "gzip", "zstd"] = "none"
    rows_per_file: int = Field(default=500_000, ge=1)
    provenance: bool = True
    tokenizer: str = ""


class ManualCollection(Written):
    """What a row written by people is taken to cost, for the card to set beside the run's costs.

    The defaults are those of SQuAD's crowdworkers for one paragraph with its questions (Rajpurkar
    et al., 2016, arXiv:1606.05250); rows that take an expert cost many times that.

    Attributes:
        minutes_per_row: of one person, for writing it and checking it.
        usd_per_hour: what that person costs.
        source: where the two figures come from, for readers of the card.
    """

    minutes_per_row: float = Field(default=4, gt=0)
    usd_per_hour: float = Field(default=9, gt=0)
    source: str = ""


Use: TypeAlias = Literal["research", "commercial"]


Weights: TypeAlias = Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]
"""Value -> weight."""


class Policy(Written):
    """The promises of a mixture; a named one is an entry `policies` of `mixtures.yaml`.

    Attributes:
        synthetic_share: share of synthetic rows; met within one row.
        pure_synthetic_because: why there are no real rows; nothing else allows a share of 1. The
            card repeats it.
        teacher_cap: largest share of the synthetic rows that one teacher may have written.
        family_cap: the same of one family of teachers.
        distinct_teachers: how many must have written.
        max_depth: largest synthetic depth of a row.
        own_voice: largest share of the synthetic rows that the student itself may have written,
            at its own or the previous checkpoint.
        quotas: any other bounds.
        weights: column -> value -> weight: the rows of these values stand in these proportions.
        repeats: how often a scarce real row may be seen.
        gates: what measurements may do to the set; no identity, but for `raise_real_share`.
    """

    synthetic_share: Shares = ShareBounds()
    pure_synthetic_because: str = ""
    teacher_cap: Annotated[Share, Field(gt=0)] = 1.0
    family_cap: Annotated[Share, Field(gt=0)] = 1.0
    distinct_teachers: DistinctTeachers | None = None
    max_depth: int | None = Field(default=None, ge=1)
    own_voice: Share = 0
    quotas: tuple[Quota, ...] = ()
    weights: dict[Column, Weights] = Field(default_factory=dict[Column, Weights])
    repeats: Repeats = Repeats()
    gates: Gates = Gates()

    @model_validator(mode="after")
    def _weights_name_numbers(self) -> Self:
        for column in NUMBERS & set(self.weights):
            if not all(is_number(value) for value in self.weights[column]):
                raise ValueError(f"weights: {column} holds numbers; name numbers")
        return self

    @model_validator(mode="after")
    def _pure_only_with_a_reason(self) -> Self:
        if self.synthetic_share.at_least == 1 and not self.pure_synthetic_because.strip():
            raise ValueError(
                "synthetic_share: 1 leaves no real rows, which needs a reason in so many words. "
                "Write it as pure_synthetic_because:, which the card repeats, or lower the share"
            )
        return self

    @property
    def promises(self) -> tuple["Promise", ...]:
        """What is promised of a set, in the order of the file."""
        return tuple(self._promised())

    def _promised(self) -> "Iterator[Promise]":
        yield Promise("synthetic share", self.synthetic_share.said)
        if self.pure_synthetic_because:
            yield Promise("pure synthetic because", self.pure_synthetic_because)
        yield Promise("teacher cap", f"{self.teacher_cap:g} of the synthetic rows")
        yield Promise("family cap", f"{self.family_cap:g} of the synthetic rows")
        if (needed := self.distinct_teachers) is not None:
            share = f"each of at least {needed.least_share:g} of the synthetic rows"
            yield Promise("distinct teachers", f"at least {needed.at_least}, {share}")
        if self.max_depth is not None:
            yield Promise("largest depth", str(self.max_depth))
        yield Promise("own voice", f"at most {self.own_voice:g} of the synthetic rows")
        for number, quota in enumerate(self.quotas, start=1):
            yield Promise(f"quota {number}: {quota.kind}", quota.said)
        for column, weights in self.weights.items():
            said = " : ".join(f"{value} {weight:g}" for value, weight in weights.items())
            yield Promise(f"weights by {column_name(column)}", said)
        yield Promise("copies of a real row", f"at most {self.repeats.real}")
        yield Promise("epochs", str(self.repeats.epochs))


@dataclass(frozen=True)
class Promise:
    """One promise of a mixture, as people read it.

    Attributes:
        what: of what.
        said: what of it.
    """

    what: str
    said: str


class NamedPolicy(Policy):
    """A policy that mixtures name, with where it comes from."""

    id: Name
    description: str = ""
    source: str = ""


class Mixture(Policy):
    """One entry of `mixtures.yaml`.

    Attributes:
        policy: the named policy that holds where the mixture says nothing of its own.
        student: the model to be trained.
        use: what the set is for; terms of teachers and sources are held against it.
        publish: whether it is given to others; so are their terms of giving on.
        rows: size of the training set; with neither rows nor tokens, as many as the candidates
            and bounds allow.
        tokens: size of the training set in tokens; met within one row.
        recipes: which recipes take part; with none, all.
        sources: which real-data sources take part; with none, all.
        order: a shuffle by the seed, or a curriculum.
        splits: what is set apart.
        export: what the files look like.
        manual: what rows written by people are taken to cost; no identity.
        on_request: left out of runs that name no mixture; no identity.
        seed: of the choice among equals.
    """

    id: Name
    description: str = ""
    policy: Name | None = None
    student: Student | None = None
    use: Use = "research"
    publish: bool = False
    rows: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    recipes: tuple[Name, ...] | None = None
    sources: tuple[Name, ...] | None = None
    order: Literal["shuffled"] | Curriculum = "shuffled"
    splits: Splits = Splits()
    export: ExportSpec = ExportSpec()
    manual: ManualCollection = ManualCollection()
    on_request: bool = False
    seed: int = 0

    _folder: Path = PrivateAttr(default=Path())

    def located_in(self, folder: Path) -> Self:
        """The mixture of a file in some folder, from which its paths are counted."""
        located = self.model_copy()
        located._folder = folder
        return located

    @property
    def tokenizer_file(self) -> Path | None:
        """The `tokenizer.json` that the export names, if it names one."""
        return self._folder / self.export.tokenizer if self.export.tokenizer else None

    @cached_property
    def version(self) -> str:
        """Eight digits of the fingerprint of all that decides on rows and files."""
        return fingerprint(self.identity)[:8]

    @property
    def identity(self) -> Mapping[str, Json]:
        """All that decides on rows and files, and nothing else."""
        no_identity = {"description", "manual", "gates", "on_request"}
        said = self.model_dump(mode="json", exclude=no_identity)
        # Of the gates this one alone decides on rows; where it is off, nothing is as if unsaid.
        return said | {"raise_real_share": True} if self.gates.raise_real_share else said

    @property
    def key(self) -> str:
        """Partition key of its training set."""
        return partition_key(self.id, self.version)

    def _promised(self) -> Iterator[Promise]:
        wanted = "as many as the bounds allow"
        if self.rows is not None:
            wanted = f"{self.rows:,}"
        if self.tokens is not None:
            wanted = f"at most {self.tokens:,} tokens"
        yield Promise("rows", wanted)
        if self.policy:
            yield Promise("policy", self.policy)
        yield from super()._promised()
        yield Promise("recipes", "all" if self.recipes is None else ", ".join(self.recipes))
        yield Promise("sources", "all" if self.sources is None else ", ".join(self.sources))
        order = "shuffled"
        if isinstance(self.order, Curriculum):
            order = f"by {self.order.by}, replay {self.order.replay:g}"
        yield Promise("order", order)
        yield Promise("splits", self.splits.said)
        yield Promise("use", f"{self.use}, to be published" if self.publish else self.use)
        yield Promise("seed", str(self.seed))

    def under(self, policy: NamedPolicy) -> "Mixture":
        """The mixture with what the policy says where it says nothing itself."""
        named = policy.model_dump(exclude_unset=True, include=set(Policy.model_fields))
        said = {**named, **self.model_dump(exclude_unset=True)}
        return Mixture.model_validate(said).located_in(self._folder)

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.rows is not None and self.tokens is not None:
            raise ValueError("a mixture has rows or tokens, not both; remove one")
        return self


class MixturesFile(Written):
    """A `mixtures.yaml`."""

    mixtures: tuple[Mixture, ...] = ()
    policies: tuple[NamedPolicy, ...] = ()
