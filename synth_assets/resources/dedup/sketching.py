"""Sketches of a stream of texts, made on several processors at once."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeAlias

from synth_assets.core.dedup.sketch import DedupRule, Sketches

Sink: TypeAlias = Callable[[Sketches], None]


def sketch_all(chunks: Iterable[list[str]], rule: DedupRule, sink: Sink, *, workers: int) -> None:
    """Sketch chunks of texts; hand the sketches on in the order of the chunks.

    Kernels let go of Python's lock, so threads do; a few chunks for each are in memory at a time.

    Args:
        chunks: of about a thousand texts each.
        rule: that sketches are made by.
        sink: takes the sketches of each chunk.
        workers: threads.
    """
    source = iter(chunks)
    with ThreadPoolExecutor(workers, "sketch") as pool:
        waiting = deque[Future[Sketches]]()
        try:
            waiting.extend(pool.submit(rule.sketch, each) for each in islice(source, 2 * workers))
            while waiting:
                sink(waiting.popleft().result())
                waiting.extend(pool.submit(rule.sketch, each) for each in islice(source, 1))
        finally:
            for each in waiting:
                each.cancel()
