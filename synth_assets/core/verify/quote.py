"""Quotes."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.verify.protocol import Check


class Quote(Written):
    """See the fields."""

    kind: Literal["quote"]
    min_words: int = Field(default=1, ge=1)
    answer_in_quote: Literal["off", "span", "words"] = "span"
    min_word_share: float = Field(default=0.7, gt=0, le=1)

    def prepare(self, files: Mapping[str, str]) -> Check:
        """See the protocol."""
        raise NotImplementedError
