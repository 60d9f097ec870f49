"""The gate of procedural families: which of reasoning-gym's scorers may be verifiers.

    python -m benchmarks.verify_procedural [FAMILY ...]

prints a table of all families, or of those named, and says where it differs from the allow-list in
`core/verify/procedural_families.py`. Needs the extra `procedural`; takes some minutes.

A family passes if

- two processes with other hash seeds, and other sizes of the data set, make the same 80 items of
  two seeds, and of 24 of them
- its own answer scores at least 0.99, and the answer of every other item, where it is written
  otherwise, less;
- no junk and no hedged answer scores as much, nor makes the scorer raise;
- scoring runs no code made of the answer, opens no file, starts no process and connects nowhere.
"""

import contextlib
import hashlib
import importlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from synth_assets.core.verify.procedural_families import EXCLUDED, FAMILIES, GATED_VERSION

SEEDS = (42, 7)
ITEMS = 12
MADE = 40
ENOUGH = 0.99
_LIMIT_S = 240
_CHILD = "from benchmarks.verify_procedural import child; import sys; child(*sys.argv[1:])"
_FORBIDDEN = ("exec", "open", "os.", "subprocess.", "socket.", "shutil.", "ctypes.")
_JUNK = (
    *(
        "",
        " ",
        "?",
        "junk",
        "I do not know.",
        "None",
        "nan",
        "inf",
        "[]",
        "{}",
        "()",
        "[[]]",
        "{}[]",
    ),
    *("[None]", '{"a": 1}', "1e999", "-", ",", "[" * 500, "9" * 5000, "a,b;c|d", "\x00", "\u0663"),
    "__import__('os').getcwd()",
)


@dataclass(frozen=True)
class GateResult:
    """What the gate found of one family.

    Attributes:
        family: its name.
        fault: why it may be no verifier; empty where it may.
        digest: of its items.
        ms: time to make and score an item, milliseconds.
    """

    family: str
    fault: str
    digest: str = ""
    ms: float = 0.0


@dataclass(frozen=True)
class _Item:
    """An item, and what scores answers to it."""

    dataset: Any
    entry: dict[str, Any]

    @property
    def gold(self) -> str:
        return str(self.entry["answer"]).strip()

    def score(self, answer: str) -> float:
        return float(self.dataset.score_answer(answer, self.entry))


class _Watch:
    """Counts what the process does that no scorer needs to."""

    def __init__(self) -> None:
        self.active = False
        self.seen = ""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.active and event.startswith(_FORBIDDEN):
            self.seen = self.seen or event


def gate(family: str) -> GateResult:
    """Put one family through the gate, in two processes of its own."""
    [result] = gate_together([family])
    return result


def gate_together(families: Sequence[str]) -> list[GateResult]:
    """Put families through the gate, in two processes; where one ends, all of them fail."""
    asked = [family for family in families if family not in EXCLUDED]
    passes: list[dict[str, GateResult]] = []
    for hash_seed in ("1", "2") if asked else ():
        try:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _CHILD, *asked],
                capture_output=True,
                text=True,
                timeout=_LIMIT_S,
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [GateResult(family, f"takes more than {_LIMIT_S} s") for family in families]
        if done.returncode:
            told = f"the process ended with code {done.returncode}"
            return [GateResult(family, told) for family in families]
        found = [GateResult(**json.loads(line)) for line in done.stdout.splitlines()]
        passes.append({result.family: result for result in found})
    return [
        GateResult(family, EXCLUDED[family])
        if family in EXCLUDED
        else _agreed(*(results[family] for results in passes))
        for family in families
    ]


def _agreed(first: GateResult, second: GateResult) -> GateResult:
    if not first.fault and first.digest != second.digest:
        return GateResult(first.family, "other items in another process", "", first.ms)
    return first if first.fault else second


def child(*families: str) -> None:
    """Print the results of one process, a line of JSON each."""
    for family in families:
        with contextlib.redirect_stdout(io.StringIO()):
            result = _gated(family)
        print(json.dumps(asdict(result)))


def _gated(family: str) -> GateResult:
    importlib.import_module("reasoning_gym")
    started = time.process_time()
    try:
        made = [_items(family, seed, MADE) for seed in SEEDS]
        made_ms = 1000 * (time.process_time() - started) / (len(SEEDS) * MADE)
        longer = [_items(family, seed, MADE + 9)[:MADE] for seed in SEEDS]
        digest, other = _digest(made), _digest(longer)
        if digest != other:
            return GateResult(family, "items depend on how many are made", digest)
        items = [item for each in made for item in each[:ITEMS]]
        for item in items:
            item.score(item.gold)  # what is imported late is imported now
        started = time.process_time()
        for item in items:
            item.score(item.gold)
        ms = made_ms + 1000 * (time.process_time() - started) / len(items)
        return GateResult(family, next(_faults(items), ""), digest, round(ms, 2))
    except Exception as fault:  # noqa: BLE001 - a family may do anything
        return GateResult(family, f"raises {type(fault).__name__}: {str(fault)[:60]}")


def _items(family: str, seed: int, size: int) -> list[_Item]:
    reasoning_gym = importlib.import_module("reasoning_gym")
    dataset = reasoning_gym.create_dataset(family, seed=seed, size=size)
    return [_Item(dataset, dataset[at]) for at in range(size)]


def _digest(made: list[list[_Item]]) -> str:
    said = [[item.entry["question"], item.gold] for items in made for item in items]
    return hashlib.sha256(json.dumps(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _faults(items: list[_Item]) -> Iterator[str]:
    watch = _Watch()
    golds = [item.gold for item in items]
    if len(set(golds)) < 2:
        yield "all answers are alike"
    for at, item in enumerate(items):
        others = [gold for gold in golds if gold != item.gold]
        other = others[at % len(others)] if others else "something else"
        tries = [
            ("its own answer scores", [item.gold], True),
            ("another item's answer scores", others, False),
            ("junk scores", [junk for junk in _JUNK if junk.strip() != item.gold], False),
            ("a hedged answer scores", _hedged(item.gold, other), False),
        ]
        for told, answers, is_right in tries:
            for answer in answers:
                watch.active = True
                try:
                    score = item.score(answer.strip())
                except Exception as fault:  # noqa: BLE001 - a scorer may do anything
                    watch.active = False
                    yield f"raises {type(fault).__name__} on {answer[:20]!r}"
                    continue
                watch.active = False
                if watch.seen:
                    yield f"scoring does `{watch.seen}`"
                if (score >= ENOUGH) != is_right:
                    yield f"{told} {score:.2f}: {answer[:30]!r}"


def _hedged(gold: str, other: str) -> list[str]:
    return [
        f"{gold} or {other}",
        f"{other} or {gold}",
        f"{gold} {other}",
        f"{gold}\n{other}",
        f"{other}\n{gold}",
        f"not {gold}",
        f"{gold}, but it may be {other}",
        f"It is either {gold} or {other}.",
        f"I think it is {gold}, or not.",
        f"{gold}?? no, {other}",
    ]


def main(names: list[str]) -> None:
    """Print the table."""
    factory = importlib.import_module("reasoning_gym.factory")
    families = names or sorted(factory.DATASETS)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(gate, families))
    print(
        f"reasoning-gym {GATED_VERSION}\n\n| family | ms an item | verdict |\n| --- | --- | --- |"
    )
    for result in results:
        print(f"| {result.family} | {result.ms or ''} | {result.fault or 'passes'} |")
    passing = {result.family for result in results if not result.fault}
    print(f"\n{len(passing)} of {len(results)} pass.")
    for told, some in (
        ("not in the allow-list", passing - set(FAMILIES)),
        ("in the allow-list, and failing", set(FAMILIES) & set(families) - passing),
    ):
        if some:
            print(f"{told}: {', '.join(sorted(some))}")


if __name__ == "__main__":
    main(sys.argv[1:])
