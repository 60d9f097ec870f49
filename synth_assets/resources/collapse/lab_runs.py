"""Labs in a folder: run in several processes, interrupted and gone on with, drawn.

Each recursion is a file of its own that is written whole when it is done; a lab that is started
again in the same folder runs what is missing.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from synth_assets.core.collapse.lab import (
    LAB_SCHEMA,
    Chain,
    LabPlan,
    curves,
    lab_frame,
    run_chain,
)
from synth_assets.core.collapse.yard import TEXTS_COMPARED, WORDS_COMPARED
from synth_assets.core.config.collapse_lab import StudentKind
from synth_assets.core.fingerprint import fingerprint, short_id
from synth_assets.errors import ConfigurationError
from synth_assets.resources.collapse.student_kinds import students_of
from synth_assets.resources.frames import read_frame, write_bytes, write_frame

CHAINS = "chains"
RECORDS_FILE = "generations.parquet"
CURVES_FILE = "curves.parquet"
_IDENTITY_FILE = "lab.txt"


@dataclass(frozen=True)
class Lab:
    """A lab and where it stands.

    Attributes:
        folder: for all it writes.
        plan: what it compares.
        texts: real ones.
        out_of_domain: real ones of another kind.
        order: of the students' n-grams.
        student: which kind.
    """

    folder: Path
    plan: LabPlan
    texts: tuple[str, ...]
    out_of_domain: tuple[str, ...]
    order: int
    student: StudentKind = "ngram"

    @property
    def fingerprint(self) -> str:
        """Identity of all that the figures of a recursion depend on, but its arm and seed."""
        plan, looked_at = self.plan, [WORDS_COMPARED, TEXTS_COMPARED]
        drawn = [plan.rows, plan.held_out, plan.generations, self.order, self.student, *looked_at]
        return fingerprint(
            ["lab 2", *drawn, short_id([*self.texts]), short_id(list(self.out_of_domain))]
        )

    def open(self) -> tuple[Chain, ...]:
        """Make the folder, and tell which recursions are still to be run.

        Raises:
            ConfigurationError: if the folder holds another lab.
            StorageError: if it cannot be written.
        """
        identity = self.folder / _IDENTITY_FILE
        if identity.exists() and identity.read_text(encoding="utf-8") != self.fingerprint:
            raise ConfigurationError(
                f"{self.folder}: holds a lab of other texts, rows, generations or students. Name "
                "another folder with -o, or delete this one."
            )
        write_bytes(identity, self.fingerprint.encode("utf-8"))
        return tuple(chain for chain in self.plan.chains if not self._file(chain).exists())

    def run(self, missing: Sequence[Chain], workers: int | None = None) -> Iterator[Chain]:
        """Run recursions, yielding each as it is done and stored.

        Raises:
            ConfigurationError: if there are too few texts, saying how many are needed.
            StorageError: if results cannot be written.
        """
        count = min(workers or os.cpu_count() or 1, max(len(missing), 1))
        if count == 1:
            for chain in missing:
                self._store(chain, _run(self, chain))
                yield chain
            return
        # Forked processes would inherit the threads of Polars in whatever state they are.
        with ProcessPoolExecutor(count, get_context("spawn"), _receive, (self,)) as pool:
            running = {pool.submit(_run_received, chain): chain for chain in missing}
            try:
                while running:
                    done: set[Future[pl.DataFrame]]
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        chain = running.pop(future)
                        self._store(chain, future.result())
                        yield chain
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def collect(self) -> pl.DataFrame:
        """All recursions that are done, columns of `LAB_SCHEMA`; written with their curves."""
        found = [
            read_frame(self._file(chain))
            for chain in self.plan.chains
            if self._file(chain).exists()
        ]
        records = pl.concat([LAB_SCHEMA.to_frame(), *found])
        write_frame(self.folder / RECORDS_FILE, records)
        write_frame(self.folder / CURVES_FILE, curves(records))
        return records

    def _store(self, chain: Chain, found: pl.DataFrame) -> None:
        write_frame(self._file(chain), found)

    def _file(self, chain: Chain) -> Path:
        arm = chain.arm
        told = [arm.name, arm.tolerance.loss_ratio, arm.tolerance.diversity, arm.tolerance.step]
        return self.folder / CHAINS / f"{short_id(told)}-{chain.seed}.parquet"


def _run(lab: Lab, chain: Chain, *, one_thread: bool = False) -> pl.DataFrame:
    students = students_of(lab.student, lab.order, lab.texts, one_thread=one_thread)
    try:
        found = list(run_chain(chain, lab.plan, lab.texts, lab.out_of_domain, students))
    except ValueError as exc:
        raise ConfigurationError(str(exc)) from exc
    return lab_frame(chain, found)


_received: list[Lab] = []


def _receive(lab: Lab) -> None:
    """Keep the lab in a worker, so that its texts travel once."""
    _received.append(lab)


def _run_received(chain: Chain) -> pl.DataFrame:
    return _run(_received[-1], chain, one_thread=True)
