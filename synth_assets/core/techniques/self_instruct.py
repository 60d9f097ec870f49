"""New tasks grown from a few written by hand, round after round, each unlike all before.

After Self-Instruct (Wang et al., 2022, arXiv:2212.10560). We differ: several requests stand side
by side in a round, so novelty is checked twice: in the sample against the pool of the round's
start, before instances are bought, and at the end of the round against what the same round
brought. A task joins the pool when a sample of it is accepted, not when it is proposed. Seeds and
machine-made tasks are dealt like cards, so that all are shown alike often. Scores are fractions,
compared exactly.
"""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Request
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.novelty.deck import Deck
from synth_assets.core.novelty.instruction_rules import PAPER_BLOCKED_WORDS, InstructionRules
from synth_assets.core.novelty.rouge_l import TokenRule
from synth_assets.core.novelty.task_pool import TaskPool
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.instances import instances_in, listed, usable
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import (
    Draft,
    Growth,
    Production,
    Round,
    Slot,
    Start,
    Technique,
    Unusable,
)
from synth_assets.core.techniques.structured import ask_fields, read_each
from synth_assets.core.techniques.verdicts import verdict_in
from synth_assets.core.verify.failure_modes import refusal_in
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.errors import RecipeError

_LIKELY_SHARE = 0.5
"""Of the instructions asked for, that come in, before anything is known of it."""
_STEPS = {
    **dict.fromkeys(("yes", "true"), "output_first"),
    **dict.fromkeys(("no", "false"), "input_first"),
}

_Found: TypeAlias = Mapping[str, tuple[Answered | Unusable, Mapping[str, str]]]
_Asking: TypeAlias = Generator[Sequence[Request], Sequence[Completion], _Found]


@dataclass(frozen=True)
class _Solved:
    """What was bought for an instruction.

    Attributes:
        answer: with its instances.
        before: the answers that led to it.
        attributes: of its samples.
    """

    answer: Answered
    before: tuple[Answered, ...]
    attributes: Mapping[str, str | float]


_Solving: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], Mapping[str, _Solved | Unusable]
]


class SelfInstruct(Technique):
    """Requests of a planned sample: `propose`, then for each new instruction `classify`, then
    `output_first` for classification tasks and `input_first` for others.

    `propose` sees `demonstrations`, `number` and what was drawn; the others see `instruction`.

    Attributes:
        instruction: the seeds' field with the instruction.
        demonstrations: tasks that a prompt shows.
        machine_made: how many of them are machine-made, as soon as there are so many.
        number: new instructions that one request asks for.
        at_once: most requests for instructions in a round.
        most_similar: ROUGE-L with any task of the pool, above which a new one is dropped.
        tokens: how ROUGE-L and lengths cut texts; `words` for other scripts than the Latin.
        min_words: of an instruction.
        max_words: of an instruction.
        blocked_words: what no instruction may name: what a language model cannot see or make.
        blocked_beginnings: what no instruction may begin with, whatever the case.
        plain_beginning: whether instructions must begin with an ASCII letter or digit.
        least_novelty: growing ends with a round that brings a smaller share of the instructions
            it asked for; a round that brings none counts as empty.
        empty_rounds: growing ends after so many rounds in a row that bring nothing.
    """  # noqa: D205

    name: ClassVar[str] = "self_instruct"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "propose": ("instructions",),
        "classify": ("classification",),
        "output_first": ("instances",),
        "input_first": ("instances",),
    }

    propose: Prompt
    classify: Prompt
    output_first: Prompt
    input_first: Prompt
    instruction: str = "instruction"
    demonstrations: int = Field(default=8, ge=1, le=50)
    machine_made: int = Field(default=2, ge=0, le=50)
    number: int = Field(default=8, ge=1, le=50)
    at_once: int = Field(default=10, ge=1, le=10_000)
    most_similar: float = Field(default=0.7, ge=0, le=1)
    tokens: TokenRule = "reference"
    min_words: int = Field(default=3, ge=1)
    max_words: int = Field(default=150, ge=1)
    blocked_words: tuple[str, ...] = PAPER_BLOCKED_WORDS
    blocked_beginnings: tuple[str, ...] = ("Write a program",)
    plain_beginning: bool = True
    least_novelty: float = Field(default=0.05, ge=0, le=1)
    empty_rounds: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "SelfInstruct":
        if self.machine_made > self.demonstrations:
            raise ValueError("machine_made is above demonstrations; make it smaller")
        if self.max_words < self.min_words:
            raise ValueError("max_words is below min_words; no instruction could pass")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return dict.fromkeys(("classify", "output_first", "input_first"), self.number)

    def expected(self, wanted: int) -> int:
        """See the protocol: half of the instructions asked for come in, with a sample each."""
        return math.ceil(wanted / (self.number * _LIKELY_SHARE))

    @property
    def told_attributes(self) -> Sequence[str]:
        """See the protocol: what teachers say of each instruction decides on it."""
        return ("instances",)

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth:
        """Rounds of requests for instructions, until there are enough or nothing new comes."""
        by_hand, machine = Deck(_seed_id, seeds), Deck[Sample](_sample_id)
        pool = self._pool(seeds)
        have = planned = empty = 0
        dropped: dict[str, Unusable] = {}
        while have < wanted and empty < self.empty_rounds:
            share = have / planned if have else self.number * _LIKELY_SHARE
            hands = [
                self._hand(by_hand, machine)
                for _ in range(min(self.at_once, math.ceil((wanted - have) / share)))
            ]
            starts = [Start(hand.seeds[0], parents=hand.made) for hand in hands]
            shown = {planned + at: self._shown(hand) for at, hand in enumerate(hands)}
            accepted = yield Round(starts, dropped, self._producer(pool, shown))
            joined = pool.join(accepted, _instruction_in)
            dropped = {n: Unusable(Reason.NOT_NOVEL, why) for n, why in joined.similar.items()}
            machine.add(joined.new)
            have, planned = have + len(accepted) - len(dropped), planned + len(starts)
            empty = 0 if joined.new else empty + 1
            if 0 < len(joined.new) < self.least_novelty * len(starts) * self.number:
                break
        return dropped

    def produce(self, slot: Slot) -> Production:
        """One planned sample outside of all rounds: its seed is all that is shown and known."""
        return self._made(self._pool([slot.seed]), self._shown(_Hand([slot.seed], ())), slot)

    def _pool(self, seeds: Sequence[Seed]) -> TaskPool:
        texts = {seed.seed_id: self._instruction_of(seed) for seed in seeds}
        return TaskPool(texts, Fraction(str(self.most_similar)), self.tokens)

    def _hand(self, by_hand: Deck[Seed], machine: Deck[Sample]) -> "_Hand":
        made = machine.deal(min(self.machine_made, self.demonstrations - 1))
        return _Hand(by_hand.deal(self.demonstrations - len(made)), tuple(made))

    def _shown(self, hand: "_Hand") -> str:
        texts = [self._instruction_of(seed) for seed in hand.seeds]
        texts += [_instruction_in(sample) for sample in hand.made]
        texts.sort(key=exact_hash)  # in no order of hand and machine
        return "\n".join(f"<instruction>{text}</instruction>" for text in texts)

    def _producer(self, pool: TaskPool, shown: Mapping[int, str]) -> Callable[[Slot], Production]:
        return lambda slot: self._made(pool, shown[slot.position], slot)

    def _made(self, pool: TaskPool, shown: str, slot: Slot) -> Production:
        """Propose, drop what the pool has, and buy instances of the rest."""
        values = {**slot.inputs, "demonstrations": shown, "number": str(self.number)}
        names = self.fields["propose"]
        proposed = yield from ask_fields(slot, self.propose, values, "propose", names)
        if isinstance(proposed, Unusable):
            return proposed
        told = listed(proposed["instructions"], "instruction")
        if not told:
            return Unusable(Reason.UNPARSABLE, "<instructions> holds no <instruction>")
        named = {f"task-{at}": text for at, text in enumerate(told, start=1)}
        tasks = {name: text for name, text in named.items() if isinstance(text, str)}
        lost = {name: text for name, text in named.items() if isinstance(text, Unusable)}
        lost |= self._surplus(named)
        lost |= self._refused({n: text for n, text in tasks.items() if n not in lost})
        screened = pool.screened({n: text for n, text in tasks.items() if n not in lost})
        lost |= {n: Unusable(Reason.NOT_NOVEL, why) for n, why in screened.similar.items()}
        solved = yield from self._solved(slot, {n: tasks[n] for n in screened.novel})
        pieces: list[Draft | Unusable] = []
        for name in named:
            found = lost.get(name) or solved[name]
            if isinstance(found, Unusable):
                shown = f"; the instruction: {tasks[name][:200]!r}" if name in tasks else ""
                pieces.append(Unusable(found.reason, found.detail + shown, name))
                continue
            attributes = {**found.attributes, "nearest_rouge_l": screened.novel[name]}
            task = replace(found, attributes=attributes, before=(*found.before, proposed))
            pieces += _drafts(name, tasks[name], task)
        return pieces

    def _solved(self, slot: Slot, tasks: Mapping[str, str]) -> _Solving:
        """Ask for each new instruction what it is, and buy its instances."""
        kinds = yield from self._each(slot, "classify", tasks)
        steps = {name: _step(kind) for name, (kind, _) in kinds.items()}
        solved: dict[str, _Solved | Unusable] = {
            name: step for name, step in steps.items() if isinstance(step, Unusable)
        }
        for step in ("output_first", "input_first"):
            chosen = {name: tasks[name] for name, found in steps.items() if found == step}
            for name, (answer, asked_with) in (yield from self._each(slot, step, chosen)).items():
                kind, kind_asked_with = kinds[name]
                before = (kind,) if isinstance(kind, Answered) else ()
                # The instances' choices last: what all prompts share is told of their writer.
                attributes = {**kind_asked_with, **asked_with, "instances": step}
                solved[name] = (
                    answer if isinstance(answer, Unusable) else _Solved(answer, before, attributes)
                )
        return solved

    def _surplus(self, tasks: Mapping[str, object]) -> dict[str, Unusable]:
        """Those beyond the number that was asked for, as nobody counted on their cost."""
        told = f"{len(tasks)} instructions came, {self.number} were asked for"
        surplus = [*tasks][self.number :]
        return {name: Unusable(Reason.OUT_OF_BAND, told) for name in surplus}

    def _refused(self, tasks: Mapping[str, str]) -> dict[str, Unusable]:
        rules = InstructionRules(
            self.min_words,
            self.max_words,
            self.blocked_words,
            self.blocked_beginnings,
            self.plain_beginning,
            unspaced=self.tokens == "words",
        )
        found: dict[str, Unusable] = {}
        for name, text in tasks.items():
            if phrase := refusal_in(text):
                found[name] = Unusable(Reason.REFUSAL, f"the instruction refuses: {phrase!r}")
            elif why := rules.refused(text):
                found[name] = Unusable(why.reason, why.detail)
        return found

    def _each(self, slot: Slot, step: str, tasks: Mapping[str, str]) -> _Asking:
        """Ask one prompt for each of some instructions, side by side; answers with choices."""
        if not tasks:
            return {}
        prompt = self.prompts[step]
        requests = [
            slot.ask(prompt, {**slot.inputs, "instruction": text}, step, copy=at)
            for at, text in enumerate(tasks.values())
        ]
        answers = yield from read_each(slot, prompt, requests, self.fields[step])
        told = [slot.ask.choices(prompt, step, copy) for copy in range(len(tasks))]
        return dict(zip(tasks, zip(answers, told, strict=True), strict=True))

    def _instruction_of(self, seed: Seed) -> str:
        if text := seed.fields.get(self.instruction, "").strip():
            return text
        raise RecipeError(
            f"self_instruct: a seed has no text in the field {self.instruction!r}; it has "
            f"{', '.join(sorted(seed.fields))}. Name the field with the instructions as "
            "`instruction:` of the technique."
        )


@dataclass(frozen=True)
class _Hand:
    """The tasks that one prompt shows."""

    seeds: Sequence[Seed]
    made: tuple[Sample, ...]


def _seed_id(seed: Seed) -> str:
    return seed.seed_id


def _sample_id(sample: Sample) -> str:
    return sample.sample_id


def _instruction_in(sample: Sample) -> str:
    """The prompt is the instruction and, after an empty line, the input, which is the context."""
    return sample.prompt.removesuffix(f"\n\n{sample.context}") if sample.context else sample.prompt


def _step(kind: Answered | Unusable) -> str | Unusable:
    if isinstance(kind, Unusable):
        return kind
    if said := verdict_in(kind["classification"], _STEPS):
        return _STEPS[said]
    told = f"<classification> is neither yes nor no: {clipped(kind['classification'], 40)}"
    return Unusable(Reason.UNPARSABLE, told)


def _drafts(name: str, text: str, task: _Solved) -> list[Draft | Unusable]:
    """A sample of each usable instance of a task."""
    found = usable(instances_in(task.answer["instances"]))
    if not found:
        return [Unusable(Reason.UNPARSABLE, "<instances> holds no <instance>", name)]
    used = [task.answer, *task.before]
    pieces: list[Draft | Unusable] = []
    for at, each in enumerate(found, start=1):
        label = f"{name}-instance-{at}"
        if isinstance(each, Unusable):
            pieces.append(Unusable(each.reason, each.detail, label))
            continue
        pieces.append(
            Draft(
                prompt=f"{text}\n\n{each.input}" if each.input else text,
                response=each.output,
                context=each.input,
                attributes=task.attributes,
                mended=any(part.mended for part in used),
                label=label,
                completions=tuple(part.completion for part in used),
            )
        )
    return pieces
