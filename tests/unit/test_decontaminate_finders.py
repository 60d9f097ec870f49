"""Copies with changes, other numbers, other words: what finders see, and what they leave alone."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from synth_assets.core.decontaminate.code_shape import Shapes, description, is_code, shape_runs
from synth_assets.core.decontaminate.finders import FinderRules, Finders
from synth_assets.core.decontaminate.finding import FINDERS, Method
from synth_assets.core.decontaminate.rephrased import RephraseRule
from synth_assets.core.decontaminate.templates import TemplateRule
from synth_assets.core.sample import Sample
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.errors import ConfigurationError
from tests.samples import frame_of, real_row

ITEM = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes "
    "muffins for her friends every day with four. She sells the remainder at the farmers' market "
    "daily for $2 per fresh duck egg. How much in dollars does she make every day?"
)
RENAMED = (
    "Priya's ducks lay 71 eggs per day. She eats nine for dinner every evening and bakes "
    "muffins for her friends every day with seven. She sells the remainder at the farmers' market "
    "daily for $5 per fresh duck egg. How much in dollars does she earn on a day?"
)
REPHRASED = (
    "What does Janet earn in dollars a day at the market? Of the 16 eggs that her ducks produce "
    "each day she has three in the morning and uses four in muffins for friends; the others go "
    "for $2 apiece."
)
SAME_TOPIC = (
    "Farmer Jones keeps ducks and sells their eggs at the market every morning. How would you "
    "advertise fresh duck eggs to friends of his, in 120 words and with 5 pictures?"
)
OTHER = (
    "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total "
    "does it take to sew the robe for the king of the northern mountains?"
)
PROGRAM = '''def has_close_elements(numbers: List[float], threshold: float) -> bool:
    """Check if in given list of numbers, are any two numbers closer to each other than given
    threshold.
    >>> has_close_elements([1.0, 2.0, 3.0], 0.5)
    False
    """
'''
SOLUTION = """    for idx, elem in enumerate(numbers):
        for idx2, elem2 in enumerate(numbers):
            if idx != idx2:
                distance = abs(elem - elem2)
                if distance < threshold:
                    return True

    return False
"""
REWRITTEN = '''def near_values(values: List[float], limit: float) -> bool:
    """Verify whether two elements of the supplied list of floats lie closer to each other than
    the limit.
    >>> near_values([7.0, 9.5], 0.1)
    False
    """
    for i, one in enumerate(values):
        for j, other in enumerate(values):
            if i != j:
                gap = abs(one - other)
                if gap < limit:
                    return True

    return False
'''
UNLIKE = '''def mean(values: List[float]) -> float:
    """Arithmetic mean of a list of numbers; an empty list has none."""
    return sum(values) / len(values)
'''


def finders(*items: Sample, **rules) -> Finders:
    return Finders.build(frame_of(*items), FinderRules(**rules))


def found(known: Finders, *texts: str) -> dict[Method, str]:
    """Method -> id of the best item."""
    best: dict[Method, tuple[float, str]] = {}
    for find in known.find([texts]):
        told = (find.score, known.item_ids[find.item])
        best[find.method] = max(best.get(find.method, told), told)
    return {method: item for method, (_, item) in best.items()}


_PEOPLE = ("farmer", "baker", "teacher", "sailor", "friend", "doctor", "painter")
_THINGS = ("eggs", "muffins", "books", "boats", "apples", "coins", "lamps", "ducks", "maps")
_DEEDS = ("sells", "makes", "eats", "finds", "paints", "counts", "carries", "buys")
_PLACES = ("market", "harbor", "school", "garden", "station", "castle", "island", "forest")


def exam() -> list[Sample]:
    """Problems that use the same words again and again, as those of a benchmark do."""
    return [
        real_row(
            f"problem-{at}",
            f"A {_PEOPLE[at % 7]} {_DEEDS[at % 8]} {at % 17 + 2} {_THINGS[at % 9]} every day at "
            f"the {_PLACES[at * 3 % 8]} and {_DEEDS[at * 5 % 8]} {at % 5 + 2} "
            f"{_THINGS[at * 2 % 9]} for ${at % 11 + 1} in the morning. How many dollars does a "
            f"{_PEOPLE[at * 4 % 7]} make?",
            "#### 1",
        )
        for at in range(60)
    ]


@pytest.fixture(scope="module")
def two() -> Finders:
    ducks, robe = real_row("ducks", ITEM, "#### 18"), real_row("robe", OTHER, "#### 3")
    return finders(ducks, robe, *exam())


def test_near_copy_with_a_few_other_words_is_found(two):
    copy = ITEM.replace("breakfast every morning", "lunch").replace("sells", "hawks")
    assert found(two, copy)[Method.NEAR] == "ducks"
    assert Method.PERTURBED not in found(two, copy)


def test_copy_with_other_names_and_numbers_is_perturbed(two):
    assert found(two, RENAMED)[Method.PERTURBED] == "ducks"
    [find] = [each for each in two.find([[RENAMED]]) if each.method is Method.PERTURBED]
    assert "5, 7, 9, 71 instead of its numbers" in find.detail
    assert "shared: and bakes muffins for her friends every day with seven. she" in find.detail


def test_item_in_the_midst_of_a_long_text_is_found_by_every_finder(two):
    long = " ".join(f"Sentence {number} of a tale about a ship." for number in range(400))
    assert found(two, f"{long} {ITEM} {long}") == dict.fromkeys(
        (Method.NEAR, Method.REPHRASED), "ducks"
    )
    assert found(two, f"{long} {RENAMED} {long}")[Method.PERTURBED] == "ducks"
    assert found(two, long) == {}


def test_rephrased_item_is_found_by_numbers_and_rare_words_alone(two):
    assert found(two, REPHRASED) == {Method.REPHRASED: "ducks"}
    [find] = two.find([["", REPHRASED]])
    assert "such as: janet" in find.detail
    assert find.score > 0.9


@pytest.mark.parametrize(
    "text", [SAME_TOPIC, "", "16 3 4 2", "16, 3, 4, 2: eggs", "Ducks, eggs, breakfast, muffins."]
)
def test_text_on_the_same_topic_is_left_alone(two, text):
    assert found(two, text) == {}


def test_short_items_are_left_to_the_exact_rule():
    known = finders(real_row("sum", "What is 2 + 2?", "4"), real_row("word", "Paris", "x"))
    assert found(known, "What is 2 + 2?", "Paris", "Paris, what is 2 and 2?") == {}


def test_stock_phrases_of_a_benchmark_give_nothing_away():
    stock = "Answer in one word, think step by step, and do not explain your answer to anybody."
    tasks = [f"the {thing} that a {man} lost" for thing in _THINGS for man in _PEOPLE]
    known = finders(*(real_row(task, f"Write a poem about {task}. {stock}", "x") for task in tasks))
    assert found(known, f"Tell me a joke, please. {stock}") == {}


def test_part_of_a_very_long_item_gives_it_away():
    tale = " ".join(f"The {number} ships of captain A{number} sailed." for number in range(300))
    known = finders(real_row("tale", tale, "x"))
    assert found(known, tale[9_000:11_000])[Method.NEAR] == "tale"


def test_finders_look_for_what_the_source_says_only():
    item = real_row("ducks", ITEM, "#### 18", source="exam")
    for methods in ((), (Method.PERTURBED,), (Method.REPHRASED,), FINDERS):
        known = finders(item, *exam(), by_source={"exam": methods})
        assert set(found(known, RENAMED)) == {Method.PERTURBED} & set(methods)
        assert set(found(known, REPHRASED)) == {Method.REPHRASED} & set(methods)


def test_finders_thresholds_are_the_rules():
    item = real_row("ducks", ITEM, "#### 18")
    strict = finders(item, *exam(), template=TemplateRule(near=0.99, perturbed=0.99))
    assert Method.PERTURBED not in found(strict, RENAMED)
    sure = finders(item, *exam(), rephrase=RephraseRule(lower=0.999, least=0.999, upper=1))
    assert found(sure, REPHRASED) == {}
    assert Method.REPHRASED in found(sure, ITEM)


@pytest.mark.parametrize("given", [{"lower": 0.0}, {"least": 1.0}, {"least": 0.05}, {"upper": 0}])
def test_rephrase_rule_refuses_thresholds_in_another_order(given):
    with pytest.raises(ConfigurationError, match="0 < lower <= least < 1"):
        RephraseRule(**given)


def test_finders_of_equal_items_name_the_smaller_id():
    known = finders(real_row("b", ITEM, "1"), real_row("a", ITEM, "2"))
    assert known.item_ids == ("a", "b")
    first = next(each for each in known.find([[ITEM]]) if each.method is Method.NEAR)
    assert known.item_ids[first.item] == "a"


def test_finders_of_no_items_find_nothing():
    known = Finders.build(SAMPLE_SCHEMA.to_frame())
    assert known.find([[ITEM, ""], []]) == []
    assert finders(real_row("empty", "", "")).find([[ITEM]]) == []


def test_finders_read_lone_surrogates_and_empty_rows(two):
    rows = [[], [""], ["\ud800"], [f"\udfff {REPHRASED} \ud800"]]
    assert {find.row for find in two.find(rows)} == {3}


def test_finders_say_the_same_of_a_row_beside_any_others(two):
    rows = [[RENAMED], [SAME_TOPIC, REPHRASED], [OTHER], ["x"]]
    together = two.find(rows)
    alone = [find for row in rows for find in two.find([row])]
    assert [(f.item, f.method, f.score, f.detail) for f in together] == sorted(
        ((f.item, f.method, f.score, f.detail) for f in alone),
        key=[(f.item, f.method, f.score, f.detail) for f in together].index,
    )


def test_program_with_other_names_is_found_and_another_program_is_not():
    known = finders(real_row("close", PROGRAM, SOLUTION), real_row("ducks", ITEM, "#### 18"))
    assert found(known, REWRITTEN)[Method.REPHRASED] == "close"
    assert found(known, UNLIKE) == {}


def test_program_is_found_where_its_task_stands_in_another_text():
    known = finders(real_row("close", PROGRAM, SOLUTION))
    task, _, code = REWRITTEN.partition("    for i,")
    assert found(known, task, f"    for i,{code}")[Method.REPHRASED] == "close"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PROGRAM, True),
        ("function add(a, b) { return a + b }", True),
        ("#include <stdio.h>\nint main() {}", True),
        ("class Solution {\n  public int run(int n) {", True),
        (ITEM, False),
        ("Define the class of functions f(x) for which x > 0.", False),
        ("import three;\ndraw((0,0)--(1,1));", False),
    ],
)
def test_is_code_knows_definitions(text, expected):
    assert is_code(text) is expected


def test_shapes_of_a_program_with_other_names_are_alike():
    shapes = Shapes.of([PROGRAM + SOLUTION, UNLIKE, ""])
    assert shapes.likeness(0, shape_runs(REWRITTEN)) > 0.7
    assert shapes.likeness(0, shape_runs(UNLIKE)) < 0.1
    assert shapes.likeness(2, shape_runs(REWRITTEN)) == 0


def test_description_of_a_program_is_its_name_and_documentation():
    told = description(PROGRAM)
    assert told.startswith("has close elements. Check if in given list")
    assert ">>>" not in told
    assert description(ITEM) == ""


@dataclass
class TopicVectors:
    """Says that texts are alike where they share a word of a group."""

    groups: tuple[frozenset[str], ...]
    looks_at_others: bool = False
    asked: list[str] = field(default_factory=list)
    name: str = "topics"
    dimensions: int = 8

    def embed(self, texts, on_progress=None):
        self.asked += texts
        rows = [[float(bool(g & set(text.lower().split()))) for g in self.groups] for text in texts]
        vectors = np.array([[*row, 1e-6] for row in rows], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


TOLD_ANEW = (
    "A woman keeps poultry that gives 16 a day. Three are gone at dawn, four become pastry, and "
    "what is left brings $2 each. Her daily income?"
)


def test_vectors_speak_for_texts_of_like_meaning_and_against_others():
    items = frame_of(real_row("ducks", ITEM, "#### 18"), *exam())
    alike = TopicVectors((frozenset({"ducks", "poultry"}),))
    unlike = TopicVectors((frozenset({"ducks"}), frozenset({"poultry"})))
    assert found(Finders.build(items), TOLD_ANEW) == {}
    assert found(Finders.build(items, None, alike), TOLD_ANEW) == {Method.REPHRASED: "ducks"}
    assert found(Finders.build(items, None, unlike), TOLD_ANEW) == {}


def test_vectors_are_made_of_candidates_only():
    topics = TopicVectors((frozenset({"ducks", "poultry"}),))
    known = Finders.build(frame_of(real_row("ducks", ITEM, "#### 18"), *exam()), None, topics)
    topics.asked.clear()
    known.find([["What is the capital of France?"], [TOLD_ANEW], ["A poem about the sea."]])
    assert topics.asked == [TOLD_ANEW]


def test_vectors_that_depend_on_other_texts_are_refused():
    topics = TopicVectors((frozenset({"ducks"}),), looks_at_others=True)
    with pytest.raises(ConfigurationError, match="topics makes vectors that depend on all texts"):
        Finders.build(frame_of(real_row("ducks", ITEM, "#### 18")), None, topics)
