from pathlib import Path

import numpy as np
import polars as pl
import pytest

from synth_assets.core.drift.coding import coded
from synth_assets.core.drift.compare import Compared, Effect, compare
from synth_assets.core.drift.measures import Against, DriftMeasure, spec_of
from synth_assets.core.drift.window import content_key, window_of, with_scalars
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.embedding.tfidf import Tfidf
from tests.unit.drift_texts import WordBuckets, gsm8k_window, templated

_ROWS = 300


def _against(new: pl.DataFrame, old: pl.DataFrame, embedder: Embedder | None = None) -> Compared:
    [found] = compare(new, {Against.EARLIER: old}, embedder or WordBuckets())
    return found


def _of(found: Compared, measure: DriftMeasure, column: str) -> Effect:
    [effect] = [e for e in found.effects if (e.measure, e.column) == (measure, column)]
    return effect


def test_window_is_drawn_by_hash_whatever_the_order_and_copies(shared_data: Path):
    rows = gsm8k_window(shared_data, 0, 400)
    copies = rows.with_columns(copy=pl.lit(1, pl.Int64))
    twice = pl.concat([copies, copies.with_columns(copy=pl.lit(2, pl.Int64))])
    drawn = window_of(rows, most=100)
    assert drawn.height == 100
    assert window_of(twice.sample(fraction=1, shuffle=True, seed=1), most=100).equals(drawn)
    # Of a set that shares rows the same ones are drawn.
    more = window_of(pl.concat([rows, gsm8k_window(shared_data, 400, 20)]), most=100)
    assert len(set(more["sample_id"]) & set(drawn["sample_id"])) >= 90


def test_content_key_follows_rows_and_not_their_order(shared_data: Path):
    rows = gsm8k_window(shared_data, 0, 30)
    assert content_key(rows) == content_key(rows.reverse())
    assert content_key(rows) != content_key(templated(rows, every=30))
    assert content_key(rows) != content_key(rows.head(29))


def test_scalars_of_a_row_are_those_of_its_text():
    window = window_of(
        pl.DataFrame(
            {
                "sample_id": ["a", "b", "c"],
                "prompt": ["Two words", "", "One"],
                "response": ["Sure, here is it:\n- a\n- **b**", "## Title\ntext", "plain old text"],
            }
        )
    )
    told = with_scalars(window).sort("sample_id")
    assert told["prompt_words"].to_list() == [2.0, 0.0, 1.0]
    assert told["opening"].to_list() == ["sure here is", "title text", "plain old text"]
    assert told["formatting"].to_list() == ["list+bold", "heading", "plain"]


def test_numbers_are_cut_at_their_tenths_and_shared_ones_stand_alone():
    numbers = pl.Series([0.0] * 50 + [float(n) for n in range(1, 51)] + [None] * 5)
    found = coded(numbers)
    sizes = dict(zip(found.names, np.bincount(found.codes), strict=True))
    assert sizes["(none)"] == 5
    assert sizes["0"] == 50
    assert max(size for name, size in sizes.items() if name not in {"0", "(none)"}) <= 12
    assert sum(sizes.values()) == 105


def test_names_beyond_the_commonest_are_one_category():
    names = pl.Series([f"n{n}" for n in range(30)] + ["n3"] * 10 + ["", None])
    found = coded(names)
    assert len(found.names) == 20
    assert found.names[:2] == ("n3", "(none)")
    assert int((found.codes == 0).sum()) == 11
    assert found.names[-1] == "(others)"


def test_unchanged_rows_are_within_chance_of_each_other(shared_data: Path):
    old, new = (gsm8k_window(shared_data, first, _ROWS) for first in (0, _ROWS))
    found = _against(new, old)
    assert min(effect.p for effect in found.effects) > 0.003
    for effect in found.effects:
        assert effect.value < max(spec_of(effect.measure).threshold, 3.5 * effect.noise)
        assert effect.low <= effect.value <= effect.high


def test_template_takeover_is_told_by_opening_words_and_classifier(shared_data: Path):
    old, new = (gsm8k_window(shared_data, first, _ROWS) for first in (0, _ROWS))
    found = _against(templated(new), old, Tfidf())
    for measure, column in (
        (DriftMeasure.POPULATION_STABILITY, "opening"),
        (DriftMeasure.TOLD_APART, "embedding"),
        (DriftMeasure.MEAN_DISCREPANCY, "embedding"),
    ):
        effect = _of(found, measure, column)
        assert effect.p < 1e-3
        assert effect.value > spec_of(measure).threshold
    assert _of(found, DriftMeasure.POPULATION_STABILITY, "teacher").p > 0.01
    surest = found.moved.filter(direction="new").head(10)
    assert surest["response"].str.starts_with("Sure, I would").sum() >= 8
    assert surest["score"].min() > 0.65


def test_figures_follow_neither_the_order_of_rows_nor_which_set_is_called_new(shared_data: Path):
    old, new = gsm8k_window(shared_data, 0, 120), templated(gsm8k_window(shared_data, 120, 100))
    found = _against(new, old)
    shuffled = _against(
        new.sample(fraction=1, shuffle=True, seed=2), old.sample(fraction=1, shuffle=True, seed=3)
    )
    assert shuffled.effects == found.effects
    assert shuffled.moved.equals(found.moved)
    swapped = _against(old, new)
    for one, other in zip(found.effects, swapped.effects, strict=True):
        assert one.value + one.chance == pytest.approx(other.value + other.chance, abs=1e-9)
    assert swapped.moved.filter(direction="gone")["sample_id"].to_list() == (
        found.moved.filter(direction="new")["sample_id"].to_list()
    )


def test_equal_windows_are_no_farther_apart_than_chance(shared_data: Path):
    window = gsm8k_window(shared_data, 0, 150)
    found = _against(window, window)
    assert max(effect.value for effect in found.effects) < 0.005
    assert min(effect.p for effect in found.effects) > 0.3


def test_rows_that_both_windows_hold_do_not_hide_those_that_differ(shared_data: Path):
    shared, own, other = (gsm8k_window(shared_data, first, 100) for first in (0, 100, 200))
    new = pl.concat([shared, templated(own, every=1)])
    found = _against(new, pl.concat([shared, other]), Tfidf())
    assert _of(found, DriftMeasure.TOLD_APART, "embedding").value > 0.1
    surest = found.moved.filter(direction="new").head(10)
    assert surest["response"].str.starts_with("Sure, I would").all()


def test_real_rows_are_compared_by_what_any_rows_have(shared_data: Path):
    window = gsm8k_window(shared_data, 0, 60)
    [found] = compare(window, {Against.REAL: gsm8k_window(shared_data, 60, 80)}, WordBuckets())
    assert (found.rows_old, found.rows_new) == (80, 60)
    assert {effect.column for effect in found.effects} == {
        *("topic", "embedding", "prompt_words", "response_words", "opening", "formatting")
    }


def test_too_few_rows_are_not_compared(shared_data: Path):
    found = _against(gsm8k_window(shared_data, 0, 60), gsm8k_window(shared_data, 60, 19))
    assert found.effects == ()
    assert found.moved.is_empty()


def test_rows_without_words_are_compared_all_the_same(shared_data: Path):
    old = gsm8k_window(shared_data, 0, 40)
    empty = old.with_columns(pl.lit("").alias("prompt"), pl.lit("").alias("response"))
    found = compare(empty, {Against.EARLIER: old}, Tfidf())[0]
    topics = _of(found, DriftMeasure.JENSEN_SHANNON, "topic")
    assert topics.value + topics.chance == pytest.approx(1.0)
    assert _of(found, DriftMeasure.TOLD_APART, "embedding").value > 0.45
