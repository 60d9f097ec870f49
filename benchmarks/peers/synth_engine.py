"""Synth Assets' whole engine: plan, rendering, the ledger on disk, decisions and samples."""

import json
from pathlib import Path

import yaml

from benchmarks.peers.job import MAX_TOKENS, MODEL, TEMPERATURE, Job, run_client
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.resources.lanes.through_litellm import load_litellm
from synth_assets.resources.settings import read_settings
from synth_assets.resources.sources.seeds import read_seeds_file
from synth_assets.resources.workshop import Workshop

_RECIPE = _RUN = "bench"
_PREFIXES = {"lean": "hosted_vllm", "litellm": "lm_studio"}
"""By lane: both providers speak plain OpenAI, but the lean lane does not take the second."""


def complete(job: Job) -> list[str]:
    """Ask every prompt once; `lane` is `lean` or `litellm`."""
    workshop = Workshop(
        read_settings({"SYNTH_HOME": str(job.folder / "home"), "SYNTH_RECIPES": str(_written(job))})
    )
    catalogue = workshop.catalogue
    recipe = catalogue.recipe(_RECIPE)
    rows = read_seeds_file(catalogue.seed_files[_RECIPE], _RECIPE)
    plan = Plan.of(recipe, [Seed.of("recipe", row) for row in rows])
    questions: list[str] = []
    with workshop.buying(recipe.key, _RUN) as ledger:
        filled = workshop.filler(recipe.key, ledger, _RUN, lambda _: None).fill(plan)
        for frame in filled.parts.table("samples").frames():
            questions.extend(frame["prompt"])
    return questions


def _written(job: Job) -> Path:
    """A folder with the recipe, one seed for each prompt, and the teacher."""
    folder = job.folder / "recipes"
    home = folder / _RECIPE
    home.mkdir(parents=True)
    seeds = (json.dumps({"passage": prompt}) for prompt in job.prompts)
    (home / "seeds.jsonl").write_text("\n".join(seeds) + "\n", encoding="utf-8")
    (home / "ask.md.j2").write_text("{{ passage }}", encoding="utf-8")
    (home / "recipe.yaml").write_text(yaml.safe_dump(_recipe(job)), encoding="utf-8")
    teacher = {
        "id": "writer",
        "model": f"{_PREFIXES[job.lane]}/{MODEL}",
        "api_base": job.base_url,
        "api_key_env": "BENCH_API_KEY",
        "price": {"input_usd": 1.0, "output_usd": 3.0},
        "parallelism": job.concurrency,
    }
    (folder / "teachers.yaml").write_text(yaml.safe_dump({"teachers": [teacher]}), encoding="utf-8")
    return folder


def _recipe(job: Job) -> dict[str, object]:
    return {
        "id": _RECIPE,
        "title": "What the benchmark asks",
        "samples": len(job.prompts),
        "technique": {
            "kind": "grounded_qa",
            "ask": {"template": "ask.md.j2", "inputs": ["passage"]},
        },
        "seeds": {"file": "seeds.jsonl"},
        "teachers": [{"id": "writer"}],
        "parameters": {"temperature": TEMPERATURE, "max_tokens": MAX_TOKENS},
        "verifiers": [{"kind": "length", "min_words": 1}],
        "licence": "Apache-2.0",
    }


def load(job: Job) -> None:
    """Import what the lane imports at its first call."""
    if job.lane == "litellm":
        load_litellm()
    else:
        import aiohttp  # noqa: F401


if __name__ == "__main__":
    run_client(complete, load)
