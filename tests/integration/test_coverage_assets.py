"""Coverage as Dagster shows it: recipes filled over HTTP, and what their materializations say."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from synth_assets.core.growth import FILLED_TOPIC
from synth_assets.defs.assets import generation, inputs
from synth_assets.defs.frame_io import FrameIOManager
from synth_assets.defs.partitions import sync_partitions
from synth_assets.resources.coverage_reference import reference_texts
from synth_assets.resources.frames import read_frame
from synth_assets.resources.settings import SHIPPED_RECIPES, read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import chat_server
from tests.integration.own_project import KEY, KEY_ENV, OwnProject, own_project

TREES = ("oak", "birch", "maple", "willow", "leaf", "branch", "root", "forest", "bark", "seedling")
SHIPS = ("harbour", "sail", "anchor", "captain", "deck", "mast", "voyage", "cargo", "tide", "crew")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ASSETS = (generation.seeds, generation.raw_generations, generation.verified_samples)
INPUTS = (inputs.real_rows, inputs.benchmarks)
ASK = "Ask.\n<passage>\n{{ passage }}\n</passage>\n{{ count }}{{ earlier }}{{ manner }}\n"
QUESTIONS = {
    "technique": {
        "kind": "grounded_qa",
        "questions": 2,
        "max_likeness": 1,
        "ask": {"template": "ask.md.j2", "inputs": ["passage", "count", "earlier", "manner"]},
    },
    "seeds": {"source": "book", "columns": {"passage": "response"}},
    "variations": {"manner": ["plain", "curt"]},
    "verifiers": [{"kind": "quote", "min_words": 5}],
}
CASES = {
    "technique": {
        "kind": "edge_cases",
        "give_up_after": 2,
        "space": {"fault": ["late", "lost"], "tone": ["calm", "cross"]},
        "write": {"template": "write.md.j2", "inputs": ["problem", "fault", "tone", "manner"]},
    },
    "variations": {"manner": ["plain", "curt", "odd"]},
    "verifiers": [],
}
WRITE = "Case: {{ fault }}/{{ tone }} {{ manner }} {{ problem }}"


def passage(words: tuple[str, ...], number: int) -> str:
    some = " ".join(words[(number * step + step) % 10] for step in (1, 3, 7))
    last = words[(number // 10) % 10]
    return f"The {some} of chapter {number} told them what each {last} would be for that year."


def answer(body: dict[str, Any]) -> str:
    """Nothing of ships until asked again; no case that is lost and cross; else what is asked."""
    asked: str = body["messages"][-1]["content"]
    if asked.startswith("Case: "):
        told = f"{asked.splitlines()[0]} {body['seed']}"
        lost = asked.startswith("Case: lost/cross")
        return "no" if lost else f"<query>{told}</query><handling>See {told}</handling>"
    text = asked.partition("<passage>\n")[2].partition("\n</passage>")[0]
    if any(word in text for word in SHIPS) and int(body["seed"]) == 0:
        return "no"
    return "".join(
        f"<qa><question>What is word {at} of {text}?</question><answer>{text.split()[at]}</answer>"
        f"<quote>{text}</quote></qa>"
        for at in (1, 2)
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnProject]:
    with chat_server(answer) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_ENV, KEY)
        made = own_project(tmp_path_factory.mktemp("covered"), server.base_url)
        chapters = [passage(words, n) for n in range(60) for words in (TREES, SHIPS)]
        book = "# Book\n\n" + "\n\n".join(f"## Part {n}\n\n{t}" for n, t in enumerate(chapters))
        made.write("book/book.md", book)
        sources = (made.recipes / "sources.yaml").read_text(encoding="utf-8")
        said = "- {id: book, reader: documents, path: book, min_characters: 40}\n"
        made.write("sources.yaml", sources + said)
        yield made


def write_questions(project: OwnProject, name: str, samples: int, **coverage: object) -> None:
    project.write_recipe(name, samples, **QUESTIONS, coverage={"topics": 2, **coverage})
    project.write(f"{name}/ask.md.j2", ASK)


def workshop(project: OwnProject) -> Workshop:
    variables = {**project.synth.environment, "SYNTH_HOME": str(project.home)}
    settings = replace(read_settings(variables), recipe_folders=(SHIPPED_RECIPES, project.recipes))
    return Workshop(settings)


def materialized(project: OwnProject, name: str) -> tuple[dict[str, Any], pl.DataFrame]:
    """What the partition of a recipe tells of its verified rows, and these."""
    shop = workshop(project)
    key = shop.catalogue.recipe(name).key
    resources = {"workshop": shop, "io_manager": FrameIOManager(UPath(shop.home.assets), "")}
    with dg.DagsterInstance.ephemeral() as instance:
        sync_partitions(instance, shop)
        for chosen, partition in ((INPUTS, None), (ASSETS, key)):
            done = dg.materialize(
                [*ASSETS, *INPUTS],
                selection=list(chosen),
                partition_key=partition,
                instance=instance,
                resources=resources,
                run_config=QUIET,
            )
        [event] = done.asset_materializations_for_node("verified_samples")
    return dict(event.metadata), read_frame(shop.home.asset("verified_samples", key))


def records(told: dg.MetadataValue[Any]) -> list[dict[str, Any]]:
    assert isinstance(told, dg.TableMetadataValue)
    return [dict(record.data) for record in told.records]


def is_of_ships(text: str) -> bool:
    return any(word in text for word in SHIPS)


def test_coverage_of_documents_names_the_topic_that_no_question_is_about(project: OwnProject):
    write_questions(project, "plain", 110, reference="book")
    told, rows = materialized(project, "plain")
    contexts = rows.unique("position")["context"]

    assert not any(is_of_ships(text) for text in contexts)
    trees, ships = sorted(records(told["topics"]), key=lambda each: is_of_ships(each["topic"]))
    assert is_of_ships(ships["topic"])
    assert not is_of_ships(trees["topic"])
    assert (ships["reference"], ships["samples"], ships["gap"]) == ("50.0%", "0.0% (0)", "gap")
    assert (trees["reference"], trees["gap"]) == ("50.0%", "")
    inside = int(trees["samples"].partition("(")[2].rstrip(")"))
    assert trees["samples"] == f"{inside / len(contexts):.1%} ({inside})"
    assert 0.9 * len(contexts) <= inside <= len(contexts), "a few may be of no topic"
    assert told["topic_gaps"].value == 1


def test_coverage_counts_samples_and_rows_as_they_lie_on_disk(project: OwnProject):
    write_questions(project, "plain", 110, reference="book")
    told, rows = materialized(project, "plain")
    samples = rows["position"].n_unique()

    assert rows.height == 2 * samples
    assert told["coverage_counts"].value == (
        f"110 wanted; 110 samples planned, {samples} of them gave {rows.height} rows"
    )
    lines = {str(each["value"]).strip(): each for each in records(told["coverage_plot"])}
    by_teacher = dict(rows.group_by("teacher").len().iter_rows())
    assert (lines["writer"]["planned"], lines["second"]["planned"]) == ("66.7%", "33.3%")
    for teacher, count in by_teacher.items():
        assert lines[teacher]["rows"] == str(count)
        assert lines[teacher]["achieved"] == f"{count / rows.height:.1%}"
    assert "coverage_cells" not in told, "there is but one attribute"


def test_another_reference_is_compared_by_what_it_is(project: OwnProject):
    write_questions(project, "plain", 110, reference="book")
    shop = workshop(project)
    recipe = shop.catalogue.recipe("plain")
    own, other = reference_texts(shop, recipe), reference_texts(shop, recipe, "python_docstrings")

    assert own is not None
    assert own.field == "passage"
    assert all(text.startswith("The ") for text in own.texts.values())
    assert other is not None
    assert other.field == "prompt"
    assert all(text.startswith("What did station") for text in other.texts.values())


def test_gaps_of_questions_on_single_passages_are_filled_in_a_run(project: OwnProject):
    write_questions(project, "filling", 200, fill_gaps=True, fill_share=0.4)
    told, rows = materialized(project, "filling")
    drawn = [json.loads(text) for text in rows["attributes"]]
    filled = [
        context
        for context, attributes in zip(rows["context"], drawn, strict=True)
        if FILLED_TOPIC in attributes
    ]

    assert told["coverage_counts"].value.startswith("200 wanted; 200 samples planned, ")
    assert len(filled) >= 20
    assert all(is_of_ships(context) for context in filled)
    [ships] = [each for each in records(told["topics"]) if is_of_ships(each["topic"])]
    about = sum(is_of_ships(text) for text in rows.unique("position")["context"])
    assert ships["samples"].endswith(f"({about})")


def test_coverage_of_a_space_shows_the_account_of_its_technique(project: OwnProject):
    project.write_recipe("cases", 16, **CASES)
    project.write("cases/write.md.j2", WRITE)
    told, rows = materialized(project, "cases")

    assert rows.height == 12
    assert told["coverage_cells"].value == (
        "4 cells of the technique's own space, 16 samples wanted: 3 full; holes: 1, lacking 4 "
        "samples in all; given up: 1"
    )
    assert told["coverage_holes"].value == 1
    assert records(told["coverage_lacking"]) == [
        {"cell": "fault lost, tone cross", "quota": 4, "has": 0, "lacks": 4, "given up": "yes"}
    ]


def test_shipped_recipe_on_the_python_reference_shows_its_topics(tmp_path: Path):
    made = OwnProject(tmp_path)
    made.recipes.mkdir()
    told, rows = materialized(made, "python_reference_qa")
    topics = records(told["topics"])
    inside = sum(int(each["samples"].partition("(")[2].rstrip(")")) for each in topics)

    assert len(topics) == 20
    assert 0.9 * rows["position"].n_unique() <= inside <= rows["position"].n_unique()
    assert told["topic_gaps"].value == sum(each["gap"] == "gap" for each in topics) == 0
