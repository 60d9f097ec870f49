"""What a plan buys, and whether it fits under the caps."""

from dataclasses import dataclass
from enum import StrEnum

from synth_assets.core.config.budgets import Cap
from synth_assets.core.config.teachers import Price
from synth_assets.core.generation.estimate import NOTHING, Estimate

_MILLION = 1_000_000


@dataclass(frozen=True)
class Bill:
    """Requests of a plan, and what those that are not paid for will take.

    Attributes:
        in_ledger: requests that are paid for.
        to_buy: requests that are not.
        prompt_tokens: of these.
        completion_tokens: of their answers.
        usd: US dollars to be spent; none where nobody knows the price.
    """

    in_ledger: Estimate = NOTHING
    to_buy: Estimate = NOTHING
    prompt_tokens: Estimate = NOTHING
    completion_tokens: Estimate = NOTHING
    usd: Estimate | None = NOTHING

    @classmethod
    def of(
        cls,
        in_ledger: Estimate,
        to_buy: Estimate,
        prompt_tokens: Estimate,
        completion_tokens: Estimate,
        price: Price | None,
    ) -> "Bill":
        """Price what is to be bought; nothing costs nothing, whatever the price."""
        usd = None if price is None else NOTHING
        if price is not None:
            usd = prompt_tokens.scaled(price.input_usd / _MILLION)
            usd += completion_tokens.scaled(price.output_usd / _MILLION)
        elif to_buy.is_nothing:
            usd = NOTHING
        return cls(in_ledger, to_buy, prompt_tokens, completion_tokens, usd)

    @property
    def requests(self) -> Estimate:
        """All requests of the plan."""
        return self.in_ledger + self.to_buy

    @property
    def tokens(self) -> Estimate:
        """Prompt and completion tokens to be bought."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Bill") -> "Bill":
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Bill(
            self.in_ledger + other.in_ledger,
            self.to_buy + other.to_buy,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            usd,
        )

    def as_json(self) -> dict[str, object]:
        """For programs; a price nobody knows is null."""
        return {
            "requests_needed": self.requests.as_json(),
            "requests_in_ledger": self.in_ledger.as_json(),
            "requests_to_buy": self.to_buy.as_json(),
            "prompt_tokens": self.prompt_tokens.as_json(),
            "completion_tokens": self.completion_tokens.as_json(),
            "usd": None if self.usd is None else self.usd.as_json(),
        }


class Fit(StrEnum):
    """Whether a bill fits under a cap."""

    FITS = "fits"
    MAY_EXCEED = "may exceed"
    EXCEEDS = "exceeds"
    UNKNOWN = "unknown price"


@dataclass(frozen=True)
class CapOutlook:
    """A cap, what was spent under it, and what a plan adds.

    Attributes:
        scope: `all`, `run`, `recipe:ID` or `teacher:ID`.
        cap: the most that may be spent.
        spent_usd: US dollars spent or perhaps spent so far.
        spent_tokens: the same in tokens.
        bill: what the plan adds.
    """

    scope: str
    cap: Cap
    spent_usd: float
    spent_tokens: int
    bill: Bill

    @property
    def fit(self) -> Fit:
        """The worse of US dollars and tokens."""
        found = [Fit.FITS]
        if self.cap.tokens is not None:
            found.append(_fit(self.bill.tokens, self.cap.tokens - self.spent_tokens))
        if self.cap.usd is not None:
            usd = self.bill.usd
            found.append(Fit.UNKNOWN if usd is None else _fit(usd, self.cap.usd - self.spent_usd))
        return max(found, key=list(Fit).index)


def _fit(needed: Estimate, left: float) -> Fit:
    if needed.high <= left or needed.is_nothing:
        return Fit.FITS
    return Fit.MAY_EXCEED if needed.low <= left else Fit.EXCEEDS
