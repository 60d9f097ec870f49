"""Instructions made harder step by step, and answered: Evol-Instruct.

After Xu et al. (2023), «WizardLM: Empowering Large Language Models to Follow Complex Instructions»,
arXiv:2304.12244: in depth by five operations, in breadth by a new instruction of the same domain,
and four rules by which failed evolutions are eliminated.

We differ: what needs no call is looked at before the next call is paid for; an evolution that
nearly is its parent, the seed or an earlier text of its chain, or is too short, fails too; one in
breadth counts as hard as what it came from, so that `difficulty` counts evolutions in depth; and
after a failure the chain goes on from the parent at once, with the next operation, where the paper
returns it to a pool.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.choices import TextChoice, Weighted, at, values_of
from synth_assets.core.draws.balance import GOLDEN
from synth_assets.core.fingerprint import short_id
from synth_assets.core.novelty.rouge_l import rouge_l
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.evolution_rules import (
    LEAKED_PHRASES,
    instruction_fault,
    response_fault,
)
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import Asking, ask_fields, ask_text
from synth_assets.core.techniques.unseen import field_of
from synth_assets.core.techniques.verdicts import verdict_in
from synth_assets.core.verify.failure_modes import refusal_in
from synth_assets.core.verify.reading.folding import clipped

BREADTH = "breadth"
"""The operation of an evolution in breadth."""

_IN_DEPTH = ("constraints", "deepen", "concretise", "reasoning", "complicate_input")

_Step: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Draft | Unusable]
_Judging: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Answered | Unusable | None]


@dataclass(frozen=True)
class _Parent:
    """What the next evolution starts from.

    Attributes:
        instruction: its text.
        depth: evolutions in depth that led to it.
        label: of its draft; empty for the seed.
    """

    instruction: str
    depth: int = 0
    label: str = ""


@dataclass(frozen=True)
class _Evolution:
    """One generation of a chain.

    Attributes:
        parent: what it starts from.
        operation: what is done to it.
        label: of what comes of it.
        copy: how often the same was asked before.
        earlier: the seed's text and those that the chain brought so far.
    """

    parent: _Parent
    operation: str
    label: str
    copy: int
    earlier: tuple[str, ...]

    @property
    def depth(self) -> int:
        """Evolutions in depth that lead to it."""
        return self.parent.depth + (self.operation != BREADTH)

    def failed(self, why: Unusable) -> Unusable:
        """What became of it, where nothing did."""
        return Unusable(why.reason, f"{self.operation}: {why.detail}", self.label)

    def draft(
        self,
        evolved: Answered,
        judged: Answered | None,
        answered: Answered,
        choices: Mapping[str, str],
    ) -> Draft:
        """What became of it: the writer of the response counts as the row's."""
        text = evolved["instruction"]
        score = float(rouge_l(self.parent.instruction, text).f)
        used = [each for each in (answered, evolved, judged) if each is not None]
        return Draft(
            prompt=text,
            response=answered["response"],
            attributes={
                **choices,
                "operation": self.operation,
                "parent_similarity": round(score, 3),
            },
            difficulty=float(self.depth),
            mended=any(each.mended for each in used),
            label=self.label,
            parents=(self.parent.label,) if self.parent.label else (),
            completions=tuple(each.completion for each in used),
        )


class EvolInstruct(Technique):
    """A chain of evolutions, each answered: one sample a generation, labelled `depth-1`, ...

    `evolve` sees the seed's fields, the drawn attributes, `instruction` and `operation`; `mutate`
    the same but `operation`; both answer with `instruction`. `compare` sees `first`, `second` and
    `operation`, and answers with `verdict`: equal or different. `answer` sees `instruction`; the
    whole answer, or its field `response`, becomes the response.

    Attributes:
        compare: says whether an evolution asks the same as its parent, the first of the paper's
            four rules; without it that one is not applied.
        instruction: the seed's field that is evolved.
        depth: generations of a chain.
        operations: in depth, by weight.
        breadth_share: share of the evolutions that are in breadth; they need `mutate`.
        min_words: an evolved instruction has at least so many.
        most_similar: highest ROUGE-L of an evolution with its parent, the seed or an earlier one.
        leaked: phrases of the evolving prompts that no instruction may copy.
    """

    name: ClassVar[str] = "evol_instruct"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "evolve": ("instruction",),
        "mutate": ("instruction",),
        "compare": ("verdict",),
        "answer": ("response",),
    }

    evolve: Prompt
    mutate: Prompt | None = None
    compare: Prompt | None = None
    answer: Prompt
    instruction: str = "instruction"
    depth: int = Field(default=4, ge=1, le=20)
    operations: TextChoice = tuple(Weighted(value=name) for name in _IN_DEPTH)
    breadth_share: float = Field(default=0.0, ge=0, le=1)
    min_words: int = Field(default=3, ge=1)
    most_similar: float = Field(default=0.95, gt=0, le=1)
    leaked: tuple[str, ...] = LEAKED_PHRASES

    @model_validator(mode="after")
    def _can_mutate(self) -> "EvolInstruct":
        if self.breadth_share > 0 and self.mutate is None:
            raise ValueError("breadth_share is above 0: give the prompt `mutate`, or leave it out")
        if BREADTH in values_of(self.operations):
            raise ValueError(f"{BREADTH!r} is no operation in depth; give breadth_share instead")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return dict.fromkeys(("evolve", "mutate", "compare", "answer"), self.depth)

    @property
    def not_applied(self) -> Sequence[str]:
        """See the protocol."""
        if self.compare is not None:
            return ()
        return (
            "the paper's first rule of elimination is not applied: without the prompt `compare` "
            "nobody sees whether an evolution asks for anything new; add compare: to the recipe",
        )

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        parent = _Parent(field_of(slot.inputs, self.instruction, "instruction"))
        chain = [parent.instruction]
        made: list[Draft | Unusable] = []
        tries = Counter[tuple[str, str]]()
        for generation in range(1, self.depth + 1):
            operation = self._operation(slot, generation)
            # A copy only where the same would be asked again: copies may draw other templates.
            copy = tries[operation, parent.instruction]
            tries[operation, parent.instruction] += 1
            step = _Evolution(parent, operation, f"depth-{generation}", copy, tuple(chain))
            drafted = yield from self._generation(slot, step)
            made.append(drafted)
            if isinstance(drafted, Draft):
                parent = _Parent(drafted.prompt, step.depth, drafted.label)
                chain.append(drafted.prompt)
        return made

    def _generation(self, slot: Slot, at_: _Evolution) -> _Step:
        evolved = yield from self._evolved(slot, at_)
        if isinstance(evolved, Unusable):
            return at_.failed(evolved)
        if phrase := refusal_in(evolved["instruction"]):
            told = f"the instruction refuses: {phrase!r}"
            return at_.failed(Unusable(Reason.REFUSAL, told))
        if fault := self._fault(at_, evolved["instruction"]):
            return at_.failed(Unusable(Reason.FAILED_EVOLUTION, fault))
        judged = yield from self._judge(slot, at_, evolved)
        if isinstance(judged, Unusable):
            return at_.failed(judged)
        values = {**slot.inputs, "instruction": evolved["instruction"]}
        answered = yield from ask_text(slot, self.answer, values, "answer", "response")
        if isinstance(answered, Unusable):
            return at_.failed(answered)
        if fault := response_fault(answered["response"]):
            return at_.failed(Unusable(Reason.FAILED_EVOLUTION, fault))
        return at_.draft(evolved, judged, answered, self._choices(slot, at_))

    def _choices(self, slot: Slot, at_: _Evolution) -> dict[str, str]:
        """What the prompts of a generation were asked with.

        The answer's come last: what all prompts share is told of the writer of the response.
        """
        prompt, step = self._evolver(at_)
        found = dict(slot.ask.choices(prompt, step, at_.copy))
        if self.compare is not None:
            found |= slot.ask.choices(self.compare, "compare", at_.copy)
        return found | dict(slot.ask.choices(self.answer, "answer"))

    def _evolver(self, at_: _Evolution) -> tuple[Prompt, str]:
        """The prompt of an operation, and its step."""
        if at_.operation == BREADTH and self.mutate is not None:
            return self.mutate, "mutate"
        return self.evolve, "evolve"

    def _evolved(self, slot: Slot, at_: _Evolution) -> Asking:
        prompt, step = self._evolver(at_)
        said = {"instruction": at_.parent.instruction, "operation": at_.operation}
        values = {**slot.inputs, **said}
        return ask_fields(slot, prompt, values, step, self.fields[step], copy=at_.copy)

    def _judge(self, slot: Slot, at_: _Evolution, evolved: Answered) -> _Judging:
        """What the judge says, if there is one; unusable where nothing was gained."""
        if self.compare is None:
            return None
        said = {
            "first": at_.parent.instruction,
            "second": evolved["instruction"],
            "operation": at_.operation,
        }
        values, names = {**slot.inputs, **said}, self.fields["compare"]
        judged = yield from ask_fields(slot, self.compare, values, "compare", names, copy=at_.copy)
        if isinstance(judged, Unusable):
            return Unusable(judged.reason, f"the judge's verdict: {judged.detail}")
        match verdict_in(judged["verdict"], ("equal", "different")):
            case "different":
                return judged
            case "equal":
                told = "no information gained: the judge says equal"
                return Unusable(Reason.FAILED_EVOLUTION, told)
            case _:
                other = clipped(judged["verdict"])
                told = f"the judge's verdict is {other}, neither equal nor different"
                return Unusable(Reason.UNPARSABLE, told)

    def _fault(self, at_: _Evolution, evolved: str) -> str | None:
        return instruction_fault(
            at_.parent.instruction,
            evolved,
            earlier=at_.earlier,
            min_words=self.min_words,
            most_similar=Fraction(str(self.most_similar)),
            leaked=self.leaked,
        )

    def _operation(self, slot: Slot, generation: int) -> str:
        """By weight; the golden ratio keeps an operation from following itself."""
        start = int(short_id([slot.seed.seed_id, slot.round, "operation"]), 16) / 16**20
        point = (start + generation * GOLDEN) % 1.0
        if point < self.breadth_share:
            return BREADTH
        return at(self.operations, (point - self.breadth_share) / (1 - self.breadth_share))
