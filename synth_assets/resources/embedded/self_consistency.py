"""Solutions of short puzzles in several manners; now and then a careless one."""

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.puzzles import Solved, kind_of
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

FLAWS = frozenset({Flaw.WRONG_NUMBER, Flaw.PROMPT_LEAK})

_UNKNOWN = "This puzzle is of no kind that the embedded solver knows, so it gives no answer."
_OPENERS = {
    "scholar": ("Let us see.", "This can be worked out step by step.", "One thing at a time."),
    "clerk": ("Here goes.", "Simple enough.", "Straight to it."),
}

_GOALS = {
    "scholar": ("Wanted is {goal}.", "The question is {goal}.", "We look for {goal}."),
    "clerk": ("To find: {goal}.", "Goal: {goal}.", "So: {goal}."),
}


def recognise(asked: Asked) -> Task | None:
    """`<puzzle_to_solve>`: work it out, in the manner of the system message."""
    puzzle = asked.section("puzzle_to_solve")
    if not puzzle:
        return None
    manner = asked.messages[0].content
    return Task(
        FLAWS, lambda voice, flaw, dice: solve(puzzle, manner, voice, flaw, asked.leak, dice)
    )


def solve(
    puzzle: str, manner: str, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """A solution that ends in `#### answer`; `Truth.answer` is the right one."""
    found = kind_of(puzzle)
    if found is None:
        return Composition(_UNKNOWN, Truth(flaw))
    kind, parts = found
    right = kind.work(parts, dice.fork("wrong"))
    careless = flaw is Flaw.WRONG_NUMBER or dice.fork("unsure").unit() < kind.unsure
    told = right.spoilt() if careless else right
    text = _told(told, manner, voice, dice)
    preface = f"{leak}\n" if flaw is Flaw.PROMPT_LEAK else ""
    truth = Truth(Flaw.WRONG_NUMBER if careless else flaw, answer=right.answer)
    return Composition(f"{preface}{text}\n#### {told.answer}", truth)


def _told(solved: Solved, manner: str, voice: str, dice: Dice) -> str:
    steps = solved.steps
    opener = dice.choice(_OPENERS.get(voice, _OPENERS["scholar"]))
    if "dash" in manner:
        return "\n".join(f"- {step}" for step in steps)
    if "classmate" in manner:
        return f"{opener} {' '.join(steps)}"
    if "what is asked" in manner:
        goal = dice.choice(_GOALS.get(voice, _GOALS["scholar"])).format(goal=solved.goal)
        return f"{goal}\n{' '.join(steps)}"
    if "another way" in manner:
        check = f"\nTo check: {solved.check}" if solved.check else ""
        return f"{' '.join(steps)}{check}"
    return " ".join(steps[-2:])
