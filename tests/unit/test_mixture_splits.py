from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.mixtures import Mixture, Splits
from synth_assets.core.mixture.compose import compose
from synth_assets.core.mixture.splits import related, split_rows
from tests.mixture_rows import plain_standing
from tests.samples import frame_of, real_row, synthetic_row

WORDS = (
    "the quick brown fox jumps over a lazy dog while seven wise owls watch from an old oak tree "
    "and count the stars that fall beyond the silent hills"
)


def apart(count):
    """Rows that have nothing in common."""
    rows = [real_row(f"row-{n}", f"{n * 7919} is {n**3}", f"no {n * n}") for n in range(count)]
    return frame_of(*rows)


def splits_of(samples, splits, seed=0):
    copies = np.ones(samples.height, np.int64)
    return split_rows(samples, copies, splits, seed).to_list()


def groups_of(samples, similarity=0.5):
    """Ids of the rows of each group that has several."""
    by_group = {}
    for name, group in zip(samples["sample_id"], related(samples, similarity), strict=True):
        by_group.setdefault(group, []).append(name)
    return [names for names in by_group.values() if len(names) > 1]


def test_splits_of_rows_apart_have_exactly_their_shares():
    found = Counter(splits_of(apart(200), Splits(validation=0.1, test=0.05)))
    assert found == {"train": 170, "validation": 20, "test": 10}


def test_splits_without_shares_are_all_for_training():
    assert set(splits_of(apart(5), Splits())) == {"train"}


def test_splits_with_a_few_more_rows_move_few():
    rows = apart(220)
    few, many = rows.head(200), rows
    before, after = (splits_of(each, Splits(validation=0.2)) for each in (few, many))
    moved = sum(one != other for one, other in zip(before, after, strict=False))
    assert moved <= 12


def test_splits_of_a_group_larger_than_a_share_leave_it_for_training():
    rows = [synthetic_row(f"a-{n}", f"{n * 7919}", f"{n**3}", seed_id="one") for n in range(30)]
    samples = frame_of(*rows, *(real_row(f"b-{n}", f"{n * 104729}", "r") for n in range(30)))
    found = splits_of(samples, Splits(validation=0.2))
    assert Counter(found) == {"train": 48, "validation": 12}
    assert set(found[:30]) == {"train"}


def test_splits_count_copies():
    rows = apart(20)
    copies = np.array([3] * 10 + [1] * 10)
    found = split_rows(rows, copies, Splits(validation=0.25), 0)
    assert copies[(found == "validation").to_numpy()].sum() == 10


def test_related_rows_are_of_one_seed_or_parents_of_one_another():
    samples = frame_of(
        synthetic_row("a", "1000 apples", "x1", seed_id="s"),
        synthetic_row("b", "white horses", "x2", seed_id="s"),
        synthetic_row("c", "green hills", "x3", parent_ids=("a",)),
        synthetic_row("d", "long roads", "x4", parent_ids=("gone",)),
        synthetic_row("e", "deep seas", "x5", parent_ids=("gone",)),
        synthetic_row("f", "high towers", "x6"),
    )
    assert groups_of(samples) == [["a", "b", "c"], ["d", "e"]]


def test_related_rows_hang_together_by_a_row_that_is_like_both():
    words = WORDS.split()
    texts = [words[:20], words[5:25], words[10:]]
    rows = [real_row(name, " ".join(text), "") for name, text in zip("abc", texts, strict=True)]
    samples = frame_of(*rows, real_row("z", "something else altogether", "y"))
    assert groups_of(samples, 0.4) == [["a", "b", "c"]]
    assert groups_of(samples, 0.9) == []


def test_related_rows_without_any_words_are_told_apart():
    samples = frame_of(real_row("a", "", ""), real_row("b", "?", "!"), real_row("c", "", " "))
    assert len(related(samples, 0.5)) == 3


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), min_size=1, max_size=30),
    st.floats(0, 0.4),
    st.floats(0, 0.4),
)
def test_splits_never_part_relatives_and_never_exceed_their_shares(kin, validation, test):
    rows = [
        replace(
            synthetic_row(f"row-{n}", f"{n * 7919} {n**5}", str(n**3), seed_id=f"seed-{seed}"),
            parent_ids=(f"row-{parent}",) if parent < n else (),
        )
        for n, (seed, parent) in enumerate(kin)
    ]
    samples = frame_of(*rows)
    shares = Splits(validation=round(validation, 2), test=round(test, 2))
    found = splits_of(samples, shares)
    by_group = {}
    for group, split in zip(related(samples, shares.similarity), found, strict=True):
        assert by_group.setdefault(group, split) == split
    counts = Counter(found)
    assert counts["validation"] <= shares.validation * len(rows) + 0.5
    assert counts["test"] <= shares.test * len(rows) + 0.5


def test_compose_puts_copies_of_a_row_in_one_split():
    rows = [real_row(f"r-{n}", f"{n * 7919}", f"{n**3}") for n in range(20)]
    samples = frame_of(*rows)
    mixture = Mixture.model_validate(
        {"id": "mix", "rows": 60, "repeats": {"real": 3}, "splits": {"validation": 0.2}}
    )
    kept = compose(samples, mixture, plain_standing(samples)).kept
    by_row = kept.group_by("sample_id").agg(pl.col("split").n_unique(), pl.len())
    assert by_row.select("split", "len").unique().rows() == [(1, 3)]
    assert Counter(kept["split"]) == {"train": 48, "validation": 12}
