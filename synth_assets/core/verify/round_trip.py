"""Translations held against their translation back: wording, numbers, names, language.

The likeness of the two is chrF (Popović, 2015). A round trip is no proof: what is wrong one way may
be undone on the way back.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.preserved import MAX_COMPARED, chrf, lost, names_of
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.folding import folded
from synth_assets.core.verify.reading.language import CERTAIN, language_of
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_TEXTS = ("context", "prompt", "response", "reference", "rejected")
_CODE = r"^[a-z]{2,3}$"


class RoundTrip(Verifier):
    """The translation, translated back, is near the original, and both keep numbers and names.

    Texts are named by where they stand: `prompt`, `response`, `context`, `reference`, `rejected`,
    or an attribute.

    Attributes:
        original: where the text stands that was translated.
        translation: where its translation stands.
        back: where the translation's translation back stands.
        min_chrf: the least chrF of the translation back, 0 to 100.
        language: what the translation must be in, of ISO 639; without one, another language than
            the original's.
        original_language: what the original and the translation back must be in, if that is asked.
        unknown_language: what becomes of a sample whose language cannot be told for certain.
        numbers: numbers must be the same in all three.
        names: an attribute that lists names, with commas, or a dash for none.
        capitalised_names: words that begin with a capital within a sentence of the original are
            names, too; not so in German, where nouns do.
        names_in: where names must stand; `back` alone for languages that spell them otherwise.
    """

    kind: Literal["round_trip"]
    original: str = Field(default="context", min_length=1)
    translation: str = Field(default="response", min_length=1)
    back: str = Field(default="reference", min_length=1)
    min_chrf: float = Field(default=60, ge=0, le=100)
    language: str | None = Field(default=None, pattern=_CODE)
    original_language: str | None = Field(default=None, pattern=_CODE)
    unknown_language: Literal["accept", "error"] = "error"
    numbers: bool = True
    names: str | None = Field(default=None, min_length=1)
    capitalised_names: bool = True
    names_in: Literal["both", "back"] = "both"

    @model_validator(mode="after")
    def _different(self) -> "RoundTrip":
        if len({self.original, self.translation, self.back}) < 3:
            raise ValueError("original, translation and back are three texts; one stands twice")
        if self.language is not None and self.language == self.original_language:
            raise ValueError("language and original_language are the same; nothing to translate")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        drawn = sample.drawn if self._needs_attributes else {}
        texts = [_text(sample, drawn, at) for at in (self.original, self.translation, self.back)]
        for at, text in zip((self.original, self.translation, self.back), texts, strict=True):
            if text is None:
                return Verdict.errored(f"the sample has no {at}")
        original, translation, back = (text or "" for text in texts)
        if not original.strip() or not back.strip():
            empty = self.back if original.strip() else self.original
            return Verdict.rejected(Reason.NO_REFERENCE, f"{empty} is empty; nothing to compare")
        if folded(original) == folded(translation):
            return Verdict.rejected(Reason.COPIED_SOURCE, "the translation is the original")
        if max(map(len, (original, translation, back))) > MAX_COMPARED:
            return Verdict.errored(f"over {MAX_COMPARED:,} characters are not compared")
        listed = "-" if self.names is None else _text(sample, drawn, self.names)
        if listed is None:
            return Verdict.errored(f"the sample has no {self.names}")
        names = names_of(original, listed, capitalised=self.capitalised_names)
        return (
            self._not_kept(original, translation, back, names)
            or self._wrong_language(original, translation, back)
            or self._compared(back, original)
        )

    @property
    def _needs_attributes(self) -> bool:
        named = {self.original, self.translation, self.back, self.names}
        return bool(named - {*_TEXTS, None})

    def _not_kept(
        self, original: str, translation: str, back: str, names: tuple[str, ...]
    ) -> Verdict | None:
        there = names if self.names_in == "both" else ()
        for where, text, held in (("translation", translation, there), ("way back", back, names)):
            if missing := lost(original, text, held, numbers=self.numbers):
                return Verdict.rejected(Reason.NOT_PRESERVED, f"in the {where}, {missing}")
        return None

    def _wrong_language(self, original: str, translation: str, back: str) -> Verdict | None:
        """A rejection, an error, or nothing where the languages are as they should be."""
        source = self.original_language
        asked = [("translation", translation, self.language)]
        if source is not None:
            asked += [("original", original, source), ("way back", back, source)]
        for where, text, code in asked:
            found = language_of(text)
            if code is None:
                first = language_of(original)
                if found is None or first is None or found.code != first.code:
                    continue
                if min(found.confidence, first.confidence) < CERTAIN:
                    continue
                told = f"original and translation are both in {found.code}"
                return Verdict.rejected(Reason.WRONG_LANGUAGE, told)
            if found is not None and found.code == code:
                continue
            if found is not None and found.confidence >= CERTAIN:
                told = f"the {where} is in {found.code}, not in {code}"
                return Verdict.rejected(Reason.WRONG_LANGUAGE, told)
            if self.unknown_language == "error":
                return Verdict.errored(f"the language of the {where} cannot be told")
        return None

    def _compared(self, back: str, original: str) -> Verdict:
        likeness = chrf(back, original)
        score = round(likeness / 100, 4)
        if likeness < self.min_chrf:
            told = f"chrF of the way back is {likeness:.1f}, below {self.min_chrf:g}"
            return Verdict.rejected(Reason.NOT_PRESERVED, told, score)
        return Verdict.accepted(f"chrF of the way back is {likeness:.1f}", score)


def _text(sample: Sample, drawn: Mapping[str, object], at: str) -> str | None:
    if at in _TEXTS:
        return str(getattr(sample, at))
    value = drawn.get(at)
    return None if value is None else str(value)
