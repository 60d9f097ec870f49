"""The technique of a user's own in the docs, carried out as a reader of them would."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat_server import Reply, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import LANES, HttpRecipe

DOCS = Path(__file__).parents[2] / "docs" / "techniques.md"
PROMPTS = {
    "write.md.j2": (
        "WRITE a {{ mood }} riddle on {{ thing }}: <riddle>...</riddle> <answer>...</answer>"
    ),
    "solve.md.j2": "SOLVE {{ riddle }}",
}
MOST_WORDS = 50
ANSWERS = {
    "river": "bank",
    "bank": "money",
    "money": "purse",
    "shore": "bank",
    "fog": "dew",
    "storm": "rain",
}


def documented(language: str) -> list[str]:
    """The pieces of code of the section, in their order."""
    [section] = re.findall(
        r"^## A technique of your own\n(.*?)(?=^## |\Z)", DOCS.read_text("utf-8"), re.M | re.S
    )
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.M | re.S)


def class_lines(program: str) -> list[str]:
    """The lines of the class, without empty ones."""
    told = program[program.index("class Riddles") :]
    return [line for line in told.splitlines() if line.strip()]


def written(root: Path, program: str, recipe: str, things: tuple[str, ...]) -> HttpRecipe:
    """A folder of a user's recipe, with the code of the docs and prompts of its reader."""
    folder = root / "riddles"
    folder.mkdir()
    rows = "".join(f'{{"thing": "{thing}"}}\n' for thing in things)
    files = {"riddles.py": program, "recipe.yaml": recipe, "seeds.jsonl": rows, **PROMPTS}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return HttpRecipe(root, "riddles")


def answer(body: dict[str, Any]) -> Reply:
    """Riddles that are guessed, one that is not (dew), and one that is too long (rain)."""
    asked = body["messages"][-1]["content"]
    if asked.startswith("WRITE"):
        [(mood, thing)] = re.findall("WRITE a ([a-z]+) riddle on ([A-Za-z]+)", asked)
        found = ANSWERS[thing.lower()]
        more = " and on" * MOST_WORDS if found == "rain" else ""
        riddle = f"In {mood} words: what do you find at the {thing}{more}?"
        return f"<riddle>{riddle}</riddle><answer>{found}</answer>"
    [thing] = re.findall("at the ([A-Za-z]+)", asked)
    found = ANSWERS[thing.lower()]
    return "No idea." if found == "dew" else f"That is {found.upper()}, surely."


@pytest.mark.parametrize("model", LANES)
def test_documented_technique_keeps_riddles_that_are_solved_and_names_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    program, [recipe] = documented("python")[0], documented("yaml")
    things = ("river", "fog", "storm", "bank")
    riddles = written(tmp_path, program, recipe, things)
    with chat_server(answer) as server:
        made = riddles.fill(server.base_url, model, "writer")
        paid = len(server.served)
        again = riddles.fill(server.base_url, model, "writer")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    assert len(class_lines(program)) < 60
    # A hundred samples of four seeds, twenty-five each.
    assert len(made.samples) == 50
    assert made.reasons == {"not_solved": 25, "out_of_band": 25}
    assert made.calls == {"write": 100, "solve": 75}
    assert {(s.drawn["mood"], s.response) for s in made.samples} == {
        (mood, found) for mood in ("playful", "solemn") for found in ("bank", "money")
    }
    for sample in made.samples:
        assert sample.prompt.startswith(f"In {sample.drawn['mood']} words: what do you find at")
    assert "'dew' was not guessed: 'No idea.'" in made.details
    assert sum(detail.startswith("the riddle has 1") for detail in made.details) == 25


@pytest.mark.parametrize("model", LANES)
def test_documented_technique_grows_from_what_was_accepted_and_takes_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    program, growing = documented("python")
    imports, mark, grow = growing.partition("def grow(")
    [recipe] = documented("yaml")
    assert "\nsamples: 100\n" in recipe
    grown = f"{imports}{program}\n{textwrap.indent(mark + grow, '    ')}"
    riddles = written(
        tmp_path, grown, recipe.replace("samples: 100", "samples: 3"), ("river", "shore", "fog")
    )
    with chat_server(answer) as server:
        made = riddles.fill(server.base_url, model, "writer")
        paid = len(server.served)
        again = riddles.fill(server.base_url, model, "writer")

        assert len(server.served) == paid == made.bought
    assert again.samples == made.samples
    assert again.reasons == made.reasons
    assert made.reasons == {"not_solved": 1, "not_novel": 1}
    assert "bank was there" in made.details
    assert [(each.planned, each.kept) for each in made.rounds] == [(3, 1), (4, 2), (5, 3)]
    first, second, third = made.samples
    assert [s.response for s in made.samples] == ["bank", "money", "purse"]
    assert (second.parent_ids, third.parent_ids) == ((first.sample_id,), (second.sample_id,))
    assert [s.synthetic_depth for s in made.samples] == [1, 2, 3]
