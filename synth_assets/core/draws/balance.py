"""Balanced draws: quotas, not luck, decided by each sample's own hash.

A block of planned samples that use different seeds draws an attribute together: in the order of
their hashes they take the points of an even grid of [0, 1), so that each value gets its quota
within one. Samples with equal values of earlier attributes form groups that draw for themselves, as
long as a group is large enough, so that quotas hold for combinations too. When seeds are used
again, the grid is turned by an irrational part, another one for each attribute, which spreads the
values and combinations of each seed evenly. From block to block it is shifted by an irrational part
of its own step, so that small blocks, as rounds of growing techniques are, add up to the quotas.

A sample's rank among its neighbours hardly moves when seeds are added: few draws change, near the
borders between two values; and none when more samples are asked for.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synth_assets.core.config.choices import T, Weighted, at
from synth_assets.core.draws.attributes import AttributeSpace, drawn_value

GOLDEN = 0.6180339887498949
BLOCK = 64
_TURNS = tuple(math.sqrt(n) % 1 for n in (3, 7, 11, 13, 19, 21, 22, 29, 31, 33, 41, 43, 45, 47))
"""Beside the golden ratio: attributes that turned alike would never meet in some combinations."""

_SAMPLES_A_VALUE = 2
"""A group draws for itself where it has so many samples for each value, or more."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one planned sample.

    Attributes:
        recipe: id of the recipe.
        seed_id: of its seed.
        round: how often its seed was used before.
        values: attribute -> value; those that are not drawn are empty.
        points: purpose -> a number in [0, 1), for choices that belong to prompts.
    """

    recipe: str
    seed_id: str
    round: int
    values: Mapping[str, str]
    points: Mapping[str, float]

    def unit(self, purpose: str, copy: int = 0) -> float:
        """A number in [0, 1) for one purpose; over copies it spreads evenly."""
        start = self.points.get(purpose)
        if start is None:
            start = _unit(self.recipe, self.seed_id, purpose) + self.round * GOLDEN
        return (start + copy * GOLDEN) % 1.0

    def choose(self, choice: Sequence[Weighted[T]], purpose: str, copy: int = 0) -> T:
        """One of a choice, by weight."""
        return choice[0].value if len(choice) == 1 else at(choice, self.unit(purpose, copy))


@dataclass(frozen=True)
class Balance:
    """Draws blocks of planned samples.

    Attributes:
        recipe: id of the recipe; part of every hash.
        space: the attributes.
        purposes: choices of prompts that are balanced as well -> number of alternatives.
    """

    recipe: str
    space: AttributeSpace
    purposes: Mapping[str, int] = field(default_factory=dict[str, int])

    def draw(
        self,
        seed_ids: Sequence[str],
        round_: int,
        block: int = 0,
        fixed: Sequence[Mapping[str, str]] = (),
    ) -> list[Drawn]:
        """Draw for a block of samples of one round of seeds.

        Args:
            seed_ids: of different seeds; their order does not matter.
            round_: how often they were used before.
            block: a number of its own for each block of a round; what one lacks of a quota the
                next ones have.
            fixed: for each sample, attribute -> value that is not drawn; none by default.
        """
        values: list[dict[str, str]] = [{} for _ in seed_ids]
        given = fixed or [{} for _ in seed_ids]
        for index, attribute in enumerate(self.space.attributes):
            turn = round_ * _turn(index)
            shift = (0.5 + block * _turn(index)) % 1.0
            allowed = [
                () if attribute.name in told else self.space.allowed(index, mine)
                for mine, told in zip(values, given, strict=True)
            ]
            # Who has the attribute not, or not by chance, would take points of the grid in vain.
            drawing = [bool(each) for each in allowed]
            groups = self._groups(values, len(attribute.choice), drawing)
            points = self._points(seed_ids, groups, attribute.name, turn, shift)
            for mine, told, open_, point in zip(values, given, allowed, points, strict=True):
                own = told.get(attribute.name)
                mine[attribute.name] = drawn_value(open_, point) if own is None else own
        chosen: list[dict[str, float]] = [{} for _ in seed_ids]
        for index, (purpose, alternatives) in enumerate(
            self.purposes.items(), len(values[0]) if values else 0
        ):
            turn = round_ * _turn(index)
            shift = (0.5 + block * _turn(index)) % 1.0
            groups = self._groups(values, alternatives, [True] * len(values))
            points = self._points(seed_ids, groups, purpose, turn, shift)
            for mine, point in zip(chosen, points, strict=True):
                mine[purpose] = point
        return [
            Drawn(self.recipe, seed_id, round_, mine, points)
            for seed_id, mine, points in zip(seed_ids, values, chosen, strict=True)
        ]

    def _groups(
        self, values: Sequence[Mapping[str, str]], alternatives: int, drawing: Sequence[bool]
    ) -> list[tuple[str, ...] | None]:
        """The group of each sample that draws: its values of attributes that leave groups large."""
        context: list[str] = []
        cells = 1
        for name in values[0] if values else ():
            grown = cells * len(self.space.by_name[name].choice)
            if grown * alternatives * _SAMPLES_A_VALUE <= sum(drawing):
                context.append(name)
                cells = grown
        return [
            tuple(mine[name] for name in context) if draws else None
            for mine, draws in zip(values, drawing, strict=True)
        ]

    def _points(
        self,
        seed_ids: Sequence[str],
        groups: Sequence[tuple[str, ...] | None],
        purpose: str,
        turn: float,
        shift: float,
    ) -> list[float]:
        """A point for each sample: an even grid over each group, in the order of hashes.

        The grid is turned by a part of the whole, and shifted by a part of its own step, so that
        the grids of blocks of any size fall between each other.
        """
        members: dict[tuple[str, ...], list[int]] = {}
        for at_, group in enumerate(groups):
            if group is not None:
                members.setdefault(group, []).append(at_)
        points = [0.0] * len(seed_ids)
        for group, found in members.items():
            phase = _unit(self.recipe, "\x1f".join(group), purpose) + turn
            found.sort(key=lambda at_: _hash(self.recipe, seed_ids[at_], purpose))
            for rank, at_ in enumerate(found):
                points[at_] = ((rank + shift) / len(found) + phase) % 1.0
        return points


def _turn(index: int) -> float:
    """How far the grid of the how-many-th choice is turned each time seeds are used again."""
    return (GOLDEN, *_TURNS)[index % (1 + len(_TURNS))]


def _hash(*parts: str) -> bytes:
    return hashlib.blake2b(
        "\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=8
    ).digest()


def _unit(*parts: str) -> float:
    return int.from_bytes(_hash(*parts)[:6], "big") / 2**48
