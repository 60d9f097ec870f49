from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.choices import Weighted, at
from synth_assets.core.draws.attributes import AttributeSpace, Variation
from synth_assets.core.draws.balance import BLOCK, Balance
from synth_assets.errors import RecipeError


def space(variations, never=(), files=None) -> AttributeSpace:
    made = {name: Variation.model_validate(said) for name, said in variations.items()}
    rules = [
        {name: tuple(Weighted(value=value) for value in values) for name, values in rule.items()}
        for rule in never
    ]
    return AttributeSpace.of("recipe", made, rules, files or {})


def names(count: int) -> list[str]:
    return [f"seed-{number}" for number in range(count)]


def drawn(made: AttributeSpace, count: int, rounds: int = 1) -> list[dict[str, str]]:
    balance = Balance("recipe", made)
    ids = names(count)
    return [
        dict(each.values)
        for round_ in range(rounds)
        for block in range(0, count, BLOCK)
        for each in balance.draw(ids[block : block + BLOCK], round_, block // BLOCK)
    ]


def test_draw_gives_every_value_its_weighted_quota():
    made = space({"level": [{"value": "easy", "weight": 3}, "hard"]})
    counts = Counter(each["level"] for each in drawn(made, 256))

    assert abs(counts["easy"] - 192) <= 2


def test_draw_gives_combinations_their_quotas_and_luck_would_not():
    made = space({"level": ["a", "b"], "style": ["x", "y"]})
    cells = Counter((each["level"], each["style"]) for each in drawn(made, 64))

    assert all(abs(count - 16) <= 1 for count in cells.values())
    assert len(cells) == 4


def test_draw_over_rounds_gives_each_seed_every_value():
    made = space({"level": ["a", "b", "c"]})
    found = drawn(made, 5, rounds=30)

    for seed in range(5):
        counts = Counter(each["level"] for each in found[seed::5])
        assert all(8 <= counts[value] <= 12 for value in "abc")


def test_draw_over_rounds_of_one_seed_meets_every_combination():
    made = space({"level": ["a", "b"], "style": ["x", "y"], "tone": ["p", "q", "r"]})
    cells = Counter(tuple(each.values()) for each in drawn(made, 1, rounds=240))

    assert len(cells) == 12
    assert all(10 <= count <= 30 for count in cells.values())


@settings(max_examples=40, deadline=None)
@given(
    weights=st.lists(st.floats(0.1, 10), min_size=2, max_size=5),
    count=st.integers(2, 200),
)
def test_draw_of_any_weights_stays_near_the_quota_and_ignores_order(weights, count):
    choice = [{"value": f"v{n}", "weight": weight} for n, weight in enumerate(weights)]
    made = space({"level": choice})
    ids = names(count)[:BLOCK]
    forward = Balance("r", made).draw(ids, 0)
    backward = Balance("r", made).draw(ids[::-1], 0)

    assert [each.values for each in forward] == [each.values for each in backward[::-1]]
    counts = Counter(each.values["level"] for each in forward)
    for n, weight in enumerate(weights):
        assert abs(counts[f"v{n}"] - len(ids) * weight / sum(weights)) < 2


def test_draw_under_a_condition_is_made_only_there():
    made = space(
        {"kind": ["math", "prose"], "proof": {"values": ["yes", "no"], "when": {"kind": "math"}}}
    )
    found = drawn(made, 64)

    assert {each["proof"] for each in found if each["kind"] == "prose"} == {""}
    assert {each["proof"] for each in found if each["kind"] == "math"} == {"yes", "no"}


def test_draw_under_a_condition_gives_every_value_its_quota_among_those_that_have_it():
    files = {"p.txt": "\n".join(f"word {number}" for number in range(8))}
    made = space(
        {"kind": ["math", "prose", "code"], "word": {"file": "p.txt", "when": {"kind": "math"}}},
        files=files,
    )
    counts = Counter(each["word"] for each in drawn(made, BLOCK))
    math = BLOCK - counts.pop("")

    assert len(counts) == 8
    assert all(abs(count - math / 8) <= 1 for count in counts.values())


def test_draw_beside_fixed_values_gives_every_value_its_quota_among_the_others():
    made = space({"level": ["a", "b", "c", "d"]})
    fixed = [{"level": "a"} if number % 2 else {} for number in range(40)]
    found = Balance("recipe", made).draw(names(40), 0, fixed=fixed)
    free = Counter(each.values["level"] for each in found[::2])

    assert all(each.values["level"] == "a" for each in found[1::2])
    assert free == {"a": 5, "b": 5, "c": 5, "d": 5}


def test_draw_never_makes_a_forbidden_combination_nor_runs_into_one():
    made = space(
        {"a": ["1", "2"], "b": ["1", "2"], "c": ["1", "2"]},
        never=[{"a": ["1"], "c": ["1", "2"], "b": ["2"]}, {"b": ["1"], "a": ["2"]}],
    )
    cells = Counter((each["a"], each["b"]) for each in drawn(made, 128))

    assert set(cells) == {("1", "1"), ("2", "2")}


def test_shares_of_cells_add_up_and_leave_out_what_is_forbidden():
    made = space(
        {"a": [{"value": "1", "weight": 3}, "2"], "b": {"values": ["x", "y"], "when": {"a": "1"}}},
        never=[{"a": ["1"], "b": ["y"]}],
    )

    assert made.shares() == {(("a", "1"), ("b", "x")): 0.75, (("a", "2"),): 0.25}


def test_shares_of_too_many_cells_say_so():
    made = space({f"a{n}": ["1", "2"] for n in range(8)})
    with pytest.raises(RecipeError, match="more than 100 combinations"):
        made.shares(most_cells=100)


def test_variation_reads_a_value_a_line_from_a_file():
    text = "# who reads it\na nurse\n\na pilot \n"
    made = space({"persona": {"file": "people.txt"}}, files={"people.txt": text})

    assert {each["persona"] for each in drawn(made, 20)} == {"a nurse", "a pilot"}


@pytest.mark.parametrize(
    ("variations", "never", "said"),
    [
        ({"p": {"file": "no.txt"}}, (), "there is no file no.txt"),
        ({"p": {"file": "empty.txt"}}, (), "empty.txt holds no value"),
        ({"p": ["a", "a"]}, (), "'a' stands twice"),
        ({"p": {"values": ["a"], "when": {"q": "x"}}}, (), "q is not declared before"),
        ({"q": ["x"], "p": {"values": ["a"], "when": {"q": "z"}}}, (), "q is never 'z'"),
        ({"p": ["a", "b"]}, [{"p": ["a", "b"]}], "forbids every combination"),
        ({"p": ["a"]}, [{"z": ["a"]}], "z is not declared before"),
    ],
)
def test_space_that_cannot_be_is_refused_with_the_mend(variations, never, said):
    with pytest.raises(RecipeError, match=said):
        space(variations, never, {"empty.txt": "# nothing\n"})


@given(point=st.floats(0, 1, exclude_max=True), weights=st.lists(st.floats(0.01, 9), min_size=1))
def test_choice_at_any_point_is_one_of_its_values(point, weights):
    choice = [Weighted(value=n, weight=weight) for n, weight in enumerate(weights)]

    assert at(choice, point) in range(len(weights))
