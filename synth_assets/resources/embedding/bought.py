"""Vectors from an embedding model of the teacher catalogue: bought once, and kept in the ledger."""

import asyncio
from collections.abc import Sequence

import numpy as np

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.embedding.protocol import Distinct, Progress, Vectors, unit_rows
from synth_assets.core.fingerprint import canonical_json, short_id
from synth_assets.core.generation.budget import Payer
from synth_assets.core.schema import Reason
from synth_assets.errors import BudgetError, TeacherError
from synth_assets.resources.embedding.calls import EmbeddingCalls
from synth_assets.resources.generation.interruption import run_until_interrupted
from synth_assets.resources.generation.shop import Shop
from synth_assets.resources.lanes.embeddings import from_line
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.prices import price_of
from synth_assets.resources.teachers import CallFailedError

ROLE = "embedded"
"""The role of a text that is embedded, in a request of the ledger."""

STEP = "embed"

_AT_ONCE = 2_048
_CHARACTERS_A_TOKEN = 3
_FEWEST_CHARACTERS = 200


class TeacherEmbedder:
    """An `Embedder`: a teacher that has an endpoint for embeddings.

    Each text is a request of the ledger: claimed, held against the budget, paid, kept, and never
    bought again while teacher, model, checkpoint and parameters stay. A text longer than the
    teacher's `context_limit` (taken as three characters a token), or that the model refuses as too
    long, is embedded by its beginning.

    Args:
        teacher: the catalogue's entry.
        ledger: what was bought before; its budget is held.
        run: id of the run whose account is charged.

    Raises:
        BudgetError: if a budget in US dollars is to be held and nobody knows the price.
    """

    def __init__(self, teacher: Teacher, ledger: Ledger, run: str = "") -> None:
        # The limit is of one text, but calls carry many; vectors come at once or not at all.
        self._teacher = teacher.model_copy(
            update={"context_limit": None, "delivery": "live", "fallbacks": ()}
        )
        self._most_characters = (teacher.context_limit or 0) * _CHARACTERS_A_TOKEN
        self._ledger = ledger
        self._payer = Payer(run=run)
        self._parameters = canonical_json(teacher.parameters)
        told = teacher.parameters.get("dimensions")
        self._dimensions = told if type(told) is int else 0
        caps = ledger.budget.concerning(self._payer, teacher.id)
        if any(cap.usd is not None for cap in caps) and price_of(self._teacher) is None:
            raise BudgetError(
                f"Teacher {teacher.id} ({teacher.model}) has no known price, and a budget in USD "
                "is to be held. Add to its entry in teachers.yaml, in USD per million tokens:\n"
                "    price: {input_usd: 0.02, output_usd: 0}"
            )

    @property
    def name(self) -> str:
        """The teacher by what makes its vectors."""
        teacher = self._teacher
        made_by = [teacher.model, teacher.checkpoint, self._parameters, self._most_characters]
        return f"{teacher.id}@{short_id(made_by)[:12]}"

    @property
    def dimensions(self) -> int:
        """Length of a row: the parameter `dimensions`, or what the first vector has."""
        return self._dimensions

    @property
    def looks_at_others(self) -> bool:
        """No."""
        return False

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """See `Embedder`. Progress is told of texts that differ.

        Raises:
            TeacherError: if the teacher cannot be used, or no cap has room; what was bought is
                kept.
            LedgerError: if the ledger cannot be written.
            KeyboardInterrupt: at SIGINT or SIGTERM; what came is kept.
        """
        distinct = Distinct.of(texts)
        if not distinct.texts:
            return np.zeros((len(texts), self._dimensions), np.float32)
        return distinct.spread(run_until_interrupted(self._bought(distinct.texts, on_progress)))

    async def _bought(self, texts: Sequence[str], on_progress: Progress | None) -> Vectors:
        calls, teachers = EmbeddingCalls(self._teacher), {self._teacher.id: self._teacher}
        shop = Shop(calls, self._ledger, teachers, self._payer)
        rows: list[Vectors | None] = [None] * len(texts)
        left = iter(range(len(texts)))
        done = 0

        async def work() -> None:
            nonlocal done
            for number in left:
                rows[number] = await self._vector(shop, texts[number])
                done += 1
                if on_progress:
                    on_progress(done, len(texts))

        workers = {asyncio.create_task(work()) for _ in range(min(_AT_ONCE, len(texts)))}
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            for worker in workers:
                if worker.done():
                    worker.result()
        except CallFailedError as exc:
            raise self._given_up(exc, done, len(texts)) from None
        finally:
            await shop.close(workers)
        return unit_rows(self._stacked([row for row in rows if row is not None]))

    async def _vector(self, shop: Shop, text: str) -> Vectors:
        text = text[: self._most_characters or None]
        while True:
            try:
                return from_line((await shop.buy(self._request(text))).text)
            except CallFailedError as exc:
                too_long = exc.reason is Reason.CONTEXT_OVERFLOW
                if not too_long or len(text) < _FEWEST_CHARACTERS:
                    raise
                text = text[: len(text) // 2]

    def _request(self, text: str) -> Request:
        teacher = self._teacher
        return Request(
            teacher=teacher.id,
            model=teacher.model,
            checkpoint=teacher.checkpoint,
            messages=(Message(ROLE, text),),
            parameters=self._parameters,
            sample_index=0,
            step=STEP,
        )

    def _stacked(self, rows: Sequence[Vectors]) -> Vectors:
        lengths = sorted({len(row) for row in rows})
        if len(lengths) > 1:
            raise TeacherError(
                f"Teacher {self._teacher.id} ({self._teacher.model}) gave vectors of lengths "
                f"{', '.join(map(str, lengths))}: the model behind it changed. Declare another "
                "checkpoint in teachers.yaml, and all are embedded anew."
            )
        self._dimensions = lengths[0]
        return np.stack(rows)

    def _given_up(self, exc: CallFailedError, done: int, texts: int) -> TeacherError:
        teacher = self._teacher
        mend = "Mend its entry in teachers.yaml or the text"
        if exc.reason is Reason.BUDGET_REACHED:
            mend = "Raise the cap in budgets.yaml"
        return TeacherError(
            f"Teacher {teacher.id} ({teacher.model}) embedded {done:,} of {texts:,} texts; then: "
            f"{exc.detail}\n{mend}, then run again: what was bought is kept."
        )
