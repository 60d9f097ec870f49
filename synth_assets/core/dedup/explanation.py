"""Why rows are dropped, in words: for what row, how it was found, what they share."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from synth_assets.core.dedup.join import Int64s, Matches, Method
from synth_assets.core.dedup.near import EXCERPT_CHARACTERS, shared_texts
from synth_assets.core.dedup.shingling import Shingles, Shingling
from synth_assets.core.schema import Reason

SAME_TEXT = "the same text: "
SHARED = "shared: "
ALIKE = "alike in meaning: "
"""What stands before the shared text in the detail of a decision."""

ShinglesOf: TypeAlias = Callable[[Int64s], Shingles]
"""Gives a copy of the shingles of some rows."""

REASONS = {
    Method.EXACT: Reason.EXACT_DUPLICATE,
    Method.NEAR: Reason.NEAR_DUPLICATE,
    Method.SEMANTIC: Reason.SEMANTIC_DUPLICATE,
}


def details(
    found: Matches, rows: Int64s, texts: Sequence[str], shingling: Shingling, shingles: ShinglesOf
) -> list[str]:
    """Say what dropped rows share with the kept ones.

    Args:
        found: what was decided.
        rows: some that are dropped.
        texts: of these rows.
        shingling: how texts are cut.
        shingles: of any rows.

    Returns:
        One a row: of equal texts and of texts alike in meaning how the dropped one begins, of
        near-duplicates the longest stretch that they share.
    """
    said = [f"{SAME_TEXT}{_beginning(text)}" for text in texts]
    methods = found.method[rows]
    for at in np.flatnonzero(methods == Method.SEMANTIC).tolist():
        said[at] = f"{ALIKE}{_beginning(texts[at])}"
    near = np.flatnonzero(methods == Method.NEAR)
    ours, theirs = shingles(rows[near]), shingles(found.kept[rows[near]])
    near_texts = [texts[at] for at in near.tolist()]
    for at, shared in zip(
        near.tolist(), shared_texts(shingling, near_texts, ours, theirs), strict=True
    ):
        said[at] = f"{SHARED}{shared}"
    return said


def _beginning(text: str) -> str:
    return " ".join(text[: 4 * EXCERPT_CHARACTERS].split())[:EXCERPT_CHARACTERS]
