"""How each teacher is asked for JSON: found out, sent, and what to say where it is refused."""

import json
from collections.abc import Mapping
from typing import Any

from synth_assets.core.completion import Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.model_table import takes_schema

_REFUSED = (FailureClass.BAD_REQUEST, FailureClass.UNSUPPORTED)
_MARKS = (
    "response_format",
    "response format",
    "json_schema",
    "json_object",
    "json mode",
    "json schema",
    "structured output",
    "guided",
    "grammar",
)


def with_response_formats(teachers: Mapping[str, Teacher]) -> dict[str, Teacher]:
    """Teachers with `auto` resolved by LiteLLM's table: `schema` where it knows of it, else `none`.

    A server of the user's own behind an `openai/` name may pass over a schema without a word, and
    is asked in the prompt, unless its entry says otherwise.

    Raises:
        ConfigurationError: if the installed LiteLLM has no readable table.
    """
    return {name: _resolved(teacher) for name, teacher in teachers.items()}


def as_sent(request: Request) -> dict[str, Any]:
    """The part of a call that asks for JSON: the argument `response_format`, or nothing."""
    if not request.response_format:
        return {}
    return {"response_format": json.loads(request.response_format)}


def told_of_format(request: Request, failed: AttemptFailedError) -> AttemptFailedError:
    """A failure that may be of the `response_format`, with the line that mends it.

    Where the provider names it in its words every request of the prompt fails alike, so that the
    class is `unsupported`, which stops at once.
    """
    if not request.response_format or failed.failure not in _REFUSED:
        return failed
    named = any(mark in failed.said.lower() for mark in _MARKS)
    sent = json.loads(request.response_format)["type"]
    other = "`response_format: none`"
    if sent == "json_schema":
        other = f"`response_format: object` or {other}"
    said = (
        f"{failed.said} (It was sent response_format {sent}. If it takes none of that kind, set "
        f"{other} for {request.teacher} in teachers.yaml.)"
    )
    failure = FailureClass.UNSUPPORTED if named else failed.failure
    return AttemptFailedError(failure, said, failed.retry_after_s)


def _resolved(teacher: Teacher) -> Teacher:
    if teacher.response_format != "auto":
        return teacher
    own_server = teacher.api_base is not None and teacher.model.startswith("openai/")
    known = not own_server and takes_schema(teacher.model)
    return teacher.model_copy(update={"response_format": "schema" if known else "none"})
