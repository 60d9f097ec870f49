"""The lines of a batch: what is asked, what is wrong with it, and what is written back."""

import json
from dataclasses import dataclass
from typing import Any

from tests.integration.chat_files import new_id
from tests.integration.chat_replies import Fault, Said, completion


@dataclass(frozen=True)
class Line:
    """One request of a batch."""

    custom_id: str
    body: dict[str, Any]


@dataclass(frozen=True)
class ReadLines:
    """What an input file holds: its requests, or what is wrong with it as OpenAI says it."""

    lines: tuple[Line, ...]
    errors: tuple[dict[str, Any], ...]


def read_lines(content: bytes, endpoint: str, most: int) -> ReadLines:
    """Validate an input file: every line a POST to the endpoint, ids unique, one model."""
    lines: list[Line] = []
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, text in enumerate(content.splitlines(), start=1):
        line = _line(text, endpoint)
        if isinstance(line, str):
            errors.append(line_error(line, number))
        elif line.custom_id in seen:
            errors.append(line_error("duplicate_custom_id", number))
        elif lines and line.body["model"] != lines[0].body["model"]:
            errors.append(line_error("mismatched_model", number))
        else:
            seen.add(line.custom_id)
            lines.append(line)
    if not content.strip():
        errors.append(line_error("empty_file", None))
    if len(lines) > most:
        errors.append(line_error("too_many_requests", None))
    return ReadLines(tuple(lines), tuple(errors))


def line_error(code: str, line: int | None) -> dict[str, Any]:
    """An entry of a failed batch's errors."""
    where = "The file" if line is None else f"Line {line}"
    message = f"{where} of this batch is refused: {code}."
    return {"code": code, "message": message, "param": None, "line": line}


def written(line: Line, reply: Said | Fault) -> dict[str, Any]:
    """What an output or error file says of a request that was executed."""
    if isinstance(reply, Said):
        status, body = 200, completion(line.body, reply)
    else:
        status, body = reply.status if reply.status >= 400 else 500, _told(reply)
    response = {"status_code": status, "request_id": new_id("req"), "body": body}
    return _entry(line, response, None)


def not_executed(line: Line, code: str) -> dict[str, Any]:
    """What an error file says of a request that was not."""
    error = {"code": code, "message": f"This request was not executed: {code}."}
    return _entry(line, None, error)


def _entry(
    line: Line, response: dict[str, Any] | None, error: dict[str, Any] | None
) -> dict[str, Any]:
    told = {"custom_id": line.custom_id, "response": response, "error": error}
    return {"id": new_id("batch_req"), **told}


def _line(text: bytes, endpoint: str) -> Line | str:
    """One line, or the code of what is wrong with it."""
    try:
        told = json.loads(text)
        line = Line(str(told["custom_id"]), dict(told["body"]))
        wrong = not line.body["model"] or not line.body["messages"]
    except (ValueError, LookupError, TypeError):
        return "invalid_json_line"
    if told.get("method") != "POST" or told.get("url") != endpoint:
        return "invalid_url"
    return "invalid_request" if wrong else line


def _told(fault: Fault) -> dict[str, Any]:
    try:
        body = json.loads(fault.body or b"")
    except ValueError:
        body = None
    error = {"message": f"scripted {fault.status}", "type": "x", "code": None}
    return body if isinstance(body, dict) else {"error": error}
