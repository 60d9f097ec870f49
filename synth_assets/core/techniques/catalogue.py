"""All techniques: a new one is a file, and a line here."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import Discriminator, Tag

from synth_assets.core.techniques.backtranslation_code import BacktranslationCode
from synth_assets.core.techniques.backtranslation_instruction import BacktranslationInstruction
from synth_assets.core.techniques.backtranslation_language import BacktranslationLanguage
from synth_assets.core.techniques.constitutional import Constitutional
from synth_assets.core.techniques.conversation import Conversation
from synth_assets.core.techniques.distillation import Distillation
from synth_assets.core.techniques.document_extraction import DocumentExtraction
from synth_assets.core.techniques.edge_cases import EdgeCases
from synth_assets.core.techniques.evol_instruct import EvolInstruct
from synth_assets.core.techniques.grounded_qa import GroundedQa
from synth_assets.core.techniques.iterative_refinement import IterativeRefinement
from synth_assets.core.techniques.preference import Preference
from synth_assets.core.techniques.problem_generation import ProblemGeneration
from synth_assets.core.techniques.protocol import Technique
from synth_assets.core.techniques.reasoning import Reasoning
from synth_assets.core.techniques.self_consistency import SelfConsistency
from synth_assets.core.techniques.self_instruct import SelfInstruct
from synth_assets.core.techniques.self_play import SelfPlay
from synth_assets.core.techniques.textbook import Textbook

TECHNIQUES: tuple[type[Technique], ...] = (
    BacktranslationCode,
    BacktranslationInstruction,
    BacktranslationLanguage,
    Constitutional,
    Conversation,
    Distillation,
    DocumentExtraction,
    EdgeCases,
    EvolInstruct,
    GroundedQa,
    IterativeRefinement,
    Preference,
    ProblemGeneration,
    Reasoning,
    SelfConsistency,
    SelfInstruct,
    SelfPlay,
    Textbook,
)


def _kind(said: object) -> object:
    return said.get("kind") if isinstance(said, dict) else getattr(said, "kind", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


_TAGGED: tuple[Any, ...] = tuple(Annotated[made, Tag(made.name)] for made in TECHNIQUES)

if TYPE_CHECKING:
    TechniqueSpec: TypeAlias = Technique
else:
    _NAMES = ", ".join(made.name for made in TECHNIQUES)
    _NONE = f"names no technique. Its `kind` is one of {_NAMES}, or your own: FILE.py:CLASS"
    TechniqueSpec = Annotated[
        Union[_TAGGED],  # noqa: UP007  of a tuple that is made above
        Discriminator(_kind, custom_error_type="technique", custom_error_message=_NONE),
    ]


def technique_file(kind: str) -> str | None:
    """The file of a user's own technique, of a kind such as `riddles.py:Riddles`."""
    name, _, attribute = kind.partition(":")
    return name if name.endswith(".py") and attribute.isidentifier() else None
