import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Completion
from synth_assets.core.config.recipe import parse_recipe, parse_recipe_yaml
from synth_assets.core.planning import Draw, finished_sample, plan_slots, sample_id
from synth_assets.core.sample import Seed
from synth_assets.core.techniques.protocol import Draft, Slot, TeacherShare
from tests.fakes import FILES, RECIPE_YAML, TEACHERS, tiny_recipe


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


@settings(max_examples=30, deadline=None)
@given(seeds=counts, added=counts, rounds=st.integers(1, 4))
def test_plan_with_seeds_added_asks_all_that_it_asked_before(seeds: int, added: int, rounds: int):
    before = plan_slots(tiny_recipe(seeds * rounds), _seeds(seeds))
    after = plan_slots(tiny_recipe((seeds + added) * rounds), _seeds(seeds + added))

    assert {_planned(slot) for slot in before} <= {_planned(slot) for slot in after}


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


def test_plan_gives_teachers_their_weight():
    slots = plan_slots(tiny_recipe(400), _seeds(20))
    writers = Counter(next(iter(_first(slot))).teacher for slot in slots)

    assert set(writers) == {"writer", "second"}
    assert 270 <= writers["writer"] <= 330, "three to one"


def _first(slot: Slot):
    return next(tiny_recipe().spec.technique.produce(slot))


@given(
    seed=st.text(max_size=5),
    round_=st.integers(0, 10_000),
    weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=6),
)
def test_draw_is_a_share_of_the_list_and_a_number_below_one(seed, round_, weights):
    draw = Draw("recipe", seed, round_)
    shares = [TeacherShare(id=f"t{n}", weight=weight) for n, weight in enumerate(weights)]

    assert 0 <= draw.unit("x") < 1
    assert draw.teacher(shares, "write") in {share.id for share in shares}
    assert draw.teacher(shares, "write") == Draw("recipe", seed, round_).teacher(shares, "write")


def test_sample_ids_of_a_plan_are_unique_and_survive_a_change_of_verifiers():
    recipe = tiny_recipe(40)
    text = RECIPE_YAML.format(samples=40).replace("kind: number", "kind: length")
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
    sample = finished_sample(recipe, slot, "name", [write, solve], draft)

    assert sample.request_fingerprints == (write.fingerprint, solve.fingerprint)
    assert sample.teacher == write.teacher != solve.teacher
    assert (sample.recipe, sample.recipe_version) == ("tiny", recipe.version)
    assert sample.seed_id == slot.seed.seed_id
    assert json.loads(sample.attributes) == dict(slot.drawn)
    assert sample.synthetic_depth == 1
