"""What of benchmarks is found in training rows, what is flagged wrongly, and how fast.

`python -m benchmarks.decontamination` prints the section alone. Data lie in the folder that
`SYNTH_TEST_DATA` names. `--vectors` has MiniLM look as well, which takes some minutes of CPU;
`--rows 1000000` says how many rows the time is taken of.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks import decontamination_rows as data
from benchmarks.decontamination_rows import Exam, Rows
from benchmarks.timing import own_peak_mib, run_process, table
from synth_assets.core.decontaminate.finders import FinderRules
from synth_assets.core.decontaminate.finding import Method, Overlap
from synth_assets.core.decontaminate.rephrased import RephraseRule
from synth_assets.core.decontaminate.screen import Screen, ScreenRules, contaminated
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.schema import SAMPLE_SCHEMA

_ROOT = Path(__file__).parent.parent
_NOTHING = SAMPLE_SCHEMA.to_frame()
_CHUNK = 2_000
_LEAST = 0.02
_FALSE_POSITIVES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02)
_ITEMS = 10_000
_THRESHOLD = RephraseRule().least

Seen = dict[Method, Overlap]


def measure(rows: int = 1_000_000, embedder: Embedder | None = None) -> str:
    """Measure and return a section of Markdown."""
    parts = ["## Decontamination"]
    try:
        exams = [data.gsm8k(), data.humaneval(), *data.halves()]
    except FileNotFoundError as exc:
        name = Path(exc.filename).name
        return "\n\n".join([*parts, f"Not measured: no {name}; set SYNTH_TEST_DATA."])
    command = f"python -m benchmarks.decontamination --rows {rows}"
    parts.append(f"`{command}{' --vectors' if embedder is not None else ''}`.")
    parts += ["Rows flagged by each method alone, in %; `any` is what decontamination drops."]
    parts.append(table(_HEAD, [line for exam in exams for line in _lines(exam)]))
    if embedder is not None:
        parts += [f"With vectors of {embedder.name}, GSM8K and HumanEval:"]
        parts.append(table(_HEAD, [line for exam in exams[:2] for line in _lines(exam, embedder)]))
    parts += ["Rephrasings found, by the false positives one bears with:"]
    curves = [curve for exam in exams[:2] for curve in _curves(exam, embedder)]
    parts.append(table(_curve_head(), curves))
    parts += [*_speed(rows)]
    return "\n\n".join(parts)


_HEAD = ["benchmark", "rows", "n", "8-gram", *map(str, Method), "any", "right item"]


def _lines(exam: Exam, embedder: Embedder | None = None) -> Iterator[list[str]]:
    screen = Screen.build(_NOTHING, exam.items, embedder=embedder)
    by_eight = Screen.build(_NOTHING, exam.items, ScreenRules({"exam": 8}))
    ids = exam.items["sample_id"].to_list()
    for rows in (*exam.contaminated, *exam.clean):
        seen = _seen(screen, rows.texts)
        eight = [found is not None for found in by_eight.sieve.look([(t,) for t in rows.texts])]
        flags = [[method in each for each in seen] for method in Method]
        shares = [np.mean(each) for each in (eight, *flags, [bool(each) for each in seen])]
        right = "" if rows.items is None else f"{100 * _right(seen, rows, ids):.1f}"
        told = [f"{100 * share:.1f}" if share > 0.01 else f"{100 * share:.2f}" for share in shares]
        yield [exam.name, rows.name, f"{len(rows.texts):,}", *told, right]


def _right(seen: Sequence[Seen], rows: Rows, ids: Sequence[str]) -> float:
    assert rows.items is not None
    named = [
        any(overlap.item_id == ids[item] for overlap in each.values())
        for each, item in zip(seen, rows.items, strict=True)
    ]
    return float(np.mean(named))


def _curve_head() -> list[str]:
    told = [f"{100 * share:g} %" for share in _FALSE_POSITIVES]
    return ["rephrasings", "against", "by", *told, f"score {_THRESHOLD} (false positives)"]


def _curves(exam: Exam, embedder: Embedder | None) -> Iterator[list[str]]:
    for name, vectors in (("words", None), ("words and vectors", embedder)):
        if name != "words" and embedder is None:
            continue
        rule = RephraseRule(least=_LEAST, lower=_LEAST)
        rules = ScreenRules(finders=FinderRules(rephrase=rule))
        screen = Screen.build(_NOTHING, exam.items, rules, vectors)
        ids = exam.items["sample_id"].to_list()
        anew = exam.contaminated[0]
        assert anew.items is not None
        found = [
            overlap.score if overlap is not None and overlap.item_id == ids[item] else 0.0
            for overlap, item in zip(_rephrased(screen, anew), anew.items, strict=True)
        ]
        for clean in exam.clean:
            wrong = [o.score if o is not None else 0.0 for o in _rephrased(screen, clean)]
            cells = [f"{100 * _recall(found, wrong, share):.1f}" for share in _FALSE_POSITIVES]
            at = [np.mean(np.array(scores) >= _THRESHOLD) for scores in (found, wrong)]
            told = f"{100 * at[0]:.1f} ({100 * at[1]:.2f})"
            yield [
                f"{exam.name}, {len(found)}",
                f"{clean.name}, {len(wrong):,}",
                name,
                *cells,
                told,
            ]


def _rephrased(screen: Screen, rows: Rows) -> list[Overlap | None]:
    return [seen.get(Method.REPHRASED) for seen in _seen(screen, rows.texts)]


def _recall(found: Sequence[float], wrong: Sequence[float], share: float) -> float:
    """Share found above the score that so large a share of the wrong ones exceeds."""
    border = sorted(wrong, reverse=True)[int(share * len(wrong))]
    return float(np.mean(np.array(found) > max(border, _LEAST)))


def _seen(screen: Screen, texts: Sequence[str]) -> list[Seen]:
    seen: list[Seen] = []
    for at in range(0, len(texts), _CHUNK):
        seen += screen.seen([(text,) for text in texts[at : at + _CHUNK]])
    return seen


def _speed(rows: int) -> Iterator[str]:
    yield (
        f"{rows:,} rows of prompt and response (spliced from instruction sets, 470 characters on "
        f"average) against {_ITEMS:,} items; one thread, a process of its own. Making the rows and "
        "reading the benchmark are in the time of the process, and not in rows per CPU second."
    )
    lines: list[list[str]] = []
    for name, way in (("n-grams alone", "sieve"), ("n-grams and all finders", "screen")):
        report = Path(f"{_ROOT}/.decontamination-{way}.txt")
        command = [sys.executable, "-m", "benchmarks.decontamination", "--time", way]
        try:
            run_process([*command, str(rows), str(report)], {"PYTHONPATH": str(_ROOT)})
            seconds, flagged, base, peak = map(float, report.read_text("utf-8").split())
        finally:
            report.unlink(missing_ok=True)
        cells = [f"{rows / seconds:,.0f}", f"{seconds:,.1f}", f"{flagged:,.0f}"]
        lines.append([name, *cells, f"{peak:,.0f}", f"{base:,.0f}"])
    head = ["what", "rows per CPU s", "CPU s", "rows flagged", "peak MiB", "of that before any row"]
    yield table(head, lines)


def _time(way: str, rows: int, report: Path) -> None:
    """Look at rows, and write seconds of CPU, rows flagged, MiB before the first and at most."""
    screen = Screen.build(_NOTHING, data.mixed_items(_ITEMS))
    look: Callable[[Sequence[tuple[str, str]]], int] = {
        "sieve": lambda chunk: sum(found is not None for found in screen.sieve.look(chunk)),
        "screen": lambda chunk: sum(1 for _ in contaminated([(range(_CHUNK), chunk)], screen)),
    }[way]
    source = data.spliced_rows(rows)
    look(list(islice(data.spliced_rows(_CHUNK, seed=1), _CHUNK)))
    base = own_peak_mib()
    seconds, flagged = 0.0, 0
    while chunk := list(islice(source, _CHUNK)):
        started = time.process_time()
        flagged += look(chunk)
        seconds += time.process_time() - started
    report.write_text(f"{seconds} {flagged} {base} {own_peak_mib()}", encoding="utf-8")


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--time", nargs=3)
    said = parser.parse_args()
    if said.time:
        _time(said.time[0], int(said.time[1]), Path(said.time[2]))
        return
    embedder: Embedder | None = None
    if said.vectors:
        from synth_assets.resources.embedding.minilm import MiniLM, carried_model

        embedder = MiniLM(carried_model())
    print(measure(said.rows, embedder))


if __name__ == "__main__":
    main()
