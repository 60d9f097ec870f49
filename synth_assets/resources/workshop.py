"""What assets and commands work with: the places, the catalogue, and the ways out."""

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Budget, Payer
from synth_assets.core.verify.asking import askers_among
from synth_assets.core.verify.protocol import Verifier
from synth_assets.core.verify.tools import Tools
from synth_assets.errors import UnknownNameError
from synth_assets.resources.algebra.process import SymbolicAlgebra
from synth_assets.resources.catalogue import Catalogue, load_catalogue
from synth_assets.resources.dashboards.workspace import DashboardWorkspace
from synth_assets.resources.generation.engine import Progress
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.generation.funds import check_judges
from synth_assets.resources.generation.judges import PaidJudges
from synth_assets.resources.generation.workers import Workers
from synth_assets.resources.home import Home
from synth_assets.resources.ledger.salvage import open_ledger
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.lineage.database import LineageDatabase
from synth_assets.resources.procedural.process import ReasoningGym
from synth_assets.resources.recipe_folder import ImportedModels
from synth_assets.resources.sandbox.runner import Sandbox
from synth_assets.resources.settings import Settings
from synth_assets.resources.solver.process import PuzzleSolver
from synth_assets.resources.sources.inputs import KEPT_SOURCES
from synth_assets.resources.sources.real_rows import SourceRows
from synth_assets.resources.teachers import Teachers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROOT = Path(__file__).parents[2]
_PACKAGED = Path(__file__).parents[1] / "_project"


def project_file(name: str) -> Path:
    """A file or folder that stands at the top of a checkout, or inside an installed copy."""
    inside = _PACKAGED / name
    return inside if inside.exists() else _ROOT / name


@dataclass(frozen=True)
class Verifying:
    """What verifiers may use.

    Attributes:
        tools: all of it.
        judges: those that are asked, to judge samples or to score texts, if any are.
    """

    tools: Tools
    judges: PaidJudges | None = None


@dataclass(frozen=True)
class Workshop:
    """Everything an asset body reaches beyond its inputs.

    Attributes:
        settings: what the environment says.
        announce: where progress goes besides the log; silent by default.
        run: id of the run whose account is charged; Dagster's own by default.
        run_cap: the most this run may spend, over what `budgets.yaml` says of runs.
        at_hand: the catalogue, where it was just read.
    """

    settings: Settings
    announce: Callable[[str], None] = lambda _: None
    run: str = ""
    run_cap: Cap | None = None
    at_hand: Catalogue | None = None

    @cached_property
    def home(self) -> Home:
        """Where things lie."""
        return Home(self.settings.home)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Recipes, teachers, mixtures and sources, as they are now."""
        if self.at_hand is not None:
            return self.at_hand
        return load_catalogue(
            self.settings.recipe_folders,
            lent=self.settings.lent_folders,
            teacher_override=self.settings.teacher,
        )

    def recipe_at(self, key: str) -> Recipe:
        """The live recipe of a partition key.

        Raises:
            UnknownNameError: if the recipe changed or went away since the key was made.
        """
        for recipe in self.catalogue.recipes:
            if recipe.key == key:
                return recipe
        raise UnknownNameError(_superseded("recipe", key, [r.key for r in self.catalogue.recipes]))

    def mixture_at(self, key: str) -> Mixture:
        """The live mixture of a partition key.

        Raises:
            UnknownNameError: if the mixture changed or went away since the key was made.
        """
        mixtures = self.catalogue.mixtures.values()
        for mixture in mixtures:
            if mixture.key == key:
                return mixture
        raise UnknownNameError(_superseded("mixture", key, [m.key for m in mixtures]))

    @contextmanager
    def ledger(self) -> Generator[Ledger]:
        """The ledger, closed afterwards; a damaged one is repaired first, which is told."""
        ledger = open_ledger(self.home.ledger, tell=self._warn)
        try:
            yield ledger
        finally:
            ledger.close()

    def budget(self, run: str) -> Budget:
        """The caps that a run's purchases are held against."""
        budgets = self.catalogue.budgets
        if self.run_cap is not None:
            budgets = Budgets(run=self.run_cap).over(budgets)
        return Budget.of(budgets, run)

    @contextmanager
    def buying(self, recipe_key: str, run: str) -> Generator[Ledger]:
        """The ledger with the run's budget, while no other process fills the same recipe version.

        Two would write the same parts; a second one waits, and then finds everything bought.
        """
        self.home.locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.home.locks / f"{recipe_key}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self.announce(f"{recipe_key}: another process is at it; waiting for what it buys")
            lock.acquire()
        try:
            ledger = open_ledger(self.home.ledger, self.budget(run), self._warn)
            try:
                yield ledger
            finally:
                ledger.close()
        finally:
            lock.release()

    def _warn(self, line: str) -> None:
        """Say what must not pass silently, wherever progress goes."""
        sys.stderr.write(f"{line}\n")
        self.announce(line)

    def filler(
        self, recipe_key: str, ledger: Ledger, run: str, on_progress: Callable[[Progress], None]
    ) -> Filler:
        """What fills a recipe version with the catalogue's teachers."""
        folder = self.home.generating / recipe_key
        workers = Workers(self.settings.workers, self._warn)
        recipe = self.recipe_at(recipe_key)
        return Filler(
            lambda: self.teachers,
            ledger,
            folder,
            run,
            on_progress,
            self.announce,
            workers,
            self.tools,
            self._judges(recipe.teachers, recipe_key, ledger, Payer(recipe.id, run))
            if askers_among(recipe.spec.verifiers)
            else None,
        )

    @contextmanager
    def verifying(self, recipe: Recipe, run: str) -> Generator[Verifying]:
        """What the verifiers of a recipe may use; where they ask judges, the ledger with it.

        Raises:
            BudgetError: if a budget cannot be held.
        """
        with self.judging(
            recipe.spec.verifiers, recipe.teachers, recipe.label, recipe.key, Payer(recipe.id, run)
        ) as using:
            yield using

    @contextmanager
    def judging(
        self,
        verifiers: Sequence[Verifier],
        teachers: Mapping[str, Teacher],
        label: str,
        key: str,
        payer: Payer,
    ) -> Generator[Verifying]:
        """What verifiers may use, wherever they are written; see `verifying`.

        Args:
            verifiers: those that will run.
            teachers: id -> entry of all that they may ask.
            label: where they are written, as messages call it.
            key: whose lock is held while judges are asked.
            payer: whose accounts are charged.

        Raises:
            UnknownNameError: if one of those asked is none of the teachers.
            BudgetError: if a budget cannot be held.
        """
        askers = askers_among(verifiers)
        if not askers:
            yield Verifying(self.tools)
            return
        if unknown := {name for asker in askers for name in asker.teachers} - set(teachers):
            raise UnknownNameError(
                f"{label}: no teacher is called {', '.join(sorted(unknown))}. Known: "
                f"{', '.join(sorted(teachers))}. Add it to a teachers.yaml or mend the name."
            )
        with self.buying(key, payer.run) as ledger:
            check_judges(verifiers, teachers, label, ledger.budget, payer)
            paid = self._judges(teachers, key, ledger, payer)
            yield Verifying(replace(self.tools, judges=paid), paid)

    def _judges(
        self, teachers: Mapping[str, Teacher], key: str, ledger: Ledger, payer: Payer
    ) -> PaidJudges:
        return PaidJudges(lambda: Teachers(teachers), ledger, teachers, key, payer, self._warn)

    @cached_property
    def tools(self) -> Tools:
        """What verifiers may use of the outside world; nothing is started before it is needed."""
        return Tools(
            programs=Sandbox(unsafe=self.settings.unsafe_execution),
            algebra=SymbolicAlgebra(),
            solver=PuzzleSolver(),
            procedural=ReasoningGym(),
            real=SourceRows(lambda: self.catalogue, self.home.root / KEPT_SOURCES),
            models=ImportedModels(),
        )

    @property
    def lineage(self) -> LineageDatabase:
        """The lineage database; written through `dagster_duckdb`."""
        return LineageDatabase(self.home.root, project_file("sql"), connect=_open_duckdb)

    @property
    def dashboards(self) -> DashboardWorkspace:
        """The dashboards' workspace."""
        return DashboardWorkspace(self.home.dashboards, self.settings.dashboard_url)

    @property
    def teachers(self) -> Teachers:
        """The catalogue's teachers."""
        return Teachers(self.catalogue.teachers)


def _open_duckdb(path: Path) -> "AbstractContextManager[DuckDBPyConnection]":
    from dagster_duckdb import DuckDBResource

    return DuckDBResource(database=str(path)).get_connection()


def _superseded(kind: str, key: str, live: list[str]) -> str:
    return (
        f"No {kind} has the version {key} any more. Live: {', '.join(sorted(live)) or 'none'}. "
        "Materialize the live partition, or undo the edit to get this one back."
    )
