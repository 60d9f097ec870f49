"""A document and the record that stands in it, as training data for structured extraction.

After SynthIE (Josifoski et al., 2023, arXiv:2303.04132): writing a text for a structure is easier
than reading the structure from a text, so teachers can make data for a task they do badly. We
differ: the teacher chooses the record too, and each value is checked to stand in the document.
"""

from typing import Literal

from synth_assets.core.config.names import Written
from synth_assets.core.techniques.protocol import Draft, Production, Prompt, Slot, Unusable
from synth_assets.core.techniques.sections import read_sections


class DocumentExtraction(Written):
    """One request a sample: `write`, answered in the sections `document` and `record`.

    The training prompt is `instruction` followed by the document; the response is the record as
    the teacher wrote it, so that a malformed one is seen by the verifiers.
    """

    kind: Literal["document_extraction"]
    write: Prompt
    instruction: str

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        [written] = yield [slot.ask(self.write, slot.inputs, "write")]
        sections = read_sections(written, ("document", "record"))
        if isinstance(sections, Unusable):
            return sections
        return Draft(
            prompt=f"{self.instruction.strip()}\n\n{sections['document']}",
            response=sections["record"],
            context=sections["document"],
        )
