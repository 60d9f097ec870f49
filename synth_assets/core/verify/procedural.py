"""Tasks that a program makes and scores, by the scorers of reasoning-gym that passed our gate."""

import json
from collections.abc import Mapping
from typing import ClassVar, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.procedural_families import EXCLUDED, FAMILIES
from synth_assets.core.verify.protocol import Check, Cost, Verifier
from synth_assets.core.verify.reading.folding import clipped, folded
from synth_assets.core.verify.tools import (
    NO_TOOLS,
    NotScored,
    ProceduralItem,
    ProceduralScorers,
    Scored,
    Tools,
)

ENOUGH = 0.99
"""Scorers give parts of a point to answers that are wrong."""
MAX_CHARACTERS = 20_000


class _Reference(BaseModel):
    """What a sample's reference says, in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    family: str = Field(max_length=60)
    seed: int = Field(ge=0, lt=2**32)
    index: int = Field(default=0, ge=0, lt=100_000)
    config: dict[str, bool | int | float | str | list[int] | list[float] | list[str]] = Field(
        default_factory=dict, max_length=40
    )


class Procedural(Verifier):
    """The final answer of the response is right by the program that made the task.

    Attributes:
        families: those that may occur; by default all that passed the gate.
        answer: the answer is all that stands behind the last `marker`, between the last
            `<answer>` and `</answer>` (`tag`), or the `whole` response.
        marker: text before the answer, for `marker`.
        question_in_prompt: the prompt must hold the task's text, so that a reference of another
            task judges nothing.
    """

    cost: ClassVar[Cost] = Cost.PROCESS

    kind: Literal["procedural"]
    families: tuple[str, ...] = ()
    answer: Literal["marker", "tag", "whole"] = "marker"
    marker: str = Field(default="Answer:", min_length=1)
    question_in_prompt: bool = True

    @model_validator(mode="after")
    def _known_families(self) -> "Procedural":
        for name in self.families:
            if name in EXCLUDED:
                raise ValueError(f"the family {name} is excluded: {EXCLUDED[name]}")
            if name not in FAMILIES:
                raise ValueError(f"{name} is no family that passed; see docs/verifiers")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed, but somebody who scores."""
        scorers = tools.procedural
        if scorers is None:
            return _no_scorers
        return lambda sample: self._check(sample, scorers)

    def _check(self, sample: Sample, scorers: ProceduralScorers) -> Verdict:
        try:
            said = _Reference.model_validate(json.loads(sample.reference))
        except (ValidationError, ValueError, RecursionError):
            told = f"the reference names no item: {clipped(sample.reference)}"
            return Verdict.rejected(Reason.NO_REFERENCE, told)
        if said.family not in (self.families or FAMILIES):
            why = EXCLUDED.get(said.family, "it is not among the families")
            told = f"the family {clipped(said.family)}: {why}"
            return Verdict.rejected(Reason.NO_REFERENCE, told)
        answer = self._answer(sample.response)
        if not answer:
            return Verdict.rejected(Reason.NO_FINAL_ANSWER, "there is no final answer")
        if len(answer) > MAX_CHARACTERS:
            told = f"{len(answer):,} characters; at most {MAX_CHARACTERS:,} are scored"
            return Verdict.errored(told)
        found = scorers.score(
            ProceduralItem(said.family, said.seed, said.index, said.config), answer
        )
        return self._verdict(found, sample, said.family, answer)

    def _verdict(
        self, found: Scored | NotScored, sample: Sample, family: str, answer: str
    ) -> Verdict:
        match found:
            case NotScored(why):
                return Verdict.errored(f"{family}: {why}")
            case Scored(question, score):
                if self.question_in_prompt and folded(question) not in folded(sample.prompt):
                    told = f"the prompt does not hold the task: {clipped(question)}"
                    return Verdict.rejected(Reason.NO_REFERENCE, told)
                told = f"{family}: {clipped(answer)} scores {score:.2f}"
                if score >= ENOUGH:
                    return Verdict.accepted(told)
                return Verdict.rejected(Reason.WRONG_ANSWER, told)
            case _:
                assert_never(found)

    def _answer(self, response: str) -> str:
        match self.answer:
            case "whole":
                return response.strip()
            case "marker":
                return (
                    response.rpartition(self.marker)[2].strip() if (self.marker in response) else ""
                )
            case "tag":
                before, closed, behind = response.rpartition("</answer>")
                _, opened, inside = before.rpartition("<answer>")
                return inside.strip() if closed and opened and not behind.strip() else ""
            case _:
                assert_never(self.answer)


def _no_scorers(sample: Sample) -> Verdict:
    return Verdict.errored(
        "nobody here scores procedural tasks; verify where `synth` does, or give the verifier one"
    )
