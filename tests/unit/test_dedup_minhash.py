import numpy as np
import pytest
from datasketch import MinHash
from datasketch.hashfunc import sha1_hash32
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.minhash import Banding, Permutations, band_keys
from synth_assets.core.dedup.shingling import Shingles
from synth_assets.errors import ConfigurationError

WORDS = [f"word {n}".encode() for n in range(300)]


def of_hashes(*texts: list[int]) -> Shingles:
    flat = np.array([value for text in texts for value in text], np.uint64)
    return Shingles(flat, np.cumsum([0, *map(len, texts)]).astype(np.int64))


@pytest.mark.parametrize(("number", "seed"), [(128, 1), (64, 7), (90, 2**32 - 1), (1, 0)])
def test_signatures_are_those_of_datasketch(number, seed):
    theirs = MinHash(num_perm=number, seed=seed, scheme="affine32")
    theirs.update_batch(WORDS)
    ours = Permutations(number, seed).signatures(of_hashes([*map(sha1_hash32, WORDS)]))
    assert ours[0].tolist() == theirs.hashvalues.tolist()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), max_size=5))
def test_signatures_of_any_hashes_are_those_of_datasketch(texts):
    ours = Permutations(16).signatures(of_hashes(*texts))
    for text, signature in zip(texts, ours, strict=True):
        theirs = MinHash(num_perm=16, hashfunc=lambda value: value & 0xFFFFFFFF, scheme="affine32")
        theirs.update_batch(text)
        assert signature.tolist() == theirs.hashvalues.tolist()


def test_datasketch_estimates_the_similarity_of_our_signatures():
    permutations = Permutations(512)
    shingles = of_hashes([*range(100)], [*range(20, 120)])
    one, other = map(permutations.for_datasketch, permutations.signatures(shingles))
    assert one.jaccard(other) == pytest.approx(80 / 120, abs=0.08)


@given(st.floats(0.02, 1), st.sampled_from([0.9, 0.99, 0.999]))
def test_banding_finds_pairs_at_the_threshold_as_often_as_said(threshold, recall):
    try:
        cut = Banding.for_threshold(threshold, recall)
    except ConfigurationError:
        assert threshold < 0.06
        return
    assert cut.permutations <= 128
    assert cut.found(threshold) >= recall - 1e-9


@pytest.mark.parametrize(("threshold", "cut"), [(0.8, (18, 5)), (0.7, (26, 4)), (1.0, (1, 8))])
def test_banding_is_the_most_selective_that_fits(threshold, cut):
    found = Banding.for_threshold(threshold, 0.999)
    assert (found.bands, found.values) == cut


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_banding_for_impossible_threshold_is_refused(threshold):
    with pytest.raises(ConfigurationError, match="threshold is"):
        Banding.for_threshold(threshold, 0.999)


@pytest.mark.parametrize("recall", [0, 1, 1.5, float("nan")])
def test_banding_for_impossible_recall_is_refused(recall):
    with pytest.raises(ConfigurationError, match="recall of near-duplicates"):
        Banding.for_threshold(0.8, recall)


def test_banding_that_takes_too_many_permutations_is_refused():
    with pytest.raises(ConfigurationError, match="more than 128 permutations"):
        Banding.for_threshold(0.01, 0.999)


def test_band_keys_are_equal_where_all_values_of_the_band_are():
    signatures = np.array([[1, 2, 3, 4], [1, 2, 3, 5], [3, 4, 1, 2]], np.uint32)
    first, second = band_keys(signatures, Banding(2, 2))
    assert first[0] == first[1] != first[2]
    assert len({*second.tolist(), *first.tolist()}) == 5
