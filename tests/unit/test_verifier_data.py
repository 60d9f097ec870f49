"""What verifiers learn from: data sources and rows of a recipe's folder, and its version."""

import json
from pathlib import Path

import pytest

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.real_data import split_held_out
from synth_assets.core.schema import VerdictOutcome
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.errors import SourceError, UnknownNameError
from synth_assets.resources.catalogue import Catalogue, load_catalogue
from synth_assets.resources.generation.errand import RecipeText
from synth_assets.resources.sources.real_rows import SourceRows
from tests.samples import frame_of, synthetic_row
from tests.unit.test_verify_perplexity import problems

SOURCES = """sources:
  - {reader: file, id: people, path: people.jsonl, prompt: q, response: a, held_out_share: 0.2}
  - {reader: file, id: starters, uses: [seeds], path: people.jsonl, prompt: q, response: a}
  - {reader: file, id: exam, uses: [benchmark], path: people.jsonl, prompt: q, response: a}
"""
RECIPE = """id: alpha
title: T
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  ask: {template: ask.md.j2, inputs: [passage]}
verifiers:
  - VERIFIER
"""
BY_SOURCE = "{kind: perplexity, source: people}"
BY_FILE = "{kind: perplexity, file: real.jsonl}"


def write_rows(path: Path, texts: list[str], prompt: str = "q", response: str = "a") -> None:
    rows = [json.dumps({prompt: f"Q{n}?", response: text}) for n, text in enumerate(texts)]
    path.write_text("\n".join(rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "recipes"
    (root / "alpha").mkdir(parents=True)
    (root / "teachers.yaml").write_text("teachers:\n  - {id: writer, model: x/writer}\n")
    (root / "sources.yaml").write_text(SOURCES)
    write_rows(root / "people.jsonl", problems(1_000, 1))
    (root / "alpha" / "ask.md.j2").write_text("Ask about {{ passage }}")
    (root / "alpha" / "seeds.jsonl").write_text('{"passage": "p"}\n')
    write_rows(root / "alpha" / "real.jsonl", problems(600, 1), response="response")
    return root


def load(folder: Path, verifier: str = BY_SOURCE) -> Catalogue:
    (folder / "alpha" / "recipe.yaml").write_text(RECIPE.replace("VERIFIER", verifier))
    return load_catalogue([folder])


def recipe(folder: Path, verifier: str = BY_SOURCE) -> Recipe:
    catalogue = load(folder, verifier)
    assert catalogue.broken == ()
    return catalogue.recipe("alpha")


def rows_of(folder: Path) -> SourceRows:
    return SourceRows(lambda: load_catalogue([folder]), folder / "kept")


def test_version_changes_with_the_rows_of_a_source_that_a_verifier_names(folder: Path) -> None:
    before = recipe(folder)
    assert recipe(folder).version == before.version
    write_rows(folder / "people.jsonl", [*problems(1_000, 1), "One more."])
    after = recipe(folder)
    assert after.version != before.version
    assert recipe(folder, "{kind: length}").version not in (before.version, after.version)


def test_version_without_named_sources_leaves_their_rows_out(folder: Path) -> None:
    before = recipe(folder, "{kind: length}").version
    write_rows(folder / "people.jsonl", ["Changed."])
    assert recipe(folder, "{kind: length}").version == before


def test_version_changes_with_rows_in_the_folder_that_a_verifier_names(folder: Path) -> None:
    before = recipe(folder, BY_FILE)
    assert "real.jsonl" in before.templates
    write_rows(folder / "alpha" / "real.jsonl", problems(601, 1), response="response")
    assert recipe(folder, BY_FILE).version != before.version
    assert "real.jsonl" not in recipe(folder).templates


def test_version_is_the_same_in_a_worker_process(folder: Path) -> None:
    for verifier in (BY_SOURCE, BY_FILE):
        found = recipe(folder, verifier)
        assert RecipeText.of(found).recipe().version == found.version


@pytest.mark.parametrize(
    ("verifier", "said"),
    [
        ("{kind: perplexity, source: peeple}", "no source is called 'peeple'. Did you mean people"),
        ("{kind: perplexity, source: exam}", "source exam is kept out of training"),
        ("{kind: perplexity, file: none.jsonl}", "there is no file none.jsonl"),
        ("{kind: perplexity}", "give either `source` or `file`"),
    ],
)
def test_recipe_that_names_no_usable_real_rows_is_broken(
    folder: Path, verifier: str, said: str
) -> None:
    [broken] = load(folder, verifier).broken
    assert said in broken.message


def test_recipe_with_rows_of_more_than_four_megabytes_is_broken(folder: Path) -> None:
    write_rows(folder / "alpha" / "real.jsonl", ["x" * 5_000_000], response="response")
    [broken] = load(folder, BY_FILE).broken
    assert "at most 4,194,304 are read. Make it a data source" in broken.message


def test_source_rows_of_a_pool_have_no_held_out_row(folder: Path) -> None:
    rows = rows_of(folder)
    given = rows.rows("people")
    everything = rows.rows("starters")
    assert len(everything) == 1_000
    assert 700 < len(given) < 900
    split = split_held_out(frame_of(*everything), {"starters": 0.2})
    assert {row.content_hash for row in given} == set(split.pool["content_hash"])


@pytest.mark.parametrize("name", ["exam", "nobody"])
def test_source_rows_of_a_source_that_may_not_teach_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"Name one of: people, starters\."):
        rows_of(folder).rows(name)


def test_source_rows_that_cannot_be_read_name_the_file(folder: Path) -> None:
    (folder / "people.jsonl").write_text("{")
    with pytest.raises(SourceError, match=r"people\.jsonl: line 1"):
        rows_of(folder).rows("people")


def test_verifier_learns_from_the_source_that_its_recipe_names(folder: Path) -> None:
    found = recipe(folder)
    rows = frame_of(
        synthetic_row("good", "?", problems(1, 9)[0]), synthetic_row("bad", "?", "Ж zz 99 q!")
    )
    tools = Tools(real=rows_of(folder))
    result = verify_samples(rows, found.key, found.spec.verifiers, found.files, tools)
    assert result.verdicts["outcome"].to_list() == [
        VerdictOutcome.ACCEPTED,
        VerdictOutcome.REJECTED,
    ]
