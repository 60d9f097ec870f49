"""All techniques: a new one is a file, and a line here."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Discriminator, Tag

from synth_assets.core.techniques.document_extraction import DocumentExtraction
from synth_assets.core.techniques.grounded_qa import GroundedQa
from synth_assets.core.techniques.problem_generation import ProblemGeneration
from synth_assets.core.techniques.protocol import Technique

TECHNIQUES: tuple[type[Technique], ...] = (
    DocumentExtraction,
    GroundedQa,
    ProblemGeneration,
)


def _kind(said: object) -> object:
    return said.get("kind") if isinstance(said, dict) else getattr(said, "kind", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


_TAGGED: tuple[Any, ...] = tuple(Annotated[made, Tag(made.name)] for made in TECHNIQUES)

if TYPE_CHECKING:
    TechniqueSpec: TypeAlias = Technique
else:
    TechniqueSpec = Annotated[reduce(or_, _TAGGED), Discriminator(_kind)]


def technique_file(kind: str) -> str | None:
    """The file of a user's own technique, of a kind such as `riddles.py:Riddles`."""
    name, _, attribute = kind.partition(":")
    return name if name.endswith(".py") and attribute.isidentifier() else None
