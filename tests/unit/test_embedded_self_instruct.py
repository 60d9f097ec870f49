"""The shipped recipe of grown tasks, and the grammar the embedded teacher writes them with."""

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.novelty.instruction_rules import InstructionRules
from synth_assets.core.novelty.rouge_l import NoveltyPool
from synth_assets.core.schema import Reason
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.self_instruct import Given, grammar, read_task, told
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.embedded_fills import FilledRecipe, fill_shipped

NAME = "self_instruct_tasks"
LIST = "Here is a list of fruits for you."
WORDS = Given("figs, apples, limes", ("figs", "apples", "limes"), {})
NUMBERS = Given("9, 60, 31", ("9", "60", "31"), {})
NAMED = {"who": "Ada", "place": "Yarrow", "weekday": "Sunday", "count": "14"}
TEXT = "Ada sold 14 pears in Yarrow on Sunday."
SENTENCE = Given(TEXT, tuple(TEXT[:-1].split()), NAMED)


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("flawed"), NAME)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> FilledRecipe:
    return fill_shipped(tmp_path_factory.mktemp("sound"), NAME, {})


def seeds() -> list[dict[str, str]]:
    lines = (SHIPPED_RECIPES / NAME / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_recipe_without_flaws_drops_only_what_is_not_novel(sound: FilledRecipe):
    assert set(sound.generated) <= {Reason.NOT_NOVEL}
    assert sound.rejected.total() == 0
    assert len(sound.kept) >= 100
    assert sound.share_kept >= 0.9


def test_recipe_with_flaws_keeps_what_it_asks_for_and_drops_each_flaw(flawed: FilledRecipe):
    assert len(flawed.kept) >= 100
    assert flawed.share_kept >= 0.5
    assert flawed.generated[Reason.NO_AGREEMENT] >= 5
    assert flawed.generated[Reason.NOT_SOLVED] >= 5
    assert flawed.generated[Reason.NOT_NOVEL] >= 3
    assert flawed.rejected[Reason.PROMPT_LEAK] >= 1
    assert len(flawed.verified) - len(flawed.kept) <= 3


def test_recipe_drops_tasks_of_blocked_kinds_where_teachers_propose_them(tmp_path: Path):
    filled = fill_shipped(tmp_path, NAME, {"ignored_request": 0.3})

    assert filled.generated[Reason.BLOCKED_KIND] >= 2
    assert all(InstructionRules().refused(sample.prompt) is None for sample in filled.made)


def test_recipe_tasks_are_unlike_the_seeds_and_each_other_and_of_no_blocked_kind(
    flawed: FilledRecipe,
):
    tasks = {s.prompt.removesuffix(f"\n\n{s.context}"): s.sample_id for s in flawed.made}
    pool = NoveltyPool(Fraction(7, 10))
    pool.add_all({row["instruction"]: row["instruction"] for row in seeds()})
    assert pool.admit({text: text for text in tasks}).dropped == {}
    assert all(InstructionRules().refused(text) is None for text in tasks)


def test_recipe_outputs_are_right_by_the_rules_of_their_tasks(flawed: FilledRecipe):
    for sample in flawed.kept:
        task = sample.prompt.removesuffix(f"\n\n{sample.context}")
        reading = read_task(task)
        assert reading is not None
        items = tuple(sample.context.split(", "))
        if reading.given != "sentence":
            assert sample.response == told(reading, Given(sample.context, items, {}))
        label = reading.operation.gives == "label"
        assert sample.drawn["instances"] == ("output_first" if label else "input_first")


def test_recipe_heeds_subject_and_kind_and_later_rounds_show_machine_made_tasks(
    flawed: FilledRecipe,
):
    given = {"list": "words", "numbers": "numbers", "sentence": "sentence"}
    for sample in flawed.kept:
        reading = read_task(sample.prompt.removesuffix(f"\n\n{sample.context}"))
        assert reading is not None
        assert reading.pool in grammar().subjects[str(sample.drawn["subject"])]
        for word, kind in given.items():
            if word in str(sample.drawn["task_kind"]):
                assert reading.given == kind
    parents = {len(sample.parent_ids) for sample in flawed.kept}
    assert parents == {0, 2}
    assert max(sample.synthetic_depth for sample in flawed.kept) >= 2


@pytest.mark.parametrize(
    ("task", "given", "output"),
    [
        (f"{LIST} Reverse their order. Write one result a line.", WORDS, "limes\napples\nfigs"),
        (f"{LIST} Count the entries. Give only the number.", WORDS, "3"),
        (
            f"{LIST} Is the order alphabetical, yes or no? One word is enough.",
            WORDS,
            "no",
        ),
        (f"{LIST} What stands at the end? Quote your reply.", WORDS, '"limes"'),
        (
            "An old ledger lists amounts beside fruits. Compute the sum of everything. "
            "Begin your reply with an equals sign.",
            NUMBERS,
            "= 100",
        ),
        (
            "An old ledger lists amounts beside fruits. Give the median. "
            "Reply with a complete sentence.",
            NUMBERS,
            "The result is 31.",
        ),
        (
            "The sentence in the input speaks of fruits. Is that a weekday or the weekend? "
            "Begin with Label and a colon.",
            SENTENCE,
            "Label: weekend",
        ),
        (
            "The sentence in the input speaks of fruits. Make it anonymous with the word "
            "Somebody. Use upper case for the reply.",
            SENTENCE,
            "SOMEBODY SOLD 14 PEARS IN YARROW ON SUNDAY.",
        ),
    ],
)
def test_told_output_of_a_task_is_right_and_in_its_form(task: str, given: Given, output: str):
    reading = read_task(task)
    assert reading is not None
    assert told(reading, given) == output


@pytest.mark.parametrize("task", ["Sing a song.", f"{LIST} Sing a song. Give only the number."])
def test_compose_task_it_did_not_write_is_declined(task: str):
    asked = [Message("user", f"<task_to_solve>\n{task}\n</task_to_solve>")]
    assert compose("scholar", asked, {}, 0).text == "<none/>"


def test_seeds_are_175_different_tasks_of_plain_kinds():
    rows = seeds()
    assert len(rows) == 175
    pool = NoveltyPool(Fraction(7, 10))
    assert pool.admit({row["instruction"]: row["instruction"] for row in rows}).dropped == {}
    assert all(InstructionRules().refused(row["instruction"]) is None for row in rows)
    assert all(re.search(r"(?m)^Output: \S", row["instance"]) for row in rows)
    assert 30 <= sum(row["kind"] == "classification" for row in rows) <= 60


def test_seeds_are_none_of_the_paper(shared_data: Path):
    pool = NoveltyPool(Fraction(7, 10))
    with (shared_data / "self_instruct" / "seed_tasks.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["instruction"] for line in lines]
    pool.add_all({f"{n}": text for n, text in enumerate(texts)})
    near = pool.nearest_many([row["instruction"] for row in seeds()])
    assert max(found.score for found in near if found is not None) <= Fraction(7, 10)
