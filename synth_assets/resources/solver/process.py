"""Formulas of logic, decided by z3 in a process of its own.

Nonlinear arithmetic cannot be decided in general, and a small puzzle can take for ever.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from synth_assets.core.verify.puzzles.formulas import Apply, Formula, Name, Sort
from synth_assets.core.verify.tools import Solved, Unsolved
from synth_assets.resources.bounded.process import Bounds, Unanswered, WorkerOwner

Wired: TypeAlias = "bool | int | str | list[Wired]"
"""Names are texts, an application is `[operator, arguments ...]`."""


class PuzzleSolver(WorkerOwner):
    """Answers `Solver`'s questions, one at a time; the worker starts at the first one."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        super().__init__("synth_assets.resources.solver.worker", "the solver", bounds or Bounds())

    def solve(self, sorts: Mapping[str, Sort], formulas: Sequence[Formula]) -> Solved | Unsolved:
        """See `Solver`; a worker that ends over a question leaves it unsolved."""
        kinds = {name: "bool" if sort == "bool" else "int" for name, sort in sorts.items()}
        question = {"sorts": kinds, "formulas": [to_wire(each) for each in formulas]}
        answer = self._process.ask(json.dumps(question).encode())
        if isinstance(answer, Unanswered):
            return Unsolved(answer.why)
        said = json.loads(answer)
        if said["outcome"] == "unknown":
            return Unsolved(f"the solver gave up: {said['why']}")
        return Solved(said["outcome"] == "sat", said["model"])


def to_wire(formula: Formula) -> Wired:
    """Write a formula; as deep as its tree."""
    match formula:
        case Name(name):
            return name
        case Apply(operator, args):
            return [operator, *map(to_wire, args)]
        case _:
            return formula
