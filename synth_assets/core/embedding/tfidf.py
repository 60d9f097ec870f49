"""Vectors without any model: hashed TF-IDF, reduced by SVD and by a random projection of the rest.

Deerwester et al., 1990, «Indexing by Latent Semantic Analysis»: words that stand in the same texts
count as near. What of a text lies in none of the 256 topics is kept, at 0.7 of its weight, in 128
random directions (Achlioptas, 2003, «Database-friendly random projections»); without it a rare word
would count for nothing, and texts that differ in rare words would be equal. On rephrased GSM8K
questions, where 2.5 % of unlike questions are taken for alike, that finds half of the rephrased
ones, the topics alone a third.
"""

# scikit-learn, scipy and threadpoolctl have no type stubs; what pyright infers from scikit-learn's
# defaults is wrong.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnusedImport=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from synth_assets.core.embedding.protocol import Distinct, Progress, Vectors, unit_rows
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.ngrams import words_and_symbols

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TFIDF = "tfidf"
"""What users call it."""

FIT_TEXTS = 20_000
READ_CHARACTERS = 20_000

_FEATURES = 2**16
_TOPICS = 256
_DIRECTIONS = 128
_REST_WEIGHT = 0.7
_SEED = 0
_ITERATIONS = 3
_STRETCH = 5_000


@dataclass(frozen=True)
class Tfidf:
    """An `Embedder` that learns its space from the texts it is given.

    Words are runs of letters and digits, symbols words of their own; scripts without spaces are
    read letter by letter. Of each text the first 20,000 characters are read.
    """

    @property
    def name(self) -> str:
        """How the space is learnt; it says nothing of the texts."""
        return f"{TFIDF}/1/{_FEATURES}/{_TOPICS}+{_DIRECTIONS}x{_REST_WEIGHT}"

    @property
    def dimensions(self) -> int:
        """384."""
        return _TOPICS + _DIRECTIONS

    @property
    def looks_at_others(self) -> bool:
        """Yes: rows of two calls cannot be compared. Use `learnt_from` where they must be."""
        return True

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """Learn a space from the texts, and place them in it."""
        return self.learnt_from(texts).embed(texts, on_progress)

    def learnt_from(self, texts: Sequence[str]) -> "TfidfSpace":
        """Learn a space. Neither the order of the texts nor repetitions matter.

        Of more than 20,000 different texts that many are learnt from, chosen by a hash of the text.
        One thread is used, for the sums of several come out in any order.
        """
        # What is loaded later would not be limited.
        import sklearn.feature_extraction.text
        import sklearn.utils.extmath  # noqa: F401
        from threadpoolctl import threadpool_limits

        drawn = sorted(Distinct.of(texts).texts, key=lambda text: (exact_hash(text), text))
        drawn = drawn[:FIT_TEXTS]
        with threadpool_limits(limits=1):
            weights, axes = _fitted(_counts(drawn))
        return TfidfSpace(f"{self.name}/{exact_hash(*drawn)[:12]}", weights, axes)


@dataclass(frozen=True)
class TfidfSpace:
    """An `Embedder` whose space is learnt.

    Attributes:
        name: of how it was learnt, with a digest of the texts it was learnt from.
        weights: of each hashed word (inverse document frequency).
        axes: hashed words by dimensions.
    """

    name: str
    weights: npt.NDArray[np.float32]
    axes: npt.NDArray[np.float32]

    @property
    def dimensions(self) -> int:
        """384."""
        return self.axes.shape[1]

    @property
    def looks_at_others(self) -> bool:
        """No longer."""
        return False

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """Place texts; one without a word or symbol has a row of zeros.

        Progress is told of texts that differ.
        """
        distinct = Distinct.of(texts)
        rows = np.zeros((len(distinct.texts), self.dimensions), np.float32)
        for start in range(0, len(rows), _STRETCH):
            counts = _counts(distinct.texts[start : start + _STRETCH])
            rows[start : start + _STRETCH] = _weighted(counts, self.weights) @ self.axes
            if on_progress:
                on_progress(min(start + _STRETCH, len(rows)), len(rows))
        return distinct.spread(unit_rows(rows))


def _fitted(counts: "csr_matrix") -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    from sklearn.feature_extraction.text import TfidfTransformer

    draw = np.random.default_rng(_SEED)
    rest = draw.choice(np.array([-1.0, 1.0], np.float32), (_FEATURES, _DIRECTIONS))
    rest *= np.float32(_DIRECTIONS**-0.5)
    topics = np.zeros((_FEATURES, _TOPICS), np.float32)
    weights = np.ones(_FEATURES, np.float32)
    if counts.nnz:
        weights = np.asarray(TfidfTransformer().fit(counts).idf_, np.float32)
        weighted = _weighted(counts, weights)
        there = np.unique(weighted.indices)
        found = _topics(cast("csr_matrix", weighted[:, there]))
        topics[there, : found.shape[1]] = found
        rest -= topics @ (topics.T @ rest)
    return weights, np.concatenate([topics, np.float32(_REST_WEIGHT) * rest], axis=1)


def _topics(weighted: "csr_matrix") -> npt.NDArray[np.float32]:
    from sklearn.utils.extmath import randomized_svd

    # As TruncatedSVD does, which also divides by the variance, 0 where all texts are equal.
    _, _, found = randomized_svd(
        weighted,
        min(_TOPICS, len(weighted.indptr) - 1, int(weighted.indices.max()) + 1),
        n_iter=_ITERATIONS,  # pyright: ignore[reportArgumentType]
        random_state=_SEED,
    )
    return np.asarray(found, np.float32).T


def _counts(texts: Sequence[str]) -> "csr_matrix":
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return csr_matrix((0, _FEATURES), dtype=np.float32)
    hasher = HashingVectorizer(
        analyzer=_words,  # pyright: ignore[reportArgumentType]
        n_features=_FEATURES,
        alternate_sign=False,
        norm=None,  # pyright: ignore[reportArgumentType]
        dtype=np.float32,  # pyright: ignore[reportArgumentType]
    )
    return cast("csr_matrix", hasher.transform(texts))


def _words(text: str) -> list[str]:
    return words_and_symbols(text[:READ_CHARACTERS])


def _weighted(counts: "csr_matrix", weights: npt.NDArray[np.float32]) -> "csr_matrix":
    from sklearn.preprocessing import normalize

    weighted = counts.copy()
    weighted.data = (1 + np.log(counts.data)) * weights[counts.indices]
    return cast("csr_matrix", normalize(weighted, copy=False))
