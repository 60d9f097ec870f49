"""One answer of a sample as the checks of failure modes see it, and what they say of it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from synth_assets.core.schema import Reason
from synth_assets.core.verify.reading.folding import folded, plain_typography

_WORD = re.compile(r"[^\W_]+")
_PARTED = bytes(code if chr(code).isalnum() else 32 for code in range(128)) + bytes([32]) * 128
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


@dataclass(frozen=True)
class Turn:
    """A text, and what whoever wrote it could read.

    Attributes:
        name: what messages call it.
        text: the text itself.
        asked: the message that it answers; empty where it is a prompt.
        given: what stood before it beside that: the passage, earlier turns.
    """

    name: str
    text: str
    asked: str = ""
    given: Sequence[str] = ()

    @cached_property
    def lowered(self) -> str:
        """In lower case, typography straightened, lines as they are."""
        return (self.text if self.text.isascii() else plain_typography(self.text)).lower()

    @cached_property
    def folded(self) -> str:
        """As `folding.folded` has it."""
        # What it does to other characters, at a third of the cost.
        return " ".join(self.lowered.split()) if self.text.isascii() else folded(self.text)

    @cached_property
    def words(self) -> list[str]:
        """Runs of letters and digits, in lower case, without apostrophes: `dont`."""
        text = self.lowered.replace("'", "")
        if not text.isascii():
            return _WORD.findall(text)
        # The same at a third of the cost.
        return text.encode().translate(_PARTED).decode().split()

    @cached_property
    def prose(self) -> str:
        """Without what stands between code marks."""
        return _CODE.sub(" ", self.text) if "`" in self.text else self.text

    @cached_property
    def known(self) -> str:
        """Folded: what it may repeat."""
        return "\n".join(folded(each) for each in (self.asked, *self.given))


@dataclass(frozen=True)
class Fault:
    """A failure that was found.

    Attributes:
        reason: which.
        told: behind the name of the text, for people: `refuses: ...`.
    """

    reason: Reason
    told: str


def has_any(text: str, keys: Sequence[str]) -> bool:
    """Whether one of some texts stands in another."""
    # `any` costs twice as much, and this is asked of every answer.
    for key in keys:  # noqa: SIM110
        if key in text:
            return True
    return False


def listed(words: str) -> frozenset[str]:
    """The words of a text, as a set to look others up in."""
    return frozenset(words.split())


Look: TypeAlias = Callable[[Turn], Fault | None]


def excused_by(words: Sequence[str]) -> Callable[[str], bool]:
    """Tells whether one of some words stands in a text, in any case; `chat` stands in no `chats`.

    A `*` behind a word stands for any ending.
    """
    if not words:
        return lambda text: False
    said = "|".join(re.escape(word.lower()).replace(r"\*", r"\w*") for word in words)
    pattern = re.compile(rf"(?<!\w)(?:{said})(?!\w)")
    return lambda text: pattern.search(text.lower()) is not None
