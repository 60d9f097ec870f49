"""The n-gram language model: probabilities that are ones, figures on real text, samples."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.language_model.key_index import KeyIndex
from synth_assets.core.language_model.kneser_ney import Smoothing
from synth_assets.core.language_model.ngram import Decoding, NgramModel
from synth_assets.core.language_model.vocabulary import END, START, UNKNOWN, Tokens, Vocabulary

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log.",
    "A cat and a dog sat still.",
    "The cat saw 12 dogs and 30 logs.",
    "",
]
HOSTILE = [
    "",
    " ",
    "\0\0\0",
    "\ud800 half of a pair",
    "\U0001f600" * 50,
    "\u202e\u200b\u0301",
    "x" * 100_000,
    "1" * 100_000,
    "((((" * 25_000,
    "\n" * 1_000,
]
texts = st.lists(st.text("ab .1é\n", max_size=12), min_size=1, max_size=8)


def questions(folder: Path, part: str) -> list[str]:
    lines = (folder / "gsm8k" / f"{part}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def bits_per_byte(model: NgramModel, held_out: list[str]) -> float:
    found = model.surprise(held_out)
    return float(found.bits.sum() / found.bytes.sum())


@given(st.text(), st.sampled_from(Tokens))
def test_tokens_joined_are_the_text(text: str, tokens: Tokens) -> None:
    assert "".join(tokens.of(text)) == text


def test_vocabulary_numbers_what_stands_twice_and_keeps_the_rest_as_unknown() -> None:
    vocabulary = Vocabulary.of(["a cat", "a dog", "a cat sat"], Tokens.WORDS)
    assert vocabulary.known[3:] == ("a", " cat")
    assert vocabulary.once == (" dog", " sat")
    encoded = vocabulary.encode(["a cat", "a cow"])
    assert encoded.ids.tolist() == [START, 3, 4, END, START, 3, UNKNOWN, END]
    assert encoded.starts.tolist() == [0, 4]
    assert encoded.unknown == [" cow"]


@settings(max_examples=60, deadline=None)
@given(texts, st.integers(1, 5), st.sampled_from(Tokens), st.data())
def test_model_probabilities_add_up_to_one_in_any_context(
    fitted: list[str], order: int, tokens: Tokens, data: st.DataObject
) -> None:
    model = NgramModel.fit(fitted, order, tokens).chances
    context = data.draw(st.lists(st.sampled_from([0, *range(3, max(model.size, 4))]), max_size=5))
    nodes = model.start(1)
    for token in context:
        nodes = model.after(nodes, np.array([min(token, model.size - 1)]))
    table = model.distribution(nodes)
    assert table.sum() == pytest.approx(1.0, abs=1e-9)
    assert table[0, START] == 0
    assert (np.delete(table, START) > 0).all()
    each = model.likelihood(np.repeat(nodes, model.size, axis=1), np.arange(model.size))
    assert each == pytest.approx(table[0], abs=1e-12)
    assert (table <= model.most_likely(nodes)[:, None] + 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(texts, texts, st.integers(1, 5), st.sampled_from(Tokens))
def test_model_scores_texts_in_a_batch_as_it_does_alone(
    fitted: list[str], others: list[str], order: int, tokens: Tokens
) -> None:
    model = NgramModel.fit(fitted, order, tokens)
    together = model.surprise(others)
    for place, text in enumerate(others):
        alone = model.surprise([text])
        assert together.bits[place] == pytest.approx(alone.bits[0])
        assert together.ending[place] == pytest.approx(alone.ending[0])
        assert together.stretch[place] == pytest.approx(alone.stretch[0])


def test_model_gives_chen_and_goodmans_probabilities_on_counts_made_by_hand() -> None:
    # Characters `aab`, `ab`: bigrams ^a 2, aa 1, ab 2, b$ 2; the unigrams stand after 2 (a: ^ a),
    # 1 (b: a) and 1 ($: b) different tokens. No count is 3, so the discounts are .5, 1, 1.5.
    model = NgramModel.fit(["aab", "ab"], 2, Tokens.CHARACTERS).chances
    a, b = 3, 4
    even = 1 / 4
    left = (1.0 + 0.5 + 0.5) / 4
    after_any = {a: (2 - 1) / 4 + left * even, b: (1 - 0.5) / 4 + left * even}
    nodes = model.after(model.start(1), np.array([a]))
    rest = (0.5 + 1.0) / 3
    assert model.likelihood(nodes, np.array([b]))[0] == pytest.approx(1 / 3 + rest * after_any[b])
    assert model.likelihood(nodes, np.array([a]))[0] == pytest.approx(0.5 / 3 + rest * after_any[a])


def test_model_of_frequencies_gives_half_to_the_longest_context_seen() -> None:
    # Characters `aab`, `ab`: bigrams ^a 2, aa 1, ab 2, b$ 2; of 7 tokens a 3, b 2, $ 2.
    fitted = NgramModel.fit(["aab", "ab"], 2, Tokens.CHARACTERS, Smoothing.FREQUENCIES)
    model, a, b = fitted.chances, 3, 4
    anywhere = {a: 0.5 * 3 / 7 + 0.5 / 4, b: 0.5 * 2 / 7 + 0.5 / 4}
    nodes = model.after(model.start(1), np.array([a]))
    found = model.likelihood(np.repeat(nodes, 2, axis=1), np.array([a, b]))
    assert found == pytest.approx(
        [0.5 * 1 / 3 + 0.5 * anywhere[a], 0.5 * 2 / 3 + 0.5 * anywhere[b]]
    )
    assert model.distribution(nodes).sum() == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text("ab c", min_size=1, max_size=12), min_size=1), st.integers(2, 4))
def test_model_of_frequencies_of_texts_many_times_over_is_that_of_them_once(
    fitted: set[str], times: int
) -> None:
    once, again = (
        NgramModel.fit(sorted(fitted) * n, 3, Tokens.WORDS, Smoothing.FREQUENCIES)
        for n in (1, times)
    )
    held_out = ["a b cab", "zz", ""]
    assert again.bits_per_byte(held_out) == pytest.approx(once.bits_per_byte(held_out))


def test_model_of_texts_twice_still_expects_words_that_it_never_saw() -> None:
    once, twice = (NgramModel.fit(TEXTS * n, 3) for n in (1, 2))
    unseen = ["Zebras graze."]
    assert twice.vocabulary.once == once.vocabulary.once
    assert twice.bits_per_byte(unseen)[0] < 1.5 * once.bits_per_byte(unseen)[0]


@pytest.mark.parametrize("tokens", Tokens)
def test_model_gives_every_text_a_finite_figure(tokens: Tokens) -> None:
    found = NgramModel.fit(TEXTS, 3, tokens).surprise(HOSTILE)
    assert np.isfinite(found.bits).all()
    assert (found.bits > 0).all()
    assert np.isfinite(found.per_byte).all()


def test_model_finds_texts_of_its_kind_less_surprising() -> None:
    model = NgramModel.fit(TEXTS * 5, 3)
    own, other = model.bits_per_byte(["The dog sat on the mat.", "Quarks yield 7 gluons; voilà!"])
    assert own < other / 2
    assert model.bits_per_byte([]).tolist() == []


def test_model_is_the_same_whatever_the_order_of_its_texts() -> None:
    held_out = ["The cat sat on a log.", "99 bottles"]
    forth, back = (NgramModel.fit(t, 3).bits_per_byte(held_out) for t in (TEXTS, TEXTS[::-1]))
    assert forth == pytest.approx(back, rel=1e-12)


@pytest.mark.parametrize(
    "decoding", [Decoding(), Decoding(best_of=2), Decoding(temperature=0.5), Decoding(2.0)]
)
def test_samples_are_the_same_for_the_same_seed_and_others_for_another(decoding: Decoding) -> None:
    model = NgramModel.fit(TEXTS * 3, 3)
    first, again, other = (
        model.sample(np.random.default_rng(seed), 40, decoding=decoding) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len(first) == 40


def test_samples_are_cut_and_few_as_asked() -> None:
    model = NgramModel.fit(["ab" * 400], 2, Tokens.CHARACTERS)
    rng = np.random.default_rng(0)
    assert model.sample(rng, 0) == []
    assert all(len(text) <= 5 for text in model.sample(rng, 20, max_tokens=5))
    assert max(len(text) for text in model.sample(rng, 20)) <= 2 * 800 + 1


def test_samples_of_one_token_come_as_often_as_the_model_says() -> None:
    model = NgramModel.fit(TEXTS * 4, 3)
    contexts = model.chances.start(40_000)
    drawn = model.chances.draw(contexts, np.random.default_rng(3))
    expected = model.chances.distribution(contexts[:, :1])[0]
    seen = np.bincount(drawn, minlength=len(model)) / len(drawn)
    assert seen == pytest.approx(expected, abs=0.01)
    assert seen[START] == 0


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.5])
def test_samples_at_a_temperature_come_as_often_as_its_power_says(temperature: float) -> None:
    model = NgramModel.fit(["a b", "a b", "a c", "b c", "b b", "c a"] * 3, 2, Tokens.CHARACTERS)
    expected = model.chances.distribution(model.chances.start(1))[0] ** (1 / temperature)
    texts = model.sample(
        np.random.default_rng(5), 20_000, decoding=Decoding(temperature), max_tokens=1
    )
    for token, number in model.vocabulary.numbers.items():
        share = texts.count(token) / len(texts)
        assert share == pytest.approx(expected[number] / expected.sum(), abs=0.015)


@pytest.mark.parametrize(("wrong", "best_of"), [(0.0, 1), (-1.0, 1), (1.0, 0), (float("nan"), 1)])
def test_decoding_refuses_what_cannot_be_drawn(wrong: float, best_of: int) -> None:
    with pytest.raises(ValueError, match="temperature is above 0"):
        Decoding(wrong, best_of)


@pytest.mark.parametrize(("fitted", "order"), [([], 3), (["a"], 0), (["a"], 13)])
def test_model_without_texts_or_of_another_order_is_refused(fitted: list[str], order: int) -> None:
    with pytest.raises(ValueError, match="give texts, and 1 to 12"):
        NgramModel.fit(fitted, order)


@given(st.sets(st.integers(0, 2**62)), st.lists(st.integers(0, 2**62)))
def test_key_index_finds_every_key_and_nothing_else(keys: set[int], others: list[int]) -> None:
    rising = np.array(sorted(keys), np.int64)
    index = KeyIndex.of(rising)
    assert index.find(rising).tolist() == list(range(len(keys)))
    expected = [sorted(keys).index(each) if each in keys else -1 for each in others]
    assert index.find(np.array(others, np.int64)).tolist() == expected


def test_model_on_gsm8k_predicts_held_out_questions(shared_data: Path) -> None:
    train, test = questions(shared_data, "train"), questions(shared_data, "test")
    assert bits_per_byte(NgramModel.fit(train[:4_000], 3), test) < 1.74
    assert bits_per_byte(NgramModel.fit(train[:1_500], 4), test) < 1.90
    assert bits_per_byte(NgramModel.fit(train[:4_000], 6, Tokens.CHARACTERS), test) < 1.82


def test_model_fed_on_its_own_samples_of_gsm8k_gets_worse_each_time(shared_data: Path) -> None:
    held_out, rng = questions(shared_data, "test"), np.random.default_rng(0)
    texts, found = questions(shared_data, "train")[:1_500], list[float]()
    for _ in range(4):
        model = NgramModel.fit(texts, 3)
        found.append(bits_per_byte(model, held_out))
        texts = model.sample(rng, 1_500)
    assert found == sorted(found)
    assert found[3] - found[0] > 0.3
