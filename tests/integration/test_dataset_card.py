"""The card of a real, small run: a recipe whose teachers are paid, human rows, a benchmark."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from huggingface_hub import DatasetCard

from synth_assets.core.export.card import render_card
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.layout import columns_of
from synth_assets.core.export.lengths import LENGTH_SCHEMA
from synth_assets.resources.card_facts import PublishedSet, card_facts
from synth_assets.resources.frames import read_frame
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import chat_server, embedded_answer
from tests.integration.documented_card import DOCUMENTED
from tests.integration.documented_card import MIXTURE as DOCUMENTED_MIXTURE
from tests.integration.own_project import INPUT_USD, OUTPUT_USD, OwnProject, own_project

SAMPLES = 24
MIXTURE = {
    "id": "all",
    "description": "What the weather stations noted, and sums.",
    "synthetic_share": 0.2,
    "recipes": ["sums"],
    "student": {"name": "Little Model", "family": "little", "checkpoint": "3", "size": "1B"},
    "splits": {"validation": 0.1},
    "manual": {"minutes_per_row": 30, "usd_per_hour": 40, "source": "our own offer"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnProject]:
    with chat_server(embedded_answer) as server:
        project = own_project(tmp_path_factory.mktemp("own"), server.base_url, samples=SAMPLES)
        project.write("mixtures.yaml", {"mixtures": [MIXTURE]})
        done = project.synth(*project.arguments)
        assert done.code == 0, done.err
        yield project


@pytest.fixture(scope="module")
def card(project: OwnProject) -> str:
    return (project.export / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(project: OwnProject) -> pl.DataFrame:
    return project.synth.partition("training_sets", "all")


def chapters(card: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", card, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def cells(text: str, first: str) -> list[list[str]]:
    """The lines of a chapter's tables whose first cell is `first`."""
    lines = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_card_of_a_run_counts_what_is_in_the_files(card: str, rows: pl.DataFrame):
    synthetic = rows.filter(origin="synthetic").height
    assert synthetic >= 10
    told = chapters(card)["Composition"]
    assert cells(told, "synthetic")[0][1] == str(synthetic)
    by_teacher = dict(rows.filter(origin="synthetic").group_by("teacher").len().iter_rows())
    models = {"writer": "hosted_vllm/scholar", "second": "openai/clerk"}
    for name, count in by_teacher.items():
        assert cells(told, name)[0][1] == models[name]
        assert cells(told, name)[0][4] == str(count)
    by_split = dict(rows.group_by("split").len().iter_rows())
    assert set(by_split) == {"train", "validation"}
    assert all(cells(told, name)[0][1] == str(count) for name, count in by_split.items())


def test_card_of_a_run_tells_its_costs_to_the_cent_beside_work_by_hand(
    project: OwnProject, card: str, rows: pl.DataFrame
):
    calls = pl.concat([read_frame(path) for path in (project.home / "calls").glob("sums~*")])
    once = calls.unique("fingerprint")
    usd = (
        once["prompt_tokens"].sum() * INPUT_USD + once["completion_tokens"].sum() * OUTPUT_USD
    ) / 1_000_000
    synthetic = rows.filter(origin="synthetic").height
    told = chapters(card)["Cost"]
    assert f"In all {usd:,.2f} USD for {once.height:,} completions" in told
    assert f"{usd / synthetic:,.2f} USD for each synthetic row of this set" in told
    assert f"{synthetic} rows would take {synthetic / 2:,.0f} hours" in told
    assert f"cost {synthetic * 20:,.2f} USD" in told
    assert "That is an assumption: our own offer." in told


def test_card_of_a_run_tells_what_each_verifier_and_stage_removed(
    project: OwnProject, card: str, rows: pl.DataFrame
):
    verdicts = pl.concat([read_frame(path) for path in (project.home / "verdicts").glob("sums~*")])
    rejected = verdicts.filter(outcome="rejected").height
    told = chapters(card)
    [number] = cells(told["Verification"], "sums")
    assert number[1:6] == [
        "number",
        str(verdicts.height),
        str(verdicts.height - rejected),
        str(rejected),
        "0",
    ]
    assert "marker_required: true" in told["Verification"]
    synthetic = rows.filter(origin="synthetic").height
    funnel = cells(told["From candidates to rows"], "sums")[0]
    assert (funnel[1], funnel[-1]) == (str(SAMPLES), str(synthetic))


def test_card_of_a_run_sets_hits_beside_an_error_rate_that_was_measured(
    project: OwnProject, card: str
):
    measured = read_frame(project.home / "evidence" / "error_rate.parquet").filter(method="any")
    told = chapters(card)["Contamination"]
    assert cells(told, "embedded_probe")[0][1] == "60"
    verbatim = measured.row(by_predicate=pl.col("rows") == "verbatim", named=True)
    assert cells(told, "verbatim")[0][1:3] == [
        str(verbatim["looked_at"]),
        str(verbatim["flagged"]),
    ]
    assert verbatim["flagged"] == verbatim["looked_at"] >= 50


def test_card_of_a_run_shows_prompts_student_terms_and_how_to_make_it_again(
    project: OwnProject, card: str
):
    told = chapters(card)
    assert "<example_problem>\n{{ problem }}\n</example_problem>" in told["Prompts"]
    assert cells(told["Who it is for"], "student")[0][1] == "Little Model"
    assert "| teacher writer | unstated |" in told["Licences and attribution"]
    assert "```sh\nsynth run --mixture all\n```" in told["Make it again"]
    assert str(project.root) not in card


def test_card_of_a_run_is_valid_and_its_folder_is_what_datasets_reads(
    project: OwnProject, rows: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    datasets = pytest.importorskip("datasets", reason="reads the folder as trainers do")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    card = DatasetCard.load(project.export / "README.md")
    assert card.data.language == ["en"]
    loaded: Any = datasets.load_dataset(str(project.export), cache_dir=str(tmp_path))
    for split in ("train", "validation"):
        assert loaded[split]["sample_id"] == rows.filter(split=split)["sample_id"].to_list()


def test_croissant_of_a_run_is_valid_and_its_records_are_the_exported_rows(project: OwnProject):
    mlcroissant = pytest.importorskip("mlcroissant", reason="the validator of Croissant files")
    dataset = mlcroissant.Dataset(jsonld=str(project.export / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    for split in ("train", "validation"):
        expected = pl.read_parquet(project.export / f"{split}.parquet").to_dicts()
        found = list(dataset.records(split))
        assert [each[f"{split}/sample_id"].decode() for each in found] == [
            each["sample_id"] for each in expected
        ]
        said = [
            [turn[f"{split}/messages/content"].decode() for turn in each[f"{split}/messages"]]
            for each in found
        ]
        assert said == [[turn["content"] for turn in each["messages"]] for each in expected]


def test_card_after_an_edit_shows_the_prompts_that_were_used(project: OwnProject, card: str):
    settings = {"SYNTH_HOME": str(project.home), "SYNTH_RECIPES": str(project.recipes)}
    used = (project.recipes / "sums" / "write.md.j2").read_text()
    project.write("sums/write.md.j2", used.replace("Here is", "This is"))
    workshop = Workshop(read_settings(settings))
    published = PublishedSet(
        workshop.catalogue.mixture("all"),
        project.synth.partition("training_sets", "all"),
        project.synth.partition("diversity_snapshots", "all"),
        project.synth.partition("collapse_canaries", "all"),
        project.synth.asset("held_out_real"),
        project.synth.asset("benchmarks"),
    )
    files = WrittenRows("messages", (), columns_of("messages"), LENGTH_SCHEMA.to_frame())
    told = render_card(card_facts(published, files, workshop))
    project.write("sums/write.md.j2", used)
    assert chapters(told)["Prompts"] == chapters(card)["Prompts"]
    assert "Not known any more: the recipe was edited since." in chapters(told)["Verification"]
    assert "sums changed since these rows were made" in chapters(told)["Known limits"]


def test_documented_card_has_the_chapters_of_a_fresh_one(card: str):
    documented = DOCUMENTED.read_text(encoding="utf-8")
    assert list(chapters(documented)) == list(chapters(card))
    assert DatasetCard(documented).data.pretty_name == DOCUMENTED_MIXTURE
