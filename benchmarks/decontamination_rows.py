"""Benchmarks, rows known to hold their items, and rows known not to, from the test data folder."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from benchmarks.real_rows import DATA
from synth_assets.core.sample import Sample, sample_frame

_HALF_AT_MOST = 1_500


@dataclass(frozen=True)
class Rows:
    """Texts that are looked at.

    Attributes:
        name: what they are.
        texts: all of them.
        items: number of the item that each holds; none where they hold none.
    """

    name: str
    texts: Sequence[str]
    items: Sequence[int] | None = None


@dataclass(frozen=True)
class Exam:
    """A benchmark.

    Attributes:
        name: what it is.
        items: columns of `SAMPLE_SCHEMA`, in the order of the benchmark.
        contaminated: rows that hold items.
        clean: rows that do not.
    """

    name: str
    items: pl.DataFrame
    contaminated: tuple[Rows, ...]
    clean: tuple[Rows, ...]


def gsm8k() -> Exam:
    """GSM8K's test, its rephrasings by GPT-4, GSM-hard, and its human training problems."""
    test, train = (_lines(f"gsm8k/{name}.jsonl") for name in ("test", "train"))
    anew = [row["text"] for row in _lines("decontaminator/rephrase_gsm8k.A.jsonl")]
    hard = [row["input"] for row in _lines("math/gsm_hard_test.jsonl")]
    return Exam(
        "GSM8K test",
        _frame([(row["question"], row["answer"]) for row in test]),
        (Rows("GPT-4's rephrasings", anew, range(len(anew))), Rows("GSM-hard", hard)),
        (Rows("human training problems", [row["question"] for row in train]),),
    )


def humaneval() -> Exam:
    """HumanEval, its rephrasings, and other tasks of programming."""
    with gzip.open(DATA / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
        tasks = [json.loads(line) for line in file]
    anew = [row["text"] for row in _lines("decontaminator/humaneval_python.A.jsonl")]
    told = [number for number, text in enumerate(anew) if text.strip()]
    alpaca = _whole("codealpaca/code_alpaca_2k.json")
    return Exam(
        "HumanEval",
        _frame([(task["prompt"], task["canonical_solution"]) for task in tasks]),
        (Rows("rephrasings that are not empty", [anew[number] for number in told], told),),
        (
            Rows(
                "MBPP", [f"{t['prompt']}\n{t['code']}" for t in _whole("mbpp/sanitized-mbpp.json")]
            ),
            Rows("CodeAlpaca", ["\n".join(map(str, row.values())) for row in alpaca]),
        ),
    )


def halves() -> Iterator[Exam]:
    """Sets of which one half is the benchmark, and the other half plays clean rows."""
    for name, texts in _sets():
        drawn = sorted(dict.fromkeys(texts))
        random.Random(3).shuffle(drawn)
        half = min(len(drawn) // 2, _HALF_AT_MOST)
        items = _frame([(text, "") for text in drawn[:half]])
        yield Exam(name, items, (), (Rows("the other half", drawn[half : 2 * half]),))


def mixed_items(count: int) -> pl.DataFrame:
    """So many items, of word problems and mathematics."""
    texts = [row["question"] for name in ("train", "test") for row in _lines(f"gsm8k/{name}.jsonl")]
    texts += dict(_sets())["SVAMP"] + dict(_sets())["MATH-500"]
    return _frame([(text, "") for text in list(dict.fromkeys(texts))[:count]])


def spliced_rows(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Prompts and responses put together from halves of instruction rows, all different."""
    pairs = [
        (
            f"{row['instruction']} {row['input']}",
            str(row.get("output") or row.get("response") or ""),
        )
        for name in (
            "alpaca/alpaca_5000.json",
            "codealpaca/code_alpaca_2k.json",
            "gpteacher/roleplay-simple-deduped-roleplay-dataset.json",
        )
        for row in _whole(name)
    ]
    cut = [tuple(text.split(" ") for text in pair) for pair in pairs]
    rng = random.Random(seed)
    for _ in range(count):
        (one, other), (two, another) = rng.choice(cut), rng.choice(cut)
        yield _spliced(one, two), _spliced(other, another)


def _spliced(one: Sequence[str], other: Sequence[str]) -> str:
    return " ".join([*one[: len(one) // 2], *other[len(other) // 2 :]])


def _sets() -> Iterator[tuple[str, list[str]]]:
    yield "MATH-500", [row["problem"] for row in _lines("math/math500.jsonl")]
    svamp = _lines("math/svamp_test.jsonl")
    yield "SVAMP", [f"{row['Body']} {row['Question']}" for row in svamp]
    yield "IFEval", [row["prompt"] for row in _lines("ifeval/input_data.A.jsonl")]
    squad = _whole("xquad/xquad.en.A.json")["data"]
    asked = [p["qas"] for document in squad for p in document["paragraphs"]]
    yield "XQuAD questions", [each["question"] for some in asked for each in some]
    yield "PubMedQA", [row["QUESTION"] for row in _whole("pubmedqa/pqal.A.json").values()]
    alpaca = _whole("alpaca/alpaca_5000.json")
    yield "Alpaca", [f"{row['instruction']} {row['input']}".strip() for row in alpaca]


def _frame(pairs: Sequence[tuple[str, str]]) -> pl.DataFrame:
    return sample_frame(Sample.real("exam", at, *pair, "MIT") for at, pair in enumerate(pairs))


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def _whole(name: str) -> Any:  # noqa: ANN401
    return json.loads((DATA / name).read_text("utf-8"))
