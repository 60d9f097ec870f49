"""Which evolutions of an instruction failed: the rules that need no model.

After the elimination rules of Evol-Instruct (Xu et al., 2023, arXiv:2304.12244, section 3.2); the
fifth, no information gained, is a judge's.
"""

from collections.abc import Sequence
from fractions import Fraction

from synth_assets.core.fingerprint import normalised
from synth_assets.core.ngrams import words
from synth_assets.core.novelty.rouge_l import rouge_l
from synth_assets.core.verify.reading.folding import folded, stands_in

LEAKED_PHRASES = (
    "given prompt",
    "rewritten prompt",
    "new prompt",
    "created prompt",
    "given instruction",
    "rewritten instruction",
    "evolved instruction",
    "instruction to evolve",
)
"""Words of evolving prompts that a careless model copies into what it writes."""

_SORRY_WORDS = 80
_STOP_TEXT = """
    a about above after again against all am an and any are as at be because been before being below
    between both but by can could did do does doing don down during each few for from further had
    has have having he her here hers herself him himself his how i if in into is it its itself just
    let ll me more most my myself no nor not now of off on once only or other our ours ourselves out
    over own re s same she should so some such t than that the their theirs them themselves then
    there these they this those through to too under until up ve very was we were what when where
    which while who whom why will with would you your yours yourself yourselves
"""
_STOP_WORDS = frozenset(_STOP_TEXT.split())


def instruction_fault(
    parent: str,
    evolved: str,
    *,
    min_words: int,
    most_similar: Fraction,
    leaked: tuple[str, ...],
    earlier: Sequence[str] = (),
) -> str | None:
    """Why an evolved instruction failed, whatever a response to it would be; none if it did not.

    Args:
        parent: what it evolved from; a phrase that it has already is not leaked.
        evolved: the new instruction.
        min_words: it must have so many words.
        most_similar: the highest ROUGE-L with its parent and with each of the earlier ones.
        leaked: phrases that betray the evolving prompt.
        earlier: the seed's text and those of the chain; the parent may be among them.
    """
    before = {parent: "its parent", **_names_of(earlier, parent)}
    for text, name in before.items():
        if normalised(text) == normalised(evolved):
            return f"copies {name} word for word"
    for phrase in leaked:
        if stands_in(folded(phrase), folded(evolved)) and folded(phrase) not in folded(parent):
            return f"copies words of the evolving prompt: {phrase!r}"
    if (count := len(words(evolved))) < min_words:
        return f"has {count} words, at least {min_words} are asked"
    for text, name in before.items():
        if (score := rouge_l(text, evolved).f) > most_similar:
            told = f"{float(score):.3f} is above {float(most_similar):.3f}"
            return f"nearly copies {name}: ROUGE-L {told}"
    return None


def response_fault(response: str) -> str | None:
    """Why the response shows that its instruction is none; English words."""
    found = words(response)
    if "sorry" in found and len(found) < _SORRY_WORDS:
        return f"the response says sorry, in {len(found)} words"
    if all(word in _STOP_WORDS for word in found):
        return "the response is only punctuation and stop words"
    return None


def _names_of(earlier: Sequence[str], parent: str) -> dict[str, str]:
    """Text -> what a fault calls it; the first is the seed's."""
    names = {text: "the seed" if at == 0 else "an earlier one" for at, text in enumerate(earlier)}
    return {text: name for text, name in names.items() if text != parent}
