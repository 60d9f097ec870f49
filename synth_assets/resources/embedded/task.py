"""What the embedded teacher is asked: a chat, and the task that one of its files sees in it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.truth import Composition, Flaw


@dataclass(frozen=True)
class Asked:
    """A chat that waits for an answer.

    Attributes:
        messages: the whole chat.
        prompt: its last user message.
        leak: the first sentence of its instructions, which a careless teacher repeats.
    """

    messages: Sequence[Message]
    prompt: str
    leak: str

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "Asked":
        """Look at a chat."""
        prompt = next((m.content for m in reversed(messages) if m.role == "user"), "")
        instructions = messages[0].content if messages else ""
        return cls(messages, prompt, re.split(r"(?<=\.)\s|\n", instructions.strip())[0])

    def section(self, name: str) -> str:
        """The longest section of that name, stripped; empty if there is none."""
        return max(self.sections(name), key=len, default="")

    def sections(self, name: str) -> list[str]:
        """All sections of that name, stripped, in their order."""
        pattern = rf"<{name}>((?:(?!<{name}>).)*?)</{name}>"
        return [body.strip() for body in re.findall(pattern, self.prompt, re.DOTALL)]


@dataclass(frozen=True)
class Task:
    """What a prompt asks for.

    Attributes:
        flaws: those that concern it; refusals and truncation concern every task.
        answer: answers it; `(voice, flaw, dice)`.
    """

    flaws: frozenset[Flaw]
    answer: Callable[[str, Flaw | None, Dice], Composition]
