import json

import pytest

from synth_assets.core.sample import Sample
from synth_assets.core.techniques.curriculum import Curriculum
from synth_assets.core.techniques.topic_tree import TopicTree, subtopics_of
from synth_assets.core.verify.number import Number
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.textbook import Lesson, exercise, expanded, written
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.technique_runs import seeds_of_fields
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "arithmetic_textbook"
ROWS = [
    json.loads(line)
    for line in (SHIPPED_RECIPES / NAME / "seeds.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawed"), NAME)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("sound"), NAME, {})


def pieces(samples: tuple[Sample, ...], piece: str) -> list[Sample]:
    return [sample for sample in samples if sample.drawn["piece"] == piece]


def test_expanded_topic_has_two_lessons_that_need_each_other_in_order():
    for row in ROWS:
        text = expanded(row["topic"], None, Dice(row["topic"])).text
        body = text.removeprefix("<subtopics>").removesuffix("</subtopics>")
        first, second = subtopics_of(body)
        assert not isinstance(first, str)
        assert not isinstance(second, str)
        assert (first.needs, second.needs) == ((), (first.name,))
        assert second.name != first.name


@pytest.mark.parametrize(
    ("flaw", "lines"), [(Flaw.REPETITION, 3), (Flaw.COPIED_PARENT, 3), (Flaw.LOST_MEANING, 2)]
)
def test_expanded_with_a_flaw_has_it(flaw: Flaw, lines: int):
    text = expanded("Profit", flaw, Dice("k")).text
    found = subtopics_of(text.removeprefix("<subtopics>").removesuffix("</subtopics>"))
    topics = [topic for topic in found if not isinstance(topic, str)]
    assert len(topics) == lines
    if flaw is Flaw.LOST_MEANING:
        assert len(Curriculum(tuple(topics)).cuts) == 1
    else:
        assert len({topic.key for topic in topics} - {"profit"}) == 2


def test_written_unknown_topic_is_declined():
    lesson = Lesson("Whales", "", "", "", "", "")
    assert written(lesson, "explanation", "", "scholar", None, Dice("k")).text == "<none/>"
    assert exercise(lesson, "scholar", None, Dice("k")).text == "<none/>"


def test_recipe_seeds_are_twenty_topics_of_a_tree():
    tree = TopicTree.of(seeds_of_fields(*ROWS))
    assert len(tree.topics) == len(ROWS) == 20
    assert {tuple(row) for row in ROWS} == {("topic", "parent", "prerequisites")}
    assert max(lesson.chain for lesson in tree.curriculum.lessons) >= 4


def test_recipe_without_flaws_keeps_every_section_and_exercise(sound: FilledRecipe):
    assert sound.generated == {"scaffold": 40}
    assert sound.rejected.total() == 0
    assert (len(pieces(sound.made, "section")), len(pieces(sound.made, "exercise"))) == (180, 120)
    assert len(sound.kept) >= 0.95 * 300


def test_recipe_exercises_are_right_and_no_section_shows_annotations(sound: FilledRecipe):
    check = Number(kind="number", last_step_is_answer=True).prepare({})
    for sample in pieces(sound.kept, "exercise"):
        assert check(sample).reason is None, sample
    assert not any("<<" in s.response for s in pieces(sound.kept, "section"))


def test_recipe_lessons_stand_behind_what_they_need(sound: FilledRecipe):
    lessons = {str(s.drawn["topic"]): s.drawn for s in sound.made}
    assert len(lessons) == 40
    for told in lessons.values():
        needs = [name for name in str(told.get("prerequisites", "")).split("; ") if name]
        chains = [int(lessons[name]["chain"]) for name in needs]
        assert int(told["chain"]) == 1 + max(chains, default=-1)
        assert all(int(lessons[name]["lesson"]) < int(told["lesson"]) for name in needs)


def test_recipe_readers_levels_and_manners_keep_their_quotas(sound: FilledRecipe):
    sections = [s for s in pieces(sound.made, "section") if s.drawn["section"] == "explanation"]
    assert len(sections) == 60
    assert len({s.drawn["audience"] for s in sections}) == 14
    for manner in ("plain", "conversational", "questioning"):
        assert 15 <= sum(s.drawn["manner"] == manner for s in sections) <= 25
    for level, share in (("first steps", 0.4), ("confident", 0.4), ("demanding", 0.2)):
        found = sum(s.drawn["level"] == level for s in sections)
        assert abs(found - share * 60) <= 6


def test_recipe_with_flaws_keeps_most_and_catches_each_flaw(flawed: FilledRecipe):
    assert flawed.share_kept >= 0.6
    writing = [truth.flaw for truth in flawed.truths["write"]]
    solving = [truth.flaw for truth in flawed.truths["exercise"]]
    expanding = [truth.flaw for truth in flawed.truths["expand"]]
    assert flawed.generated["too_short"] == writing.count(Flaw.IGNORED_REQUEST) > 5
    assert flawed.generated["no_agreement"] == solving.count(Flaw.WRONG_NUMBER) > 5
    assert flawed.rejected == {"prompt_leak": writing.count(Flaw.PROMPT_LEAK)}
    repeated = expanding.count(Flaw.REPETITION) + expanding.count(Flaw.COPIED_PARENT)
    assert flawed.generated["not_novel"] == repeated > 0
    cycles = sum("would close a cycle" in detail for detail in flawed.details)
    assert cycles == expanding.count(Flaw.LOST_MEANING)
