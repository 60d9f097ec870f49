"""Nothing secret may reach a log, a file or a terminal: providers quote keys in their errors."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

_PIECE = 6
"""Shorter pieces of a key are shown: providers name keys by their last four characters."""
_SHORTEST_SECRET = 4
"""Shorter keys are placeholders for servers that want none; blanking them garbles messages."""


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Blank out secrets, their URL-encoded forms, and every piece of six characters of either.

    Letter case is ignored: `%2F` and `%2f` are one.
    """
    folded = _folded(text)
    hidden = bytearray(len(text))
    for form in {form for secret in secrets for form in _forms(secret)}:
        size = min(_PIECE, len(form))
        pieces = {form[start : start + size] for start in range(len(form) - size + 1)}
        for start in range(len(text) - size + 1):
            if folded[start : start + size] in pieces:
                hidden[start : start + size] = b"\x01" * size
    return "".join(_blanked(text, hidden))


def _forms(secret: str) -> Iterator[str]:
    if len(secret) >= _SHORTEST_SECRET:
        yield _folded(secret)
        yield _folded(quote(secret, safe="", errors="replace"))


def _folded(text: str) -> str:
    """Lower case that leaves every character in its place."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _blanked(text: str, hidden: bytearray) -> Iterator[str]:
    for position, char in enumerate(text):
        if not hidden[position]:
            yield char
        elif position == 0 or not hidden[position - 1]:
            yield "[key]"
