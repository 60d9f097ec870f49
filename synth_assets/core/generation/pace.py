"""How many requests at once, and how many a minute: arithmetic without a clock.

Callers say what time it is, in seconds of any monotonic clock.
"""

from dataclasses import dataclass, field

_FIRST = 8.0
_HALVING_PAUSE_S = 1.0
_SLOW_FACTOR = 2.5


@dataclass
class AdaptiveLimit:
    """How many requests may be in flight: additive increase, multiplicative decrease.

    After TCP's congestion control (Jacobson, 1988; Chiu and Jain, 1989): it doubles each round of
    successes until the first sign of overload (slow start), from then on grows by one a round, and
    is halved at each sign, at most once a second, because a burst of refusals is one sign. While
    answers take 2.5 times what they took at best, it does not grow.

    Attributes:
        most: never more than this.
        limit: how many now; at first 8, or a quarter of the most.
    """

    most: int
    limit: float = 0.0
    _slow_start_below: float = field(default=float("inf"), repr=False)
    _halved_at: float = field(default=float("-inf"), repr=False)
    _best_s: float | None = field(default=None, repr=False)
    _recent_s: float | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.limit = min(self.limit or max(_FIRST, self.most / 4), float(self.most))

    @property
    def allowed(self) -> int:
        """Whole requests that may be in flight."""
        return max(1, int(self.limit))

    def succeeded(self, latency_s: float) -> None:
        """An answer came after `latency_s` seconds."""
        recent = latency_s if self._recent_s is None else 0.9 * self._recent_s + 0.1 * latency_s
        self._recent_s = recent
        self._best_s = recent if self._best_s is None else min(self._best_s * 1.0005, recent)
        if recent <= _SLOW_FACTOR * self._best_s:
            more = 1.0 if self.limit < self._slow_start_below else 1.0 / max(self.limit, 1.0)
            self.limit = min(float(self.most), self.limit + more)

    def overloaded(self, now_s: float) -> None:
        """A sign of too many requests at once came."""
        if now_s - self._halved_at >= _HALVING_PAUSE_S:
            self._halved_at = now_s
            self.limit = max(1.0, self.limit / 2)
            self._slow_start_below = self.limit


@dataclass
class RateLimit:
    """A rate kept on our side: the generic cell rate algorithm (ITU-T I.371), one cell a unit.

    Attributes:
        per_minute: units a minute, such as requests or tokens.
        burst_s: how many seconds' worth may go at once.
    """

    per_minute: float
    burst_s: float = 1.0
    _next_s: float = field(default=float("-inf"), repr=False)

    def reserve(self, now_s: float, units: float = 1.0) -> float:
        """Take `units` and say how many seconds to wait before using them.

        Over any time the units used are at most `per_minute / 60 * (seconds + burst_s)`, plus the
        units of one reservation.
        """
        start = max(self._next_s, now_s - self.burst_s)
        self._next_s = start + units * 60.0 / self.per_minute
        return max(0.0, start - now_s)

    def settle(self, units: float) -> None:
        """Correct a reservation by units used beyond it, or given back (negative)."""
        self._next_s += units * 60.0 / self.per_minute


@dataclass
class Circuit:
    """Opens when too many requests fail for good, so that a broken set-up does not run on.

    Attributes:
        share: open when more than this share of the finished requests failed for good.
        minimum: but not before so many have finished.
    """

    share: float = 0.5
    minimum: int = 20
    finished: int = 0
    failed: int = 0

    def record(self, *, failed: bool) -> None:
        """One request finished."""
        self.finished += 1
        self.failed += failed

    @property
    def is_open(self) -> bool:
        """Whether to stop."""
        return self.finished >= self.minimum and self.failed > self.share * self.finished
