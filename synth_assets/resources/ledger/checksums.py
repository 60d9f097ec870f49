"""Checksums of completions: SQLite does not notice a flipped bit in a row."""

import zlib
from collections.abc import Sequence
from typing import TypeAlias

Answer: TypeAlias = "tuple[str, str, int, int, float | None, float]"
"""Text, finish reason, prompt tokens, completion tokens, USD, latency in seconds."""


def checksum(
    fingerprint: str,
    text: str,
    finish_reason: str,
    prompt_tokens: int,
    completion_tokens: int,
    cost_usd: float | None,
    latency_s: float,
) -> int:
    """CRC-32 of a completion, its key included: a damaged index leads to another row."""
    cost = "" if cost_usd is None else repr(float(cost_usd))
    told = (
        f"{fingerprint}\n{finish_reason}\n{prompt_tokens}\n{completion_tokens}\n{cost}\n"
        f"{float(latency_s)!r}\n{text}"
    )
    return zlib.crc32(told.encode("utf-8", "surrogatepass"))


def is_sound(fingerprint: str, answer: Sequence[object], expected: object) -> bool:
    """Whether six values of a row, in the order of `Answer`, are what was stored.

    A damaged row may hold values of any type.
    """
    match answer:
        case [
            str(text),
            str(finish_reason),
            int(prompt_tokens),
            int(completion_tokens),
            float() | int() | None as cost_usd,
            float() | int() as latency_s,
        ]:
            found = checksum(
                fingerprint,
                text,
                finish_reason,
                prompt_tokens,
                completion_tokens,
                cost_usd,
                latency_s,
            )
            return found == expected
        case _:
            return False


def storable(text: str) -> str:
    """Text as UTF-8 can say it: half of a surrogate pair becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
