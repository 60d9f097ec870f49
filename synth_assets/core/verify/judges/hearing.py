"""Asking judges about many samples at once, each as often as it takes to read its answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.completion import Completion, Request
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.techniques.structured import AskingEach
from synth_assets.core.verify.tools import CallFailure, JudgeCall, Judges

Heard: TypeAlias = tuple[Answered | Unusable, ...] | CallFailure
"""The answers to the requests of one question, or why there are none."""


@dataclass(frozen=True)
class Question:
    """What one judge is asked about one sample.

    Attributes:
        sample_id: of the sample.
        asking: yields requests, is sent their completions, and returns what they say.
    """

    sample_id: str
    asking: AskingEach


def hear(questions: Sequence[Question], judges: Judges) -> list[Heard]:
    """Put questions side by side, one outcome each, in their order.

    One of whose requests a call fails is heard no further.
    """
    heard: dict[int, Heard] = {}
    waiting: dict[int, Sequence[Request]] = {}
    for at, question in enumerate(questions):
        waiting[at] = next(question.asking)
    while waiting:
        calls = [
            JudgeCall(questions[at].sample_id, request)
            for at, requests in waiting.items()
            for request in requests
        ]
        came = iter(judges.ask(calls))
        further: dict[int, Sequence[Request]] = {}
        for at, requests in waiting.items():
            answered = _answers(came, len(requests))
            if isinstance(answered, CallFailure):
                heard[at] = answered
                continue
            try:
                further[at] = questions[at].asking.send(answered)
            except StopIteration as stop:
                heard[at] = stop.value
        waiting = further
    return [heard[at] for at in range(len(questions))]


def _answers(
    came: Iterator[Completion | CallFailure], count: int
) -> list[Completion] | CallFailure:
    """The completions of so many requests; else the failure of the first that has none."""
    outcomes = [next(came) for _ in range(count)]
    answered = [each for each in outcomes if isinstance(each, Completion)]
    failures = [each for each in outcomes if isinstance(each, CallFailure)]
    return failures[0] if failures else answered
