"""How replies of the test server go over the wire: whole, slowly, in part, or not at all."""

import asyncio
import json
from collections.abc import Mapping

from aiohttp import web

from tests.integration.chat_replies import Fault, Trickle

MISSING_BYTES = 100
"""A body shorter by this than its announced length is what a cut connection looks like."""


async def send_fault(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Send a fault as it is described."""
    data = fault.body
    if data is None:
        key = request.headers.get("Authorization")
        message = f"scripted {fault.status} for key {key}"
        data = json.dumps({"error": {"message": message, "type": "x", "code": None}}).encode()
    if fault.cut:
        return await _send_cut(request, fault, data)
    return await send(request, data, fault.status, fault.headers, fault.trickle)


async def send(
    request: web.Request,
    data: bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    trickle: Trickle | None = None,
) -> web.StreamResponse:
    """Send a body of JSON, or what claims to be."""
    if trickle is None:
        return web.Response(
            body=data, status=status, headers=headers, content_type="application/json"
        )
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = "application/json"
    if trickle.endless:
        response.enable_chunked_encoding()
        data = data[:-1]
    else:
        response.content_length = len(data)
    await response.prepare(request)
    await _send_pieces(response, data, trickle)
    while trickle.endless:
        await response.write(b" ")
        await asyncio.sleep(trickle.pause_s)
    return response


def lose(request: web.Request) -> web.StreamResponse:
    """Close the connection before a byte is sent."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _send_cut(request: web.Request, fault: Fault, data: bytes) -> web.StreamResponse:
    response = web.StreamResponse(status=fault.status, headers=fault.headers)
    response.content_type = "application/json"
    response.content_length = len(data) + MISSING_BYTES
    await response.prepare(request)
    if data:
        await _send_pieces(response, data, fault.trickle)
    if request.transport is not None:
        request.transport.close()
    return response


async def _send_pieces(response: web.StreamResponse, data: bytes, trickle: Trickle | None) -> None:
    size = trickle.piece_bytes if trickle else len(data)
    for start in range(0, len(data), size):
        await response.write(data[start : start + size])
        await asyncio.sleep(trickle.pause_s if trickle else 0)
