"""Rows by the student itself, and by what learned from it, are found and named."""

from dataclasses import replace

import polars as pl
import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, SetRecord, Voice
from synth_assets.core.mixture.standing import standing_of
from synth_assets.core.schema import STANDING_SCHEMA, Reason
from synth_assets.core.terms.declared import Declared
from synth_assets.errors import RegistryError
from tests.samples import frame_of, real_row, synthetic_row

STUDENT = {"name": "tiny-3", "family": "tiny", "checkpoint": "3", "previous": ["2"]}


def mixture(**said) -> Mixture:
    return Mixture.model_validate({"id": "half", "student": STUDENT} | said)


def teacher(name: str, family: str = "", checkpoint: str = "", **other) -> Teacher:
    model = other.pop("model", "hosted_vllm/served")
    return Teacher(id=name, model=model, family=family, checkpoint=checkpoint, **other)


def declared(*teachers: Teacher, history: TrainingHistory | None = None) -> Declared:
    return Declared({each.id: each for each in teachers}, {}, history or TrainingHistory())


def row_by(writer: Teacher, history: TrainingHistory | None = None, **said) -> dict:
    """The standing of one row by a teacher."""
    rows = frame_of(synthetic_row("s", "q", "a", teacher=writer.id))
    standing = standing_of(rows, mixture(**said), declared(writer, history=history))
    return standing.row(0, named=True)


def exported(key: str, *voices: Voice, depth: int = 1, digest: str = "0" * 16) -> SetRecord:
    return SetRecord(
        key=f"{key}~1234abcd", digest=digest, rows=10, synthetic_rows=5, depth=depth, voices=voices
    )


def trained(name: str, family: str, checkpoint: str, *sets: SetRecord, **other) -> ModelRecord:
    seen = tuple(each.reference for each in sets)
    return ModelRecord(name=name, family=family, checkpoint=checkpoint, trained_on=seen, **other)


def test_standing_own_checkpoint_is_barred_and_named():
    told = row_by(teacher("writer", "Tiny ", "3"))
    assert told["reason"] == Reason.OWN_VOICE
    assert told["own_voice"]
    assert told["detail"] == "teacher writer (tiny@3) is the student tiny-3 itself"


def test_standing_previous_checkpoint_is_barred_and_named():
    told = row_by(teacher("writer", "tiny", "2"))
    assert told["reason"] == Reason.OWN_VOICE
    assert "writer (tiny@2) is the student tiny-3 at a checkpoint before" in told["detail"]


def test_standing_other_checkpoint_of_the_family_may_take_part():
    told = row_by(teacher("writer", "tiny", "1"))
    assert (told["reason"], told["own_voice"], told["family"]) == (None, False, "tiny")


def test_standing_other_family_at_the_same_checkpoint_may_take_part():
    assert row_by(teacher("writer", "large", "3"))["reason"] is None


def test_standing_unstated_checkpoint_of_the_family_counts_as_own_and_says_so():
    told = row_by(teacher("writer", "tiny"))
    assert told["reason"] == Reason.OWN_VOICE
    assert "states no checkpoint" in told["detail"]


def test_standing_student_without_checkpoint_hears_itself_in_its_whole_family():
    told = row_by(teacher("writer", "tiny", "1"), student={"name": "t", "family": "tiny"})
    assert told["reason"] == Reason.OWN_VOICE
    assert "student t, which states no checkpoint" in told["detail"]


def test_standing_family_is_read_off_the_model_where_none_is_stated():
    student = {"name": "s", "family": "llama", "checkpoint": "3.2"}
    told = row_by(teacher("writer", checkpoint="3.2", model="ollama/llama3.2"), student=student)
    assert (told["reason"], told["family"]) == (Reason.OWN_VOICE, "llama")


@pytest.mark.parametrize("student", [None, {"name": "tiny-3", "checkpoint": "3"}])
def test_standing_student_without_family_has_no_voice(student: dict | None):
    assert row_by(teacher("writer", "tiny", "3"), student=student)["own_voice"] is False


def test_standing_share_of_own_voice_leaves_the_rows_to_be_capped():
    told = row_by(teacher("writer", "tiny", "3"), own_voice=0.1)
    assert (told["reason"], told["own_voice"]) == (None, True)
    assert "the student tiny-3 itself" in told["detail"]


def test_standing_real_rows_have_no_voice_no_depth_no_family():
    standing = standing_of(frame_of(real_row("r", "q", "a")), mixture(), declared())
    assert standing.schema == STANDING_SCHEMA
    assert standing.rows() == [("r", "", 0, False, None, "")]


def test_standing_keeps_the_order_of_rows_and_has_one_for_each():
    rows = frame_of(
        synthetic_row("b", "q", "1", teacher="x"),
        real_row("a", "q", "2"),
        synthetic_row("c", "q", "3", teacher="y"),
    )
    standing = standing_of(rows, mixture(), declared(teacher("y", "tiny", "3")))
    assert standing["sample_id"].to_list() == ["b", "a", "c"]
    assert standing["reason"].to_list() == [None, None, "own_voice"]


def test_standing_of_no_rows_is_empty():
    standing = standing_of(frame_of(), mixture(publish=True), declared())
    assert (standing.schema, standing.height) == (STANDING_SCHEMA, 0)


def test_standing_student_who_had_a_part_in_a_row_is_heard():
    whole = synthetic_row("whole", "q", "1", teacher="x")
    part = synthetic_row("part", "q", "2", teacher="x")
    rows = frame_of(
        replace(whole, request_fingerprints=("f1",)),
        replace(part, request_fingerprints=("f2", "f3")),
    )
    answers = pl.DataFrame({"fingerprint": ["f1", "f2", "f3"], "teacher": ["x", "x", "student"]})
    known = declared(teacher("x", "large", "1"), teacher("student", "tiny", "3"))
    standing = standing_of(rows, mixture(), known, answers=answers)
    assert standing["reason"].to_list() == [None, "own_voice"]
    assert standing["family"].to_list() == ["large", "large"]


def test_standing_teacher_trained_on_the_students_rows_is_a_loop_named_by_its_way():
    first = exported("first", Voice(teacher="pupil", family="tiny", checkpoint="2", rows=3))
    told = row_by(teacher("writer", "large", "7", trained_on=("first",)), TrainingHistory((first,)))
    assert told["reason"] == Reason.OWN_VOICE
    assert told["detail"] == (
        "a loop of the flywheel: writer (large@7) <- set first~1234abcd@0000000000000000 <- "
        "pupil (tiny@2), which is the student tiny-3 at a checkpoint before"
    )


def test_standing_loop_through_models_between_is_found():
    first = exported("first", Voice(teacher="pupil", family="tiny", checkpoint="3", rows=3))
    middle = trained("middle-1", "middle", "1", first)
    heard = Voice(teacher="other", family="middle", checkpoint="1", rows=4)
    second = exported("second", heard, depth=2, digest="1" * 16)
    last = trained("large-7", "large", "7", second)
    history = TrainingHistory((first, second), (middle, last))
    told = row_by(teacher("writer", "large", "7"), history)
    assert told["reason"] == Reason.OWN_VOICE
    assert (
        "writer (large@7) <- model large-7 <- set second~1234abcd@1111111111111111 <- other "
        "(middle@1) <- model middle-1 <- set first~1234abcd@0000000000000000 <- pupil (tiny@3)"
    ) in told["detail"]
    assert told["depth"] == 3


def test_standing_loop_is_left_to_the_cap_where_own_voice_is_allowed():
    first = exported("first", Voice(teacher="pupil", family="tiny", checkpoint="3", rows=3))
    writer = teacher("writer", "large", "7", trained_on=("first",))
    told = row_by(writer, TrainingHistory((first,)), own_voice=0.2)
    assert (told["reason"], told["own_voice"]) == (None, True)
    assert "a loop of the flywheel" in told["detail"]


def test_standing_teacher_trained_on_a_set_without_the_student_may_take_part():
    first = exported("first", Voice(teacher="pupil", family="tiny", checkpoint="1", rows=3))
    told = row_by(teacher("writer", "large", "7", trained_on=("first",)), TrainingHistory((first,)))
    assert (told["reason"], told["own_voice"], told["depth"]) == (None, False, 2)


def test_standing_teacher_that_saw_its_own_rows_is_refused_with_the_loop():
    first = exported("first", Voice(teacher="earlier", family="large", checkpoint="7", rows=3))
    writer = teacher("writer", "large", "7", trained_on=("first",))
    with pytest.raises(RegistryError, match=r"was trained on its own rows: writer \(large@7\) <- "):
        row_by(writer, TrainingHistory((first,)))


def test_standing_trained_on_a_name_nobody_knows_is_an_error_that_lists_what_there_is():
    history = TrainingHistory((exported("first"),), (trained("m", "x", "1"),))
    with pytest.raises(RegistryError) as caught:
        row_by(teacher("writer", trained_on=("frist",)), history)
    for told in ("writer: trained_on:", "'frist'", "Sets: first", "Models: m", "synth models add"):
        assert told in str(caught.value)
