import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.generation.budget import Payer
from synth_assets.errors import LedgerError
from synth_assets.resources.ledger.accounts import Account
from synth_assets.resources.ledger.orders import Claim, Release
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


_VERSION_1 = """
CREATE TABLE completions (
    fingerprint TEXT PRIMARY KEY,
    teacher TEXT NOT NULL,
    model TEXT NOT NULL,
    request TEXT NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd REAL,
    latency_s REAL NOT NULL,
    created_at TEXT NOT NULL
) WITHOUT ROWID
"""


def _of_version_1(path: Path, rows: list[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_VERSION_1)
        connection.executemany(
            "INSERT INTO completions VALUES (?, ?, 'openai/m', ?, ?, 'stop', 3, 4, ?, 1.5, ?)", rows
        )
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def test_ledger_of_version_1_is_brought_up_to_date_with_all_it_held(tmp_path: Path):
    path = tmp_path / "l.sqlite"
    asked = '{"messages":[["user","hello"]],"parameters":{},"sample_index":0}'
    names = [_request(number).fingerprint for number in range(3)]
    _of_version_1(
        path,
        [
            (names[0], "a", asked, "ünï", 1e-7 / 3, "2026-01-01T00:00:00.000+00:00"),
            (names[1], "a", asked, "two", 0.0, "2026-01-02T00:00:00.000+00:00"),
            (names[2], "b", asked, "three", None, "2026-01-03T00:00:00.000+00:00"),
        ],
    )
    with closing(Ledger(path)) as ledger:
        entries = [ledger.entry(name) for name in names]
        assert [entry and entry.completion.text for entry in entries] == ["ünï", "two", "three"]
        assert [entry and entry.completion.cost_usd for entry in entries] == [1e-7 / 3, 0.0, None]
        first = entries[0]
        assert first is not None
        assert (first.request, first.created_at) == (asked, "2026-01-01T00:00:00.000+00:00")
        assert (first.recipe, first.step, first.response) == ("", "", "")
        assert ledger.account("all") == Account(usd_pico=33_334, tokens=21, unpriced=1)
        assert ledger.account("teacher:a") == Account(usd_pico=33_334, tokens=14)
        assert ledger.account("teacher:b") == Account(tokens=7, unpriced=1)
        ledger.put([(_request(7), _completion(7))])
    with closing(Ledger(path)) as ledger:
        assert ledger.stats().completions == 4


def test_ledger_of_version_1_without_rows_is_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "l.sqlite"
    _of_version_1(path, [])
    with closing(Ledger(path)) as ledger:
        assert ledger.account("all") == Account()
        ledger.put([(_request(1), _completion(1))])
        assert ledger.account("all").tokens == 7


def test_ledger_of_version_1_opened_by_two_processes_is_migrated_once(tmp_path: Path):
    path = tmp_path / "l.sqlite"
    _of_version_1(path, [(_request(500).fingerprint, "t", "{}", "old", 0.5, "2026")])
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_put_many, args=(path, range(n, n + 5))) for n in (0, 5, 10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0] * 3
    with closing(Ledger(path)) as ledger:
        assert ledger.stats().completions == 16
        assert ledger.account("all").tokens == 16 * 7


def test_ledger_makes_completions_durable_and_claims_only_safe_from_kills(tmp_path: Path):
    claim = Claim(_request(1), Payer())
    with closing(Ledger(tmp_path / "l.sqlite")) as ledger:

        def synchronous() -> int:
            return int(ledger.connection.execute("PRAGMA synchronous").fetchone()[0])

        ledger.carry_out([claim])
        assert synchronous() == 1
        ledger.put([(_request(2), _completion(2))])
        assert synchronous() == 2
        ledger.carry_out([Release(claim)])
        assert synchronous() == 1
        with ledger.writing():
            assert synchronous() == 2


def test_ledger_stores_half_of_a_surrogate_pair_as_a_replacement_character(tmp_path: Path):
    with closing(Ledger(tmp_path / "l.sqlite")) as ledger:
        ledger.put([(_request(1), _completion(1, "half \ud83e and whole \U0001f98a"))])
        got = ledger.get(_request(1).fingerprint)
        assert got is not None
        assert got.text == "half \ufffd and whole \U0001f98a"
