"""Files and batches of the test server, asked through LiteLLM as the engine asks them."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from typing import Any

import openai
import pytest

from synth_assets.resources.lanes.through_litellm import load_litellm
from tests.integration.chat_process import chat_process
from tests.integration.chat_server import (
    BatchPlan,
    ChatServer,
    Fault,
    Price,
    PriceList,
    Rules,
    body_key,
    chat_server,
    echo_answer,
)

ENDPOINT = "/v1/chat/completions"
PRICES = PriceList(Price(1_000_000, 0))


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(echo_answer, prices=PRICES) as server:
        yield server


def _body(number: int, model: str = "m") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": f"prompt {number}"}]}


def _line(number: int, **other: object) -> dict[str, Any]:
    asked = {"method": "POST", "url": ENDPOINT, "body": _body(number)}
    return {"custom_id": f"row-{number}", **asked, **other}


def _jsonl(lines: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


class _Client:
    """LiteLLM's files and batches at one server."""

    def __init__(self, base_url: str) -> None:
        self._at = {
            "custom_llm_provider": "openai",
            "api_base": base_url,
            "api_key": "k",
            "max_retries": 0,
        }
        self._litellm = load_litellm()

    async def upload(self, content: bytes) -> Any:
        file = ("in.jsonl", content)
        return await self._litellm.acreate_file(file=file, purpose="batch", **self._at)

    async def submit(self, content: bytes, **metadata: str) -> Any:
        file = await self.upload(content)
        return await self._litellm.acreate_batch(
            completion_window="24h",
            endpoint=ENDPOINT,
            input_file_id=file.id,
            metadata=metadata,
            **self._at,
        )

    async def poll(self, batch_id: str) -> Any:
        return await self._litellm.aretrieve_batch(batch_id=batch_id, **self._at)

    async def cancel(self, batch_id: str) -> Any:
        return await self._litellm.acancel_batch(batch_id=batch_id, **self._at)

    async def listed(self, **page: object) -> Any:
        return await self._litellm.alist_batches(**page, **self._at)

    async def told(self, file_id: str) -> Any:
        return await self._litellm.afile_retrieve(file_id=file_id, **self._at)

    async def rows(self, file_id: str | None) -> list[dict[str, Any]]:
        if file_id is None:
            return []
        got = await self._litellm.afile_content(file_id=file_id, **self._at)
        return [json.loads(line) for line in got.content.splitlines()]


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def _counts(batch: Any) -> tuple[int, int, int]:
    counts = batch.request_counts
    return counts.total, counts.completed, counts.failed


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["custom_id"] for row in rows]


def test_batch_that_completes_gives_every_answer_once_at_half_the_price(server: ChatServer):
    async def work() -> None:
        client = _Client(server.base_url)
        content = _jsonl([_line(number) for number in range(60)])
        made = await client.submit(content, recipe="sums", order="7")
        file = await client.told(made.input_file_id)
        assert (made.status, file.bytes, file.purpose) == ("validating", len(content), "batch")
        waiting = await client.poll(made.id)
        assert (waiting.status, _counts(waiting)) == ("in_progress", (60, 0, 0))
        assert server.paid.total() == 0

        server.batches.complete(made.id)
        done = await client.poll(made.id)
        assert (done.status, _counts(done)) == ("completed", (60, 60, 0))
        assert done.metadata == {"recipe": "sums", "order": "7"}
        assert done.error_file_id is None
        rows = await client.rows(done.output_file_id)
        assert _ids(rows) == [f"row-{number}" for number in range(60)]
        said = [r["response"]["body"]["choices"][0]["message"]["content"] for r in rows]
        assert said == [echo_answer(_body(number)) for number in range(60)]
        assert {row["response"]["status_code"] for row in rows} == {200}

    _run(work())
    assert server.paid == {body_key(_body(number)): 1 for number in range(60)}
    assert server.usd == pytest.approx(60 * 2 / 2)
    assert server.asked == 0, "of chat requests there were none"


def test_batch_with_failing_requests_out_of_order_writes_both_files(server: ChatServer):
    server.batches.plan = BatchPlan(failing={"row-2": 500, "row-5": 429}, shuffle_seed=1)
    server.rules = Rules(forbidden="prompt 7")

    async def work() -> None:
        client = _Client(server.base_url)
        made = await client.submit(_jsonl([_line(number) for number in range(10)]))
        server.batches.complete(made.id)
        done = await client.poll(made.id)
        assert (done.status, _counts(done)) == ("completed", (10, 7, 3))
        output = _ids(await client.rows(done.output_file_id))
        assert sorted(output) == [f"row-{number}" for number in (0, 1, 3, 4, 6, 8, 9)]
        assert output != sorted(output)
        failed = await client.rows(done.error_file_id)
        told = {row["custom_id"]: row["response"]["status_code"] for row in failed}
        assert told == {"row-2": 500, "row-5": 429, "row-7": 400}
        [filtered] = [row for row in failed if row["custom_id"] == "row-7"]
        assert filtered["response"]["body"]["error"]["code"] == "content_filter"

    _run(work())
    assert server.paid.total() == 7


def test_batch_that_expires_keeps_what_was_answered(server: ChatServer):
    server.batches.plan = BatchPlan(after_s=0.05, expires_after=4)

    async def work() -> None:
        client = _Client(server.base_url)
        made = await client.submit(_jsonl([_line(number) for number in range(10)]))
        while (done := await client.poll(made.id)).status in ("validating", "in_progress"):
            await asyncio.sleep(0.02)
        assert (done.status, _counts(done)) == ("expired", (10, 4, 6))
        assert done.expired_at is not None
        assert _ids(await client.rows(done.output_file_id)) == [f"row-{n}" for n in range(4)]
        left = await client.rows(done.error_file_id)
        assert _ids(left) == [f"row-{number}" for number in range(4, 10)]
        assert {row["error"]["code"] for row in left} == {"batch_expired"}
        assert {row["response"] for row in left} == {None}

    _run(work())
    assert server.paid.total() == 4


def test_batch_cancelled_half_way_keeps_what_was_answered(server: ChatServer):
    async def work() -> None:
        client = _Client(server.base_url)
        made = await client.submit(_jsonl([_line(number) for number in range(6)]))
        server.batches.answer(made.id, 2)
        assert _counts(await client.poll(made.id)) == (6, 2, 0)
        assert (await client.cancel(made.id)).status == "cancelling"
        done = await client.poll(made.id)
        assert (done.status, _counts(done)) == ("cancelled", (6, 2, 4))
        assert _ids(await client.rows(done.output_file_id)) == ["row-0", "row-1"]
        left = await client.rows(done.error_file_id)
        assert {row["error"]["code"] for row in left} == {"batch_cancelled"}
        server.batches.complete(made.id)
        assert (await client.poll(made.id)).status == "cancelled"
        with pytest.raises(
            openai.OpenAIError, match="Cannot cancel a batch with status 'cancelled'"
        ):
            await client.cancel(made.id)

    _run(work())
    assert server.paid.total() == 2


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        (b"", "empty_file", None),
        (_jsonl([_line(0)]) + b"{nothing\n", "invalid_json_line", 2),
        (_jsonl([_line(0), _line(0)]), "duplicate_custom_id", 2),
        (_jsonl([_line(0), _line(1, body=_body(1, "other"))]), "mismatched_model", 2),
        (_jsonl([_line(0, url="/v1/embeddings")]), "invalid_url", 1),
        (_jsonl([_line(0, body={"model": "m", "messages": []})]), "invalid_request", 1),
        (_jsonl([_line(number) for number in range(4)]), "too_many_requests", None),
    ],
)
def test_batch_of_an_input_that_is_none_fails_validation(
    server: ChatServer, lines: bytes, code: str, number: int | None
):
    server.batches.plan = BatchPlan(after_s=0.0, most_requests=3)

    async def work() -> None:
        client = _Client(server.base_url)
        made = await client.submit(lines)
        done = await client.poll(made.id)
        assert done.status == "failed"
        assert [(error.code, error.line) for error in done.errors.data] == [(code, number)]
        assert (done.output_file_id, done.error_file_id) == (None, None)

    _run(work())
    assert server.paid.total() == 0


def test_batch_that_the_plan_calls_invalid_fails_validation(server: ChatServer):
    server.batches.plan = BatchPlan(invalid="token_limit_exceeded")

    async def work() -> None:
        client = _Client(server.base_url)
        made = await client.submit(_jsonl([_line(0)]))
        done = await client.poll(made.id)
        assert (done.status, done.errors.data[0].code) == ("failed", "token_limit_exceeded")

    _run(work())


def test_batch_whose_acknowledgement_is_lost_is_found_in_the_list(server: ChatServer):
    async def work() -> None:
        client = _Client(server.base_url)
        first = await client.submit(_jsonl([_line(0)]), order="1")
        server.batches.losing = 1
        with pytest.raises(openai.OpenAIError, match="Connection"):
            await client.submit(_jsonl([_line(1)]), order="2")
        last = await client.submit(_jsonl([_line(2)]), order="3")

        page = await client.listed(limit=2)
        assert [batch.metadata["order"] for batch in page.data] == ["3", "2"]
        assert (page.data[0].id, page.has_more) == (last.id, True)
        rest = await client.listed(limit=2, after=page.data[-1].id)
        assert [batch.id for batch in rest.data] == [first.id]
        assert not rest.has_more

    _run(work())


def test_batch_endpoint_with_a_fault_does_nothing_and_then_works(server: ChatServer):
    server.batches.faults += [Fault(503)]

    async def work() -> None:
        client = _Client(server.base_url)
        with pytest.raises(openai.OpenAIError, match="scripted 503"):
            await client.upload(b"x")
        assert server.batches.files.stored == {}
        made = await client.submit(_jsonl([_line(0)]))
        server.batches.faults += [Fault(429, headers={"Retry-After": "1"})]
        with pytest.raises(openai.OpenAIError, match="scripted 429"):
            await client.poll(made.id)
        server.batches.expire(made.id)
        assert (await client.poll(made.id)).status == "expired"

    _run(work())


def test_batch_at_a_server_that_wants_another_key_is_refused(server: ChatServer):
    server.rules = Rules(api_key="another")

    async def work() -> None:
        with pytest.raises(openai.OpenAIError, match="Incorrect API key"):
            await _Client(server.base_url).upload(b"x")

    _run(work())
    assert server.batches.files.stored == {}


def test_batch_in_a_process_of_its_own_completes_by_itself():
    async def work(base_url: str) -> None:
        client = _Client(base_url)
        made = await client.submit(_jsonl([_line(number) for number in range(2_000)]))
        while (done := await client.poll(made.id)).status in ("validating", "in_progress"):
            await asyncio.sleep(0.05)
        rows = await client.rows(done.output_file_id)
        assert _ids(rows) == [f"row-{number}" for number in range(2_000)]

    plan = BatchPlan(after_s=0.1)
    with chat_process("echo", prices=PRICES, batch_plan=plan) as process:
        _run(work(process.base_url))
        stats = process.stats()

    assert (stats.asked, stats.served, stats.paid_twice) == (0, 2_000, 0)
    assert stats.usd == pytest.approx(2_000 * 2 / 2)
