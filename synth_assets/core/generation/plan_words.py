"""Plans in words: for the terminal and for the UI."""

import math
from collections.abc import Callable

from synth_assets.core.generation.bill import CapOutlook
from synth_assets.core.generation.estimate import Estimate
from synth_assets.core.generation.outlook import RecipePlan

_DIGITS = 3


def span(quantity: Estimate) -> str:
    """A count with its interval, `1,200-1,350`, to three digits where it is not exact."""
    if quantity.high == quantity.low:
        return f"{quantity.expected:,.0f}"
    low, high = _rounded(quantity.low, math.floor), _rounded(quantity.high, math.ceil)
    return f"{low:,.0f}-{high:,.0f}" if low != high else f"{low:,.0f}"


def money(quantity: Estimate | None) -> str:
    """US dollars with their interval; `unknown` where nobody knows the price."""
    if quantity is None:
        return "unknown"
    low, high = _dollars(quantity.low), _dollars(quantity.high)
    return low if low == high else f"{low}-{high}"


def changed(plan: RecipePlan) -> str:
    """How many samples are not as they were, why, and how many go away."""
    changes = plan.changes
    if changes is None:
        return "never filled"
    told = [f"{span(count)} {reason}" for reason, count in changes.counts.items()]
    if changes.gone:
        told.append(f"{changes.gone:,} gone")
    return ", ".join(told) or "nothing"


def samples(plan: RecipePlan) -> str:
    """How many are planned, and whether more may follow."""
    return f"{plan.planned:,}" if plan.kept is None else f"{plan.planned:,}, then more"


def basis(plan: RecipePlan) -> tuple[str, ...]:
    """What the figures of a plan rest on, and what they leave out."""
    told = list(plan.notes)
    if plan.looked_at < plan.planned:
        told.insert(0, f"estimated from {plan.looked_at:,} of {plan.planned:,} samples")
    kept = plan.kept
    if kept is None:
        return tuple(told)
    if kept.planned is None or kept.bill is None or kept.share_kept is None:
        told.append(
            f"asks for {kept.wanted:,} kept samples: these are the figures of its first round; how "
            "many more it takes is known when that is done"
        )
    else:
        told.append(
            f"asks for {kept.wanted:,} kept samples; {100 * kept.share_kept:.0f} % were kept last "
            f"time, so that about {kept.planned:,} will be planned in all rounds: "
            f"{span(kept.bill.to_buy)} requests to buy, {money(kept.bill.usd)} USD"
        )
    return tuple(told)


def cap_words(cap: CapOutlook) -> tuple[str, str, str]:
    """The cap, what was spent under it, and what the plan adds."""
    limits: list[str] = []
    spent: list[str] = []
    added: list[str] = []
    if cap.cap.usd is not None:
        limits.append(f"{cap.cap.usd:,.10g} USD")
        spent.append(f"{_dollars(cap.spent_usd)} USD")
        added.append(f"{money(cap.bill.usd)} USD")
    if cap.cap.tokens is not None:
        limits.append(f"{cap.cap.tokens:,} tokens")
        spent.append(f"{cap.spent_tokens:,} tokens")
        added.append(f"{span(cap.bill.tokens)} tokens")
    return ", ".join(limits), ", ".join(spent), ", ".join(added)


def _dollars(amount: float) -> str:
    if amount == 0:
        return "0"
    if amount >= 1_000:
        return f"{amount:,.0f}"
    if amount >= 1:
        return f"{amount:,.2f}"
    return f"{amount:.{1 - math.floor(math.log10(amount))}f}"


def _rounded(value: float, towards: Callable[[float], int]) -> float:
    unit = 10.0 ** max(math.floor(math.log10(max(value, 1.0))) + 1 - _DIGITS, 0)
    # Sums of floats lie a little beside whole numbers, which is no reason to go to the next.
    return towards(round(value / unit, 6)) * unit
