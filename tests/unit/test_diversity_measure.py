import json
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from synth_assets.core.diversity.formulas import distinct_n
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA, measure_diversity
from synth_assets.core.diversity.metric_spec import Basis
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of
from synth_assets.core.diversity.slices import SLICED_SCHEMA, SampleSize, draw_slices
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin


def real(position, prompt="What is it?", response="It is what it is."):
    return Sample.real("books", position, f"{prompt} {position}", response, "CC0")


def synthetic(position, recipe, prompt="Say something", response="Something was said"):
    row = Sample.real(recipe, position, f"{prompt} {position}", response, "CC0")
    return replace(row, origin=Origin.SYNTHETIC, recipe=recipe, teacher="scholar")


def value(frame, slice_name, metric):
    found = frame.filter(pl.col("slice") == slice_name, pl.col("metric") == metric)
    return found["value"].item()


def test_measure_diversity_of_mixed_rows_has_every_metric_for_every_slice():
    rows = sample_frame([real(0), real(1), synthetic(0, "math"), synthetic(1, "real")])
    measured = measure_diversity(rows, reference=sample_frame([real(7)]))
    assert measured.schema == DIVERSITY_SCHEMA
    slices = ["all", "real", "synthetic", "reference", "recipe:math", "recipe:real"]
    assert measured["slice"].unique(maintain_order=True).to_list() == slices
    assert measured.height == len(slices) * len(DiversityMetric)
    rows_by_slice = dict(measured.select("slice", "rows").unique().iter_rows())
    assert [rows_by_slice[name] for name in slices] == [4, 2, 2, 1, 1, 1]


def test_measure_diversity_of_hand_made_rows_gives_hand_made_values():
    rows = sample_frame([real(0, "a b", "c"), real(1, "a b", "d")])
    measured = measure_diversity(rows)
    # a b 0 c | a b 1 d: eight words, six different; six pairs, five different
    assert value(measured, "real", DiversityMetric.DISTINCT_1) == 6 / 8
    assert value(measured, "real", DiversityMetric.DISTINCT_2) == 5 / 6
    assert value(measured, "real", DiversityMetric.DISTINCT_4) == 1.0
    assert value(measured, "real", DiversityMetric.MATTR) is None
    assert value(measured, "real", DiversityMetric.PROMPT_OPENING_SHARE) == 1 / 2
    assert value(measured, "real", DiversityMetric.MEAN_WORDS) == 4.0
    assert value(measured, "real", DiversityMetric.SD_WORDS) == 0.0
    assert measured["words"].to_list() == [8] * measured.height


def test_measure_diversity_without_rows_is_empty():
    assert measure_diversity(SAMPLE_SCHEMA.to_frame()).is_empty()


@settings(max_examples=25)
@given(st.integers(1, 60), st.integers(1, 200), st.randoms())
def test_draw_slices_of_reordered_rows_draws_the_same(rows_bound, words_bound, random):
    samples = [real(i, response="word " * (i % 7)) for i in range(30)]
    samples += [synthetic(i, f"recipe{i % 2}") for i in range(20)]
    size = SampleSize(rows_bound, words_bound)
    drawn = draw_slices(sample_frame(samples), size=size)
    shuffled = sample_frame(random.sample(samples, len(samples)))
    assert_frame_equal(draw_slices(shuffled, size=size), drawn)
    assert drawn.schema == SLICED_SCHEMA
    for part in drawn.partition_by("slice"):
        assert part.height == min(rows_bound, part["slice_rows"][0])
        inside = part.filter("within_words")["words"]
        assert inside.len() == part.height or inside.sum() >= words_bound
        assert inside.head(inside.len() - 1).sum() < words_bound


def test_draw_slices_with_another_seed_draws_other_rows():
    rows = sample_frame([real(i) for i in range(100)])
    ids = [
        set(draw_slices(rows, size=SampleSize(rows=10, seed=seed))["sample_id"]) for seed in (0, 1)
    ]
    assert len(ids[0] & ids[1]) < 10


def test_draw_slices_with_one_more_row_changes_at_most_one_row_a_slice():
    samples = [real(i) for i in range(101)]
    size = SampleSize(rows=50)
    before, after = (
        set(draw_slices(sample_frame(part), size=size).filter(slice="all")["sample_id"])
        for part in (samples[:100], samples)
    )
    assert len(before - after) <= 1


def test_measure_diversity_of_equal_words_looks_only_at_rows_within_the_bound():
    short, long = real(0, "a b", "c"), real(1, "a b a b a b", "a b a b")
    order = draw_slices(sample_frame([short, long]))["sample_id"].to_list()
    first = next(row for row in (short, long) if row.sample_id == order[0])
    cut, whole, alone = (
        measure_diversity(sample_frame(rows), size=SampleSize(rows=2, words=words))
        for rows, words in (([short, long], 1), ([short, long], 99), ([first], 99))
    )
    for metric in DiversityMetric:
        expected = alone if spec_of(metric).basis is Basis.WORDS else whole
        assert value(cut, "all", metric) == value(expected, "all", metric), metric


def test_metric_specs_say_what_a_newcomer_needs():
    titles = {spec_of(metric).title for metric in DiversityMetric}
    assert len(titles) == len(DiversityMetric)
    for metric in DiversityMetric:
        spec = spec_of(metric)
        assert spec.caption == f"{spec.unit}; {spec.good}. {spec.meaning}"


@pytest.fixture(scope="session")
def problems(shared_data):
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Sample.real("gsm8k", i, row["question"], row["answer"], "MIT")
        for i, row in enumerate(map(json.loads, lines[:3_000]))
    ]


def test_measure_diversity_of_two_halves_of_one_corpus_agrees(problems):
    measured = measure_diversity(
        sample_frame(problems[:1_500]), reference=sample_frame(problems[1_500:])
    )
    for metric in (m for m in DiversityMetric if spec_of(m).basis is Basis.WORDS):
        one, other = (value(measured, name, metric) for name in ("real", "reference"))
        assert one == pytest.approx(other, rel=0.06), metric


def test_measure_diversity_of_a_narrowed_set_shows_in_every_metric_of_repetition(problems):
    narrow = [replace(row, prompt=problems[i % 20].prompt) for i, row in enumerate(problems[:400])]
    measured = measure_diversity(sample_frame(narrow), reference=sample_frame(problems[1_500:]))
    for metric in ("distinct_2", "distinct_3", "distinct_4"):
        assert value(measured, "real", metric) < 0.9 * value(measured, "reference", metric)
    for metric in ("compression_ratio", "prompt_opening_share"):
        assert value(measured, "real", metric) > 1.2 * value(measured, "reference", metric)


def test_distinct_2_of_more_text_falls_so_equal_words_are_needed(problems):
    sizes = [distinct_n([row.prompt for row in problems[:n]], 2) for n in (50, 500, 3_000)]
    assert sizes[0] > 1.2 * sizes[1]
    assert sizes[1] > 1.2 * sizes[2]
