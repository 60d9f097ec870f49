"""Judges for tests: the shipped prompts, answers from a function, money from a real ledger."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.judging.judgment import Judgment
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.judge import Judge
from synth_assets.core.verify.tools import CallFailure, JudgeCall, Tools
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.samples import synthetic_row

FILES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((SHIPPED_RECIPES / "judge_templates").glob("*.j2"))
}
TEACHERS = {
    "one": Teacher(id="one", model="openai/gpt-4o"),
    "two": Teacher(id="two", model="anthropic/claude-3", parameters={"temperature": 0}),
    "three": Teacher(id="three", model="hosted_vllm/ours"),
    "scholar": Teacher(id="scholar", model="openai/gpt-4o-mini"),
}
CRITERIA = {"correctness": "nothing in it is wrong", "clarity": "one can act on it"}

ROW = synthetic_row(
    "row", "How do I keep basil alive?", "Water it from below.", rejected="Basil always dies."
)
ACCEPTED, REJECTED, ERRORED = VerdictOutcome

Said = Callable[[Request], str | CallFailure]


def rubric(*judges: str, **other: Any) -> Judge:
    """A rubric with the shipped prompts."""
    said = {"template": "rubric.md.j2", "system": "system.md.j2", "criteria": CRITERIA, **other}
    return Judge(kind="judge", judges=judges or ("one",), **said)


def pairs(*judges: str, **other: Any) -> Judge:
    """Comparisons with the shipped prompts."""
    said = {"template": "pair.md.j2", "against": "rejected", **other}
    return Judge(kind="judge", judges=judges or ("one",), **said)


def rated(correctness: int, clarity: int) -> str:
    """An answer to a rubric."""
    told = f"correctness: {correctness}\nclarity: {clarity}"
    return f"<grounds>as it is</grounds>\n<ratings>\n{told}\n</ratings>"


def verdict(word: str) -> str:
    """An answer to a comparison."""
    return f"<grounds>as it is</grounds>\n<verdict>{word}</verdict>"


UNPAID = CallFailure(Reason.BUDGET_REACHED, "budget of all: 1 USD is spent")
DOWN = CallFailure(Reason.PROVIDER_ERROR, "after 8 attempts: no connection")


@dataclass
class ScriptedJudges:
    """Judges that answer from a function; see `core.verify.tools.Judges`.

    Attributes:
        said: request -> answer, or why there is none.
        finish_reason: of all answers.
        asked: batches of calls, in their order.
        judgments: what was taken down.
    """

    said: Said
    finish_reason: str = "stop"
    teachers: Mapping[str, Teacher] = field(default_factory=lambda: TEACHERS)
    asked: list[Sequence[JudgeCall]] = field(default_factory=list)
    judgments: list[Judgment] = field(default_factory=list)

    def teacher(self, name: str) -> Teacher | None:
        return self.teachers.get(name)

    def ask(self, calls: Sequence[JudgeCall]) -> Sequence[Completion | CallFailure]:
        self.asked.append(calls)
        return [self._answer(call.request) for call in calls]

    def take_down(self, judgments: Sequence[Judgment]) -> None:
        self.judgments += judgments

    def _answer(self, request: Request) -> Completion | CallFailure:
        said = self.said(request)
        if isinstance(said, CallFailure):
            return said
        return Completion(request.fingerprint, said, self.finish_reason, 1, 1, 0.0, 0.0)


def judged(
    judge: Judge, said: Said, *samples: Sample, files: Mapping[str, str] = FILES
) -> list[Verdict]:
    """The verdicts on samples."""
    judges = ScriptedJudges(said)
    return list(judge.prepare(files, Tools(judges=judges)).check(samples))


def by_judge(**answers: str | CallFailure) -> Said:
    """Each judge always says the same."""
    return lambda request: answers[request.teacher]


def better(word: str) -> Said:
    """A judge that finds the response with this word in it better, wherever it stands."""

    def said(request: Request) -> str:
        first, _, second = request.messages[-1].content.partition("</judged_first>")
        return verdict("A" if word in first else "B" if word in second else "tie")

    return said


def paid_folder(path: Path) -> Path:
    """Where a ledger may lie."""
    path.mkdir(parents=True, exist_ok=True)
    return path / "ledger.sqlite"


def only(judge: Judge, said: object, row: Sample = ROW) -> Verdict:
    """The verdict on one row."""
    [found] = judged(judge, said, row)  # pyright: ignore[reportArgumentType]
    return found


def told(found: Verdict) -> dict[str, str | int | float]:
    """The attributes that a judge adds to its row."""
    assert found.revised is not None
    return json.loads(found.revised["attributes"])
