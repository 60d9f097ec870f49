"""Step-by-step solutions of problems with a known answer; only those that come to it are kept.

Rejection sampling as in RFT (Yuan et al., 2023, arXiv:2308.01825), the first round of STaR
(Zelikman et al., 2022, arXiv:2203.14465), and the way R1 (DeepSeek-AI, 2025, arXiv:2501.12948)
makes its data for fine-tuning. As in STaR, a problem that no attempt solves may be tried with the
answer as a hint. We differ: answers are compared exactly; of many right solutions the recipe says
which stay; a solution made with a hint is marked, and dropped if it lets the hint show, since a
student would learn to appeal to an answer it does not have; and the share that failed, of
the attempts that are usable, is the difficulty.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.copies import (
    Copies,
    ask_copies,
    joined_inputs,
    refuse_unused_style,
    style_shares,
)
from synth_assets.core.techniques.final_answer import (
    AnswerKind,
    FinalAnswer,
    answering_line,
    final_answer,
    stated_answer,
)
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.solutions import (
    Attempt,
    Likeness,
    different,
    diverse,
    shown_hint,
)
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.errors import RecipeError

KNOWN_ANSWER = "known_answer"
"""The input by which `hint`, and no other prompt, sees the answer."""

_Hinted: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], tuple[Draft | Unusable, ...]
]


class Reasoning(Technique):
    """`solve` several times; where all fail, `hint` with the answer. Each right solution is a row.

    Templates see the seed's fields, the drawn attributes, `question`, the problem as the student
    is asked it, and `style`; `hint` sees `known_answer`, too. Both answer with `reasoning` and
    `answer`.

    Attributes:
        solve: works the problem out.
        hint: works it out with the answer before its eyes; asked where no attempt is right.
        problem: the inputs that the problem is put together from.
        reference: the input with the known answer; `solve` may not see it.
        attempts: how many solutions are asked for.
        min_usable: least number of attempts that are neither refused, cut off nor unreadable; by
            default half of them. With fewer, nobody knows how hard the problem is.
        hints: how many are asked for with the hint.
        styles: see `ask_copies`.
        answers: how answers are compared; see `final_answer`.
        keep: which right solutions stay: the `shortest`, `all`, or the most `diverse`.
        most: of `diverse` ones.
        likeness: what makes two solutions alike: their `words`, or their `calculations`.
        marker: stands before the answer in the response.
        think_tag: a tag around the reasoning in the response, such as `think`; none by default.
    """

    name: ClassVar[str] = "reasoning"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "solve": ("reasoning", "answer"),
        "hint": ("reasoning", "answer"),
    }

    solve: Prompt
    hint: Prompt | None = None
    problem: tuple[str, ...] = Field(default=("problem",), min_length=1)
    reference: str = Field(default="answer", min_length=1)
    attempts: int = Field(default=4, ge=1, le=64)
    min_usable: int | None = Field(default=None, ge=1, le=64)
    hints: int = Field(default=1, ge=1, le=16)
    styles: str = ""
    answers: AnswerKind = "number"
    keep: Literal["shortest", "all", "diverse"] = "diverse"
    most: int = Field(default=2, ge=1, le=64)
    likeness: Likeness = "words"
    marker: str = Field(default="####", min_length=1)
    think_tag: str = Field(default="", pattern=r"^([a-z][a-z_]*)?$")

    @model_validator(mode="after")
    def _fits(self) -> "Reasoning":
        refuse_unused_style(self.styles, self.solve, "solve")
        if leak := {self.reference, KNOWN_ANSWER} & set(self.solve.inputs):
            raise ValueError(f"solve may not see {min(leak)}, the known answer")
        if self.hint is not None and KNOWN_ANSWER not in self.hint.inputs:
            raise ValueError(f"hint must see the answer: name {KNOWN_ANSWER} among its inputs")
        if self.min_usable is not None and self.min_usable > self.attempts:
            raise ValueError("min_usable is above attempts; no problem could pass")
        if self.reference in self.problem:
            raise ValueError(f"problem may not hold {self.reference}, the known answer")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return {"hint": self.hints}

    def own_choices(self, files: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
        """See the protocol."""
        return style_shares(files, self.styles)

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        question = joined_inputs(slot, self.problem, "problem")
        known = self._known(slot)
        values = {**slot.inputs, "question": question}
        copies = yield from ask_copies(
            slot,
            self.solve,
            values,
            "solve",
            self.fields["solve"],
            self.attempts,
            styles=self.styles,
        )
        attempts = self._read(copies, "solution")
        right = [attempt for attempt in attempts if attempt.is_right(known)]
        least = self.min_usable or (self.attempts + 1) // 2
        counts = _counts(attempts, copies)
        if len(attempts) < least:
            told = f"{len(attempts)} of {self.attempts} attempts are usable, not {least}: {counts}"
            return Unusable(Reason.NOT_SOLVED, told)
        lost = [*_lost(copies, "solution"), *self._wrong(attempts, known)]
        if right:
            return [*self._kept(question, known, right, len(right), len(attempts)), *lost]
        told = f"none of {self.attempts} comes to {known.shown}: {counts}"
        if self.hint is None:
            return Unusable(Reason.NOT_SOLVED, told)
        hinted = yield from self._hinted(slot, self.hint, values, known, len(attempts))
        if any(isinstance(each, Draft) for each in hinted):
            return [*hinted, *lost]
        failed = [each for each in hinted if isinstance(each, Unusable)]
        each = ", ".join(f"{why.label} {why.reason.value}: {why.detail}" for why in failed)
        return Unusable(Reason.NOT_SOLVED, f"{told}; {each}")

    def _known(self, slot: Slot) -> FinalAnswer:
        written = joined_inputs(slot, (self.reference,), "reference")
        known = stated_answer(written, self.answers)
        if known is None:
            raise RecipeError(
                f"technique: the seed {slot.seed.seed_id} has {clipped(written)} as its "
                f"{self.reference}, which is no answer of the kind {self.answers}. Mend the seed, "
                "or say `answers: text`."
            )
        return known

    def _read(self, copies: Copies, kind: str) -> list[Attempt]:
        attempts: list[Attempt] = []
        for copy in copies.usable:
            response = self._response(copy["reasoning"], copy["answer"])
            answer = final_answer(response, self.answers, self.marker)
            attempts.append(Attempt(f"{kind}-{copy.number + 1}", copy, response, answer))
        return attempts

    def _response(self, reasoning: str, answer: str) -> str:
        if self.think_tag:
            reasoning = f"<{self.think_tag}>\n{reasoning}\n</{self.think_tag}>\n"
        bare = answering_line(answer.replace(self.marker, ""), self.answers)
        return f"{reasoning}\n{self.marker} {bare}"

    def _wrong(self, attempts: Sequence[Attempt], known: FinalAnswer) -> list[Unusable]:
        return [
            Unusable(
                Reason.NOT_SOLVED, f"{attempt.said}; the answer is {known.shown}", attempt.label
            )
            for attempt in attempts
            if not attempt.is_right(known)
        ]

    def _kept(
        self,
        question: str,
        known: FinalAnswer,
        right: Sequence[Attempt],
        solved: int,
        usable: int,
    ) -> list[Draft | Unusable]:
        found = different(right, self.likeness)
        match self.keep:
            case "all":
                chosen = found.first
            case "shortest":
                chosen = tuple(sorted(found.first, key=lambda attempt: attempt.words)[:1])
            case "diverse":
                chosen = diverse(found.first, self.most, self.likeness)
        names = ", ".join(attempt.label for attempt in chosen)
        beyond = [
            Unusable(Reason.BEYOND_TARGET, f"right; {self.keep} keeps {names}", attempt.label)
            for attempt in found.first
            if attempt not in chosen
        ]
        drafts = [self._drafted(question, known, each, solved, usable) for each in chosen]
        return [*drafts, *found.same, *beyond]

    def _hinted(
        self,
        slot: Slot,
        prompt: Prompt,
        values: Mapping[str, str],
        known: FinalAnswer,
        usable: int,
    ) -> _Hinted:
        """Solutions written with the answer in view, but for those that let it show."""
        values = {**values, KNOWN_ANSWER: known.shown}
        styles = self.styles if "style" in prompt.inputs else ""
        copies = yield from ask_copies(
            slot,
            prompt,
            values,
            "hint",
            self.fields["hint"],
            self.hints,
            styles=styles,
            instead_of="solve",
        )
        attempts = self._read(copies, "hinted")
        made: list[Draft | Unusable] = [*_lost(copies, "hinted"), *self._wrong(attempts, known)]
        clean: list[Attempt] = []
        for attempt in attempts:
            if not attempt.is_right(known):
                continue
            if phrase := shown_hint(attempt.copy["reasoning"]):
                told = f"it lets the hint show: {clipped(phrase)}"
                made.append(Unusable(Reason.PROMPT_LEAK, told, attempt.label))
            else:
                clean.append(attempt)
        question = values["question"]
        return (*(self._kept(question, known, clean, 0, usable) if clean else ()), *made)

    def _drafted(
        self, question: str, known: FinalAnswer, attempt: Attempt, solved: int, usable: int
    ) -> Draft:
        copy, rate = attempt.copy, solved / usable
        return Draft(
            prompt=question,
            response=attempt.response,
            reference=known.shown,
            attributes={
                "rationalised": "yes" if attempt.label.startswith("hinted") else "no",
                "solve_rate": round(rate, 4),
                "attempts": self.attempts,
                "usable_attempts": usable,
                "calculations": len(attempt.calculations),
                **copy.told,
            },
            difficulty=round(1 - rate, 4),
            mended=copy.mended,
            label=attempt.label,
            completions=(copy.completion,),
        )


def _lost(copies: Copies, kind: str) -> list[Unusable]:
    return [replace(why, label=f"{kind}-{at + 1}") for at, why in copies.lost.items()]


def _counts(attempts: Sequence[Attempt], copies: Copies) -> str:
    answers = Counter(each.answer.shown if each.answer else each.said for each in attempts)
    said = [f"{answer} ({count})" for answer, count in answers.most_common()]
    return ", ".join([*said, *filter(None, [copies.lost_told])])
