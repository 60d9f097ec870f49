"""How many tokens prompts and answers took, as far as the ledger has seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from synth_assets.core.generation.estimate import FEWEST, Each, Moments
from synth_assets.resources.ledger.store import Ledger

_BLOCKS = 16
_ROWS_A_BLOCK = 500

_LENGTHS = (1 / 3, 3.0)
_DENSITIES = (0.7, 1.4)
"""How far the mean of a recipe may lie from those of others: of tokens, and of tokens for each
character. Each of the shipped recipes lies so near to the others, but not half as near."""

_BOUNDS = "SELECT min(rowid), max(rowid) FROM completions"
_BLOCK = """
SELECT teacher, recipe, step, prompt_tokens, completion_tokens,
    (SELECT sum(length(value ->> '$[1]')) FROM json_each(request, '$.messages'))
FROM completions WHERE rowid >= ? AND rowid < ? ORDER BY rowid LIMIT ?
"""


@dataclass
class _Seen:
    prompt: Moments = field(default_factory=Moments)
    a_character: Moments = field(default_factory=Moments)
    completion: Moments = field(default_factory=Moments)


@dataclass(frozen=True)
class Observed:
    """Tokens of one kind of request.

    Attributes:
        prompt: tokens of a prompt.
        a_character: tokens of a prompt for each of its characters.
        completion: tokens of an answer.
        alike: false where they are taken from other recipes or steps of the teacher, whose
            lengths say little: then from a third of the least mean to three times the largest.
    """

    prompt: Each
    a_character: Each
    completion: Each
    alike: bool


class Observations:
    """Tokens by teacher, recipe and step, from at most 8,000 completions.

    Of a larger ledger blocks are read that lie evenly over the time of buying.

    Args:
        ledger: read alone; none where there is none.

    Raises:
        LedgerError: if it cannot be read.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self._seen: dict[tuple[str, str, str], _Seen] = {}
        for teacher, recipe, step, prompt, completion, characters in _rows(ledger):
            seen = self._seen.setdefault((teacher, recipe, step), _Seen())
            seen.prompt = seen.prompt.and_one(prompt)
            seen.a_character = seen.a_character.and_one(prompt / max(characters, 1))
            seen.completion = seen.completion.and_one(completion)

    def of(self, teacher: str, recipe: str, step: str) -> Observed | None:
        """What is nearest: of the recipe's step, of any recipe's, of the teacher; or none."""
        own = self._seen.get((teacher, recipe, step))
        if own is not None and own.prompt.count >= FEWEST:
            parts = own.prompt, own.a_character, own.completion
            return Observed(*map(Each.measured, parts), alike=True)
        of_teacher = [
            (which, seen)
            for (whose, _, which), seen in self._seen.items()
            if whose == teacher and seen.prompt.count >= FEWEST
        ]
        same_step = [seen for which, seen in of_teacher if which == step]
        near = same_step or [seen for _, seen in of_teacher]
        if not near:
            return None
        return Observed(
            _around([seen.prompt.mean for seen in near], *_LENGTHS),
            _around([seen.a_character.mean for seen in near], *_DENSITIES),
            _around([seen.completion.mean for seen in near], *_LENGTHS),
            alike=False,
        )


def _around(means: Sequence[float], below: float, above: float) -> Each:
    return Each.between(min(means) * below, max(means) * above)


def _rows(ledger: Ledger | None) -> Iterator[tuple[str, str, str, int, int, int]]:
    if ledger is None:
        return
    with ledger.reading() as connection:
        first, last = connection.execute(_BOUNDS).fetchone()
        if first is None:
            return
        width = max(-(-(last + 1 - first) // _BLOCKS), _ROWS_A_BLOCK)
        for start in range(first, last + 1, width):
            yield from connection.execute(_BLOCK, (start, start + width, _ROWS_A_BLOCK))
