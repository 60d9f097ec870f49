r"""Values of diversity as reference implementations tell them, for the tests to hold ours to.

    uv run --no-project --with lexicalrichness==0.5.1 --with textblob --with nltk==3.10.4 \
        --with rouge-score==0.1.2 --with vendi-score==0.0.3 --with prdc==0.2 --with scikit-learn \
        python benchmarks/diversity_references.py gsm8k/train.jsonl

The texts are the first 60 questions of GSM8K's training set, and the next 60 as real ones; for the
coverage of real ones the answers of the first 60, which cover few. All are given words in lower
case, with inner apostrophes.
"""

# The packages have no types.
# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false

import json
import re
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
from lexicalrichness import LexicalRichness
from nltk import FreqDist
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.util import ngrams
from prdc import compute_prdc
from rouge_score.rouge_scorer import RougeScorer
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize
from vendi_score import vendi

TEXTS = 60
GRAMMAR = ("the", "of", "a", "and", "to", "he", "she", "if")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def main(path: str) -> dict[str, float]:
    """All values, by the name of our metric."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()[: 2 * TEXTS]
    rows = [json.loads(line) for line in lines]
    questions = [row["question"] for row in rows]
    cut = [_WORD.findall(text.casefold()) for text in questions]
    answers = [_WORD.findall(row["answer"].casefold()) for row in rows[:TEXTS]]
    texts, words = questions[:TEXTS], cut[:TEXTS]
    return {
        **{f"distinct_{n}": _distinct(words, n) for n in range(1, 5)},
        "ngram_diversity": sum(_distinct(words, n) for n in range(1, 5)),
        **_lexical(list(chain.from_iterable(words))),
        "top_phrases_share": _top_phrases(words),
        "self_bleu": _self_bleu(words),
        "self_rouge_l": _self_rouge(texts),
        **_likeness(cut[:TEXTS]),
        "real_coverage": _coverage(cut[TEXTS:], answers),
        "function_word_distance": _grammar(cut),
        "effective_teachers": float(np.exp(entropy([30, 20, 10]))),
    }


def _distinct(words: list[list[str]], n: int) -> float:
    grams = [gram for text in words for gram in ngrams(text, n)]
    return len(set(grams)) / len(grams)


def _lexical(words: list[str]) -> dict[str, float]:
    richness = LexicalRichness(" ".join(words), preprocessor=None, tokenizer=str.split)
    return {"mattr": richness.mattr(window_size=50), "mtld": richness.mtld(threshold=0.72)}


def _top_phrases(words: list[list[str]]) -> float:
    found = FreqDist(gram for text in words for gram in ngrams(text, 3))
    return sum(count for _, count in found.most_common(10)) / found.N()


def _self_bleu(words: list[list[str]]) -> float:
    smooth = SmoothingFunction().method1
    scores = [
        sentence_bleu(words[:at] + words[at + 1 :], text, smoothing_function=smooth)
        for at, text in enumerate(words)
    ]
    return float(np.mean(scores))


def _self_rouge(texts: list[str]) -> float:
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    scores = [
        scorer.score(one, other)["rougeL"].fmeasure
        for at, one in enumerate(texts)
        for there, other in enumerate(texts)
        if at != there
    ]
    return float(np.mean(scores))


def _likeness(words: list[list[str]]) -> dict[str, float]:
    rows = _rows(words)
    near, _ = NearestNeighbors(n_neighbors=2, metric="cosine").fit(rows).kneighbors(rows)
    return {"vendi": float(vendi.score_X(rows)), "nearest_distance": float(near[:, 1].mean())}


def _coverage(real: list[list[str]], ours: list[list[str]]) -> float:
    rows = _rows([*real, *ours])
    found = compute_prdc(rows[: len(real)], rows[len(real) :], nearest_k=5)
    return float(found["coverage"])


def _rows(words: list[list[str]]) -> np.ndarray:
    counter = CountVectorizer(analyzer=lambda text: [*text, *map(" ".join, ngrams(text, 2))])
    return normalize(np.sqrt(counter.fit_transform(words).toarray()))


def _grammar(cut: list[list[str]]) -> float:
    """Of a few words alone, with all others as one."""
    shares: list[list[int]] = []
    for part in (cut[:TEXTS], cut[TEXTS:]):
        counts = Counter(chain.from_iterable(part))
        held = [counts[word] for word in GRAMMAR]
        shares.append([*held, counts.total() - sum(held)])
    return float(jensenshannon(*shares, base=2) ** 2)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1]), indent=4))
