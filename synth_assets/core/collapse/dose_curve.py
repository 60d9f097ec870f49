"""What a lab measured of shares of written rows, in place of rules of thumb about them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from synth_assets.core.collapse.lab import Dose, dose_response, share_for
from synth_assets.core.collapse.risk_index import THRESHOLDS, Sign
from synth_assets.core.mixture.risk import RiskBand

_BANDS = THRESHOLDS[Sign.LOSS]


@dataclass(frozen=True)
class DoseCurve:
    """The loss that shares of written rows cost in the end.

    Attributes:
        doses: least share first; one at least.
        first_loss: of students of real rows alone, bits a byte.
        generations: after which it was measured.
    """

    doses: tuple[Dose, ...]
    first_loss: float
    generations: int

    @classmethod
    def of(cls, curves: pl.DataFrame) -> "DoseCurve | None":
        """Read it off a lab's curves; none if no shares were compared.

        Args:
            curves: columns of `CURVE_SCHEMA`.
        """
        doses = dose_response(curves)
        first = curves.filter((pl.col("measure") == "held_out") & (pl.col("generation") == 0))
        if not doses or first.is_empty():
            return None
        last = curves.select(pl.col("generation").max()).item()
        return cls(doses, float(first["value"][0]), int(last))

    def relative_loss(self, share: float) -> float:
        """Of a share of written rows, over that of real rows alone; straight between doses."""
        shares = [0.0, *(dose.share for dose in self.doses)]
        losses = [0.0, *(dose.loss for dose in self.doses)]
        return float(np.interp(share, shares, losses)) / self.first_loss

    def band(self, share: float) -> RiskBand:
        """How risky a share is, by the thresholds of the sign `loss`."""
        lost = self.relative_loss(share)
        if lost < _BANDS.amber:
            return RiskBand.LOW
        return RiskBand.WATCH if lost < _BANDS.red else RiskBand.HIGH

    @property
    def bearable(self) -> float:
        """The largest share whose loss stays below amber."""
        return share_for(self.doses, _BANDS.amber * self.first_loss) or 0.0
