"""Back-translation over real HTTP and both lanes: who is sent what, what is kept, what dropped."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.engine import Generated, generate
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.sources.seeds import read_seeds_file
from synth_assets.resources.teachers import Teachers
from tests.integration.chat_server import ChatServer, Reply, Said, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.sandboxes import open_sandbox

HEAD = """
id: back
title: There and back
seeds: {{file: seeds.jsonl}}
samples: {samples}
teachers: [{{id: writer}}]
technique:
"""
LANES = ("hosted_vllm/scribe", "litellm_proxy/scribe")


def run(
    root: Path, server: ChatServer, model: str, technique: str, seeds: Sequence[Mapping[str, str]]
) -> Generated:
    """Carry out a technique whose first prompt is `a.j2`."""
    entry = {"id": "writer", "model": model, "api_base": server.base_url, "api_key_env": KEY_ENV}
    (root / "teachers.yaml").write_text(json.dumps({"teachers": [entry]}))
    folder = root / "back"
    folder.mkdir(exist_ok=True)
    (folder / "recipe.yaml").write_text(HEAD.format(samples=len(seeds)) + technique)
    first = next(iter(seeds[0]))
    (folder / "a.j2").write_text(f"First: {{{{ {first} }}}}")
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in seeds))
    catalogue = load_catalogue([root])
    assert catalogue.broken == ()
    recipe = catalogue.recipe("back")
    rows = read_seeds_file(catalogue.seed_files["back"], "back")
    ledger = Ledger(root / "ledger.sqlite")
    try:
        return generate(
            recipe, [Seed.of("recipe", row) for row in rows], Teachers(recipe.teachers), ledger
        )
    finally:
        ledger.close()


def twice(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[dict[str, Any]], Reply],
    model: str,
    technique: str,
    seeds: Sequence[Mapping[str, str]],
) -> tuple[Generated, list[str]]:
    """What a run makes, a second one being free and equal; and all user messages sent."""
    monkeypatch.setenv(KEY_ENV, KEY)
    with chat_server(answer) as server:
        made = run(root, server, model, technique, seeds)
        bought = len(server.served)
        again = run(root, server, model, technique, seeds)
        assert len(server.served) == bought
        sent = [body["messages"][-1]["content"] for body in server.served]
    assert again.stage.kept.equals(made.stage.kept)
    return made, sent


def reasons(made: Generated) -> dict[str, str]:
    dropped = made.stage.decisions.filter(pl.col("outcome") == "dropped")
    return dict(dropped.select("reason", "detail").iter_rows())


CODE = "def {name}(items):\n    return items[1:]"


@pytest.mark.parametrize("model", LANES)
def test_code_over_http_is_kept_where_the_second_writer_gives_the_same_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    def answer(body: dict[str, Any]) -> Reply:
        said = body["messages"][-1]["content"]
        name = next(word for word in ("good", "lost", "broken", "cut") if word in said)
        if said.startswith("First"):
            return f"<description>`{name}(items)` drops the first of items.</description>"
        assert "items[1:]" not in said
        match name:
            case "good":
                return "<code>\ndef good(items):\n    _, *rest = items\n    return rest\n</code>"
            case "lost":
                return "<code>def lost(values): return values</code>"
            case "broken":
                return "<code>def broken(items) return</code>"
            case _:
                return Said("<code>def cut(items):\n    ret", finish_reason="length")

    technique = """
  kind: backtranslation_code
  describe: {template: a.j2, inputs: [code]}
  write: {template: w.j2, inputs: [description]}
"""
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "w.j2").write_text("Second: {{ description }}")
    seeds = [
        {"code": CODE.format(name=name), "tests": "-"} for name in ("good", "lost", "broken", "cut")
    ]
    made, sent = twice(tmp_path, monkeypatch, answer, model, technique, seeds)

    rest = "def good(items):\n    _, *rest = items\n    return rest"
    assert made.stage.kept["response"].to_list() == [rest]
    found = reasons(made)
    assert set(found) == {Reason.NOT_PRESERVED, Reason.UNPARSABLE, Reason.TRUNCATED}
    assert "lost(values), it was lost(items)" in found[Reason.NOT_PRESERVED]
    assert len(sent) == 8


WRITTEN_AGAIN = {
    "right": "def right(items):\n    _, *rest = items\n    return rest",
    "wrong": "def wrong(items):\n    return items[:1]",
    "idle": "def idle(items):\n    pass",
    "leaves": "import os\n\ndef leaves(items):\n    os._exit(0)",
    "gone": "import os\n\ndef gone(items):\n    return items[1:]\n\nos._exit(0)",
    "agrees": "class Yes(list):\n    def __eq__(self, other):\n        return True\n\n"
    "def agrees(items):\n    return Yes(items)",
    "vague": "def vague(items):\n    return items",
}
VERDICTS = {
    "wrong": (Reason.TESTS_FAILED, "code: 'assert wrong([1, 2, 3]) == [2, 3]': 'got [1]'"),
    "idle": (Reason.TESTS_FAILED, "code: 'assert idle([1, 2, 3]) == [2, 3]': 'got None'"),
    "leaves": (Reason.TESTS_FAILED, "the program ended itself with exit code 0"),
    "gone": (Reason.DOES_NOT_RUN, "the program ended itself with exit code 0"),
    "agrees": (Reason.TESTS_FAILED, "got [1, 2, 3]"),
    "vague": (Reason.VACUOUS_TESTS, "functions that return nothing pass these tests too"),
}


@pytest.mark.parametrize("model", LANES)
def test_code_over_http_is_run_against_the_tests_of_the_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    def answer(body: dict[str, Any]) -> Reply:
        said = body["messages"][-1]["content"]
        name = next(word for word in WRITTEN_AGAIN if word in said)
        if said.startswith("First"):
            return f"<description>`{name}(items)` drops the first of items.</description>"
        return f"<code>\n{WRITTEN_AGAIN[name]}\n</code>"

    technique = """
  kind: backtranslation_code
  describe: {template: a.j2, inputs: [code]}
  write: {template: w.j2, inputs: [description]}
verifiers: [{kind: code, block: whole, refuse_vacuous: true}]
"""
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "w.j2").write_text("Second: {{ description }}")
    seeds = [
        {
            "code": CODE.format(name=name),
            "tests": f"{name}([])" if name == "vague" else f"assert {name}([1, 2, 3]) == [2, 3]",
        }
        for name in WRITTEN_AGAIN
    ]
    made, _ = twice(tmp_path, monkeypatch, answer, model, technique, seeds)
    assert made.stage.kept["response"].sort().to_list() == sorted(WRITTEN_AGAIN.values())

    recipe = load_catalogue([tmp_path]).recipe("back")
    rows, verifiers = made.stage.kept, recipe.spec.verifiers
    with open_sandbox(size=1) as sandbox:
        done = verify_samples(rows, recipe.key, verifiers, recipe.files, Tools(programs=sandbox))

    assert done.stage.kept["response"].to_list() == [WRITTEN_AGAIN["right"]]
    decided = done.stage.decisions.filter(pl.col("outcome") == "dropped")
    told = decided.join(rows, on="sample_id").select("prompt", "reason", "detail").rows()
    found = {prompt[1 : prompt.index("(")]: (reason, detail) for prompt, reason, detail in told}
    assert {name: reason for name, (reason, _) in found.items()} == {
        name: reason for name, (reason, _) in VERDICTS.items()
    }
    assert [name for name, (_, detail) in VERDICTS.items() if detail not in found[name][1]] == []


def test_instruction_over_http_is_kept_where_the_ratings_agree_and_suffice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    texts = ("good", "low", "torn", "vague")
    ratings = {"good": ["5", "4"], "low": ["2", "2"], "torn": ["5", "1"], "vague": ["4", "high"]}

    def answer(body: dict[str, Any]) -> Reply:
        said = body["messages"][-1]["content"]
        if said.startswith("First"):
            return f"<instruction>How is {said.split()[-1]} done?</instruction>"
        name = next(word for word in texts if word in said)
        return f"<rating>{ratings[name].pop()}</rating>"

    technique = """
  kind: backtranslation_instruction
  instruct: {template: a.j2, inputs: [response]}
  rate: {template: r.j2, inputs: [instruction, response]}
  ratings: 2
"""
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "r.j2").write_text("Rate: {{ instruction }} {{ response }}")
    seeds = [{"response": f"It is easy: {name}"} for name in texts]
    made, sent = twice(tmp_path, monkeypatch, answer, LANES[0], technique, seeds)

    [row] = made.stage.kept.iter_rows(named=True)
    assert (row["prompt"], row["response"]) == ("How is good done?", "It is easy: good")
    assert json.loads(row["attributes"]) == {"rating": 4.5}
    assert set(reasons(made)) == {
        Reason.LOW_RATED,
        Reason.INCONSISTENT_JUDGE,
        Reason.UNPARSABLE,
    }
    assert len(sent) == 12


def test_translation_over_http_is_kept_where_the_round_trip_comes_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    english = {
        "good": "The train to Ghent leaves at 9:15.",
        "number": "The ship to Porto sails at 7:30.",
        "drift": "The bus to Namur stops in 5 places.",
    }

    def answer(body: dict[str, Any]) -> Reply:
        said = body["messages"][-1]["content"]
        if said.startswith("First"):
            match said.split()[2]:
                case "train":
                    return "<source>Der Zug nach Ghent fährt um 9.15 Uhr.</source>"
                case "ship":
                    return "<source>Das Schiff nach Porto fährt um 8:30.</source>"
                case _:
                    return "<source>Der Bus nach Namur hält an 5 Orten.</source>"
        if "Ghent" in said:
            return "<target>The train to Ghent departs at 9:15.</target>"
        return "<target>Namur has 5 coaches on holiday, everyone waits.</target>"

    technique = """
  kind: backtranslation_language
  back: {template: a.j2, inputs: [target]}
  forth: {template: f.j2, inputs: [source]}
"""
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "f.j2").write_text("Second: {{ source }}")
    seeds = [{"target": text, "request": "Translate:"} for text in english.values()]
    made, sent = twice(tmp_path, monkeypatch, answer, LANES[0], technique, seeds)

    [row] = made.stage.kept.iter_rows(named=True)
    assert row["prompt"] == "Translate:\n\nDer Zug nach Ghent fährt um 9.15 Uhr."
    assert row["response"] == english["good"]
    details = made.stage.decisions.filter(pl.col("outcome") == "dropped")["detail"].sort()
    assert details[0].startswith("chrF of the round trip is")
    assert details[1] == "in the translation back, numbers lost: 7:30; numbers added: 8:30"
    # What lost a number is not bought forth.
    assert len(sent) == 5
