"""A provider of batches in memory, and a ledger with requests that wait for it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.generation.budget import PICO, Amount, Budget, Payer
from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.batches.books import BatchBooks
from synth_assets.resources.batches.courier import Courier
from synth_assets.resources.batches.delivery import deferred_text
from synth_assets.resources.batches.lane import Told
from synth_assets.resources.batches.states import Batch, BatchState
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.ledger.orders import Claim, Outcome
from synth_assets.resources.ledger.store import Ledger

TEACHER = Teacher.model_validate(
    {
        "id": "writer",
        "model": "openai/m",
        "delivery": "batch",
        "price": {"input_usd": 1_000_000, "output_usd": 2_000_000},
    }
)
PAYER = Payer("sums", "run-1")
PAID_USD = 3 * 1 + 5 * 2
"""What an answer costs."""

RESERVE = Amount(30 * 10**12, 40)


class KilledError(BaseException):
    """The process ends here."""


def request(number: int) -> Request:
    parameters = canonical_json({"max_tokens": 20})
    return Request("writer", "openai/m", "", (Message("user", f"{number}?"),), parameters, 0, "ask")


def defer(
    ledger: Ledger, numbers: Sequence[int], payer: Payer = PAYER, reserve: Amount = RESERVE
) -> list[Outcome]:
    claims = [
        Claim(request(number), payer, reserve, deferred_text(request(number), TEACHER))
        for number in numbers
    ]
    return ledger.carry_out(claims)


def answered_line(line: Mapping[str, Any], text: str = "yes", finish: str = "stop") -> bytes:
    choice = {"message": {"content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    body = {"choices": [choice], "usage": usage}
    told = {"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}}
    return json.dumps({**told, "error": None}).encode() + b"\n"


def failed_line(line: Mapping[str, Any], status: int, message: str = "no") -> bytes:
    response = {"status_code": status, "body": {"error": {"message": message}}}
    return json.dumps({"custom_id": line["custom_id"], "response": response}).encode() + b"\n"


def not_executed_line(line: Mapping[str, Any]) -> bytes:
    error = {"code": "batch_expired", "message": "not executed"}
    return json.dumps({"custom_id": line["custom_id"], "response": None, "error": error}).encode()


@dataclass
class FakeProvider:
    """Files and batches in memory; a lane to itself.

    Attributes:
        on_call: told of each call, before it is done (`+` before its name) and after (`-`).
        files: by id.
        made: what was submitted, by id.
    """

    on_call: Callable[[str], None] = lambda _: None
    files: dict[str, bytes] = field(default_factory=dict)
    made: dict[str, Told] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    lists: bool = True
    key: str = ""

    def lane(self, teacher: Teacher, api_base: str) -> "FakeProvider":
        return self

    def lines(self, provider_id: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[self.inputs[provider_id]].splitlines()]

    def end(
        self,
        provider_id: str,
        output: bytes = b"",
        errors: bytes = b"",
        ended: BatchState = BatchState.COMPLETED,
        said: str = "",
    ) -> None:
        """End a batch with what its files are to hold."""
        told = replace(self.made[provider_id], ended=ended, said=said, seconds=60.0)
        for name, content in (("output_file", output), ("error_file", errors)):
            if content:
                told = replace(told, **{name: self._store(content)})
        self.made[provider_id] = told

    def answer_all(self, provider_id: str, text: str = "yes") -> None:
        """Complete a batch with the same answer to all."""
        self.end(provider_id, b"".join(answered_line(x, text) for x in self.lines(provider_id)))

    async def upload(self, name: str, content: BinaryIO) -> str:
        self.on_call("+upload")
        file_id = self._store(content.read())
        self.on_call("-upload")
        return file_id

    async def submit(self, name: str, file_id: str) -> Told:
        self.on_call("+submit")
        provider_id = f"batch-{len(self.made)}"
        self.made[provider_id] = Told(provider_id, None)
        self.names[provider_id], self.inputs[provider_id] = name, file_id
        self.on_call("-submit")
        return self.made[provider_id]

    async def look(self, provider_id: str) -> Told:
        self.on_call("+look")
        told = self.made[provider_id]
        self.on_call("-look")
        return told

    async def find(self, batch: Batch) -> Told | None:
        if not self.lists:
            raise AttemptFailedError(FailureClass.UNKNOWN_MODEL, "HTTP 404")
        found = [told for name, told in self.made.items() if self.names[name] == batch.name]
        return found[0] if found else None

    async def cancel(self, provider_id: str) -> Told:
        self.end(provider_id, ended=BatchState.CANCELLED)
        return self.made[provider_id]

    async def content(self, file_id: str) -> AsyncGenerator[bytes]:
        self.on_call("+content")
        whole = self.files[file_id]
        for start in range(0, len(whole), 50):
            yield whole[start : start + 50]
        self.on_call("-content")

    def _store(self, content: bytes) -> str:
        file_id = f"file-{len(self.files)}"
        self.files[file_id] = content
        return file_id


@dataclass
class Waiting:
    """A ledger, its books, and a provider."""

    ledger: Ledger
    provider: FakeProvider = field(default_factory=FakeProvider)

    @classmethod
    def at(cls, path: Path, budget: Budget | None = None) -> "Waiting":
        return cls(Ledger(path, budget))

    @property
    def books(self) -> BatchBooks:
        return BatchBooks(self.ledger)

    def courier(self, **patience: float) -> Courier:
        return Courier(self.books, {"writer": TEACHER}, self.provider.lane, **patience)

    def count(self, query: str) -> int:
        with self.ledger.reading() as connection:
            return connection.execute(query).fetchone()[0]

    def submitted(self, count: int = 4) -> Batch:
        """A batch of the first requests that wait, with the provider."""
        defer(self.ledger, range(count))
        batch = self.books.assign(TEACHER, PAYER)
        assert batch is not None
        return asyncio.run(self.courier().submit(batch))

    def advance(self, batch: Batch) -> Batch:
        return asyncio.run(self.courier().advance(batch))

    def usd(self) -> tuple[float, float, float]:
        """Spent for certain, perhaps spent, reserved."""
        account = self.ledger.account("all")
        return account.usd_pico / PICO, account.perhaps_usd_pico / PICO, account.reserved_usd
