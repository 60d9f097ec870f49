"""Several solutions of one problem, and the answer that most of them come to.

After self-consistency (Wang et al., 2022, arXiv:2203.11171): sampled reasoning paths that lead to
one answer vouch for it. There the vote always has a winner; here a tie or too small a majority
gives none, since the share that agrees says how sure the answer is, and what the teacher cannot
agree on is told as hard. A known answer is recorded beside the vote, and has no part in it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field, model_validator

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
    final_answer,
    stated_answer,
)
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.vote import Vote, Voter


class SelfConsistency(Technique):
    """`solve` several times; the row is problem -> a solution that comes to the majority's answer.

    Templates see the seed's fields, the drawn attributes, `question`, the problem as the student
    is asked it, and `style`.

    Attributes:
        solve: writes a solution, as the whole answer; its final answer stands behind the marker.
        problem: the inputs that the problem is put together from.
        votes: how many solutions are asked for.
        styles: see `ask_copies`.
        answers: how final answers are compared; see `final_answer`.
        marker: text before the final answer.
        threshold: least share of the voters that agree.
        min_votes: least number of solutions with a final answer.
        response: which solution of the majority is the row's.
        hard: what becomes of problems without agreement. `aside`: they are rows with the most
            frequent answer, `hard: yes`, and the difficulty 1 - agreement, which only mixtures
            that ask for hard rows take.
        reference: an input with the known answer, if there is one: the row says whether the
            majority is right. It has no part in the vote.
    """

    name: ClassVar[str] = "self_consistency"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"solve": ("solution",)}

    solve: Prompt
    problem: tuple[str, ...] = Field(default=("problem",), min_length=1)
    votes: int = Field(default=5, ge=3, le=64)
    styles: str = ""
    answers: AnswerKind = "number"
    marker: str = Field(default="####", min_length=1)
    threshold: float = Field(default=0.6, ge=0, le=1)
    min_votes: int = Field(default=3, ge=2)
    response: Literal["first", "shortest", "longest"] = "first"
    hard: Literal["drop", "aside"] = "drop"
    reference: str = ""

    @model_validator(mode="after")
    def _fits(self) -> "SelfConsistency":
        refuse_unused_style(self.styles, self.solve, "solve")
        if self.min_votes > self.votes:
            raise ValueError("min_votes is above votes; no problem could pass")
        if self.reference and self.reference in self.solve.inputs:
            raise ValueError(f"solve may not see {self.reference}, the known answer")
        return self

    def own_choices(self, files: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
        """See the protocol."""
        return style_shares(files, self.styles)

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        question = joined_inputs(slot, self.problem, "problem")
        known = self._known(slot)
        copies = yield from ask_copies(
            slot,
            self.solve,
            {**slot.inputs, "question": question},
            "solve",
            self.fields["solve"],
            self.votes,
            styles=self.styles,
            whole=True,
        )
        vote = self._counted(copies)
        doubt = self._doubt(vote)
        if doubt and (self.hard == "drop" or not vote.voters):
            return Unusable(Reason.NO_AGREEMENT, f"{doubt}: {vote.told}")
        return self._drafted(question, vote, known, is_hard=bool(doubt))

    def _known(self, slot: Slot) -> FinalAnswer | None:
        if not self.reference:
            return None
        return stated_answer(joined_inputs(slot, (self.reference,), "reference"), self.answers)

    def _counted(self, copies: Copies) -> Vote:
        voters: list[Voter] = []
        for copy in copies.usable:
            answer = final_answer(copy["solution"], self.answers, self.marker)
            if answer is not None:
                voters.append(Voter(copy, answer))
        silent = len(copies.usable) - len(voters)
        lost = [copies.lost_told, f"{silent} no_final_answer" if silent else ""]
        return Vote(tuple(voters), self.votes, ", ".join(filter(None, lost)))

    def _doubt(self, vote: Vote) -> str:
        """Why there is no agreement; empty where there is."""
        if len(vote.voters) < self.min_votes:
            return f"fewer than {self.min_votes} votes"
        if vote.is_tied:
            return "a tie"
        if vote.agreement < self.threshold:
            return f"{vote.agreement:.2f} agree, not {self.threshold:.2f}"
        return ""

    def _drafted(
        self, question: str, vote: Vote, known: FinalAnswer | None, *, is_hard: bool
    ) -> Draft:
        member = _member(vote.majority, self.response)
        told: dict[str, str | int | float] = {
            "agreement": round(vote.agreement, 4),
            "votes": len(vote.voters),
            "majority": len(vote.majority),
            "different_answers": len(vote.counts),
            "solutions_asked": vote.asked,
            "answer": member.answer.shown,
            "hard": "yes" if is_hard else "no",
            **member.copy.told,
        }
        if known is not None:
            told["majority_is_right"] = "yes" if known.key == member.answer.key else "no"
        rest = [voter.copy.completion for voter in vote.majority if voter is not member]
        return Draft(
            prompt=question,
            response=member.solution,
            reference=member.answer.shown,
            attributes=told,
            difficulty=round(1 - vote.agreement, 4),
            mended=member.copy.mended,
            completions=(member.copy.completion, *rest),
        )


def _member(majority: Sequence[Voter], which: str) -> Voter:
    match which:
        case "shortest":
            return min(majority, key=lambda voter: len(voter.solution.split()))
        case "longest":
            return max(majority, key=lambda voter: len(voter.solution.split()))
        case _:
            return majority[0]
