"""A form of answers; importing it makes the parts of plans small, in this process for good.

Recipes name it under `pydantic:`, so that worker processes import it with their errand.
"""

from pydantic import BaseModel, ConfigDict

from synth_assets.resources.generation import parts

SIZE = 250
parts.parts_of.__defaults__ = (SIZE,)


class Answer(BaseModel):
    """A question, its answer and where it stands."""

    model_config = ConfigDict(extra="forbid")

    question: str
    answer: str
    quote: str
