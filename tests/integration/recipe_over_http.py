"""A small recipe carried out over real HTTP: its folder, a ledger, a server for its teachers."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth_assets.core.planning import Plan
from synth_assets.core.sample import Sample, Seed, samples_of
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.fill import Filler, Round
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import Teachers
from tests.integration.own_project import KEY_ENV

LANES = ("hosted_vllm/scribe", "litellm_proxy/scribe")
"""The lean lane, and LiteLLM's."""


@dataclass(frozen=True)
class MadeOverHttp:
    """What came of it.

    Attributes:
        samples: rows that generation kept.
        reasons: reason -> how many pieces were dropped for it.
        details: why, in words.
        calls: step -> how many, each once however many rows share it.
        bought: calls that were not in the ledger.
        rounds: of growing techniques, samples planned and kept.
    """

    samples: tuple[Sample, ...]
    reasons: Counter[str]
    details: tuple[str, ...]
    calls: Counter[str]
    bought: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class HttpRecipe:
    """A recipe in a folder of its own.

    Attributes:
        root: holds the recipe's folder, the teachers and the ledger.
        name: id of the recipe.
    """

    root: Path
    name: str

    @classmethod
    def written(
        cls, root: Path, recipe: str, files: Mapping[str, str], seeds: Sequence[Mapping[str, str]]
    ) -> "HttpRecipe":
        """Write a recipe whose id is `tiny`."""
        folder = root / "tiny"
        folder.mkdir()
        rows = "".join(json.dumps(dict(seed)) + "\n" for seed in seeds)
        for name, text in {"recipe.yaml": recipe, "seeds.jsonl": rows, **files}.items():
            (folder / name).write_text(text)
        return cls(root, "tiny")

    def fill(self, base_url: str, model: str, *names: str) -> MadeOverHttp:
        """Carry it out; `names` are its teachers, all played by the server."""
        entries = [
            {
                "id": name,
                "model": model,
                "api_base": base_url,
                "api_key_env": KEY_ENV,
                "price": {"input_usd": 1, "output_usd": 1},
                "sends_seed": True,
            }
            for name in names
        ]
        (self.root / "teachers.yaml").write_text(json.dumps({"teachers": entries}))
        catalogue = load_catalogue([self.root])
        assert catalogue.broken == ()
        recipe = catalogue.recipe(self.name)
        seeds = [Seed.of("recipe", row) for row in self._rows()]
        ledger = Ledger(self.root / "ledger.sqlite")
        try:
            filler = Filler(lambda: Teachers(recipe.teachers), ledger, self.root / "generating")
            filled = filler.fill(Plan.of(recipe, seeds))
            samples = filled.parts.table("samples").lazy().collect()
            decisions = filled.parts.table("decisions").lazy().collect()
            calls = filled.parts.table("calls").lazy().unique("fingerprint").collect()
            filled.parts.remove()
        finally:
            ledger.close()
        return MadeOverHttp(
            tuple(samples_of(samples)),
            Counter(decisions["reason"].drop_nulls().to_list()),
            tuple(filter(None, decisions["detail"].to_list())),
            Counter(calls["step"].to_list()),
            calls.height - calls["from_ledger"].sum(),
            filled.rounds,
        )

    def _rows(self) -> list[dict[str, str]]:
        lines = (self.root / self.name / "seeds.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]
