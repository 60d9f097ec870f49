"""The test server's files: what clients upload, and what batches write."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.integration.chat_replies import error_body


@dataclass(frozen=True)
class StoredFile:
    """A file as OpenAI keeps it.

    Attributes:
        file_id: its id.
        name: its name.
        purpose: `batch` for input, `batch_output` for what batches write.
        content: its bytes.
        created_at: seconds since the epoch.
    """

    file_id: str
    name: str
    purpose: str
    content: bytes
    created_at: int

    @property
    def told(self) -> dict[str, Any]:
        """What the server says of it."""
        return {
            "id": self.file_id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass
class Files:
    """All files of a server, by id."""

    stored: dict[str, StoredFile] = field(default_factory=dict)

    def store(self, name: str, purpose: str, content: bytes) -> StoredFile:
        """Keep a file."""
        file = StoredFile(new_id("file"), name, purpose, content, int(time.time()))
        self.stored[file.file_id] = file
        return file

    def store_lines(self, name: str, lines: list[dict[str, Any]]) -> str | None:
        """Keep what a batch wrote as JSONL: the file's id, none where there are no lines."""
        if not lines:
            return None
        content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        return self.store(name, "batch_output", content).file_id

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/files."""
        form = await request.post()
        sent, purpose = form.get("file"), str(form.get("purpose"))
        if not isinstance(sent, web.FileField) or purpose != "batch":
            return refused(400, "A file and the purpose 'batch' are required.")
        return web.json_response(self.store(sent.filename, purpose, sent.file.read()).told)

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/files/{id}."""
        file = self.stored.get(request.match_info["id"])
        return missing(request) if file is None else web.json_response(file.told)

    async def content(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/files/{id}/content."""
        file = self.stored.get(request.match_info["id"])
        if file is None:
            return missing(request)
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/files/{id}."""
        file = self.stored.pop(request.match_info["id"], None)
        if file is None:
            return missing(request)
        return web.json_response({"id": file.file_id, "object": "file", "deleted": True})


def new_id(kind: str) -> str:
    """An id that no other object of any server has."""
    return f"{kind}-{secrets.token_hex(12)}"


def refused(status: int, message: str, code: str | None = None) -> web.Response:
    """An error as OpenAI writes it."""
    return web.Response(
        body=error_body(message, code), status=status, content_type="application/json"
    )


def missing(request: web.Request) -> web.Response:
    """There is no such object."""
    return refused(404, f"No such object: {request.match_info['id']}")
