"""A user's chats, in OpenAI's or ShareGPT's form, as texts of samples."""

import json
from typing import cast

from synth_assets.core.completion import Message
from synth_assets.core.sample import history_text
from synth_assets.errors import SourceError
from synth_assets.resources.row_files.values import any_text

_ROLES = {"human": "user", "gpt": "assistant"}


def texts_of_chat(value: object, where: str) -> dict[str, str]:
    """Prompt, response and what was said before.

    Args:
        value: a list of turns, or the JSON of one, as CSV has it.
        where: the row and column, for messages.

    Raises:
        SourceError: if it is something else, does not end with a turn of the user and one of the
            assistant, or a turn says no text.
    """
    said = [_turn(each, f"{where}, turn {number}") for number, each in enumerate(_turns(value), 1)]
    if [turn.role for turn in said[-2:]] != ["user", "assistant"]:
        raise SourceError(
            f"{where}: must be a list of turns that ends with one of the user and one of the "
            "assistant. Mend the row."
        )
    *earlier, asked, answered = said
    return {
        "prompt": asked.content,
        "response": answered.content,
        "history": history_text(earlier),
    }


def chat_text(value: object, where: str) -> str | None:
    """All that is said in a chat, a turn a line; nothing if the value is no list of turns.

    What is not text (images, calls of tools) counts as the JSON of its turn, so that two chats that
    differ in it alone are not the same.

    Args:
        value: from a file.
        where: the row and column, for messages.

    Raises:
        SourceError: if a turn is nested too deeply.
    """
    turns = cast("list[object]", value) if isinstance(value, list) else []
    told = [_said(each, where) for each in turns]
    return None if not told or None in told else "\n".join(cast("list[str]", told))


def _said(value: object, where: str) -> str | None:
    turn = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    said = turn.get("content", turn.get("value"))
    if not isinstance(turn.get("role", turn.get("from")), str):
        return None
    if isinstance(said, list):
        said = _parts(cast("list[object]", said))
    return str(said) if isinstance(said, str) else any_text(turn, where)


def _turns(value: object) -> list[object]:
    if isinstance(value, str):
        try:
            value = cast("object", json.loads(value))
        except (ValueError, RecursionError):
            return []
    return cast("list[object]", value) if isinstance(value, list) else []


def _turn(value: object, where: str) -> Message:
    turn = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    role, said = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    if isinstance(said, list):
        said = _parts(cast("list[object]", said))
    if not isinstance(role, str) or not isinstance(said, str):
        raise SourceError(
            f"{where}: must have a role and a text as its content. Leave out rows with images or "
            "with calls of tools alone."
        )
    return Message(_ROLES.get(role, role), said)


def _parts(parts: list[object]) -> str | None:
    """The text of a turn in parts, if all of them are text."""
    said = [cast("dict[str, object]", each) for each in parts if isinstance(each, dict)]
    texts = [each.get("text") for each in said if each.get("type") == "text"]
    told = [text for text in texts if isinstance(text, str)]
    return "\n".join(told) if len(told) == len(parts) else None
