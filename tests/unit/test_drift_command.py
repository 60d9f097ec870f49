import json
from pathlib import Path
from random import Random

import polars as pl
import pytest
from click.testing import CliRunner, Result

from synth_assets.cli.main import cli, main
from tests.unit.test_canary_command import human_texts


def _dealt(count: int) -> tuple[list[str], list[str]]:
    """Two halves of texts that only chance tells apart."""
    texts = human_texts(count)
    Random(0).shuffle(texts)
    return texts[: count // 2], texts[count // 2 :]


def _write(path: Path, texts: list[str], **labels: str) -> str:
    rows = [{"text": text, **labels} for text in texts]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["drift", *arguments])


def test_drift_of_prompts_and_responses_looks_at_each(tmp_path: Path):
    one, other = _dealt(120)
    files: list[str] = []
    for name, texts, more in (("old", one, ""), ("new", other, " It was a long and sunny day.")):
        rows = [{"question": "Who does what?" + more, "answer": text} for text in texts]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        files.append(str(path))
    record = json.loads(_run(*files, "--json").stdout)
    value = {row["column"]: row["value"] for row in record["drift"]}
    assert value["prompt_words"] > 5
    assert value["response_words"] == 0.0
    assert value["opening"] < 0.1


def test_drift_of_unchanged_files_ends_with_exit_code_0(tmp_path: Path):
    one, other = _dealt(400)
    old, new = _write(tmp_path / "old.jsonl", one), _write(tmp_path / "new.jsonl", other)
    told = _run(old, new, "--moved", "2")
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("No of 15 quantities beyond threshold and chance; 200 new rows")
    assert "Like nothing in OLD:" in told.stdout


def test_drift_names_what_moved_and_the_rows(tmp_path: Path):
    one, other = _dealt(400)
    old = _write(tmp_path / "old.jsonl", one, teacher="a")
    stock = [f"Certainly! {text}" if n % 2 else text for n, text in enumerate(other)]
    new = _write(tmp_path / "new.jsonl", stock, teacher="b")
    real = tmp_path / "real.parquet"
    pl.DataFrame({"text": one[:50]}).write_parquet(real)
    told = _run(old, new, "--real", str(real), "--moved", "3", "--json")
    assert told.exit_code == 1, told.output
    record = json.loads(told.stdout)
    suspect = {row["column"] for row in record["drift"] if row["suspect"]}
    assert suspect >= {"teacher", "opening", "embedding"}
    assert {row["against"] for row in record["drift"]} == {"earlier", "real"}
    moved = [row for row in record["moved"] if row["direction"] == "new"]
    assert [row["against"] for row in moved] == ["earlier"] * 3 + ["real"] * 3
    assert all(row["response"].startswith("Certainly!") for row in moved[:3])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["few.jsonl", "few.jsonl"], "3 rows; at least 20"),
        (["nowhere.jsonl", "few.jsonl"], "nowhere.jsonl"),
        (["few.jsonl", "few.jsonl", "--embedder", "minilmm"], "Did you mean minilm?"),
        (["--accept", "nobody"], "Materialize drift_reports"),
    ],
)
def test_drift_of_what_cannot_be_compared_names_the_fault(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path))
    _write(tmp_path / "few.jsonl", human_texts(3))
    with pytest.raises(SystemExit, match="2"):
        main(["drift", *arguments])
    assert told in capsys.readouterr().err


def test_drift_of_one_file_asks_for_two(tmp_path: Path):
    told = _run("old.jsonl")
    assert told.exit_code == 2
    assert "Name two files" in told.output
