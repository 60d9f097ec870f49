"""A document and the record that stands in it, as training data for structured extraction.

After SynthIE (Josifoski et al., 2023, arXiv:2303.04132): writing a text for a structure is easier
than reading the structure from a text, so teachers can make data for a task they do badly. We
differ: the teacher chooses the record too, and each value is checked to stand in the document.
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import field_serializer

from synth_assets.core.config.choices import TextChoice
from synth_assets.core.draws.attributes import Variation
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields


class DocumentExtraction(Technique):
    """One request a sample: `write`, answered with `document` and `record`.

    The training prompt is an instruction followed by the document; the response is the record as
    the teacher wrote it, so that a malformed one is seen by the verifiers; where the whole answer
    is JSON, the record is canonical JSON.

    Attributes:
        write: the prompt.
        instruction: what the student is told; of several, one is drawn for each sample, as the
            attribute `instruction`.
    """

    name: ClassVar[str] = "document_extraction"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"write": ("document", "record")}

    write: Prompt
    instruction: TextChoice

    @field_serializer("instruction")
    def _as_written(self, choice: TextChoice) -> object:
        """One instruction is the same version, in whichever form it is written."""
        return choice[0].value if len(choice) == 1 else [each.model_dump() for each in choice]

    @property
    def own_variations(self) -> Mapping[str, Variation]:
        """See the protocol."""
        several = len(self.instruction) > 1
        return {"instruction": Variation(values=self.instruction)} if several else {}

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        written = yield from ask_fields(
            slot, self.write, slot.inputs, "write", self.fields["write"]
        )
        if isinstance(written, Unusable):
            return written
        told = slot.drawn.get("instruction") or self.instruction[0].value
        return Draft(
            prompt=f"{told.strip()}\n\n{written['document']}",
            response=written["record"],
            context=written["document"],
            mended=written.mended,
        )
