"""Runs of the back-translation techniques, by step or with an answer of each request's own."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from tests.technique_runs import TechniqueRun, recipe_of, run_technique, seeds_of_fields

HEAD = """
id: tiny
title: Tiny
samples: 1
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
variations: {style: [plain, brief]}
technique:
"""
REFUSAL = "I'm sorry, but I can't help with that request."
COMMON = [
    ("", Reason.EMPTY_COMPLETION),
    (REFUSAL, Reason.REFUSAL),
    ("<none/>", Reason.DECLINED),
    ("Here you are.", Reason.UNPARSABLE),
]


def section(name: str, text: str) -> str:
    return f"<{name}>\n{text}\n</{name}>"


def by_step(answers: Mapping[str, str]) -> Callable[[Request], str]:
    """The same answer to every request of a step."""
    return lambda request: answers[request.step]


def run(
    folder: Path,
    technique: str,
    files: Mapping[str, str],
    seed: Mapping[str, str],
    answer: Callable[[Request], str],
) -> TechniqueRun:
    """Make the one sample of a seed; `technique` is that section of the recipe."""
    return run_each(folder, technique, files, [seed], answer)


def run_each(
    folder: Path,
    technique: str,
    files: Mapping[str, str],
    seeds: Sequence[Mapping[str, str]],
    answer: Callable[[Request], str],
) -> TechniqueRun:
    """Make one sample of each seed."""
    head = HEAD.replace("samples: 1\n", f"samples: {len(seeds)}\n")
    recipe = recipe_of(head + technique, files)
    return run_technique(folder, recipe, seeds_of_fields(*seeds), answer)
