"""Instructions that can be checked by looking at the text: the 25 families of IFEval.

Zhou et al., 2023, arXiv:2311.07911. The checks are our own: nothing is downloaded, keywords are
literal and no patterns, and each takes linear time. A language that is not known is undecided,
where IFEval counts it as followed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.constraints.catalogue import (
    MAX_LISTED,
    ConstraintSpec,
    NoConstraints,
    read_constraints,
)
from synth_assets.core.verify.constraints.conflicts import conflicts_among
from synth_assets.core.verify.constraints.drawn import DrawnConstraint
from synth_assets.core.verify.constraints.protocol import Constraint, Finding
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_REFERENCE = "reference"


@dataclass(frozen=True)
class _Looked:
    """A constraint, and what was found."""

    constraint: Constraint
    finding: Finding

    @property
    def told(self) -> str:
        return f"{self.constraint.asked}: {self.finding.seen}"


class Instructions(Verifier):
    """The response follows the constraints that the sample comes with.

    Attributes:
        constraints: asked of every sample.
        drawn: asked of the samples whose attributes say so, `{name}` in an argument standing for
            the value of that attribute.
        listed_in: where the sample has a JSON list of constraints of its own: `reference`, or the
            name of an attribute. `reference` if neither `constraints` nor `drawn` are given.
        scoring: `strict`, or `loose`: it is enough if a constraint is followed without the first
            line, the last line, both, or asterisks.
        min_share: of the constraints must be followed; the share is the score.
        may_conflict: let `constraints` have families together that IFEval never asks for together.
            What no response could follow is refused all the same.
    """

    kind: Literal["instructions"]
    constraints: tuple[ConstraintSpec, ...] = Field(default=(), max_length=MAX_LISTED)
    drawn: tuple[DrawnConstraint, ...] = Field(default=(), max_length=MAX_LISTED)
    listed_in: str | None = Field(default=None, min_length=1)
    scoring: Literal["strict", "loose"] = "strict"
    min_share: float = Field(default=1.0, gt=0, le=1)
    may_conflict: bool = False

    @model_validator(mode="after")
    def _can_be_followed(self) -> "Instructions":
        for conflict in conflicts_among(self.constraints):
            if conflict.certain or not self.may_conflict:
                mend = "" if conflict.certain else ", or set may_conflict: true"
                raise ValueError(
                    f"{conflict.first} and {conflict.second} do not go together: {conflict.why}. "
                    f"Remove one{mend}"
                )
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        try:
            asked = self._asked_of(sample)
        except NoConstraints as fault:
            return Verdict.errored(f"what was asked cannot be read: {fault}")
        if not asked:
            if self._list_place is None:
                return Verdict.accepted("nothing is asked of this sample")
            return Verdict.rejected(
                Reason.NO_REFERENCE, f"no constraints in {self._list_place}, so nothing was asked"
            )
        if not sample.response.strip():
            told = f"the response is empty; 0 of {len(asked)} followed"
            return Verdict.rejected(Reason.INSTRUCTION_NOT_FOLLOWED, told)
        found = findings(asked, sample.response, loose=self.scoring == "loose")
        return self._verdict([_Looked(*each) for each in zip(asked, found, strict=True)])

    @property
    def _list_place(self) -> str | None:
        if self.listed_in is None and not (self.constraints or self.drawn):
            return _REFERENCE
        return self.listed_in

    def _asked_of(self, sample: Sample) -> list[Constraint]:
        asked: list[Constraint] = list(self.constraints)
        place = self._list_place
        if not self.drawn and place in (None, _REFERENCE):
            drawn: Mapping[str, str | int | float] = {}
        else:
            drawn = sample.drawn
        asked += [each.made(drawn) for each in self.drawn if each.is_asked(drawn)]
        if place is not None:
            text = sample.reference if place == _REFERENCE else str(drawn.get(place, ""))
            asked += read_constraints(text)
        return asked

    def _verdict(self, looked: Sequence[_Looked]) -> Verdict:
        broken = [each for each in looked if each.finding.followed is False]
        unknown = [each for each in looked if each.finding.followed is None]
        followed = len(looked) - len(broken) - len(unknown)
        told, share = f"{followed} of {len(looked)} followed", followed / len(looked)
        if (len(looked) - len(broken)) / len(looked) < self.min_share:
            return Verdict.rejected(
                Reason.INSTRUCTION_NOT_FOLLOWED, f"{broken[0].told}; {told}", share
            )
        if share < self.min_share:
            return Verdict.errored(f"{unknown[0].told}; {told}")
        if broken:
            told = f"{told}; not {broken[0].told}"
        return Verdict.accepted(told, share)


def findings(
    constraints: Sequence[Constraint], response: str, *, loose: bool = False
) -> list[Finding]:
    """What is found of each constraint in a response.

    Where it is loose and no part of the response follows a constraint, the whole of it counts.
    """
    whole = Wording(response)
    found = [_found(each, whole) for each in constraints]
    if not loose or all(each.followed for each in found):
        return found
    parts = [Wording(text) for text in _loose_parts(response)]
    return [
        finding if finding.followed else _found_in_any(constraint, parts) or finding
        for constraint, finding in zip(constraints, found, strict=True)
    ]


def _found(constraint: Constraint, wording: Wording) -> Finding:
    return constraint.check(wording) if wording.bare else Finding(False, "nothing is there")


def _found_in_any(constraint: Constraint, parts: Sequence[Wording]) -> Finding | None:
    each_found = (_found(constraint, part) for part in parts)
    return next((found for found in each_found if found.followed), None)


def _loose_parts(response: str) -> list[str]:
    """IFEval's other seven readings of a response, those that differ."""
    lines = response.split("\n")
    cut = [
        "\n".join(lines[1:]).strip(),
        "\n".join(lines[:-1]).strip(),
        "\n".join(lines[1:-1]).strip(),
    ]
    plain = [text.replace("*", "") for text in (response, *cut)]
    return [text for text in dict.fromkeys((*cut, *plain)) if text != response]
