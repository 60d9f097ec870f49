"""Which columns of a user's file play which part of a sample."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

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

_TEXTS = ("text", "content", "document", "passage", "code")


@dataclass(frozen=True)
class TextColumns:
    """What is read of each row, where rows are compared as texts.

    Attributes:
        texts: columns whose texts are the row's; what is empty is left out.
        identity: a column that names rows; none: they are named by their number.
        numbers: columns of numbers.
        separator: stands between the texts of a row.
    """

    texts: tuple[str, ...] = ()
    identity: str | None = None
    numbers: tuple[str, ...] = ()
    separator: str = "\n"

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        identity = () if self.identity is None else (self.identity,)
        return (*self.texts, *identity, *self.numbers)


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


def shown(name: str) -> str:
    """The name of a column for messages, whatever stands in it."""
    return json.dumps(name[:80])


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
    found = _usual_columns(names, chosen)
    if "response" not in found and MESSAGES not in found:
        raise ConfigurationError(
            f"{label}: no column is known to hold the responses. Columns there: "
            f"{', '.join(names[:20])}. Name it with --column response=COLUMN."
        )
    return Columns(found, identity)


def find_text_columns(present: Iterable[str], said: TextColumns, label: str) -> TextColumns:
    """Find out which columns a row's text stands in, unless that is said.

    By the names that are usual: the chat before, prompt, context, response and rejected response;
    or a chat in one column; or, where no response is found, prompt, context and text.

    Args:
        present: columns of the file.
        said: what the user said; no texts: as is usual.
        label: the file, for messages.

    Raises:
        ConfigurationError: if a column that is said is not there, or none is found.
    """
    names = list(present)
    there = ", ".join(map(shown, names[:20])) or "none"
    for name in said.names:
        if name not in names:
            raise ConfigurationError(
                f"{label}: there is no column {shown(name)}. Columns there: {there}. Mend the name."
            )
    texts = said.texts or _usual_texts(names)
    if not texts:
        raise ConfigurationError(
            f"{label}: no column is known to hold text. Columns there: {there}. Name one or more "
            "with --column COLUMN."
        )
    return replace(said, texts=texts)


@dataclass(frozen=True)
class ItemColumns:
    """Where the items of a benchmark stand.

    Attributes:
        prompt: column of what is asked.
        response: column of the answer; none where there is none.
    """

    prompt: str
    response: str | None


def find_item_columns(present: Iterable[str], prompt: str | None, label: str) -> ItemColumns:
    """Find out where the items of a benchmark stand.

    Args:
        present: columns of the file.
        prompt: what the user said of what is asked; none: as is usual, else a column of text.
        label: the file, for messages.

    Raises:
        ConfigurationError: if that column is not there, or none is found.
    """
    names = list(present)
    found = _usual_columns(names, {} if prompt is None else {"prompt": prompt})
    usual = next((name for name in _TEXTS if name in names), None)
    column = found.get("prompt", usual)
    if column is None or column not in names:
        there = ", ".join(map(shown, names[:20])) or "none"
        what = (
            "no column is known to hold what is asked"
            if prompt is None
            else (f"there is no column {shown(prompt)}")
        )
        raise ConfigurationError(
            f"{label}: {what}. Columns there: {there}. Name it with --against-column COLUMN."
        )
    return ItemColumns(column, found.get("response"))


def _usual_texts(names: list[str]) -> tuple[str, ...]:
    found = _usual_columns(names, {})
    if "response" in found:
        parts = ("history", "prompt", "context", "response", "rejected")
        return tuple(found[part] for part in parts if part in found)
    if MESSAGES in found:
        return (found[MESSAGES],)
    usual = [found[part] for part in ("prompt", "context") if part in found]
    text = next((name for name in _TEXTS if name in names), None)
    return tuple(dict.fromkeys([*usual, *([] if text is None else [text])]))


def _usual_columns(names: list[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Part -> column, of those that are not chosen by the names that are usual."""
    taken = set(chosen.values())
    found = dict(chosen)
    for part, usual in _USUAL.items():
        if part not in found and not (part == MESSAGES and "response" in found):
            free = (name for name in usual if name in names and name not in taken)
            if (column := next(free, None)) is not None:
                found[part] = column
                taken.add(column)
    return found
