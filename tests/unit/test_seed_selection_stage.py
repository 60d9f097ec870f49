import json

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.sample import Seed
from synth_assets.core.schema import SAMPLE_SCHEMA, SEED_SCHEMA, Reason, Stage
from synth_assets.core.seed_selection import select_seeds
from tests.samples import decisions_of, frame_of, real_row, reasons_of

KEY = "math~0123abcd"
NOTHING = SAMPLE_SCHEMA.to_frame()
OPEN = Firewall.build(NOTHING, NOTHING)
PROBLEM = "Ann has three boxes of four pears and eats two pears a day. How long do they last?"
SOLUTION = "Three boxes of four are twelve pears, which at two a day last six days."


def seeds(*fields, source="file"):
    made = [(Seed.of(source, each), each) for each in fields]
    return pl.DataFrame(
        [
            (seed.seed_id, "math", "0123abcd", source, at, json.dumps(each))
            for at, (seed, each) in enumerate(made)
        ],
        schema=SEED_SCHEMA,
        orient="row",
    )


def numbered(count):
    return seeds(*({"problem": f"Problem {n}"} for n in range(count)))


def test_select_seeds_without_cause_keeps_all_in_order():
    rows = numbered(5)
    result = select_seeds(KEY, rows, OPEN)
    assert result.kept.equals(rows)
    assert set(result.decisions.select("stage", "partition", "recipe").iter_rows()) == {
        (Stage.SEEDS, KEY, "math")
    }


def test_select_seeds_with_a_held_out_row_in_its_fields_is_dropped():
    firewall = Firewall.build(frame_of(real_row("item", PROBLEM, SOLUTION)), NOTHING)
    rows = seeds(
        {"q": PROBLEM.upper(), "a": SOLUTION},
        {"q": "Another question", "a": SOLUTION},
        {"q": PROBLEM, "a": "Another answer."},
    )
    result = select_seeds(KEY, rows, firewall)
    reasons = [decisions_of(result.decisions)[name] for name in rows["seed_id"]]
    assert [(found.reason, found.duplicate_of) for found in reasons] == [
        (Reason.HELD_OUT_ROW, "item"),
        (Reason.HELD_OUT_ROW, "item"),
        (None, None),
    ]


def test_select_seeds_with_a_benchmark_prompt_in_any_field_is_dropped():
    firewall = Firewall.build(NOTHING, frame_of(real_row("item", PROBLEM, "6")))
    result = select_seeds(KEY, seeds({"level": "hard", "text": f"Q: {PROBLEM}"}), firewall)
    [found] = decisions_of(result.decisions).values()
    assert (found.reason, found.duplicate_of) == (Reason.BENCHMARK_ROW, "item")
    assert "shared run of 13 words" in found.detail


def test_select_seeds_repeated_keeps_one_and_names_it():
    rows = seeds({"problem": "Same"}, {"problem": "Other"}, {"problem": "Same"})
    result = select_seeds(KEY, rows, OPEN)
    first, other, _ = rows["seed_id"]
    again = decisions_of(result.decisions)[f"{first}-2"]
    assert result.kept["seed_id"].to_list() == [first, other]
    assert (again.reason, again.duplicate_of) == (Reason.DUPLICATE_SEED, first)


def test_select_seeds_equal_to_a_reader_are_duplicates():
    result = select_seeds(KEY, seeds({"problem": "Same  text"}, {"problem": "SAME text"}), OPEN)
    assert result.reasons == {Reason.DUPLICATE_SEED: 1}


def test_select_seeds_with_values_swapped_between_fields_are_two():
    rows = seeds({"question": "x", "answer": "y"}, {"question": "y", "answer": "x"})
    assert select_seeds(KEY, rows, OPEN).counts["kept"] == 2


def test_select_seeds_beyond_limit_are_dropped_with_reason():
    result = select_seeds(KEY, numbered(10), OPEN, limit=4)
    assert result.counts["kept"] == 4
    assert result.reasons == {Reason.BEYOND_LIMIT: 6}


def test_select_seeds_duplicates_do_not_use_up_the_limit():
    rows = seeds(*[{"problem": "Same"}] * 5, {"problem": "Other"})
    assert select_seeds(KEY, rows, OPEN, limit=2).counts["kept"] == 2


def test_select_seeds_of_none_is_empty():
    assert select_seeds(KEY, SEED_SCHEMA.to_frame(), OPEN, limit=3).decisions.is_empty()


@given(st.permutations(range(12)), st.integers(0, 12), st.integers(0, 12))
def test_select_seeds_by_limit_ignores_order_and_is_monotone(order, few, more):
    rows = numbered(12)
    smaller = set(select_seeds(KEY, rows, OPEN, min(few, more)).kept["seed_id"])
    larger = select_seeds(KEY, rows[list(order)], OPEN, max(few, more))
    assert smaller <= set(larger.kept["seed_id"])


@given(st.lists(st.sampled_from("abcd"), max_size=10), st.randoms())
def test_select_seeds_shuffled_gives_every_row_the_same_decision(letters, random):
    rows = seeds(*({"problem": letter} for letter in letters))
    order = list(range(rows.height))
    random.shuffle(order)
    once, again = select_seeds(KEY, rows, OPEN, 2), select_seeds(KEY, rows[order], OPEN, 2)
    assert reasons_of(once.decisions) == reasons_of(again.decisions)
    assert once.counts["kept"] == min(2, len(set(letters)))
