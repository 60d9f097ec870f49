from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Budget, Payer
from synth_assets.core.generation.failures import FailureClass
from synth_assets.errors import CatalogueError
from synth_assets.resources.batches.delivery import deferred_text
from synth_assets.resources.batches.waiting import WaitingRequest, read_waiting
from synth_assets.resources.ledger.orders import Claim, Held, Leased, OverBudget
from tests.unit.batch_provider import (
    PAYER,
    RESERVE,
    TEACHER,
    Waiting,
    defer,
    request,
)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    waiting = Waiting.at(tmp_path / "ledger.sqlite")
    yield waiting
    waiting.ledger.close()


def test_deferred_claim_is_held_and_reserved_once_however_often_it_is_made(waiting: Waiting):
    for _ in range(2):
        assert defer(waiting.ledger, [1, 2]) == [Held(in_batch=True)] * 2
    assert waiting.books.unassigned().requests == 2
    assert waiting.usd() == (0, 0, 60)


def test_deferred_claim_outlives_its_process_and_passes_to_the_next_run(
    waiting: Waiting, tmp_path: Path
):
    defer(waiting.ledger, [1])
    waiting.ledger.close()
    other = Waiting.at(tmp_path / "ledger.sqlite")
    other.ledger.reap_the_dead()
    later = Payer("sums", "run-2")
    assert defer(other.ledger, [1], later) == [Held(in_batch=True)]
    assert other.usd() == (0, 0, 30)
    assert other.ledger.account("run:run-1").reserved_usd == 0
    assert other.ledger.account("run:run-2").reserved_usd == 30
    assert other.books.assign(TEACHER, PAYER) is None
    assert other.books.assign(TEACHER, later) is not None
    other.ledger.close()


def test_live_claim_takes_over_what_no_batch_has_and_waits_for_what_one_has(waiting: Waiting):
    defer(waiting.ledger, [1])
    assert waiting.books.assign(TEACHER, PAYER) is not None
    defer(waiting.ledger, [2])
    live = [Claim(request(number), PAYER, RESERVE) for number in (1, 2)]
    assert waiting.ledger.carry_out(live) == [Held(in_batch=True), Leased()]
    assert waiting.books.unassigned().requests == 0
    assert waiting.usd() == (0, 0, 60)


def test_deferred_claim_beyond_a_cap_waits_for_nothing_and_keeps_what_has_room(tmp_path: Path):
    budget = Budget.of(Budgets(all=Cap(usd=75)), "run-1")
    waiting = Waiting.at(tmp_path / "ledger.sqlite", budget)
    outcomes = defer(waiting.ledger, range(4))
    assert outcomes[:2] == [Held(in_batch=True)] * 2
    assert [type(each) for each in outcomes[2:]] == [OverBudget] * 2
    assert all(not each.may_change for each in outcomes[2:] if isinstance(each, OverBudget))
    assert defer(waiting.ledger, [0]) == [Held(in_batch=True)]
    assert waiting.usd() == (0, 0, 60)
    batch = waiting.books.assign(TEACHER, PAYER)
    assert batch is not None
    assert (batch.requests, batch.reserved_usd) == (2, 60)
    waiting.ledger.close()


def test_assign_cuts_batches_at_the_most_requests_and_bytes(waiting: Waiting):
    defer(waiting.ledger, range(7))
    first = waiting.books.assign(TEACHER, PAYER, most_requests=3)
    assert first is not None
    line = len(next(waiting.books.lines(first, TEACHER)))
    second = waiting.books.assign(TEACHER, PAYER, most_bytes=2 * line)
    third = waiting.books.assign(TEACHER, PAYER, most_bytes=1)
    rest = waiting.books.assign(TEACHER, PAYER)
    sizes = [batch.requests for batch in (first, second, third, rest) if batch is not None]
    assert sizes == [3, 2, 1, 1]
    assert waiting.books.assign(TEACHER, PAYER) is None


def test_obsolete_requests_of_an_earlier_run_give_their_money_back(waiting: Waiting):
    later = Payer("sums", "run-2")
    defer(waiting.ledger, [1, 2])
    defer(waiting.ledger, [2, 3], later)
    assert waiting.books.drop_obsolete(later) == 1
    assert waiting.books.unassigned().requests == 2
    assert waiting.usd() == (0, 0, 60)
    assert waiting.count("SELECT count(*) FROM leases") == 2


def test_waiting_request_reads_as_it_was_written_with_what_was_tried():
    asked = WaitingRequest(request(3)).failed(FailureClass.OVERLOAD, "HTTP 503 \ud83d")
    assert read_waiting(asked.as_text()) == asked
    assert read_waiting(asked.as_text()).request.fingerprint == request(3).fingerprint


def test_deferred_text_for_a_provider_without_batches_names_the_mend():
    teacher = Teacher.model_validate({"id": "a", "model": "ollama/x", "delivery": "batch"})
    with pytest.raises(CatalogueError, match=r"Teacher a \(ollama/x\).*delivery: live"):
        deferred_text(request(1), teacher)
