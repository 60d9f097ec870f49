"""Exact duplicates: rows whose prompt and response are equal to a reader."""

from collections.abc import Iterable

from synth_assets.core.fingerprint import content_hash


def exact_duplicates(rows: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Find the rows that repeat an earlier one.

    Args:
        rows: `(sample_id, prompt, response)`, in survivor order.

    Returns:
        Repeated row -> the first row with its normalised prompt and response.
    """
    first_by_content: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for sample_id, prompt, response in rows:
        first = first_by_content.setdefault(content_hash(prompt, response), sample_id)
        if first != sample_id:
            repeated[sample_id] = first
    return repeated
