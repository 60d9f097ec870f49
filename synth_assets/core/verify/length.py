"""Length of prompt and response, in words between white space."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.tools import NO_TOOLS, Tools


class Length(Verifier):
    """Prompt and response have at least and at most so many words, both bounds included.

    Words are what white space parts; scripts written without it need other bounds.

    Attributes:
        min_words: of the response.
        max_words: of the response; with none, any length passes.
        min_prompt_words: of the prompt.
        max_prompt_words: of the prompt; with none, any length passes.
    """

    kind: Literal["length"]
    min_words: int = Field(default=1, ge=0)
    max_words: int | None = Field(default=None, ge=1)
    min_prompt_words: int = Field(default=1, ge=0)
    max_prompt_words: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Length":
        for name, least, most in (
            ("words", self.min_words, self.max_words),
            ("prompt_words", self.min_prompt_words, self.max_prompt_words),
        ):
            if most is not None and most < least:
                raise ValueError(f"max_{name} is below min_{name}; no sample could pass")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        prompt, response = len(sample.prompt.split()), len(sample.response.split())
        for name, words, least, most in (
            ("prompt", prompt, self.min_prompt_words, self.max_prompt_words),
            ("response", response, self.min_words, self.max_words),
        ):
            if words < least:
                told = f"the {name} has {words} words, at least {least} are asked"
                return Verdict.rejected(Reason.TOO_SHORT, told)
            if most is not None and words > most:
                told = f"the {name} has {words} words, at most {most} are allowed"
                return Verdict.rejected(Reason.TOO_LONG, told)
        return Verdict.accepted(f"prompt {prompt} words, response {response} words")
