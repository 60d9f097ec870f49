import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Completion
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.finishing import finished_sample
from synth_assets.core.planning import RoundPlan, plan_slots, sample_id
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.protocol import Draft, Slot, Start
from tests.fakes import FILES, RECIPE_YAML, TEACHERS, VARIATIONS, tiny_recipe


def _seeds(count: int) -> list[Seed]:
    return [Seed.of("recipe", {"problem": f"seed {number}"}) for number in range(count)]


def _planned(slot: Slot) -> tuple[str, int, tuple[tuple[str, str], ...], str]:
    """What of a slot decides what is asked."""
    recipe = tiny_recipe()
    [request] = next(recipe.spec.technique.produce(slot))
    return slot.seed.seed_id, slot.round, tuple(slot.drawn.items()), request.fingerprint


counts = st.integers(min_value=1, max_value=12)


@settings(max_examples=30, deadline=None)
@given(seeds=counts, samples=counts, shuffle=st.randoms(use_true_random=False))
def test_plan_does_not_depend_on_the_order_of_seeds(seeds: int, samples: int, shuffle):
    ordered = _seeds(seeds)
    mixed = list(ordered)
    shuffle.shuffle(mixed)
    recipe = tiny_recipe(samples)

    assert [_planned(slot) for slot in plan_slots(recipe, ordered)] == [
        _planned(slot) for slot in plan_slots(recipe, mixed)
    ]


@settings(max_examples=30, deadline=None)
@given(seeds=counts, samples=counts, more=counts)
def test_plan_of_more_samples_begins_with_that_of_fewer(seeds: int, samples: int, more: int):
    few = [_planned(slot) for slot in plan_slots(tiny_recipe(samples), _seeds(seeds))]
    many = [_planned(slot) for slot in plan_slots(tiny_recipe(samples + more), _seeds(seeds))]

    assert many[: len(few)] == few
    assert len(many) == samples + more


def test_plan_with_seeds_added_asks_most_of_what_it_asked_before():
    before = {_planned(slot) for slot in plan_slots(tiny_recipe(600), _seeds(300))}
    after = {_planned(slot) for slot in plan_slots(tiny_recipe(602), _seeds(301))}

    assert len(before - after) <= 0.06 * len(before)


def test_plan_without_seeds_is_empty():
    assert list(plan_slots(tiny_recipe(5), [])) == []


def test_plan_uses_each_seed_once_before_any_twice():
    rounds = [slot.round for slot in plan_slots(tiny_recipe(10), _seeds(4))]
    seeds = [slot.seed.seed_id for slot in plan_slots(tiny_recipe(10), _seeds(4))]

    assert rounds == [0] * 4 + [1] * 4 + [2] * 2
    assert seeds[:4] == seeds[4:8] == sorted(seeds[:4])


def test_plan_spreads_variations_evenly_over_the_rounds_of_a_seed():
    drawn = [slot.drawn["level"] for slot in plan_slots(tiny_recipe(200), _seeds(1))]

    assert abs(Counter(drawn)["easy"] - 100) <= 3


@pytest.mark.parametrize(("seeds", "samples"), [(20, 400), (400, 400), (7, 401), (1_000, 256)])
def test_plan_gives_teachers_and_values_their_quotas(seeds: int, samples: int):
    slots = list(plan_slots(tiny_recipe(samples), _seeds(seeds)))
    writers = Counter(_first(slot)[0].teacher for slot in slots)
    levels = Counter(slot.drawn["level"] for slot in slots)
    both = Counter((_first(slot)[0].teacher, slot.drawn["level"]) for slot in slots)

    assert abs(writers["writer"] - 0.75 * samples) <= 3, "three to one"
    assert abs(levels["easy"] - 0.5 * samples) <= 3
    assert abs(both["writer", "hard"] - 0.375 * samples) <= 6


@pytest.mark.parametrize("at_once", [1, 6, 10, 80])
def test_rounds_of_new_seeds_give_every_value_its_quota_over_all_rounds(at_once: int):
    people = [f"person {number}" for number in range(15)]
    recipe = tiny_recipe(variations=f"{{level: [easy, hard], reader: {people}}}")
    seeds = _seeds(240)
    drawn = [
        slot.drawn
        for number, first in enumerate(range(0, 240, at_once))
        for slot in RoundPlan(
            recipe, [*map(Start, seeds[first : first + at_once])], number, first, {}
        ).slots(first, first + at_once)
    ]
    readers = Counter(each["reader"] for each in drawn)
    levels = Counter(each["level"] for each in drawn)
    cells = Counter((each["reader"], each["level"]) for each in drawn)

    assert set(readers) == set(people)
    assert all(abs(count - 16) <= 2 for count in readers.values())
    assert all(abs(count - 120) <= 2 for count in levels.values())
    assert len(cells) == 30
    assert max(cells.values()) <= 13


def test_rounds_of_seeds_used_before_give_every_value_its_quota_over_all_rounds():
    recipe = tiny_recipe()
    seeds, used = _seeds(10), Counter[str]()
    levels = Counter[str]()
    for first in range(0, 210, 7):
        starts = [Start(seeds[(first + step) % 10]) for step in range(7)]
        plan = RoundPlan(recipe, starts, first // 7, first, dict(used))
        levels.update(slot.drawn["level"] for slot in plan.slots(first, first + 7))
        used = Counter(plan.uses_after)

    assert abs(levels["easy"] - 105) <= 8


def _first(slot: Slot):
    return next(tiny_recipe().spec.technique.produce(slot))


def test_sample_ids_of_a_plan_are_unique_and_survive_a_change_of_verifiers():
    recipe = tiny_recipe(40)
    text = RECIPE_YAML.format(samples=40, variations=VARIATIONS).replace(
        "kind: number", "kind: length"
    )
    other = parse_recipe(
        "tiny",
        {"recipe.yaml": text, **FILES},
        "digest",
        TEACHERS,
        parse_recipe_yaml("tiny", text),
    )
    names, others = (
        [
            sample_id(made, slot, next(made.spec.technique.produce(slot)))
            for slot in plan_slots(made, _seeds(7))
        ]
        for made in (recipe, other)
    )

    assert recipe.version != other.version
    assert len(set(names)) == 40
    assert names == others


def test_sample_id_changes_with_the_rendered_prompt():
    recipe, edited = tiny_recipe(4), tiny_recipe(4, write="Another {{ level }} of {{ problem }}")
    names, others = (
        {
            sample_id(made, slot, next(made.spec.technique.produce(slot)))
            for slot in plan_slots(made, _seeds(4))
        }
        for made in (recipe, edited)
    )

    assert names & others == set()


def test_finished_sample_is_traced_to_seed_requests_and_first_teacher():
    recipe = tiny_recipe(1)
    [slot] = plan_slots(recipe, _seeds(1))
    production = recipe.spec.technique.produce(slot)
    [write] = next(production)
    text = "<problem>p</problem><solution>s</solution>"
    [solve] = production.send([Completion(write.fingerprint, text, "stop", 1, 1, 0.0, 0.1)])
    draft = Draft(prompt="p", response="s", reference="r")
    answers = [
        (asked, Completion(asked.fingerprint, text, "stop", 1, 1, 0.0, 0.1))
        for asked in (write, solve)
    ]
    sample = finished_sample(recipe, slot, "name", answers, draft)

    assert sample.request_fingerprints == (write.fingerprint, solve.fingerprint)
    assert sample.teacher == write.teacher != solve.teacher
    assert (sample.recipe, sample.recipe_version) == ("tiny", recipe.version)
    assert sample.seed_id == slot.seed.seed_id
    assert json.loads(sample.attributes) == dict(slot.drawn)
    assert sample.synthetic_depth == 1
