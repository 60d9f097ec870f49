from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from synth_assets.core.dedup import semantic
from synth_assets.core.dedup.semantic import SemanticMatches, semantic_duplicates
from synth_assets.core.dedup.vector_clusters import MARGIN, Axes, Clusters, Measured
from synth_assets.errors import ConfigurationError

Rows = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Rows:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def rows_with_duplicates(count: int, seed: int, dimensions: int = 24) -> Rows:
    """Random rows, a third of them near another, some equal, some zero, in any order."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(count, dimensions))
    copied = draw.integers(0, count, count // 3)
    places = draw.integers(0, count, count // 3)
    noise = draw.normal(size=(len(places), dimensions)) * draw.uniform(0, 0.5, (len(places), 1))
    rows[places] = rows[copied] + noise
    rows = unit(rows)
    rows[draw.integers(0, count, count // 20)] = rows[0]
    rows[draw.integers(0, count, count // 20)] = 0.0
    return rows


def groups(count: int, seed: int, dimensions: int = 32) -> Rows:
    """Rows in clusters, as vectors of texts are, with duplicates."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(max(2, count // 50), dimensions))
    rows = centres[draw.integers(0, len(centres), count)] + 0.5 * draw.normal(
        size=(count, dimensions)
    )
    places = draw.integers(0, count, count // 3)
    rows[places] = rows[draw.integers(0, count, count // 3)] + 0.1 * draw.normal(
        size=(len(places), dimensions)
    )
    return unit(rows)


@dataclass(frozen=True)
class Wanted:
    """What comparing every row with every kept one before it gives."""

    kept_row: NDArray[np.int64]
    similarity: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Rows, threshold: float) -> "Wanted":
        wide = rows.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1)
        kept: list[int] = []
        kept_row = np.full(len(rows), -1, np.int64)
        similarity = np.zeros(len(rows))
        for row in range(len(rows)):
            if lengths[row] == 0:
                continue
            found = wide[kept] @ wide[row] / (lengths[kept] * lengths[row])
            if len(found) and found.max() >= threshold - 1e-12:
                nearest = int(np.flatnonzero(found >= found.max() - 1e-14)[0])
                kept_row[row], similarity[row] = kept[nearest], found.max()
            else:
                kept.append(row)
        return cls(kept_row, similarity)


def same(one: SemanticMatches, other: SemanticMatches) -> bool:
    equal = (one.kept_row == other.kept_row).all() and (one.similarity == other.similarity).all()
    return bool(equal)


@pytest.mark.parametrize("threshold", [0.3, 0.7, 0.9, 1.0])
def test_semantic_exact_gives_what_comparing_everything_gives(threshold: float):
    rows = rows_with_duplicates(1_500, 1)
    found = semantic_duplicates(rows, threshold)
    wanted = Wanted.of(rows, threshold)
    np.testing.assert_array_equal(found.kept_row, wanted.kept_row)
    np.testing.assert_allclose(found.similarity, wanted.similarity, atol=1e-12)
    assert found.clusters == 1
    assert found.blank == int((~rows.any(axis=1)).sum()) > 0


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 120),
    seed=st.integers(0, 10_000),
    dimensions=st.integers(1, 40),
    threshold=st.floats(0.05, 1.0),
    exact=st.booleans(),
)
def test_semantic_dropped_rows_resemble_an_earlier_kept_row(
    count: int, seed: int, dimensions: int, threshold: float, exact: bool
):
    rows = rows_with_duplicates(count, seed, dimensions)
    found = semantic_duplicates(rows, threshold, exact=exact)
    gone = found.dropped
    kept = found.kept_row[gone]
    assert (found.kept_row[kept] == -1).all()
    assert (kept < gone).all()
    assert (found.similarity[gone] >= threshold).all()
    assert (found.similarity <= 1.0).all()
    true = np.einsum("ij,ij->i", rows[gone].astype(float), rows[kept].astype(float))
    np.testing.assert_allclose(found.similarity[gone], true, atol=1e-6)
    stays = np.flatnonzero(found.kept_row < 0)
    assert (found.similarity[stays] == 0).all()
    if exact:
        among = rows[stays].astype(np.float64) @ rows[stays].T.astype(np.float64)
        np.fill_diagonal(among, 0)
        assert not len(among) or among.max() < threshold + 1e-6


def test_semantic_clusters_find_nearly_all_and_never_a_pair_below_the_threshold():
    rows = groups(12_000, 2, 64)
    exact = semantic_duplicates(rows, 0.85, exact=True)
    found = semantic_duplicates(rows, 0.85, exact=False)
    assert found.clusters == 379
    assert len(exact.dropped) > 2_000
    assert (found.kept_row[exact.dropped] >= 0).mean() > 0.995
    assert (found.similarity[found.dropped] >= 0.85).all()


@pytest.mark.parametrize("exact", [True, False])
def test_semantic_outcome_is_the_same_for_any_threads_tiles_and_blocks(
    exact: bool, monkeypatch: pytest.MonkeyPatch
):
    rows = groups(4_000, 3)
    found = semantic_duplicates(rows, 0.85, exact=exact)
    assert len(found.dropped) > 500
    assert same(found, semantic_duplicates(rows, 0.85, exact=exact, threads=3))
    for name, value in (
        ("_TILE", 37),
        ("_TASK_ROWS", 50),
        ("_COMPARED_ROWS", 333),
        ("_MOST_PAIRS", 2_000),
        ("BLOCK_ROWS", 101),
    ):
        monkeypatch.setattr(semantic, name, value)
        assert same(found, semantic_duplicates(rows, 0.85, exact=exact, threads=2)), name


@pytest.mark.parametrize("width", [1, 7, 32])
def test_semantic_exact_outcome_does_not_depend_on_the_width_of_short_vectors(
    width: int, monkeypatch: pytest.MonkeyPatch
):
    rows = groups(2_000, 4)
    found = semantic_duplicates(rows, 0.9)
    monkeypatch.setattr(semantic, "best_width", lambda *_: width)
    assert same(found, semantic_duplicates(rows, 0.9))


def test_semantic_clusters_depend_neither_on_the_order_nor_on_repetitions():
    rows = groups(3_000, 5)
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = np.concatenate([rows[order], rows[order[:500]]])
    sample = rows[Measured.of(rows).drawn(2_000)]
    again = shuffled[Measured.of(shuffled).drawn(2_000)]
    np.testing.assert_array_equal(sample, again)
    near: list[NDArray[np.int64]] = []
    for each in (sample, again):
        axes = Axes.of(each)
        clusters = Clusters.learnt_from(each, axes, 60)
        near.append(clusters.nearest(axes.short(rows, 32), 5))
    np.testing.assert_array_equal(near[0], near[1])
    assert len(np.unique(near[0][:, 0])) > 30


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), width=st.integers(1, 20), size=st.floats(1e-6, 1.0))
def test_short_vectors_never_put_a_pair_below_its_cosine(seed: int, width: int, size: float):
    draw = np.random.default_rng(seed)
    base = draw.normal(size=(60, 20)) * np.geomspace(1, size, 20)
    rows = unit(base)
    short = Axes.of(rows).short(rows, width)
    bounds = short.astype(np.float64) @ short.T.astype(np.float64)
    true = rows.astype(np.float64) @ rows.T.astype(np.float64)
    assert (bounds >= true - MARGIN).all()


def test_semantic_threshold_is_decided_to_the_last_digit():
    rows = np.array([[1, 0], [0.6, 0.8]], np.float32)
    wide = rows.astype(np.float64)
    cosine = float(wide[0] @ wide[1] / np.sqrt((wide[0] @ wide[0]) * (wide[1] @ wide[1])))
    assert list(semantic_duplicates(rows, cosine).kept_row) == [-1, 0]
    assert list(semantic_duplicates(rows, np.nextafter(cosine, 1)).kept_row) == [-1, -1]


def test_semantic_equal_rows_have_similarity_one_at_any_length_that_rounding_gives():
    rows = np.repeat(unit(np.random.default_rng(0).normal(size=(40, 384))), 2, axis=0)
    found = semantic_duplicates(rows, 1.0)
    assert list(found.dropped) == list(range(1, 80, 2))
    assert (found.similarity[1::2] == 1.0).all()


def test_semantic_chain_drops_no_row_for_one_that_is_dropped():
    angles = np.deg2rad([0, 20, 40, 60])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = semantic_duplicates(rows, float(np.cos(np.deg2rad(25))))
    assert list(found.kept_row) == [-1, 0, -1, 2]


def test_semantic_equally_similar_rows_name_the_first_in_survivor_order():
    rows = np.array([[0, 1], [1, 0], [1, 1]], np.float32)
    rows[2] /= np.sqrt(2)
    assert list(semantic_duplicates(rows, 0.7).kept_row) == [-1, -1, 0]
    assert list(semantic_duplicates(rows[[1, 0, 2]], 0.7).kept_row) == [-1, -1, 0]


def test_semantic_most_similar_row_is_named_even_if_another_dropped_it_first():
    draw = np.random.default_rng(7)
    base = unit(draw.normal(size=(1, 16)))
    far = unit(base + 0.45 * unit(draw.normal(size=(1, 16))))
    near = unit(base + 0.1 * unit(draw.normal(size=(1, 16))))
    threshold = float(far[0] @ base[0]) + 0.001
    rows = np.concatenate([far, base, near])
    assert list(semantic_duplicates(rows, threshold).kept_row) == [-1, -1, 1]


def test_semantic_rows_of_zeros_resemble_nothing():
    rows = np.zeros((5, 8), np.float32)
    rows[2, 0] = rows[4, 0] = 1
    found = semantic_duplicates(rows, 0.5)
    assert list(found.kept_row) == [-1, -1, -1, -1, 2]
    assert found.blank == 3


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("exact", [True, False])
def test_semantic_few_rows_are_decided(count: int, exact: bool):
    rows = np.tile(np.array([[1, 0, 0]], np.float32), (count, 1))
    assert list(semantic_duplicates(rows, 0.9, exact=exact).kept_row) == [-1, 0][:count]


def test_semantic_many_like_rows_leave_one_in_linear_time():
    draw = np.random.default_rng(8)
    spread = unit(draw.normal(size=(30_000, 64)))
    rows = np.concatenate([unit(draw.normal(size=(500, 64))), unit(np.eye(64)[:1] + 0.2 * spread)])
    found = semantic_duplicates(rows, 0.9)
    assert (found.kept_row[501:] == 500).all()
    assert (found.kept_row[:501] == -1).all()


def test_semantic_reads_vectors_from_disk(tmp_path: Path):
    rows = groups(3_000, 9)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert same(semantic_duplicates(mapped, 0.85), semantic_duplicates(rows, 0.85))


def test_semantic_progress_tells_all_rows_in_the_end():
    told: list[tuple[int, int]] = []
    rows = rows_with_duplicates(6_000, 10)
    semantic_duplicates(rows, 0.9, on_progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (6_000, 6_000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 1


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.01, float("nan")])
def test_semantic_threshold_out_of_range_is_refused(threshold: float):
    with pytest.raises(ConfigurationError, match="semantic threshold"):
        semantic_duplicates(np.eye(3, dtype=np.float32), threshold)


@pytest.mark.parametrize("value", [2.0, 0.5, np.nan, np.inf])
def test_semantic_row_of_another_length_is_refused(value: float):
    rows = np.eye(3, dtype=np.float32)
    rows[1, 1] = value
    with pytest.raises(ConfigurationError, match="Row 1 of the vectors"):
        semantic_duplicates(rows, 0.9)
