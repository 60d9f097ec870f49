"""The verifier `instructions` on IFEval, and what a check costs.

`python -m benchmarks.verify_instructions` prints the tables of docs/verifiers/instructions.md. Real
texts are read from the folder that `SYNTH_TEST_DATA` names. NLTK, which is only here to compare
with, is used without its data: its Punkt is trained on the spot.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer

from benchmarks.timing import table
from synth_assets.core.sample import Sample
from synth_assets.core.verify.constraints.catalogue import (
    FAMILIES,
    constraint_of,
    read_constraints,
)
from synth_assets.core.verify.constraints.protocol import Constraint
from synth_assets.core.verify.constraints.sentences import sentence_count
from synth_assets.core.verify.constraints.wording import Wording
from synth_assets.core.verify.instructions import Instructions, findings
from synth_assets.core.verify.reading.language import CERTAIN, language_of

_ROOT = Path(__file__).parent.parent
_DATA = Path(os.environ.get("SYNTH_TEST_DATA") or _ROOT.parent / "shared" / "data")
_SECONDS = 0.3

_ARGUMENTS: dict[str, str] = {
    "keywords:existence": '{"keywords": ["number", "answer"]}',
    "keywords:frequency": '{"relation": "at least", "keyword": "number", "frequency": 2}',
    "keywords:forbidden_words": '{"forbidden_words": ["money", "clips"]}',
    "keywords:letter_frequency": '{"let_relation": "at least", "letter": "e", "let_frequency": 9}',
    "language:response_language": '{"language": "en"}',
    "length_constraints:number_sentences": '{"relation": "at least", "num_sentences": 3}',
    "length_constraints:number_paragraphs": '{"num_paragraphs": 1}',
    "length_constraints:number_words": '{"relation": "at least", "num_words": 30}',
    "length_constraints:nth_paragraph_first_word": (
        '{"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "so"}'
    ),
    "detectable_content:number_placeholders": '{"num_placeholders": 1}',
    "detectable_content:postscript": '{"postscript_marker": "P.S."}',
    "detectable_format:number_bullet_lists": '{"num_bullets": 3}',
    "detectable_format:number_highlighted_sections": '{"num_highlights": 1}',
    "detectable_format:multiple_sections": '{"section_spliter": "Section", "num_sections": 2}',
    "combination:repeat_prompt": '{"prompt_to_repeat": "Natalia sold clips"}',
    "startend:end_checker": '{"end_phrase": "Any other questions?"}',
    "change_case:capital_word_frequency": (
        '{"capital_relation": "less than", "capital_frequency": 5}'
    ),
}


@dataclass(frozen=True)
class _Row:
    """A prompt of IFEval, GPT-4's response, and the official verdicts by scoring."""

    constraints: tuple[Constraint, ...]
    listed: str
    response: str
    official: dict[str, list[bool]]


def main() -> None:
    """Measure, and print."""
    rows = _rows()
    print(_figures(rows), _agreement(rows), _languages(), _costs(rows), sep="\n\n")


def _rows() -> list[_Row]:
    asked = _lines("ifeval/input_data.A.jsonl")
    said = {name: _lines(f"ifeval/eval_results_{name}.A.jsonl") for name in ("strict", "loose")}
    return [
        _Row(
            read_constraints(json.dumps(each)),
            json.dumps(each),
            said["strict"][position]["response"],
            {name: rows[position]["follow_instruction_list"] for name, rows in said.items()},
        )
        for position, each in enumerate(asked)
    ]


def _figures(rows: Sequence[_Row]) -> str:
    lines: list[list[str]] = []
    for scoring in ("strict", "loose"):
        count = Counter[str]()
        for row in rows:
            found = findings(row.constraints, row.response, loose=scoring == "loose")
            followed = [each.followed is True for each in found]
            official = row.official[scoring]
            count["prompts"] += all(followed)
            count["official prompts"] += all(official)
            count["instructions"] += sum(followed)
            count["official"] += sum(official)
            count["equal"] += sum(a == b for a, b in zip(followed, official, strict=True))
            count["of"] += len(official)
            count["undecided"] += sum(each.followed is None for each in found)
        prompts = f"{count['prompts']} ({count['official prompts']})"
        instructions = f"{count['instructions']} ({count['official']})"
        equal = f"{count['equal']} of {count['of']}"
        lines.append([scoring, prompts, instructions, equal, str(count["undecided"])])
    head = ["scoring", "prompts (official)", "instructions (official)", "equal", "undecided"]
    return table(head, lines)


def _agreement(rows: Sequence[_Row]) -> str:
    alpaca = [each["output"] for each in json.loads(_text("alpaca/alpaca_5000.json"))]
    gsm8k = [each["answer"] for each in _lines("gsm8k/test.jsonl")]
    xquad = [
        passage["context"]
        for article in json.loads(_text("xquad/xquad.en.A.json"))["data"]
        for passage in article["paragraphs"]
    ]
    trainer = PunktTrainer()
    questions = [each["question"] for each in _lines("gsm8k/train.jsonl")]
    trainer.train("\n".join([_text("wikitext2/valid.txt"), *alpaca, *questions, *xquad]))
    punkt, treebank = PunktSentenceTokenizer(trainer.get_params()), NLTKWordTokenizer()

    def capitals(text: str) -> int:
        words = (word for part in punkt.tokenize(text) for word in treebank.tokenize(part))
        return sum(word.isupper() for word in words)

    lines = [
        [
            name,
            f"{len(texts):,}",
            _share(texts, sentence_count, lambda text: len(punkt.tokenize(text))),
            _share(texts, lambda text: Wording(text).capital_words, capitals),
        ]
        for name, texts in (
            ("IFEval responses", [row.response for row in rows]),
            ("the same in capitals", [row.response.upper() for row in rows]),
            ("Alpaca outputs", alpaca),
            ("GSM8K solutions", gsm8k),
            ("XQuAD passages", xquad),
        )
    ]
    return table(["texts", "", "as many sentences", "as many words in capitals"], lines)


def _share(texts: Sequence[str], ours: Callable[[str], int], theirs: Callable[[str], int]) -> str:
    return f"{sum(ours(text) == theirs(text) for text in texts) / len(texts):.1%}"


def _languages() -> str:
    lines: list[list[str]] = []
    for name, code, texts in _language_texts():
        started = time.process_time()
        found = [language_of(text) for text in texts]
        micros = (time.process_time() - started) / len(texts) * 1e6
        right = sum(each is not None and each.code == code for each in found)
        other = [each for each in found if each is not None and each.code != code]
        certain = sum(each.confidence >= CERTAIN for each in other)
        counts = [right, found.count(None), len(other), certain]
        lines.append([name, f"{len(texts):,}", *map(str, counts), f"{micros:.0f}"])
    return table(["texts", "", "right", "unknown", "other", "other, certain", "µs"], lines)


def _language_texts() -> list[tuple[str, str, list[str]]]:
    language_of("load the model")
    found: list[tuple[str, str, list[str]]] = []
    for name, code in (("English", "en"), ("German", "de")):
        articles = json.loads(_text(f"xquad/xquad.{code}.A.json"))["data"]
        passages = [passage for article in articles for passage in article["paragraphs"]]
        questions = [each["question"] for passage in passages for each in passage["qas"]]
        found += [
            (f"XQuAD passages, {name}", code, [passage["context"] for passage in passages]),
            (f"XQuAD questions, {name}", code, questions),
        ]
    gsm8k = _lines("gsm8k/test.jsonl")
    found.append(("GSM8K questions", "en", [each["question"] for each in gsm8k]))
    found.append(("GSM8K solutions", "en", [each["answer"] for each in gsm8k]))
    math = [each["solution"] for each in _lines("math/math500.jsonl")]
    return [*found, ("MATH-500 solutions", "en", math)]


def _costs(rows: Sequence[_Row]) -> str:
    short = [each["answer"] for each in _lines("gsm8k/test.jsonl")][:500]
    long = [row.response for row in rows]
    lines: list[list[str]] = []
    for name in FAMILIES:
        constraint = constraint_of({**json.loads(_ARGUMENTS.get(name, "{}")), "id": name})
        costs = [_micros(_checks(constraint, texts)) for texts in (short, long)]
        lines.append([name, *costs])
    check = Instructions(kind="instructions").prepare({})
    assert callable(check)
    samples = [_sample(row) for row in rows]
    whole = _micros([lambda sample=sample: check(sample) for sample in samples])
    lines.append(["IFEval rows as they are, list read, 1.5 constraints", "", whole])
    return table(["family", "µs, GSM8K solution", "µs, IFEval response"], lines)


def _checks(constraint: Constraint, texts: Sequence[str]) -> list[Callable[[], object]]:
    return [lambda text=text: constraint.check(Wording(text)) for text in texts]


def _micros(calls: Sequence[Callable[[], object]]) -> str:
    calls[0]()
    started, done = time.process_time(), 0
    while time.process_time() - started < _SECONDS:
        for call in calls:
            call()
        done += len(calls)
    return f"{(time.process_time() - started) / done * 1e6:.1f}"


def _sample(row: _Row) -> Sample:
    real = Sample.real("ifeval", 0, "", row.response, "Apache-2.0")
    return Sample(**{**vars(real), "reference": row.listed})


def _text(name: str) -> str:
    return (_DATA / name).read_text("utf-8")


def _lines(name: str) -> list[dict]:
    return [json.loads(line) for line in _text(name).splitlines() if line]


if __name__ == "__main__":
    main()
