"""A recipe that asks for JSON, over real HTTP and both lanes: what is sent, mended, asked again."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.errors import TeacherError
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.generation.engine import Generated, generate
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.sources.seeds import read_seeds_file
from synth_assets.resources.teachers import Teachers
from tests.integration.chat_replies import error_body
from tests.integration.chat_server import ChatServer, Fault, Reply, chat_server
from tests.integration.own_project import KEY, KEY_ENV

RECIPE = """
id: qa
title: Questions on passages
technique:
  kind: grounded_qa
  ask: {template: ask.md.j2, inputs: [passage], schema_file: answer.json}
seeds: {file: seeds.jsonl}
samples: 5
teachers: [{id: writer}]
"""
PLACES = ("north", "south", "east", "west", "middle")
SCHEMA = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "pattern": "\\?$"},
        "answer": {"type": "string"},
        "quote": {"type": "string"},
    },
    "required": ["question", "answer", "quote"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Project:
    """A recipe folder whose teacher is the test server."""

    root: Path
    base_url: str

    def generate(self, response_format: str, model: str = "hosted_vllm/scribe") -> Generated:
        """Carry the recipe out."""
        entry = {
            "id": "writer",
            "model": model,
            "api_base": self.base_url,
            "api_key_env": KEY_ENV,
            "price": {"input_usd": 1, "output_usd": 1},
            "response_format": response_format,
        }
        (self.root / "teachers.yaml").write_text(json.dumps({"teachers": [entry]}))
        catalogue = load_catalogue([self.root])
        assert catalogue.broken == ()
        recipe = catalogue.recipe("qa")
        rows = read_seeds_file(catalogue.seed_files["qa"], "qa")
        seeds = [Seed.of("recipe", row) for row in rows]
        ledger = Ledger(self.root / "ledger.sqlite")
        try:
            return generate(recipe, seeds, Teachers(recipe.teachers), ledger)
        finally:
            ledger.close()


def passage_of(body: dict[str, Any]) -> str:
    """Which passage a request asks about."""
    found = re.search(r"in the (\w+)", body["messages"][0]["content"])
    assert found is not None
    return found.group(1)


def good(place: str) -> str:
    answer = {"question": "Where does it rain?", "answer": place, "quote": f"in the {place}"}
    return json.dumps(answer)


def answer(body: dict[str, Any]) -> Reply:
    """One good answer, one with loose syntax, and faults that a second answer mends or does not."""
    place, again = passage_of(body), len(body["messages"]) > 1
    match place:
        case "north":
            return good(place)
        case "south":
            return f"Here you are:\n```json\n{good(place).replace('}', ',}')}\n```"
        case "east":
            return good(place) if again else good(place).replace("?", ".")
        case "west":
            return "It rains there." if again else '{"question": "Where'
        case _:
            return "<none/>"


@contextmanager
def served(
    root: Path, monkeypatch: pytest.MonkeyPatch, reply: Any = answer
) -> Iterator[tuple[ChatServer, Project]]:
    monkeypatch.setenv(KEY_ENV, KEY)
    folder = root / "qa"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "ask.md.j2").write_text("Ask about: {{ passage }}")
    (folder / "answer.json").write_text(json.dumps(SCHEMA))
    rows = [json.dumps({"passage": f"It rains in the {place}."}) for place in PLACES]
    (folder / "seeds.jsonl").write_text("\n".join(rows) + "\n")
    with chat_server(reply) as server:
        yield server, Project(root, server.base_url)


@pytest.mark.parametrize("response_format", ["schema", "object", "none"])
def test_recipe_asking_for_json_over_http_asks_again_once_and_counts_it_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, response_format: str
):
    with served(tmp_path, monkeypatch) as (server, project):
        made = project.generate(response_format)
        once = len(server.served)
        second = project.generate(response_format)

        assert len(server.served) == once == 7, "the second run pays for nothing"
    assert made.calls.group_by("step").len().sort("step").rows() == [("ask", 5), ("ask/again", 2)]
    assert second.calls["from_ledger"].all()
    kept = made.stage.kept.sort("response")
    assert kept.select("response", "attributes").rows() == [
        ("east", "{}"),
        ("north", "{}"),
        ("south", '{"json": "mended"}'),
    ]
    dropped = made.stage.decisions.filter(pl.col("outcome") == "dropped").sort("reason")
    assert dropped["reason"].to_list() == [Reason.DECLINED, Reason.MALFORMED_JSON]
    assert dropped["detail"][1].startswith("asked twice: there is no JSON object")
    cost = made.calls.filter(pl.col("step") == "ask/again")["cost_usd"].sum()
    assert cost > 0


@pytest.mark.parametrize(
    ("response_format", "sent"),
    [("schema", "json_schema"), ("object", "json_object"), ("none", None), ("auto", None)],
)
def test_request_for_json_over_http_carries_what_the_entry_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, response_format: str, sent: str | None
):
    with served(tmp_path, monkeypatch) as (server, project):
        project.generate(response_format, model="openai/scribe")

        bodies = server.served
    kinds = {body.get("response_format", {}).get("type") for body in bodies}
    assert kinds == {sent}
    for body in bodies:
        in_prompt = '"additionalProperties":false' in body["messages"][0]["content"]
        assert in_prompt == (sent != "json_schema")
    if sent == "json_schema":
        told = bodies[0]["response_format"]["json_schema"]
        assert (told["name"], told["strict"], told["schema"]) == ("answer", True, SCHEMA)


def test_answer_asked_again_shows_the_teacher_its_answer_and_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with served(tmp_path, monkeypatch) as (server, project):
        project.generate("schema")
        [again] = [
            body["messages"]
            for body in server.served
            if passage_of(body) == "east" and len(body["messages"]) > 1
        ]

    assert [message["role"] for message in again] == ["user", "assistant", "user"]
    assert again[1]["content"] == good("east").replace("?", ".")
    assert 'question: "Where does it rain." does not match' in again[2]["content"]


def _refusal(body: dict[str, Any]) -> Reply:
    if "response_format" not in body:
        return answer(body)
    said = "Unsupported parameter: 'response_format' is not available for this model."
    return Fault(400, error_body(said, None, "response_format"))


def test_server_that_refuses_response_format_stops_with_the_line_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with served(tmp_path, monkeypatch, _refusal) as (server, project):
        with pytest.raises(TeacherError) as refused:
            project.generate("schema")
        assert server.served == []
        made = project.generate("none")

    told = "`response_format: object` or `response_format: none` for writer in teachers.yaml"
    assert told in str(refused.value)
    assert KEY not in str(refused.value)
    assert made.stage.kept.height == 3


def test_refusal_told_beside_an_empty_content_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    refused = {
        "choices": [
            {
                "message": {"content": None, "refusal": "I'm sorry, I cannot assist with that."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }

    def refuse(_: dict[str, Any]) -> Reply:
        return Fault(200, json.dumps(refused).encode(), kind="refusal")

    with served(tmp_path, monkeypatch, refuse) as (_, project):
        made = project.generate("schema")

    assert set(made.stage.decisions["reason"]) == {Reason.REFUSAL}
    assert set(made.calls["step"]) == {"ask"}


def test_recipe_asking_for_json_through_litellm_sends_the_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with served(tmp_path, monkeypatch) as (server, project):
        made = project.generate("schema", model="litellm_proxy/scribe")

        sent = {json.dumps(body["response_format"]["json_schema"]) for body in server.served}
    assert made.calls.group_by("step").len().sort("step").rows() == [("ask", 5), ("ask/again", 2)]
    assert made.stage.kept.height == 3
    [told] = sent
    assert json.loads(told)["schema"] == SCHEMA


def test_litellm_refusing_response_format_stops_with_the_line_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (
        served(tmp_path, monkeypatch, _refusal) as (server, project),
        pytest.raises(TeacherError) as refused,
    ):
        project.generate("object", model="litellm_proxy/scribe")
    assert server.served == []
    assert "set `response_format: none` for writer in teachers.yaml" in str(refused.value)
    assert KEY not in str(refused.value)
