"""Many questions of one passage over real HTTP: what is bought, kept and dropped."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.engine import Generated, generate
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.sources.seeds import read_seeds_file
from synth_assets.resources.teachers import Teachers
from tests.integration.chat_server import Reply, Said, chat_server
from tests.integration.own_project import KEY, KEY_ENV

RECIPE = """
id: qa
title: Questions on passages
technique:
  kind: grounded_qa
  questions: 4
  questions_a_request: 2
  no_answer: The text does not say.
  ask: {template: ask.md.j2, inputs: [passage, count, earlier]}
seeds: {file: seeds.jsonl}
samples: 4
teachers: [{id: writer}]
verifiers: [{kind: quote, no_answer: The text does not say.}]
"""
ASK = "Passage: {{ passage }}\nCount: {{ count }}\nEarlier:\n{{ earlier }}"


def block(question: str, answer: str, quote: str, kind: str = "fact") -> str:
    return (
        f"<qa><kind>{kind}</kind><question>{question}</question><answer>{answer}</answer>"
        f"<quote>{quote}</quote></qa>"
    )


def answer(body: dict[str, Any]) -> Reply:
    """For each passage another way of going well or wrong."""
    said = body["messages"][-1]["content"]
    found = re.search(r"in the (\w+)", said)
    assert found is not None
    place = found.group(1)
    where = block("Where does it rain?", place, f"It rains in the {place}.")
    why = block("Why does it rain?", "The text does not say.", "none", "unanswerable")
    is_first = said.rstrip().endswith("Earlier:")
    match place, is_first:
        case "north", True:
            return where + why
        case "north", False:
            assert "- Where does it rain?" in said
            return where + block("What does it do there?", "rains", f"It rains in the {place}.")
        case "south", True:
            return Said(where + "<qa><question>Why", finish_reason="length")
        case "south", False:
            return "<none/>"
        case "east", _:
            return "I'm sorry, but I can't help with that request."
        case _:
            return block("Where?", "Mars", "It rains on Mars, they say.") + where


def run(root: Path, base_url: str, model: str) -> Generated:
    entry = {"id": "writer", "model": model, "api_base": base_url, "api_key_env": KEY_ENV}
    (root / "teachers.yaml").write_text(json.dumps({"teachers": [entry]}))
    folder = root / "qa"
    folder.mkdir(exist_ok=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "ask.md.j2").write_text(ASK)
    rows = [{"passage": f"It rains in the {p}."} for p in ("north", "south", "east", "west")]
    (folder / "seeds.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    catalogue = load_catalogue([root])
    assert catalogue.broken == ()
    recipe = catalogue.recipe("qa")
    seeds = [Seed.of("recipe", r) for r in read_seeds_file(catalogue.seed_files["qa"], "qa")]
    ledger = Ledger(root / "ledger.sqlite")
    try:
        return generate(recipe, seeds, Teachers(recipe.teachers), ledger)
    finally:
        ledger.close()


@pytest.mark.parametrize("model", ["hosted_vllm/scribe", "litellm_proxy/scribe"])
def test_grounded_qa_over_http_keeps_whole_questions_and_tells_of_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    with chat_server(answer) as server:
        made = run(tmp_path, server.base_url, model)
        bought = len(server.served)
        again = run(tmp_path, server.base_url, model)
        assert len(server.served) == bought == 8

    kept = made.stage.kept.sort("context", "prompt")
    assert kept.select("context", "prompt", "response").rows() == [
        ("It rains in the north.", "What does it do there?", "rains"),
        ("It rains in the north.", "Where does it rain?", "north"),
        ("It rains in the north.", "Why does it rain?", "The text does not say."),
        ("It rains in the south.", "Where does it rain?", "south"),
        ("It rains in the west.", "Where does it rain?", "west"),
        ("It rains in the west.", "Where?", "Mars"),
    ]
    dropped = made.stage.decisions.filter(pl.col("outcome") == "dropped")
    assert dict(dropped["reason"].value_counts().iter_rows()) == {
        Reason.NOT_NOVEL: 3,
        Reason.TRUNCATED: 1,
        Reason.DECLINED: 2,
        Reason.REFUSAL: 4,
    }
    assert again.stage.kept.equals(made.stage.kept)
