import json
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.sample import Sample, Seed, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, SEED_SCHEMA
from synth_assets.errors import RecipeError, SourceError
from synth_assets.resources.catalogue import Catalogue, load_catalogue
from synth_assets.resources.sources.seeds import seed_rows, seeds_of

RECIPE = """id: r
title: T
samples: 2
seeds: {SEEDS}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  ask: {template: ask.j2, inputs: [passage]}
"""
SOURCES = """sources:
  - {reader: file, id: stories, uses: [seeds], path: stories.csv, prompt: q, response: a}
  - {reader: file, id: pooled, path: pooled.jsonl, prompt: q, response: a}
"""
NOTHING = pl.DataFrame(schema=SAMPLE_SCHEMA)


def catalogue(root: Path, seeds: str) -> Catalogue:
    (root / "r").mkdir()
    (root / "teachers.yaml").write_text("teachers: [{id: writer, model: x/y}]")
    (root / "sources.yaml").write_text(SOURCES)
    (root / "stories.csv").write_text("q,a\nfirst,1\nsecond,2\n")
    (root / "pooled.jsonl").write_text('{"q": "raw", "a": "raw"}\n')
    (root / "r" / "recipe.yaml").write_text(RECIPE.replace("SEEDS", seeds))
    (root / "r" / "ask.j2").write_text("{{ passage }}")
    (root / "r" / "own.jsonl").write_text('{"passage": "p", "n": 1}\n{"passage": "ü", "n": 2}\n')
    return load_catalogue([root])


def fields(rows: pl.DataFrame) -> list[dict[str, str]]:
    return [json.loads(text) for text in rows["fields"]]


def test_seed_rows_of_a_recipes_own_file_keep_its_fields_and_order(tmp_path: Path):
    made = catalogue(tmp_path, "file: own.jsonl")
    recipe = made.recipe("r")
    rows = seed_rows(recipe, made, NOTHING)
    assert rows.schema == SEED_SCHEMA
    assert fields(rows) == [{"passage": "p", "n": "1"}, {"passage": "ü", "n": "2"}]
    assert rows.select("source", "recipe", "recipe_version", "position").rows() == [
        ("recipe", "r", recipe.version, 0),
        ("recipe", "r", recipe.version, 1),
    ]


def test_seed_rows_of_a_seeds_source_are_read_from_its_file(tmp_path: Path):
    made = catalogue(tmp_path, "source: stories, columns: {passage: response}")
    rows = seed_rows(made.recipe("r"), made, NOTHING)
    assert fields(rows) == [
        {"prompt": "first", "response": "1"},
        {"prompt": "second", "response": "2"},
    ]
    assert rows["source"].unique().to_list() == ["stories"]


def test_seed_rows_of_a_pool_come_from_real_data_of_that_source_only(tmp_path: Path):
    made = catalogue(tmp_path, "source: pooled, columns: {passage: response}")
    real = sample_frame(
        [
            Sample.real("pooled", 0, "kept", "yes", "MIT"),
            Sample.real("other", 0, "foreign", "no", "MIT"),
        ]
    )
    assert fields(seed_rows(made.recipe("r"), made, real)) == [
        {"prompt": "kept", "response": "yes"}
    ]
    with pytest.raises(SourceError, match="real_data holds no row of it"):
        seed_rows(made.recipe("r"), made, NOTHING)


def test_seed_rows_column_that_seeds_lack_is_refused(tmp_path: Path):
    made = catalogue(tmp_path, "file: own.jsonl, columns: {passage: text}")
    with pytest.raises(RecipeError, match="names text, but the seeds have n, passage"):
        seed_rows(made.recipe("r"), made, NOTHING)


def test_seeds_of_gives_the_seeds_back(tmp_path: Path):
    made = catalogue(tmp_path, "file: own.jsonl")
    assert seeds_of(seed_rows(made.recipe("r"), made, NOTHING)) == (
        Seed.of("recipe", {"passage": "p", "n": "1"}),
        Seed.of("recipe", {"passage": "ü", "n": "2"}),
    )


def test_seeds_with_a_field_called_as_a_variation_are_refused(tmp_path: Path):
    made = catalogue(tmp_path, "file: own.jsonl")
    path = tmp_path / "r" / "recipe.yaml"
    path.write_text(path.read_text() + "variations: {n: [a, b]}\n")
    made = load_catalogue([tmp_path])
    with pytest.raises(RecipeError, match=r"variations: n is a field of the seeds too.* Rename"):
        seed_rows(made.recipe("r"), made, NOTHING)
