"""Recipes of a user's own: one whose seeds attack the page that shows them, one that is broken."""

import json
from pathlib import Path

SCRIPT = "<script>window.pwned=1</script>"
IMAGE = "<img src=x onerror=window.pwned=2>"
LINK = "[click me](javascript:window.pwned=3)"
TICKS = "`ticks` | pipes | **stars**"
ATTACKS = (SCRIPT, IMAGE, LINK, TICKS)

RECIPE = f"""\
id: hostile
title: {json.dumps(f"Attacks {IMAGE} {LINK} {TICKS}")}
samples: 8
licence: CC0-1.0
technique:
  kind: grounded_qa
  passage: passage
  ask: {{system: ask_system.md.j2, template: ask.md.j2, inputs: [passage, focus]}}
seeds: {{file: seeds.jsonl}}
variations: {{focus: [definition, condition]}}
teachers: [{{id: embedded-solver}}]
verifiers: [{{kind: quote, min_words: 4}}]
"""

BROKEN = RECIPE.replace("id: hostile", "id: broken").replace("samples: 8", "sample: 8")
BROKEN_LINE = 3


def write_hostile_recipe(recipes: Path, scaffold: Path) -> None:
    """Write the recipe; its templates are those of `synth new-recipe`."""
    folder = _folder(recipes, "hostile", RECIPE, scaffold)
    passages = [
        f"{attack} A wheel is an archive that holds a built package. {attack} The installer "
        f"copies the files of a wheel to the {attack} folder. If a package has no wheel for a "
        f"platform, the installer builds one from the source archive, number {number}."
        for number, attack in enumerate(ATTACKS)
    ]
    lines = "".join(json.dumps({"passage": passage}) + "\n" for passage in passages)
    (folder / "seeds.jsonl").write_text(lines, encoding="utf-8")


def write_broken_recipe(recipes: Path, scaffold: Path) -> Path:
    """Write a recipe with a key that is misspelled, and return its folder."""
    return _folder(recipes, "broken", BROKEN, scaffold)


def _folder(recipes: Path, name: str, recipe: str, scaffold: Path) -> Path:
    folder = recipes / name
    folder.mkdir()
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    for path in [*scaffold.glob("*.j2"), scaffold / "seeds.jsonl"]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder
