"""How often the canary warns of nothing: `python -m benchmarks.collapse_false_alarms`.

Sets of human rows alone, half of them called synthetic: what is measured of them is chance. Each
finding is kept in a file, so that a run that was interrupted goes on.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.collapse_ranking import questions
from benchmarks.real_rows import DATA
from benchmarks.timing import table
from synth_assets.core.collapse.canary import CanarySize, run_canary
from synth_assets.core.collapse.risk_index import Light, risk_of
from synth_assets.core.collapse.yard import Yard
from synth_assets.resources.sources.docstrings import stdlib_docstrings

_MOST_ROWS, _MOST_HELD_OUT = 800, 1_000
_PARAGRAPH = 400


def _wikitext() -> list[str]:
    lines = (DATA / "wikitext2" / "valid.txt").read_text("utf-8").splitlines()
    return [line.strip()[:_PARAGRAPH] for line in lines if len(line) > 100]


def _tracker(name: str) -> list[str]:
    lines = (DATA / "collapsetracker" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def _oasst() -> list[str]:
    [path] = (DATA / "oasst_questions").glob("*.jsonl")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row["input"] for row in rows]


def _docstrings() -> list[str]:
    return [f"{each.prompt}\n{each.response}" for each in stdlib_docstrings(40, 600)]


CORPORA: dict[str, Callable[[], list[str]]] = {
    "GSM8K questions": lambda: questions("train"),
    "wikitext2 paragraphs": _wikitext,
    "docstrings of the standard library": _docstrings,
    "oasst questions": _oasst,
    "collapsetracker, Wikipedia abstracts": lambda: _tracker("wikipedia_abstracts"),
    "collapsetracker, technical questions": lambda: _tracker("technical_qa"),
}


def unchanged(texts: Sequence[str], run: int) -> dict[str, object]:
    """The canary of a set that nothing is wrong with."""
    rng = np.random.default_rng(run)
    different = list(dict.fromkeys(texts))
    mixed = [different[place] for place in rng.permutation(len(different))]
    held = min(len(mixed) // 5, _MOST_HELD_OUT)
    rows = min((len(mixed) - held) // 3, _MOST_ROWS)
    pool = mixed[held:]
    report = run_canary(
        pool[:rows],
        [place % 2 == 0 for place in range(rows)],
        pool[rows:],
        Yard.of(mixed[:held], seed=run),
        size=CanarySize(seed=run),
    )
    index = risk_of(report)
    signs = {each.sign.value: each.value for each in index.components}
    lights = {each.sign.value: each.light.value for each in index.components}
    return {"rows": rows, "risk": index.value, "signs": signs, "lights": lights}


def found(kept: Path, runs: int, corpora: Sequence[str]) -> list[dict[str, object]]:
    """All findings, those of earlier runs among them."""
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(row["corpus"], row["run"]) for row in rows}
    texts = {name: CORPORA[name]() for name in corpora}
    for run in range(runs):
        for name in corpora:
            if (name, run) not in done:
                rows.append({"corpus": name, "run": run, **unchanged(texts[name], run)})
                with kept.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    return rows


def page(rows: Sequence[dict[str, object]]) -> str:
    """The findings as Markdown."""
    lines: list[list[str]] = []
    for name in [*dict.fromkeys(str(row["corpus"]) for row in rows), "all"]:
        own = [row for row in rows if name in (row["corpus"], "all")]
        lights = [set(dict(row["lights"]).values()) for row in own]
        red = sum(Light.RED in each for each in lights)
        amber = sum(Light.AMBER in each and Light.RED not in each for each in lights)
        risks = [float(str(row["risk"])) for row in own]
        lines.append(
            [
                name,
                str(own[0]["rows"]) if name != "all" else "",
                str(len(own)),
                f"{100 * amber / len(own):.0f}",
                f"{100 * red / len(own):.0f}",
                f"{np.median(risks):.0f}",
                f"{max(risks):.0f}",
            ]
        )
    head = ("real rows alone", "rows", "sets", "amber of 100", "red of 100", "index", "highest")
    return table(head, lines)


def main() -> None:
    """Measure, and print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kept", type=Path, default=Path("collapse_false_alarms.jsonl"))
    parser.add_argument("--corpus", action="append", choices=list(CORPORA))
    said = parser.parse_args()
    print(page(found(said.kept, said.runs, said.corpus or list(CORPORA))))


if __name__ == "__main__":
    main()
