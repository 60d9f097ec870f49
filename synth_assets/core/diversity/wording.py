"""Texts by their words and pairs of words: how alike they are, and whether two kinds differ.

No model is needed, and nothing but wording is seen.
"""

# scikit-learn has no types, and scipy's sparse matrices hardly any.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_TEXTS = 10


def word_similarities(texts: Sequence[str]) -> Floats:
    """The cosine of texts by the square roots of how often they hold words and pairs of words.

    Texts without a word are like themselves alone.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        n_features=1 << 18,
        ngram_range=(1, 2),
        alternate_sign=False,
        norm=None,
        token_pattern=r"\w+",
    )
    counts = hashing.transform(list(texts))
    counts.data = np.sqrt(counts.data)
    products = np.asarray((counts @ counts.T).todense(), dtype=np.float64)
    lengths = np.sqrt(np.diag(products))
    lengths[lengths == 0.0] = 1.0
    similarities = products / np.outer(lengths, lengths)
    np.fill_diagonal(similarities, 1.0)
    return similarities


def told_apart(real: Sequence[str], other: Sequence[str], seed: int = 0) -> float:
    """How well a classifier tells two kinds of text apart: area under the ROC curve, 0..1.

    Logistic regression on words and pairs of words, each text judged by a model that did not see
    it (five folds). Lopez-Paz and Oquab, 2017, «Revisiting Classifier Two-Sample Tests».

    Returns:
        .5 where there are fewer than ten texts of either kind: nothing can be told.
    """
    if min(len(real), len(other)) < _LEAST_TEXTS:
        return 0.5
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    hashing = HashingVectorizer(
        n_features=1 << 15, ngram_range=(1, 2), alternate_sign=False, token_pattern=r"\w+|[^\w\s]"
    )
    labels = np.repeat([0, 1], [len(real), len(other)])
    chances = cross_val_predict(
        # Twenty times faster here than the default solver.
        LogisticRegression(C=1.0, solver="liblinear", tol=1e-3, random_state=0),
        hashing.transform([*real, *other]),
        labels,
        cv=StratifiedKFold(5, shuffle=True, random_state=seed),
        method="predict_proba",
    )
    return float(roc_auc_score(labels, np.asarray(chances)[:, 1]))
