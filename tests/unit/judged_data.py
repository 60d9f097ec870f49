"""Stored verdicts of real judges, as pairs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth_assets.core.judging.pairs import BothOrders, Choice, JudgedPair, Said

LLMBAR_JUDGES = ("ChatGPT", "Falcon", "GPT-4", "LLaMA2", "PaLM2")

_CHOSEN: Mapping[str, Choice] = {"1": "one", "2": "other"}
_SHOWN: Mapping[str, Said] = {"1": "A", "2": "B"}
_SWAPPED: Mapping[str, Said] = {"1": "B", "2": "A"}
_SCORED: Mapping[int, Said] = {1: "A", 2: "B", 3: "tie"}


@dataclass(frozen=True)
class StoredJudge:
    """A judge of LLMBar's natural pairs: its verdicts, and the statistics stored with them."""

    pairs: tuple[JudgedPair, ...]
    statistics: Mapping[str, Any]


def llmbar_judge(data: Path, name: str) -> StoredJudge:
    """Read one; what both orders name is by number of the output, as it is stored."""
    stem = data / "llmbar_judges" / f"Natural__{name}__Vanilla"
    rows = json.loads(Path(f"{stem}_result.json").read_text(encoding="utf-8"))
    pairs: list[JudgedPair] = []
    for row in rows:
        [found] = row["results"]
        plain, swapped = (found[f"swap = {swap}"]["winner"] for swap in (False, True))
        pairs.append(
            JudgedPair(
                (_SHOWN.get(plain), _SWAPPED.get(swapped)),
                _CHOSEN[str(row["label"])],
                (len(row["output_1"].split()), len(row["output_2"].split())),
            )
        )
    statistics = json.loads(Path(f"{stem}_statistics.json").read_text(encoding="utf-8"))
    return StoredJudge(tuple(pairs), statistics)


def qlora_verdicts(data: Path, one: str, other: str) -> list[BothOrders]:
    """GPT-4's verdicts in both orders on 80 questions; -1 stands where it gave none."""
    found = [_scores(data, one, other), _scores(data, other, one)]
    assert list(found[0]) == list(found[1])
    return [(_SCORED.get(found[0][q]), _SCORED.get(found[1][q])) for q in found[0]]


def _scores(data: Path, one: str, other: str) -> dict[int, int]:
    name = f"{one}-vs-{other}-gpt-4-reviewer-threeclass.jsonl"
    text = (data / "qlora_judge" / "pairwise" / name).read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return {row["question_id"]: row["score"] for row in rows}
