"""Instructions answered by a teacher, for a student to learn from: one turn, or several.

Distillation is Hinton et al.'s word (2015, arXiv:1503.02531); to learn from a teacher's own texts
and not from its probabilities is sequence-level distillation (Kim and Rush, 2016,
arXiv:1606.07947). Alpaca (Taori et al., 2023) made it known with single instructions, Vicuna
(Chiang et al., 2023) with whole chats. We differ: system messages, framings and temperatures are
drawn with quotas and recorded; later user turns, which Vicuna took from people, are written by a
prompt that sees the chat; and answers that were paid for and teach nothing (refusals, cut-off
ones, those that begin by saying the instruction again) are dropped with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.names import Name
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields, text_of_each
from synth_assets.core.techniques.turns import agreed, repeated_turn, role_leak, transcript
from synth_assets.core.verify.reading.folding import clipped, folded
from synth_assets.errors import TechniqueError

MOST_TURNS = 20
_ECHO_WORDS = 4
"""An answer may well begin with a shorter instruction: «Paris» or «Say hello»."""


class Distillation(Technique):
    """One request a turn, `answer`, and one, `follow_up`, for each user turn after the first.

    `answer` sees the seed's fields, the drawn attributes, the current user turn under the name of
    the instruction, `turn` (1, 2, ...), and the chat before it as chat. `follow_up` sees the same
    and the `chat` as text; it must answer with `message`.

    Attributes:
        answer: the whole answer is the response; where it is JSON, its field `response`.
        follow_up: writes the next user turn.
        turns: how many user turns, or the variation that says how many.
        instruction: the seed's field with the first user turn.
        student_sees: as user turns, the rendered `message`, or the `instruction` alone, so that
            the student learns to do unasked what the template asks of the teacher.
        keep_system: whether the student is given the teacher's system message.
    """

    name: ClassVar[str] = "distillation"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "answer": ("response",),
        "follow_up": ("message",),
    }

    answer: Prompt
    follow_up: Prompt | None = None
    turns: Annotated[int, Field(ge=1, le=MOST_TURNS)] | Name = 1
    instruction: str = "instruction"
    student_sees: Literal["message", "instruction"] = "message"
    keep_system: bool = False

    @model_validator(mode="after")
    def _somebody_writes_later_turns(self) -> "Distillation":
        if (self.turns != 1) != (self.follow_up is not None):
            raise ValueError("give `follow_up` where, and only where, `turns` is more than 1")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol; where a variation says how many turns, as many as there may be."""
        turns = self.turns if isinstance(self.turns, int) else MOST_TURNS
        return {"answer": turns, "follow_up": turns}

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        chat = _Chat()
        said = _field(slot, self.instruction)
        for turn in range(1, self._wanted(slot) + 1):
            values = {**slot.inputs, "turn": str(turn)}
            if turn > 1 and self.follow_up is not None:
                values |= {self.instruction: said, "chat": transcript(chat.shown)}
                written = yield from ask_fields(
                    slot, self.follow_up, values, "follow_up", ("message",), copy=turn - 2
                )
                if isinstance(written, Unusable):
                    return written
                said = written["message"]
                chat.mended |= written.mended
                if fault := _fault_of_turn(said, chat.shown, turn):
                    return fault
            values[self.instruction] = said
            request = slot.ask(self.answer, values, "answer", history=chat.asked)
            [answered] = yield from text_of_each(slot, self.answer, [request], "response")
            if isinstance(answered, Unusable):
                return answered
            message = request.messages[-1].content
            if fault := _fault_of_answer(answered["response"], (said, message), turn):
                return fault
            seen = said if self.student_sees == "instruction" else message
            chat.add(request, seen, answered)
        return self._drafted(chat, self._follow_ups(slot, len(chat.shown) // 2))

    def _wanted(self, slot: Slot) -> int:
        if isinstance(self.turns, int):
            return self.turns
        said = slot.inputs.get(self.turns, "")
        if said.isdecimal() and 1 <= int(said) <= MOST_TURNS:
            return int(said)
        raise TechniqueError(
            f"technique distillation: turns: {self.turns} is {said!r} in a sample; it must be a "
            f"variation whose values are numbers from 1 to {MOST_TURNS}, such as ['1', '3']."
        )

    def _follow_ups(self, slot: Slot, turns: int) -> dict[str, str]:
        """What follow-ups were asked with; the empty text where they differ, or there is none."""
        if self.follow_up is None:
            return {}
        copies = [slot.ask.choices(self.follow_up, "follow_up", copy) for copy in range(turns)]
        if turns == 1:
            return {name: "" for name in copies[0] if name.startswith("follow_up_")}
        return agreed([slot.ask.choices(self.answer, "answer"), *copies[: turns - 1]])

    def _drafted(self, chat: "_Chat", chosen: Mapping[str, str]) -> Draft:
        *before, prompt, response = chat.shown
        system = chat.system if self.keep_system else ()
        return Draft(
            prompt=prompt.content,
            response=response.content,
            history=(*system, *before),
            attributes={"turn_count": len(chat.shown) // 2, **chosen},
            mended=chat.mended,
        )


@dataclass
class _Chat:
    """A chat that grows: as the teacher sees it (`asked`), and as the student is to (`shown`)."""

    asked: list[Message] = field(default_factory=list[Message])
    shown: list[Message] = field(default_factory=list[Message])
    system: tuple[Message, ...] = ()
    mended: bool = False

    def add(self, request: Request, user: str, answered: Answered) -> None:
        if request.messages[0].role == "system":
            self.system = request.messages[:1]
        reply = Message("assistant", answered["response"])
        self.asked += [request.messages[-1], reply]
        self.shown += [Message("user", user), reply]
        self.mended |= answered.mended


def _field(slot: Slot, name: str) -> str:
    if name in slot.inputs:
        return slot.inputs[name]
    raise TechniqueError(
        f"technique distillation: instruction: a seed has no field {name!r}. It has: "
        f"{', '.join(sorted(slot.seed.fields))}. Name one of these, or map it under seeds: "
        "columns:."
    )


def _fault_of_turn(said: str, before: Sequence[Message], turn: int) -> Unusable | None:
    if leak := role_leak(Message("user", said)):
        return Unusable(Reason.ROLE_LEAK, f"user turn {turn}: {leak}")
    if earlier := repeated_turn(said, before):
        told = f"user turn {turn} says again what was said in message {earlier} of the chat"
        return Unusable(Reason.NOT_NOVEL, told)
    return None


def _fault_of_answer(response: str, asked: Sequence[str], turn: int) -> Unusable | None:
    echoes = [folded(said) for said in asked if len(said.split()) >= _ECHO_WORDS]
    if folded(response).startswith(tuple(echoes)):
        told = f"answer {turn} begins with the whole instruction: {clipped(response)}"
        return Unusable(Reason.ECHOED_PROMPT, told)
    if leak := role_leak(Message("assistant", response)):
        return Unusable(Reason.ROLE_LEAK, f"answer {turn}: {leak}")
    return None
