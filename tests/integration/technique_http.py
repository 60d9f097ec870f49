"""Techniques carried out over HTTP, with the test server as the only teacher."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from synth_assets.core.sample import Seed
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.engine import Generated, generate
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.sources.seeds import read_seeds_file
from synth_assets.resources.teachers import Teachers
from tests.integration.chat_server import ChatServer
from tests.integration.own_project import KEY, KEY_ENV


def generated(
    root: Path,
    patch: pytest.MonkeyPatch,
    server: ChatServer,
    recipe: str,
    files: Mapping[str, str],
    seeds: Sequence[Mapping[str, str]],
    model: str = "hosted_vllm/scribe",
) -> Generated:
    """Carry out a recipe called `tiny`, whose teachers are all the server; again: its ledger."""
    patch.setenv(KEY_ENV, KEY)
    folder = root / "recipes" / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**files, "recipe.yaml": recipe}.items():
        (folder / name).write_text(text, encoding="utf-8")
    rows = "".join(f"{json.dumps(dict(row))}\n" for row in seeds)
    (folder / "seeds.jsonl").write_text(rows, encoding="utf-8")
    entries = [
        {"id": name, "model": model, "api_base": server.base_url, "api_key_env": KEY_ENV}
        for name in ("writer", "second", "judge")
    ]
    told = json.dumps({"teachers": [{**entry, "sends_seed": True} for entry in entries]})
    (folder.parent / "teachers.yaml").write_text(told, encoding="utf-8")
    catalogue = load_catalogue([folder.parent])
    assert catalogue.broken == ()
    made = catalogue.recipe("tiny")
    found = [
        Seed.of("recipe", row) for row in read_seeds_file(catalogue.seed_files["tiny"], "tiny")
    ]
    ledger = Ledger(root / "ledger.sqlite")
    try:
        return generate(made, found, Teachers(made.teachers), ledger)
    finally:
        ledger.close()
