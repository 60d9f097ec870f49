"""Rows that tell of other numbers are never alike in meaning, unless that is switched off."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.combined import Meaning
from synth_assets.core.dedup.same_numbers import number_sets
from synth_assets.core.dedup.semantic import semantic_duplicates
from synth_assets.core.dedup.stage import compared_texts, deduplicate
from synth_assets.core.embedding.protocol import unit_rows
from synth_assets.core.embedding.tfidf import Tfidf
from synth_assets.core.ngrams import words
from tests.samples import decisions_of, frame_of, synthetic_row


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It has 3 apples and twenty-five pears.", "Of pears 25, of apples three, 3, THREE."),
        ("1,200 dollars", "$1200.0"),
        ("half of it", "1/2 of it"),
        ("two thirds", "2/3"),
        ("one day", "a day"),
        ("20kb at 9am", "9 am, 20 KB"),
        ("\u0663 apples", "3 apples"),
        ("", "nothing"),
    ],
)
def test_number_sets_are_the_same_of_the_same_numbers_however_written(one, other):
    found = number_sets([one, other])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 apples", "4 apples"),
        ("3 apples and 4 pears", "3 apples"),
        ("12 pears", "1 or 2 pears"),
        ("1 pear", "a pear"),
        ("0 pears", "pears"),
        ("1.5 pears", "15 pears"),
        ("20kb", "30kb"),
        ("model x1", "model x2"),
        ("twice", "thrice"),
    ],
)
def test_number_sets_of_other_numbers_differ(one, other):
    found = number_sets([one, other])
    assert found[0] != found[1]


@given(st.lists(st.sets(st.integers(0, 40), max_size=4), max_size=30), st.randoms())
@settings(deadline=None)
def test_number_sets_are_equal_where_the_sets_are(sets, dice):
    def told(numbers):
        shuffled = [*numbers, *numbers]
        dice.shuffle(shuffled)
        return " and ".join(f"{number} pears" for number in shuffled)

    found = number_sets([told(numbers) for numbers in sets])
    for one, ours in zip(sets, found, strict=True):
        assert [one == other for other in sets] == (ours == found).tolist()


@pytest.mark.parametrize("exact", [True, False])
def test_semantic_rows_of_another_kind_are_compared_with_their_own_alone(exact):
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(40, 32))
    rows = unit_rows((np.repeat(centres, 10, 0) + rng.normal(0, 0.05, (400, 32))).astype("f4"))
    kinds = rng.integers(0, 3, 400)
    found = semantic_duplicates(rows, 0.9, exact=exact, kinds=kinds)
    dropped = found.dropped
    assert (kinds[dropped] == kinds[found.kept_row[dropped]]).all()
    # As if each kind were alone.
    expected = 0
    for kind in range(3):
        alone = np.flatnonzero(kinds == kind)
        kept = semantic_duplicates(rows[alone], 0.9, exact=True).kept_row
        expected += int((kept >= 0).sum())
        if exact:
            own = np.where(kept >= 0, alone[kept], -1)
            assert found.kept_row[alone].tolist() == own.tolist()
    assert len(dropped) == pytest.approx(expected, rel=0.02)
    assert expected > 250


TEXTS = [
    "A gardener plants 12 rows of 9 tulips and sells half of them at the fair. What is left?",
    "A gardener plants 14 rows of 9 tulips and sells half of them at the fair. What is left?",
    "At the fair half is sold of what a gardener plants: of tulips 12 rows of 9. What is left?",
]


def dropped_for(same_numbers: bool) -> dict[str, str | None]:
    rows = frame_of(*(synthetic_row(f"r{at}", "", text) for at, text in enumerate(TEXTS)))
    texts = compared_texts(rows)
    kinds = number_sets(texts) if same_numbers else None
    result = deduplicate(rows, meaning=Meaning(Tfidf().embed(texts), 0.6, kinds))
    return {name: each.duplicate_of for name, each in decisions_of(result.decisions).items()}


def test_problem_with_other_numbers_is_no_duplicate_and_a_paraphrase_is():
    # The longest stays.
    assert dropped_for(same_numbers=True) == {"r0": "r2", "r1": None, "r2": None}
    assert dropped_for(same_numbers=False) == {"r0": "r2", "r1": "r2", "r2": None}


def test_row_whose_kept_row_goes_is_not_dropped_for_one_with_other_numbers():
    # The second goes for the first, by meaning; the third, nearly the second, is decided on anew.
    same = " ".join(one + other for one in "bcdfgh" for other in "aeiouy")
    texts = [f"other words 7 {'and more ' * 90}", f"{same} 7", f"{same} 8"]
    rows = frame_of(*(synthetic_row(f"r{at}", "", text) for at, text in enumerate(texts)))
    vectors = unit_rows(np.array([[1, 0], [1, 0.1], [1, 0.1]], np.float32))
    told = {}
    for name, kinds in (("same", number_sets(compared_texts(rows))), ("any", None)):
        decided = decisions_of(deduplicate(rows, meaning=Meaning(vectors, 0.9, kinds)).decisions)
        told[name] = {row: each.duplicate_of for row, each in decided.items()}
    assert told["any"] == {"r0": None, "r1": "r0", "r2": "r0"}
    assert told["same"] == {"r0": None, "r1": "r0", "r2": None}


@pytest.fixture(scope="module")
def gsm8k(shared_data) -> dict[str, list[str]]:
    def read(name: str, column: str) -> list[str]:
        lines = (shared_data / name).read_text("utf-8").splitlines()
        return [json.loads(line)[column] for line in lines]

    anew = read("decontaminator/rephrase_gsm8k.A.jsonl", "text")
    return {
        "test": read("gsm8k/test.jsonl", "question"),
        "anew": [text.split("\nAnswer:")[0].removeprefix("Question: ") for text in anew],
        "hard": read("math/gsm_hard_test.jsonl", "input"),
    }


def test_number_sets_of_gsm_hard_are_those_of_no_item_unless_it_is_the_item(gsm8k):
    # They stand in another order, so each is held against the item that begins alike.
    items = {" ".join(words(text)) for text in gsm8k["test"]}
    changed = [text for text in gsm8k["hard"] if " ".join(words(text)) not in items]
    begun = {tuple(words(text)[:5]): text for text in gsm8k["test"]}
    pairs = [(text, begun.get(tuple(words(text)[:5]), "")) for text in changed]
    assert len(changed) == 990
    ours, theirs = (number_sets(each) for each in zip(*pairs, strict=True))
    assert not (ours == theirs).any()


def test_number_sets_of_rephrased_items_are_mostly_those_of_the_item(gsm8k):
    same = number_sets(gsm8k["test"])[:660] == number_sets(gsm8k["anew"])
    assert 570 <= same.sum() <= 590
