"""Worked solutions in several manners, of problems some of which are easily misread.

With the answer before its eyes the teacher reads rightly, but may let show that it was told.
"""

from dataclasses import replace
from functools import cache

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.stories import Story, Told, read_story
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth
from synth_assets.resources.embedded.working import Working, right_working, wrong_working

SOLVE_FLAWS = frozenset({Flaw.WRONG_NUMBER, Flaw.PROMPT_LEAK})
HINT_FLAWS = frozenset({Flaw.WRONG_NUMBER, Flaw.IGNORED_REQUEST})

_NAIVE = "_naive"
_MISREAD = 0.85
"""How often a problem with a second reading is misread, unless the answer is known."""
_UNKNOWN = "This problem is of no kind that the embedded solver knows, so it gives no answer."
_APPEALS = (
    "Since the answer is {answer}, the steps must lead there.",
    "As given, this comes to {answer}.",
    "Working backwards from {answer}, one finds the sums.",
    "This matches the known answer.",
)


def recognise(asked: Asked) -> Task | None:
    """`<problem_to_reason>`, with `<known_answer>` where it is told: work it out."""
    problem, known = asked.section("problem_to_reason"), asked.section("known_answer")
    if not problem:
        return None
    manner = asked.messages[0].content
    return Task(
        HINT_FLAWS if known else SOLVE_FLAWS,
        lambda voice, flaw, dice: solve(problem, known, manner, voice, flaw, asked.leak, dice),
    )


def solve(
    problem: str, known: str, manner: str, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """A solution in the sections `reasoning` and `answer`; `Truth.answer` is the right one."""
    told = read_story(problem, readable())
    if told is None:
        return Composition(_UNKNOWN, Truth(flaw))
    right = right_working(told)
    working = wrong_working(told, dice) if flaw is Flaw.WRONG_NUMBER else right
    naive = misread(told)
    if naive is not None and not known and dice.fork("reading").unit() < _MISREAD:
        working, flaw = naive, Flaw.WRONG_NUMBER
    reasoning = _in_manner(working, told, manner, voice)
    if flaw is Flaw.IGNORED_REQUEST:
        reasoning = f"{reasoning}\n{dice.choice(_APPEALS).format(answer=known)}"
    if flaw is Flaw.PROMPT_LEAK:
        reasoning = f"{leak}\n{reasoning}"
    final = shown(working.final)
    text = f"<reasoning>\n{reasoning}\n</reasoning>\n<answer>\n{final}\n</answer>"
    return Composition(text, Truth(flaw, working.slip, shown(right.final)))


def misread(told: Told) -> Working | None:
    """The wrong reading of a problem that has one."""
    naive = _naive().get(told.story.name)
    return None if naive is None else right_working(replace(told, story=naive))


@cache
def readable() -> tuple[Story, ...]:
    """The problems that can be read."""
    return tuple(story for story in _all() if not story.name.endswith(_NAIVE))


@cache
def _naive() -> dict[str, Story]:
    return {
        story.name.removesuffix(_NAIVE): story for story in _all() if story.name.endswith(_NAIVE)
    }


@cache
def _all() -> tuple[Story, ...]:
    return tuple(Story.model_validate(entry) for entry in read_packaged("stories_reasoning.yaml"))


def _in_manner(working: Working, told: Told, manner: str, voice: str) -> str:
    sentences = _lines(working, told, "scholar")
    labels = _lines(working, told, "clerk")
    nouns = [line.step.noun.format_map(told.words) for line in working.lines]
    if "plan" in manner:
        listed = ", then ".join(nouns)
        return "\n".join([f"Plan: find {listed}.", *labels])
    if "paragraph" in manner:
        return " ".join(sentences)
    if "label" in manner:
        return "\n".join(labels)
    if "known" in manner:
        numbers = ", ".join(shown(value) for value in told.numbers.values())
        return "\n".join([f"The numbers in the problem are {numbers}.", *sentences])
    if "makes sense" in manner:
        last = nouns[-1]
        end = f"So {last} is {shown(working.final)}, which is of the size one would expect."
        return "\n".join([*sentences, end])
    plain = labels if voice == "clerk" and "sentence" not in manner else sentences
    return "\n".join(plain)


def _lines(working: Working, told: Told, voice: str) -> list[str]:
    return working.text(voice, told.words).splitlines()[:-1]
