"""What a call may cost at most, what it did cost, and whose money it is.

US dollars are counted in whole millionths of a millionth (`pico`), so that sums of millions of
calls are exact; amounts are rounded up.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synth_assets.core.completion import Completion
from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.config.teachers import Price

PICO = 10**12
ALL = "all"

_TOKENS_A_MESSAGE = 16
_TOKENS_A_CHAT = 64
"""Beyond the text: role marks and what chat templates add; generous."""


@dataclass(frozen=True)
class Amount:
    """Money and tokens."""

    usd_pico: int = 0
    tokens: int = 0

    @property
    def usd(self) -> float:
        """US dollars."""
        return self.usd_pico / PICO


NOTHING = Amount()


@dataclass(frozen=True)
class Payer:
    """For whom calls are bought.

    Attributes:
        recipe: id of the recipe.
        run: id of the run.
    """

    recipe: str = ""
    run: str = ""

    def scopes(self, teacher: str) -> tuple[str, ...]:
        """The accounts that a call to a teacher goes to."""
        named = (("recipe", self.recipe), ("run", self.run), ("teacher", teacher))
        return (ALL, *(f"{kind}:{name}" for kind, name in named if name))


@dataclass(frozen=True)
class Budget:
    """Caps by account: `all`, `run:ID`, `recipe:ID`, `teacher:ID`."""

    caps: Mapping[str, Cap] = field(default_factory=dict[str, Cap])

    @classmethod
    def of(cls, budgets: Budgets, run: str) -> "Budget":
        """The caps of one run."""
        caps = {f"recipe:{name}": cap for name, cap in budgets.recipes.items()}
        caps |= {f"teacher:{name}": cap for name, cap in budgets.teachers.items()}
        if budgets.all is not None:
            caps[ALL] = budgets.all
        if budgets.run is not None and run:
            caps[f"run:{run}"] = budgets.run
        return cls(caps)

    def concerning(self, payer: Payer, teacher: str) -> tuple[Cap, ...]:
        """The caps that a call to a teacher falls under."""
        return tuple(self.caps[s] for s in payer.scopes(teacher) if s in self.caps)


def most_tokens(
    texts: Sequence[str], parameters: Mapping[str, Any], most_completion: int | None
) -> tuple[int, int | None]:
    """Upper bounds of a call's prompt and completion tokens; none where nothing bounds it.

    Byte-level tokenizers make at most one token of a byte. A completion is bounded by the request's
    own `max_completion_tokens` or `max_tokens`, times `n`, else by what the model can write.

    Args:
        texts: all that is to be sent: messages, and the response format.
        parameters: its sampling parameters.
        most_completion: what the model can write at most, where that is known.
    """
    text = sum(len(text.encode("utf-8", "replace")) for text in texts)
    prompt = text + _TOKENS_A_MESSAGE * len(texts) + _TOKENS_A_CHAT
    told = [parameters.get(name) for name in ("max_completion_tokens", "max_tokens")]
    bounds = [bound for bound in (*told, most_completion) if type(bound) is int]
    choices = parameters.get("n")
    times = choices if type(choices) is int and choices > 0 else 1
    return prompt, min(bounds) * times if bounds else None


def price_of(tokens: tuple[int, int], price: Price | None) -> Amount:
    """What prompt and completion tokens cost; without a price, tokens alone."""
    prompt, completion = tokens
    if price is None:
        return Amount(0, prompt + completion)
    # A price in USD per million tokens is one in pico-dollars per token, times a million.
    usd_pico = (prompt * price.input_usd + completion * price.output_usd) * (PICO // 10**6)
    return Amount(math.ceil(usd_pico - 1e-6), prompt + completion)


def paid_for(completion: Completion) -> Amount:
    """What a completion cost; an unknown price counts as none, see `Account.unpriced`."""
    tokens = completion.prompt_tokens + completion.completion_tokens
    return Amount(math.ceil((completion.cost_usd or 0.0) * PICO - 1e-6), tokens)
