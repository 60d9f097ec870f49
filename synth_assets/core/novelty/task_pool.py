"""The tasks there are, and which of a round's join them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from synth_assets.core.novelty.rouge_l import Nearest, NoveltyPool, TokenRule
from synth_assets.core.sample import Sample


@dataclass(frozen=True)
class Screened:
    """What a pool says of instructions that ask for instances.

    Attributes:
        novel: label -> the ROUGE-L with the nearest task there is; 0 without a shared word.
        similar: label -> what it is too similar to, in words.
    """

    novel: Mapping[str, float]
    similar: Mapping[str, str]


@dataclass(frozen=True)
class Joined:
    """What became of a round's tasks.

    Attributes:
        new: a sample of each task that joined.
        similar: id of a sample of another -> what its task is too similar to, in words.
    """

    new: Sequence[Sample]
    similar: Mapping[str, str]


class TaskPool:
    """Instructions by hand and by machine, each unlike all before; see `NoveltyPool`."""

    def __init__(
        self, instructions: Mapping[str, str], threshold: Fraction, rule: TokenRule
    ) -> None:
        """Begin with instructions by hand (key -> text), whatever they resemble."""
        self._threshold = threshold
        self._rule: TokenRule = rule
        self._pool = NoveltyPool(threshold, rule)
        self._texts = dict(instructions)
        self._pool.add_all(instructions)

    def screened(self, instructions: Mapping[str, str]) -> Screened:
        """Compare the instructions of one answer with the pool, and with each other in order.

        The pool stays as it is.

        Args:
            instructions: label -> text.
        """
        nearest = self._pool.nearest_many([*instructions.values()])
        found = dict(zip(instructions, nearest, strict=True))
        similar = {
            label: _told(near, self._texts[near.key])
            for label, near in found.items()
            if near is not None and near.score > self._threshold
        }
        rest = {label: text for label, text in instructions.items() if label not in similar}
        repeated = NoveltyPool(self._threshold, self._rule).admit(rest).dropped
        similar |= {label: _told(near, rest[near.key]) for label, near in repeated.items()}
        novel = {
            label: round(float(near.score), 4) if near else 0.0
            for label, near in found.items()
            if label not in similar
        }
        return Screened(novel, similar)

    def join(self, samples: Sequence[Sample], instruction: Callable[[Sample], str]) -> Joined:
        """Let the tasks of a round's samples in, in their order; equal ones of one slot are one."""
        tasks: dict[tuple[int, str], list[Sample]] = {}
        for sample in samples:
            tasks.setdefault((sample.position, instruction(sample)), []).append(sample)
        by_key = {group[0].sample_id: group for group in tasks.values()}
        texts = {key: instruction(group[0]) for key, group in by_key.items()}
        self._texts |= texts
        came = self._pool.admit(texts)
        similar = {
            sample.sample_id: _told(found, self._texts[found.key])
            for key, found in came.dropped.items()
            for sample in by_key[key]
        }
        return Joined([by_key[key][0] for key in came.admitted], similar)


def _told(nearest: Nearest, text: str) -> str:
    """What something is too similar to, in words."""
    return f"ROUGE-L {float(nearest.score):.3f} with {text[:200]!r}"
