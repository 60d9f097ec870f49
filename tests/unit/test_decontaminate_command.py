"""`synth decontaminate` on files of one's own."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from synth_assets.cli.main import main

ITEM = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes "
    "muffins for her friends every day with four. She sells the remainder at the farmers' market "
    "daily for $2 per fresh duck egg. How much in dollars does she make every day?"
)
OTHER = (
    "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total "
    "does it take to sew the robe for the king of the northern mountains this year?"
)
REPHRASED = (
    "Janet's ducks produce 16 eggs each day. She consumes three of them for her morning meal and "
    "uses four to bake muffins for her friends daily. The remaining eggs are sold at the farmers' "
    "market for $2 per egg. What is the daily amount in dollars that she earns?"
)
CLEAN = "Explain in two sentences why the sky looks blue at noon and red in the evening, please."


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["decontaminate", *map(str, arguments)])
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said.out if code == 0 else said.err

    return run


def write(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    rows = [{"question": ITEM, "answer": "#### 18"}, {"question": OTHER, "answer": "#### 3"}]
    return write(tmp_path / "bench.jsonl", rows)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write(
        tmp_path / "rows.jsonl",
        [
            {"id": "same", "prompt": ITEM, "response": "It is 18."},
            {"id": "inside", "prompt": f"Solve this: {OTHER} Thanks.", "response": "3"},
            {"id": "reworded", "prompt": REPHRASED, "response": "18 dollars"},
            {"id": "numbers", "prompt": ITEM.replace("16", "21"), "response": "28"},
            {"id": "clean", "prompt": CLEAN, "response": "It scatters."},
        ],
    )


def test_decontaminate_drops_what_holds_an_item_and_says_which(rows: Path, bench: Path, told):
    kept, why = rows.with_name("kept.jsonl"), rows.with_name("why.parquet")
    options = ("--against", bench, "--id", "id", "-o", kept, "--decisions", why, "--no-rates")
    said = told(rows, *options)
    assert "5 rows: 1 kept, 4 dropped for 2 of 2 items" in said
    assert kept.read_text() == rows.read_text().splitlines(keepends=True)[4]
    decisions = pl.read_parquet(why).rows(named=True)
    first, second = f"{bench}:1", f"{bench}:2"
    assert [(d["sample_id"], d["outcome"], d["duplicate_of"]) for d in decisions] == [
        ("same", "dropped", first),
        ("inside", "dropped", second),
        ("reworded", "dropped", first),
        ("numbers", "dropped", first),
        ("clean", "kept", None),
    ]
    assert decisions[0]["detail"].startswith("text: ")
    assert decisions[1]["detail"].startswith("run: ")
    assert decisions[2]["reason"] == "rephrased_benchmark_item"
    assert {d["stage"] for d in decisions} == {"decontaminate"}


def test_decontaminate_by_runs_alone_misses_the_rephrased(rows: Path, bench: Path, told):
    options = ("--against", bench, "--find", "nothing", "--no-rates", "--json")
    said = json.loads(told(rows, *options))
    assert (said["kept"], said["methods"]) == (2, {"run": 2, "text": 1})


def test_decontaminate_by_longer_runs_finds_less(tmp_path: Path, bench: Path, told):
    begun = " ".join(OTHER.split()[:10])
    path = write(tmp_path / "rows.jsonl", [{"text": f"{begun} and then quite another thing"}])
    options = ("--against", bench, "--find", "nothing", "--no-rates", "--json")
    assert json.loads(told(path, *options))["dropped"] == 0
    assert json.loads(told(path, *options, "--ngram", "8"))["dropped"] == 1


def test_decontaminate_tells_how_often_it_errs(tmp_path: Path, shared_data: Path, told):
    test = (shared_data / "gsm8k" / "test.jsonl").read_text().splitlines(keepends=True)
    train = (shared_data / "gsm8k" / "train.jsonl").read_text().splitlines(keepends=True)
    bench, rows, clean = (tmp_path / f"{name}.jsonl" for name in ("bench", "rows", "clean"))
    bench.write_text("".join(test[:80]))
    rows.write_text("".join([*train[:50], *test[:5]]))
    clean.write_text("".join(train[50:250]))
    why = tmp_path / "why.parquet"
    options = ("--against", bench, "--clean", clean, "--decisions", why)
    said = json.loads(told(rows, *options, "--json"))
    assert said["items"] == 80
    assert said["dropped"] in (5, 6)
    assert pl.read_parquet(why)["outcome"].to_list()[50:] == ["dropped"] * 5
    rates = {rate["rows"]: rate for rate in said["error_rates"]}
    assert rates["verbatim"]["share"] == 1
    assert rates["renumbered"]["share"] > 0.9
    assert rates["rephrased"]["share"] > 0.8
    assert rates["clean rows"]["looked_at"] == 200
    assert rates["clean rows"]["share"] < 0.05
    assert rates["clean rows"]["low"] <= rates["clean rows"]["share"] <= rates["clean rows"]["high"]
    shown = told(rows, "--against", bench, "--clean", clean)
    assert "How often it errs" in shown
    assert "verbatim" in shown


def test_decontaminate_against_items_under_another_name(tmp_path: Path, told):
    bench = write(tmp_path / "b.jsonl", [{"aufgabe": ITEM}])
    path = write(tmp_path / "rows.jsonl", [{"text": ITEM}])
    assert "--against-column" in told(path, "--against", bench, code=2)
    options = ("--against", bench, "--against-column", "aufgabe", "--no-rates", "--json")
    assert json.loads(told(path, *options))["dropped"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--find", "everything"), "There are: near, perturbed, rephrased"),
        (("--against", "nothing*.jsonl"), "matches no file"),
        (("--against-column", "nope"), 'no column "nope"'),
        (("--clean", "nothing.jsonl"), "no such file"),
        (("-o", "kept.doc"), "unknown kind of file"),
    ],
)
def test_decontaminate_of_what_cannot_be_says_so(rows: Path, bench: Path, told, options, message):
    assert message in told(rows, "--against", bench, *options, code=2)
