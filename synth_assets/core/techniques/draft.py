"""What comes of a planned sample."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.schema import Reason


@dataclass(frozen=True)
class Draft:
    """What a technique made: the text of a sample, before it is named and recorded.

    Attributes:
        prompt: what the student is asked, last.
        response: what it is to answer.
        context: a passage or document that the prompt refers to.
        reference: what the response is checked against.
        rejected: of a preference pair, the worse response.
        history: the chat before the prompt; a system message first, if any.
        attributes: what was found out about it, beside what was drawn.
        difficulty: larger is harder; curricula sort by it.
        mended: the JSON of an answer was not as it should be, and its syntax was mended.
        label: tells apart several drafts of one slot; one may have none.
        parents: labels of earlier drafts of the slot that it grew from.
        completions: what it was made of, its writer's first; by default all of the slot.
    """

    prompt: str
    response: str
    context: str = ""
    reference: str = ""
    rejected: str = ""
    history: tuple[Message, ...] = ()
    attributes: Mapping[str, str | int | float] = field(
        default_factory=dict[str, str | int | float]
    )
    difficulty: float | None = None
    mended: bool = False
    label: str = ""
    parents: tuple[str, ...] = ()
    completions: tuple[Completion, ...] = ()


@dataclass(frozen=True)
class Unusable:
    """Completions of which no sample could be made, and why; `label` as of a draft."""

    reason: Reason
    detail: str
    label: str = ""


Production: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], Draft | Unusable | Sequence[Draft | Unusable]
]
"""Yields the requests it needs next, is sent their completions in the same order."""
