import numpy as np
import pytest

from synth_assets.core.embedding import tfidf
from synth_assets.core.embedding.tfidf import Tfidf

PROBLEMS = [
    f"{name} has {count} {thing} and buys {more} more at the market. How many {thing} are there?"
    for count, name in enumerate(("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn"), start=12)
    for more, thing in enumerate(("apples", "books", "coins", "drums", "eggs", "flags"), start=3)
]
PROSE = [
    "The committee met on Monday to talk about the budget of the city.",
    "The committee talked about the budget of the city on Monday.",
    "Rain fell over the northern hills all through the night.",
]


def test_tfidf_paraphrase_is_nearer_than_another_text():
    rows = Tfidf().embed([*PROBLEMS, *PROSE])
    first, second, other = rows[-3:]
    assert first @ second > 0.7
    assert first @ other < 0.3
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows.dtype == np.float32
    assert rows.shape[1] == Tfidf().dimensions == 384


def test_tfidf_rows_depend_neither_on_the_order_nor_on_repetitions():
    texts = [*PROBLEMS, *PROSE]
    order = np.random.default_rng(0).permutation(len(texts))
    rows = Tfidf().embed(texts)
    again = Tfidf().embed([*(texts[n] for n in order), *texts[:5]])
    np.testing.assert_array_equal(again[: len(texts)], rows[order])
    np.testing.assert_array_equal(again[len(texts) :], rows[:5])


def test_tfidf_rare_words_and_numbers_tell_texts_apart():
    rows = Tfidf().embed(
        [*PROBLEMS, "The capital is Quito.", "The capital is Lima.", "3 + 4", "3 - 4"]
    )
    assert rows[-4] @ rows[-3] < 0.95
    assert rows[-2] @ rows[-1] < 0.95


@pytest.mark.parametrize("text", ["", " \n", "...", "!?"])
def test_tfidf_text_without_a_word_or_symbol_has_a_row_of_zeros(text: str):
    rows = Tfidf().embed([*PROSE, text])
    assert not rows[-1].any()
    assert rows[:-1].any(axis=1).all()


def test_tfidf_half_of_a_surrogate_pair_is_a_symbol_and_breaks_nothing():
    rows = Tfidf().embed(["a \ud800 b", "a b"])
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-6)
    assert not np.array_equal(rows[0], rows[1])


def test_tfidf_no_texts_or_only_blank_ones_give_rows_of_zeros():
    assert Tfidf().embed([]).shape == (0, 384)
    assert not Tfidf().embed(["", " "]).any()


def test_tfidf_few_texts_make_a_space_too():
    rows = Tfidf().embed(["one text", "one text", "another"])
    np.testing.assert_array_equal(rows[0], rows[1])
    assert rows[0] @ rows[2] < 0.9


def test_tfidf_learnt_space_compares_texts_of_two_calls():
    space = Tfidf().learnt_from([*PROBLEMS, *PROSE])
    assert Tfidf().looks_at_others
    assert not space.looks_at_others
    np.testing.assert_array_equal(space.embed(PROSE), Tfidf().embed([*PROBLEMS, *PROSE])[-3:])
    unseen = space.embed(["zyxomma quorl", "zyxomma quorl brivel", PROSE[0]])
    assert unseen[0] @ unseen[1] > 0.6
    assert abs(unseen[0] @ unseen[2]) < 0.3
    assert space.name != Tfidf().learnt_from(PROSE).name


def test_tfidf_learns_from_a_sample_that_a_hash_chooses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tfidf, "FIT_TEXTS", 10)
    one = Tfidf().learnt_from(PROBLEMS)
    other = Tfidf().learnt_from(PROBLEMS[::-1])
    assert one.name == other.name
    np.testing.assert_array_equal(one.axes, other.axes)
    monkeypatch.setattr(tfidf, "FIT_TEXTS", 20)
    assert Tfidf().learnt_from(PROBLEMS).name != one.name
