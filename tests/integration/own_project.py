"""A user's own folder: small real data, a small recipe, teachers that a test server plays."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from synth_assets.defs.running import open_instance, run_pipeline
from synth_assets.resources.ledger.store import Ledger, LedgerStats
from synth_assets.resources.settings import SHIPPED_RECIPES, read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.warm_processes import Started, start
from tests.integration.whole_run import Synth

KEY = "sk-qzxwvk/7f3a+91c?d2=e44b&5a"
KEY_ENV = "SYNTH_TEST_SERVER_KEY"
INPUT_USD, OUTPUT_USD = 300.0, 1500.0
"""Price per million tokens: dear enough for cents to show in a small run."""

WRITE = """Here is a problem with its solution.

<example_problem>
{{ problem }}
</example_problem>
<example_solution>
{{ solution }}
</example_solution>

<level>
{{ level }}
</level>
"""
SOLVE = "Solve this.\n\n<problem>\n{{ question }}\n</problem>\n"


def teacher(name: str, model: str, base_url: str, **other: object) -> dict[str, object]:
    """An entry of teachers.yaml for the test server."""
    return {
        "id": name,
        "model": model,
        "api_base": base_url,
        "api_key_env": KEY_ENV,
        "price": {"input_usd": INPUT_USD, "output_usd": OUTPUT_USD},
        "sends_seed": True,
        "parallelism": 4,
        "timeout_s": 20,
        **other,
    }


def recipe(name: str = "sums", samples: int = 12, **other: object) -> dict[str, Any]:
    """A recipe.yaml of word problems with two teachers, solved by a third."""
    return {
        "id": name,
        "title": "Word problems over HTTP",
        "samples": samples,
        "technique": {
            "kind": "problem_generation",
            "write": {
                "template": "write.md.j2",
                "inputs": ["problem", "solution", "level"],
            },
            "solve": {
                "template": "solve.md.j2",
                "inputs": ["question"],
                "teachers": [{"id": "answerer"}],
            },
        },
        "seeds": {"file": "seeds.jsonl"},
        "teachers": [{"id": "writer", "weight": 2}, {"id": "second"}],
        "parameters": {"temperature": 0.5},
        "variations": {"level": ["easy", "hard"]},
        "verifiers": [{"kind": "number"}],
        **other,
    }


@dataclass(frozen=True)
class OwnProject:
    """A folder of recipes and a home beside it.

    Attributes:
        root: a temporary folder.
        environment: variables for `synth`.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def recipes(self) -> Path:
        return self.root / "recipes"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def synth(self) -> Synth:
        environment = {"SYNTH_RECIPES": str(self.recipes), KEY_ENV: KEY, **self.environment}
        return Synth(self.home, environment)

    @property
    def export(self) -> Path:
        return self.home / "exports" / "all"

    def write(self, name: str, content: object) -> Path:
        """Write a file of the folder: text as it is, anything else as YAML."""
        path = self.recipes / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path

    def write_recipe(self, name: str = "sums", samples: int = 12, **other: object) -> None:
        """Write a whole recipe folder, seeds of the shipped file included."""
        self.write(f"{name}/recipe.yaml", recipe(name, samples, **other))
        self.write(f"{name}/write.md.j2", WRITE)
        self.write(f"{name}/solve.md.j2", SOLVE)
        shipped = SHIPPED_RECIPES / "seeds_word_problems.jsonl"
        self.write(f"{name}/seeds.jsonl", "".join(shipped.open(encoding="utf-8").readlines()[:8]))

    def write_teachers(self, base_url: str, **other: object) -> None:
        """Three teachers on one server, through both of LiteLLM's ways to a compatible one."""
        entries = [
            teacher("writer", "hosted_vllm/scholar", base_url, **other),
            teacher("second", "openai/clerk", base_url, **other),
            teacher("answerer", "hosted_vllm/solver", base_url, **other),
        ]
        self.write("teachers.yaml", {"teachers": entries})

    def ledger_stats(self) -> LedgerStats:
        ledger = Ledger(self.home / "ledger.sqlite")
        try:
            return ledger.stats()
        finally:
            ledger.close()

    @property
    def arguments(self) -> tuple[str, ...]:
        """A run of this folder's recipe and mixture alone."""
        return ("run", "--recipe", "sums", "--mixture", "all")

    def fill(self, **environment: str) -> pl.DataFrame:
        """Run the recipe's seeds, generation and verification in this process: the calls made."""
        variables = {**self.synth.environment, "SYNTH_HOME": str(self.home), **environment}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            workshop = Workshop(read_settings())
            with open_instance(workshop.home) as instance:
                for done in islice(run_pipeline(workshop, instance, ["sums"], ["all"]), 2):
                    assert done.failures == ()
        return pl.read_parquet(
            self.home / "calls" / f"{workshop.catalogue.recipe('sums').key}.parquet"
        )

    def start(self, *arguments: str, **environment: str) -> Started:
        """Start `synth`, by default a run of this folder's recipe, in a warm process."""
        variables = {**self.synth.environment, "SYNTH_HOME": str(self.home), **environment}
        log = self.root / f"{time.monotonic_ns()}.log"
        return start(arguments or self.arguments, variables, log)

    def training_rows(self) -> pl.DataFrame:
        """What a user takes away, order and all."""
        return pl.read_parquet(self.export / "train.parquet")


def own_project(root: Path, base_url: str, samples: int = 12) -> OwnProject:
    """A complete folder: 60 real rows in place of the standard library's, one recipe, one mixture.

    The two shipped pools are replaced, as a user may, so that a run takes seconds.
    """
    project = OwnProject(root)
    project.write("own.jsonl", _lines(_real_rows(40, "weather")))
    project.write("more.jsonl", _lines(_real_rows(20, "harvest")))
    shipped = {"python_docstrings": "own.jsonl", "python_reference": "more.jsonl"}
    sources = [
        {"id": name, "reader": "file", "path": path, "prompt": "ask", "response": "say"}
        for name, path in shipped.items()
    ]
    project.write("sources.yaml", {"sources": sources})
    mixture = {"id": "all", "synthetic_share": 0.2, "recipes": ["sums"]}
    project.write("mixtures.yaml", {"mixtures": [mixture]})
    project.write_teachers(base_url)
    project.write_recipe(samples=samples)
    return project


def _real_rows(count: int, topic: str) -> list[dict[str, str]]:
    words = ("cloudy", "windy", "sunny", "rainy", "foggy", "dry", "warm", "cold", "mild", "grey")
    return [
        {
            "ask": f"What did station {n} note about the {topic} of year {1900 + 7 * n}?",
            "say": f"A {words[n % 10]} spring, then {words[(3 * n + 1) % 10]} weeks: {n * n} notes "
            f"of the {topic}, {words[(n // 3) % 10]} at the end, signed by observer {n % 13}.",
        }
        for n in range(count)
    ]


def _lines(rows: Sequence[dict[str, str]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)
