"""The parts of a plan, shared by several processes."""

from collections.abc import Callable

from synth_assets.resources.generation.parts import Part, PartResult, PartsFolder


class TakenParts:
    """Parts as one of several workers sees them: what it does not get, another one does.

    Args:
        folder: where finished parts go.
        take: gives the next part at or after a position that nobody has, and reserves it.
        tell: told of each part that was written.
    """

    def __init__(
        self,
        folder: PartsFolder,
        take: Callable[[int], Part | None],
        tell: Callable[[Part], None],
    ) -> None:
        self.passed_over = 0
        """Planned samples of parts that are there, or another's."""
        self._folder = folder
        self._take = take
        self._tell = tell
        self._reserved: Part | None = None
        self._asks = True

    def has(self, part: Part) -> bool:
        """Whether a part is not this worker's to make; parts must come in the plan's order."""
        if self._asks:
            self._reserved = self._take(part.start)
            self._asks = False
        if part == self._reserved:
            self._asks = True
            return False
        self.passed_over += part.size
        return True

    def write(self, part: Part, result: PartResult) -> None:
        """See `Sink`."""
        self._folder.write(part, result)
        self._tell(part)
