"""Questions about a passage, answered with a verbatim quote of it.

Quotes make the answer checkable without a judge: a fact without a quote is an invention until
shown otherwise (cf. Menick et al., 2022, «verified quotes», arXiv:2203.11147).
"""

from typing import Literal

from synth_assets.core.config.names import Written
from synth_assets.core.techniques.protocol import Draft, Production, Prompt, Slot, Unusable
from synth_assets.core.techniques.sections import read_sections


class GroundedQa(Written):
    """One request a sample: `ask`, answered in the sections `question`, `answer` and `quote`.

    The passage is the seed's field named by `passage`; it becomes the sample's context.
    """

    kind: Literal["grounded_qa"]
    ask: Prompt
    passage: str = "passage"

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        [asked] = yield [slot.ask(self.ask, slot.inputs, "ask")]
        sections = read_sections(asked, ("question", "answer", "quote"))
        if isinstance(sections, Unusable):
            return sections
        return Draft(
            prompt=sections["question"],
            response=sections["answer"],
            context=slot.inputs[self.passage],
            reference=sections["quote"],
        )
