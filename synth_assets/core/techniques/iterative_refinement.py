"""Draft, feedback, repair, until nothing is found wrong: Self-Refine with checks that cannot err.

After Self-Refine (Madaan et al., 2023, arXiv:2303.17651), where a model criticises and mends its
own draft, and Reflexion (Shinn et al., 2023, arXiv:2303.11366), where feedback comes from outside.

We differ: feedback is first that of checks without a model, stated in the recipe and told to the
writer in so many words; a critic is asked only where they find nothing. A row is kept only when all
is well, with its first draft as the rejected response. A repair that gives back a text that was
there before ends the row, for what follows would be asked again.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Request
from synth_assets.core.fingerprint import normalised
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.checks import Check, CheckSpec, bullet_lines
from synth_assets.core.techniques.copies import joined_inputs
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields, ask_text
from synth_assets.core.techniques.verdicts import verdict_in
from synth_assets.core.verify.reading.folding import clipped

CRITIC = "critic"
"""What rows call the critic, among the checks."""

_LIST = 2
"""Fewer points are no list: critics praise in one, too."""

_Faults: TypeAlias = Mapping[str, str]
_Judging: TypeAlias = Generator[Sequence[Request], Sequence[Completion], _Faults | Unusable]


@dataclass
class _Work:
    """A row on its way.

    Attributes:
        texts: the draft and its repairs.
        faults: for each text, check -> what it finds.
        completions: what was asked, in order; `writers` of the texts.
        mended: an answer's JSON had to be.
    """

    texts: list[str] = field(default_factory=list[str])
    faults: list[_Faults] = field(default_factory=list[_Faults])
    writers: list[Completion] = field(default_factory=list[Completion])
    critics: list[Completion] = field(default_factory=list[Completion])
    mended: bool = False

    def write(self, answered: Answered) -> None:
        """Take a new text."""
        self.texts.append(answered["response"])
        self.writers.append(answered.completion)
        self.mended = self.mended or answered.mended

    @property
    def is_stuck(self) -> bool:
        """Whether the last text was there before."""
        return normalised(self.texts[-1]) in {normalised(text) for text in self.texts[:-1]}

    @property
    def told(self) -> dict[str, str | int]:
        """What each round fixed and broke, as attributes; what is empty is left out."""
        told: dict[str, str | int] = {"repairs": len(self.faults) - 1}
        before: set[str] = set()
        for number, faults in enumerate(self.faults):
            now = set(faults)
            told[f"round_{number}_failed"] = "; ".join(faults)
            if number:
                told[f"round_{number}_fixed"] = "; ".join(sorted(before - now))
                told[f"round_{number}_broken"] = "; ".join(sorted(now - before))
            before = now
        return {name: value for name, value in told.items() if value != ""}


class IterativeRefinement(Technique):
    """One sample: `draft`, then up to `rounds` of checks, `critique` where they pass, and `repair`.

    All prompts see the seed's fields, the drawn attributes and `constraints`, a line for each check
    that applies. `draft` answers with the whole answer, or its field `response`; so does
    `repair`, which sees `response` and `feedback`. `critique` sees `response` and answers with
    `verdict`, good or faulty, and `feedback`, which may be missing where it is good. A verdict of
    good beside a list of two points or more contradicts itself, and ends the sample.

    Attributes:
        task: inputs that say the task; with the constraints they become the row's prompt.
        checks: constraints that are checked without a model.
        rounds: most repairs.
        keep_rejected: the first draft becomes the rejected response, where it failed.
    """

    name: ClassVar[str] = "iterative_refinement"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "draft": ("response",),
        "critique": ("verdict", "feedback"),
        "repair": ("response",),
    }

    draft: Prompt
    critique: Prompt | None = None
    repair: Prompt
    task: tuple[str, ...] = Field(default=("task",), min_length=1)
    checks: tuple[CheckSpec, ...] = ()
    rounds: int = Field(default=3, ge=1, le=20)
    keep_rejected: bool = True

    @model_validator(mode="after")
    def _finds_something(self) -> "IterativeRefinement":
        labels = [check.label for check in self.checks]
        if not labels and self.critique is None:
            raise ValueError("nothing would ever be found wrong: give `checks`, `critique` or both")
        if repeated := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(
                f"two checks are called {repeated[0]!r}: give each a `name` of its own"
            )
        if CRITIC in labels:
            raise ValueError(f"a check is called {CRITIC!r}, as the critic is: rename it")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return {"critique": self.rounds + 1, "repair": self.rounds}

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        applied = [check.applied(slot.inputs) for check in self.checks]
        checks = [check for check in applied if check is not None]
        constraints = "\n".join(f"- {check.sentence}" for check in checks)
        values = {**slot.inputs, "constraints": constraints}
        task = "\n\n".join(filter(None, [joined_inputs(slot, self.task, "task"), constraints]))
        work = _Work()
        answered = yield from ask_text(slot, self.draft, values, "draft", "response")
        for repairs in range(self.rounds + 1):
            if isinstance(answered, Unusable):
                return _lost(answered, work)
            work.write(answered)
            if work.is_stuck:
                return _failed(work, f"repair {repairs} gives back a text that was there before")
            values = {**values, "response": answered["response"]}
            found = yield from self._judged(slot, values, checks, work)
            if isinstance(found, Unusable):
                return found
            work.faults.append(found)
            if not found:
                return self._finished(task, work)
            if repairs < self.rounds:
                feedback = "\n".join(f"- {said}" for said in found.values())
                values = {**values, "feedback": feedback}
                answered = yield from ask_text(slot, self.repair, values, "repair", "response")
        return _failed(work, f"after {self.rounds} repairs")

    def _judged(
        self, slot: Slot, values: Mapping[str, str], checks: Sequence[Check], work: _Work
    ) -> _Judging:
        """What is wrong with a response: check -> fault, or what the critic says."""
        response = values["response"]
        faults = {check.label: fault for check in checks if (fault := check.fault(response))}
        if faults or self.critique is None:
            return faults
        told = yield from ask_fields(
            slot, self.critique, values, "critique", ("verdict",), optional=("feedback",)
        )
        if isinstance(told, Unusable):
            return Unusable(told.reason, f"the critique of round {len(work.faults)}: {told.detail}")
        work.critics.append(told.completion)
        work.mended = work.mended or told.mended
        return _verdict(told["verdict"], told["feedback"])

    def _finished(self, prompt: str, work: _Work) -> Draft:
        failed = self.keep_rejected and len(work.texts) > 1
        return Draft(
            prompt=prompt,
            response=work.texts[-1],
            rejected=work.texts[0] if failed else "",
            attributes=work.told,
            difficulty=float(len(work.texts) - 1),
            mended=work.mended,
            completions=(*reversed(work.writers), *work.critics),
        )


def _verdict(said: str, feedback: str) -> _Faults | Unusable:
    """What a critic's answer comes to."""
    match verdict_in(said, ("good", "faulty")):
        case "good":
            if (points := bullet_lines(feedback)) < _LIST:
                return {}
            detail = f"the critic's verdict is good, beside a list of {points} points"
            return Unusable(Reason.INCONSISTENT_JUDGE, f"{detail}: {clipped(feedback)}")
        case "faulty":
            if feedback:
                return {CRITIC: feedback}
            return Unusable(Reason.UNPARSABLE, "the critic says faulty, and not what is wrong")
        case _:
            detail = f"the critic's verdict is {clipped(said)}, neither good nor faulty"
            return Unusable(Reason.UNPARSABLE, detail)


def _lost(answered: Unusable, work: _Work) -> Unusable:
    if not work.texts:
        return answered
    left = "; ".join(work.faults[-1].values())
    told = f"repair {len(work.texts)}: {answered.detail}; still wrong: {left}"
    return Unusable(answered.reason, told)


def _failed(work: _Work, when: str) -> Unusable:
    """Not improved; where nobody but a critic finds fault, endless."""
    faults = work.faults[-1]
    reason = Reason.ENDLESS_CRITIQUE if set(faults) == {CRITIC} else Reason.NOT_IMPROVED
    rounds = ", ".join(f"{name} {value}" for name, value in work.told.items() if name != "repairs")
    left = "; ".join(f"{name}: {said[:100]}" for name, said in faults.items())
    return Unusable(reason, f"{when}, still wrong: {left} ({rounds})")
