"""How many real rows in place of synthetic ones leave a set without a red sign of collapse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from synth_assets.core.collapse.canary import CanarySize, run_canary
from synth_assets.core.collapse.drawing import drawn
from synth_assets.core.collapse.halving import largest_that_passes
from synth_assets.core.collapse.risk_index import Light, risk_of
from synth_assets.core.collapse.yard import Yard

_PARTS = 100


@dataclass(frozen=True)
class Restored:
    """What was found by trying.

    Attributes:
        tried: sets that a canary was run on.
        synthetic_share: the largest that shows no red sign; none if none was found.
        real_rows: that take the place of synthetic ones for it; of a set of equal size.
    """

    tried: int
    synthetic_share: float | None
    real_rows: int

    @property
    def told(self) -> str:
        """For people."""
        if self.synthetic_share is None:
            return (
                f"No share of these synthetic rows was found that shows no red sign ({self.tried} "
                "sets were tried): mend the rows, or give more real ones."
            )
        return (
            f"{self.real_rows:,} more real rows in place of synthetic ones leave no sign red: "
            f"{self.synthetic_share:.0%} synthetic ({self.tried} sets were tried)."
        )


def real_rows_needed(
    texts: Sequence[str],
    is_real: Sequence[bool],
    real: Sequence[str],
    yard: Yard,
    size: CanarySize,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Try sets of equal size with fewer synthetic rows, by halves in hundredths.

    Args:
        texts: of a set that has a red sign, one a row.
        is_real: of the same rows.
        real: real texts, to put in and to hold beside.
        yard: real text that none of these holds.
        size: how much each canary looks at.
        on_progress: told what is being tried.
    """
    rng = np.random.default_rng(size.seed)
    own = [text for text, real_one in zip(texts, is_real, strict=True) if real_one]
    synthetic = drawn([t for t, one in zip(texts, is_real, strict=True) if not one], rng)
    known = set(own)
    more = drawn([text for text in real if text not in known], rng)
    tried: list[int] = []

    def passes(hundredths: int) -> bool | None:
        written = len(texts) * hundredths // _PARTS
        added = len(texts) - written - len(own)
        if added > len(more):
            return None
        on_progress(f"{hundredths} % synthetic rows")
        tried.append(hundredths)
        rows = [*own, *more[: max(added, 0)], *synthetic[:written]]
        marks = [True] * (len(rows) - written) + [False] * written
        return risk_of(run_canary(rows, marks, real, yard, size=size)).light is not Light.RED

    most = ceil(_PARTS * len(synthetic) / len(texts)) - 1
    found = largest_that_passes(0, most, passes)
    if found is None:
        return Restored(len(tried), None, 0)
    needed = len(synthetic) - len(texts) * found // _PARTS
    return Restored(len(tried), found / _PARTS, needed)
