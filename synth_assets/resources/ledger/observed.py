"""How many tokens prompts and answers took, as far as the ledger has seen."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from synth_assets.core.generation.estimate import FEWEST, Each, Moments
from synth_assets.resources.ledger.store import Ledger

_BLOCKS = 16
_ROWS_A_BLOCK = 500

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
    """

    prompt: Each
    a_character: Each
    completion: Each


class Observations:
    """Tokens by teacher, recipe and step, from at most 8,000 completions.

    Of a larger ledger blocks are read that lie evenly over the time of buying.

    Args:
        ledger: read alone; none where there is none.

    Raises:
        LedgerError: if it cannot be read.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self._seen: dict[tuple[str, ...], _Seen] = {}
        for teacher, recipe, step, prompt, completion, characters in _rows(ledger):
            for level in _levels(teacher, recipe, step):
                seen = self._seen.setdefault(level, _Seen())
                seen.prompt = seen.prompt.and_one(prompt)
                seen.a_character = seen.a_character.and_one(prompt / max(characters, 1))
                seen.completion = seen.completion.and_one(completion)

    def of(self, teacher: str, recipe: str, step: str) -> Observed | None:
        """What is nearest: of the recipe's step, of any recipe's, of the teacher; or none."""
        for level in _levels(teacher, recipe, step):
            seen = self._seen.get(level)
            if seen is not None and seen.prompt.count >= FEWEST:
                alike = len(level) == 3
                return Observed(
                    Each.measured(seen.prompt, alike=alike),
                    Each.measured(seen.a_character, alike=alike),
                    Each.measured(seen.completion, alike=alike),
                )
        return None


def _levels(teacher: str, recipe: str, step: str) -> tuple[tuple[str, ...], ...]:
    return (teacher, recipe, step), (teacher, step), (teacher,)


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
