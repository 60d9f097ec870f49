import os
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.errors import CatalogueError, UnknownNameError
from synth_assets.resources.catalogue import Catalogue, load_catalogue

TEACHERS = "teachers:\n  - {id: writer, model: x/writer}\n  - {id: solver, model: x/solver}\n"
SOURCES = """sources:
  - {reader: file, id: stories, uses: [seeds], path: data/stories.jsonl, prompt: q, response: a}
  - {reader: stdlib_reference, id: reference}
  - {reader: embedded_probe, id: probe}
"""
MIXTURES = "mixtures:\n  - {id: half, synthetic_share: 0.5, sources: [reference]}\n"
RECIPE = """id: NAME
title: T
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  ask: {template: ask.md.j2, inputs: [passage]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of recipes with every shared file and the good recipe `alpha`."""
    root = tmp_path / "recipes"
    (root / "data").mkdir(parents=True)
    (root / "teachers.yaml").write_text(TEACHERS)
    (root / "sources.yaml").write_text(SOURCES)
    (root / "mixtures.yaml").write_text(MIXTURES)
    (root / "data" / "stories.jsonl").write_text('{"q": "x", "a": "y"}\n')
    add(root, "alpha")
    return root


def add(root: Path, name: str, text: str = RECIPE) -> Path:
    made = root / name
    made.mkdir(parents=True)
    (made / "recipe.yaml").write_text(text.replace("NAME", name))
    (made / "ask.md.j2").write_text("Ask about {{ passage }}")
    (made / "seeds.jsonl").write_text('{"passage": "p"}\n')
    return made


def ids(catalogue: Catalogue) -> list[str]:
    return [recipe.id for recipe in catalogue.recipes]


def test_load_catalogue_folder_gives_everything_by_name(folder: Path):
    add(folder, "beta")
    catalogue = load_catalogue([folder])
    assert ids(catalogue) == ["alpha", "beta"]
    assert catalogue.broken == ()
    assert sorted(catalogue.teachers) == ["solver", "writer"]
    assert catalogue.mixture("half").synthetic_share.said == "0.5"
    assert catalogue.sources["stories"].path == folder / "data" / "stories.jsonl"
    assert catalogue.seed_files["beta"] == folder / "beta" / "seeds.jsonl"
    assert catalogue.recipe("beta").files["ask.md.j2"] == "Ask about {{ passage }}"


def test_load_catalogue_mixture_is_under_the_policy_of_any_folder(folder: Path, tmp_path: Path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (folder / "mixtures.yaml").write_text("policies: [{id: careful, teacher_cap: 0.4}]")
    (mine / "mixtures.yaml").write_text(
        "mixtures: [{id: m, policy: careful, max_depth: 2, export: {tokenizer: t.json}}]"
    )
    mixture = load_catalogue([folder, mine]).mixture("m")
    assert (mixture.teacher_cap, mixture.max_depth) == (0.4, 2)
    assert mixture.tokenizer_file == mine / "t.json"


def test_load_catalogue_shared_files_are_optional(tmp_path: Path):
    catalogue = load_catalogue([tmp_path])
    assert (catalogue.recipes, dict(catalogue.teachers), dict(catalogue.sources)) == ((), {}, {})


def test_load_catalogue_later_folder_extends_and_overrides(folder: Path, tmp_path: Path):
    mine = tmp_path / "mine"
    add(mine, "gamma")
    (mine / "teachers.yaml").write_text("teachers: [{id: writer, model: y/better}]")
    (mine / "sources.yaml").write_text(
        "sources: [{reader: file, id: stories, path: own.csv, prompt: q, response: a}]"
    )
    catalogue = load_catalogue([folder, mine])
    assert ids(catalogue) == ["alpha", "gamma"]
    assert catalogue.recipe("alpha").teachers["writer"].model == "y/better"
    assert catalogue.teachers["solver"].model == "x/solver"
    assert catalogue.sources["stories"].path == mine / "own.csv"


def test_load_catalogue_recipe_id_twice_breaks_the_later(folder: Path, tmp_path: Path):
    mine = tmp_path / "mine"
    add(mine, "other", RECIPE.replace("NAME", "alpha"))
    catalogue = load_catalogue([folder, mine])
    assert ids(catalogue) == ["alpha"]
    [broken] = catalogue.broken
    assert broken.label == str(mine / "other")
    assert str(folder / "alpha") in broken.message
    assert str(mine / "other") in broken.message


def test_load_catalogue_folder_named_twice_is_read_once(folder: Path):
    assert load_catalogue([folder, folder]).broken == ()


def test_load_catalogue_folder_that_is_missing_is_an_error(tmp_path: Path):
    with pytest.raises(CatalogueError, match="is no folder"):
        load_catalogue([tmp_path / "absent"])


def test_load_catalogue_folders_without_recipe_yaml_are_no_recipes(folder: Path):
    (folder / "notes").mkdir()
    add(folder, ".hidden")
    catalogue = load_catalogue([folder])
    assert (ids(catalogue), catalogue.broken) == (["alpha"], ())


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("teachers.yaml", "teachers: [{id: a, model: x}, {id: a, model: y}]", "stands on line 1"),
        ("teachers.yaml", "teachers:\n- {id: a, modle: x}", "line 2: `teachers[0].modle`"),
        ("sources.yaml", "sources: [{", "line 1"),
        ("mixtures.yaml", "mixtures: [{id: m, synthetic_share: 2}]", "synthetic_share"),
        ("mixtures.yaml", "mixtures: [{id: m, synthetic_share: 0.5, sources: [refrence]}]",
         "line 1: mixture m: no source is called 'refrence'. Did you mean reference?"),
        ("mixtures.yaml", "mixtures:\n- {id: m, synthetic_share: 1}", "pure_synthetic_because"),
        ("mixtures.yaml", "mixtures:\n- {id: a}\n- {id: m, policy: carful}\n"
         "policies: [{id: careful}]",
         "line 3: mixture m: no policy is called 'carful'. Did you mean careful?"),
        ("mixtures.yaml", "policies: [{id: p}, {id: p}]", "stands on line 1"),
        ("mixtures.yaml", "", "empty"),
    ],
)  # fmt: skip
def test_load_catalogue_broken_shared_file_stops_all(folder: Path, name: str, text: str, told: str):
    (folder / name).write_text(text)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue([folder])
    assert str(folder / name) in str(caught.value)
    assert told in str(caught.value)


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    def spoil(recipe: Path) -> None:
        (recipe / name).write_bytes(data)

    return spoil


def _link(name: str, target: str) -> Callable[[Path], None]:
    def spoil(recipe: Path) -> None:
        (recipe / name).unlink(missing_ok=True)
        (recipe / name).symlink_to(target)

    return spoil


def _remove(name: str) -> Callable[[Path], None]:
    return lambda recipe: (recipe / name).unlink()


def _edit(old: str, new: str) -> Callable[[Path], None]:
    def spoil(recipe: Path) -> None:
        file = recipe / "recipe.yaml"
        file.write_text(file.read_text().replace(old, new))

    return spoil


def _fifo(recipe: Path) -> None:
    (recipe / "recipe.yaml").unlink()
    os.mkfifo(recipe / "recipe.yaml")


def _folder_instead(recipe: Path) -> None:
    (recipe / "recipe.yaml").unlink()
    (recipe / "recipe.yaml").mkdir()


def _many(recipe: Path) -> None:
    for number in range(201):
        (recipe / f"{number}.txt").touch()


def _two_megabytes(recipe: Path) -> None:
    for number in range(9):
        (recipe / f"{number}.txt").write_text("x" * 250_000)


def _linked_folder(recipe: Path) -> None:
    (recipe / "prompts").symlink_to(recipe.parent)


def _strange_name(recipe: Path) -> None:
    (recipe / "a\x1b[2J\n.md").touch()


def _undecodable_name(recipe: Path) -> None:
    Path(os.fsdecode(os.fsencode(recipe) + b"/\xff.md")).touch()


SPOILERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "unknown key": (_edit("samples", "sampels"), "line 3: `sampels` is no known key"),
    "missing template": (_remove("ask.md.j2"), "there is no file ask.md.j2"),
    "undeclared variable": (_write("ask.md.j2", b"{{ topic }}{{ passage }}"), "uses 'topic'"),
    "bad YAML": (_write("recipe.yaml", b"id: [\n"), "not valid YAML"),
    "nesting": (_write("recipe.yaml", b"[" * 10_000_000), "at most 262,144 are read"),
    "deep": (_write("recipe.yaml", b"[" * 100_000), "nested deeper than 20"),
    "not UTF-8": (_write("ask.md.j2", b"one\n{{ passage }}\xff"), "line 2: byte 17 is not UTF-8"),
    "UTF-16": (_write("recipe.yaml", RECIPE.encode("utf-16")), "not UTF-8"),
    "huge file": (_write("notes.md", b"x" * 262_145), "at most 262,144 are read"),
    "much text": (_two_megabytes, "at most 2,097,152 are read"),
    "many files": (_many, "more than 200 files"),
    "link out": (_link("ask.md.j2", "../../outside.j2"), "points outside the recipe's folder"),
    "seeds link out": (_link("seeds.jsonl", "/etc/hostname"), "points outside"),
    "link to nowhere": (_link("ask.md.j2", "absent"), "a link to nowhere"),
    "link circle": (_link("ask.md.j2", "ask.md.j2"), "a link to nowhere"),
    "linked folder": (_linked_folder, "prompts is a link to a folder"),
    "pipe": (_fifo, "is no regular file"),
    "folder as file": (_folder_instead, "is no regular file"),
    "control characters": (_strange_name, "is not plain text"),
    "bytes in a name": (_undecodable_name, "is not plain text"),
    "no seeds": (_remove("seeds.jsonl"), "there is no seeds file seeds.jsonl. JSONL files here: n"),
    "path outside": (_edit("ask.md.j2", "../alpha/ask.md.j2"), "points outside"),
    "unknown teacher": (_edit("id: writer", "id: riter"), "no teacher is called riter"),
    "unknown source": (_edit("file: seeds.jsonl", "source: storys"), "Did you mean stories?"),
    "kept-out source": (_edit("file: seeds.jsonl", "source: probe"), "kept out of training"),
    "unknown field": (
        _edit("file: seeds.jsonl", "source: reference, columns: {passage: text}"),
        "columns: names text",
    ),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_load_catalogue_broken_recipe_is_named_and_stops_no_other(folder: Path, spoiler: str):
    spoil, told = SPOILERS[spoiler]
    (folder.parent / "outside.j2").write_text("{{ passage }}")
    spoil(add(folder, "broken"))
    add(folder, "zeta")
    catalogue = load_catalogue([folder])
    assert ids(catalogue) == ["alpha", "zeta"]
    [broken] = catalogue.broken
    assert broken.label == str(folder / "broken")
    assert broken.label in broken.message
    assert told in broken.message
    assert "\x1b" not in broken.message


def test_load_catalogue_missing_source_file_breaks_its_recipes_only(folder: Path):
    add(folder, "beta", RECIPE.replace("file: seeds.jsonl", "source: stories"))
    (folder / "data" / "stories.jsonl").unlink()
    catalogue = load_catalogue([folder])
    assert ids(catalogue) == ["alpha"]
    assert "stories.jsonl. Put it there, or mend the path." in catalogue.broken[0].message


def test_load_catalogue_other_files_make_no_difference(folder: Path):
    key = load_catalogue([folder]).recipe("alpha").key
    recipe = folder / "alpha"
    (recipe / "README.md").write_text("notes")
    (recipe / "photo.png").write_bytes(b"\xff" * 1_000_000)
    (recipe / ".ask.md.j2.swp").write_bytes(b"\xff")
    text = (recipe / "ask.md.j2").read_text()
    (recipe / "ask.md.j2").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_catalogue([folder]).recipe("alpha").key == key


def test_load_catalogue_link_within_the_folder_is_followed(folder: Path):
    recipe = folder / "alpha"
    (recipe / "shared.txt").write_text("Ask about {{ passage }}")
    (recipe / "ask.md.j2").unlink()
    (recipe / "ask.md.j2").symlink_to("shared.txt")
    assert load_catalogue([folder]).recipe("alpha").files["ask.md.j2"].startswith("Ask")


def test_load_catalogue_edit_of_seeds_gives_a_new_version_and_back(folder: Path):
    seeds = folder / "alpha" / "seeds.jsonl"
    before = load_catalogue([folder]).recipe("alpha").key
    seeds.write_text('{"passage": "q"}\n')
    os.utime(seeds, ns=(1, 1))
    assert load_catalogue([folder]).recipe("alpha").key != before
    seeds.write_text('{"passage": "p"}\n')
    assert load_catalogue([folder]).recipe("alpha").key == before


def test_load_catalogue_edit_of_a_source_file_gives_a_new_version(folder: Path):
    add(folder, "beta", RECIPE.replace("file: seeds.jsonl", "source: stories"))
    before = load_catalogue([folder]).recipe("beta").key
    (folder / "data" / "stories.jsonl").write_text('{"q": "x", "a": "changed"}\n')
    assert load_catalogue([folder]).recipe("beta").key != before


def test_load_catalogue_moved_folder_keeps_every_version(folder: Path):
    add(folder, "beta", RECIPE.replace("file: seeds.jsonl", "source: stories"))
    before = [recipe.key for recipe in load_catalogue([folder]).recipes]
    moved = folder.rename(folder.parent / "elsewhere")
    assert [recipe.key for recipe in load_catalogue([moved]).recipes] == before


def test_load_catalogue_override_by_id_answers_everything(folder: Path):
    plain = load_catalogue([folder])
    catalogue = load_catalogue([folder], teacher_override="solver")
    recipe = catalogue.recipe("alpha")
    assert [share.id for share in recipe.spec.teachers] == ["solver"]
    assert list(recipe.teachers) == ["solver"]
    assert recipe.key != plain.recipe("alpha").key


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("ollama/llama3.2:1b", "ollama-llama3-2-1b"),
        ("7/8", "model"),
        ("x/solver", "solver"),
        ("openai/" + "g" * 150, "openai-" + "g" * 43),
    ],
)
def test_load_catalogue_override_by_model_makes_an_entry(folder: Path, model: str, name: str):
    catalogue = load_catalogue([folder], teacher_override=model)
    assert catalogue.teachers[name].model == model
    assert list(catalogue.recipe("alpha").teachers) == [name]


def test_load_catalogue_override_never_takes_the_name_of_another_model(folder: Path):
    (folder / "teachers.yaml").write_text(TEACHERS + "  - {id: a-b, model: other}\n")
    catalogue = load_catalogue([folder], teacher_override="a/b")
    assert catalogue.teachers["a-b"].model == "other"
    [answering] = catalogue.recipe("alpha").teachers.values()
    assert answering.model == "a/b"


@pytest.mark.parametrize("name", ["solvr", "a\n/b", "x/" + "y" * 300])
def test_load_catalogue_override_that_is_neither_is_refused(folder: Path, name: str):
    with pytest.raises(UnknownNameError, match=r"There are: solver, writer"):
        load_catalogue([folder], teacher_override=name)


def test_catalogue_unknown_name_lists_what_there_is(folder: Path):
    add(folder, "broken", "id: [")
    catalogue = load_catalogue([folder])
    with pytest.raises(UnknownNameError) as caught:
        catalogue.recipe("alhpa")
    assert str(caught.value) == (
        "no recipe is called 'alhpa'. Did you mean alpha? There are: alpha. "
        f"Broken, and left out until mended: {folder / 'broken'}."
    )
    with pytest.raises(UnknownNameError, match=r"no mixture is called 'x'\. There are: half\."):
        catalogue.mixture("x")
