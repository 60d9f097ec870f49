"""Search by halves for how much a judge lets pass."""

from collections.abc import Callable


def largest_that_passes(least: int, most: int, passes: Callable[[int], bool | None]) -> int | None:
    """The largest number that passes, where what is above one that fails fails too.

    The least is tried first: where it fails, nothing else is tried.

    Args:
        least: to try.
        most: to try.
        passes: the judge; none says that a number is too small to be tried at all.
    """
    if least > most:
        return None
    first = passes(least)
    if first is False:
        return None
    best = least if first else None
    while least < most:
        middle = (least + most + 1) // 2
        verdict = passes(middle)
        if verdict is False:
            most = middle - 1
            continue
        least = middle
        best = middle if verdict else best
    return best
