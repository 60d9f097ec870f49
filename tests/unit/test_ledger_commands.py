import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from synth_assets.cli.doctor import examine
from synth_assets.cli.ledger import ledger as ledger_group
from synth_assets.cli.main import main
from synth_assets.core.completion import Message, Request
from synth_assets.core.generation.budget import Payer
from synth_assets.resources.ledger.orders import Claim, Fail, Settle
from synth_assets.resources.ledger.salvage import damaged_files
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.new_recipe import create_recipe
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.unit.ledger_rows import claim, completion, request


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of two recipes and three teachers, with a failure, under a budget."""
    create_recipe(tmp_path / "recipes", "mine")
    caps = {"all": {"usd": 20}, "run": {"tokens": 900}}
    (tmp_path / "recipes" / "budgets.yaml").write_text(yaml.safe_dump(caps))
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTH_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.delenv("SYNTH_TEACHER", raising=False)
    path = tmp_path / "home" / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        for recipe, numbers in (("sums", range(6)), ("tales", range(6, 9))):
            payer = Payer(recipe, "run-1")
            ledger.put(
                [(request(n), completion(n, f"answer {n} ünï\x1b[2J")) for n in numbers], payer
            )
        failing = claim(9)
        ledger.carry_out([failing])
        ledger.carry_out([Fail(failing, "timeout", "too slow", perhaps=failing.reserve)])
    return path


@pytest.fixture
def told(path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must succeed; what it prints."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["ledger", *arguments])
        printed = capsys.readouterr()
        assert ended.value.code == 0, printed.err
        return printed.out

    return run


@pytest.fixture
def refused(path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused; its message."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["ledger", *arguments])
        assert ended.value.code == 2
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize("name", list(ledger_group.commands))
def test_help_of_ledger_commands_teaches(name: str):
    shown = CliRunner().invoke(ledger_group, [name, "--help"])
    command = ledger_group.commands[name]

    assert shown.exit_code == 0
    assert len((command.help or "").split()) >= 8
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), parameter.name


def test_stats_for_programs_sum_up_by_teacher_recipe_and_account(told: Callable[..., str]):
    made = json.loads(told("stats", "--json"))

    assert made["total"]["completions"] == 9
    assert made["total"]["cost_usd"] == 4.5
    assert {one["teacher"]: one["completions"] for one in made["by_teacher"]} == {
        "t0": 3,
        "t1": 3,
        "t2": 3,
    }
    assert {one["recipe"]: one["prompt_tokens"] for one in made["by_recipe"]} == {
        "sums": 18,
        "tales": 9,
    }
    assert [(one["failure"], one["teacher"], one["times"]) for one in made["failures"]] == [
        ("timeout", "t0", 1)
    ]
    accounts = {one["scope"]: one for one in made["accounts"]}
    assert accounts["all"]["cap"] == {"usd": 20.0, "tokens": None}
    assert accounts["all"]["perhaps_usd_pico"] == 10
    assert accounts["run:run-1"]["cap"] == {"usd": None, "tokens": 900}
    assert accounts["recipe:sums"]["cap"] is None


def test_stats_for_people_show_spending_beside_its_cap(told: Callable[..., str]):
    lines = [line.split() for line in told("stats").splitlines()]

    assert ["all", "4.500000", "0.000000", "0.000000", "20", "73", "-"] in lines
    assert ["tales", "3", "9", "12", "1.500000"] in lines


def test_show_by_prefix_tells_request_answer_and_failures(told: Callable[..., str]):
    made = json.loads(told("show", request(3).fingerprint[:8], "--json"))

    assert made["fingerprint"] == request(3).fingerprint
    assert made["request"]["messages"] == [["user", "hello 3"]]
    assert (made["text"], made["response"], made["recipe"]) == ("answer 3 ünï\x1b[2J", "{}", "sums")
    failed = json.loads(told("show", request(9).fingerprint, "--json"))
    assert "text" not in failed
    assert [(one["failure"], one["said"]) for one in failed["failures"]] == [
        ("timeout", "too slow")
    ]


def test_show_lets_no_control_character_reach_the_terminal(told: Callable[..., str]):
    shown = told("show", request(3).fingerprint[:8])
    assert "\x1b" not in shown
    assert "answer 3 ünï�[2J" in shown


def test_show_of_a_prefix_that_is_short_or_unknown_says_where_to_find_one(
    refused: Callable[..., str],
):
    assert "give 6 characters or more" in refused("show", "abc")
    assert "synth trace SAMPLE_ID --json" in refused("show", "0" * 64)


def test_prune_without_yes_changes_nothing_and_says_the_price(told: Callable[..., str], path: Path):
    shown = told("prune", "--recipe", "tales")
    assert "Would remove 3 completions" in shown
    assert "which had cost 1.5000 USD" in shown
    with closing(Ledger(path)) as ledger:
        assert ledger.stats().completions == 9


def test_prune_with_yes_removes_what_was_chosen_and_keeps_accounts(
    told: Callable[..., str], path: Path
):
    done = json.loads(told("prune", "--recipe", "tales", "--teacher", "t0", "--yes", "--json"))
    assert (done["rows"], done["cost_usd"], done["done"]) == (1, 0.5, True)
    told("prune", "--raw-responses", "--yes")
    told("prune", "--failures", "--yes")
    with closing(Ledger(path)) as ledger:
        assert ledger.stats().completions == 8
        assert ledger.account("all").usd == 4.5 + 1e-11
        entry = ledger.entry(request(1).fingerprint)
        assert entry is not None
        assert (entry.response, entry.completion.text) == ("", "answer 1 ünï\x1b[2J")
        assert ledger.connection.execute("SELECT count(*) FROM failures").fetchone() == (0,)


def test_prune_by_age_takes_the_old_alone(told: Callable[..., str], path: Path):
    with closing(Ledger(path)) as ledger, ledger.writing() as connection:
        connection.execute(
            "UPDATE completions SET created_at = '2020-01-01T00:00:00.000+00:00' "
            "WHERE fingerprint = ?",
            (request(4).fingerprint,),
        )
    assert "Removed 1 completions" in told("prune", "--older-than", "30", "--yes")
    with closing(Ledger(path)) as ledger:
        assert ledger.get(request(4).fingerprint) is None
        assert ledger.stats().completions == 8


def test_prune_of_everything_unsaid_or_while_others_buy_is_refused(
    refused: Callable[..., str], path: Path
):
    assert "Say what to prune" in refused("prune", "--yes")
    assert "one at a time" in refused("prune", "--failures", "--raw-responses")
    with closing(Ledger(path)) as buyer:
        buyer.carry_out([claim(20)])
        assert "1 processes buy just now" in refused("prune", "--recipe", "sums", "--yes")
        assert buyer.stats().completions == 9


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_export_then_import_elsewhere_gives_the_same_rows(
    told: Callable[..., str],
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
):
    file = tmp_path / f"shared{ending}"
    assert "Wrote 9 completions" in told("export", str(file))
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "other"))
    assert json.loads(told("import", str(file), "--json")) == {
        "new": 9,
        "known": 0,
        "unverified": 0,
    }
    assert json.loads(told("import", str(file), "--json"))["known"] == 9

    query = "SELECT * FROM completions ORDER BY fingerprint"
    with (
        closing(Ledger(path)) as ours,
        closing(Ledger(tmp_path / "other" / "ledger.sqlite")) as theirs,
    ):
        rows = ours.connection.execute(query).fetchall()
        assert theirs.connection.execute(query).fetchall() == rows
        assert theirs.account("all").usd_pico == 0
    assert not list(tmp_path.glob(".*"))


def test_export_filters_and_leaves_damaged_rows_out(
    told: Callable[..., str], path: Path, tmp_path: Path
):
    with closing(Ledger(path)) as ledger, ledger.writing() as connection:
        connection.execute(
            "UPDATE completions SET text = 'wrong' WHERE fingerprint = ?", (request(0).fingerprint,)
        )
    shown = told("export", str(tmp_path / "a.jsonl.gz"), "--recipe", "sums")
    assert "Wrote 5 completions" in shown
    assert "1 damaged ones were left out" in shown
    with gzip.open(tmp_path / "a.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    assert {row["recipe"] for row in rows} == {"sums"}
    assert rows[0]["request"]["messages"][0][0] == "user"

    told("export", str(tmp_path / "b.parquet"), "--teacher", "t1")
    assert pl.read_parquet(tmp_path / "b.parquet")["teacher"].to_list() == ["t1"] * 3
    told("export", str(tmp_path / "c.jsonl"), "--since", "2100-01-01")
    assert (tmp_path / "c.jsonl").read_text() == ""


def test_import_leaves_out_what_its_request_does_not_bear_out(
    told: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "shared.jsonl"
    told("export", str(file))
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    rows[0]["request"]["messages"][0][1] = "something else"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "other"))

    shown = told("import", str(file))
    assert "Took in 8 completions" in shown
    assert "1 were left out" in shown
    assert "Took in 1 completions; 8 were there" in told("import", str(file), "--trust")


def test_import_checks_fingerprints_with_the_checkpoint_of_the_catalogue(
    told: Callable[..., str], path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = Request("own", "openai/m", "v7", (Message("user", "hello"),), "{}", 0, "write")
    got = completion(1)
    with closing(Ledger(path)) as ledger:
        named = type(got)(asked.fingerprint, "text", "stop", 1, 1, 0.1, 0.1)
        ledger.carry_out([Settle(Claim(asked, Payer()), named)])
    file = tmp_path / "shared.parquet"
    told("export", str(file), "--teacher", "own")
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "other"))
    assert json.loads(told("import", str(file), "--json"))["unverified"] == 1

    entry = {"id": "own", "model": "openai/m", "checkpoint": "v7"}
    (tmp_path / "recipes" / "teachers.yaml").write_text(yaml.safe_dump({"teachers": [entry]}))
    assert json.loads(told("import", str(file), "--json"))["new"] == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"fingerprint": 1}\n', "line 1 is no row of an export"),
        ("a.jsonl", b"\xff\xfe\n", "cannot be read"),
        ("a.jsonl", b"[]\n", "line 1 is no row of an export"),
        ("a.jsonl.gz", b"no gzip", "cannot be read"),
        ("a.parquet", b"no parquet", "is no export"),
        ("a.txt", b"", "give it one of the endings .jsonl, .jsonl.gz, .parquet"),
    ],
)
def test_import_of_what_is_no_export_names_the_file_and_the_mend(
    refused: Callable[..., str], tmp_path: Path, name: str, content: bytes, message: str
):
    file = tmp_path / name
    file.write_bytes(content)
    shown = refused("import", str(file))
    assert message in shown
    assert name in shown


def test_ledger_commands_without_a_ledger_make_none(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "empty"))
    for command in (["stats"], ["show", "0" * 8], ["repair"], ["prune", "--failures"]):
        assert "there is no ledger yet" in refused(*command)
    assert not (tmp_path / "empty").exists()


def test_commands_on_a_damaged_ledger_repair_it_and_say_so(
    path: Path, capsys: pytest.CaptureFixture[str]
):
    path.write_bytes(bytes(100) + path.read_bytes()[100:])
    with pytest.raises(SystemExit) as ended:
        main(["ledger", "stats", "--json"])

    printed = capsys.readouterr()
    assert ended.value.code == 0
    assert json.loads(printed.out)["total"]["completions"] == 9
    assert "was damaged" in printed.err
    assert "Saved: 9 completions (none is known to be lost" in printed.err


def test_repair_of_a_sound_ledger_says_so_and_changes_nothing(told: Callable[..., str], path: Path):
    before = path.read_bytes()
    assert "every row is sound" in told("repair")
    assert json.loads(told("repair", "--json"))["repaired"] is False
    assert path.read_bytes() == before
    assert damaged_files(path) == []


def _findings(subject: str) -> list[tuple[str, str]]:
    return [(one.state, one.told) for one in examine().findings if one.subject == subject]


def test_doctor_names_damage_dead_leases_and_a_budget_without_price(path: Path, tmp_path: Path):
    assert _findings("budgets") == [("ok", "all, run:any")]
    assert _findings("leases") == []
    program = (
        "import sys, time; from pathlib import Path\n"
        "from synth_assets.resources.ledger.store import Ledger\n"
        "from tests.unit.ledger_rows import claim\n"
        "l = Ledger(Path(sys.argv[1])); l.carry_out([claim(30), claim(31)])\n"
        "print('bought', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "bought\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    [(state, told)] = _findings("leases")
    assert (state, told[:11]) == ("note", "2 requests ")

    entry = {"id": "embedded-clerk", "model": "hosted_vllm/unknown"}
    (tmp_path / "recipes" / "teachers.yaml").write_text(yaml.safe_dump({"teachers": [entry]}))
    [(state, told), *_] = _findings("budgets")
    assert state == "fault"
    assert "price: {input_usd: 0.15, output_usd: 0.60}" in told

    path.write_bytes(b"damaged" + path.read_bytes()[7:])
    before = path.read_bytes()
    [(state, told)] = _findings("ledger")
    assert state == "fault"
    assert "is damaged: it is no SQLite file" in told
    assert path.read_bytes() == before


def test_buying_from_a_damaged_ledger_repairs_it_and_tells_the_run(
    path: Path, capsys: pytest.CaptureFixture[str]
):
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    announced: list[str] = []
    workshop = Workshop(read_settings(), announce=announced.append)
    with workshop.buying("mine~00000000", "run-2") as ledger:
        assert ledger.stats().completions == 9
        assert ledger.account("recipe:sums").usd == 3.0 + 1e-11
        assert ledger.budget.caps["all"].usd == 20

    [told] = announced
    assert "Saved: 9 completions" in told
    assert told in capsys.readouterr().err
