"""Sketches of a stream of texts, made on several processors at once."""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from synth_assets.core.dedup.sketch import DedupRule, Sketches
from synth_assets.resources.dedup.spilled import SpilledSketches


def sketch_all(
    chunks: Iterable[list[str]], rule: DedupRule, sketches: SpilledSketches, workers: int
) -> None:
    """Sketch chunks of texts, and append them in the order of the chunks.

    Kernels let go of Python's lock, so threads do; a few chunks for each are in memory at a time.

    Args:
        chunks: of about a thousand texts each.
        rule: that sketches are made by.
        sketches: what they are appended to.
        workers: threads.
    """
    source = iter(chunks)
    with ThreadPoolExecutor(workers, "sketch") as pool:
        waiting = deque[Future[Sketches]]()
        try:
            waiting.extend(pool.submit(rule.sketch, each) for each in islice(source, 2 * workers))
            while waiting:
                sketches.append(waiting.popleft().result())
                waiting.extend(pool.submit(rule.sketch, each) for each in islice(source, 1))
        finally:
            for each in waiting:
                each.cancel()
