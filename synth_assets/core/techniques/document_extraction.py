"""A document and the record that stands in it, as training data for structured extraction.

After SynthIE (Josifoski et al., 2023, arXiv:2303.04132): writing a text for a structure is easier
than reading the structure from a text, so teachers can make data for a task they do badly. We
differ: the teacher chooses the record too, and each value is checked to stand in the document.
"""

from collections.abc import Mapping
from typing import ClassVar

from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields


class DocumentExtraction(Technique):
    """One request a sample: `write`, answered with `document` and `record`.

    The training prompt is `instruction` followed by the document; the response is the record as
    the teacher wrote it, so that a malformed one is seen by the verifiers; where the whole answer
    is JSON, the record is canonical JSON.
    """

    name: ClassVar[str] = "document_extraction"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"write": ("document", "record")}

    write: Prompt
    instruction: str

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        written = yield from ask_fields(
            slot, self.write, slot.inputs, "write", self.fields["write"]
        )
        if isinstance(written, Unusable):
            return written
        return Draft(
            prompt=f"{self.instruction.strip()}\n\n{written['document']}",
            response=written["record"],
            context=written["document"],
            mended=written.mended,
        )
