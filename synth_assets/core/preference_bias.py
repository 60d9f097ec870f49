"""What a judge leans to: the place, the longer response, the tie. Over a recipe's judged pairs.

Zheng et al., 2023, arXiv:2306.05685, name these biases. A lean is no proof of a bias: longer
responses may be better. Read the share beside the recipe's own idea of what is better.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from synth_assets.core.coverage.intervals import Interval, one_sided_z, wilson
from synth_assets.core.schema import Decision, Reason

_VERDICTS = re.compile(r"shown as \d+, \d+: (A|B|tie); shown as \d+, \d+: (A|B|tie)\b")
_Z = one_sided_z(0.975)


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
    def interval(self) -> Interval:
        """Bounds of the share."""
        return wilson(self.count, self.of, _Z)


@dataclass(frozen=True)
class PreferenceBias:
    """What judges of a recipe leaned to.

    Attributes:
        first: verdicts that name the response shown first, of those that name one. A judge without
            a lean to places comes to a half.
        tied: pairs that both orders call a tie.
        inconsistent: pairs whose two orders say different things.
        longer: rows whose better response is the longer one, of those of unequal length.
        length_correlation: between difference in words and verdict, each row counted from both
            sides: sum(d) / sqrt(n sum(d²)), -1 to 1; none where all lengths are equal.
    """

    first: Lean
    tied: Lean
    inconsistent: Lean
    longer: Lean
    length_correlation: float | None


def preference_bias(
    rows: Iterable[Mapping[str, str | int | float]], decisions: Iterable[Decision]
) -> PreferenceBias | None:
    """Count over rows of the technique `preference` and the decisions of its generation.

    Decided pairs are told by the attributes of rows, the others by the details of decisions; those
    that lost by a rule of the recipe, such as `min_margin`, may be told by neither.

    Args:
        rows: attributes of each row as generated; later stages would drop some for reasons of
            their own. Rows of other techniques are passed over.
        decisions: of the stage `generate`.

    Returns:
        None where there is no judged pair.
    """
    told = [each for each in rows if "pairs_decided" in each]
    decided = sum(int(each["pairs_decided"]) for each in told)
    kept_ties = sum(each["verdict"] == "tie" for each in told)
    undecided = [found for each in decisions if (found := _verdicts(each)) is not None]
    said = [verdict for pair in undecided for verdict in pair]
    clear = sum(pair in (("A", "B"), ("B", "A")) for pair in undecided)
    pairs = decided + kept_ties + len(undecided)
    if not pairs:
        return None
    ties = kept_ties + sum(pair == ("tie", "tie") for pair in undecided)
    first, second = decided + said.count("A"), decided + said.count("B")
    won = [int(each["length_difference"]) for each in told if each["verdict"] == "decided"]
    unequal = [difference for difference in won if difference]
    return PreferenceBias(
        first=Lean(first, first + second),
        tied=Lean(ties, pairs),
        inconsistent=Lean(pairs - decided - clear - ties, pairs),
        longer=Lean(sum(difference > 0 for difference in unequal), len(unequal)),
        length_correlation=_correlation(won),
    )


def _verdicts(decision: Decision) -> tuple[str, str] | None:
    if decision.reason not in (Reason.TIE, Reason.INCONSISTENT_JUDGE):
        return None
    found = _VERDICTS.search(decision.detail)
    return (found[1], found[2]) if found else None


def _correlation(differences: Sequence[int]) -> float | None:
    squares = sum(difference * difference for difference in differences)
    return sum(differences) / sqrt(len(differences) * squares) if squares else None
