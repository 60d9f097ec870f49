"""Records by a Pydantic model, in a code fence, and with loose syntax."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.json_record import JsonRecord
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.recipe_folder import ImportedModels
from tests.samples import frame_of, synthetic_row

TOOLS = Tools(models=ImportedModels())
MODEL = "tests.record_models:Stay"
SCHEMA = {"s.json": '{"type": "object", "required": ["a"]}'}
TEXT = "Lima for 3 guests, 2.5 nights."


def record(**parameters: Any) -> JsonRecord:
    return JsonRecord.model_validate({"kind": "json_record", **parameters})


def verdict(response: str, tools: Tools = TOOLS, /, **parameters: Any) -> Verdict:
    check = record(**parameters).prepare(SCHEMA, tools)
    return check(synthetic_row("s", "Extract.", response, context=TEXT, attributes='{"tone": 1}'))


@pytest.mark.parametrize(
    ("response", "reason", "told"),
    [
        ('{"city": "Lima", "guests": 3, "nights": 2.5}', None, "values stand"),
        ('{"city": "Lima", "guests": "3"}', Reason.SCHEMA_VIOLATION, "guests"),
        ('{"city": "Lima", "guests": 3.0}', Reason.SCHEMA_VIOLATION, "guests"),
        ('{"city": "Lima", "guests": true}', Reason.SCHEMA_VIOLATION, "guests"),
        ('{"city": "Lima"}', Reason.SCHEMA_VIOLATION, "guests"),
        ('{"city": "Lima", "guests": 3, "x": 1}', Reason.SCHEMA_VIOLATION, "x"),
        ('{"city": "Lima", "guests": 101}', Reason.SCHEMA_VIOLATION, "too many guests"),
        ('{"city": "Rome", "guests": 3}', Reason.VALUE_NOT_IN_TEXT, "Rome"),
        ('{"city": "Lima", "guests": 3, "guests": 3}', Reason.MALFORMED_JSON, "twice"),
    ],
)
def test_json_record_of_a_pydantic_model_is_held_to_it_strictly(
    response: str, reason: Reason | None, told: str
) -> None:
    found = verdict(response, pydantic=MODEL)
    assert found.reason == reason
    assert told in found.evidence


def test_json_record_whose_validator_breaks_is_errored_and_the_others_go_on() -> None:
    rows = [
        synthetic_row(name, "p", json.dumps({"city": city, "guests": 3}))
        for name, city in (("a", "Atlantis"), ("b", "Lima"))
    ]
    verifier = record(pydantic=MODEL, values_in_text=False)
    result = verify_samples(frame_of(*rows), "t~00000000", [verifier], {}, TOOLS)
    assert dict(result.stage.decisions.select("sample_id", "outcome").iter_rows()) == {
        "a": "errored",
        "b": "kept",
    }
    assert "RuntimeError: the map is lost" in result.verdicts["evidence"][0]


def test_json_record_of_a_model_without_an_importer_is_errored() -> None:
    assert verdict("{}", NO_TOOLS, pydantic=MODEL).outcome == VerdictOutcome.ERRORED


@pytest.mark.parametrize("name", ["tests.nowhere:Stay", "tests.record_models:Nobody", "json:dumps"])
def test_json_record_of_a_model_that_does_not_import_names_it(name: str) -> None:
    with pytest.raises(RecipeError, match=name):
        record(pydantic=name).prepare({}, TOOLS)


def test_json_record_wants_a_schema_or_a_model_and_not_both() -> None:
    for parameters in ({}, {"schema_file": "s.json", "pydantic": MODEL}, {"pydantic": "Stay"}):
        with pytest.raises(ValidationError):
            record(**parameters)


@pytest.mark.parametrize(
    ("response", "accepted"),
    [
        ('```json\n{"a": 1}\n```', True),
        ('\n```\n{"a": 1}\n```  \n', True),
        ('Here:\n```json\n{"a": 1}\n```', False),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 1}\n```', False),
        ('```python\n{"a": 1}\n```', False),
        ('```json\n{"a": 1,}\n```', False),
        ('```json\n{"a": 1}', False),
    ],
)
def test_json_record_in_a_fence_is_accepted_only_where_that_is_allowed(
    response: str, accepted: bool
) -> None:
    common = {"schema_file": "s.json", "values_in_text": False}
    found = verdict(response, allow_fence=True, **common)
    assert (found.reason is None) == accepted
    assert found.revised is None
    assert found.evidence.startswith("in a code fence") == accepted
    assert verdict(response, **common).reason == Reason.MALFORMED_JSON


@pytest.mark.parametrize(
    ("response", "mended"),
    [
        ("{'a': 1, b: 'x',}", '{"a": 1, "b": "x"}'),
        ('Sure! {"b": 1.5, "a": [True, None]} Bye.', '{"b": 1.5, "a": [true, null]}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('{"a": 1, "b": ', None),
        ('{"a": 1, "b": "x', None),
        ('{"a": }', None),
    ],
)
def test_json_record_repairs_syntax_and_never_values_and_says_so(
    response: str, mended: str | None
) -> None:
    common = {"schema_file": "s.json", "values_in_text": False}
    assert verdict(response, **common).reason == Reason.MALFORMED_JSON
    found = verdict(response, repair=True, **common)
    if mended is None:
        assert found.reason == Reason.MALFORMED_JSON
        return
    assert found.reason is None
    assert found.evidence.startswith("its syntax was mended")
    assert found.revised is not None
    assert found.revised["response"] == mended
    assert json.loads(found.revised["attributes"]) == {"tone": 1, "json": "mended"}


def test_json_record_repaired_in_a_stage_has_a_column_that_tells() -> None:
    rows = [synthetic_row("loose", "p", "{'a': 1}"), synthetic_row("strict", "p", '{"a": 1}')]
    verifier = record(schema_file="s.json", repair=True, values_in_text=False)
    kept = verify_samples(frame_of(*rows), "t~00000000", [verifier], SCHEMA).stage.kept
    assert dict(kept.select("sample_id", "response").iter_rows()) == {
        "loose": '{"a": 1}',
        "strict": '{"a": 1}',
    }
    assert dict(kept.select("sample_id", "attributes").iter_rows()) == {
        "loose": '{"json": "mended"}',
        "strict": "{}",
    }


def recipe_version(folder: Path, model: str) -> str:
    place = folder / "stays"
    place.mkdir(parents=True)
    (folder / "teachers.yaml").write_text("teachers: [{id: t, model: a/b}]")
    (place / "ask.md.j2").write_text("Extract {{ passage }}")
    (place / "seeds.jsonl").write_text('{"passage": "Lima"}\n')
    (place / "recipe.yaml").write_text(
        "id: stays\ntitle: Stays\nsamples: 1\nteachers: [{id: t}]\nseeds: {file: seeds.jsonl}\n"
        "technique:\n  kind: grounded_qa\n  ask: {template: ask.md.j2, inputs: [passage]}\n"
        f"verifiers: [{{kind: json_record, pydantic: '{model}'}}]\n"
    )
    catalogue = load_catalogue([folder])
    assert not catalogue.broken, catalogue.broken
    return catalogue.recipe("stays").version


def test_json_record_of_a_model_makes_its_schema_part_of_the_recipes_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "stay_shapes_of_a_test.py"
    module.write_text("from pydantic import BaseModel\nclass A(BaseModel):\n    x: int\n")
    first = recipe_version(tmp_path / "one", "stay_shapes_of_a_test:A")
    again = recipe_version(tmp_path / "two", "stay_shapes_of_a_test:A")
    module.write_text("from pydantic import BaseModel\nclass A(BaseModel):\n    longer_name: int\n")
    monkeypatch.delitem(__import__("sys").modules, "stay_shapes_of_a_test")
    other = recipe_version(tmp_path / "three", "stay_shapes_of_a_test:A")
    assert first == again
    assert first != other


def test_json_record_of_an_unknown_model_breaks_its_recipe_alone(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="No module named"):
        recipe_version(tmp_path / "one", "no_such_module_here:A")
