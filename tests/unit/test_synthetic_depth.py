"""Depth counts what stands behind a row: its parents, and what its writers were trained on."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, SetRecord
from synth_assets.core.mixture.standing import ANCESTORS_SCHEMA, depths, standing_of
from synth_assets.core.sample import Sample
from synth_assets.core.terms.declared import Declared
from tests.samples import frame_of, real_row, synthetic_row

MIXTURE = Mixture(id="any")
DEEP = SetRecord(key="deep~12345678", digest="d" * 16, rows=9, synthetic_rows=9, depth=4)
FLAT = SetRecord(key="flat~12345678", digest="f" * 16, rows=9, synthetic_rows=0, depth=0)


def learned(name: str, *seen: str, **other) -> Teacher:
    return Teacher(id=name, model="x/y", trained_on=seen, **other)


def row(name: str, teacher: str, *parents: Sample) -> Sample:
    made = synthetic_row(name, "q", name, teacher=teacher)
    place = 1 + max((parent.synthetic_depth for parent in parents), default=0)
    ids = tuple(parent.sample_id for parent in parents)
    return replace(made, parent_ids=ids, synthetic_depth=place)


def depths_of(
    rows: pl.DataFrame, *teachers: Teacher, models: tuple[ModelRecord, ...] = (), **more
) -> dict[str, int]:
    history = TrainingHistory((DEEP, FLAT), models)
    known = Declared({each.id: each for each in teachers}, {}, history)
    standing = standing_of(rows, MIXTURE, known, **more)
    return dict(standing.select("sample_id", "depth").iter_rows())


def test_depth_of_plain_teachers_is_the_place_in_the_line():
    first = row("a", "plain")
    found = depths_of(frame_of(real_row("r", "q", "a"), first, row("b", "plain", first)))
    assert found == {"r": 0, "a": 1, "b": 2}


def test_depth_is_one_more_than_the_deepest_set_the_teacher_saw():
    rows = frame_of(row("a", "both"), row("b", "flat"), row("c", "plain"))
    found = depths_of(rows, learned("both", "flat", "deep"), learned("flat", "flat"))
    assert found == {"a": 5, "b": 1, "c": 1}


def test_depth_counts_the_parents_teacher_too():
    parent = row("a", "deep")
    found = depths_of(frame_of(parent, row("b", "plain", parent)), learned("deep", "deep"))
    assert found == {"a": 5, "b": 6}


def test_depth_counts_parents_that_are_no_candidates():
    parent = row("a", "deep")
    ancestors = frame_of(parent).select(ANCESTORS_SCHEMA.names())
    child = frame_of(row("b", "plain", parent))
    assert depths_of(child, learned("deep", "deep"), ancestors=ancestors) == {"b": 2}
    found = depths_of(frame_of(row("b", "plain", parent), row("x", "deep")),
                      learned("deep", "deep"), ancestors=ancestors)  # fmt: skip
    assert found == {"b": 6, "x": 5}


def test_depth_of_a_parent_that_is_nowhere_is_its_place_in_the_line():
    parent = row("a", "deep")
    rows = frame_of(row("b", "plain", parent), row("x", "deep"))
    assert depths_of(rows, learned("deep", "deep")) == {"b": 2, "x": 5}


def test_depth_counts_every_teacher_that_had_a_part():
    made = replace(row("a", "plain"), request_fingerprints=("f1", "f2"))
    answers = pl.DataFrame({"fingerprint": ["f1", "f2"], "teacher": ["plain", "deep"]})
    assert depths_of(frame_of(made), learned("deep", "deep"), answers=answers) == {"a": 5}


def test_depth_reaches_through_registered_models_and_their_parents():
    base = ModelRecord(name="base", family="b", checkpoint="1", trained_on=(DEEP.reference,))
    tuned = ModelRecord(name="tuned", family="t", checkpoint="2", parents=("base",))
    by_name = learned("by-name", "tuned")
    by_checkpoint = learned("by-checkpoint", family="T", checkpoint="2")
    other = learned("other", family="t", checkpoint="1")
    rows = frame_of(row("a", "by-name"), row("b", "by-checkpoint"), row("c", "other"))
    found = depths_of(rows, by_name, by_checkpoint, other, models=(base, tuned))
    assert found == {"a": 5, "b": 5, "c": 1}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_depth_never_falls_along_parents(data: st.DataObject):
    number = data.draw(st.integers(1, 30))
    places: list[int] = []
    parents: list[list[int]] = []
    learned: list[int] = []
    for index in range(number):
        chosen = data.draw(st.lists(st.integers(0, max(index - 1, 0)), max_size=3, unique=True))
        own = chosen if index else []
        is_real = not own and data.draw(st.booleans())
        parents.append(own)
        places.append(0 if is_real else 1 + max((places[parent] for parent in own), default=0))
        learned.append(0 if is_real else data.draw(st.integers(0, 5)))
    line = pl.DataFrame(
        {
            "sample_id": [f"s{index}" for index in range(number)],
            "parent_ids": [[f"s{parent}" for parent in own] for own in parents],
            "synthetic_depth": places,
            "learned": learned,
        },
        schema_overrides={"parent_ids": pl.List(pl.String)},
    )
    order = data.draw(st.permutations(range(number)))
    shuffled = line[list(order)]
    found = dict(zip(shuffled["sample_id"], depths(shuffled), strict=True))
    assert len(found) == number
    for index, own in enumerate(parents):
        deepest = max((found[f"s{parent}"] for parent in own), default=0)
        wanted = 0 if places[index] == 0 else 1 + max(deepest, learned[index])
        assert found[f"s{index}"] == wanted
