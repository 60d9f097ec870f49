"""The front matter, held to the tools that read it; nothing of it asks the network."""

import json
from importlib.resources import files

import polars as pl
import pytest
import yaml
from huggingface_hub import DatasetCard

from synth_assets.core.export.card import render_card
from synth_assets.core.export.card_metadata import data_files
from synth_assets.core.export.data_file import DataFile
from synth_assets.core.schema import TRAINING_SCHEMA
from tests.samples import real_row
from tests.unit.card_examples import facts, training_rows, written


def front_matter(card):
    return yaml.safe_load(card.split("---\n")[1])


def resource(name):
    return json.loads(files("datasets.utils.resources").joinpath(name).read_text())


def file(name, split="train", kind="parquet"):
    return DataFile(name, split, kind, "none", 1, 1, "00" * 32)


def test_front_matter_is_what_the_hub_reads():
    front = front_matter(render_card(facts()))
    info = front.pop("dataset_info")
    assert [feature["name"] for feature in info["features"]] == written().columns.names()
    assert front == {
        "language": ["de", "en"],
        "multilinguality": ["multilingual"],
        "pretty_name": "mix",
        "license": "other",
        "license_name": "several",
        "language_creators": ["found", "machine-generated"],
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["problem_generation", "synth-assets", "synthetic"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "train.parquet"}],
            }
        ],
    }


def test_front_matter_is_valid_to_the_hubs_own_card_and_to_datasets():
    from datasets import DatasetInfo
    from datasets.utils.metadata import MetadataConfigs, known_task_ids

    card = DatasetCard(render_card(facts()))
    assert card.data.pretty_name == "mix"
    assert set(card.data.language) <= set(resource("languages.json"))
    assert set(card.data.multilinguality) <= set(resource("multilingualities.json"))
    assert set(card.data.language_creators) <= set(resource("creators.json")["language"])
    assert set(card.data.size_categories) <= set(resource("size_categories.json"))
    assert set(card.data.task_categories) <= set(known_task_ids)
    configs = MetadataConfigs.from_dataset_card_data(card.data)
    assert configs.get_default_config_name() == "default"
    assert configs["default"]["data_files"] == [{"split": "train", "path": "train.parquet"}]
    info = DatasetInfo._from_yaml_dict(card.data["dataset_info"])
    assert list(info.features) == written().columns.names()


@pytest.mark.parametrize("said", ["a: [b\n- c", "---\nlicense: mit\n---", "{{x}} 'y' \"z\" #"])
def test_front_matter_of_hostile_text_is_that_of_plain_text(said):
    hostile = DatasetCard(render_card(facts(said))).data.to_dict()
    assert hostile == DatasetCard(render_card(facts("plain"))).data.to_dict()


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("PSF-2.0", {"license": "other", "license_name": "psf-2.0"}),
        ("a: [b\n- c", {"license": "other", "license_name": "a-b-c"}),
    ],
)
def test_front_matter_of_one_licence_names_it(licence, told):
    rows = training_rows(real_row("r", "p", "r"), licence=pl.lit(licence))
    front = front_matter(render_card(facts(rows=rows)))
    assert {key: front[key] for key in front if key.startswith("license")} == told


@pytest.mark.parametrize(
    ("rows", "told"),
    [(999, "n<1K"), (1_000, "1K<n<10K"), (250_000, "100K<n<1M"), (1_000_000, "1M<n<10M")],
)
def test_front_matter_tells_the_size(rows, told):
    empty = (
        TRAINING_SCHEMA.to_frame()
        .clear(rows)
        .with_columns(
            *(pl.lit("").alias(n) for n in ("licence", "technique", "origin", "teacher", "recipe")),
            attributes=pl.lit("{}"),
        )
    )
    assert front_matter(render_card(facts(rows=empty)))["size_categories"] == [told]


def test_front_matter_without_known_languages_names_none():
    unknown = pl.DataFrame({"language": ["(unknown)"], "rows": [3]})
    assert "language" not in front_matter(render_card(facts(languages=unknown)))


def test_data_files_are_parquet_where_there_is_any_and_shards_in_order():
    some = [
        file("train-00000-of-00002.parquet"),
        file("train-00001-of-00002.parquet"),
        file("train.jsonl", kind="jsonl"),
        file("test.parquet", "test"),
        file("test.jsonl", "test", "jsonl"),
    ]
    assert data_files(some) == [
        {
            "split": "train",
            "path": ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"],
        },
        {"split": "test", "path": "test.parquet"},
    ]
    lines = [each for each in some if each.kind == "jsonl"]
    assert data_files(lines) == [
        {"split": "train", "path": "train.jsonl"},
        {"split": "test", "path": "test.jsonl"},
    ]
