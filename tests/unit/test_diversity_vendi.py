import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from synth_assets.core.diversity.vendi import (
    vendi_score,
    vendi_score_of_rows,
    vendi_score_of_vectors,
)
from synth_assets.core.diversity.wording import told_apart, word_similarities


def test_vendi_score_of_texts_with_nothing_in_common_is_their_number():
    assert vendi_score(np.eye(7)) == pytest.approx(7.0)


def test_vendi_score_of_equal_texts_is_one():
    assert vendi_score(np.ones((7, 7))) == pytest.approx(1.0)


def test_vendi_score_of_two_groups_is_what_the_paper_defines():
    # Three texts alike and one apart: the eigenvalues of K / n are 3/4 and 1/4.
    similarities = np.zeros((4, 4))
    similarities[:3, :3] = 1.0
    similarities[3, 3] = 1.0
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert vendi_score(similarities) == pytest.approx(np.exp(entropy))


def test_vendi_score_of_no_texts_is_refused():
    with pytest.raises(ValueError, match="no texts"):
        vendi_score(np.empty((0, 0)))


@given(st.integers(1, 30), st.integers(2, 30), st.integers(0, 10))
@settings(deadline=None, max_examples=40)
def test_vendi_score_of_vectors_is_that_of_their_pairs(count: int, dimensions: int, seed: int):
    vectors = np.random.default_rng(seed).normal(size=(count, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = vendi_score_of_vectors(vectors)
    assert found == pytest.approx(vendi_score(vectors @ vectors.T), rel=1e-6)
    assert 1.0 - 1e-9 <= found <= min(count, dimensions) + 1e-6


def test_word_similarities_see_shared_words_and_nothing_else():
    found = word_similarities(["a cat sat", "a cat sat", "dogs bark", ""])
    assert found.diagonal() == pytest.approx(1.0)
    assert found[0, 1] == pytest.approx(1.0)
    assert found[0, 2] == pytest.approx(0.0)
    assert found[0, 3] == 0.0


def test_told_apart_finds_two_kinds_and_no_difference_where_there_is_none():
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(300)]
    texts = [" ".join(rng.choice(words, 30)) for _ in range(400)]
    assert 0.42 < told_apart(texts[:200], texts[200:]) < 0.58
    marked = [f"indeed {text}" for text in texts[200:]]
    assert told_apart(texts[:200], marked) > 0.99


def test_told_apart_of_a_few_texts_tells_nothing():
    assert told_apart(["a"] * 9, ["b"] * 100) == 0.5


def test_vendi_score_of_rows_is_near_the_exact_one_and_counts_empty_rows_as_alone():
    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, 401)
    counts = rng.multinomial(30, chances / chances.sum(), 600).astype(float)
    rows = np.sqrt(counts / 30)
    similar = np.zeros((630, 630))
    similar[:600, :600] = rows @ rows.T
    similar[range(600, 630), range(600, 630)] = 1.0
    with_empty = csr_matrix(np.concatenate([rows, np.zeros((30, 400))]))
    found = vendi_score_of_rows(with_empty)
    assert found == pytest.approx(vendi_score(similar), rel=0.02)


def test_vendi_score_of_no_rows_is_refused():
    with pytest.raises(ValueError, match="no texts"):
        vendi_score_of_rows(csr_matrix((0, 5)))
