"""What a teacher's or a source's rows may be used for, as users state it."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from synth_assets.core.config.names import Written


class Answer(StrEnum):
    """What terms say to a use. That nothing is said is an answer of its own."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    UNSTATED = "unstated"


class StatedTerms(Written):
    """What holds for an entry of `teachers.yaml` or `sources.yaml`, over what its licence says.

    Attributes:
        commercial: use for gain.
        training: training of other models.
        competing: training of models that compete with those of who gave it.
        sharing: giving on what is made of it.
        attribution: the words that must be given along.
        because: where that is stated: a contract, a letter, an address.
    """

    commercial: Answer | None = None
    training: Answer | None = None
    competing: Answer | None = None
    sharing: Answer | None = None
    attribution: str | None = None
    because: Annotated[str, StringConstraints(min_length=1)]
