"""Stand-ins for the outside world, and small recipes to use them with."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.teachers import Teacher
from synth_assets.resources.teachers import FailedAttempt, Watch

RECIPE_YAML = """
id: tiny
title: Tiny word problems
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer, weight: 3}}, {{id: second}}]
parameters: {{temperature: 0.5}}
variations: {variations}
technique:
  kind: problem_generation
  write: {{template: write.md.j2, inputs: [problem, level]}}
  solve: {{template: solve.md.j2, inputs: [question], teachers: [{{id: solver}}]}}
verifiers:
  - kind: number
"""
VARIATIONS = "{level: [easy, hard]}"
FILES = {
    "write.md.j2": "A {{ level }} problem like: {{ problem }}",
    "solve.md.j2": "Solve: {{ question }}",
}
TEACHERS = {
    name: Teacher(id=name, model=f"openai/{name}", parallelism=4)
    for name in ("writer", "second", "solver")
}


def tiny_recipe(
    samples: int | str = 10,
    teachers: Mapping[str, Teacher] = TEACHERS,
    variations: str = VARIATIONS,
    **files: str,
) -> Recipe:
    """A problem_generation recipe; `write` and `solve` replace its templates.

    `samples` may be what recipe.yaml says: `{kept: 20}`.
    """
    text = RECIPE_YAML.format(samples=samples, variations=variations)
    named = {f"{name}.md.j2": body for name, body in files.items()}
    everything = {"recipe.yaml": text, **FILES, **named}
    return parse_recipe("tiny", everything, "digest", teachers, parse_recipe_yaml("tiny", text))


def good_answer(request: Request) -> str:
    """A right problem for `write`, and its answer for `solve`."""
    if request.step == "solve":
        return "It is #### 5"
    asked = request.messages[-1].content
    return f"<problem>{asked} ({request.sample_index})</problem><solution>#### 5</solution>"


@dataclass
class FakeWatch:
    """Remembers the attempts of a call."""

    sends: int = 0
    attempts: list[FailedAttempt] = field(default_factory=list)

    def sent(self) -> None:
        """See `Watch`."""
        self.sends += 1

    async def failed(self, attempt: FailedAttempt) -> None:
        """See `Watch`."""
        self.attempts.append(attempt)


@dataclass
class FakeChatModel:
    """Answers from a function or a queue, and remembers what it was asked.

    Attributes:
        enqueued: texts, or exceptions to raise, used before `answer`.
        answer: request -> text.
        history: requests in the order they came.
    """

    enqueued: list[str | Exception] = field(default_factory=list)
    answer: Callable[[Request], str] = good_answer
    history: list[Request] = field(default_factory=list)
    cost_usd: float | None = 0.25
    finish_reason: str = "stop"
    stopped: bool = False

    def stop(self) -> None:
        """See `ChatModel`."""
        self.stopped = True

    async def close(self) -> None:
        """See `ChatModel`."""
        self.stopped = True

    async def complete(self, request: Request, watch: Watch) -> Completion:
        """See `ChatModel`."""
        await asyncio.sleep(0)
        watch.sent()
        if self.stopped:
            raise asyncio.CancelledError
        self.history.append(request)
        said = self.enqueued.pop(0) if self.enqueued else self.answer(request)
        if isinstance(said, Exception):
            raise said
        return Completion(
            request.fingerprint, said, self.finish_reason, 7, 11, self.cost_usd, latency_s=0.01
        )
