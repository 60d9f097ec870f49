"""What decontamination finds of GSM8K and HumanEval in rows that others published."""

import gzip
import json
from pathlib import Path

import pytest

from synth_assets.core.decontaminate.finding import EXACT, Method
from synth_assets.core.decontaminate.screen import Screen
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA

NOTHING = SAMPLE_SCHEMA.to_frame()


def read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def screen_of(pairs: list[tuple[str, str]]) -> Screen:
    items = (Sample.real("exam", at, *pair, "MIT") for at, pair in enumerate(pairs))
    return Screen.build(NOTHING, sample_frame(items))


@pytest.fixture(scope="module")
def gsm8k(shared_data: Path) -> Screen:
    rows = read(shared_data / "gsm8k" / "test.jsonl")
    return screen_of([(row["question"], row["answer"]) for row in rows])


def test_gsm8k_rephrasings_by_gpt4_are_found_though_no_run_of_words_is_shared(gsm8k, shared_data):
    anew = [row["text"] for row in read(shared_data / "decontaminator" / "rephrase_gsm8k.A.jsonl")]
    seen = gsm8k.seen([[text] for text in anew])
    assert len(seen) == 660
    assert sum(any(method in each for method in EXACT) for each in seen) == 0
    assert sum(Method.NEAR in each or Method.PERTURBED in each for each in seen) <= 5
    assert sum(bool(each) for each in seen) >= 620


def test_gsm_hard_is_found_but_for_a_problem_or_two(gsm8k, shared_data):
    hard = [row["input"] for row in read(shared_data / "math" / "gsm_hard_test.jsonl")]
    seen = gsm8k.seen([[text] for text in hard])
    assert sum(Method.TEXT in each for each in seen) == 329
    assert sum(Method.PERTURBED in each for each in seen) >= 985
    assert sum(bool(each) for each in seen) >= 1_317


def test_gsm8k_training_problems_that_are_flagged_are_few(gsm8k, shared_data):
    rows = read(shared_data / "gsm8k" / "train.jsonl")
    found = gsm8k.look([[row["question"], row["answer"]] for row in rows])
    flagged = [overlap for overlap in found if overlap is not None]
    assert len(found) == 7_473
    assert sum(overlap.method in EXACT for overlap in flagged) == 4
    assert 4 < len(flagged) <= 50


def test_humaneval_rephrasings_are_found_for_the_most_part(shared_data):
    with gzip.open(
        shared_data / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        tasks = [json.loads(line) for line in file]
    screen = screen_of([(task["prompt"], task["canonical_solution"]) for task in tasks])
    path = shared_data / "decontaminator" / "humaneval_python.A.jsonl"
    anew = [row["text"] for row in read(path)]
    seen = screen.seen([[text] for text in anew])
    # Five of the 82 are empty.
    assert (len(anew), sum(not text.strip() for text in anew)) == (82, 5)
    assert sum(any(method in each for method in EXACT) for each in seen) <= 1
    assert 50 <= sum(bool(each) for each in seen) <= 77
