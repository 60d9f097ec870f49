"""What `personal_data` finds in labelled sentences and in texts of people, and how fast.

`python -m benchmarks.verify_personal_data [FILE ...]` prints the tables of its page; the texts are
those of the folder that `SYNTH_TEST_DATA` names. Further files of sentences, written as those of
presidio-research are, get a table of their own.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.timing import table
from synth_assets.core.sample import Sample
from synth_assets.core.verify.personal_data.finding import Kind
from synth_assets.core.verify.personal_data.scan import Scanner
from synth_assets.core.verify.personal_data.verifier import PersonalData

_ROOT = Path(__file__).parent.parent
_LABELS = {
    "EMAIL_ADDRESS": Kind.EMAIL,
    "CREDIT_CARD": Kind.CARD,
    "IBAN_CODE": Kind.IBAN,
    "PHONE_NUMBER": Kind.PHONE,
    "US_SSN": Kind.NATIONAL_NUMBER,
    "IP_ADDRESS": Kind.IP_ADDRESS,
}
_TEXT_FILES = {".json", ".jsonl", ".txt", ".csv", ".md"}
_ROWS = 100_000


def measure(folder: Path, files: Sequence[Path]) -> str:
    """Measure and return Markdown."""
    parts = ["Sentences with labels:", _labelled(folder / "presidio_pii" / "synth_dataset_v2.json")]
    for path in files:
        parts += [f"{path.name}:", _labelled(path)]
    parts += ["Texts of people, with the default kinds:", _alarms(folder), _speed(folder)]
    return "\n\n".join([*parts, _folder_scan(folder)])


def _scanner(*more: Kind) -> Scanner:
    defaults = PersonalData(kind="personal_data")
    return Scanner((*defaults.kinds, *more), defaults.regions, examples=False)


def _labelled(path: Path) -> str:
    scanner = _scanner(Kind.IP_ADDRESS)
    labelled, right, found = Counter[Kind](), Counter[Kind](), Counter[Kind]()
    for row in json.loads(path.read_text("utf-8")):
        spans = {
            (_LABELS[span["entity_type"]], span["start_position"], span["end_position"])
            for span in row["spans"]
            if span["entity_type"] in _LABELS
        }
        here = {(each.kind, each.start, each.end) for each in scanner.find(row["full_text"])}
        labelled.update(kind for kind, _, _ in spans)
        found.update(kind for kind, _, _ in here)
        right.update(kind for kind, _, _ in here & spans)
    rows = [
        [kind.value, f"{right[kind]} of {labelled[kind]}", f"{right[kind]} of {found[kind]}"]
        for kind in Kind
        if labelled[kind]
    ]
    return table(["kind", "recall", "precision"], rows)


def _alarms(folder: Path) -> str:
    rows: list[list[str]] = []
    for name, texts in _people(folder):
        scanner = _scanner()
        found, touched = Counter[Kind](), 0
        started = time.process_time()
        for text in texts:
            here = scanner.find(text)
            touched += bool(here)
            found.update(each.kind for each in here)
        us = (time.process_time() - started) / len(texts) * 1e6
        told = ", ".join(f"{kind.value} {count}" for kind, count in found.most_common()) or "none"
        share = f"{touched / len(texts) * 1000:.2f}"
        length = f"{sum(map(len, texts)) / len(texts):.0f}"
        rows.append([name, f"{len(texts):,}", length, told, share, f"{us:.0f}"])
    head = ["texts", "number", "characters each", "found", "texts of 1,000", "µs a text"]
    return table(head, rows)


def _people(folder: Path) -> Iterator[tuple[str, list[str]]]:
    rows = _lines(folder / "gsm8k" / "train.jsonl")
    yield "gsm8k", [text for row in rows for text in (row["question"], row["answer"])]
    lines = (folder / "wikitext2" / "valid.txt").read_text("utf-8").splitlines()
    yield "wikitext2", [line for line in lines if line.strip()]
    rows = _lines(folder / "oasst_questions" / "oa_questions.A.jsonl")
    yield "oasst_questions", [row[name] for row in rows for name in ("input", "output")]
    rows = _lines(folder / "math" / "gsm_hard_test.jsonl")
    yield "gsm_hard", [row[name] for row in rows for name in ("input", "code")]
    for name, file in (
        ("gpteacher", "gpteacher/roleplay-simple-deduped-roleplay-dataset.json"),
        ("alpaca", "alpaca/alpaca_5000.json"),
        ("codealpaca", "codealpaca/code_alpaca_2k.json"),
    ):
        told = json.loads((folder / file).read_text("utf-8"))
        yield name, [text for row in told for text in row.values() if isinstance(text, str)]


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _speed(folder: Path) -> str:
    rows = _lines(folder / "gsm8k" / "train.jsonl")
    samples = [Sample.real("g", 0, row["question"], row["answer"], "MIT") for row in rows]
    told: list[str] = []
    for action in ("drop", "redact"):
        verifier = PersonalData.model_validate({"kind": "personal_data", "action": action})
        check = verifier.prepare({})
        started = time.process_time()
        for place in range(_ROWS):
            check(samples[place % len(samples)])
        us = (time.process_time() - started) / _ROWS * 1e6
        told.append(f"{action} {us:.0f} µs")
    return f"{_ROWS:,} GSM8K rows, a row: {', '.join(told)}."


def _folder_scan(folder: Path) -> str:
    scanner = _scanner(Kind.IP_ADDRESS, Kind.MAC_ADDRESS)
    characters, found, slowest = 0, Counter[Kind](), 0.0
    started = time.process_time()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _TEXT_FILES or not path.is_file():
            continue
        text = path.read_text("utf-8", errors="replace")
        before = time.process_time()
        found.update(each.kind for each in scanner.find(text))
        slowest = max(slowest, time.process_time() - before)
        characters += len(text)
    seconds = time.process_time() - started
    told = ", ".join(f"{kind.value} {count}" for kind, count in found.most_common())
    return (
        f"Every text file of the folder, whole, all kinds: {characters / 1e6:.1f} million "
        f"characters in {seconds:.0f} s, the slowest file {slowest:.1f} s; found: {told}."
    )


def main() -> None:
    """Print the tables."""
    default = _ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("SYNTH_TEST_DATA") or default)
    print(measure(folder, [Path(name) for name in sys.argv[1:]]))


if __name__ == "__main__":
    main()
