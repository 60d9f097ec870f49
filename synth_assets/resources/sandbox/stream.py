"""Frames over a stream socket, as bytes with their size before them."""

import os
import struct

from synth_assets.resources.sandbox.wire import MOST_BYTES, ForgedError

_Size = struct.Struct("<I")
_SIZE = _Size.size
_AT_ONCE = 1 << 16


class Stream:
    """Frames over a stream socket or the like.

    Args:
        descriptor: of the stream.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""
        self._held = b""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read that nobody received."""
        return not self._read

    def hold(self, data: bytes) -> None:
        """Write one frame with the next that is sent; at the end of the stream nobody needs it."""
        self._held += _Size.pack(len(data)) + data

    def send(self, data: bytes) -> None:
        """Write one frame; raises OSError when nobody reads any more."""
        whole = self._held + _Size.pack(len(data)) + data
        self._held = b""
        sent = os.write(self._descriptor, whole)
        while sent < len(whole):
            sent += os.write(self._descriptor, memoryview(whole)[sent:])

    def receive(self) -> bytes | None:
        """Read one frame; none at the end.

        Raises:
            ForgedError: if its size is too large.
        """
        if not self._has(_SIZE):
            return None
        size: int = _Size.unpack_from(self._read)[0]
        if size > MOST_BYTES:
            raise ForgedError(f"a frame of {size:,} bytes is too large")
        end = _SIZE + size
        if not self._has(end):
            return None
        frame, self._read = self._read[_SIZE:end], self._read[end:]
        return frame

    def _has(self, size: int) -> bool:
        """Read until so many bytes are there; false where the stream ends before."""
        missing = size - len(self._read)
        if missing <= 0:
            return True
        parts = [self._read]
        while missing > 0:
            try:
                part = os.read(self._descriptor, min(max(missing, _AT_ONCE), 1 << 20))
            except ConnectionError:
                return False
            if not part:
                return False
            parts.append(part)
            missing -= len(part)
        self._read = b"".join(parts)
        return True
