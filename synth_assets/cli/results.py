"""Standard output is for results: what else writes there goes where messages go."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def strays_as_messages() -> Generator[None]:
    """Send what libraries write to standard output by themselves to standard error.

    HiGHS writes a line of its own for about one mixture in a thousand, below Python, which would
    break the JSON that another program reads.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
