"""What the test server would put on the bill."""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.chat_replies import Said, tokens_of


@dataclass(frozen=True)
class Price:
    """USD per million tokens."""

    input_usd: float = 0.0
    output_usd: float = 0.0

    def of(self, prompt: int, told: int) -> float:
        """USD of a number of tokens."""
        return (prompt * self.input_usd + told * self.output_usd) / 1_000_000


@dataclass(frozen=True)
class PriceList:
    """Prices of a server.

    Attributes:
        other: price of models that have none of their own.
        by_model: price by the model's name in the request.
        batch_share: share of the price that a batch costs.
    """

    other: Price = field(default_factory=Price)
    by_model: Mapping[str, Price] = field(default_factory=dict)
    batch_share: float = 0.5


@dataclass(frozen=True)
class _Account:
    model: str
    in_batch: bool


class Bills:
    """Every completion that was served, whether or not the client got it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paid: Counter[str] = Counter()
        self._prompt: Counter[_Account] = Counter()
        self._told: Counter[_Account] = Counter()

    def add(self, body: Mapping[str, Any], said: Said, *, in_batch: bool = False) -> None:
        """Bill one completion."""
        prompt, told = tokens_of(body, said)
        account = _Account(body["model"], in_batch)
        with self._lock:
            self._paid[body_key(body)] += 1
            self._prompt[account] += prompt
            self._told[account] += told

    @property
    def paid(self) -> Counter[str]:
        """How often each request body was served with a completion, by `body_key`."""
        with self._lock:
            return Counter(self._paid)

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of all."""
        with self._lock:
            return self._prompt.total(), self._told.total()

    def usd(self, prices: PriceList) -> float:
        """What all of it costs."""
        with self._lock:
            return sum(
                prices.by_model.get(account.model, prices.other).of(prompt, self._told[account])
                * (prices.batch_share if account.in_batch else 1.0)
                for account, prompt in self._prompt.items()
            )


def body_key(body: Mapping[str, Any]) -> str:
    """What makes two requests the same: a hash of their canonical JSON."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
