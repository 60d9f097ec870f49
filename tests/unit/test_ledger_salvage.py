import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from synth_assets.errors import LedgerError
from synth_assets.resources.ledger import salvage
from synth_assets.resources.ledger.accounts import Account
from synth_assets.resources.ledger.salvage import damaged_files, look_at, open_ledger, repair
from synth_assets.resources.ledger.store import Ledger
from tests.unit.ledger_rows import Bought, buy, completion, request

ROWS = 200
PAGE = 4096


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Bought:
    """A ledger whose last process ended well."""
    return buy(tmp_path_factory.mktemp("closed"), ROWS, killed=False)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Bought:
    """A ledger whose last process was killed: most is in the log."""
    return buy(tmp_path_factory.mktemp("killed"), ROWS, killed=True)


def _flipped(times: int) -> Callable[[bytes, random.Random], bytes]:
    def flip(data: bytes, chance: random.Random) -> bytes:
        changed = bytearray(data)
        for _ in range(times):
            changed[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        return bytes(changed)

    return flip


def _zeroed(pages: int) -> Callable[[bytes, random.Random], bytes]:
    def zero(data: bytes, chance: random.Random) -> bytes:
        changed = bytearray(data)
        for _ in range(pages):
            at = chance.randrange(len(data) // PAGE) * PAGE
            changed[at : at + PAGE] = bytes(PAGE)
        return bytes(changed)

    return zero


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _without_header(data: bytes, chance: random.Random) -> bytes:
    return bytes(100) + data[100:]


def _without_first_page(data: bytes, chance: random.Random) -> bytes:
    return bytes(PAGE) + data[PAGE:]


# Least share of the rows that must be saved: measured over hundreds of tries, less a margin.
FAULTS = {
    "one byte": (_flipped(1), 0.9),
    "ten bytes": (_flipped(10), 0.85),
    "a hundred bytes": (_flipped(100), 0.6),
    "one page zeroed": (_zeroed(1), 0.9),
    "five pages zeroed": (_zeroed(5), 0.7),
    "header zeroed": (_without_header, 0.9),
    "first page zeroed": (_without_first_page, 0.9),
    "cut off": (_cut, 0.0),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("file", ["ledger.sqlite", "ledger.sqlite-wal"])
def test_salvage_at_random_places_gives_no_wrong_text_and_keeps_the_damaged_file(
    closed: Bought, killed: Bought, tmp_path: Path, fault: str, file: str
):
    damage, least = FAULTS[fault]
    base = closed if file == "ledger.sqlite" else killed
    for seed in range(6):
        bought = base.copy(tmp_path / str(seed))
        if seed % 2:
            (bought.folder / "ledger.sqlite-shm").unlink(missing_ok=True)
        hurt = bought.folder / file
        hurt.write_bytes(damage(hurt.read_bytes(), random.Random(f"{fault}{seed}")))
        before = {path.name: path.read_bytes() for path in bought.folder.glob("ledger.sqlite*")}

        told: list[str] = []
        open_ledger(bought.path, tell=told.append).close()
        mended = repair(bought.path)
        with closing(open_ledger(bought.path)) as ledger:
            share = bought.check(ledger)

        assert share >= least
        kept = damaged_files(bought.path)
        assert len(kept) == len(told) + (mended is not None)
        assert share == 1.0 or kept or fault == "cut off"
        if told:
            for end in ("", "-wal"):
                if f"ledger.sqlite{end}" in before:
                    copy = kept[0].with_name(kept[0].name + end)
                    assert copy.read_bytes() == before[f"ledger.sqlite{end}"]
        assert not list(bought.folder.glob("*salvag*"))


@pytest.mark.parametrize("content", [b"", b"a text\n" * 900, random.Random(7).randbytes(9_000)])
def test_salvage_of_what_is_no_ledger_keeps_it_aside_and_starts_anew(
    tmp_path: Path, content: bytes
):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    told: list[str] = []
    with closing(open_ledger(path, tell=told.append)) as ledger:
        ledger.put([(request(1), completion(1))])
        assert ledger.stats().completions == 1

    [aside] = damaged_files(path)
    assert aside.read_bytes() == content
    assert len(told) == 1
    assert "Saved: 0 completions (none is known to be lost" in told[0]
    assert str(aside) in told[0]


def test_salvage_without_header_saves_every_table(killed: Bought, tmp_path: Path):
    bought = killed.copy(tmp_path / "l")
    bought.path.write_bytes(bytes(100) + bought.path.read_bytes()[100:])
    with closing(Ledger(killed.copy(tmp_path / "sound").path)) as sound:
        scopes = [row[0] for row in sound.connection.execute("SELECT scope FROM accounts")]
        accounts = {scope: sound.account(scope) for scope in scopes}
        tables = {
            name: sound.connection.execute(query).fetchall() for name, query in _QUERIES.items()
        }

    made = repair(bought.path)

    assert made is not None
    assert made.saved == {
        "completions": ROWS,
        "failures": ROWS // 10,
        "accounts": len(accounts),
        "batches": 1,
        "batch_requests": 1,
    }
    assert (made.lost, made.derived) == (0, 0)
    with closing(Ledger(bought.path)) as ledger:
        assert {scope: ledger.account(scope) for scope in scopes} == accounts
        for name, query in _QUERIES.items():
            assert ledger.connection.execute(query).fetchall() == tables[name]


_QUERIES = {
    "completions": "SELECT * FROM completions ORDER BY fingerprint",
    "failures": "SELECT * FROM failures ORDER BY fingerprint",
    "leases": "SELECT * FROM leases ORDER BY fingerprint",
    "batches": "SELECT * FROM batches",
    "batch_requests": "SELECT * FROM batch_requests",
}


def test_salvage_without_accounts_sums_them_up_from_completions(closed: Bought, tmp_path: Path):
    bought = closed.copy(tmp_path / "l")
    with closing(sqlite3.connect(bought.path)) as connection:
        [page] = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'accounts'"
        ).fetchone()
    data = bytearray(bought.path.read_bytes())
    data[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
    bought.path.write_bytes(data)

    made = repair(bought.path)

    assert made is not None
    assert made.derived == 5
    assert "accounts were summed up anew" in made.told
    with closing(Ledger(bought.path)) as ledger:
        paid = Account(usd_pico=ROWS * 10**12 // 2, tokens=7 * ROWS)
        reserved = Account(reserved_usd_pico=7, reserved_tokens=9)
        assert ledger.account("all") == Account(
            paid.usd_pico, paid.tokens, reserved.reserved_usd_pico, reserved.reserved_tokens
        )
        assert ledger.account("recipe:sums").usd_pico == paid.usd_pico


def test_repair_after_a_flipped_byte_in_a_text_loses_that_row_alone(closed: Bought, tmp_path: Path):
    bought = closed.copy(tmp_path / "l")
    data = bought.path.read_bytes()
    at = data.index("answer 17 ünï".encode())
    bought.path.write_bytes(data[:at] + b"A" + data[at + 1 :])
    with (
        closing(open_ledger(bought.path)) as ledger,
        pytest.raises(LedgerError, match="synth ledger repair"),
    ):
        ledger.get(request(17).fingerprint)

    made = repair(bought.path)

    assert made is not None
    assert (made.saved["completions"], made.lost) == (ROWS - 1, 1)
    assert "1 completions are not what was stored" in made.told
    with closing(Ledger(bought.path)) as ledger:
        assert ledger.get(request(17).fingerprint) is None
        assert bought.check(ledger) == (ROWS - 1) / ROWS
    assert repair(bought.path) is None


def test_repair_of_a_damaged_index_finds_every_row_again(closed: Bought, tmp_path: Path):
    bought = closed.copy(tmp_path / "l")
    data = bought.path.read_bytes()
    name = request(5).fingerprint.encode()
    places = [at for at in range(len(data)) if data.startswith(name, at)]
    for at in places:
        # In the index a blank byte precedes no teacher's name, as it does in the row.
        if data[at + 64 : at + 66] != b"t2":
            data = (
                data[:at] + b"0" + data[at + 1 :]
                if data[at] != 48
                else data[:at] + b"1" + data[at + 1 :]
            )
    bought.path.write_bytes(data)
    with closing(open_ledger(bought.path)) as ledger:
        assert bought.check(ledger) < 1

    assert repair(bought.path) is not None
    with closing(Ledger(bought.path)) as ledger:
        assert bought.check(ledger) == 1


def test_look_at_a_sound_ledger_in_use_or_killed_finds_nothing(killed: Bought, tmp_path: Path):
    bought = killed.copy(tmp_path / "l")
    before = {path.name: path.read_bytes() for path in bought.folder.glob("*.sqlite*")}
    assert look_at(bought.path) is None
    after = {path.name: path.read_bytes() for path in bought.folder.glob("*.sqlite*")}
    assert {**after, "ledger.sqlite-shm": b""} == {**before, "ledger.sqlite-shm": b""}

    with closing(Ledger(bought.path)) as ledger:
        ledger.put([(request(ROWS + 1), completion(ROWS + 1))])
        assert look_at(bought.path) is None
        assert bought.check(ledger) == 1


def test_salvage_while_others_have_it_open_waits_and_then_refuses(
    closed: Bought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(salvage, "_PATIENCE_S", 0.2)
    bought = closed.copy(tmp_path / "l")
    with closing(Ledger(bought.path)):
        hurt = _zeroed(20)(bought.path.read_bytes(), random.Random(3))
        with bought.path.open("r+b") as file:
            file.write(hurt)
        with pytest.raises(LedgerError, match="other processes have it open"):
            open_ledger(bought.path)
        with pytest.raises(LedgerError, match="other processes have it open"):
            repair(bought.path)
    assert damaged_files(bought.path) == []
    open_ledger(bought.path).close()
    assert len(damaged_files(bought.path)) == 1


@pytest.mark.parametrize("dies_at", ["_second_name", "_sync"])
def test_salvage_interrupted_while_swapping_is_finished_at_the_next_opening(
    killed: Bought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
):
    bought = killed.copy(tmp_path / "l")
    bought.path.write_bytes(bytes(100) + bought.path.read_bytes()[100:])
    log = (bought.folder / "ledger.sqlite-wal").read_bytes()
    calls = 0
    original = getattr(salvage, dies_at)

    def die(*arguments: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(salvage, dies_at, die)
        with pytest.raises(KeyboardInterrupt):
            open_ledger(bought.path)

    with closing(open_ledger(bought.path)) as ledger:
        assert bought.check(ledger) == 1
    [aside] = damaged_files(bought.path)
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == log
    assert not list(bought.folder.glob("*salvag*"))


def test_salvage_on_a_full_disk_leaves_the_damaged_ledger_as_it_is(
    killed: Bought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bought = killed.copy(tmp_path / "l")
    shutil.rmtree(bought.folder / "ledger.owners", ignore_errors=True)
    bought.path.write_bytes(b"broken" + bought.path.read_bytes()[6:])
    before = bought.path.read_bytes()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(salvage, "prepare", full)
        with pytest.raises(LedgerError, match=r"disk is full\. Make room"):
            open_ledger(bought.path)
    assert bought.path.read_bytes() == before
    with closing(open_ledger(bought.path)) as ledger:
        assert bought.check(ledger) == 1
