"""Teachers that decontamination asks, and pays: through the ledger, under the budget."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from synth_assets.core.config.selection import DecontaminateSpec, TranslationSpec
from synth_assets.core.decontaminate.candidates import ModelJudge
from synth_assets.core.decontaminate.translation import ModelTranslator
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.generation.budget import Payer
from synth_assets.errors import UnknownNameError
from synth_assets.resources.embedding.opening import open_embedder
from synth_assets.resources.generation.funds import check_asked
from synth_assets.resources.generation.judges import PaidJudges
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import Teachers
from synth_assets.resources.workshop import Workshop

STAGE = "decontaminate"
"""Whose lock is held while a teacher is asked, and which recipe's account is charged."""


@dataclass(frozen=True)
class PaidJudge:
    """Decides on candidates.

    Attributes:
        judge: asks the model.
        paid: knows what was bought and spent.
    """

    judge: ModelJudge
    paid: PaidJudges


@dataclass(frozen=True)
class PaidTranslator:
    """Translates test items.

    Attributes:
        translate: asks the model.
        items: most of them.
        paid: knows what was bought and spent.
    """

    translate: ModelTranslator
    items: int
    paid: PaidJudges


@dataclass(frozen=True)
class Asked:
    """What may be asked, each where it is wanted."""

    embedder: Embedder | None = None
    judge: PaidJudge | None = None
    translator: PaidTranslator | None = None


@contextmanager
def opened(workshop: Workshop, spec: DecontaminateSpec, run: str) -> Generator[Asked]:
    """All that a section `decontaminate` wants; the ledger is open only where a teacher is asked.

    Args:
        workshop: knows the teachers.
        spec: what is wanted.
        run: whose account is charged.

    Raises:
        UnknownNameError: if there is no such teacher or embedder.
        ConfigurationError: if an embedder cannot be loaded.
        BudgetError: if a budget cannot be held.
    """
    teachers = workshop.catalogue.teachers
    if spec.judge is None and spec.translation is None and spec.embedder not in teachers:
        yield Asked(open_embedder(spec.embedder) if spec.embedder else None)
        return
    with workshop.buying(STAGE, run) as ledger:
        yield Asked(
            open_embedder(spec.embedder, teachers, ledger, run) if spec.embedder else None,
            _judge(workshop, ledger, spec.judge, run) if spec.judge else None,
            _translator(workshop, ledger, spec.translation, run) if spec.translation else None,
        )


def _judge(workshop: Workshop, ledger: Ledger, name: str, run: str) -> PaidJudge:
    paid = _paid(workshop, ledger, name, "the judge of contamination", run)
    return PaidJudge(ModelJudge(paid, name), paid)


def _translator(
    workshop: Workshop, ledger: Ledger, spec: TranslationSpec, run: str
) -> PaidTranslator:
    paid = _paid(workshop, ledger, spec.teacher, "the translator of test items", run)
    return PaidTranslator(ModelTranslator(paid, spec.teacher, spec.language), spec.items, paid)


def _paid(workshop: Workshop, ledger: Ledger, name: str, role: str, run: str) -> PaidJudges:
    teachers = workshop.catalogue.teachers
    if name not in teachers:
        raise UnknownNameError(
            f"{role[0].upper()}{role[1:]}: no teacher is called {name}. Known: "
            f"{', '.join(sorted(teachers))}. Add it to a teachers.yaml or mend the name."
        )
    payer = Payer(STAGE, run)
    check_asked(role, teachers[name], ledger.budget, payer)
    return PaidJudges(lambda: Teachers(teachers), ledger, teachers, STAGE, payer, workshop.announce)
