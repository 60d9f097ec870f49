import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.store import Ledger


def _request(number: int) -> Request:
    return Request("t", "openai/m", "", (Message("user", f"hello {number}"),), "{}", 0, "write")


def _completion(number: int, text: str = "text") -> Completion:
    return Completion(_request(number).fingerprint, text, "stop", 3, 4, 0.5, 1.5)


def _put_many(path: Path, numbers: range) -> None:
    ledger = Ledger(path)
    for number in numbers:
        ledger.put([(_request(number), _completion(number))])


def test_ledger_put_then_get_gives_the_completion_back(tmp_path: Path):
    ledger = Ledger(tmp_path / "deep" / "ledger.sqlite")
    ledger.put([(_request(1), _completion(1, "ünïcode 🦊"))])

    got = ledger.get(_request(1).fingerprint)
    assert got is not None
    assert (got.text, got.from_ledger, got.cost_usd) == ("ünïcode 🦊", True, 0.5)
    assert ledger.get(_request(2).fingerprint) is None


def test_ledger_put_twice_keeps_the_first(tmp_path: Path):
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.put([(_request(1), _completion(1, "first"))])
    ledger.put([(_request(1), _completion(1, "second"))])

    got = ledger.get(_request(1).fingerprint)
    assert got is not None
    assert got.text == "first"
    assert ledger.stats().completions == 1


def test_ledger_written_by_four_processes_holds_every_row(tmp_path: Path):
    path = tmp_path / "l.sqlite"
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_put_many, args=(path, range(n * 25, n * 25 + 50))) for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0] * 4
    assert Ledger(path).stats().completions == 125


def test_ledger_after_kill_keeps_all_that_was_put(tmp_path: Path):
    path = tmp_path / "l.sqlite"
    program = (
        "import sys; from pathlib import Path; from tests.unit.test_ledger import *\n"
        "from tests.unit.test_ledger import _request, _completion\n"
        "l = Ledger(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    l.put([(_request(n), _completion(n))]); print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 40:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    ledger = Ledger(path)
    assert all(ledger.get(_request(n).fingerprint) is not None for n in range(41))


def test_ledger_of_other_version_is_refused_with_the_mend(tmp_path: Path):
    import sqlite3

    path = tmp_path / "l.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerError, match="version 99"):
        Ledger(path)


def test_ledger_that_is_no_database_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"not a database, but something a user may want to look at" * 100)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="damaged"):
        Ledger(path)
    assert path.read_bytes() == before
