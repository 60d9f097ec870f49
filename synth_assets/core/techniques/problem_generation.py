"""New problems with worked solutions, modelled on seed problems, solved a second time.

After OpenMathInstruct-2 (Toshniwal et al., 2024, arXiv:2410.01560), which writes new problems
from seed problems and keeps solutions that agree. We differ: the solution shows each calculation
as GSM8K does, `<<3*4=12>>` (Cobbe et al., 2021, arXiv:2110.14168), so that arithmetic is checked
and not voted on, and the second solver sees the problem alone, so that a wrong set-up shows.
"""

from typing import Literal

from synth_assets.core.config.names import Written
from synth_assets.core.techniques.protocol import Draft, Production, Prompt, Slot, Unusable
from synth_assets.core.techniques.sections import read_sections


class ProblemGeneration(Written):
    """Two requests a sample: `write` a problem with its solution, then `solve` it unseen.

    `write` sees the seed's fields and the drawn attributes; it must answer in the sections
    `problem` and `solution`. `solve` sees `question`; its answer becomes the sample's reference.
    """

    kind: Literal["problem_generation"]
    write: Prompt
    solve: Prompt

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        [written] = yield [slot.ask(self.write, slot.inputs, "write")]
        sections = read_sections(written, ("problem", "solution"))
        if isinstance(sections, Unusable):
            return sections
        question = {"question": sections["problem"]}
        [solved] = yield [slot.ask(self.solve, question, "solve")]
        return Draft(
            prompt=sections["problem"],
            response=sections["solution"],
            reference=solved.text,
        )
