"""New problems with worked solutions, modelled on seed problems, solved a second time.

After OpenMathInstruct-2 (Toshniwal et al., 2024, arXiv:2410.01560), which writes new problems
from seed problems and keeps solutions that agree. We differ: the solution shows each calculation
as GSM8K does, `<<3*4=12>>` (Cobbe et al., 2021, arXiv:2110.14168), so that arithmetic is checked
and not voted on, and the second solver sees the problem alone, so that a wrong set-up shows.
"""

from collections.abc import Mapping
from typing import ClassVar

from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields, ask_text


class ProblemGeneration(Technique):
    """Two requests a sample: `write` a problem with its solution, then `solve` it unseen.

    `write` sees the seed's fields and the drawn attributes; it must answer with
    `problem` and `solution`. `solve` sees `question`; its answer, where it is JSON the field
    `solution` of it, becomes the sample's reference.
    """

    name: ClassVar[str] = "problem_generation"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "write": ("problem", "solution"),
        "solve": ("solution",),
    }

    write: Prompt
    solve: Prompt

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        written = yield from ask_fields(
            slot, self.write, slot.inputs, "write", self.fields["write"]
        )
        if isinstance(written, Unusable):
            return written
        question = {"question": written["problem"]}
        solved = yield from ask_text(slot, self.solve, question, "solve", "solution")
        if isinstance(solved, Unusable):
            return solved
        return Draft(
            prompt=written["problem"],
            response=written["solution"],
            reference=solved["solution"],
            mended=written.mended or solved.mended,
        )
