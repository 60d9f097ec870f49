"""The shipped word-problem recipe on real data: human problems as pool and seeds."""

import json
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.fingerprint import content_hash, normalised
from synth_assets.core.ngrams import ngrams, words
from tests.integration.warm_processes import Finished
from tests.integration.whole_run import Synth

PLANTED = 7

SOURCES = """
sources:
  - {{id: word_problems, reader: file, path: train.jsonl, prompt: question, response: answer,
     licence: MIT, held_out_share: 0.05}}
  - {{id: gsm8k_test, reader: file, path: {test}, prompt: question, response: answer,
     uses: [held_out, benchmark], licence: MIT}}
"""
MIXTURES = """
mixtures:
  - {id: problems, synthetic_share: 0.2, rows: 500, recipes: [math_word_problems],
     sources: [word_problems]}
"""


@pytest.fixture(scope="module")
def exam_items(shared_data_of_module: Path) -> list[dict[str, str]]:
    text = (shared_data_of_module / "gsm8k" / "test.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def shared_data_of_module(shared_data: Path) -> Path:
    return shared_data


@pytest.fixture(scope="module")
def synth(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path, exam_items: list[dict[str, str]]
) -> Synth:
    """All 7,473 human problems, with a few test items planted among them by mistake."""
    folder = tmp_path_factory.mktemp("gsm8k")
    planted = "".join(json.dumps(item) + "\n" for item in exam_items[:PLANTED])
    train = (shared_data / "gsm8k" / "train.jsonl").read_text(encoding="utf-8")
    (folder / "train.jsonl").write_text(train + planted, encoding="utf-8")
    test = shared_data / "gsm8k" / "test.jsonl"
    (folder / "sources.yaml").write_text(SOURCES.format(test=test), encoding="utf-8")
    (folder / "mixtures.yaml").write_text(MIXTURES, encoding="utf-8")
    return Synth(tmp_path_factory.mktemp("home"), {"SYNTH_RECIPES": str(folder)})


@pytest.fixture(scope="module")
def run(synth: Synth) -> Finished:
    return synth("run", "--recipe", "math_word_problems", "--mixture", "problems")


def test_run_on_human_problems_ends_green(synth: Synth, run: Finished):
    assert run.code == 0, run.err
    pool = synth.asset("real_data").filter(pl.col("source") == "word_problems")
    held_out = synth.asset("held_out_real")
    assert 7_000 < pool.height < 7_473
    assert (held_out["source"] == "gsm8k_test").sum() == 1_319
    seeds = synth.partition("seeds", "math_word_problems")
    assert seeds.height >= 240
    assert set(seeds["source"]) == {"word_problems"}


def test_planted_exam_items_are_dropped_by_name(
    synth: Synth, run: Finished, exam_items: list[dict[str, str]]
):
    hashes = {content_hash(i["question"], i["answer"]) for i in exam_items[:PLANTED]}
    planted = synth.asset("real_data").filter(pl.col("content_hash").is_in(list(hashes)))
    assert planted.height >= PLANTED - 2  # the held-out draw may have taken one or two
    decisions = pl.read_parquet(synth.home / "decisions" / "decontaminate" / "all.parquet")
    told = decisions.filter(pl.col("sample_id").is_in(planted["sample_id"].implode()))
    assert told["reason"].to_list() == ["benchmark_overlap"] * planted.height
    ids = set(synth.asset("benchmarks")["sample_id"])
    assert set(told["duplicate_of"]) <= ids


def test_training_set_holds_no_test_problem(
    synth: Synth, run: Finished, exam_items: list[dict[str, str]]
):
    rows = synth.partition("training_sets", "problems")
    assert rows.height == 500
    assert (rows["origin"] == "synthetic").sum() == 100
    questions = {normalised(item["question"]) for item in exam_items}
    assert not {normalised(prompt) for prompt in rows["prompt"]} & questions
    known = {run for item in exam_items for run in ngrams(words(item["question"]), 13)}
    shared = [p for p in rows["prompt"] if known & set(ngrams(words(p), 13))]
    assert shared == []
