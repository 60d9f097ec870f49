"""Prompts that show through: system prompts, template tags, chat markup, tags of sections."""

import re

from synth_assets.core.verify.failures.turn import Turn, has_any

_TAGS = "problem|solution|question|answer|quote|document|record|passage|response|instructions?"

# Of each: what must stand in the text, one of them, and what is then looked for in the folded one.
_GENERIC = (
    (("prompt", "message"), re.compile(r"\b(?:system|developer) (?:prompt|message)\b")),
    (
        ("assistant", "language", "teacher"),
        re.compile(
            r"\byou are (?:a|an|the) (?:\w+ ){0,3}(?:assistant|teacher model|language model)\b"
        ),
    ),
    (("chatgpt", "claude"), re.compile(r"\byou are (?:chatgpt|claude), ?an? ")),
    (("cutoff", "cut-off"), re.compile(r"\bknowledge cut-?off: ?\d{4}")),
    (
        ("instruct",),
        re.compile(
            r"\b(?:my|the) (?:system|initial|hidden|original) instructions\b"
            r"|\bi (?:was|am|have been|'ve been) (?:instructed|prompted) (?:not )?to"
            r" (?:only |never )?(?:answer|respond|reply|write|generate|produce|output|act)\b"
        ),
    ),
    (
        ("{",),
        re.compile(
            r"\{\{-?\s*[a-z_][\w.]*\s*(?:\|[^{}\n]{0,80})?-?\}\}|\{%-?\s*[a-z]+\b[^{}\n]{0,80}%\}"
        ),
    ),
    (("<|", "inst]", "sys>>"), re.compile(r"<\|[a-z_]{1,40}\|>|\[/?inst\]|<</?sys>>")),
    (("<",), re.compile(rf"</?(?:example_)?(?:{_TAGS})>")),
)


def generic_leak_in(turn: Turn) -> str | None:
    """What in a text stands in prompts, not in answers; or None."""
    text = turn.lowered if turn.text.isascii() else turn.folded
    for keys, pattern in _GENERIC:
        if has_any(text, keys) and (match := pattern.search(turn.folded)):
            return match.group()
    return None
