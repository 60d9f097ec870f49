"""Arithmetic word problems: writing them with shown sums, and solving what the teacher wrote."""

from dataclasses import dataclass, replace
from functools import cache

from synth_assets.core.fingerprint import normalised
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.probe import ProbeItem, probe_problems
from synth_assets.resources.embedded.stories import (
    LEVELS,
    Level,
    Told,
    read_story,
    stories,
    words,
)
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth
from synth_assets.resources.embedded.working import right_working, wrong_working

WRITE_FLAWS = frozenset(
    {
        Flaw.WRONG_NUMBER,
        Flaw.NEAR_DUPLICATE,
        Flaw.PROMPT_LEAK,
        Flaw.COPIED_BENCHMARK,
        Flaw.COPIED_SEED,
    }
)
SOLVE_FLAWS = frozenset({Flaw.WRONG_NUMBER})

_UNKNOWN = (
    "This problem is of no kind that the embedded solver knows, so it gives no answer rather "
    "than a guess."
)
_SHINGLE_WORDS = 5
_LIKENESS = 0.8


@dataclass(frozen=True)
class Example:
    """What a prompt for a new problem shows; all but the problem may be empty."""

    problem: str
    solution: str
    level: str


def recognise(asked: Asked) -> Task | None:
    """`<example_problem>`, with its solution and `<level>`: a new one; `<problem>`: solve it."""
    example = Example(
        asked.section("example_problem"),
        asked.section("example_solution"),
        asked.section("level"),
    )
    problem = asked.section("problem")
    if example.problem:
        return Task(
            WRITE_FLAWS,
            lambda voice, flaw, dice: write_problem(example, voice, flaw, asked.leak, dice),
        )
    if problem:
        return Task(
            SOLVE_FLAWS, lambda voice, flaw, dice: solve_problem(problem, voice, flaw, dice)
        )
    return None


def write_problem(
    example: Example, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """Answer a prompt for a new problem, in the sections `problem` and `solution`."""
    match flaw:
        case Flaw.COPIED_SEED:
            truth = Truth(flaw, family=f"seed/{example.problem}")
            return Composition(_sections(example.problem, example.solution), truth)
        case Flaw.COPIED_BENCHMARK:
            item = dice.choice(probe_problems())
            truth = Truth(flaw, answer=item.answer, family=f"benchmark/{item.problem}")
            return Composition(_sections(item.problem, item.solution), truth)
        case _:
            return _new_problem(_level(example.level, dice), voice, flaw, leak, dice)


def solve_problem(problem: str, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Work a problem out, ending in `#### number`, or say that its kind is unknown."""
    if item := _memory().get(normalised(problem)):
        return Composition(item.solution, Truth(answer=item.answer))
    told = read_story(problem, (story for level in LEVELS for story in stories(level)))
    if told is None:
        return Composition(_UNKNOWN, Truth())
    right = right_working(told)
    working = wrong_working(told, dice) if flaw is Flaw.WRONG_NUMBER else right
    truth = Truth(flaw, working.slip, shown(right.final))
    return Composition(working.text(voice, told.words), truth)


def _new_problem(level: Level, voice: str, flaw: Flaw | None, leak: str, dice: Dice) -> Composition:
    copies = flaw is Flaw.NEAR_DUPLICATE
    told = _retold(voice, level, dice) if copies else _told(voice, level, dice)
    right = right_working(told)
    working = wrong_working(told, dice) if flaw is Flaw.WRONG_NUMBER else right
    family = f"favourite/{voice}/{level}" if copies else ""
    preface = f"{leak}\n" if flaw is Flaw.PROMPT_LEAK else ""
    truth = Truth(flaw, working.slip, shown(right.final), family)
    return Composition(_sections(told.text, preface + working.text(voice, told.words)), truth)


def _told(voice: str, level: Level, dice: Dice) -> Told:
    return dice.choice(stories(level)).told(voice, dice)


def _level(written: str, dice: Dice) -> Level:
    for level in LEVELS:
        if level in written.casefold():
            return level
    return dice.choice(LEVELS)


@dataclass(frozen=True)
class _Favourite:
    """A story told again and again, and the one word that changes each time."""

    told: Told
    slot: str

    def with_word(self, word: str) -> Told:
        return replace(self.told, words={**self.told.words, self.slot: word})

    @property
    def other_words(self) -> tuple[str, ...]:
        return tuple(word for word in words()[self.slot] if word != self.told.words[self.slot])


def _retold(voice: str, level: Level, dice: Dice) -> Told:
    favourite = _favourite(voice, level)
    return favourite.with_word(dice.choice(favourite.other_words))


@cache
def _favourite(voice: str, level: Level) -> _Favourite:
    """The first story of a fixed row of which one word can be changed almost unseen."""
    for attempt in range(200):
        told = _told(voice, level, Dice(f"favourite/{voice}/{level}/{attempt}"))
        for slot in sorted(told.words):
            favourite = _Favourite(told, slot)
            if all(
                _likeness(told.text, favourite.with_word(word).text) >= _LIKENESS
                for word in favourite.other_words
            ):
                return favourite
    raise AssertionError(f"no story of {voice} at level {level} can be retold")


def _likeness(one: str, other: str) -> float:
    first, second = _shingles(one), _shingles(other)
    return len(first & second) / len(first | second)


def _shingles(text: str) -> set[tuple[str, ...]]:
    split = text.split()
    last = len(split) - _SHINGLE_WORDS
    return {tuple(split[start : start + _SHINGLE_WORDS]) for start in range(last + 1)}


@cache
def _memory() -> dict[str, ProbeItem]:
    return {normalised(item.problem): item for item in probe_problems()}


def _sections(problem: str, solution: str) -> str:
    return f"<problem>\n{problem}\n</problem>\n<solution>\n{solution}\n</solution>"
