"""Plain instructions answered by rules, and the user's next turn in such a chat."""

import re

from synth_assets.core.verify.reading.folding import folded
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.everyday import KINDS, Solved, solved
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

ANSWER_FLAWS = frozenset({Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK, Flaw.ROLE_LEAK})
FOLLOW_UP_FLAWS = frozenset({Flaw.REPETITION, Flaw.ROLE_LEAK})

_SECTION = re.compile(r"</\w+>")
_RESULTS = {
    "scholar": ("The answer is {answer}.", "The result is {answer}.", "It comes to {answer}."),
    "clerk": ("{answer}.", "Answer: {answer}.", "That makes {answer}."),
}
_OPENERS = {
    "scholar": ("A pleasant little task.", "That can be settled quickly.", "Let us see."),
    "clerk": ("Sure.", "Happy to.", "Of course."),
}
_CLOSERS = {
    "scholar": ("It is easy to check by going backwards.", "Do try the next one yourself."),
    "clerk": ("Hope that is of use.", "Good luck with it."),
}
_ANOTHER = ("And now this one: {}", "Thanks. {}", "Next: {}", "One more, please. {}", "{}")
_LEAKS = (
    "Certainly! How can I help you with the next one?",
    "Assistant: I'd be happy to help with that.",
    "I'm happy to help. Let me know if you have any other questions.",
)


def recognise(asked: Asked) -> Task | None:
    """`<chat_so_far>`: the user's next turn; no section at all and a known kind: its answer."""
    if chat := asked.section("chat_so_far"):
        wish = asked.section("next_turn")
        return Task(
            FOLLOW_UP_FLAWS, lambda voice, flaw, dice: follow_up(chat, wish, voice, flaw, dice)
        )
    task = None if _SECTION.search(asked.prompt) else solved(asked.prompt)
    if task is None:
        return None
    manner = _manner(asked)
    return Task(
        ANSWER_FLAWS, lambda voice, flaw, dice: respond(task, manner, voice, flaw, asked, dice)
    )


def respond(
    task: Solved, manner: str, voice: str, flaw: Flaw | None, asked: Asked, dice: Dice
) -> Composition:
    """Answer a task in a manner: `short`, `worked` or `warm`."""
    truth = Truth(flaw, answer=task.answer)
    result = dice.choice(_RESULTS[voice]).format(answer=task.answer)
    match manner:
        case "short":
            said = result
        case "worked":
            said = f"{task.working}\n\n{result}"
        case _:
            opener, closer = dice.choice(_OPENERS[voice]), dice.choice(_CLOSERS[voice])
            said = f"{opener} {task.working} {result} {closer}"
    match flaw:
        case Flaw.IGNORED_REQUEST:
            said = asked.prompt
        case Flaw.PROMPT_LEAK:
            said = f"{asked.leak}\n{said}"
        case Flaw.ROLE_LEAK:
            said = f"{said}\n\nUser: {KINDS[task.kind].another(dice)}\n\nAssistant: {result}"
        case _:
            pass
    return Composition(said, truth)


def follow_up(chat: str, wish: str, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Write the user's next turn in the section `message`; `wish` says of which kind it is."""
    before = re.findall(r"^User: (.+)$", chat, re.MULTILINE)
    last = solved(before[-1]) if before else None
    names = sorted(KINDS)
    if last is not None:
        names = [last.kind] if "same" in wish else [name for name in names if name != last.kind]
    wording = dice.choice(_ANOTHER) if voice == "scholar" else "{}"
    said = wording.format(KINDS[dice.choice(names)].another(dice))
    if flaw is Flaw.REPETITION and before:
        said = before[0]
    if flaw is Flaw.ROLE_LEAK:
        said = dice.choice(_LEAKS)
    return Composition(f"<message>\n{said}\n</message>", Truth(flaw))


def _manner(asked: Asked) -> str:
    told = folded(" ".join(m.content for m in asked.messages if m.role == "system"))
    told += folded(asked.prompt)
    if "one sentence" in told:
        return "short"
    return "worked" if "how you got" in told else "warm"
