import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.core.generation.failures import FailureClass
from synth_assets.resources.batches.books import BatchBooks
from synth_assets.resources.batches.round_trip import poll
from synth_assets.resources.batches.states import Batch, BatchState
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.ledger.store import Ledger
from tests.unit.batch_provider import (
    PAID_USD,
    PAYER,
    TEACHER,
    KilledError,
    Waiting,
    answered_line,
    defer,
    failed_line,
)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    waiting = Waiting.at(tmp_path / "ledger.sqlite")
    yield waiting
    waiting.ledger.close()


POINTS = ["+upload", "-upload", "+submit", "-submit", "+look", "-look", "+content", "-content"]


@pytest.mark.parametrize("point", POINTS)
def test_kill_at_any_call_loses_nothing_and_submits_nothing_twice(tmp_path: Path, point: str):
    path = tmp_path / "ledger.sqlite"
    waiting = Waiting.at(path)
    defer(waiting.ledger, range(3))
    batch = waiting.books.assign(TEACHER, PAYER)
    assert batch is not None

    def die(call: str) -> None:
        if call == point:
            raise KilledError

    waiting.provider.on_call = die
    with pytest.raises(KilledError):
        _go_on(waiting, batch, patience_s=0)
    waiting.ledger.close()

    again = Waiting(Ledger(path), waiting.provider)
    again.provider.on_call = lambda _: None
    after = again.books.named(batch.name)
    assert after is not None
    done = _go_on(again, after, patience_s=0)
    assert (done.state, done.answered, done.failed) == (BatchState.FETCHED, 3, 0)
    assert len(again.provider.made) == 1
    assert again.usd() == (3 * PAID_USD, 0, 0)
    again.ledger.close()


def _go_on(waiting: Waiting, batch: Batch, patience_s: float) -> Batch:
    courier = waiting.courier(listed_after_s=patience_s)
    for _ in range(4):
        batch = asyncio.run(courier.advance(batch))
        for provider_id, told in list(waiting.provider.made.items()):
            if told.ended is None:
                waiting.provider.answer_all(provider_id)
    return batch


def test_kill_between_two_parts_of_a_file_stores_and_charges_each_answer_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("synth_assets.resources.batches.courier._LINES_AT_ONCE", 2)
    path = tmp_path / "ledger.sqlite"
    waiting = Waiting.at(path)
    batch = waiting.submitted(5)
    first, *rest = waiting.provider.lines(batch.provider_id)
    output = b"".join(map(answered_line, rest))
    waiting.provider.end(batch.provider_id, output, failed_line(first, 503))
    take, taken = BatchBooks.take, []

    def dying(books: BatchBooks, *arguments: object) -> object:
        taken.append(take(books, *arguments))  # type: ignore[arg-type]
        if len(taken) in (1, 4):
            raise KilledError
        return taken[-1]

    monkeypatch.setattr(BatchBooks, "take", dying)
    for _ in range(2):
        with pytest.raises(KilledError):
            waiting.advance(batch)
        batch = waiting.books.named(batch.name)  # type: ignore[assignment]
        assert batch.state == BatchState.COMPLETED
    done = waiting.advance(batch)
    assert (done.state, done.answered, done.failed) == (BatchState.FETCHED, 4, 1)
    assert done.said == ""
    assert waiting.usd() == (4 * PAID_USD, 0, 30)
    waiting.ledger.close()


def test_submission_in_doubt_waits_for_the_list_before_it_is_repeated(waiting: Waiting):
    def die(call: str) -> None:
        if call == "+submit":
            raise KilledError

    defer(waiting.ledger, [1])
    batch = waiting.books.assign(TEACHER, PAYER)
    assert batch is not None
    waiting.provider.on_call = die
    with pytest.raises(KilledError):
        asyncio.run(waiting.courier().submit(batch))
    waiting.provider.on_call = lambda _: None
    doubted = waiting.books.named(batch.name)
    assert doubted is not None
    still = asyncio.run(waiting.courier(listed_after_s=3_600).advance(doubted))
    assert still.state == BatchState.SUBMITTING
    assert "submitted again" in still.said
    assert waiting.provider.made == {}
    waiting.provider.lists = False
    unlisted = waiting.courier(listed_after_s=0, unlisted_after_s=3_600)
    assert asyncio.run(unlisted.advance(still)).state == BatchState.SUBMITTING
    late = waiting.courier(unlisted_after_s=0)
    assert asyncio.run(late.advance(still)).state == BatchState.SUBMITTED
    assert len(waiting.provider.made) == 1


def test_submission_whose_answer_is_lost_is_found_and_adopted(waiting: Waiting):
    def lose(call: str) -> None:
        if call == "-submit":
            raise AttemptFailedError(FailureClass.CUT_CONNECTION, "cut")

    waiting.provider.on_call = lose
    batch = waiting.submitted(2)
    assert (batch.state, batch.provider_id) == (BatchState.SUBMITTED, "batch-0")
    assert len(waiting.provider.made) == 1


def test_submission_that_is_refused_can_be_repeated_at_once(waiting: Waiting):
    def refuse(call: str) -> None:
        if call == "+submit":
            raise AttemptFailedError(FailureClass.RATE_LIMIT, "HTTP 429")

    defer(waiting.ledger, [1])
    batch = waiting.books.assign(TEACHER, PAYER)
    assert batch is not None
    waiting.provider.on_call = refuse
    with pytest.raises(AttemptFailedError, match="429"):
        asyncio.run(waiting.courier().submit(batch))
    kept = waiting.books.named(batch.name)
    assert kept is not None
    assert (kept.state, kept.said) == (BatchState.UPLOADED, "HTTP 429")
    waiting.provider.on_call = lambda _: None
    assert asyncio.run(waiting.courier().advance(kept)).state == BatchState.SUBMITTED


def test_two_who_poll_at_once_fetch_once_and_the_second_is_told(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    waiting = Waiting.at(path)
    batch = waiting.submitted(3)
    waiting.provider.answer_all(batch.provider_id)
    calls: list[str] = []
    waiting.provider.on_call = calls.append
    other = Waiting(Ledger(path), waiting.provider)

    async def both() -> list[bool]:
        polls = await asyncio.gather(poll(waiting.courier()), poll(other.courier()))
        return sorted(each.busy for each in polls)

    assert asyncio.run(both()) == [False, True]
    assert calls.count("+content") == 1
    assert waiting.usd() == (3 * PAID_USD, 0, 0)
    other.ledger.close()
    waiting.ledger.close()


def test_one_batch_that_fails_holds_up_no_other(waiting: Waiting):
    first = waiting.submitted(2)
    defer(waiting.ledger, [5, 6])
    second = waiting.books.assign(TEACHER, PAYER)
    assert second is not None
    second = asyncio.run(waiting.courier().submit(second))
    waiting.provider.answer_all(second.provider_id)
    del waiting.provider.made[first.provider_id]

    class Refusing(type(waiting.provider)):  # type: ignore[misc]
        async def look(self, provider_id: str) -> object:
            if provider_id == first.provider_id:
                raise AttemptFailedError(FailureClass.UNKNOWN_MODEL, "HTTP 404: gone")
            return await super().look(provider_id)

    waiting.provider.__class__ = Refusing
    polled = asyncio.run(poll(waiting.courier()))
    assert polled.failures == {first.name: "HTTP 404: gone"}
    assert [batch.name for batch in polled.closed] == [second.name]
    assert polled.batches[first.name].said == "HTTP 404: gone"
