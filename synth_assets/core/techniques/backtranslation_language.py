"""Pairs of a translation, from text of the target language alone.

Back-translation (Sennrich et al., 2016, arXiv:1511.06709): human text of the target language is
translated back into the source language; the student learns to translate the synthetic source into
the human target, so that what it writes is human. We differ: a pair is kept only if the source,
translated forth by a teacher that sees it alone, comes near the human text (round trip, chrF of
Popović 2015), and if numbers and names stand in the source and in the round trip.
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from synth_assets.core.schema import Reason
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields
from synth_assets.core.techniques.unseen import attributes_of, field_of
from synth_assets.core.verify.preserved import chrf, lost, names_of


class BacktranslationLanguage(Technique):
    """Two requests a sample: `back` into the source language, `forth` into the target language.

    `back` sees the seed and answers with `source`; `forth` sees `source` and the attributes, and
    answers with `target`. The prompt is `request`, an empty line, and the source; the response is
    the seed's text, the reference the round trip.

    Attributes:
        back: the first prompt.
        forth: the second prompt.
        target: the seed's field with text of the target language.
        request: the input with the words that ask for the translation, such as an attribute.
        names: the seed's field that lists names, with commas, or a dash; none: no such field.
        capitalised_names: words that begin with a capital within a sentence are names, too; not so
            in German, where nouns do.
        min_chrf: the least chrF of round trip and text, 0 to 100.
    """

    name: ClassVar[str] = "backtranslation_language"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"back": ("source",), "forth": ("target",)}

    back: Prompt
    forth: Prompt
    target: str = "target"
    request: str = "request"
    names: str | None = None
    capitalised_names: bool = True
    min_chrf: float = Field(default=60, ge=0, le=100)

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        text = field_of(slot.inputs, self.target, "target")
        request = field_of(slot.inputs, self.request, "request")
        names = self._names(text, slot.inputs)
        back = yield from ask_fields(slot, self.back, slot.inputs, "back", self.fields["back"])
        if isinstance(back, Unusable):
            return back
        source = back["source"]
        if missing := lost(text, source, names):
            return Unusable(Reason.NOT_PRESERVED, f"in the translation back, {missing}")
        values = attributes_of(slot) | {"source": source}
        forth = yield from ask_fields(slot, self.forth, values, "forth", self.fields["forth"])
        if isinstance(forth, Unusable):
            return forth
        trip = forth["target"]
        if missing := lost(text, trip, names):
            return Unusable(Reason.NOT_PRESERVED, f"in the round trip, {missing}")
        likeness = chrf(trip, text)
        if likeness < self.min_chrf:
            told = f"chrF of the round trip is {likeness:.1f}, below {self.min_chrf:g}"
            return Unusable(Reason.NOT_PRESERVED, told)
        return Draft(
            prompt=f"{request.strip()}\n\n{source}",
            response=text,
            reference=trip,
            attributes={"chrf": round(likeness, 1)},
            mended=back.mended or forth.mended,
        )

    def _names(self, text: str, inputs: Mapping[str, str]) -> tuple[str, ...]:
        listed = "" if self.names is None else field_of(inputs, self.names, "names")
        return names_of(text, listed, capitalised=self.capitalised_names)
