"""Questions about a passage, answered with a verbatim quote of it.

Quotes make the answer checkable without a judge: a fact without a quote is an invention until
shown otherwise (cf. Menick et al., 2022, «verified quotes», arXiv:2203.11147).
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from synth_assets.core.config.names import Written
from synth_assets.core.techniques.protocol import Draft, Production, Prompt, Slot, Unusable
from synth_assets.core.techniques.structured import ask_fields


class GroundedQa(Written):
    """One request a sample: `ask`, answered with `question`, `answer` and `quote`.

    The passage is the seed's field named by `passage`; it becomes the sample's context.
    """

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"ask": ("question", "answer", "quote")}

    kind: Literal["grounded_qa"]
    ask: Prompt
    passage: str = "passage"

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        asked = yield from ask_fields(slot, self.ask, slot.inputs, "ask", self.fields["ask"])
        if isinstance(asked, Unusable):
            return asked
        return Draft(
            prompt=asked["question"],
            response=asked["answer"],
            context=slot.inputs[self.passage],
            reference=asked["quote"],
            mended=asked.mended,
        )
