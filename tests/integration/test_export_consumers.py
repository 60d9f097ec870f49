"""Exports as those read them who are to train on them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
import yaml

from synth_assets.core.config.mixtures import ExportSpec, Format
from synth_assets.core.export.card_metadata import data_files
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.hub import dataset_info
from synth_assets.core.export.layout import lay_out
from synth_assets.resources.exports import export_training_set
from tests.samples import real_row, synthetic_row
from tests.training_rows import CHAT, training_frame

FORMATS = get_args(Format)
SPLITS = ["train"] * 5 + ["validation"] * 2 + ["test"]


def rows() -> pl.DataFrame:
    """Rows of which the first have nothing where later ones have something."""
    return training_frame(
        *(
            real_row(f"r{n}", f"What is {n}?\x00\u2028", f"{n}. 😀", rejected="No.")
            for n in range(3)
        ),
        *(
            synthetic_row(
                f"s{n}",
                f'Say "{n}".',
                "{n}\n",
                rejected="No.",
                history=CHAT,
                context="A passage.",
                parent_ids=("p",),
                score=0.5,
                difficulty=2.0,
            )
            for n in range(5)
        ),
        splits=SPLITS,
    )


def readme(written: WrittenRows) -> Mapping[str, str]:
    known = {
        "configs": [{"config_name": "default", "data_files": data_files(written.files)}],
        "dataset_info": dataset_info(written.columns),
    }
    return {"README.md": f"---\n{yaml.safe_dump(known)}---\n"}


def export(folder: Path, layout: Format, **spec: object) -> Path:
    rows().write_parquet(folder / "rows.parquet")
    said = ExportSpec.model_validate({"format": layout, "rows_per_file": 2, **spec})
    export_training_set(folder / "out", folder / "rows.parquet", said, describe=readme)
    return folder / "out"


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory):
    """`datasets.load_dataset`, offline and with a cache of its own."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    offline |= {"HF_HOME": str(tmp_path_factory.mktemp("hugging_face"))}
    known = {name: os.environ.get(name) for name in offline}
    os.environ.update(offline)
    datasets = pytest.importorskip("datasets", reason="reads exports; among what developers get")
    datasets.disable_progress_bars()
    yield lambda folder: datasets.load_dataset(
        str(folder), cache_dir=str(tmp_path_factory.mktemp("cache"))
    )
    for name, value in known.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
@pytest.mark.parametrize("layout", FORMATS)
def test_datasets_load_every_format_with_splits_types_and_the_same_rows(
    tmp_path, load, layout, kind
):
    read = load(export(tmp_path, layout, files=[kind]))
    assert list(read) == ["train", "validation", "test"]
    for split, part in read.items():
        meant = lay_out(rows().filter(split=split), layout)
        assert part.to_list() == meant.to_dicts()
        assert part.column_names == meant.columns


def test_datasets_load_packed_lines(tmp_path, load):
    read = load(export(tmp_path, "messages", files=["jsonl"], compression="gzip"))
    assert read["train"]["sample_id"] == ["r0", "r1", "r2", "s0", "s1"]


@pytest.mark.parametrize("layout", ["messages", "trl_sft", "trl_dpo", "trl_kto"])
def test_trl_finds_chats_in_the_layouts_made_for_it(tmp_path, load, layout):
    trl = pytest.importorskip(
        "trl.data_utils", reason="TRL needs PyTorch, gigabytes; see docs/exports.md for its checks"
    )
    for row in load(export(tmp_path, layout))["train"]:
        assert trl.is_conversational(row)


def first(folder: Path) -> dict[str, Any]:
    with (folder / "validation.jsonl").open(encoding="utf-8") as lines:
        return json.loads(next(lines))


def test_llama_factory_reads_alpaca_by_the_columns_it_documents(tmp_path):
    row = first(export(tmp_path, "alpaca", provenance=False))
    assert set(row) == {"instruction", "input", "output", "system", "history"}
    texts = [row[name] for name in ("instruction", "input", "output", "system")]
    assert all(isinstance(text, str) for text in texts)
    assert all(
        isinstance(asked, str) and isinstance(answered, str) for asked, answered in row["history"]
    )
    assert row["history"] == [["Hi.", "Hello."]]


@pytest.mark.parametrize(
    ("layout", "column", "role", "content", "user", "assistant"),
    [
        ("sharegpt", "conversations", "from", "value", "human", "gpt"),
        ("messages", "messages", "role", "content", "user", "assistant"),
    ],
)
def test_llama_factory_reads_chats_in_which_user_and_model_take_turns(
    tmp_path, layout, column, role, content, user, assistant
):
    """A system turn may come first; then odd turns are the user's and even ones the model's."""
    folder = export(tmp_path, layout, provenance=False)
    for file in folder.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").split("\n")[:-1]:
            row = json.loads(line)
            assert set(row) == {column}
            turns = row[column]
            assert all(set(turn) == {role, content} for turn in turns)
            speakers = [turn[role] for turn in turns]
            if speakers[0] == "system":
                del speakers[0]
            assert speakers == [user, assistant] * (len(speakers) // 2)
            assert len(speakers) > 1


def test_axolotl_reads_instruction_input_and_output_of_alpaca(tmp_path):
    row = first(export(tmp_path, "alpaca"))
    assert (row["instruction"], row["input"], row["output"]) == ('Say "2".', "A passage.", "{n}\n")


@pytest.mark.parametrize(
    ("layout", "field", "mapping"),
    [
        ("messages", "messages", {"role": "role", "content": "content"}),
        ("sharegpt", "conversations", {"role": "from", "content": "value"}),
    ],
)
def test_axolotl_reads_chats_by_field_and_mapping_of_its_chat_template(
    tmp_path, layout, field, mapping
):
    known = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
    row = first(export(tmp_path, layout))
    turns = [(turn[mapping["role"]], turn[mapping["content"]]) for turn in row[field]]
    assert [(known.get(role, role), text) for role, text in turns] == [
        ("system", "Be brief."),
        ("user", "Hi."),
        ("assistant", "Hello."),
        ("user", 'Passage:\nA passage.\n\nQuestion: Say "2".'),
        ("assistant", "{n}\n"),
    ]


def test_axolotl_reads_text_as_completions(tmp_path):
    row = first(export(tmp_path, "text", provenance=False))
    assert set(row) == {"text"}
    assert row["text"].startswith("System: Be brief.\n\nUser: Hi.")
