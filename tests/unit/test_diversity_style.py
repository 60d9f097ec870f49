import numpy as np
import pytest

from synth_assets.core.diversity import bias, repetition, style, topics
from synth_assets.core.diversity.corpus import Corpus, Vocabulary
from synth_assets.core.diversity.formulas import (
    compression_ratio,
    distinct_n,
    mattr,
    mean_words,
    repeated_opening_share,
    sd_words,
)
from synth_assets.core.diversity.topics import Real


def of(formula, *texts, writers=None):
    corpus = Corpus.of(texts, writers)
    [found] = formula(corpus, np.ones((1, len(corpus))))
    return found


TEXTS = (
    "The cat sat. The cat sat on the mat, and then on the hat.",
    "The cat sat quite still; it was Tuesday.",
    "",
    "No cat " * 30,
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda c, w: repetition.distinct(c, w, 3), lambda texts: distinct_n(texts, 3)),
        (repetition.mattr, mattr),
        (repetition.compression, compression_ratio),
        (repetition.openings, repeated_opening_share),
        (repetition.mean_length, mean_words),
        (repetition.sd_length, sd_words),
    ],
)
def test_formula_with_weights_of_one_equals_the_formula_over_texts(ours, theirs):
    assert of(ours, *TEXTS) == pytest.approx(theirs(TEXTS), rel=1e-12)


def test_formula_with_a_text_left_out_equals_that_without_it():
    corpus = Corpus.of(TEXTS)
    weights = np.array([[1.0, 1.0, 1.0, 0.0]])
    for formula, plain in (
        (repetition.compression, compression_ratio),
        (repetition.openings, repeated_opening_share),
        (repetition.sd_length, sd_words),
    ):
        assert formula(corpus, weights) == pytest.approx(plain(TEXTS[:3]))


def test_metrics_of_no_words_do_not_exist():
    for formula in (
        repetition.mtld,
        repetition.top_phrases,
        style.sentence_spread,
        style.slop_rate,
        bias.name_rate,
        bias.top_names,
        bias.female_share,
        bias.effective_teachers,
    ):
        assert np.isnan(of(formula, "", "...")), formula


def test_sentence_spread_is_over_all_sentences_of_all_texts():
    # sentences of two, four and three words
    assert of(style.sentence_spread, "It rains. It rains on us.", "We stay in.") == pytest.approx(
        np.std([2, 4, 3])
    )


def test_slop_rate_counts_different_phrases_and_the_longer_of_two():
    text = "A rich tapestry, a rich tapestry. It's important to note this."
    # Two phrases: `tapestry` is part of `rich tapestry`; of 11 words people write .0099.
    assert of(style.slop_rate, text) == pytest.approx(2 / 11 / style.HUMAN_SLOP * 1000)
    assert of(style.slop_rate, "Nothing of that kind here.") == 0.0


@pytest.mark.parametrize(
    ("formula", "has", "has_not"),
    [
        (style.lists, "Two:\n- one\n- two", "- one alone"),
        (style.lists, "1. one\n2) two", "In 1990. 2 of\nthem."),
        (style.headings, "# What\ntext", "#### 72"),
        (style.headings, "Title\n-----\n", "a --- b"),
        (style.bold, "It is **very** big", "2 ** 3 ** 4"),
        (style.bold, "<b>big</b>", "snake__case"),
    ],
)
def test_layout_share_counts_texts_that_have_it(formula, has, has_not):
    assert of(formula, has, has_not) == 0.5


def test_teachers_of_rows_that_a_teacher_wrote_are_counted():
    texts, writers = ["x"] * 5, ["a", "a", "b", "b", ""]
    assert of(bias.effective_teachers, *texts, writers=writers) == pytest.approx(2.0)
    assert of(bias.largest_teacher, *texts, writers=["a", "a", "a", "b", ""]) == 0.75


def test_names_are_counted_in_a_thousand_words_and_by_how_common_they_are():
    texts = ["We met Alice in Paris.", "Then Alice left."]
    assert of(bias.name_rate, *texts) == pytest.approx(1000 * 3 / 8)
    many = [f"We met Zelda and Mr{'x' * n}o." for n in range(1, 21)]
    # Zelda stands 20 times, 20 others once: the ten commonest are 29 of 40.
    assert of(bias.top_names, *many) == pytest.approx(29 / 40)


def test_female_share_of_few_words_does_not_exist_and_of_many_is_their_share():
    assert np.isnan(of(bias.female_share, "she " * 19))
    assert of(bias.female_share, "she her " * 5 + "he " * 10) == 0.5


def test_distances_to_equal_texts_are_0_and_to_texts_without_anything_shared_1():
    words = Vocabulary()
    ours = Corpus.of(["She and her sister met Zelda. " * 9], vocabulary=words)
    other = Corpus.of(["He asked Boris as the king of men did. " * 9], vocabulary=words)
    once = np.ones((1, 1))
    for formula in (bias.name_distance, bias.group_distance):
        assert formula(ours, once, ours) == pytest.approx(0.0, abs=1e-12)
        assert formula(ours, once, other) == pytest.approx(1.0)
    assert style.function_word_distance(ours, once, ours) == pytest.approx(0.0, abs=1e-12)
    assert style.function_word_distance(ours, once, other) > 0.1


def test_topics_of_a_set_on_one_of_two_kinds_are_uneven_and_half_missing():
    words = Vocabulary()
    seas = [f"ships sail the sea and waves number {n} roll" for n in range(30)]
    bread = [f"bakers knead dough and ovens {n} bake bread" for n in range(30)]
    real = Real(Corpus.of([*seas, *bread], vocabulary=words))
    both = Corpus.of([*seas[:15], *bread[:15]], vocabulary=words)
    one = Corpus.of(seas[:30], vocabulary=words)
    once = np.ones((1, 30))
    assert topics.topic_entropy(both, once, real)[0] > 0.9
    assert topics.topic_entropy(one, once, real)[0] < 0.75
    assert topics.largest_topic(one, once, real)[0] > topics.largest_topic(both, once, real)[0]
    assert topics.missing_topics(both, once, real)[0] == pytest.approx(0.0, abs=0.1)
    assert topics.missing_topics(one, once, real)[0] == pytest.approx(0.5, abs=0.05)
