"""Setting arithmetic problems of so many calculations, and trying them in haste.

A solver in haste has more ways to go wrong the longer a problem is: each costs the rate of a flaw
of its own. So its share of right attempts falls with the number of calculations.
"""

from dataclasses import replace

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.stories import LEVELS, Story, Told, read_story, stories, words
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth
from synth_assets.resources.embedded.working import right_working, wrong_working

PROPOSE_FLAWS = frozenset(
    {Flaw.WRONG_NUMBER, Flaw.COPIED_SEED, Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK}
)
_WAYS_TO_FAIL = (
    Flaw.WRONG_NUMBER,  # miscounts
    Flaw.COPIED_PARENT,  # takes a figure from the line before
    Flaw.LOST_MEANING,  # misreads the story
    Flaw.REPETITION,  # does a step twice
    Flaw.IGNORED_REQUEST,  # skips a step
)
_EASY = 2
_MOST = 99
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_UNKNOWN = "This is no problem that the embedded teacher set, so it gives no answer."


def recognise(asked: Asked) -> Task | None:
    """`<calculations>` with `<seed_problem>`: a new problem; `<problem_to_try>`: an attempt."""
    if asked.section("calculations") and asked.section("seed_problem"):
        return Task(PROPOSE_FLAWS, lambda voice, flaw, dice: _propose(asked, voice, flaw, dice))
    if problem := asked.section("problem_to_try"):
        told = read_story(problem, _all_stories())
        return Task(ways_to_fail(told), lambda voice, flaw, dice: _try(told, voice, flaw, dice))
    return None


def ways_to_fail(told: Told | None) -> frozenset[Flaw]:
    """What concerns an attempt: one way for up to two calculations, all five from five on."""
    steps = 1 if told is None else len(told.story.steps)
    return frozenset(_WAYS_TO_FAIL[: max(1, steps - 1) if steps < len(_WAYS_TO_FAIL) else None])


def _propose(asked: Asked, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    if flaw is Flaw.COPIED_SEED:
        seed = asked.section("seed_problem")
        solution = asked.section("seed_solution") or "#### 1"
        return Composition(_sections(seed, solution), Truth(flaw))
    wanted = {number for word, number in _NUMBERS.items() if word in asked.section("calculations")}
    steps = range(1, _EASY + 1) if flaw is Flaw.IGNORED_REQUEST else _span(wanted)
    fitting = [story for story in _all_stories() if len(story.steps) in steps]
    told = dice.choice(fitting or _all_stories()).told(voice, dice)
    for slot, section in (("who", "person"), ("place", "place")):
        name = asked.section(section)
        if slot in told.words and name in words()[slot]:
            told = replace(told, words={**told.words, slot: name})
    right = right_working(told)
    working = wrong_working(told, dice) if flaw is Flaw.WRONG_NUMBER else right
    preface = f"{asked.leak}\n" if flaw is Flaw.PROMPT_LEAK else ""
    solution = preface + working.text(voice, told.words)
    truth = Truth(flaw, working.slip, shown(right.final))
    return Composition(_sections(told.text, solution), truth)


def _try(told: Told | None, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    if told is None:
        return Composition(_UNKNOWN, Truth(flaw))
    right = right_working(told)
    working = right if flaw is None else wrong_working(told, dice)
    truth = Truth(flaw, working.slip, shown(right.final))
    return Composition(working.text(voice, told.words), truth)


def _span(wanted: set[int]) -> range:
    return range(min(wanted, default=1), max(wanted, default=_MOST) + 1)


def _all_stories() -> tuple[Story, ...]:
    return tuple(story for level in LEVELS for story in stories(level))


def _sections(problem: str, solution: str) -> str:
    return f"<problem>\n{problem}\n</problem>\n<solution>\n{solution}\n</solution>"
