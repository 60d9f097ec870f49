"""The recipe of docs/techniques.md that draws language, length, form and words, run as it is."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.sample import Sample, sample_frame, samples_of
from synth_assets.core.verify.stage import VerifyResult, verify_samples
from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.workshop import project_file
from tests.integration.chat_server import Reply, chat_server
from tests.integration.own_project import KEY, KEY_ENV
from tests.integration.recipe_over_http import HttpRecipe

PLACES = ("station", "library", "pool", "museum", "market", "harbour", "theatre", "school")
TOPICS = ("dogs", "bags", "queues", "noise", "food", "lifts", "bicycles", "keys")
FAULTS = {
    "harbour": "language",
    "theatre": "length",
    "school": "points",
    "museum": "word",
}
"""What is wrong with the notes for a place; of those for the school, with the lists."""
SOUND = ("station", "library", "pool", "market")

ENGLISH = (
    "The doors of the house open early in the morning.",
    "Visitors are asked to wait until somebody comes to them.",
    "The staff will gladly tell you where to find everything.",
    "Please leave your bags with us while you are here.",
)
GERMAN = (
    "Die Türen des Hauses öffnen sich früh am Morgen.",
    "Besucher werden gebeten zu warten, bis jemand kommt.",
    "Die Mitarbeiter sagen Ihnen gerne, wo alles zu finden ist.",
    "Bitte lassen Sie Ihre Taschen bei uns, solange Sie hier sind.",
)


def documented(language: str, holding: str) -> str:
    """The one block of the page in that language with these words."""
    page = (project_file("definitions.py").parent / "docs" / "techniques.md").read_text("utf-8")
    [found] = [
        block
        for block in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
        if holding in block
    ]
    return found


def answer(body: dict[str, Any]) -> Reply:
    """A note as asked, but for the fault of its place."""
    asked = body["messages"][-1]["content"]
    [place] = re.findall(r"for the (\w+)", asked)
    fault = FAULTS.get(place, "")
    [word] = re.findall(r'use the word "(\w+)"', asked)
    is_german = ("in German" in asked) is not (fault == "language")
    lines = list(GERMAN if is_german else ENGLISH)
    if fault != "word":
        lines[0] = f"{lines[0][:-1]}: {word}."
    points = re.findall(r"Write (\d) points", asked)
    if fault == "length":
        lines = [" ".join([line] * 6) for line in lines]
    if not points:
        # One sentence or two keep below the smaller number of words.
        return " ".join(lines if fault == "length" else lines[:2])
    count = int(points[0]) + (fault == "points")
    return "\n".join(
        f"- {lines[n % 4] if fault == 'length' else _short(lines, n % 4)}" for n in range(count)
    )


def _short(lines: list[str], number: int) -> str:
    return lines[number] if number < 1 else " ".join(lines[number].split()[:7])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, tuple[Sample, ...]]:
    root: Path = tmp_path_factory.mktemp("bilingual")
    seeds = [
        {"instruction": f"Write a note for the {place} about {topic}."}
        for place in PLACES
        for topic in TOPICS
    ]
    text = documented("yaml", "id: bilingual_notes").replace("id: bilingual_notes", "id: tiny")
    files = {"note.md.j2": documented("jinja", "Answer in German")}
    recipe = HttpRecipe.written(root, text, files, seeds)
    with pytest.MonkeyPatch.context() as patch, chat_server(answer) as server:
        patch.setenv(KEY_ENV, KEY)
        done = recipe.fill(server.base_url, "hosted_vllm/scribe", "writer")
    assert done.reasons == {}
    return load_catalogue([root]).recipe("tiny"), done.samples


@pytest.fixture(scope="module")
def checked(made: tuple[Recipe, tuple[Sample, ...]]) -> VerifyResult:
    recipe, samples = made
    frame = sample_frame(samples)
    return verify_samples(frame, recipe.key, recipe.spec.verifiers, recipe.files)


def test_drawn_language_length_structure_and_word_are_recorded_by_quota(
    made: tuple[Recipe, tuple[Sample, ...]],
):
    drawn = [sample.drawn for sample in made[1]]
    assert Counter(each["language"] for each in drawn) == {"en": 32, "de": 32}
    assert Counter((each["language"], each["shape"]) for each in drawn) == {
        (language, shape): 16 for language in ("en", "de") for shape in ("prose", "list")
    }
    assert Counter(each["words"] for each in drawn) == {"40": 32, "80": 32}
    assert Counter(each.get("points", "") for each in drawn) == {"": 32, "3": 16, "4": 16}
    words = Counter(
        (each["language"], each.get("keyword") or each.get("stichwort")) for each in drawn
    )
    assert words == {
        ("en", "timetable"): 16,
        ("en", "entrance"): 16,
        ("de", "Fahrplan"): 16,
        ("de", "Eingang"): 16,
    }
    for each in drawn:
        assert ("points" in each) is (each["shape"] == "list")
        assert ("keyword" in each, "stichwort" in each) == (
            each["language"] == "en",
            each["language"] == "de",
        )


def test_drawn_constraints_are_kept_by_the_rows_that_pass(checked: VerifyResult):
    kept = list(samples_of(checked.stage.kept))
    lists = [sample for sample in kept if sample.drawn["shape"] == "list"]
    assert Counter(place_of(sample) for sample in kept) == {**dict.fromkeys(SOUND, 8), "school": 6}
    for sample in kept:
        drawn = sample.drawn
        assert len(sample.response.split()) < int(drawn["words"])
        assert str(drawn.get("keyword") or drawn["stichwort"]) in sample.response
        assert ("Die Türen des Hauses" in sample.response) is (drawn["language"] == "de")
        assert sample.response.count("- ") == int(drawn.get("points", 0))
    assert lists


def test_drawn_constraint_that_is_broken_rejects_its_row_and_says_what_was_seen(
    made: tuple[Recipe, tuple[Sample, ...]], checked: VerifyResult
):
    rows = {sample.sample_id: sample for sample in made[1]}
    lost = checked.stage.decisions.filter(outcome="dropped")
    assert set(lost["reason"]) == {"instruction_not_followed"}
    broken = Counter[str]()
    for sample_id, detail in lost.select("sample_id", "detail").iter_rows():
        place, drawn = place_of(rows[sample_id]), rows[sample_id].drawn
        seen = {
            "language": f"(language {drawn['language']}): its language is ",
            "length": f"(relation less than, num_words {drawn['words']}): ",
            "points": f"(num_bullets {drawn.get('points')}): ",
            "word": f"(keywords ('{drawn.get('keyword') or drawn.get('stichwort')}',)): no '",
        }[FAULTS[place]]
        assert seen in detail
        assert detail.endswith("; 3 of 4 followed")
        broken[FAULTS[place]] += 1
    assert broken == {"language": 8, "length": 8, "word": 8, "points": 2}


def place_of(sample: Sample) -> str:
    return re.findall(r"for the (\w+)", sample.prompt)[0]
