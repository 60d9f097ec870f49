"""Puzzles whose formalisation a solver decides: the answer follows, alone, and from all premises.

The formulas are taken for the puzzle: whether its English says the same is not looked at.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.answers.final import Place, find_answers
from synth_assets.core.verify.protocol import Check, Cost, Verifier
from synth_assets.core.verify.puzzles.formulas import Formula, negated
from synth_assets.core.verify.puzzles.puzzle import (
    Puzzle,
    UnreadablePuzzle,
    Value,
    assignment,
    read_puzzle,
)
from synth_assets.core.verify.puzzles.said import SaidAnswer, UnreadableAnswer, read_said
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import NO_TOOLS, Solved, Solver, Tools, Unsolved


class Logic(Verifier):
    """The final answer of the response is the one that the formalised premises entail.

    Attributes:
        formalisation: the column that holds the puzzle as JSON.
        answer: where the final answer of the response stands: behind the last `marker`, in the last
            `boxed`, or the `whole` response.
        marker: text before the answer, for `marker`.
        idle_premises: reject where the answer follows without one of the premises as well.
    """

    cost: ClassVar[Cost] = Cost.PROCESS

    kind: Literal["logic"]
    formalisation: Literal["reference", "context"] = "reference"
    answer: Literal[Place.MARKER, Place.BOXED, Place.WHOLE] = Place.MARKER
    marker: str = Field(default="Answer:", min_length=1)
    idle_premises: Literal["reject", "allow"] = "reject"

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed, but a solver."""
        solver = tools.solver
        if solver is None:
            return _no_solver
        return lambda sample: self._check(sample, solver)

    def _check(self, sample: Sample, solver: Solver) -> Verdict:
        text = sample.reference if self.formalisation == "reference" else sample.context
        try:
            puzzle = read_puzzle(text)
        except UnreadablePuzzle as fault:
            return Verdict.rejected(
                Reason.NO_REFERENCE, f"the {self.formalisation} is no puzzle: {fault}"
            )
        found = find_answers(self._tail(sample.response), self.answer, self.marker)
        if found.final is None:
            return Verdict.rejected(Reason.NO_FINAL_ANSWER, f"no final answer: {found.fault}")
        try:
            said = read_said(found.final, puzzle)
        except UnreadableAnswer as fault:
            return Verdict.rejected(Reason.NO_FINAL_ANSWER, str(fault))
        try:
            return _Decision(puzzle, solver).verdict(said, self.idle_premises == "reject")
        except _Undecided as fault:
            return Verdict.errored(str(fault))

    def _tail(self, response: str) -> str:
        """The last marker and what is behind it; an answer to each of thousands takes a second."""
        if self.answer is not Place.MARKER:
            return response
        return response[max(response.rfind(self.marker) - 1, 0) :]


class _Undecided(Exception):
    """The solver does not know; nothing follows from that."""


class _Rejected(Exception):
    """Something is wrong with the puzzle itself."""

    def __init__(self, reason: Reason, told: str) -> None:
        super().__init__(told)
        self.verdict = Verdict.rejected(reason, told)


class _Decision:
    """The questions that are asked of a solver about one puzzle."""

    def __init__(self, puzzle: Puzzle, solver: Solver) -> None:
        self._puzzle = puzzle
        self._solver = solver

    def verdict(self, said: SaidAnswer, refuse_idle: bool) -> Verdict:
        """Judge puzzle and answer.

        Raises:
            _Undecided: where the solver gives up.
        """
        try:
            first = self._solved(self._puzzle.theory())
            if not first.satisfiable:
                told = "no values fit all premises"
                raise _Rejected(Reason.CONTRADICTORY_PREMISES, told)
            if self._puzzle.goal is not None:
                return self._of_goal(self._puzzle.goal, said, refuse_idle)
            if self._puzzle.unique:
                return self._of_one(first.model, said, refuse_idle)
            return self._of_any(said, refuse_idle)
        except _Rejected as fault:
            return fault.verdict

    def _of_goal(self, goal: Formula, said: SaidAnswer, refuse_idle: bool) -> Verdict:
        theory = self._puzzle.theory()
        truth: bool | None = None
        if not self._fits(theory, negated(goal)):
            truth = True
        elif not self._fits(theory, goal):
            truth = False
        if self._puzzle.has_answer and self._puzzle.stated != truth:
            told = f"stated {_truth(self._puzzle.stated)}, by the premises {_truth(truth)}"
            raise _Rejected(Reason.NOT_ENTAILED, told)
        if said.truth != truth:
            told = f"answered {_truth(said.truth)}, by the premises {_truth(truth)}"
            raise _Rejected(Reason.WRONG_ANSWER, told)
        if refuse_idle and truth is not None:
            self._refuse_idle(negated(goal) if truth else goal)
        return Verdict.accepted(f"by the premises {_truth(truth)}")

    def _of_one(self, model: Mapping[str, Value], said: SaidAnswer, refuse_idle: bool) -> Verdict:
        puzzle = self._puzzle
        answer = {name: model[name] for name in puzzle.asked}
        another = self._solved((*puzzle.theory(), negated(assignment(puzzle, answer))))
        stated = puzzle.stated if isinstance(puzzle.stated, Mapping) else None
        if another.satisfiable:
            if stated is not None and not self._fits(puzzle.theory(), assignment(puzzle, stated)):
                told = f"{puzzle.told(stated)} does not fit the premises"
                raise _Rejected(Reason.NOT_ENTAILED, told)
            told = f"{puzzle.told(answer)}, or {puzzle.told(another.model)}"
            raise _Rejected(Reason.NOT_UNIQUE, told)
        if stated is not None and dict(stated) != answer:
            told = f"stated {puzzle.told(stated)}, by the premises {puzzle.told(answer)}"
            raise _Rejected(Reason.NOT_ENTAILED, told)
        if dict(said.values) != answer:
            told = f"answered {puzzle.told(said.values)}, by the premises {puzzle.told(answer)}"
            raise _Rejected(Reason.WRONG_ANSWER, told)
        if refuse_idle:
            self._refuse_idle(negated(assignment(puzzle, answer)))
        return Verdict.accepted(f"the only answer: {puzzle.told(answer)}")

    def _of_any(self, said: SaidAnswer, refuse_idle: bool) -> Verdict:
        puzzle = self._puzzle
        stated = puzzle.stated if isinstance(puzzle.stated, Mapping) else None
        for values, reason in ((stated, Reason.NOT_ENTAILED), (said.values, Reason.WRONG_ANSWER)):
            if values is not None and not self._fits(puzzle.theory(), assignment(puzzle, values)):
                raise _Rejected(reason, f"{puzzle.told(values)} does not fit the premises")
        if refuse_idle:
            self._refuse_idle(None)
        return Verdict.accepted(f"fits the premises: {puzzle.told(said.values)}")

    def _refuse_idle(self, denied: Formula | None) -> None:
        """A premise is idle if without it the denied still does not fit, or it is a consequence."""
        for at, premise in enumerate(self._puzzle.premises):
            without = self._puzzle.theory(without=at)
            if not self._fits(without, negated(premise) if denied is None else denied):
                told = f"premise {at + 1} changes nothing: {clipped(self._puzzle.texts[at])}"
                raise _Rejected(Reason.IDLE_PREMISE, told)

    def _fits(self, theory: Sequence[Formula], formula: Formula) -> bool:
        return self._solved((*theory, formula)).satisfiable

    def _solved(self, formulas: Sequence[Formula]) -> Solved:
        found = self._solver.solve(self._puzzle.sorts, formulas)
        if isinstance(found, Unsolved):
            raise _Undecided(found.why)
        return found


def _truth(truth: object) -> str:
    return "unknown" if truth is None else str(truth).lower()


def _no_solver(sample: Sample) -> Verdict:
    return Verdict.errored(
        "nobody here solves puzzles; verify where `synth` does, or give the verifier a solver"
    )
