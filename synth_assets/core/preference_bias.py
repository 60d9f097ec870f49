"""What judges of the technique `preference` lean to: the place, the longer response, the tie.

Rows and decisions tell the verdicts; `core/judging/pairs.py` says what they come to. A lean is no
proof of a bias: longer responses may be better. Read the share beside the recipe's own idea of
what is better.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from synth_assets.core.judging.lean import Lean
from synth_assets.core.judging.pairs import BothOrders, Said, position_bias
from synth_assets.core.schema import Decision, Reason

_VERDICTS = re.compile(r"shown as \d+, \d+: (A|B|tie); shown as \d+, \d+: (A|B|tie)\b")
_DECIDED: BothOrders = ("A", "B")
_TIED: BothOrders = ("tie", "tie")


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

    @property
    def leans(self) -> Mapping[str, Lean]:
        """What, in words -> how often."""
        return {
            "verdicts for the response shown first": self.first,
            "pairs called a tie": self.tied,
            "pairs judged differently in the two orders": self.inconsistent,
            "rows whose better response is the longer": self.longer,
        }


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
    at_odds = [_said_of(each) for each in told if each["verdict"] == "inconsistent"]
    undecided = [found for each in decisions if (found := _verdicts(each)) is not None]
    # Which of two a decided pair names does not matter here: its two orders name different places.
    verdicts = [*[_DECIDED] * decided, *[_TIED] * kept_ties, *at_odds, *undecided]
    if not verdicts:
        return None
    place = position_bias(verdicts)
    won = [int(each["length_difference"]) for each in told if each["verdict"] == "decided"]
    unequal = [difference for difference in won if difference]
    return PreferenceBias(
        first=place.first,
        tied=place.tied,
        inconsistent=place.inconsistent,
        longer=Lean(sum(difference > 0 for difference in unequal), len(unequal)),
        length_correlation=_correlation(won),
    )


def _verdicts(decision: Decision) -> BothOrders | None:
    if decision.reason not in (Reason.TIE, Reason.INCONSISTENT_JUDGE):
        return None
    found = _VERDICTS.search(decision.detail)
    return None if found is None else (_said(found[1]), _said(found[2]))


def _said_of(row: Mapping[str, str | int | float]) -> BothOrders:
    first, second = str(row["said"]).split(", ")
    return _said(first), _said(second)


def _said(word: str) -> Said:
    return "A" if word == "A" else "B" if word == "B" else "tie"


def _correlation(differences: Sequence[int]) -> float | None:
    squares = sum(difference * difference for difference in differences)
    return sum(differences) / sqrt(len(differences) * squares) if squares else None
