"""Advice with blemishes, criticism by principles, and revision, all by rules.

The adviser knows some topics and adds sentences that one principle or another forbids; the critic
looks for those, one at a time; whoever revises puts a better sentence in the place of each that the
critique quotes.
"""

import re
from functools import cache
from typing import Literal

from synth_assets.core.config.names import Written
from synth_assets.core.verify.reading.folding import folded, stands_in
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

ANSWER_FLAWS = frozenset({Flaw.PROMPT_LEAK})
CRITIQUE_FLAWS = frozenset({Flaw.ENDLESS_CRITIQUE})
REVISION_FLAWS = frozenset({Flaw.COPIED_PARENT})

_MOST_BLEMISHES = 3
_LONG, _SHORT = 4, 2
_UNKNOWN = "Of this the embedded teacher knows nothing; it is a set of rules, not a language model."
_NOTHING = (
    "I find nothing in the answer that goes against these principles.",
    "The answer keeps to every one of these principles.",
    "No sentence of the answer is at odds with the principles.",
)
_VAGUE = (
    "The answer could be put in yet another way to be entirely in keeping with the principles.",
    "Some of the wording might still be felt to fall short of the principles.",
    "It is hard to say where, but the answer does not fully live up to the principles.",
)
_QUOTED = re.compile(r"«([^«»]+)»")


class Topic(Written):
    """What can be said of one matter."""

    words: tuple[str, ...]
    tips: tuple[str, ...]


class Blemish(Written):
    """What a principle forbids: pairs of a sentence, and of what is better in its place."""

    sign: str
    why: str
    pairs: tuple[tuple[str, str], ...]


class Advice(Written):
    """The content of `constitutional.yaml`."""

    topics: tuple[Topic, ...]
    blemishes: tuple[Blemish, ...]
    openings: dict[Literal["scholar", "clerk"], tuple[str, ...]]
    closings: dict[Literal["scholar", "clerk"], tuple[str, ...]]


def recognise(asked: Asked) -> Task | None:
    """`<request_to_answer>`, `<answer_to_criticise>` or `<answer_to_revise>`."""
    if request := asked.section("request_to_answer"):
        tips = _LONG if "100 words" in asked.section("answer_length") else _SHORT
        return Task(
            ANSWER_FLAWS,
            lambda voice, flaw, dice: advise(request, tips, voice, flaw, asked.leak, dice),
        )
    principles = asked.section("principles_to_hold")
    if answer := asked.section("answer_to_criticise"):
        return Task(CRITIQUE_FLAWS, lambda _, flaw, dice: criticise(answer, principles, flaw, dice))
    if answer := asked.section("answer_to_revise"):
        critique = asked.section("critique_of_it")
        return Task(
            REVISION_FLAWS, lambda voice, flaw, dice: revise(answer, critique, voice, flaw, dice)
        )
    return None


@cache
def advice() -> Advice:
    """Topics and blemishes."""
    return Advice.model_validate(read_packaged("constitutional.yaml"))


def advise(
    request: str, tips: int, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """Answer a request for advice with so many tips and up to three blemishes."""
    plain = folded(request)
    topic = next(
        (each for each in advice().topics if any(stands_in(word, plain) for word in each.words)),
        None,
    )
    if topic is None:
        return Composition(_UNKNOWN, Truth())
    said = [dice.choice(_voiced(advice().openings, voice)), *dice.shuffled(topic.tips)[:tips]]
    kinds = dice.shuffled(advice().blemishes)[: dice.below(_MOST_BLEMISHES + 1)]
    blemishes = [dice.choice(kind.pairs)[0] for kind in kinds]
    for blemish in blemishes:
        said.insert(1 + dice.below(len(said)), blemish)
    said.append(dice.choice(_voiced(advice().closings, voice)))
    text = " ".join(said)
    if flaw is Flaw.PROMPT_LEAK:
        text = f"{leak}\n{text}"
    return Composition(text, Truth(flaw, answer="\n".join(blemishes)))


def criticise(answer: str, principles: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Find the first sentence of an answer that a principle forbids."""
    found = violations(answer, principles)
    truth = Truth(flaw, answer="\n".join(found))
    if found:
        first = next(iter(found))
        return _criticised(f"The answer says «{first}», which {found[first]}.", "present", truth)
    if flaw is Flaw.ENDLESS_CRITIQUE:
        return _criticised(dice.choice(_VAGUE), "present", truth)
    return _criticised(dice.choice(_NOTHING), "none", truth)


def violations(answer: str, principles: str) -> dict[str, str]:
    """Sentences of an answer that principles forbid, in its order -> why."""
    held = folded(principles)
    found = {
        bad: blemish.why
        for blemish in advice().blemishes
        if folded(blemish.sign) in held
        for bad, _ in blemish.pairs
        if bad in answer
    }
    return dict(sorted(found.items(), key=lambda item: answer.index(item[0])))


def revise(answer: str, critique: str, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Mend what a critique quotes; where it quotes nothing, end the answer in another way."""
    revised = answer
    if flaw is not Flaw.COPIED_PARENT:
        better = dict(pair for blemish in advice().blemishes for pair in blemish.pairs)
        quoted = [sentence for sentence in _QUOTED.findall(critique) if sentence in better]
        for sentence in quoted:
            revised = " ".join(revised.replace(sentence, better[sentence]).split())
        if not quoted:
            closings = _voiced(advice().closings, voice)
            revised = f"{answer} {dice.choice([c for c in closings if c not in answer] or ['So.'])}"
    return Composition(f"<revision>\n{revised}\n</revision>", Truth(flaw))


def _criticised(text: str, verdict: str, truth: Truth) -> Composition:
    said = f"<critique>\n{text}\n</critique>\n<verdict>\n{verdict}\n</verdict>"
    return Composition(said, truth)


def _voiced(
    lists: dict[Literal["scholar", "clerk"], tuple[str, ...]], voice: str
) -> tuple[str, ...]:
    return lists["clerk" if voice == "clerk" else "scholar"]
