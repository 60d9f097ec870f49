"""Rows that come of a kept-out item, by a seed or through parents."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.decontaminate.descent import Forebears, inherited
from synth_assets.core.decontaminate.finding import Overlap
from synth_assets.core.decontaminate.kept_out import KeptOut
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import SAMPLE_SCHEMA, SEED_SCHEMA, Split
from tests.samples import frame_of, real_row, synthetic_row

ASKED = "How many rolls does each of the four cafes get, if a baker sells seventy before noon?"
ITEM = real_row("item", ASKED, "9.5", source="exam")
NOTHING = SAMPLE_SCHEMA.to_frame()
KEPT_OUT = KeptOut(
    NOTHING.select("sample_id", "prompt", "response", "source"),
    frame_of(ITEM).select("sample_id", "prompt", "response", "source"),
)
BAD_SEED = Seed.of("recipe", {"problem": ASKED.upper()})
ITEM_SEED = Seed.of("exam", {"prompt": ITEM.prompt, "response": ITEM.response})
GOOD_SEED = Seed.of("recipe", {"problem": "Three dogs share two bones."})


def row(name: str, *parents: str, seed: Seed = GOOD_SEED) -> Sample:
    said = f"What of {name}?", f"Of {name} nothing is known."
    return synthetic_row(name, *said, seed_id=seed.seed_id, parent_ids=parents)


def found(rows: list[Sample], *parents: Sample) -> dict[str, Overlap]:
    seeds = [(BAD_SEED, "recipe"), (GOOD_SEED, "recipe")]
    frame = pl.DataFrame(
        [
            (seed.seed_id, "r", "v", source, 0, canonical_json(seed.fields))
            for seed, source in seeds
        ],
        SEED_SCHEMA,
        orient="row",
    )
    forebears = Forebears(frame, frame_of(*parents))
    return inherited(frame_of(*rows), forebears, KEPT_OUT, KEPT_OUT.firewall({}))


@pytest.mark.parametrize(
    ("seed", "way"),
    [(BAD_SEED, "the same text but for case"), (ITEM_SEED, "it is the item itself, of exam")],
)
def test_row_whose_seed_is_an_item_names_item_and_seed(seed, way):
    told = found([row("child", seed=seed), row("other")])
    assert list(told) == ["child"]
    assert (told["child"].split, told["child"].item_id) == (Split.BENCHMARK, "item")
    assert told["child"].evidence.startswith(f"by its seed {seed.seed_id}: {way}")


def test_row_whose_seed_and_parents_are_clean_inherits_nothing():
    assert found([row("child", "mother", "gone")], row("mother", "gone")) == {}
    assert inherited(frame_of(row("a")), Forebears.none(), KEPT_OUT, KEPT_OUT.firewall({})) == {}


def test_row_whose_parent_is_an_item_by_id_or_text_names_the_parent():
    copy = synthetic_row("copy", ASKED.replace(" ", "  "), "9.5")
    told = found([row("one", "fine", "copy"), row("two", "item")], copy, row("fine"), ITEM)
    assert told["one"].evidence.startswith("by its parent copy: the same text but for")
    assert told["two"].evidence == "by its parent item: it is the item itself, of exam"


def test_row_far_down_names_every_step_of_the_way():
    line = [row("p0", seed=BAD_SEED), *(row(f"p{at}", f"p{at - 1}") for at in range(1, 6))]
    [(name, told)] = found([row("last", "p5")], *line).items()
    assert name == "last"
    steps = told.evidence.split(": ")
    assert steps[:6] == [f"by its parent p{at}" for at in range(5, -1, -1)]
    assert steps[6] == f"by its seed {BAD_SEED.seed_id}"


def test_row_of_a_very_long_line_or_a_ring_is_found_or_passes():
    line = [row("p0", seed=BAD_SEED), *(row(f"p{at}", f"p{at - 1}") for at in range(1, 1_500))]
    assert list(found([row("last", "p1499")], *line)) == ["last"]
    assert found([row("a", "b")], row("b", "c"), row("c", "b", "c")) == {}


def test_parent_that_two_recipe_versions_made_counts_by_what_any_of_them_says():
    versions = row("same"), synthetic_row("same", ASKED, "9.5")
    for parents in (versions, versions[::-1]):
        assert list(found([row("child", "same")], *parents)) == ["child"]


NAMES = [f"p{at}" for at in range(8)]


@given(st.lists(st.sets(st.sampled_from(NAMES), max_size=3), min_size=8, max_size=8), st.data())
@settings(deadline=None, max_examples=60)
def test_rows_inherit_exactly_what_any_forebear_is(parents, data):
    tainted = data.draw(st.sets(st.sampled_from(NAMES), max_size=2))
    rows = [
        row(name, *sorted(its), seed=BAD_SEED if name in tainted else GOOD_SEED)
        for name, its in zip(NAMES, parents, strict=True)
    ]
    reached = set(tainted)
    while grown := {n for n, its in zip(NAMES, parents, strict=True) if its & reached} - reached:
        reached |= grown
    children = [row(f"child-{name}", name) for name in NAMES]
    assert set(found(children, *rows)) == {f"child-{name}" for name in reached}
