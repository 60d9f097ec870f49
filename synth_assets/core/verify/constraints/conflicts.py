"""Whether constraints can be followed together.

Families that IFEval never asks for together, by the table `INSTRUCTION_CONFLICTS` of its registry,
made symmetric; two of one family are held against each other by their arguments instead, as its own
prompts have such pairs (at least 30 sentences, and fewer than 31).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from synth_assets.core.verify.constraints.catalogue import FAMILIES
from synth_assets.core.verify.constraints.protocol import Constraint
from synth_assets.core.verify.reading.folding import clipped

_ALL = frozenset(FAMILIES)
_WORDS_AND_MARKS = frozenset(
    ["keywords:existence", "detectable_format:title", "punctuation:no_comma"]
)
_TABLE: dict[str, frozenset[str]] = {
    "language:response_language": frozenset(
        [
            "detectable_format:multiple_sections",
            "keywords:existence",
            "keywords:frequency",
            "keywords:forbidden_words",
            "startend:end_checker",
            "change_case:english_capital",
            "change_case:english_lowercase",
        ]
    ),
    "length_constraints:number_paragraphs": frozenset(
        ["length_constraints:nth_paragraph_first_word", "length_constraints:number_sentences"]
    ),
    "detectable_format:constrained_response": _ALL,
    "detectable_format:multiple_sections": frozenset(
        ["detectable_format:number_highlighted_sections"]
    ),
    "detectable_format:json_format": _ALL - {"keywords:forbidden_words", "keywords:existence"},
    "combination:two_responses": _ALL
    - {"keywords:forbidden_words", "language:response_language"}
    - _WORDS_AND_MARKS,
    "combination:repeat_prompt": _ALL - _WORDS_AND_MARKS,
    "change_case:capital_word_frequency": frozenset(
        ["change_case:english_lowercase", "change_case:english_capital"]
    ),
    "change_case:english_lowercase": frozenset(["change_case:english_capital"]),
    "startend:quotation": frozenset(["detectable_format:title"]),
}


@dataclass(frozen=True)
class Conflict:
    """Two constraints that do not go together.

    Attributes:
        first: as people read it.
        second: as people read it.
        why: in a few words.
        certain: no response could follow both; else IFEval just never asks for both.
    """

    first: str
    second: str
    why: str
    certain: bool


def conflicts_among(constraints: Sequence[Constraint]) -> tuple[Conflict, ...]:
    """Each pair that does not go together; none: as far as is known they can all be followed."""
    return tuple(
        Conflict(one.asked, other.asked, why, certain)
        for one, other in combinations(constraints, 2)
        for why, certain in _faults(one, other)
    )


def _faults(one: Constraint, other: Constraint) -> Iterator[tuple[str, bool]]:
    """At most one: why they do not go together, and whether that is certain."""
    for asking, forbidding in ((one, other), (other, one)):
        for text in asking.needed_texts:
            if forbidding.forbids(text):
                yield f"the first needs {clipped(text, 40)}, the second forbids it", True
                return
    if one.id == other.id:
        if not one.goes_with(other):
            yield "their arguments contradict each other", True
    elif other.id in _TABLE.get(one.id, ()) or one.id in _TABLE.get(other.id, ()):
        yield "families that IFEval never asks for together", False
