"""Chats at a front desk by rules: the visitor, the desk, and who judges whether the goal was met.

The visitor asks about the points of its goal one by one (two at once if in a hurry), the desk
answers with the sentences of its facts, or says that it does not know.
"""

import re
from collections.abc import Mapping, Sequence

from synth_assets.core.verify.reading.folding import folded, stands_in
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

VISITOR_FLAWS = frozenset({Flaw.ROLE_LEAK, Flaw.REPETITION})
DESK_FLAWS = frozenset({Flaw.ROLE_LEAK, Flaw.PROMPT_LEAK, Flaw.IGNORED_REQUEST})

_GREETINGS = {
    "brief": ("Hello.", "Good morning.", "A question."),
    "chatty": (
        "Hello there! What weather we are having.",
        "Good day to you! A friend told me about you over tea.",
        "Hi! I have been meaning to write for weeks.",
    ),
    "unsure": (
        "Sorry to bother you, this may be the wrong place.",
        "Hello, I am not sure whom to ask.",
        "Good day, I hope that I may ask here.",
    ),
    "in a hurry": ("Quickly, please:", "I have one minute.", "Hello, I must leave soon."),
}
_LINKS = {
    "brief": ("Good.", "Noted.", "I see."),
    "chatty": (
        "Oh, how lovely, that is just what I hoped.",
        "Well, well, I would never have guessed.",
        "That is good to hear, I shall tell everybody.",
    ),
    "unsure": (
        "I think I understand.",
        "Hm, I will have to think about that.",
        "All right, I believe so.",
    ),
    "in a hurry": ("Fine, next.", "Good, go on.", "Right."),
}
_QUESTIONS = (
    "What can you tell me about {points}?",
    "How is it with {points}?",
    "I should like to know about {points}.",
    "Could you say something about {points}?",
    "What about {points}?",
    "Is there anything I should know about {points}?",
    "As for {points}, how does that work with you?",
    "{Points}: how is that handled?",
)
_REASONS = (
    "I am {persona}, you see.",
    "I ask as {persona}.",
    "It matters to me, being {persona}.",
)
_OPENINGS = {
    "scholar": ("Gladly.", "With pleasure.", "Certainly.", "That is soon told.", ""),
    "clerk": ("Sure.", "Of course.", "No problem.", "Here you are.", ""),
}
_UNKNOWN = {
    "scholar": (
        "About {point} I know nothing, and I would rather not guess.",
        "Of {point} I have not been told, I regret to say.",
    ),
    "clerk": (
        "No idea about {point}, and I won't guess.",
        "I don't know about {point}.",
    ),
}
_CLOSINGS = {
    "scholar": ("We look forward to your visit.", "Do ask on.", "", ""),
    "clerk": ("See you soon.", "Just write if there is more.", "", ""),
}
_AS_THE_DESK = (
    "Hello! How can I help you today?",
    "I'd be happy to help with that. What would you like to know?",
    "Desk visitor, is there anything else I can help you with?",
)


def recognise(asked: Asked) -> Task | None:
    """`<chat_to_judge>`: judge it; in instructions `<goal_of_the_visit>`, `<desk_facts>`: speak."""
    told = Asked.of([m for m in asked.messages[:1] if m.role == "system"]).leak
    system = _Sections(asked.messages[0].content if told else "")
    if chat := asked.section("chat_to_judge"):
        goal, facts = asked.section("goal_of_the_visit"), asked.section("desk_facts")
        return Task(frozenset(), lambda _, flaw, __: judge(chat, goal, facts, flaw))
    if goal := system["goal_of_the_visit"]:
        said = [m.content for m in asked.messages if m.role == "assistant"]
        heard = [m.content for m in asked.messages if m.role == "user"][1:]
        visitor = _Visitor(goal, system["persona"], system["manner"])
        return Task(VISITOR_FLAWS, lambda _, flaw, dice: visitor.speak(said, heard, flaw, dice))
    if facts := system["desk_facts"]:
        return Task(
            DESK_FLAWS,
            lambda voice, flaw, dice: at_the_desk(
                asked.prompt, _facts(facts), voice, flaw, asked.leak, dice
            ),
        )
    return None


def at_the_desk(
    question: str,
    facts: Mapping[str, str],
    voice: str,
    flaw: Flaw | None,
    leak: str,
    dice: Dice,
) -> Composition:
    """Answer a visitor from the facts."""
    plain = folded(question)
    known = [topic for topic in facts if stands_in(folded(topic), plain)]
    said = [facts[topic] for topic in known]
    unknown = [point for point in _points_asked(question) if folded(point) not in _folded(facts)]
    if flaw is Flaw.IGNORED_REQUEST:
        said, unknown = [], known or ["that"]
    said += [dice.choice(_UNKNOWN[voice]).format(point=point) for point in unknown]
    said = said or [dice.choice(_UNKNOWN[voice]).format(point="that")]
    parts = [dice.choice(_OPENINGS[voice]) if known and said else "", *said]
    text = " ".join(part for part in (*parts, dice.choice(_CLOSINGS[voice])) if part)
    if flaw is Flaw.ROLE_LEAK:
        text = f"{text}\n\nVisitor: And what about the rest?\n\nDesk: {dice.choice(said)}"
    if flaw is Flaw.PROMPT_LEAK:
        text = f"{leak}\n{text}"
    return Composition(text, Truth(flaw, answer="\n".join(known)))


def judge(chat: str, goal: str, facts: str, flaw: Flaw | None) -> Composition:
    """Say whether each point of a goal was answered as the facts have it."""
    known, plain = _facts(facts), " ".join(chat.split())
    met = [point in known and known[point] in plain for point in _points(goal)]
    verdict = "yes" if all(met) else "partly" if any(met) else "no"
    return Composition(f"<goal_met>\n{verdict}\n</goal_met>", Truth(flaw, answer=verdict))


class _Sections:
    """Sections of a text that is no prompt of its own."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __getitem__(self, name: str) -> str:
        match = re.search(rf"<{name}>(.*?)</{name}>", self.text, re.DOTALL)
        return match.group(1).strip() if match else ""


class _Visitor:
    """Asks for the points of a goal in an order of its own."""

    def __init__(self, goal: str, persona: str, manner: str) -> None:
        self._persona = persona
        self._manner = manner if manner in _GREETINGS else "brief"
        self._points = Dice(f"{goal}/{persona}").shuffled(_points(goal))
        self._at_once = 2 if manner == "in a hurry" else 1

    def speak(
        self, said: Sequence[str], heard: Sequence[str], flaw: Flaw | None, dice: Dice
    ) -> Composition:
        """The next message, or the end with what came of the goal."""
        left = self._points[self._at_once * len(said) :][: self._at_once]
        if flaw is Flaw.ROLE_LEAK:
            return Composition(dice.choice(_AS_THE_DESK), Truth(flaw))
        if flaw is Flaw.REPETITION and said:
            return Composition(said[0], Truth(flaw))
        if not left:
            return self._ended(heard)
        points = " and ".join(left)
        question = dice.choice(_QUESTIONS).format(points=points, Points=points.capitalize())
        parts = [dice.choice((_LINKS if said else _GREETINGS)[self._manner]), question]
        if not said and self._persona:
            reason = dice.choice(_REASONS).format(persona=self._persona)
            parts.insert(1 + dice.below(2), reason)
        # A first message cannot repeat another: the flaw leaves no trace there.
        told = None if flaw is Flaw.REPETITION else flaw
        return Composition(" ".join(parts), Truth(told))

    def _ended(self, heard: Sequence[str]) -> Composition:
        unknown = re.compile(
            r"\b(?:know nothing|not been told|no idea|don't know)\b", re.IGNORECASE
        )
        missed = sum(unknown.search(text) is not None for text in heard)
        verdict = "yes" if not missed else "no" if missed == len(heard) else "partly"
        return Composition(f"<done/>\n<goal_met>{verdict}</goal_met>", Truth(answer=verdict))


def _facts(text: str) -> dict[str, str]:
    lines = (line.partition(":") for line in text.splitlines())
    return {topic.strip(): fact.strip() for topic, colon, fact in lines if colon}


def _folded(facts: Mapping[str, str]) -> set[str]:
    return {folded(topic) for topic in facts}


def _points(goal: str) -> list[str]:
    listed = goal.partition(":")[2] or goal
    return [point.strip(" .\n") for point in listed.split(";") if point.strip(" .\n")]


def _points_asked(question: str) -> list[str]:
    """The points of a question that was asked in one of the visitor's wordings."""
    for wording in _QUESTIONS:
        pattern = (
            re.escape(wording)
            .replace(r"\{points\}", "([^.!?:]+?)")
            .replace(r"\{Points\}", "([^.!?:]+?)")
        )
        prefix = r"(?:^|[.!?:,] )" if wording.startswith("{") else ""
        if match := re.search(prefix + pattern, " ".join(question.split())):
            return [point.lower() for point in match.group(1).split(" and ")]
    return []
