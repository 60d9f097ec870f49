import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.diversity.formulas import (
    compression_ratio,
    distinct_n,
    mattr,
    mean_words,
    repeated_opening_share,
    sd_words,
    words_of,
)

texts = st.lists(st.text(alphabet="ab c'\n1_é", max_size=30), max_size=8)
orders = st.integers(min_value=1, max_value=4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, straße!", ["don't", "stop", "strasse"]),
        ("it\u2019s", ["it\u2019s"]),
        ("<<3*4=12>> 12", ["3", "4", "12", "12"]),
        ("snake_case 'quoted'", ["snake", "case", "quoted"]),
        ("... --- \n\t", []),
        ("", []),
    ],
)
def test_words_of_text_are_casefolded_runs_of_letters_and_digits(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize(("n", "value"), [(1, 4 / 8), (2, 4 / 6), (3, 3 / 4), (4, 2 / 2)])
def test_distinct_n_of_two_texts_is_unique_over_all_ngrams_within_each(n, value):
    # the cat saw the | the cat saw it
    assert distinct_n(["The cat saw the", "the cat saw it."], n) == value


def test_distinct_n_never_joins_two_texts():
    assert distinct_n(["a b", "a b"], 2) == 1 / 2
    assert distinct_n(["a", "b"], 2) is None


@given(texts, orders)
def test_distinct_n_of_any_texts_lies_above_zero_and_at_most_one(given_texts, n):
    value = distinct_n(given_texts, n)
    assert value is None or 0 < value <= 1


@given(texts, orders)
def test_distinct_n_with_a_duplicated_text_never_rises(given_texts, n):
    before = distinct_n(given_texts, n)
    for text in given_texts:
        after = distinct_n([*given_texts, text], n)
        assert (before is None and after is None) or after <= before


@given(texts, orders, st.randoms())
def test_formulas_of_reordered_texts_are_the_same(given_texts, n, random):
    shuffled = random.sample(given_texts, len(given_texts))
    assert distinct_n(shuffled, n) == distinct_n(given_texts, n)
    assert compression_ratio(shuffled) == compression_ratio(given_texts)
    assert repeated_opening_share(shuffled) == repeated_opening_share(given_texts)
    assert mean_words(shuffled) == mean_words(given_texts)
    assert sd_words(shuffled) == pytest.approx(sd_words(given_texts))


def test_compression_ratio_is_raw_over_compressed_bytes_of_sorted_texts():
    raw = b"alpha\nbeta beta\ngamma"
    assert compression_ratio(["gamma", "alpha", "beta beta"]) == len(raw) / len(
        zlib.compress(raw, 6)
    )


def test_compression_ratio_of_a_duplicate_a_megabyte_away_still_sees_it():
    unlike = [f"{i:08d}{i * 7919 % 1000003}" for i in range(60_000)]
    once, twice = ["q" + "xyzw" * 5_000], ["q" + "xyzw" * 5_000] * 2
    ratios = [compression_ratio([*part, *unlike, *part]) for part in (once, twice)]
    assert ratios[1] > ratios[0]


def test_compression_ratio_of_lone_surrogates_and_nothing_does_not_raise():
    assert compression_ratio(["\ud800"]) > 0
    assert compression_ratio([]) is None


def test_mattr_of_five_words_is_the_mean_over_windows():
    # windows of three: a b a (2), b a c (3), a c c (2)
    assert mattr(["a b a", "c c"], window=3) == pytest.approx((2 + 3 + 2) / 9)


def test_mattr_of_fewer_words_than_the_window_is_none():
    assert mattr(["a b"], window=3) is None


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=40), st.integers(1, 12))
def test_mattr_of_any_words_equals_counting_each_window_afresh(words, window):
    windows = [words[i : i + window] for i in range(len(words) - window + 1)]
    value = mattr([" ".join(words)], window)
    if not windows:
        assert value is None
    else:
        expected = sum(len(set(part)) / window for part in windows) / len(windows)
        assert value == pytest.approx(expected)


def test_mean_and_sd_words_of_known_lengths_are_exact():
    assert mean_words(["a", "a b c", ""]) == pytest.approx(4 / 3)
    assert sd_words(["a b", "a b c d"]) == 1.0
    assert sd_words(["one two"]) == 0.0
    assert mean_words([]) is None
    assert sd_words([]) is None


def test_repeated_opening_share_counts_the_commonest_three_words():
    given_texts = ["Sure, here is one", "sure here IS two", "No way at all", "Sure", "?!"]
    assert repeated_opening_share(given_texts) == 2 / 4
    assert repeated_opening_share(["...", ""]) is None
