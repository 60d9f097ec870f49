"""Sketches and meaning together: a row goes only for a row that is kept in the end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.combined import Meaning, find_all_duplicates
from synth_assets.core.dedup.join import Method
from synth_assets.core.dedup.near import SketchesInMemory
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.embedding.protocol import unit_rows

RULE = DedupRule(0.6, recall=0.9999)
WORDS = [f"w{n}" for n in range(40)]


def text(*changed: int) -> str:
    return " ".join("x" if at in changed else word for at, word in enumerate(WORDS))


def decided(texts: list[str], vectors: list[list[float]], threshold: float = 0.9):
    store = SketchesInMemory.of(texts, RULE)
    meaning = Meaning(unit_rows(np.array(vectors, np.float32)), threshold)
    return find_all_duplicates(store, np.arange(len(texts)), RULE.threshold, meaning)


def test_row_alike_in_meaning_goes_for_the_first():
    found = decided(["a b c", "d e f", "g h i"], [[1, 0], [0.99, 0.1], [0, 1]])
    assert found.kept.tolist() == [-1, 0, -1]
    assert found.method.tolist() == [Method.KEPT, Method.SEMANTIC, Method.KEPT]
    assert found.similarity[1] == pytest.approx(0.99 / np.hypot(0.99, 0.1))


def test_row_whose_kept_row_goes_for_its_meaning_goes_for_the_same_meaning():
    found = decided(["other words", text(), text(5)], [[1, 0], [1, 0.1], [1, 0.2]])
    assert found.kept.tolist() == [-1, 0, 0]
    assert found.method.tolist() == [Method.KEPT, Method.SEMANTIC, Method.SEMANTIC]


def test_row_whose_kept_row_goes_is_kept_where_it_resembles_none_that_is():
    found = decided(["other words", text(), text(5), text(5)], [[1, 0], [1, 0.1], [0, 1], [0, 1]])
    assert found.kept.tolist() == [-1, 0, -1, 2]
    assert found.method[3] == Method.EXACT


def test_rows_without_a_vector_resemble_none():
    found = decided(["a b c", "d e f"], [[0, 0], [0, 0]])
    assert found.kept.tolist() == [-1, -1]


TEXTS = st.sampled_from([text(), text(3), text(30), text(3, 30), "other", "else"])
PLACES = st.sampled_from([[1.0, 0.0], [0.95, 0.2], [0.8, 0.6], [0.0, 1.0], [0.0, 0.0]])


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, PLACES), min_size=1, max_size=12), st.randoms())
def test_rows_go_only_for_rows_that_are_kept_and_like_them(rows, dice):
    texts, vectors = [row[0] for row in rows], [row[1] for row in rows]
    found = decided(texts, vectors)
    unit = unit_rows(np.array(vectors, np.float32)).astype(np.float64)
    for row, kept in enumerate(found.kept.tolist()):
        if kept < 0:
            continue
        assert found.kept[kept] == -1
        match Method(found.method[row]):
            case Method.SEMANTIC:
                assert found.similarity[row] == pytest.approx(unit[row] @ unit[kept])
                assert found.similarity[row] >= 0.9
            case Method.EXACT:
                assert texts[row] == texts[kept]
            case _:
                assert found.similarity[row] >= RULE.threshold
    standing = np.flatnonzero(found.kept < 0)
    cosines = unit[standing] @ unit[standing].T
    assert (np.triu(cosines, 1) < 0.9).all()
    order = np.arange(len(texts))
    shuffled = order.copy()
    dice.shuffle(shuffled)
    store = SketchesInMemory.of([texts[row] for row in shuffled], RULE)
    meaning = Meaning(unit_rows(np.array([vectors[row] for row in shuffled], np.float32)), 0.9)
    again = find_all_duplicates(store, np.argsort(shuffled), RULE.threshold, meaning)
    assert set(shuffled[again.kept < 0]) == set(standing)
