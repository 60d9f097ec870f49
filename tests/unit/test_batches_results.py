import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.core.schema import Reason
from synth_assets.errors import UnknownNameError
from synth_assets.resources.batches.courier import Courier
from synth_assets.resources.batches.delivery import failed_in_batches
from synth_assets.resources.batches.round_trip import poll
from synth_assets.resources.batches.states import BatchState
from synth_assets.resources.ledger.orders import GivenUp, Held
from tests.unit.batch_provider import (
    PAID_USD,
    Waiting,
    answered_line,
    defer,
    failed_line,
    not_executed_line,
    request,
)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    waiting = Waiting.at(tmp_path / "ledger.sqlite")
    yield waiting
    waiting.ledger.close()


def test_fetch_of_lines_out_of_order_stores_each_with_its_price(waiting: Waiting):
    batch = waiting.submitted()
    lines = waiting.provider.lines(batch.provider_id)
    output = b"".join(answered_line(line, f"to {line['custom_id']}") for line in reversed(lines))
    waiting.provider.end(batch.provider_id, output)
    done = waiting.advance(batch)

    assert (done.state, done.answered, done.failed, done.said) == (BatchState.FETCHED, 4, 0, "")
    for number in range(4):
        got = waiting.ledger.get(request(number).fingerprint)
        assert got is not None
        assert (got.text, got.cost_usd) == (f"to {request(number).fingerprint}", PAID_USD)
        assert (got.latency_s, got.finish_reason) == (60.0, "stop")
    entry = waiting.ledger.entry(request(0).fingerprint)
    assert entry is not None
    assert entry.recipe == "sums"
    assert '"prompt_tokens": 3' in entry.response
    assert waiting.usd() == (4 * PAID_USD, 0, 0)
    assert waiting.count("SELECT count(*) FROM leases") == 0
    assert waiting.count("SELECT count(*) FROM batch_requests") == 0


def test_fetch_of_duplicates_foreign_ids_and_garbage_stores_each_once_and_tells(waiting: Waiting):
    batch = waiting.submitted(2)
    first, second = waiting.provider.lines(batch.provider_id)
    foreign = answered_line({"custom_id": "0" * 64})
    parts = [
        answered_line(first, "one"),
        b"<html>\n",
        foreign,
        b"[1]\n\n",
        b'{"custom_id": 7}\n',
        answered_line(first, "two"),
        answered_line(second, "three"),
    ]
    errors = failed_line(first, 500)
    waiting.provider.end(batch.provider_id, b"".join(parts), errors)
    done = waiting.advance(batch)

    texts = {waiting.ledger.get(line["custom_id"]).text for line in (first, second)}  # type: ignore[union-attr]
    assert texts == {"one", "three"}
    assert (done.answered, done.failed) == (2, 0)
    assert done.said == (
        "1 lines are of requests that are not of it, and left out; 3 lines cannot be read"
    )
    assert waiting.ledger.get("0" * 64) is None
    assert waiting.usd() == (2 * PAID_USD, 0, 0)


def test_fetch_of_a_truncated_answer_keeps_it_as_it_is(waiting: Waiting):
    batch = waiting.submitted(1)
    [line] = waiting.provider.lines(batch.provider_id)
    waiting.provider.end(batch.provider_id, answered_line(line, "half", "length"))
    assert waiting.advance(batch).answered == 1
    got = waiting.ledger.get(line["custom_id"])
    assert got is not None
    assert (got.text, got.finish_reason) == ("half", "length")


def test_fetch_of_an_empty_answer_pays_asks_once_more_and_then_keeps_it(waiting: Waiting):
    batch = waiting.submitted(1)
    waiting.provider.answer_all(batch.provider_id, "")
    assert waiting.advance(batch).failed == 1
    assert waiting.usd() == (PAID_USD, 0, 30)
    again = waiting.submitted(1)
    waiting.provider.answer_all(again.provider_id, " ")
    assert waiting.advance(again).answered == 1
    assert waiting.usd() == (2 * PAID_USD, 0, 0)


def test_failed_lines_wait_for_the_next_batch_and_are_given_up_after_three(waiting: Waiting):
    for number in range(3):
        batch = waiting.submitted(1)
        [line] = waiting.provider.lines(batch.provider_id)
        waiting.provider.end(batch.provider_id, errors=failed_line(line, 503, f"busy {number}"))
        assert waiting.advance(batch).failed == 1
        assert waiting.usd() == (0, 0, 30 if number < 2 else 0)
    [told] = defer(waiting.ledger, [0])
    assert isinstance(told, GivenUp)
    failed = failed_in_batches(told.text)
    assert failed.reason == Reason.PROVIDER_ERROR
    assert failed.detail.startswith("after 3 batches: HTTP 503")
    assert "busy 2" in failed.detail
    assert waiting.count("SELECT times FROM failures WHERE failure = 'overload'") == 3

    waiting.books.forget_given_up([request(0).fingerprint])
    assert defer(waiting.ledger, [0]) == [Held(in_batch=True)]


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "maximum context length is 10 tokens", Reason.CONTEXT_OVERFLOW),
        (400, "content_filter", Reason.CONTENT_FILTERED),
        (400, "temperature is too high", Reason.PROVIDER_ERROR),
    ],
)
def test_failed_line_that_another_batch_cannot_mend_is_given_up_at_once(
    waiting: Waiting, status: int, message: str, reason: Reason
):
    batch = waiting.submitted(1)
    [line] = waiting.provider.lines(batch.provider_id)
    waiting.provider.end(batch.provider_id, errors=failed_line(line, status, message))
    waiting.advance(batch)
    [told] = defer(waiting.ledger, [0])
    assert isinstance(told, GivenUp)
    assert failed_in_batches(told.text).reason == reason


def test_expired_batch_keeps_its_answers_and_the_rest_waits_for_the_next(waiting: Waiting):
    batch = waiting.submitted(3)
    first, *rest = waiting.provider.lines(batch.provider_id)
    errors = b"\n".join(not_executed_line(line) for line in rest)
    waiting.provider.end(batch.provider_id, answered_line(first), errors, ended=BatchState.EXPIRED)
    done = waiting.advance(batch)
    assert (done.state, done.answered, done.failed) == (BatchState.FETCHED, 1, 2)
    assert done.said == "expired"
    assert waiting.books.unassigned().requests == 2
    assert waiting.usd() == (PAID_USD, 0, 60)

    again = waiting.submitted(3)
    assert again.requests == 2
    waiting.provider.answer_all(again.provider_id)
    waiting.advance(again)
    assert waiting.usd() == (3 * PAID_USD, 0, 0)


def test_batch_refused_at_validation_puts_every_request_back(waiting: Waiting):
    batch = waiting.submitted(3)
    said = "token_limit_exceeded: Enqueued token limit reached"
    waiting.provider.end(batch.provider_id, ended=BatchState.FAILED, said=said)
    done = waiting.advance(batch)
    assert (done.state, done.answered, done.failed) == (BatchState.FETCHED, 0, 3)
    assert done.said == f"failed; {said}"
    assert waiting.books.unassigned().requests == 3
    assert waiting.count("SELECT count(*) FROM failures WHERE failure = 'rate_limit'") == 3


def test_completed_batch_without_a_line_of_a_request_counts_it_as_perhaps_paid(waiting: Waiting):
    batch = waiting.submitted(2)
    first, _ = waiting.provider.lines(batch.provider_id)
    waiting.provider.end(batch.provider_id, answered_line(first))
    done = waiting.advance(batch)
    assert (done.answered, done.failed) == (1, 1)
    assert waiting.usd() == (PAID_USD, 30, 30)


def test_cancelled_batch_keeps_its_answers_and_gives_the_rest_back(waiting: Waiting):
    batch = waiting.submitted(2)
    first, _ = waiting.provider.lines(batch.provider_id)
    done = asyncio.run(waiting.courier().cancel(batch))
    assert (done.state, done.said) == (BatchState.WITHDRAWN, "cancelled")
    assert waiting.ledger.get(first["custom_id"]) is None
    assert waiting.usd() == (0, 0, 0)
    assert waiting.books.unassigned().requests == 0


def test_batch_of_a_teacher_that_is_gone_is_told_and_stays_open(waiting: Waiting):
    batch = waiting.submitted(1)
    with pytest.raises(UnknownNameError, match=r"teacher writer.*Put its entry back"):
        asyncio.run(Courier(waiting.books, {}, waiting.provider.lane).advance(batch))
    polled = asyncio.run(poll(Courier(waiting.books, {}, waiting.provider.lane)))
    assert list(polled.failures) == [batch.name]
    assert polled.batches[batch.name].is_open
