"""A small benchmark that the embedded teacher has memorised, to be found in what it writes.

Its families and its wording are used nowhere else, so that only a copy overlaps with it.
"""

from dataclasses import dataclass
from functools import cache

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.stories import stories
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.working import right_working

_ITEMS_PER_STORY = 5


@dataclass(frozen=True)
class ProbeItem:
    """One item of the benchmark; the solution ends in `#### answer`."""

    problem: str
    solution: str
    answer: str


@cache
def probe_problems() -> tuple[ProbeItem, ...]:
    """The whole benchmark: 60 problems, always the same."""
    return tuple(
        _item(story_index, number)
        for story_index in range(len(stories("probe")))
        for number in range(_ITEMS_PER_STORY)
    )


def _item(story_index: int, number: int) -> ProbeItem:
    story = stories("probe")[story_index]
    told = story.told("probe", Dice(f"probe/{story.name}/{number}"))
    working = right_working(told)
    return ProbeItem(told.text, working.text("probe", told.words), shown(working.final))
