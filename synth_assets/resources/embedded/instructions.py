"""Instructions for texts that begin «To do something, ...», and ratings of how well both fit.

A rating is the share of the instruction's words of substance that stand in the text.
"""

import re
from functools import cache
from typing import Any

from synth_assets.core.ngrams import words
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

INSTRUCT_FLAWS = frozenset({Flaw.LOST_MEANING, Flaw.COPIED_SEED, Flaw.PROMPT_LEAK})
RATE_FLAWS = frozenset({Flaw.POSITION_BIAS, Flaw.IGNORED_REQUEST})

_GOAL = re.compile(r"To (?P<goal>[^,.]+), ")
_UNKNOWN = "<none/>"
_EMPTY = frozenset(
    words(
        "a able about all an and are as at be been best can describe directions do does done"
        " explain few first for from give good had has have how i in is it just like me my need"
        " never next of on one or order please right say sentences short should so step success"
        " tell that the then they this to tomorrow trying us want way we what when who with"
        " without would you your"
    )
)
_FULL, _MOST, _HALF, _SOME = 0.95, 0.7, 0.45, 0.2


def recognise(asked: Asked) -> Task | None:
    """`<answer_text>`: its instruction; `<instruction_to_rate>`: how well the answer fits."""
    text, rated = asked.section("answer_text"), asked.section("instruction_to_rate")
    if rated:
        answer = asked.section("answer_to_rate")
        return Task(RATE_FLAWS, lambda _, flaw, dice: rate(rated, answer, flaw, dice))
    if text:
        form, asker = asked.section("form"), _asker_of(asked.prompt)
        return Task(
            INSTRUCT_FLAWS,
            lambda _, flaw, dice: instruct(text, form, flaw, asked.leak, dice, asker),
        )
    return None


def instruct(
    text: str, form: str, flaw: Flaw | None, leak: str, dice: Dice, asker: str = ""
) -> Composition:
    """Say in the section `instruction` what a text answers, in the form and by whom asked for."""
    found = _GOAL.match(text)
    if found is None:
        return Composition(_UNKNOWN, Truth())
    goal = found["goal"]
    if flaw is Flaw.LOST_MEANING:
        goal = dice.choice(_phrases()["others"])
    forms: dict[str, list[str]] = _phrases()["forms"]
    said = dice.choice(forms.get(form) or forms["question"]).format(goal=goal)
    if leads := _askers().get(asker):
        said = f"{dice.choice(leads)}, {_within(said)}"
    match flaw:
        case Flaw.COPIED_SEED:
            said = f"{said} {text}"
        case Flaw.PROMPT_LEAK:
            said = f"{leak} {said}"
        case _:
            pass
    truth = Truth(flaw, answer=found["goal"])
    return Composition(f"<instruction>\n{said}\n</instruction>", truth)


def rate(instruction: str, text: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Rate from 1 to 5 in the sections `reason` and `rating`; at times without looking."""
    asked = set(words(_without_lead(instruction))) - _EMPTY
    share = len(asked & set(words(text))) / len(asked) if asked else 0.0
    rating = 1 + sum(share >= least for least in (_FULL, _MOST, _HALF, _SOME))
    right = str(rating)
    if rating == 5 and dice.unit() < 0.3:
        rating = 4
    told = str(rating)
    if flaw is Flaw.POSITION_BIAS:
        told = "5"
    elif flaw is Flaw.IGNORED_REQUEST:
        told = f"{rating * 20} %"
    reason = _phrases()["reasons"][rating]
    answer = f"<reason>\n{reason}\n</reason>\n<rating>\n{told}\n</rating>"
    return Composition(answer, Truth(flaw, answer=right))


def _asker_of(prompt: str) -> str:
    """The first asker in a prompt that the teacher can speak for."""
    return next((asker for asker in _askers() if asker in prompt), "")


def _within(said: str) -> str:
    """Words as they stand within a sentence."""
    return said if said.startswith("I ") else f"{said[0].lower()}{said[1:]}"


def _without_lead(instruction: str) -> str:
    """What is asked, without what people say of themselves before."""
    for leads in _askers().values():
        for lead in leads:
            instruction = instruction.replace(f"{lead}, ", "")
    return instruction


def _askers() -> dict[str, list[str]]:
    """Asker -> how they begin."""
    return _phrases()["askers"]


@cache
def _phrases() -> dict[str, Any]:
    return read_packaged("instructions.yaml")
