"""`synth models`: registering, listing, and the tree of what stands behind a model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.cli.main import main
from synth_assets.core.flywheel.records import SetRecord, Voice
from synth_assets.resources.models.registry import ModelRegistry

VOICES = (
    Voice(teacher="writer", family="large", checkpoint="7", rows=400),
    Voice(teacher="pupil", family="tiny", checkpoint="1", rows=80),
)
SET = SetRecord(
    key="half~12345678", digest="0123456789abcdef", rows=800, synthetic_rows=480, depth=2,
    voices=VOICES,
)  # fmt: skip
ADD = ("add", "tiny-2", "--family", "tiny", "--checkpoint", "2")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run `synth models`: exit code, what it prints, and what it says on the side."""
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path))
    ModelRegistry(tmp_path).add_set(SET)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["models", *arguments])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_models_add_registers_and_says_what_it_saw(run: Callable[..., tuple[int, str, str]]):
    code, told, _ = run(*ADD, "--trained-on", "half@0123", "--score", "gsm8k=0.41")
    assert (code, told) == (
        0,
        "Registered tiny-2 (tiny@2), trained on half~12345678@0123456789abcdef; depth 2.\n",
    )


def test_models_add_again_brings_scores(run: Callable[..., tuple[int, str, str]]):
    run(*ADD, "--score", "gsm8k=0.41")
    _, told, _ = run(*ADD, "--score", "a=b=1e-3", "--json")
    assert json.loads(told)["scores"] == {"gsm8k": 0.41, "a=b": 0.001}


def test_models_list_shows_sets_and_models(run: Callable[..., tuple[int, str, str]]):
    run(*ADD, "--trained-on", "half", "--score", "gsm8k=0.41")
    _, told, _ = run("list")
    assert "half~12345678@0123456789abcdef   800     60.0 %      2" in told
    row = next(line for line in told.splitlines() if "tiny-2" in line)
    assert row.split() == [
        "tiny-2", "tiny", "2", "2", "half~12345678@0123456789abcdef", "-", "gsm8k", "0.41",
    ]  # fmt: skip


def test_models_list_as_json_is_the_registry(run: Callable[..., tuple[int, str, str]]):
    run(*ADD, "--trained-on", "half")
    told = json.loads(run("list", "--json")[1])
    assert told["sets"][0]["voices"][1]["rows"] == 80
    assert told["sets"][0]["reference"] == "half~12345678@0123456789abcdef"
    assert (told["models"][0]["name"], told["models"][0]["depth"]) == ("tiny-2", 2)


def test_models_show_draws_the_tree_and_marks_loops(run: Callable[..., tuple[int, str, str]]):
    run("add", "tiny-1", "--family", "tiny", "--checkpoint", "1")
    run(*ADD, "--trained-on", "half", "--parent", "tiny-1", "--score", "gsm8k=0.41")
    code, told, _ = run("show", "tiny-2")
    assert code == 0
    head, *lines = told.splitlines()
    assert head.startswith("tiny-2  tiny@2  depth 2  registered 20")
    assert lines == [
        "scores  gsm8k 0.41",
        "<- set half~12345678@0123456789abcdef  800 rows, 60 % synthetic, depth 2",
        "   <- writer (large@7)  400 rows",
        "   <- pupil (tiny@1)  80 rows  LOOP: its own family",
        "      <- model tiny-1",
        "<- model tiny-1  (see above)",
    ]


def test_models_show_as_json_nests_what_is_behind(run: Callable[..., tuple[int, str, str]]):
    run(*ADD, "--trained-on", "half")
    told = json.loads(run("show", "tiny-2", "--json")[1])
    [seen] = told["behind"]
    assert [(each["name"], each["rows"], each["loop"]) for each in seen["behind"]] == [
        ("writer (large@7)", 400, False),
        ("pupil (tiny@1)", 80, True),
    ]


def test_models_remove_takes_one_out(run: Callable[..., tuple[int, str, str]]):
    run(*ADD)
    assert run("remove", "tiny-2")[:2] == (0, "Removed tiny-2.\n")
    code, _, told = run("show", "tiny-2")
    assert (code, "No model is registered as 'tiny-2'" in told) == (2, True)


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "-x", "a@b", "a\nb", "a\n", "\x1b[2J", "../x", "é", "a" * 201, "a;drop", "'"],
)
def test_models_add_hostile_name_is_one_message(
    run: Callable[..., tuple[int, str, str]], name: str, tmp_path: Path
):
    before = (tmp_path / "models.jsonl").read_bytes()
    code, _, told = run("add", "--family", "f", "--checkpoint", "1", "--", name)
    assert code == 2
    assert told.startswith("synth: name: ")
    assert (told.count("\n"), "\x1b" in told) == (1, False)
    assert (tmp_path / "models.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--score", "gsm8k"), "write NAME=VALUE"),
        (("--score", "=1"), "write NAME=VALUE"),
        (("--score", "a=nan"), "write NAME=VALUE"),
        (("--score", "a=inf"), "write NAME=VALUE"),
        (("--score", "a\x1b=1"), "scores: "),
        (("--parent", "a b"), "parents: "),
        (("--parent", "nobody"), "No model is registered as 'nobody'. There are: none."),
        (("--trained-on", "haalf"), "No exported set is called 'haalf'. There are: half."),
        (("--trained-on", "half@9999"), "names no set of half"),
    ],
)
def test_models_add_what_cannot_be_is_one_message(
    run: Callable[..., tuple[int, str, str]], more: tuple[str, ...], told: str
):
    code, _, said = run(*ADD, *more)
    assert code == 2
    assert told in said
    assert "\x1b" not in said


@pytest.mark.parametrize("odd", [("", "1"), ("f", " "), ("f\x00", "1"), ("f", "1\n2")])
def test_models_add_odd_family_or_checkpoint_is_refused(
    run: Callable[..., tuple[int, str, str]], odd: tuple[str, str]
):
    code, _, told = run("add", "m", "--family", odd[0], "--checkpoint", odd[1])
    assert code == 2
    assert told.startswith("synth: ")
    assert "\x00" not in told


def test_models_broken_registry_is_one_message(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
):
    (tmp_path / "models.jsonl").write_text("nonsense\n")
    code, _, told = run("list")
    assert code == 2
    assert f"{tmp_path}/models.jsonl: line 1" in told
