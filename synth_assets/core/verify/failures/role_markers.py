"""Marks of speakers and of chat formats: the answer goes on to write both sides of the chat."""

import re
from collections.abc import Callable, Iterator

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, excused_by
from synth_assets.core.verify.reading.folding import clipped

_SPEAKERS = frozenset(
    (
        "user", "human", "assistant", "ai assistant", "ai", "chatbot", "bot", "system", "chatgpt",
        "gpt", "gpt-3", "gpt-4", "gpt-5", "prompter", "open assistant", "openassistant",
    )
)  # fmt: skip
_HEADINGS = frozenset(
    ("human", "assistant", "user", "system", "response", "instruction", "input", "output",
     "question", "answer")
)  # fmt: skip
_AROUND = " \t>*_"
_LONGEST = 30
_TAGS = re.compile(r"<(?:start|end)_of_turn>|^(?:<s>|<bos>)|(?:</s>|<eos>)(?=\s*(?:\Z|<s>))")


class RoleMarkers(Written):
    """The answer names no speakers of a chat and no marks of its format.

    Attributes:
        unless_prompt_has: lines such as `User:` and `AI:` are none where one of these words
            stands in the message it answers or before it (`dialog*`: any ending), or the same
            line mark.
        speakers: `User:`, `Assistant:`, `AI:` and the like before a line.
        formats: `### Response:`, `<start_of_turn>`, `</s>`; never excused but by the same mark.
            Others (`<|im_start|>`, `[INST]`) are generic leaks.
    """

    unless_prompt_has: tuple[str, ...] = (
        "dialog*", "conversation*", "chat*", "script*", "interview*", "role*", "transcript*",
        "screenplay*", "debate*", "talk*", "skit", "act as", "play", "pretend*", "bot*",
        "exchange*", "assistant*", "robot*", "call", "user*", "system*", "speak*", "ai",
    )  # fmt: skip
    speakers: bool = True
    formats: bool = True

    def look(self) -> Look:
        """Make the check."""
        excused = excused_by(self.unless_prompt_has)

        def check(turn: Turn) -> Fault | None:
            text = turn.lowered
            if self.formats and ("s>" in text or "_of_turn>" in text):
                for match in _TAGS.finditer(text):
                    if match.group() not in turn.known:
                        return _fault("has a mark of a chat format", match.group())
            return self._labels(turn, excused) if ":" in text else None

        return check

    def _labels(self, turn: Turn, excused: Callable[[str], bool]) -> Fault | None:
        for label in _labels(turn.lowered):
            bare = label.strip(_AROUND)
            is_heading = bare.startswith("###") and bare.strip("# ") in _HEADINGS
            if not is_heading and bare not in _SPEAKERS:
                continue
            if f"{bare}:" in turn.known:
                continue
            if is_heading and self.formats:
                return _fault("has a mark of a chat format", f"{bare}:")
            if not is_heading and self.speakers and not excused(turn.known):
                return _fault("names a speaker", f"{bare}:")
        return None


def _labels(text: str) -> Iterator[str]:
    """What stands in a line before its first colon, if that is short."""
    at = text.find(":")
    while at >= 0:
        start = text.rfind("\n", max(at - _LONGEST, 0), at) + 1
        if start or at < _LONGEST:
            yield text[start:at]
        at = text.find("\n", at)
        if at >= 0:
            at = text.find(":", at)


def _fault(said: str, found: str) -> Fault:
    return Fault(Reason.ROLE_MARKER, f"{said}: {clipped(found)}")
