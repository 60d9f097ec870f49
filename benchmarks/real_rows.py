"""Rows of real data that verifiers are tuned and measured on, read from the test data folder."""

import ast
import gzip
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("SYNTH_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")


@dataclass(frozen=True)
class Row:
    """A prompt and what people or a model answered.

    Attributes:
        source: which data.
        by: `people`, or the model.
        prompt: empty for plain text.
        response: the text.
        tuning: whether it may be looked at; figures are of the others.
    """

    source: str
    by: str
    prompt: str
    response: str
    tuning: bool


def real_rows() -> list[Row]:
    """All rows; every third of a source is for tuning."""
    found: list[Row] = []
    for source, by, pairs in (
        ("gsm8k", "people", _gsm8k()),
        ("gsm8k_models", "gpt-3", _solutions()),
        ("alpaca", "text-davinci-003", _instructions("alpaca/alpaca_5000.json")),
        ("codealpaca", "text-davinci-003", _instructions("codealpaca/code_alpaca_2k.json")),
        ("gpteacher", "gpt-4", _instructions(_one("gpteacher", "roleplay-*.json"))),
        ("oasst", "people", _oasst()),
        ("wikitext2", "people", _wikitext()),
        ("wikipedia", "people", _lines("collapsetracker/wikipedia_abstracts.jsonl")),
        ("halueval", "chatgpt", _halueval()),
        ("mtbench", "models", _pairs("llmbar/Processed_MT-Bench.json")),
        ("faireval", "models", _pairs("llmbar/Processed_FairEval.json")),
        ("llmbar", "models", _pairs("llmbar/LLMBar_Natural.json")),
        ("ifeval", "gpt-4", _ifeval()),
        ("self_instruct", "people", _self_instruct()),
        ("math500", "people", _math()),
        ("mbpp", "people", _mbpp()),
        ("humaneval", "people", _humaneval()),
        ("pubmedqa", "people", _pubmedqa()),
        ("xquad", "people", _xquad()),
    ):
        found += [
            Row(source, by, prompt, response, number % 3 == 0)
            for number, (prompt, response) in enumerate(pairs)
            if response.strip()
        ]
    return found


def _json(name: str) -> Any:  # noqa: ANN401
    return json.loads((DATA / name).read_text("utf-8"))


def _json_lines(name: str) -> Iterator[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _one(folder: str, pattern: str) -> str:
    return str(next((DATA / folder).glob(pattern)).relative_to(DATA))


def _gsm8k() -> Iterator[tuple[str, str]]:
    for name in ("train", "test"):
        for row in _json_lines(f"gsm8k/{name}.jsonl"):
            yield row["question"], row["answer"]


def _solutions() -> Iterator[tuple[str, str]]:
    for row in _json_lines("gsm8k/example_model_solutions.A.jsonl"):
        for size in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            made = row[size]
            if isinstance(made, str):
                made = ast.literal_eval(made)
            yield row["question"], made["solution"]


def _instructions(name: str) -> Iterator[tuple[str, str]]:
    for row in _json(name):
        yield "\n".join(filter(None, (row["instruction"], row["input"]))), row["output"]


def _oasst() -> Iterator[tuple[str, str]]:
    for row in _json_lines("oasst_questions/oa_questions.A.jsonl"):
        said = re.split(r"### (?:Human|Assistant):", row["input"])
        yield "\n".join(part.strip() for part in said if part.strip()), row["output"]


def _wikitext() -> Iterator[tuple[str, str]]:
    text = (DATA / "wikitext2" / "valid.txt").read_text("utf-8")
    for line in text.splitlines():
        if len(line) > 80 and not line.strip().startswith("="):
            yield "", _untokenised(line.strip())


def _untokenised(text: str) -> str:
    text = re.sub(r" @([-,.])@ ", r"\1", text.replace("<unk>", "it"))
    text = re.sub(r" ([,.;:!?)'%]|n't|'s)", r"\1", text)
    return text.replace("( ", "(").replace(' " ', ' "')


def _lines(name: str) -> Iterator[tuple[str, str]]:
    for row in _json_lines(name):
        yield "", row["text"]


def _halueval() -> Iterator[tuple[str, str]]:
    for row in _json_lines("halueval/general_data.A.jsonl"):
        yield row["user_query"], row["chatgpt_response"]


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    for row in _json(name):
        yield row["input"], row["output_1"]
        yield row["input"], row["output_2"]


def _ifeval() -> Iterator[tuple[str, str]]:
    for row in _json_lines("ifeval/eval_results_strict.A.jsonl"):
        yield row["prompt"], row["response"]


def _self_instruct() -> Iterator[tuple[str, str]]:
    for name in ("seed_tasks", "user_oriented_instructions"):
        for row in _json_lines(f"self_instruct/{name}.jsonl"):
            for each in row["instances"]:
                yield "\n".join(filter(None, (row["instruction"], each["input"]))), each["output"]


def _math() -> Iterator[tuple[str, str]]:
    for row in _json_lines("math/math500.jsonl"):
        yield row["problem"], row["solution"]


def _mbpp() -> Iterator[tuple[str, str]]:
    for row in _json("mbpp/sanitized-mbpp.json"):
        yield row["prompt"], row["code"]


def _humaneval() -> Iterator[tuple[str, str]]:
    with gzip.open(DATA / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["prompt"], row["prompt"] + row["canonical_solution"]


def _pubmedqa() -> Iterator[tuple[str, str]]:
    for row in _json("pubmedqa/pqal.A.json").values():
        yield row["QUESTION"], row["LONG_ANSWER"]


def _xquad() -> Iterator[tuple[str, str]]:
    for article in _json("xquad/xquad.en.A.json")["data"]:
        for paragraph in article["paragraphs"]:
            yield "", paragraph["context"]
