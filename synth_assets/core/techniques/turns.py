"""Turns of a chat that models write: who speaks out of turn, who says the same again.

Patterns are English, and look for what is plain to see: labels of speakers, chat markup, phrases
that belong in the other's mouth. A speaker who leaks without any of them is not found.

Measured on turns that are what they say: see docs/techniques/conversation.md for users; 8 alarms on
5,268 answers of OpenAssistant and Alpaca, six of them dialogues with labels that the user had asked
for.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from synth_assets.core.completion import Message
from synth_assets.core.ngrams import words_and_symbols
from synth_assets.core.techniques.role_phrases import IN_A_USERS_MOUTH, IN_AN_ASSISTANTS_MOUTH
from synth_assets.core.verify.reading.folding import clipped, plain_typography

DONE = "<done/>"
"""What a simulated user says where the chat is over."""

_ALIKE = 0.8
_SHORT_WORDS = 4
"""Shorter turns («Yes, please.») may come again."""

_SPEAKERS = r"(?:user|human|assistant|ai|bot|chatbot|customer|client|caller|visitor|agent|persona)"
_LABEL = re.compile(
    rf"^[ \t>*_#-]{{0,6}}(?:simulated |ai |support )?{_SPEAKERS}(?: \d)?[*_]{{0,3}}:",
    re.MULTILINE,
)
_MARKUP = re.compile(
    r"<\|[a-z_]{1,40}\|>|\[/?inst\]|<</?sys>>|</?(?:user|assistant|system|message)>"
    r"|^#{1,4} (?:instruction|response|human|assistant|user)\b",
    re.MULTILINE,
)


_QUOTED = re.compile(r'"[^"\n]{1,400}"')


def role_leak(turn: Message) -> str | None:
    """What shows that a turn was written in the wrong role or for both; none where nothing does."""
    text = plain_typography(turn.content).lower()
    for pattern, told in ((_LABEL, "names its speaker"), (_MARKUP, "has markup of chats")):
        if match := pattern.search(text):
            return f"{told}: {clipped(match.group().strip())}"
    if turn.role == "user":
        match, told = IN_A_USERS_MOUTH.search(_unquoted(text)), "the user speaks as the assistant"
    else:
        match, told = IN_AN_ASSISTANTS_MOUTH.search(text), "the assistant speaks as the user"
    return f"{told}: {clipped(match.group())}" if match else None


def _unquoted(text: str) -> str:
    """A turn without what it quotes: «end with "Is there anything else?"» asks for a phrase."""
    own = _QUOTED.sub(" ", text)
    return own if re.search(r"\w", own) else text


def repeated_turn(text: str, earlier: Sequence[Message]) -> int | None:
    """The number, from 1, of the first earlier turn that says nearly the same.

    Nearly the same are turns with a Jaccard similarity of 0.8 or more between their pairs of
    neighbouring words. Turns of fewer than four words may be repeated.
    """
    mine = _pairs(text)
    if mine is None:
        return None
    for number, turn in enumerate(earlier, start=1):
        other = _pairs(turn.content)
        if other is not None and len(mine & other) >= _ALIKE * len(mine | other):
            return number
    return None


def transcript(turns: Sequence[Message]) -> str:
    """A chat as prompts show it, a turn a paragraph: `User: ...`, `Assistant: ...`."""
    return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in turns)


def agreed(choices: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What several requests of one row were asked with; the empty text where they differ."""
    told: dict[str, str] = {}
    for chosen in choices:
        for name, value in chosen.items():
            told[name] = value if told.get(name, value) == value else ""
    return told


def _pairs(text: str) -> frozenset[tuple[str, str]] | None:
    words = words_and_symbols(text)
    return None if len(words) < _SHORT_WORDS else frozenset(pairwise(words))
