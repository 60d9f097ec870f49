"""Several checks in one order: what their files look like, and how they are told from single ones.

A batch is for what is plain and quick. It passes over what is not plain; at the first check that is
not quick, or leaves anything, it stops, with the verdicts until there. Such checks are made by
themselves, where all is told exactly.
"""

import os
from collections.abc import Iterable, Iterator

ONE, MANY = b"1 ", b"n "
"""How an order to a process of plain programs or tests begins; processor time follows."""
ALONE = b""
"""The verdict where a check is to be made by itself, as something of it is not plain."""
LOOK_S = 0.25
"""How often the server looks at a batch. It ends one where, from one look on, so much processor
time brought no verdict; so no process takes four times as long for one check."""
LEAST_S = 1.0
LEAST_OUTPUT_KB = 64
"""Where less is allowed, nothing is checked in batches: they may take that."""
MOST = 64
MOST_CHARACTERS = 100_000
"""Of programs and tests together: all are read, which takes time, before the first is begun."""
_SIZE = 8


def as_file(texts: Iterable[str]) -> bytes:
    """Texts, each after its size."""
    parts: list[bytes] = []
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        parts += [len(data).to_bytes(_SIZE, "little"), data]
    return b"".join(parts)


def texts_of(descriptor: int) -> Iterator[str]:
    """What `as_file` wrote; each is read when it is its turn."""
    place = 0
    while size := os.pread(descriptor, _SIZE, place):
        place += _SIZE
        data = os.pread(descriptor, int.from_bytes(size, "little"), place)
        place += len(data)
        yield data.decode("utf-8", "surrogatepass")
