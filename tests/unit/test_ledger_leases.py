import errno
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion
from synth_assets.core.config.budgets import Cap
from synth_assets.core.generation.budget import PICO, Amount, Budget, Payer
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.orders import (
    Claim,
    Damaged,
    Fail,
    Held,
    Leased,
    OverBudget,
    Release,
    Settle,
)
from synth_assets.resources.ledger.owners import Owner, Owners
from synth_assets.resources.ledger.reports import holders
from synth_assets.resources.ledger.store import Ledger, owners_folder
from tests.unit.ledger_rows import claim, completion, request

# Claims 1 and 2, sends 1, and waits to be killed.
_BUYER = """
import sys, time
from pathlib import Path
from synth_assets.resources.ledger.store import Ledger
from tests.unit.ledger_rows import claim, request
ledger = Ledger(Path(sys.argv[1]))
ledger.carry_out([claim(1, usd_pico=70, tokens=7), claim(2, usd_pico=20, tokens=2)])
ledger.owner.sent(request(1).fingerprint)
print("bought", flush=True)
time.sleep(60)
"""


def _killed_buyer(path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BUYER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "bought\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_lease_held_by_one_is_waited_for_by_others_until_settled(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as first, closing(Ledger(path)) as second:
        assert first.carry_out([claim(1)]) == [Leased()]
        assert first.carry_out([claim(1)]) == [Leased()]
        [outcome] = second.carry_out([claim(1)])
        assert isinstance(outcome, Held)
        first.carry_out([Settle(claim(1), completion(1, "answer"))])
        [got] = second.carry_out([claim(1)])
        assert isinstance(got, Completion)
        assert (got.text, got.from_ledger) == ("answer", True)


def test_lease_released_goes_to_the_next_who_asks(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as first, closing(Ledger(path)) as second:
        first.carry_out([claim(1)])
        first.carry_out([Release(claim(1))])
        assert second.carry_out([claim(1)]) == [Leased()]
        # Somebody else's lease cannot be given back.
        first.carry_out([Release(claim(1))])
        assert isinstance(first.carry_out([claim(1)])[0], Held)
        assert second.account("all").reserved_usd_pico == 10


def test_lease_of_a_killed_process_is_taken_over_and_what_it_sent_perhaps_spent(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    _killed_buyer(path)
    with closing(Ledger(path)) as ledger:
        assert [(one.state, one.requests) for one in holders(ledger)] == [("dead", 2)]
        assert ledger.account("all").reserved_usd_pico == 90

        assert ledger.carry_out([claim(2, usd_pico=5, tokens=1)]) == [Leased()]

        account = ledger.account("all")
        assert (account.perhaps_usd_pico, account.perhaps_tokens) == (70, 7)
        assert (account.reserved_usd_pico, account.reserved_tokens) == (5, 1)
        assert ledger.connection.execute(
            "SELECT fingerprint, failure FROM failures"
        ).fetchall() == [(request(1).fingerprint, "killed")]
        assert [path.name for path in owners_folder(path).iterdir()] == [ledger.owner.name]


def test_claim_under_a_cap_is_not_kept_waiting_by_what_a_killed_process_reserved(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    _killed_buyer(path)
    budget = Budget({"all": Cap(usd=90 / PICO)})
    with closing(Ledger(path, budget)) as ledger:
        assert ledger.carry_out([claim(3, usd_pico=20)]) == [Leased()]
        # The 70 that were sent count as spent; nothing in flight can change that.
        [outcome] = ledger.carry_out([claim(4, usd_pico=1)])
        assert isinstance(outcome, OverBudget)
        assert outcome.may_change
        ledger.carry_out([Settle(claim(3, usd_pico=20), completion(3, cost_usd=20 / PICO))])
        [outcome] = ledger.carry_out([claim(4, usd_pico=1)])
        assert isinstance(outcome, OverBudget)
        assert not outcome.may_change


def test_shortage_of_one_recipe_is_not_changed_by_what_another_has_in_flight(tmp_path: Path):
    budget = Budget({"recipe:sums": Cap(usd=5 / PICO)})
    with closing(Ledger(tmp_path / "ledger.sqlite", budget)) as ledger:
        other = Claim(request(1), Payer("other", "run-1"), Amount(100, 100))
        assert ledger.carry_out([other]) == [Leased()]
        [outcome] = ledger.carry_out([claim(2, usd_pico=6)])
        assert isinstance(outcome, OverBudget)
        assert (outcome.scope, outcome.may_change) == ("recipe:sums", False)


def test_failure_to_be_tried_again_keeps_the_lease_and_counts_what_was_perhaps_paid(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as first, closing(Ledger(path)) as second:
        first.carry_out([claim(1)])
        again = Fail(claim(1), "timeout", "slow", perhaps=Amount(10, 10), again=True)
        assert first.carry_out([again]) == [Leased()]
        assert isinstance(second.carry_out([claim(1)])[0], Held)
        last = Fail(claim(1), "timeout", "slower", perhaps=Amount(10, 10))
        assert first.carry_out([last]) == [None]

        account = second.account("recipe:sums")
        assert (account.perhaps_usd_pico, account.reserved_usd_pico) == (20, 0)
        told = second.connection.execute("SELECT times, said FROM failures").fetchall()
        assert told == [(2, "slower")]


def test_claim_of_a_damaged_completion_says_so_and_spoils_no_other_order(tmp_path: Path):
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        ledger.put([(request(1), completion(1, "right")), (request(2), completion(2))])
        with ledger.writing() as connection:
            connection.execute("UPDATE completions SET text = 'wrong' WHERE text = 'right'")
        damaged, stored = ledger.carry_out([claim(1), Settle(claim(3), completion(3))])

        assert damaged == Damaged(request(1).fingerprint)
        assert stored is None
        assert ledger.get(request(3).fingerprint) is not None
        with pytest.raises(LedgerError, match="synth ledger repair"):
            ledger.entry(request(1).fingerprint)


def test_completion_under_another_fingerprint_is_taken_for_damaged(tmp_path: Path):
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        ledger.put([(request(1), completion(1))])
        with ledger.writing() as connection:
            connection.execute("UPDATE completions SET fingerprint = ?", (request(2).fingerprint,))
        with pytest.raises(LedgerError, match="is damaged"):
            ledger.get(request(2).fingerprint)


def test_owner_that_ends_leaves_its_file_only_where_an_answer_was_never_stored(tmp_path: Path):
    folder = tmp_path / "owners"
    quiet, cut = Owner(folder), Owner(folder)
    names = {quiet.name, cut.name}
    owners = Owners(folder)
    assert owners.living() == names
    quiet.sent("a" * 64)
    quiet.stored("a" * 64)
    cut.sent("b" * 64)
    cut.sent("c" * 64)
    cut.stored("b" * 64)
    quiet.close()
    cut.close()

    later = Owners(folder)
    assert (later.living(), later.dead()) == (frozenset(), {cut.name})
    assert "c" * 64 in later.sent_by(cut.name)
    assert "b" * 64 not in later.sent_by(cut.name)
    assert later.sent_by(quiet.name) == frozenset()


def test_reaping_removes_the_files_of_dead_owners_and_of_nobody_else(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    _killed_buyer(path)
    with closing(Ledger(path)) as other, closing(Ledger(path)) as ledger:
        other.carry_out([claim(9)])
        stray = Owner(owners_folder(path))
        stray.sent("d" * 64)
        stray.close()
        ledger.reap_the_dead()
        kept = {file.name for file in owners_folder(path).iterdir()}
        assert kept == {other.owner.name, ledger.owner.name}
        assert isinstance(ledger.carry_out([claim(9)])[0], Held)
        assert ledger.account("all").perhaps_usd_pico == 70


def test_reaping_that_is_rolled_back_keeps_the_record_of_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "ledger.sqlite"
    _killed_buyer(path)
    with closing(Ledger(path)) as ledger:
        with ledger.writing() as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON accounts "
                "BEGIN SELECT RAISE(ROLLBACK, 'full'); END"
            )
        with pytest.raises(LedgerError):
            ledger.reap_the_dead()
        with ledger.writing() as connection:
            connection.execute("DROP TRIGGER full")
        ledger.reap_the_dead()
        assert ledger.account("all").perhaps_usd_pico == 70


def test_owner_has_its_file_on_the_disk_before_it_sends_anything(tmp_path: Path):
    owner = Owner(tmp_path / "owners")
    names = [request(number).fingerprint for number in range(5_000)]
    for name in names:
        owner.sent(name)

    [file] = (tmp_path / "owners").iterdir()
    assert file.stat().st_blocks * 512 >= file.stat().st_size >= 64 * 5_000
    assert set(names) <= Owners(tmp_path / "owners").sent_by(owner.name)
    owner.close()


def test_owner_without_room_on_the_disk_is_refused_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space left"):
        Owner(tmp_path / "owners")
    assert list((tmp_path / "owners").iterdir()) == []
