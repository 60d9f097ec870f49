"""What is known of training sets and models that were made: who wrote, who was trained on what."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from synth_assets.core.config.names import Written

ModelName: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+:-]{0,199}$")
]
"""As hubs name models: letters, digits and `._/+:-`. No `@`, which sets a digest off."""

Label: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{0,200}$")]
"""A family or checkpoint: any text without control characters."""

Digest: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Voice(Written):
    """Who wrote rows of a set.

    Attributes:
        teacher: its entry in `teachers.yaml`.
        family: as the entry states it, or the model's name tells it.
        checkpoint: as the entry states it.
        rows: how many.
        trained_on: references to what it was trained on, see `TrainingHistory.resolve`.
    """

    teacher: str
    family: str = ""
    checkpoint: str = ""
    rows: int = Field(ge=0)
    trained_on: tuple[str, ...] = ()


class SetRecord(Written):
    """A training set as it was exported.

    Attributes:
        key: partition key of its mixture.
        digest: of its rows in their order.
        rows: how many.
        synthetic_rows: how many of them models wrote.
        depth: the largest synthetic depth of a row.
        voices: who wrote them.
        recorded: when it was exported, UTC.
    """

    kind: Literal["set"] = "set"
    key: str
    digest: Digest
    rows: int = Field(ge=0)
    synthetic_rows: int = Field(ge=0)
    depth: int = Field(ge=0)
    voices: tuple[Voice, ...] = ()
    recorded: str = ""

    @property
    def reference(self) -> str:
        """What names this set and no other: `balanced_50~1f2e3d4c@0123456789abcdef`."""
        return f"{self.key}@{self.digest}"

    @property
    def synthetic_share(self) -> float:
        """0..1; 0 for an empty set."""
        return self.synthetic_rows / self.rows if self.rows else 0.0


class ModelRecord(Written):
    """A model that was registered.

    Attributes:
        name: what it is called.
        family: as teachers and students state theirs.
        checkpoint: which one it is.
        trained_on: references of the sets it was trained on.
        parents: registered models that it was trained from.
        scores: what it was measured at, for curves over generations.
        recorded: when it was registered, UTC.
    """

    kind: Literal["model"] = "model"
    name: ModelName
    family: Label
    checkpoint: Label
    trained_on: tuple[str, ...] = ()
    parents: tuple[ModelName, ...] = ()
    scores: dict[Label, float] = Field(default_factory=dict[str, float])
    recorded: str = ""


Record: TypeAlias = Annotated[SetRecord | ModelRecord, Field(discriminator="kind")]
