"""Kinds of edits, what each leaves missing and what filling that buys: for a test and a page."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.integration.own_project import WRITE, OwnProject, own_project, recipe

SAMPLES = 4
MANNER = "Write plainly.\n"
WITH_MANNER = WRITE + '{% include "manner.j2" %}\n'

_NUMBER = {"kind": "number"}
_LENGTH = {"kind": "length", "max_words": 4000}

_Edit = Callable[[OwnProject], None]


@dataclass(frozen=True)
class EditKind:
    """One kind of edit of two recipes, `sums` and `terms`, of four samples with two calls each.

    Attributes:
        name: in words.
        edit: does it.
        missing: recipes and mixtures of which a version is then missing.
        bought: calls that filling it buys.
        causes: what is written down, by recipe or mixture.
    """

    name: str
    edit: _Edit
    missing: tuple[str, ...] = ()
    bought: int = 0
    causes: Mapping[str, str] = field(default_factory=dict[str, str])


def edited_project(root: Path, base_url: str) -> OwnProject:
    """Two recipes and a mixture of both."""
    project = own_project(root, base_url, SAMPLES)
    project.write("sums/recipe.yaml", _said())
    project.write("sums/manner.j2", MANNER)
    project.write("sums/write.md.j2", WITH_MANNER)
    project.write_recipe("terms", SAMPLES, parameters={"temperature": 0.6})
    write_mixture(project)
    return project


def write_mixture(project: OwnProject, **other: object) -> None:
    mixture = {"id": "all", "synthetic_share": 0.2, "recipes": ["sums", "terms"], **other}
    project.write("mixtures.yaml", {"mixtures": [mixture]})


def _said(name: str = "sums", samples: int = SAMPLES, **other: Any) -> dict[str, Any]:
    return recipe(name, samples, **{"verifiers": [_NUMBER, _LENGTH], **other})


def _recipe(**other: Any) -> _Edit:
    return lambda project: _write(project, _said(**other))


def _write(project: OwnProject, said: object) -> None:
    project.write("sums/recipe.yaml", said)


def _with_text(change: Callable[[str], str]) -> _Edit:
    def edit(project: OwnProject) -> None:
        path = project.recipes / "sums/recipe.yaml"
        path.write_text(change(path.read_text()))

    return edit


def _template(name: str, text: str) -> _Edit:
    return lambda project: _append(project, f"sums/{name}", text)


def _append(project: OwnProject, name: str, text: str) -> None:
    path = project.recipes / name
    path.write_text(path.read_text() + text)


def _seeds(change: Callable[[list[str]], list[str]]) -> _Edit:
    def edit(project: OwnProject) -> None:
        path = project.recipes / "sums/seeds.jsonl"
        path.write_text("".join(change(path.read_text().splitlines(keepends=True))))

    return edit


def _answerer(**other: object) -> _Edit:
    def edit(project: OwnProject) -> None:
        path = project.recipes / "teachers.yaml"
        entries = yaml.safe_load(path.read_text())["teachers"]
        entries[-1] |= other
        project.write("teachers.yaml", {"teachers": entries})

    return edit


def _renamed(project: OwnProject) -> None:
    _write(project, _said("totals"))


def _copied(project: OwnProject) -> None:
    shutil.copytree(project.recipes / "sums", project.recipes / "copy")
    project.write("copy/recipe.yaml", _said("copy"))


def _deleted(project: OwnProject) -> None:
    shutil.rmtree(project.recipes / "terms")


def _reverted(project: OwnProject) -> None:
    path = project.recipes / "sums/write.md.j2"
    before = path.read_text()
    path.write_text(before + "Never mind.")
    path.write_text(before)


def _two(project: OwnProject) -> None:
    _append(project, "sums/solve.md.j2", "Show each step.\n")
    _append(project, "terms/solve.md.j2", "Show every step.\n")


def _note(project: OwnProject) -> None:
    project.write("sums/notes.md", "To do: more levels.")


_NEW_SEED = json.dumps({"problem": "Ann has 2 pens and buys 3.", "solution": "2 + 3 = 5\n#### 5"})

EDIT_KINDS = (
    EditKind("blank lines in `recipe.yaml`", _with_text(lambda text: text.replace("\n", "\n\n"))),
    EditKind("a comment in `recipe.yaml`", _with_text(lambda text: f"# Mine.\n{text}")),
    EditKind(
        "another order of its keys",
        lambda project: _write(project, dict(reversed(_said().items()))),
    ),
    EditKind("title and description", _recipe(title="Sums", description="For beginners.")),
    EditKind("a note that no prompt names", _note),
    EditKind(
        "text of the first prompt",
        _template("write.md.j2", "Be brief.\n"),
        ("sums",),
        8,
        {"sums": "prompt write.md.j2: 1 line new, 0 lines gone"},
    ),
    EditKind(
        "text of a later prompt",
        _template("solve.md.j2", "Think first.\n"),
        ("sums",),
        4,
        {"sums": "prompt solve.md.j2: 1 line new, 0 lines gone"},
    ),
    EditKind(
        "a comment in a prompt's template",
        _template("write.md.j2", "{# Asks for one. #}"),
        ("sums",),
        0,
        {"sums": "prompt write.md.j2: 1 line new, 0 lines gone"},
    ),
    EditKind(
        "a file that a prompt includes",
        lambda project: _append(project, "sums/manner.j2", "And kindly.\n"),
        ("sums",),
        8,
        {"sums": "included file manner.j2: 1 line new, 0 lines gone"},
    ),
    EditKind(
        "a seed more",
        _seeds(lambda lines: [*lines, f"{_NEW_SEED}\n"]),
        ("sums",),
        2,
        {"sums": f"seeds: 1 new: {_NEW_SEED[:59]}…"},
    ),
    EditKind(
        "all seeds changed",
        _seeds(lambda lines: [line.replace('"}', ' Twice."}') for line in lines]),
        ("sums",),
        8,
    ),
    EditKind(
        "sampling parameter of the recipe",
        _recipe(parameters={"temperature": 0.9}),
        ("sums",),
        8,
        {"sums": "parameter temperature: 0.5 → 0.9"},
    ),
    EditKind(
        "sampling parameter of a teacher",
        _answerer(parameters={"top_p": 0.9}),
        ("sums", "terms"),
        8,
        dict.fromkeys(("sums", "terms"), "teacher answerer.parameters.top_p: new: 0.9"),
    ),
    EditKind(
        "declared checkpoint of a teacher",
        _answerer(checkpoint="2026-11"),
        ("sums", "terms"),
        8,
        dict.fromkeys(
            ("sums", "terms"),
            "teacher answerer.checkpoint: nothing → 2026-11",
        ),
    ),
    EditKind("parallelism and timeout of a teacher", _answerer(parallelism=2, timeout_s=30)),
    EditKind(
        "a verifier's threshold",
        _recipe(verifiers=[_NUMBER, {**_LENGTH, "max_words": 3000}]),
        ("sums",),
        0,
        {"sums": "verifier length.max_words: 4000 → 3000"},
    ),
    EditKind("a verifier less", _recipe(verifiers=[_NUMBER]), ("sums",), 0),
    EditKind(
        "more samples",
        lambda project: _write(project, _said(samples=SAMPLES + 2)),
        ("sums",),
        4,
        {"sums": "samples: 4 → 6"},
    ),
    EditKind(
        "a mixture's share",
        lambda project: write_mixture(project, synthetic_share=0.3),
        ("all",),
        0,
    ),
    EditKind(
        "a mixture's description",
        lambda project: write_mixture(project, description="For the small student."),
    ),
    EditKind("a recipe renamed", _renamed, ("totals",), 6, {"totals": "rename of sums"}),
    EditKind("a recipe copied", _copied, ("copy",), 6, {"copy": "copy of sums"}),
    EditKind("a recipe deleted", _deleted, (), 0, {"terms": "its folder or entry is gone"}),
    EditKind("an edit undone", _reverted),
    EditKind(
        "two recipes at once",
        _two,
        ("sums", "terms"),
        8,
        {
            "sums": "prompt solve.md.j2: 1 line new, 0 lines gone",
            "terms": "prompt solve.md.j2: 1 line new, 0 lines gone",
        },
    ),
    EditKind("`recipe.yaml` broken, until it is mended", lambda project: _write(project, "id: [")),
)


def edit_table() -> str:
    """The kinds of edits as a Markdown table."""
    lines = ["| edit | missing then | calls bought |", "| --- | --- | ---: |"]
    for kind in EDIT_KINDS:
        names = ", ".join(f"`{name}`" for name in kind.missing) or "nothing"
        lines.append(f"| {kind.name} | {names} | {kind.bought} |")
    return "\n".join(lines)
