"""What near-duplicates are measured by: corpora, the exact join, scores."""

import pydoc_data.topics
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.dedup_corpora import Corpus, make_corpus
from benchmarks.dedup_score import Truth, components, flags, one_by_one
from benchmarks.dedup_source import Source
from benchmarks.exact_join import Cut, Pairs, Sets, all_pairs, similar_pairs, similarity
from benchmarks.invariance import Way, differing
from synth_assets.core.ngrams import ngrams, words_and_symbols

ROWS = 1_500
TEXTS = list(pydoc_data.topics.topics.values())


@pytest.fixture(scope="module")
def source() -> Source:
    return Source.of(TEXTS)


@pytest.fixture(scope="module")
def corpus(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"), ROWS, 7, source)


def shingles(text: str) -> set[str]:
    tokens = words_and_symbols(text)
    return set(ngrams(tokens, 5) or [" ".join(tokens)])


def jaccard(one: str, other: str) -> float:
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)


def as_tuples(pairs: Pairs) -> list[tuple[int, int, float]]:
    columns = (pairs.first, pairs.second, pairs.jaccard)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_exact_join_of_small_texts_finds_what_python_sets_say():
    words = ["a", "b", "c", "d", "e", "f", "g"]
    texts = [" ".join(words[start:end]) for start, end in combinations(range(8), 2)]
    texts += ["", "?!", "A, b; c d e"]
    sets = Sets.of(Cut.of(texts))
    for threshold in (0.1, 0.5, 2 / 3, 1.0):
        expected = [
            (one, other, jaccard(texts[one], texts[other]))
            for one, other in combinations(range(len(texts) - 2), 2)
            if jaccard(texts[one], texts[other]) >= threshold
        ]
        last = len(texts) - 1
        expected += [
            (one, last, jaccard(texts[one], texts[last]))
            for one in range(last - 2)
            if jaccard(texts[one], texts[last]) >= threshold
        ]
        assert as_tuples(similar_pairs(sets, threshold)) == sorted(expected)


def test_exact_join_of_a_corpus_finds_what_comparing_all_finds(corpus: Corpus):
    sets = Sets.of(Cut.of(corpus.texts()))
    every = all_pairs(sets, 0.3)
    assert len(every) > ROWS
    for threshold in (0.3, 0.7, 0.95):
        assert as_tuples(similar_pairs(sets, threshold)) == as_tuples(every.at_least(threshold))


def test_corpus_family_pairs_have_the_jaccard_of_their_texts(corpus: Corpus):
    texts, pairs = corpus.texts(), as_tuples(corpus.family_pairs())
    assert len(pairs) > 300
    assert [alike for _, _, alike in pairs] == [jaccard(texts[a], texts[b]) for a, b, _ in pairs]
    assert min(alike for _, _, alike in pairs) < 0.55


def test_corpus_has_copies_chains_and_frames_in_the_shares_it_states(corpus: Corpus):
    truth, texts = corpus.truth(), corpus.texts()
    copies = truth["parent"].is_not_null().mean()
    assert isinstance(copies, float)
    assert 0.2 < copies < 0.4
    assert 0.05 < (truth["kind"] == "template").mean() < 0.2
    assert truth["row"].to_list() == list(range(ROWS))
    surface = truth.filter(pl.col("change").is_in(["none", "surface"]))
    alike = [jaccard(texts[row], texts[of]) for row, of in surface.select("row", "parent").rows()]
    assert set(alike) == {1.0}


def test_corpus_chains_begin_and_end_unlike(corpus: Corpus):
    truth, texts = corpus.truth(), corpus.texts()
    chains = truth.filter(pl.col("kind") == "chain").group_by("family").agg("row", "parent")
    ends: list[float] = []
    for _, rows, parents in chains.filter(pl.col("row").list.len() >= 5).rows():
        [first] = [row for row, parent in zip(rows, parents, strict=True) if parent is None]
        [last] = set(rows) - set(parents)
        ends.append(jaccard(texts[first], texts[last]))
    assert ends
    assert max(ends) < 0.7


def test_corpus_of_one_seed_is_the_same_and_of_another_is_not(
    source: Source, corpus: Corpus, tmp_path: Path
):
    again = make_corpus(tmp_path / "again", ROWS, 7, source)
    other = make_corpus(tmp_path / "other", ROWS, 8, source)
    assert again.texts() == corpus.texts()
    assert again.truth().equals(corpus.truth())
    assert not set(other.texts()) & set(corpus.texts())


def test_similarity_of_pairs_is_that_of_their_sets():
    texts = ["one two three four five six", "one two three four five", "else"]
    sets = Sets.of(Cut.of(texts))
    assert similarity(sets, [0, 0], [1, 2]).tolist() == [0.5, 0.0]


def test_truth_counts_wrongly_removed_and_left_rows():
    # A chain 0 ~ 1 ~ 2 ~ 3, and 4 alone.
    chain = Truth(5, Pairs.of([0, 1, 2], [1, 2, 3], np.array([0.8, 0.9, 0.8])))
    columns = np.array([[0, 1], [1, 2], [2, 3]])
    assert np.flatnonzero(chain.one_by_one()).tolist() == [0, 2, 4]
    united = components(5, columns)
    assert np.flatnonzero(united).tolist() == [0, 4]
    judged = chain.judge(united)
    assert (judged.kept, judged.removed, judged.wrongly, judged.left) == (2, 3, 2, 0)
    judged = chain.judge(flags(5, np.array([0, 1, 4])))
    assert (judged.kept, judged.removed, judged.wrongly, judged.left) == (3, 2, 1, 1)
    assert chain.nearest_kept(chain.one_by_one()).tolist() == [-1, 2, -1, 2, -1]
    assert chain.precision(np.array([[1, 0], [4, 0]])) == 0.5
    assert chain.recall(np.array([[1, 0], [4, 0]])) == pytest.approx(1 / 3)
    assert np.flatnonzero(one_by_one(5, columns[:, ::-1])).tolist() == [0, 2, 4]


def test_invariance_names_the_rows_that_hang_on_the_order():
    rows = ["a", "b", "c"]

    def first_stays(given: Sequence[str], way: Way) -> Mapping[str, bool]:
        return {row: row == given[0] for row in given}

    def smallest_stays(given: Sequence[str], way: Way) -> Mapping[str, bool]:
        return {row: row == min(given) for row in given}

    among = [Way(), Way(order=1)]
    assert differing(smallest_stays, rows, among) == []
    [found] = differing(first_stays, rows, among)
    assert "order=1" in found
    assert "2 of 3 rows: a: False instead of True; c: True instead of False" in found
