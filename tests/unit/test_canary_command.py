import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from synth_assets.cli.main import cli, main

_ENDS = ("the market", "her garden", "a small boat", "their school", "an old mill", "the harbour")
_VERBS = ("counts", "paints", "carries", "mends", "sells", "gathers", "weighs", "packs")
_THINGS = ("apples", "ropes", "lamps", "crates", "bricks", "flags", "wheels", "letters", "drums")
_NAMES = ("Ada", "Bo", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Jo", "Kit", "Lea")


def human_texts(count: int, first: int = 0) -> list[str]:
    """Sentences that differ from each other, as mixed radix numbers do."""
    texts: list[str] = []
    for n in range(first, first + count):
        name, verb = _NAMES[n % 12], _VERBS[n // 12 % 8]
        thing, end = _THINGS[n // 96 % 9], _ENDS[n // 864 % 6]
        texts.append(f"{name} {verb} {n % 7 + 2} {thing} at {end} before noon and rests.")
    return texts


def _write(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def test_canary_of_one_sentence_again_and_again_is_red_with_exit_code_1(tmp_path: Path):
    real = _write(tmp_path / "real.jsonl", human_texts(1200))
    narrow = _write(tmp_path / "set.jsonl", [*human_texts(100), *(["Yes, I can."] * 300)])
    told = _run("canary", str(narrow), "--real", str(real), "--json")
    assert told.exit_code == 1, told.output
    record = json.loads(told.stdout)
    assert record["light"] == "red"
    assert record["rows"]["real_part"] < record["rows"]["set"]
    assert 0.7 < record["synthetic_share"] < 0.85
    lights = {each["sign"]: each["light"] for each in record["components"]}
    assert lights["vendi"] == "red"
    assert [each["remedy"] for each in record["advice"]] == ["widen_recipe", "add_real_rows"]
    assert "rows are 1 different texts in effect" in record["advice"][0]["told"]
    assert record["restored"] is None


def test_canary_tells_people_what_was_measured(tmp_path: Path):
    real = _write(tmp_path / "real.jsonl", human_texts(900))
    rows = _write(tmp_path / "set.jsonl", human_texts(200))
    told = _run("canary", str(rows), "--real", str(real))
    assert re.match(r"Risk of collapse: \d+ of 100, (green|amber|red)\. 0% of", told.stdout)
    assert "its real rows alone" in told.stdout


def test_canary_measured_by_rows_it_was_trained_on_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    real = _write(tmp_path / "real.jsonl", human_texts(200))
    held = _write(tmp_path / "held.jsonl", human_texts(60, first=500))
    leaking = _write(tmp_path / "set.jsonl", [*human_texts(50), *human_texts(3, first=500)])
    arguments = ["canary", str(leaking), "--real", str(real), "--held-out", str(held)]
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "3 of 53 rows of the set are held-out rows" in capsys.readouterr().err


def test_canary_of_too_few_real_rows_says_how_many_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    few = _write(tmp_path / "real.jsonl", human_texts(30))
    with pytest.raises(SystemExit, match="2"):
        main(["canary", str(few), "--real", str(few)])
    assert "at least 20" in capsys.readouterr().err


def test_lab_interrupted_goes_on_and_draws_its_curves(tmp_path: Path):
    _write(tmp_path / "real.jsonl", human_texts(400))
    config = tmp_path / "lab.yaml"
    config.write_text(
        "real: {files: [real.jsonl]}\nrows: 120\nheld_out: 120\ngenerations: 1\nseeds: 2\n"
        "decodings: [plain]\narms: [{rule: share, share: 0.5}, {rule: replace}]\n",
        encoding="utf-8",
    )
    folder = tmp_path / "lab"
    first = _run("collapse-lab", str(config), "-o", str(folder), "--workers", "1", "--json")
    assert first.exit_code == 0, first.output
    chains = sorted((folder / "chains").glob("*.parquet"))
    assert len(chains) == 4
    stamp = chains[0].stat().st_mtime_ns
    chains[-1].unlink()
    again = _run("collapse-lab", str(config), "-o", str(folder), "--workers", "1", "--json")
    assert json.loads(again.stdout) == json.loads(first.stdout)
    assert chains[0].stat().st_mtime_ns == stamp
    assert pl.read_parquet(folder / "generations.parquet").height == 8
    assert {path.name for path in folder.glob("*.png")} == {
        "generations_plain.png",
        "dose_response.png",
    }
    doses = json.loads(first.stdout)["doses"]
    assert [dose["share"] for dose in doses] == [0.5, 1.0]


def test_lab_in_the_folder_of_another_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _write(tmp_path / "real.jsonl", human_texts(300))
    config = tmp_path / "lab.yaml"
    said = "real: {files: [real.jsonl]}\nrows: 60\nheld_out: 60\ngenerations: 1\nseeds: 1\n"
    said += "decodings: [plain]\narms: [{rule: replace}]\n"
    config.write_text(said, encoding="utf-8")
    arguments = ["collapse-lab", str(config), "-o", str(tmp_path / "lab"), "--workers", "1"]
    assert _run(*arguments).exit_code == 0
    config.write_text(said.replace("rows: 60", "rows: 61"), encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "holds a lab of other texts, rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("real: {files: []}\n", "files"),
        ("real: {files: [real.jsonl]}\ngenerations: 11\n", "generations"),
        ("real: {files: [real.jsonl]}\narms: [{rule: sideways}]\n", "rule"),
        ("real: {files: [real.jsonl]}\nrows: 5000\n", "the lab needs 5,000"),
        ("real: {files: [nowhere.jsonl]}\n", "nowhere.jsonl"),
    ],
)
def test_lab_of_a_faulty_plan_names_the_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: str, told: str
):
    _write(tmp_path / "real.jsonl", human_texts(100))
    config = tmp_path / "lab.yaml"
    config.write_text(said, encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["collapse-lab", str(config), "-o", str(tmp_path / "lab"), "--workers", "1"])
    assert told in capsys.readouterr().err
