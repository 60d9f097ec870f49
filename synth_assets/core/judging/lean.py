"""How often something was so, with an interval."""

from dataclasses import dataclass

from synth_assets.core.coverage.intervals import Interval, one_sided_z, wilson

Z_95 = one_sided_z(0.975)
"""Half the width of a normal distribution's central 95 %, in standard deviations."""


@dataclass(frozen=True)
class Lean:
    """How often something was so; `interval` holds the share with 95 % confidence (Wilson)."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """0 to 1; 0 where nothing was counted."""
        return self.count / self.of if self.of else 0.0

    @property
    def high(self) -> float:
        """The upper bound of the share; 1 where there is none."""
        bound = self.interval.high
        return 1.0 if bound is None else bound

    @property
    def interval(self) -> Interval:
        """Bounds of the share."""
        return wilson(self.count, self.of, Z_95)
