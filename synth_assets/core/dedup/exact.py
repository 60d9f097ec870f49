"""Exact duplicates: rows whose prompt and response are equal to a reader."""

from collections.abc import Iterable


def exact_duplicates(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Find the rows that repeat an earlier one.

    Args:
        rows: `(sample_id, content_hash)`, in survivor order.

    Returns:
        Repeated row -> the first row with its normalised chat, prompt and response.
    """
    first_by_content: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for sample_id, content in rows:
        first = first_by_content.setdefault(content, sample_id)
        if first != sample_id:
            repeated[sample_id] = first
    return repeated
