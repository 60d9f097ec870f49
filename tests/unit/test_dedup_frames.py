"""Signatures kept as frames, and used again only for the texts and the rule they were made of."""

from io import BytesIO

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.code_points import Unit
from synth_assets.core.dedup.exact import ExactRule
from synth_assets.core.dedup.frames import (
    SIGNATURE_SCHEMA,
    frame_of_signatures,
    gather_sketches,
    signature_frame,
    signatures_of_frame,
    sketch_fingerprint,
)
from synth_assets.core.dedup.near import SketchesInMemory
from synth_assets.core.dedup.shingling import Shingling
from synth_assets.core.dedup.signatures import KeptSketches, Signatures
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.dedup.stage import Known, compared_texts, deduplicate
from synth_assets.core.schema import SAMPLE_SCHEMA
from tests.samples import decisions_of, frame_of, synthetic_row

RULES = [
    DedupRule(),
    DedupRule(0.5, 0.99, Shingling(Unit.CHARACTERS, 3)),
    DedupRule(shingling=Shingling(Unit.CODE, 2), exact=ExactRule(case=False)),
    DedupRule(near=False),
]
TEXTS = ["", "?!", "one", "One two three four five six", "def f(x): return x", "狐狸和葡萄"]
TEXTS += ["half \ud800 a pair"]


def rows(count: int, start: int = 0, more: str = "") -> pl.DataFrame:
    return frame_of(
        *(
            synthetic_row(f"r{n}", f"Question {n}?", f"{n} is said{more} in so many words here")
            for n in range(start, start + count)
        )
    )


def assert_equal(one: Signatures, other: Signatures) -> None:
    for ours, theirs in ((one.exact, other.exact), (one.values, other.values)):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)


def ids(count: int) -> pl.Series:
    return pl.Series([f"id{n}" for n in range(count)], dtype=pl.String)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("texts", [[], TEXTS[:1], TEXTS])
def test_signatures_through_a_file_come_back_equal(rule: DedupRule, texts: list[str]):
    signatures = Signatures.of(texts, rule)
    file = BytesIO()
    frame_of_signatures(ids(len(texts)), texts, signatures, rule).write_parquet(file)
    file.seek(0)
    read = pl.read_parquet(file)
    assert read.schema == SIGNATURE_SCHEMA
    assert read["sample_id"].to_list() == list(ids(len(texts)))
    assert_equal(signatures_of_frame(read, rule), signatures)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=40), max_size=9), st.sampled_from(RULES))
def test_signatures_of_any_texts_come_back_equal(texts: list[str], rule: DedupRule):
    signatures = Signatures.of(texts, rule)
    frame = frame_of_signatures(ids(len(texts)), texts, signatures, rule)
    assert_equal(signatures_of_frame(frame, rule), signatures)
    again = frame_of_signatures(ids(len(texts)), texts, signatures_of_frame(frame, rule), rule)
    assert again.equals(frame)


def test_signature_frame_has_the_bytes_of_the_sketch_of_a_row():
    samples = rows(2)
    frame = signature_frame(samples, DedupRule())
    said = SketchesInMemory.of(compared_texts(samples), DedupRule()).sketches
    assert frame["exact"][1] == said.exact[1].tobytes()
    assert frame["signature"][1] == said.signatures[1].tobytes()
    assert set(frame["rule"]) == {sketch_fingerprint(DedupRule())}


@pytest.mark.parametrize("rule", RULES)
def test_kept_sketches_are_a_store_like_those_in_memory(rule: DedupRule):
    kept = KeptSketches(Signatures.of(TEXTS, rule), TEXTS, rule)
    held = SketchesInMemory.of(TEXTS, rule)
    assert kept.bands == held.bands
    assert np.array_equal(kept.exact, held.exact)
    assert all(np.array_equal(kept.band(n), held.band(n)) for n in range(kept.bands))
    some = np.array([4, 0, 4, 6])
    ours, theirs = kept.shingles(some), rule.shingling.cut([TEXTS[n] for n in some])
    assert np.array_equal(ours.hashes, theirs.hashes)
    assert np.array_equal(ours.offsets, theirs.offsets)
    assert kept.shingles(some[:0]).texts == 0


def test_gather_with_all_there_makes_none():
    samples = rows(6)
    frames = [signature_frame(samples[:2], DedupRule()), signature_frame(samples[2:], DedupRule())]
    found = gather_sketches(samples, frames, DedupRule())
    assert (found.reused, found.made) == (6, 0)
    assert_equal(found.sketches.signatures, Signatures.of(compared_texts(samples), DedupRule()))


@pytest.mark.parametrize(
    ("kept", "reused"),
    [
        (lambda frame: [], 0),
        (lambda frame: [frame[3:], frame[:3]], 6),
        (lambda frame: [frame[1:4]], 3),
        (lambda frame: [frame, frame], 6),
        (lambda frame: [frame.drop("rule")], 0),
        (lambda frame: [frame.clear(), frame[5:]], 1),
        (lambda frame: [signature_frame(rows(9, 3), DedupRule())], 3),
        (lambda frame: [signature_frame(rows(6, more="!"), DedupRule())], 0),
        (lambda frame: [signature_frame(rows(6), DedupRule(near=False))], 0),
        (lambda frame: [signature_frame(rows(6), DedupRule(exact=ExactRule(case=False)))], 0),
        (lambda frame: [signature_frame(rows(6), DedupRule(0.9))], 0),
        (lambda frame: [frame.with_columns(rule=pl.lit("made by other code"))], 0),
    ],
)
def test_gather_makes_what_is_missing_of_another_text_or_by_another_rule(kept, reused: int):
    samples = rows(6)
    wanted = Signatures.of(compared_texts(samples), DedupRule())
    found = gather_sketches(samples, kept(signature_frame(samples, DedupRule())), DedupRule())
    assert (found.reused, found.made) == (reused, 6 - reused)
    assert_equal(found.sketches.signatures, wanted)
    assert list(found.sketches.texts) == compared_texts(samples)


def test_gather_for_no_rows_is_empty():
    found = gather_sketches(
        SAMPLE_SCHEMA.to_frame(), [signature_frame(rows(2), DedupRule())], DedupRule()
    )
    assert (found.reused, found.made, len(found.sketches.exact)) == (0, 0, 0)


def test_gather_with_more_texts_puts_their_sketches_behind():
    samples, more = rows(4), ["the last", "the very last"]
    frames = [signature_frame(samples[2:], DedupRule())]
    found = gather_sketches(samples, frames, DedupRule(), more)
    assert (found.reused, found.made) == (2, 2)
    every = [*compared_texts(samples), *more]
    assert_equal(found.sketches.signatures, Signatures.of(every, DedupRule()))


def test_deduplicate_with_kept_sketches_in_another_order_decides_as_without():
    texts = [" ".join(f"w{n}" for n in range(start, start + 30)) for start in (0, 1, 40, 41, 90)]
    samples = frame_of(*(synthetic_row(f"s{n}", "p", text) for n, text in enumerate(texts)))
    rule = DedupRule(0.7)
    known = Known(["k"], [f"p {texts[4]} and more"])
    frames = [signature_frame(part, rule) for part in (samples[4:], samples[:3])]
    gathered = gather_sketches(samples, frames, rule, known.texts)
    told = deduplicate(samples, rule, gathered.sketches, known=known).decisions
    alone = deduplicate(samples, rule, known=known).decisions
    assert gathered.made == 1
    assert decisions_of(told) == decisions_of(alone)
    assert sorted(told["reason"].drop_nulls()) == ["near_duplicate"] * 2 + ["not_novel"]


def test_sketch_fingerprint_is_that_of_what_is_kept_and_of_no_threshold():
    usual, near = DedupRule(), DedupRule(0.801)
    assert near.banding == usual.banding
    assert sketch_fingerprint(near) == sketch_fingerprint(usual)
    others = [*RULES, DedupRule(0.9), DedupRule(exact=ExactRule(white_space=False))]
    assert len({sketch_fingerprint(rule) for rule in others}) == len(others)
