"""Preference pairs of scripted responses, ratings and verdicts."""

import re
from pathlib import Path

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.sample import Sample
from tests.technique_runs import (
    Answer,
    TechniqueRun,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

RECIPE = """
id: tiny
title: Tiny pairs
samples: 1
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}, {{id: second}}]
sampling: {{temperature: [0.2, 0.6, 1.0]}}
technique:
  kind: preference
  respond: {{template: respond.md.j2, inputs: [question, style]}}
  judge: {{template: judge.md.j2, inputs: [question, first, second], teachers: [{{id: {judge}}}]}}
  {more}
"""
RATE = """rate: {template: rate.md.j2, inputs: [response], teachers: [{id: judge}]}
  criteria: [use, tone]
  pairs: best_worst
"""
FILES = {
    "respond.md.j2": "{{ style }} {{ question }}",
    "judge.md.j2": "{{ question }} ONE[{{ first }}] TWO[{{ second }}]",
    "rate.md.j2": "RATE[{{ response }}]",
    "styles.txt": "# manners\nplain\n\nwarm\nterse\nlong\n",
}
SEEDS = seeds_of_fields({"instruction": "Why is the sky blue?"})


def recipe(more: str = "responses: 3", judge: str = "judge", text: str = RECIPE) -> Recipe:
    return recipe_of(text.format(more=more, judge=judge), FILES)


def number(request: Request) -> int:
    """Which of the responses is asked for, from 1."""
    return (request.sample_index >> 24) + 1


def shown(request: Request) -> tuple[int, int]:
    one, two = re.findall(r"(?:ONE|TWO)\[answer (\d)", request.messages[-1].content)
    return int(one), int(two)


def verdict(said: str) -> str:
    return f"<why>x</why><verdict>{said}</verdict>"


def better_is_later(request: Request) -> str:
    one, two = shown(request)
    return verdict("A" if one > two else "B")


def answers(judge: Answer = better_is_later, ratings: dict[int, str] | None = None) -> Answer:
    """Response n has n + 1 words more than `answer n`."""

    def answer(request: Request) -> str:
        match request.step:
            case "respond":
                return f"answer {number(request)}" + " word" * number(request)
            case "rate":
                place = int(request.messages[-1].content[12])
                return f"<ratings>{(ratings or {})[place]}</ratings>"
            case _:
                return judge(request)

    return answer


def ran(folder: Path, made: Recipe, answer: Answer) -> TechniqueRun:
    return run_technique(folder, made, SEEDS, answer)


def only(run: TechniqueRun) -> Sample:
    [sample] = run.samples
    return sample
