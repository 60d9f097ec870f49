"""References to sets and models mean one thing, and loops are told."""

import polars as pl
import pytest

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.history import TrainingHistory, Writer, told_way
from synth_assets.core.flywheel.recording import set_digest, set_record
from synth_assets.core.flywheel.records import ModelRecord, SetRecord, Voice
from synth_assets.core.flywheel.tree import tree_of
from synth_assets.core.terms.declared import Declared
from synth_assets.errors import RegistryError
from tests.samples import frame_of, real_row, synthetic_row


def exported(key: str, digest: str, *voices: Voice, depth: int = 1) -> SetRecord:
    return SetRecord(key=key, digest=digest, rows=10, synthetic_rows=4, depth=depth, voices=voices)


OLD = exported("half~11111111", "aaaa000000000000")
NEW = exported("half~22222222", "aaab000000000000")
NEWER = exported("half~22222222", "cccc000000000000")
OTHER = exported("full~33333333", "dddd000000000000")
HISTORY = TrainingHistory((OLD, NEW, NEWER, OTHER))


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("half", NEWER),
        ("half~11111111", OLD),
        ("half@11111111", OLD),
        ("half@22222222", NEWER),
        ("half@aaab", NEW),
        ("half~22222222@aaab0000", NEW),
        (OLD.reference, OLD),
        ("full", OTHER),
    ],
)
def test_reference_names_the_set_that_is_meant(reference: str, named: SetRecord):
    assert HISTORY.set_of(reference) == named


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("hlaf", "No exported set is called 'hlaf'. There are: full, half."),
        ("half@aaa", "names no set of half"),
        ("half@ccc", "its first 4 digits or more"),
        ("half@ffff", "names no set of half"),
        ("half~33333333", "No exported set is called"),
        ("", "No exported set is called ''"),
        ("@aaab", "No exported set is called ''"),
        ("half\n", r"'half\n'"),
    ],
)
def test_reference_that_names_no_one_set_is_refused(reference: str, told: str):
    with pytest.raises(RegistryError) as caught:
        HISTORY.set_of(reference)
    assert told in str(caught.value)


def test_reference_of_digits_that_several_sets_share_is_refused():
    twin = exported("half~22222222", "aaaaffffffffffff")
    history = TrainingHistory((*HISTORY.sets, twin))
    with pytest.raises(RegistryError, match=r"'half@aaaa' names several sets: half~1.*half~2"):
        history.set_of("half@aaaa")
    assert history.set_of("half~22222222@aaaa") == twin


@pytest.mark.parametrize("reference", ["half", "half~22222222", "half@22222222"])
def test_reference_of_a_teacher_that_may_mean_several_sets_is_refused(reference: str):
    writer = Writer("writer", trained_on=(reference,))
    with pytest.raises(RegistryError) as caught:
        HISTORY.depth_of(writer)
    for told in (f"writer: trained_on: {reference!r} may mean", NEW.reference, NEWER.reference):
        assert told in str(caught.value)
    pinned = Writer("writer", trained_on=(NEW.reference, "half@cccc", "full"))
    assert HISTORY.depth_of(pinned) == 1


def test_resolve_name_of_a_set_and_a_model_is_refused_as_both():
    model = ModelRecord(name="half", family="x", checkpoint="1")
    history = TrainingHistory(HISTORY.sets, (model,))
    with pytest.raises(RegistryError, match="names both a set and a registered model"):
        history.resolve("half")
    assert history.resolve("half~11111111") == OLD
    assert history.resolve("half@aaab") == NEW


def test_way_back_ends_though_sets_and_models_go_round():
    first = exported(
        "a~11111111", "aaaa000000000000", Voice(teacher="m", rows=1, trained_on=("b",))
    )
    second = exported(
        "b~11111111", "bbbb000000000000", Voice(teacher="n", rows=1, trained_on=("a",))
    )
    history = TrainingHistory((first, second))
    start = Writer("start", trained_on=("a",))
    assert history.way_back(start, lambda writer: writer.name == "nobody") is None
    way = history.way_back(start, lambda writer: writer.name == "n")
    assert way is not None
    assert told_way(way) == (
        "start (family unstated@unstated) <- set a~11111111@aaaa000000000000 <- "
        "m (family unstated@unstated) <- set b~11111111@bbbb000000000000 <- "
        "n (family unstated@unstated)"
    )


def test_loops_of_registered_models_are_refused_by_name():
    own = exported(
        "a~11111111", "aaaa000000000000", Voice(teacher="t", family="F", checkpoint="1", rows=1)
    )
    model = ModelRecord(name="f-1", family="f ", checkpoint="1", trained_on=("a",))
    with pytest.raises(RegistryError) as caught:
        TrainingHistory((own,), (model,)).refuse_loops()
    assert (
        "model f-1 was trained on its own rows: model f-1 <- set a~11111111@aaaa000000000000 <- "
        "t (f@1)"
    ) in str(caught.value)


def test_loops_of_a_family_at_another_checkpoint_are_no_contradiction():
    own = exported(
        "a~11111111", "aaaa000000000000", Voice(teacher="t", family="f", checkpoint="0", rows=1)
    )
    model = ModelRecord(name="f-1", family="f", checkpoint="1", trained_on=("a",))
    history = TrainingHistory((own,), (model,))
    history.refuse_loops([Writer("t", "f", "1")])
    loops = [branch.told for _, branch in tree_of(model, history).walk() if branch.is_loop]
    assert loops == ["t (f@0)"]


def test_tree_shows_each_thing_once_with_rows_and_what_is_behind():
    base = exported(
        "a~11111111", "aaaa000000000000", Voice(teacher="t", family="g", checkpoint="0", rows=7)
    )
    one = ModelRecord(name="one", family="f", checkpoint="1", trained_on=("a",))
    two = ModelRecord(name="two", family="f", checkpoint="2", trained_on=("a",), parents=("one",))
    tree = tree_of(two, TrainingHistory((base,), (one, two)))
    told = [(level, branch.told, branch.rows, branch.is_repeated) for level, branch in tree.walk()]
    assert told == [
        (0, "model two", None, False),
        (1, "set a~11111111@aaaa000000000000", None, False),
        (2, "t (g@0)", 7, False),
        (1, "model one", None, False),
        (2, "set a~11111111@aaaa000000000000", None, True),
    ]


def test_set_record_tells_rows_depth_and_everybody_who_wrote():
    deep = synthetic_row("c", "q", "3", teacher="one", request_fingerprints=("f1", "f2"))
    rows = frame_of(
        real_row("a", "q", "1"),
        synthetic_row("b", "q", "2", teacher="one"),
        deep,
    )
    answers = pl.DataFrame({"fingerprint": ["f1", "f2"], "teacher": ["one", "two"]})
    history = TrainingHistory((OLD,))
    teachers = {
        "one": Teacher(id="one", model="x/y", family="F", checkpoint="1", trained_on=("half",)),
        "two": Teacher(id="two", model="ollama/llama3"),
    }
    record = set_record("mine~12345678", rows, Declared(teachers, {}, history), answers)
    assert (record.rows, record.synthetic_rows, record.depth) == (3, 2, 1)
    assert record.voices == (
        Voice(teacher="one", family="f", checkpoint="1", rows=2, trained_on=(OLD.reference,)),
        Voice(teacher="two", family="llama", checkpoint="", rows=1),
    )
    assert record.reference == f"mine~12345678@{set_digest(rows)}"


def test_set_digest_follows_rows_and_their_order():
    rows = frame_of(real_row("a", "q", "1"), real_row("b", "q", "2"))
    split = rows.with_columns(pl.lit("train").alias("split"), pl.lit(1, pl.Int64).alias("copy"))
    assert set_digest(rows) == set_digest(rows.clone())
    assert len({set_digest(each) for each in (rows, rows.reverse(), rows.head(1), split)}) == 4
