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
from tests.integration.recipe_over_http import LANES, HttpRecipe

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


TOGETHER = """
id: tiny
title: Questions on two passages
technique:
  kind: grounded_qa
  passages: 2
  ask: {template: ask.md.j2, inputs: [passages]}
seeds: {file: seeds.jsonl}
samples: 2
teachers: [{id: writer}]
verifiers: [{kind: quote, numbered: true, answer_in_quote: words}]
"""
PLACES = {
    "a.txt": ("north", "south"),
    "b.txt": ("east", "west"),
    "c.txt": ("hills", "plains"),
    "d.txt": ("coast", "valley"),
}
"""Documents, which take turns in this order, and where it rains by their passages."""


def of_two(body: dict[str, Any]) -> Reply:
    """A question that needs both passages; of one document one is quoted, of another none."""
    found = re.findall(r"It rains in the (\w+)", body["messages"][-1]["content"])
    assert len(found) == 2
    one, other = (f"[{number}] It rains in the {place}." for number, place in enumerate(found, 1))
    match sorted(found)[0]:
        case "north":
            quote = one
        case "east":
            quote = f"{one}\n[2] It rains on Mars."
        case _:
            quote = f"{one}\n{other}"
    question = f"Where does it rain, {found[0]} or {found[1]}?"
    return (
        f"<question>{question}</question><answer>{found[0]} and {found[1]}</answer>"
        f"<quote>{quote}</quote>"
    )


@pytest.mark.parametrize("model", LANES)
@pytest.mark.parametrize(
    ("documents", "rounds", "reasons"),
    [
        (("a.txt", "b.txt", "c.txt", "d.txt"), [(2, 0), (4, 2)], {"wrong_kind": 1}),
        (("a.txt", "b.txt"), [(2, 0), (4, 0)], {"wrong_kind": 2}),
    ],
    ids=["goes on", "ends"],
)
def test_grounded_qa_over_http_on_two_passages_goes_on_after_an_empty_round_and_ends_after_two(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    documents: tuple[str, ...],
    rounds: list[tuple[int, int]],
    reasons: dict[str, int],
):
    monkeypatch.setenv(KEY_ENV, KEY)
    seeds = [
        {"passage": f"It rains in the {place}.", "document": document}
        for document in documents
        for place in PLACES[document]
    ]
    recipe = HttpRecipe.written(tmp_path, TOGETHER, {"ask.md.j2": "{{ passages }}"}, seeds)
    with chat_server(of_two) as server:
        made = recipe.fill(server.base_url, model, "writer")
        paid = len(server.served)
        again = recipe.fill(server.base_url, model, "writer")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    assert [(each.planned, each.kept) for each in made.rounds] == rounds
    assert made.reasons == reasons
    assert made.calls == {"ask": 4}
    # Generation keeps a quote that does not stand in its passage; the verifier, and so the rounds,
    # do not.
    good = [each for each in made.samples if "Mars" not in each.reference]
    assert len(made.samples) - len(good) == reasons["wrong_kind"]
    assert [sorted(each.response.split(" and ")) for each in good] == [
        list(PLACES[document]) for document in documents[2:]
    ]
    assert {each.drawn["quoted_passages"] for each in good} <= {"1, 2"}
