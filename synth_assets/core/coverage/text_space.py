"""Topics of texts: hashed TF-IDF, reduced by SVD (LSA), cut into clusters by k-means.

Deerwester et al., 1990, «Indexing by Latent Semantic Analysis»; clusters on the unit sphere as in
Dhillon and Modha, 2001, «Concept Decompositions for Large Sparse Text Data using Clustering». No
model is downloaded, and no language is assumed beyond words being runs of letters: text written
without spaces, such as Chinese, is seen as few long words and hardly clustered.
"""

# scikit-learn, scipy and threadpoolctl have no type stubs; what pyright infers from scikit-learn's
# defaults is wrong.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from synth_assets.core.diversity.formulas import words_of
from synth_assets.core.fingerprint import exact_hash

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

OUTSIDE = -1
"""Cluster of a text that resembles none, or has no word."""

FIT_TEXTS = 20_000
FIT_CHARACTERS = 2_000

_FEATURES = 2**16
_DIMENSIONS = 64
_FEWEST_DIMENSIONS = 10
_TEXTS_PER_DIMENSION = 10
_BLOCK_TEXTS = 5_000
_STARTS = 4
_OUTSIDE_SHARE = 0.01


@dataclass(frozen=True)
class Placement:
    """Where some texts lie.

    Attributes:
        clusters: of each text the cluster it is nearest to, or `OUTSIDE`.
        similarities: cosine of each text to the centre of its nearest cluster.
        wordless: how many of the texts have no word; they are `OUTSIDE`.
    """

    clusters: tuple[int, ...]
    similarities: tuple[float, ...]
    wordless: int

    def counts(self, clusters: int) -> list[int]:
        """Texts in each of so many clusters."""
        found = Counter(self.clusters)
        return [found[cluster] for cluster in range(clusters)]


@dataclass(frozen=True)
class TextSpace:
    """Clusters of the texts it was fitted on, into which any texts can be placed.

    Attributes:
        weights: of each hashed word (inverse document frequency); 0 for words never seen.
        axes: topics by hashed words.
        centres: clusters by topics, of length 1.
        floor: similarity to its centre that 99 % of the texts fitted on reach.
    """

    weights: "NDArray[float32]"
    axes: "NDArray[float32]"
    centres: "NDArray[float32]"
    floor: float

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return len(self.centres)

    def place(self, texts: Sequence[str], *, all_inside: bool = False) -> Placement:
        """Find the nearest cluster of each text; memory is bounded whatever their number.

        Args:
            texts: any; only their first 2,000 characters are read.
            all_inside: place texts with words even where they are below the floor.
        """
        import numpy as np

        clusters: list[int] = []
        similarities: list[float] = []
        wordless = 0
        with _one_thread():
            for block in _blocks(texts):
                counts = _word_counts(block)
                worded = np.diff(counts.indptr) > 0
                # Not scaled to length 1 after the projection: what of a text lies in no topic of
                # the space is to make it less similar. Scaled, role-play prompts pass for GSM8K.
                found = (_weighted(counts, self.weights) @ self.axes.T) @ self.centres.T
                nearest, best = found.argmax(axis=1), found.max(axis=1)
                near = np.full(len(block), all_inside) | ((best > 0) & (best >= self.floor))
                clusters += np.where(worded & near, nearest, OUTSIDE).tolist()
                similarities += best.tolist()
                wordless += int((~worded).sum())
        return Placement(tuple(clusters), tuple(similarities), wordless)


def fit_text_space(texts: Sequence[str], clusters: int, seed: int = 0) -> TextSpace | None:
    """Find clusters of texts. Their order does not matter.

    Of more than 20,000 texts that many are fitted on, chosen by a hash of the text. One thread is
    used, for the sums of several come out in any order; so the same texts give the same clusters,
    on the same machine.

    Args:
        texts: only their first 2,000 characters are read.
        clusters: at most so many; fewer where fewer texts differ.
        seed: of the reduction and of the clusters' first centres.

    Returns:
        None if no text has a word.
    """
    if not texts:
        return None
    drawn = sorted(texts, key=lambda text: (exact_hash(text), text))[:FIT_TEXTS]
    with _one_thread():
        counts = _word_counts(drawn)
        counts = counts[counts.getnnz(axis=1) > 0]
        return _fitted(counts, clusters, seed) if _rows(counts) else None


def topic_words(text: str) -> list[str]:
    """The words that tell of a topic: those of the first 2,000 characters, without numbers."""
    return [word for word in words_of(text[:FIT_CHARACTERS]) if not word.isdecimal()]


def _one_thread() -> "threadpool_limits":
    # Each library brings threads of its own, and one that is loaded later would not be limited.
    import sklearn.cluster  # noqa: F401  # pyright: ignore[reportUnusedImport]
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def _fitted(counts: "csr_matrix", clusters: int, seed: int) -> TextSpace:
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.utils.extmath import randomized_svd

    rows = _rows(counts)
    weights = _inverse_frequencies(counts)
    weighted = _weighted(counts, weights)
    # Few texts span many dimensions by heart, and then no new text resembles them.
    dimensions = max(_FEWEST_DIMENSIONS, min(_DIMENSIONS, rows // _TEXTS_PER_DIMENSION))
    # As TruncatedSVD does, which also divides by the variance, 0 where all texts are equal.
    _, _, found = randomized_svd(
        weighted,
        min(rows, dimensions),
        n_iter=5,  # pyright: ignore[reportArgumentType]
        random_state=seed,
    )
    axes = np.asarray(found, dtype=np.float32)
    points = cast("NDArray[float32]", weighted @ axes.T)
    directions = _unit(points)
    distinct = len(np.unique(directions.round(4), axis=0))
    means = KMeans(
        min(clusters, distinct),
        n_init=_STARTS,  # pyright: ignore[reportArgumentType]
        random_state=seed,
    ).fit(directions)
    centres = _unit(np.asarray(means.cluster_centers_, dtype=np.float32))
    similarities = points @ centres.T
    used = np.unique(similarities.argmax(axis=1))
    floor = float(np.quantile(similarities.max(axis=1), _OUTSIDE_SHARE))
    # A text that was fitted on must not fall out by the last digit.
    return TextSpace(weights, axes, centres[used], floor - 1e-5)


def _word_counts(texts: Sequence[str]) -> "csr_matrix":
    import numpy as np
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer=topic_words,  # pyright: ignore[reportArgumentType]
        n_features=_FEATURES,
        alternate_sign=False,
        norm=None,  # pyright: ignore[reportArgumentType]
        dtype=np.float32,  # pyright: ignore[reportArgumentType]
    )
    return cast("csr_matrix", hasher.transform(texts))


def _inverse_frequencies(counts: "csr_matrix") -> "NDArray[float32]":
    import numpy as np

    holding = np.bincount(counts.indices, minlength=_FEATURES)
    # Just above 0 for a word that every text has, so that equal texts are not without a word.
    weights = np.log((_rows(counts) + 1) / np.maximum(holding, 1))
    return np.where(holding > 0, weights, 0.0).astype(np.float32)


def _weighted(counts: "csr_matrix", weights: "NDArray[float32]") -> "csr_matrix":
    import numpy as np
    from sklearn.preprocessing import normalize

    weighted = counts.copy()
    weighted.data = (1 + np.log(counts.data)) * weights[counts.indices]
    return cast("csr_matrix", normalize(weighted, copy=False))


def _unit(vectors: "NDArray[float32]") -> "NDArray[float32]":
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def _rows(counts: "csr_matrix") -> int:
    return len(counts.indptr) - 1


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), _BLOCK_TEXTS):
        yield texts[start : start + _BLOCK_TEXTS]
