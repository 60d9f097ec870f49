"""Leans of real judges, as their stored verdicts tell them, and what judging costs in time.

    python -m benchmarks.verify_judge [FOLDER]

FOLDER holds the test data (default `../shared/data`). Prints the tables of docs/verifiers/judge.md.
"""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

from synth_assets.core.judging.pairs import (
    BothOrders,
    JudgedPair,
    gold_agreement,
    length_bias,
    position_bias,
)
from synth_assets.core.verify.tools import Tools
from tests.samples import synthetic_row
from tests.unit.judged_data import LLMBAR_JUDGES, llmbar_judge, qlora_verdicts
from tests.unit.judging_bench import FILES, ScriptedJudges, better, pairs, rated, rubric

_GUANACO = "{}-guanaco-vicuna-generations-topp0.9-temp0.7"
_CLOSE = {"13B": _GUANACO.format("13b"), "7B": _GUANACO.format("7b"), "Vicuna": "answer-vicuna-13b"}
_SAMPLES = 5_000


def main() -> None:
    """Print every table."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    print("| judge | right in both orders | flips | names the first | odds of the longer |")
    print("| --- | ---: | ---: | --- | --- |")
    for name in LLMBAR_JUDGES:
        _tell(name, llmbar_judge(data, name).pairs)
    print()
    print("| GPT-4 on | flips | names the first |")
    print("| --- | ---: | --- |")
    for one, other in (("13B", "7B"), ("13B", "Vicuna"), ("7B", "Vicuna")):
        verdicts = qlora_verdicts(data, _CLOSE[one], _CLOSE[other])
        flips, first = _position(verdicts)
        print(f"| {one} and {other} | {flips} | {first} |")
    print()
    _time()


def _tell(name: str, judged: tuple[JudgedPair, ...]) -> None:
    flips, first = _position(pair.said for pair in judged)
    odds = length_bias(judged).odds
    told = "" if odds is None else f"{odds.value:.1f} ({odds.low:.1f} to {odds.high:.1f})"
    print(f"| {name} | {gold_agreement(judged).both.count} | {flips} | {first} | {told} |")


def _position(verdicts: Iterable[BothOrders]) -> tuple[str, str]:
    found = position_bias(verdicts)
    bounds = found.first.interval
    first = f"{100 * found.first.share:.0f} % ({100 * bounds.low:.0f} to {100 * bounds.high:.0f})"
    return f"{found.inconsistent.count} of {found.inconsistent.of}", first


def _time() -> None:
    """Samples a second that are rendered, asked of judges that answer at once, and counted."""
    text = "A farmer has twelve hens and buys some more of them at the market. " * 4
    rows = [
        synthetic_row(f"{n}", f"{n}: {text}", f"Good. {text}", rejected=f"Bad. {text}")
        for n in range(_SAMPLES)
    ]
    for name, judge, said in (
        ("a rubric, one judge", rubric("one"), lambda _: rated(5, 4)),
        ("a pair, three judges", pairs("one", "two", "three"), better("Good")),
    ):
        started = time.perf_counter()
        judge.prepare(FILES, Tools(judges=ScriptedJudges(said))).check(rows)
        print(f"{name}: {_SAMPLES / (time.perf_counter() - started):,.0f} samples a second")


if __name__ == "__main__":
    main()
