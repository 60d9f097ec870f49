"""A prompt of a recipe, as recipes write it."""

from collections.abc import Sequence

from pydantic import (
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from synth_assets.core.config.choices import TextChoice, ValueChoice, values_of
from synth_assets.core.config.names import Name, Written
from synth_assets.core.techniques.answer_form import AnswerForm

_LEFT_OUT_WHERE_EMPTY = {"schema_file", "pydantic", "sampling"}


class TeacherShare(Written):
    """A teacher and how much of the work it gets, relative to the others."""

    id: Name
    weight: float = Field(default=1.0, gt=0)


def share_at(shares: Sequence[TeacherShare], point: float) -> str:
    """The teacher whose stretch of [0, 1) holds the point; stretches are as wide as weights."""
    left = point * sum(share.weight for share in shares)
    for share in shares:
        left -= share.weight
        if left < 0:
            return share.id
    return shares[-1].id


class Prompt(Written):
    """A prompt of a recipe: templates, the inputs they use, and what differs for this prompt.

    Where there are several templates, system templates or values of a sampling parameter, one is
    drawn for each sample, by weight, and recorded among its attributes.

    Attributes:
        template: file of the user message, or a choice of files.
        system: file of the system message, if any, or a choice of files.
        inputs: every variable the templates use; with several, each template may use fewer.
        teachers: who answers, if not the recipe's teachers.
        parameters: sampling parameters, over the recipe's.
        sampling: parameter -> values to draw from, over `parameters`.
        schema_file: a JSON schema in the recipe's folder; the answer is JSON, valid by it.
        pydantic: a Pydantic model in its stead, as `package.module:Model`.
    """

    template: TextChoice
    system: TextChoice | None = None
    inputs: tuple[str, ...]
    teachers: tuple[TeacherShare, ...] | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    sampling: dict[str, ValueChoice] = Field(default_factory=dict)
    schema_file: str | None = Field(default=None, min_length=1)
    pydantic: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")

    @property
    def form(self) -> str | None:
        """What names the form of its answers; none where they are text."""
        return self.schema_file or self.pydantic

    @property
    def templates(self) -> tuple[str, ...]:
        """Every template it may use: of the user message, then of the system message."""
        return (*values_of(self.template), *values_of(self.system or ()))

    @model_validator(mode="after")
    def _one_form(self) -> "Prompt":
        if self.schema_file is not None and self.pydantic is not None:
            raise ValueError("give either `schema_file` or `pydantic`")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without what is not there: a recipe's version is a hash of this."""
        said: dict[str, object] = write(self)
        return {
            name: value
            for name, value in said.items()
            if name not in _LEFT_OUT_WHERE_EMPTY or value
        }


def no_form(_: Prompt) -> AnswerForm | None:
    """Answers in text."""
    return None
