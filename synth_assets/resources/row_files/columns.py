"""Which columns of a user's file play which part of a sample."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synth_assets.errors import ConfigurationError

PARTS = ("prompt", "response", "reference", "context", "history", "rejected")
"""Texts of a sample that a column may hold; `messages` may hold a chat in place of three."""

MESSAGES = "messages"

_USUAL = {
    "prompt": ("prompt", "instruction", "question", "problem", "query"),
    "response": ("response", "output", "completion", "answer", "solution", "chosen"),
    "reference": ("reference", "gold", "ground_truth", "target", "tests"),
    "context": ("context", "passage", "document", "input"),
    "history": ("history",),
    "rejected": ("rejected",),
    MESSAGES: ("messages", "conversations"),
}


@dataclass(frozen=True)
class Columns:
    """Part of a sample -> column of the file that holds it.

    Attributes:
        of: only parts that some column holds.
        identity: a column that names rows; none: rows are named by their number.
    """

    of: Mapping[str, str]
    identity: str | None = None

    @property
    def told(self) -> str:
        """As people read it."""
        named = [f"{part} = {column}" for part, column in self.of.items()]
        return ", ".join([*named, *([f"id = {self.identity}"] if self.identity else [])])


def find_columns(present: Iterable[str], said: Iterable[str], label: str) -> Columns:
    """Match columns to parts: what the user said, failing that by the names that are usual.

    Args:
        present: columns of the file.
        said: `part=column` each; `id=column` names rows.
        label: the file, for messages.

    Raises:
        ConfigurationError: if a part or column is unknown, or no column holds responses.
    """
    names = list(present)
    chosen = dict[str, str]()
    for each in said:
        part, separator, column = each.partition("=")
        if not separator or part not in (*PARTS, MESSAGES, "id"):
            raise ConfigurationError(
                f"--column {each}: write part=column. Parts: {', '.join((*PARTS, MESSAGES))}, id."
            )
        if column not in names:
            raise ConfigurationError(
                f"--column {each}: {label} has no column {column!r}. Columns there: "
                f"{', '.join(names[:20])}."
            )
        chosen[part] = column
    identity = chosen.pop("id", None)
    taken = set(chosen.values())
    found = dict(chosen)
    for part, usual in _USUAL.items():
        if part not in found and not (part == MESSAGES and "response" in found):
            free = (name for name in usual if name in names and name not in taken)
            if (column := next(free, None)) is not None:
                found[part] = column
                taken.add(column)
    if "response" not in found and MESSAGES not in found:
        raise ConfigurationError(
            f"{label}: no column is known to hold the responses. Columns there: "
            f"{', '.join(names[:20])}. Name it with --column response=COLUMN."
        )
    return Columns(found, identity)
