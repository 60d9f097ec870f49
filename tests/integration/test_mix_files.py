import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from synth_assets.cli.main import cli, main
from tests.unit.test_canary_command import human_texts


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of 200 human rows, one of them held out, and 150 of two teachers, one of them a test
    item, one the student at its last checkpoint."""
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    texts = human_texts(900)
    human = [{"question": f"What of {n}? {t}", "answer": t} for n, t in enumerate(texts[:200])]
    held = [
        {"question": f"Which of {n}? {t}", "answer": f"so {t}"}
        for n, t in enumerate(texts[600:630])
    ]
    exam = (
        "Which lighthouse of the seven at Brindle Head is the only one that never turns at night?"
    )
    made = [
        {"instruction": f"Tell {n}: {t}", "output": f"Well, {t}", "writer": "a" if n % 2 else "b"}
        for n, t in enumerate(texts[300:448])
    ]
    leaked = {"instruction": exam, "output": "The fourth.", "writer": "a"}
    own = {
        "instruction": "Say who you are in a line.",
        "output": "I am tiny.",
        "writer": "old-tiny",
    }
    _write(tmp_path / "human.jsonl", [*human, {**held[0]}])
    _write(tmp_path / "held.jsonl", held)
    _write(tmp_path / "made.jsonl", [*made, leaked, own, made[0]])
    _write(tmp_path / "exam.jsonl", [{"question": exam, "answer": "The fourth."}])
    path = tmp_path / "mix.yaml"
    path.write_text(
        "mixture:\n  id: small\n  rows: 120\n  synthetic_share: 0.4\n  teacher_cap: 0.6\n"
        "  student: {name: tiny, family: tiny, checkpoint: '2', previous: ['1']}\n"
        "  splits: {validation: 0.1}\n"
        "candidates:\n"
        "  - {id: human, origin: real, files: [human.jsonl], licence: MIT}\n"
        "  - {id: gen, origin: synthetic, files: [made.jsonl], teacher_column: writer, "
        "columns: [prompt=instruction, response=output]}\n"
        "held_out: [{files: [held.jsonl]}]\nbenchmarks: {files: [exam.jsonl]}\n"
        "teachers:\n  - {id: old-tiny, model: openai/tiny, family: tiny, checkpoint: '1', "
        "licence: MIT}\n",
        encoding="utf-8",
    )
    return path


def _made(config: Path, folder: Path) -> dict[str, object]:
    decisions = config.with_name("decisions.parquet")
    arguments = ["mix", str(config), "-o", str(folder), "--decisions", str(decisions), "--json"]
    told = CliRunner().invoke(cli, arguments)
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_mix_of_files_meets_its_bounds_and_says_why_each_row_was_left_out(
    config: Path, tmp_path: Path
):
    record = _made(config, tmp_path / "out")
    assert (record["rows"], record["synthetic_share"]) == (120, 0.4)
    left_out = record["left_out"]
    assert isinstance(left_out, dict)
    assert (left_out["exact_duplicate"], left_out["own_voice"]) == (1, 1)
    assert (left_out["held_out_overlap"], left_out["benchmark_overlap"]) == (1, 1)
    decisions = pl.read_parquet(tmp_path / "decisions.parquet")
    own = decisions.filter(pl.col("reason") == "own_voice").row(0, named=True)
    assert "old-tiny" in own["detail"]
    rows = pl.read_parquet(tmp_path / "out" / "train.parquet")
    wrote = rows.filter(pl.col("origin") == "synthetic")["teacher"]
    assert set(wrote) == {"a", "b"}
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "tiny" in card
    assert "synth mix mix.yaml" in card


def test_mix_of_the_same_files_gives_the_same_bytes(config: Path, tmp_path: Path):
    digests = []
    for name in ("one", "two"):
        _made(config, tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        digests.append([(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in files])
    assert digests[0] == digests[1]


def test_mix_of_the_same_files_on_another_machine_gives_the_same_bytes(
    config: Path, tmp_path: Path
):
    _made(config, tmp_path / "here")
    there = tmp_path / "another place"
    there.mkdir()
    for name in ("human.jsonl", "held.jsonl", "made.jsonl", "exam.jsonl", "mix.yaml"):
        shutil.copyfile(tmp_path / name, there / name)
        os.utime(there / name, (0, 86_400))
    machine = {
        "HOME": str(there),
        "LC_ALL": "C",
        "PATH": os.environ["PATH"],
        "POLARS_MAX_THREADS": "1",
        "PYTHONHASHSEED": "77",
        "SYNTH_HOME": str(there / "own home"),
        "TZ": "Pacific/Kiritimati",
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("synth"), "mix", "mix.yaml", "-o", "out"],
        cwd=there,
        env=machine,
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for file in sorted((tmp_path / "here").iterdir()):
        assert (there / "out" / file.name).read_bytes() == file.read_bytes(), file.name


def test_mix_that_asks_too_much_says_what_would_do(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    config.write_text(config.read_text("utf-8").replace("rows: 120", "rows: 1200"), "utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["mix", str(config), "-o", str(tmp_path / "out")])
    told = capsys.readouterr().err
    assert "rows" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("said", "instead", "told"),
    [
        ("teacher_column: writer", "licence: MIT", "name their teacher"),
        ("teacher_column: writer", "teacher_column: nowhere", "has no teacher in the column"),
        ("files: [human.jsonl]", "files: [gone.jsonl]", "gone.jsonl"),
        ("held_out: [{files: [held.jsonl]}]", "held_out: [{files: [held.jsonl], source: x}]", "x"),
        ("  rows: 120\n", "  rows: 120\n  policy: nobody\n", "no policy is called nobody"),
        ("  rows: 120\n", "  rows: 120\n  gates: {drift: block}\n", "gates of mixture small"),
        ("id: gen", "id: human", "the id human stands twice"),
    ],
)
def test_mix_of_a_faulty_file_names_the_fault(
    config: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    said: str,
    instead: str,
    told: str,
):
    text = config.read_text("utf-8")
    assert said in text
    config.write_text(text.replace(said, instead), "utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["mix", str(config), "-o", str(tmp_path / "out")])
    assert told in capsys.readouterr().err
