"""All techniques, as one closed union."""

from collections.abc import Mapping
from typing import Annotated, assert_never

from pydantic import Field

from synth_assets.core.techniques.document_extraction import DocumentExtraction
from synth_assets.core.techniques.grounded_qa import GroundedQa
from synth_assets.core.techniques.problem_generation import ProblemGeneration
from synth_assets.core.techniques.protocol import Prompt

TechniqueSpec = Annotated[
    ProblemGeneration | GroundedQa | DocumentExtraction, Field(discriminator="kind")
]


def prompts_of(technique: TechniqueSpec) -> dict[str, Prompt]:
    """Step name -> prompt of a technique."""
    match technique:
        case ProblemGeneration():
            return {"write": technique.write, "solve": technique.solve}
        case GroundedQa():
            return {"ask": technique.ask}
        case DocumentExtraction():
            return {"write": technique.write}
        case _:
            assert_never(technique)


def fields_of(technique: TechniqueSpec) -> Mapping[str, tuple[str, ...]]:
    """Step name -> fields that the technique reads of its answer, where the answer is JSON."""
    return technique.fields
