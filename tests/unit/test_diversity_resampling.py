import numpy as np
import pytest

from synth_assets.core.diversity import repetition
from synth_assets.core.diversity.corpus import Corpus
from synth_assets.core.diversity.resampling import (
    LEAST_TEXTS,
    Resampling,
    interval_of,
    weights_of,
)


def corpus_of_words(rng, texts, words=40):
    chances = 1 / np.arange(1, words + 1)
    chances /= chances.sum()
    return Corpus.of(
        [" ".join(f"w{n}" for n in rng.choice(words, 12, p=chances)) for _ in range(texts)]
    )


def test_weights_of_bootstrap_draw_as_many_texts_as_there_are():
    weights = weights_of(50, Resampling.BOOTSTRAP, 0)
    assert weights[0].tolist() == [1.0] * 50
    assert set(weights.sum(axis=1)) == {50.0}
    assert weights[1:].max() > 1


def test_weights_of_halves_hold_each_text_once_or_not():
    weights = weights_of(51, Resampling.HALVES, 0)
    assert set(weights[1:].sum(axis=1)) == {25.0}
    assert set(np.unique(weights)) == {0.0, 1.0}


@pytest.mark.parametrize("resampling", Resampling)
def test_weights_of_one_seed_are_the_same_and_of_another_not(resampling):
    first = weights_of(40, resampling, 1).copy()
    assert (weights_of(40, resampling, 1) == first).all()
    assert (weights_of(40, resampling, 2) != first).any()


def test_interval_of_few_texts_does_not_exist():
    corpus = Corpus.of(["a b c"] * (LEAST_TEXTS - 1))
    weights = weights_of(len(corpus), Resampling.HALVES, 0)
    found = interval_of(repetition.distinct(corpus, weights, 1), Resampling.HALVES)
    assert (found.value, found.low, found.high) == (3 / 27, None, None)


def test_interval_of_a_mean_is_that_of_the_normal_law():
    rng = np.random.default_rng(3)
    lengths = rng.integers(5, 60, 400)
    corpus = Corpus.of([" ".join(["word"] * length) for length in lengths])
    weights = weights_of(400, Resampling.BOOTSTRAP, 0)
    found = interval_of(repetition.mean_length(corpus, weights), Resampling.BOOTSTRAP)
    error = lengths.std() / 20
    assert found.low == pytest.approx(lengths.mean() - 1.96 * error, abs=0.4 * error)
    assert found.high == pytest.approx(lengths.mean() + 1.96 * error, abs=0.4 * error)


def test_interval_of_distinct_2_by_halves_holds_what_new_samples_say_and_bootstrap_does_not():
    rng = np.random.default_rng(1)
    inside = {each: 0 for each in Resampling}
    real = np.mean(
        [repetition.distinct(corpus_of_words(rng, 60), np.ones((1, 60)), 2)[0] for _ in range(60)]
    )
    for _ in range(40):
        corpus = corpus_of_words(rng, 60)
        for each in Resampling:
            values = repetition.distinct(corpus, weights_of(60, each, 0), 2)
            found = interval_of(values, each)
            inside[each] += found.low <= real <= found.high
    assert inside[Resampling.HALVES] >= 34
    # Texts that are drawn twice repeat themselves.
    assert inside[Resampling.BOOTSTRAP] <= 4


def test_interval_of_a_figure_that_some_draw_lacks_does_not_exist():
    found = interval_of(np.array([0.5, 0.4, np.nan]), Resampling.HALVES)
    assert (found.value, found.low, found.high) == (0.5, None, None)


def test_interval_of_a_share_stays_within_its_bounds():
    found = interval_of(np.array([0.99, 0.9, 1.0, 1.0]), Resampling.HALVES, most=1.0)
    assert found.high == 1.0
    assert found.low < 0.99
    low = interval_of(np.array([0.01, 0.0, 0.1, 0.0]), Resampling.HALVES, most=1.0)
    assert low.low == 0.0
