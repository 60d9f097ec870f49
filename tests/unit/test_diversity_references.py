"""Each metric beside what its reference implementation says of the same real texts.

`benchmarks/diversity_references.py` made the values, with lexicalrichness 0.5.1, nltk 3.10.4,
rouge-score 0.1.2, vendi-score 0.0.3, prdc 0.2, scikit-learn and scipy; its first lines hold the
command. The package `diversity` 0.3 of Shaib et al. says 2.982 and 0.115, to three digits, of the
n-gram diversity of the texts as one and of their homogenization.
"""

import json

import numpy as np
import pytest

from synth_assets.core.diversity import bias, likeness, repetition, style
from synth_assets.core.diversity.corpus import Corpus, Vocabulary
from synth_assets.core.diversity.metrics import DiversityMetric, evaluate

TEXTS = 60
ALONE = {
    "distinct_1": 0.2620967741935484,
    "distinct_2": 0.7777777777777778,
    "distinct_3": 0.9481792717086834,
    "distinct_4": 0.9874821173104434,
    "ngram_diversity": 2.975535940990453,
    "mattr": 0.7344926545951453,
    "mtld": 52.73695236802033,
    "top_phrases_share": 0.012955182072829132,
    "self_bleu": 0.07880584201628699,
    "self_rouge_l": 0.11528957932143939,
    "vendi": 49.57129198007111,
    "nearest_distance": 0.782495868642218,
}
COVERAGE = 0.2833333333333333
GRAMMAR = ("the", "of", "a", "and", "to", "he", "she", "if")
GRAMMAR_DISTANCE = 0.0037384832971872435
EFFECTIVE_TEACHERS = 2.749459273997205


@pytest.fixture(scope="module")
def rows(shared_data):
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[: 2 * TEXTS]]


def once(corpus):
    return np.ones((1, len(corpus)))


@pytest.mark.parametrize("metric", ALONE)
def test_metric_of_real_text_equals_its_reference_implementation(rows, metric):
    corpus = Corpus.of([row["question"] for row in rows[:TEXTS]])
    [found] = evaluate(DiversityMetric(metric), corpus, once(corpus))
    assert found == pytest.approx(ALONE[metric], rel=1e-9)


def test_coverage_of_real_text_equals_prdc(rows):
    words = Vocabulary()
    ours = Corpus.of([row["answer"] for row in rows[:TEXTS]], vocabulary=words)
    real = Corpus.of([row["question"] for row in rows[TEXTS:]], vocabulary=words)
    assert likeness.coverage(ours, once(ours), real) == pytest.approx(COVERAGE)


def test_divergence_of_words_of_grammar_equals_scipy(rows):
    words = Vocabulary()
    halves = (rows[:TEXTS], rows[TEXTS:])
    counts = []
    for half in halves:
        corpus = Corpus.of([row["question"] for row in half], vocabulary=words)
        held = corpus.counts_of([frozenset((word,)) for word in GRAMMAR]).sum(axis=0)
        counts.append(np.append(held, corpus.lengths.sum() - held.sum()))
    found = style.divergence(counts[0][None], counts[1])
    assert found == pytest.approx(GRAMMAR_DISTANCE, rel=1e-9)


def test_effective_teachers_equal_the_exponential_of_scipy_entropy():
    corpus = Corpus.of([""] * 61, ["a"] * 30 + ["b"] * 20 + ["c"] * 10 + [""])
    assert bias.effective_teachers(corpus, once(corpus)) == pytest.approx(EFFECTIVE_TEACHERS)


def test_ngram_diversity_of_one_text_equals_the_package_of_its_authors(rows):
    words = Corpus.of([row["question"] for row in rows[:TEXTS]]).words
    one = Corpus.of([" ".join(word for text in words for word in text)])
    assert repetition.ngram_diversity(one, once(one)).round(3) == 2.982
