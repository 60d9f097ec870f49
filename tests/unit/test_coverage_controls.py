import json
import subprocess
import sys
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from synth_assets.core.coverage.controls import (
    CONTROL_SCHEMA,
    cluster_entropies,
    compare_controls,
    equal_samples,
    normalised_entropy,
)


def questions(shared_data, count):
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[:count]]


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ([5, 5, 5, 5], 1.0),
        ([9, 0, 0], 0.0),
        ([7], 0.0),
        ([1, 1, 0, 0], 0.5),
        ([3, 1], (0.75 * log(4 / 3) + 0.25 * log(4)) / log(2)),
        ([0, 0], None),
        ([], None),
    ],
)
def test_normalised_entropy_of_known_counts_is_entropy_over_its_maximum(counts, value):
    assert normalised_entropy(counts) == (None if value is None else pytest.approx(value))


def test_cluster_entropies_of_one_topic_against_three_are_zero_and_one():
    subjects = ["king queen rook", "bake bread oven", "sail boat wind"]
    spread = [f"{subject} {at}" for at in range(10) for subject in subjects]
    found = cluster_entropies({"one": [subjects[0]] * 30, "three": spread}, clusters=3)
    assert found == {"one": 0.0, "three": pytest.approx(1.0)}


def test_cluster_entropies_of_sets_without_words_do_not_exist():
    assert cluster_entropies({"a": ["", "😀"], "b": []}) == {"a": None, "b": None}
    found = cluster_entropies({"a": [""], "b": ["one word", "two words"]})
    assert found["a"] is None
    assert found["b"] is not None
    assert cluster_entropies({}) == {}


def test_cluster_entropies_of_copies_are_below_those_of_different_texts(shared_data):
    texts = questions(shared_data, 300)
    found = cluster_entropies({"copies": texts[:30] * 10, "different": texts})
    assert found["copies"] < found["different"] - 0.02


def test_equal_samples_of_unequal_sets_draws_as_many_as_the_smallest_has():
    sets = {"a": [str(i) for i in range(50)], "b": ["x", "x", "y"]}
    drawn = equal_samples(sets)
    assert (len(drawn["a"]), sorted(drawn["b"])) == (3, ["x", "x", "y"])
    assert len(equal_samples(sets, most_rows=2)["a"]) == 2
    assert equal_samples({"a": ["x"], "b": []}) == {"a": (), "b": ()}
    assert equal_samples(sets, seed=1)["a"] != drawn["a"]


def test_compare_controls_of_hand_made_sets_gives_hand_made_values():
    found = compare_controls(
        {"off": ["a b c"] * 4, "on": ["a b c", "d e f"], "long": ["g h i j"] * 9}
    )
    assert found.frame.schema == CONTROL_SCHEMA
    off, on, long = found.figures.values()
    # Two texts each; the bound of words is six, which the long set passes with its second text.
    assert (off.rows, on.rows, long.rows) == (2, 2, 2)
    assert (off.words, on.words, long.words) == (6, 6, 8)
    assert (off.distinct_2, on.distinct_2, long.distinct_2) == (0.5, 1.0, 0.5)
    assert (off.template_share, on.template_share, long.template_share) == (1.0, 0.5, 1.0)
    assert (off.cluster_entropy, long.cluster_entropy) == (0.0, 0.0)


def test_compare_controls_with_an_empty_set_has_no_figures():
    found = compare_controls({"on": ["some text"], "off": []})
    assert found.frame.rows() == [(name, 0, 0, None, None, None, None) for name in ("on", "off")]


def test_compare_controls_of_a_mould_and_human_questions_sees_the_mould_in_each_figure(shared_data):
    things = ["apples", "pens", "cards", "eggs", "books", "coins", "hats", "keys"]
    names = ["Tom", "Ann", "Mia", "Bob", "Zoe", "Kim"]
    mould = [f"{names[i % 6]} has {i} {things[i % 8]}. How many are left?" for i in range(300)]
    figures = compare_controls({"off": mould, "on": questions(shared_data, 300)}).figures
    off, on = figures["off"], figures["on"]
    assert off.distinct_2 < on.distinct_2 / 2
    assert off.cluster_entropy < on.cluster_entropy - 0.2
    assert (off.template_share, off.top_template_share) == (1.0, 1.0)
    assert on.template_share < 0.05
    assert on.top_template_share < 0.25


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.text(alphabet="ab cdA1.😀\ud83d", max_size=15), max_size=15),
    st.lists(st.text(alphabet="ab cdA1.😀\ud83d", max_size=15), max_size=15),
    st.randoms(),
)
def test_compare_controls_of_any_texts_lies_in_range_and_ignores_order(one, other, random):
    found = compare_controls({"one": one, "other": other}, clusters=3)
    for column in CONTROL_SCHEMA.names()[3:]:
        assert all(0 <= value <= 1 for value in found.frame[column].drop_nulls())
    again = compare_controls(
        {
            "one": random.sample(one, len(one)),
            "other": random.sample(other, len(other)),
        },
        clusters=3,
    )
    assert_frame_equal(again.frame, found.frame)


def test_coverage_modules_import_without_scikit_learn():
    program = (
        "import sys\n"
        "import synth_assets.core.coverage.shares, synth_assets.core.coverage.topics\n"
        "import synth_assets.core.coverage.controls\n"
        "print({'sklearn', 'scipy', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
