"""A judge of contamination that is paid: through the ledger, under the budget."""

from dataclasses import dataclass

from synth_assets.core.decontaminate.candidates import ModelJudge
from synth_assets.core.generation.budget import Payer
from synth_assets.errors import UnknownNameError
from synth_assets.resources.generation.funds import check_asked
from synth_assets.resources.generation.judges import PaidJudges
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import Teachers
from synth_assets.resources.workshop import Workshop

STAGE = "decontaminate"
"""Whose lock is held while the judge is asked, and which recipe's account is charged."""


@dataclass(frozen=True)
class PaidJudge:
    """Decides on candidates.

    Attributes:
        judge: asks the model.
        paid: knows what was bought and spent.
    """

    judge: ModelJudge
    paid: PaidJudges


def paid_judge(workshop: Workshop, ledger: Ledger, name: str, run: str) -> PaidJudge:
    """A teacher of the catalogue as judge; what the ledger has is not bought again.

    Args:
        workshop: knows the teachers.
        ledger: open, with the run's budget.
        name: id of the teacher.
        run: whose account is charged.

    Raises:
        UnknownNameError: if there is no such teacher.
        BudgetError: if a budget cannot be held.
    """
    teachers = workshop.catalogue.teachers
    if name not in teachers:
        raise UnknownNameError(
            f"--judge: no teacher is called {name}. Known: {', '.join(sorted(teachers))}. Add it "
            "to a teachers.yaml or mend the name."
        )
    payer = Payer(STAGE, run)
    check_asked("the judge of contamination", teachers[name], ledger.budget, payer)
    paid = PaidJudges(lambda: Teachers(teachers), ledger, teachers, STAGE, payer, workshop.announce)
    return PaidJudge(ModelJudge(paid, name), paid)
