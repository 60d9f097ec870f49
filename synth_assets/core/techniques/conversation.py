"""Chats between a simulated user, who has a persona and a goal, and an assistant.

After Baize (Xu et al., 2023, arXiv:2304.01196), where a model talks to itself until the user's side
stops, CAMEL (Li et al., 2023, arXiv:2303.17760), whose two role players forget their roles,
UltraChat (Ding et al., 2023, arXiv:2305.14233), with a model for each side, and PersonaHub (Ge et
al., 2024, arXiv:2406.20094), for personas as the source of variety. We differ from Baize: each turn
is a request of its own, which sees the chat from its side, so that no model writes both; every turn
is held against role leaks and repetition before the next is bought; and whether the goal was
reached is recorded, in the simulator's closing word or a judge's.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.sections import section_bodies
from synth_assets.core.techniques.structured import ask_fields, text_of_each
from synth_assets.core.techniques.turns import agreed, repeated_turn, role_leak, transcript
from synth_assets.core.techniques.verdicts import verdict_in
from synth_assets.core.verify.reading.folding import clipped

Verdict: TypeAlias = Literal["yes", "partly", "no", "unstated"]
_Turn: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Unusable | None]
_Judging: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Verdict | Unusable]

_DONE = re.compile(r"<\s*done\s*/?\s*>", re.IGNORECASE)
_JUDGES = re.compile(r"<\s*goal_met\s*>", re.IGNORECASE)
_VERDICTS: Mapping[str, Verdict] = {
    "yes": "yes",
    "partly": "partly",
    "partially": "partly",
    "no": "no",
}


class Conversation(Technique):
    """Two requests a turn, `simulate` and `reply`, until the user is done; then `judge`, if given.

    Both sides see the seed's fields, the drawn attributes, `message`, which is what the other side
    said last (empty before the first turn), and `turn` (1, 2, ...); the chat before as chat, with
    themselves as its assistant. Their whole answers are what they say; as JSON, the field
    `message`. The user ends the chat with `<done/>`, and may add
    `<goal_met>yes|partly|no</goal_met>`; what else it says in closing has no answer and is left
    out. `judge` sees the `chat` as text and must answer with `goal_met`.

    Attributes:
        simulate: the user's side.
        reply: the assistant's side, which the student is to learn.
        judge: says whether the goal was met, in the place of the user's own word.
        max_turns: of the user; a chat may end there without `<done/>`.
        min_turns: shorter chats are dropped.
        goal: keep chats however they ended, or only those whose goal was `met`.
        tries: how often a turn is asked for, as another copy, until one has no fault.
        keep_system: whether the student is given the assistant's system message.
    """

    name: ClassVar[str] = "conversation"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "simulate": ("message",),
        "reply": ("message",),
        "judge": ("goal_met",),
    }

    simulate: Prompt
    reply: Prompt
    judge: Prompt | None = None
    max_turns: int = Field(default=6, ge=1, le=40)
    min_turns: int = Field(default=1, ge=1, le=40)
    goal: Literal["any", "met"] = "any"
    tries: int = Field(default=1, ge=1, le=5)
    keep_system: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> "Conversation":
        if self.max_turns < self.min_turns:
            raise ValueError("max_turns is below min_turns; no chat could be kept")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return dict.fromkeys(("simulate", "reply"), self.max_turns * self.tries)

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        chat = _Chat()
        while chat.verdict is None and len(chat.turns) < 2 * self.max_turns:
            role = "assistant" if len(chat.turns) % 2 else "user"
            fault = yield from self._turn(slot, chat, role)
            if fault is not None:
                return fault
        if len(chat.turns) < 2 * self.min_turns:
            told = f"the user ended the chat after {len(chat.turns) // 2} turns"
            return Unusable(Reason.TOO_SHORT, f"{told}; at least {self.min_turns} are asked")
        verdict = yield from self._judged(slot, chat)
        if isinstance(verdict, Unusable):
            return verdict
        if self.goal == "met" and verdict != "yes":
            return Unusable(Reason.NOT_SOLVED, f"whether the user's goal was met: {verdict}")
        return self._drafted(chat, verdict)

    def _turn(self, slot: Slot, chat: "_Chat", role: Literal["user", "assistant"]) -> _Turn:
        number = len(chat.turns) // 2 + 1
        prompt, step = (self.simulate, "simulate") if role == "user" else (self.reply, "reply")
        last = chat.turns[-1].content if chat.turns else ""
        values = {**slot.inputs, "message": last, "turn": str(number)}
        faults: list[Unusable] = []
        while len(faults) < self.tries:
            request = slot.ask(prompt, values, step, copy=len(faults), history=chat.seen[role])
            [answered] = yield from text_of_each(slot, prompt, [request], "message")
            if not isinstance(answered, Unusable):
                fault = _fault(Message(role, answered["message"]), chat.turns)
                if fault is None:
                    chat.asked_again += len(faults)
                    chat.chosen.append(slot.ask.choices(prompt, step, len(faults)))
                    chat.add(role, request, answered)
                    return None
                answered = fault
            faults.append(answered)
        tried = f", asked {self.tries} times" if self.tries > 1 else ""
        return Unusable(faults[0].reason, f"{role} turn {number}{tried}: {faults[0].detail}")

    def _judged(self, slot: Slot, chat: "_Chat") -> _Judging:
        if self.judge is None:
            return chat.verdict or "unstated"
        values = {**slot.inputs, "chat": transcript(chat.turns)}
        judged = yield from ask_fields(slot, self.judge, values, "judge", ("goal_met",))
        if isinstance(judged, Unusable):
            return Unusable(judged.reason, f"the judge: {judged.detail}")
        chat.others.append(judged.completion)
        chat.mended |= judged.mended
        verdict = _VERDICTS.get(verdict_in(judged["goal_met"], _VERDICTS) or "")
        if verdict is None:
            told = f"the judge says {clipped(judged['goal_met'])}, not yes, partly or no"
            return Unusable(Reason.UNPARSABLE, told)
        return verdict

    def _drafted(self, chat: "_Chat", verdict: Verdict) -> Draft:
        *before, prompt, response = chat.turns
        attributes: dict[str, str | int | float] = {
            "turn_count": len(chat.turns) // 2,
            "ended": "max_turns" if chat.verdict is None else "user",
            "goal_met": verdict,
            "asked_again": chat.asked_again,
            **agreed(chat.chosen),
        }
        if self.judge is not None:
            attributes["goal_met_user"] = chat.verdict or "unstated"
        return Draft(
            prompt=prompt.content,
            response=response.content,
            history=(*(chat.system if self.keep_system else ()), *before),
            attributes=attributes,
            mended=chat.mended,
            completions=(*chat.replies, *chat.others),
        )


@dataclass
class _Chat:
    """A chat that grows.

    Attributes:
        turns: what was said, user and assistant in turn.
        seen: role -> the requests and answers of that side so far.
        system: of the assistant.
        verdict: the user's closing word; none while the chat goes on.
        replies: completions of the assistant, the row's writer.
        others: completions of the user and the judge.
        chosen: what each turn was asked with, of what prompts give a choice of.
        asked_again: how many turns had a fault and were asked for once more.
        mended: whether the JSON of an answer had to be mended.
    """

    turns: list[Message] = field(default_factory=list[Message])
    seen: dict[str, list[Message]] = field(default_factory=lambda: {"user": [], "assistant": []})
    system: tuple[Message, ...] = ()
    verdict: Verdict | None = None
    replies: list[Completion] = field(default_factory=list[Completion])
    others: list[Completion] = field(default_factory=list[Completion])
    chosen: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    asked_again: int = 0
    mended: bool = False

    def add(self, role: str, request: Request, answered: Answered) -> None:
        """Add a turn, or the user's closing word, which is none."""
        said = answered["message"]
        if role == "assistant" and request.messages[0].role == "system":
            self.system = self.system or request.messages[:1]
        self.seen[role] += [request.messages[-1], Message("assistant", said)]
        (self.replies if role == "assistant" else self.others).append(answered.completion)
        self.mended |= answered.mended
        if role == "user" and _DONE.search(said):
            self.verdict = _closing_verdict(said)
        else:
            self.turns.append(Message(role, said))


def _closing_verdict(said: str) -> Verdict:
    sections = section_bodies(said, "goal_met")
    if len(sections) != 1:
        return "unstated"
    return _VERDICTS.get(verdict_in(sections[0], _VERDICTS) or "", "unstated")


def _fault(turn: Message, before: Sequence[Message]) -> Unusable | None:
    if turn.role == "user" and _DONE.search(turn.content):
        return None
    if turn.role == "user" and _JUDGES.search(turn.content):
        return Unusable(Reason.UNPARSABLE, "it judges the chat, and does not end it with <done/>")
    if leak := role_leak(turn):
        return Unusable(Reason.ROLE_LEAK, leak)
    if earlier := repeated_turn(turn.content, before):
        return Unusable(Reason.NOT_NOVEL, f"it says again what message {earlier} of the chat said")
    return None
