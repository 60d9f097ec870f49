"""What a second teacher is not to see: that it makes again what it has not seen is the check."""

from collections.abc import Mapping, Sequence

from synth_assets.core.ngrams import words_and_symbols
from synth_assets.core.techniques.protocol import Slot
from synth_assets.errors import RecipeError


def attributes_of(slot: Slot) -> dict[str, str]:
    """The attributes of a planned sample, without anything of its seed."""
    fields = slot.seed.fields
    return {
        name: text
        for name, text in slot.inputs.items()
        if name not in fields and (not text or text not in fields.values())
    }


def field_of(inputs: Mapping[str, str], name: str, key: str) -> str:
    """An input that the technique itself reads; `key` is the line of the recipe that names it.

    Raises:
        RecipeError: if the seed has no such field.
    """
    if name not in inputs:
        raise RecipeError(
            f"technique: {key}: seeds have no field {name}, only {', '.join(sorted(inputs))}. "
            "Mend the name."
        )
    return inputs[name]


def copied_run(text: str, original: str) -> tuple[str, ...]:
    """The longest run of words and symbols that a text has from another; of several the first.

    Its time grows linearly with both texts: runs are looked up in a suffix automaton (Blumer et
    al., 1985, «The smallest automaton recognizing the subwords of a text»).
    """
    said, runs = words_and_symbols(text), _Runs(words_and_symbols(original))
    longest, end, state, length = 0, 0, 0, 0
    for at, token in enumerate(said):
        while state and token not in runs.steps[state]:
            state = runs.shorter[state]
            length = runs.lengths[state]
        if token in runs.steps[state]:
            state, length = runs.steps[state][token], length + 1
        if length > longest:
            longest, end = length, at + 1
    return tuple(said[end - longest : end])


class _Runs:
    """The suffix automaton of a text: each way from state 0 spells a run of it.

    Attributes:
        steps: state -> token -> next state.
        shorter: state -> the state of its longest suffix that stands elsewhere too.
        lengths: state -> tokens of its longest run.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.steps: list[dict[str, int]] = [{}]
        self.shorter = [-1]
        self.lengths = [0]
        last = 0
        for token in tokens:
            last = self._extend(last, token)

    def _extend(self, last: int, token: str) -> int:
        new = self._state({}, 0, self.lengths[last] + 1)
        at = last
        while at >= 0 and token not in self.steps[at]:
            self.steps[at][token] = new
            at = self.shorter[at]
        if at >= 0:
            self.shorter[new] = self._only(at, token)
        return new

    def _only(self, at: int, token: str) -> int:
        """The state of the run behind a step alone; it is split off where longer ones share it."""
        old = self.steps[at][token]
        if self.lengths[at] + 1 == self.lengths[old]:
            return old
        split = self._state(dict(self.steps[old]), self.shorter[old], self.lengths[at] + 1)
        while at >= 0 and self.steps[at].get(token) == old:
            self.steps[at][token] = split
            at = self.shorter[at]
        self.shorter[old] = split
        return split

    def _state(self, steps: dict[str, int], shorter: int, length: int) -> int:
        self.steps.append(steps)
        self.shorter.append(shorter)
        self.lengths.append(length)
        return len(self.steps) - 1
