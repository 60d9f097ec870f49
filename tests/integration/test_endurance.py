"""Kills at random moments, and four processes on one ledger, by the server's own count."""

from pathlib import Path

import pytest

from tests.integration.chat_process import chat_process
from tests.integration.chat_server import FaultMix, PriceList, Rules
from tests.integration.chat_server import Price as ServerPrice
from tests.integration.endurance import PRICE, four_at_once, kill_again_and_again

PRICES = PriceList(other=ServerPrice(PRICE.input_usd, PRICE.output_usd))


def test_generation_killed_at_random_moments_ends_with_the_rows_of_an_undisturbed_run(
    tmp_path: Path,
):
    parallelism = 16
    done = kill_again_and_again(
        tmp_path, kills=15, samples=4_000, faults=0.2, parallelism=parallelism
    )

    assert done.kills >= 10
    assert done.equal
    assert done.rows == 4_000
    # In flight at a kill, and as many again whose answers were not on disk yet.
    assert done.repeated <= done.kills * 2 * parallelism
    assert done.booked_usd >= done.server_usd > 0
    assert done.reserved_usd == 0


def test_four_processes_on_one_ledger_pay_for_each_request_once(tmp_path: Path):
    with chat_process("echo", 0.01, prices=PRICES) as server:
        jobs = four_at_once(server, tmp_path, samples=1_500, usd=None)
        paid = server.paid()

    assert len(paid) == 1_500
    assert set(paid.values()) == {1}
    first = jobs[0].outcome()
    assert first.height == 1_500
    assert all(job.outcome().equals(first) for job in jobs)


@pytest.mark.parametrize("faults", [0.0, 0.3])
def test_four_processes_under_one_cap_never_spend_beyond_it(tmp_path: Path, faults: float):
    rules = Rules(faults=FaultMix.even(5, faults))
    with chat_process("echo", 0.01, rules=rules, prices=PRICES) as server:
        cap = 10.0
        jobs = four_at_once(server, tmp_path, samples=1_000, usd=cap)
        spent = server.stats().usd
        bought = len(server.paid())

        # A call that broke off counts with all it may have cost, so that less is really spent.
        assert (0.0 if faults else 0.9 * cap) < spent <= cap, "by the server's own count"
        for job in jobs:
            assert set(job.decisions()["reason"].drop_nulls()) == {"budget_reached"}
        account = jobs[0].ledger.account("all")
        assert spent <= account.usd + 1e-9 <= cap + 2e-9
        assert account.reserved_usd_pico == 0

        raised = four_at_once(server, tmp_path, samples=1_000, usd=1_000.0)
        paid = server.paid()
    assert raised[0].outcome().height == 1_000
    assert len(paid) == 1_000 > bought
    if not faults:
        assert set(paid.values()) == {1}
