"""How many different texts there are in effect: the Vendi score.

Friedman and Dieng, 2023, «The Vendi Score: A Diversity Evaluation Metric for Machine Learning»,
arXiv:2210.02410.
"""

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

Floats = NDArray[np.float64]

_NOTHING = 1e-12


def vendi_score(similarities: Floats) -> float:
    """The exponential of the entropy of a similarity matrix's eigenvalues.

    n texts that have nothing in common score n, n equal ones 1. Sees the repetition that the
    similarity sees, and nothing else. Depends on the number of texts: compare equal numbers.

    Args:
        similarities: shape (texts, texts), positive semi-definite, ones on the diagonal.

    Raises:
        ValueError: without texts.
    """
    if not len(similarities):
        raise ValueError("the Vendi score of no texts does not exist")
    return _effective_number(similarities / len(similarities))


def vendi_score_of_vectors(vectors: Floats) -> float:
    """The Vendi score by cosine, of more texts than a matrix of pairs has room for.

    The covariance of the vectors has the same eigenvalues as their matrix of pairs, but for zeros.

    Args:
        vectors: shape (texts, dimensions), rows of length 1.

    Raises:
        ValueError: without texts.
    """
    count, dimensions = vectors.shape
    if count <= dimensions:
        return vendi_score(vectors @ vectors.T)
    return _effective_number(vectors.T @ vectors / count)


def _effective_number(matrix: Floats) -> float:
    # Of matrices this small, several threads take ten times as long on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        eigenvalues = np.linalg.eigvalsh(matrix).astype(np.float64)
    weights = eigenvalues[eigenvalues > _NOTHING]
    return float(np.exp(-(weights * np.log(weights)).sum()))
