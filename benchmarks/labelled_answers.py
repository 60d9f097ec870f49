"""Answers with labels of their quality, read from the test data folder, and mixtures made of them.

Each set is split by a hash of the prompt: one half to tune and to learn from, one to measure on.
"""

import csv
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.real_rows import DATA, real_rows
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.quality.example import Example


@dataclass(frozen=True)
class LabelledSet:
    """Answers that were accepted or rejected.

    Attributes:
        name: as tables say it.
        labels: who or what labelled them.
        learnt: the half for learning.
        held_out: the half for measuring.
    """

    name: str
    labels: str
    learnt: Sequence[Example]
    held_out: Sequence[Example]


def labelled_sets() -> list[LabelledSet]:
    """All sets."""
    return [
        _split("XSTest: complies or refuses", "people", list(_xstest())),
        _split("HaluEval: no hallucination", "people", list(_halueval())),
        _split("preferred of two (LLMBar, FairEval, MT-Bench)", "people", list(_preferred())),
        _split("Self-Instruct: by people or by davinci", "origin", list(_self_instruct())),
        _split("GSM8K solutions: right or wrong", "the answer", list(_gsm8k())),
        *(_split(f"mixture: {name}", "ours", rows) for name, rows in _mixtures()),
    ]


def _split(name: str, labels: str, rows: Sequence[Example]) -> LabelledSet:
    halves: tuple[list[Example], list[Example]] = ([], [])
    seen: set[str] = set()
    for row in rows:
        key = exact_hash(row.prompt, row.response)
        if key not in seen and row.response.strip():
            seen.add(key)
            halves[int(exact_hash("half", row.prompt)[:8], 16) % 2].append(row)
    return LabelledSet(name, labels, *halves)


def _json_lines(name: str) -> Iterator[dict[str, Any]]:
    for line in (DATA / name).read_text("utf-8").splitlines():
        yield json.loads(line)


def _xstest() -> Iterator[Example]:
    for model in ("gpt4", "llama2orig"):
        path = DATA / "xstest" / f"xstest_v2_completions_{model}_streval.csv"
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                complies = row["final_label"].startswith("1")
                yield Example(row["prompt"], row["completion"], complies)


def _halueval() -> Iterator[Example]:
    for row in _json_lines("halueval/general_data.A.jsonl"):
        yield Example(row["user_query"], row["chatgpt_response"], row["hallucination"] == "no")


def _preferred() -> Iterator[Example]:
    for name in ("LLMBar_Natural", "Processed_FairEval", "Processed_MT-Bench"):
        for row in json.loads((DATA / "llmbar" / f"{name}.json").read_text("utf-8")):
            for number in ("1", "2"):
                yield Example(row["input"], row[f"output_{number}"], str(row["label"]) == number)


def _self_instruct() -> Iterator[Example]:
    for row in _json_lines("self_instruct/user_oriented_instructions.jsonl"):
        for each in row["instances"]:
            yield Example(_asked(row["instruction"], each["input"]), each["output"], True)
    for row in _json_lines("self_instruct/predictions/davinci.jsonl"):
        yield Example(_asked(row["instruction"], row["input"]), row["response"].strip(), False)


def _asked(instruction: str, text: str) -> str:
    return "\n".join(filter(None, (instruction.strip(), text.strip())))


def _gsm8k() -> Iterator[Example]:
    sizes = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
    for row in _json_lines("gsm8k/example_model_solutions.A.jsonl"):
        for size in sizes:
            made = row[size]
            yield Example(row["question"], made["solution"], made["is_correct"])


def _mixtures() -> Iterator[tuple[str, list[Example]]]:
    """Real answers, and as many of the same kind that were damaged; never both of one prompt."""
    found: dict[str, list[tuple[str, str]]] = {"oasst": [], "alpaca": [], "halueval": []}
    for row in real_rows():
        if row.source in found and len(row.response.split()) >= 12:
            found[row.source].append((row.prompt, row.response))
    dice = random.Random(20261121)
    for source, name in (("oasst", "replies of people"), ("alpaca", "text-davinci-003")):
        rows = sorted(set(found[source]), key=lambda row: exact_hash(*row))
        others = [response for _, response in rows]
        for damage in (_cut, _sentences_mixed, _answer_to_another, _padded, _any):
            told = f"{name}, {damage.__name__[1:].replace('_', ' ')}"
            yield (
                told,
                [
                    Example(prompt, response, True)
                    if number % 2
                    else Example(prompt, damage(response, others, dice), False)
                    for number, (prompt, response) in enumerate(rows)
                ],
            )


def _cut(text: str, _: Sequence[str], dice: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: max(3, int(len(words) * dice.uniform(0.3, 0.9)))])


def _sentences_mixed(text: str, _: Sequence[str], dice: random.Random) -> str:
    words = text.split(" ")
    runs = [words[at : at + 4] for at in range(0, len(words), 4)]
    dice.shuffle(runs)
    return " ".join(word for run in runs for word in run)


def _answer_to_another(_: str, others: Sequence[str], dice: random.Random) -> str:
    return dice.choice(others)


_PADDING = (
    "That is a great question!",
    "I hope this helps! Let me know if you have any other questions.",
    "It is important to note that there are many factors to consider.",
    "In conclusion, it really depends on your needs.",
    "Overall, this is a complex and multifaceted topic.",
)


def _padded(text: str, _: Sequence[str], dice: random.Random) -> str:
    words = text.split(" ")
    return f"{dice.choice(_PADDING)} {' '.join(words[: len(words) // 2])} {dice.choice(_PADDING)}"


def _any(text: str, others: Sequence[str], dice: random.Random) -> str:
    chosen = dice.choice((_cut, _sentences_mixed, _answer_to_another, _padded))
    return chosen(text, others, dice)
