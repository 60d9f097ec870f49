"""The registry of models: whole or as it was, whoever writes at the same time or is killed."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, SetRecord, Voice
from synth_assets.errors import RegistryError
from synth_assets.resources.models.registry import ModelRegistry

SET = SetRecord(
    key="half~12345678",
    digest="0123456789abcdef",
    rows=10,
    synthetic_rows=5,
    depth=1,
    voices=(Voice(teacher="writer", family="large", checkpoint="7", rows=5),),
)


def model(
    name: str, *sets: str, family: str = "tiny", checkpoint: str = "1", **other
) -> ModelRecord:
    return ModelRecord(name=name, family=family, checkpoint=checkpoint, trained_on=sets, **other)


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "home")


def test_registry_that_is_not_there_is_empty(registry: ModelRegistry):
    assert registry.history() == TrainingHistory()
    assert not registry.home.exists()


def test_registry_gives_back_what_was_recorded(registry: ModelRegistry):
    recorded = registry.add_set(SET)
    made = registry.add_model(model("org/tiny-1:q4", "half", scores={"gsm8k": 0.41}))
    assert registry.history() == TrainingHistory((recorded,), (made,))
    assert made.trained_on == ("half~12345678@0123456789abcdef",)
    assert recorded.model_copy(update={"recorded": ""}) == SET
    assert recorded.recorded.endswith("+00:00")


def test_registry_same_set_is_recorded_once(registry: ModelRegistry):
    first = registry.add_set(SET)
    assert registry.add_set(SET.model_copy(update={"depth": 3})) == first
    assert registry.history().sets == (first,)


def test_registry_what_a_model_saw_stays_when_the_mixture_is_exported_again(
    registry: ModelRegistry,
):
    registry.add_set(SET)
    registry.add_model(model("tiny-1", "half"))
    registry.add_set(SET.model_copy(update={"digest": "f" * 16, "depth": 5}))
    history = registry.history()
    assert history.set_of("half").depth == 5
    assert history.depth_of(history.model("tiny-1")) == 1


def test_registry_model_again_adds_scores(registry: ModelRegistry):
    registry.add_set(SET)
    registry.add_model(model("tiny-1", "half", scores={"a": 1.0, "b": 1.0}))
    made = registry.add_model(model("tiny-1", "half", scores={"b": 2.0}))
    assert made.scores == {"a": 1.0, "b": 2.0}
    assert len(registry.history().models) == 1


@pytest.mark.parametrize(
    "other",
    [
        model("tiny-1"),
        model("tiny-1", "half", checkpoint="2"),
        model("tiny-1", "half", family="x"),
    ],
)
def test_registry_other_model_of_the_same_name_is_refused(
    registry: ModelRegistry, other: ModelRecord
):
    registry.add_set(SET)
    registry.add_model(model("tiny-1", "half"))
    before = registry.path.read_bytes()
    with pytest.raises(RegistryError, match="Another model is registered as tiny-1: tiny@1"):
        registry.add_model(other)
    assert registry.path.read_bytes() == before


def test_registry_checkpoint_trained_on_its_own_rows_is_refused_with_the_loop(
    registry: ModelRegistry,
):
    registry.add_set(SET)
    before = registry.path.read_bytes()
    with pytest.raises(RegistryError) as caught:
        registry.add_model(model("large-7", "half", family="Large", checkpoint="7"))
    assert "model large-7 <- set half~12345678@0123456789abcdef <- writer (large@7)" in str(
        caught.value
    )
    assert registry.path.read_bytes() == before


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (model("m", "quarter"), "No exported set is called 'quarter'"),
        (model("m", parents=("nobody",)), "No model is registered as 'nobody'"),
        (model("m", parents=("m",)), "No model is registered as 'm'"),
        (model("m", "tiny-1"), "'tiny-1' is a registered model, and no set: name it as --parent"),
    ],
)
def test_registry_model_of_unknown_descent_is_refused(
    registry: ModelRegistry, new: ModelRecord, told: str
):
    registry.add_set(SET)
    registry.add_model(model("tiny-1", "half"))
    with pytest.raises(RegistryError) as caught:
        registry.add_model(new)
    assert told in str(caught.value)


def test_registry_model_is_removed_unless_something_came_of_it(registry: ModelRegistry):
    registry.add_model(model("one"))
    registry.add_model(model("two", checkpoint="2", parents=("one",)))
    heard = Voice(teacher="t", rows=1, trained_on=("two",))
    registry.add_set(SET.model_copy(update={"voices": (heard,)}))
    for name, heir in (("one", "model two"), ("two", "set half~12345678@0123456789abcdef")):
        with pytest.raises(RegistryError, match=f"Model {name} stands behind {heir}"):
            registry.remove_model(name)
    registry.add_model(model("three", checkpoint="3"))
    registry.remove_model("three")
    assert [each.name for each in registry.history().models] == ["one", "two"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"kind": "model", "name": "m"}', "line 2: model.family: Field required"),
        ('{"kind": "modal"}', "line 2"),
        ("{", "line 2"),
        ('{"kind":"model","name":"a@b","family":"f","checkpoint":"1"}', "model.name"),
        ('{"kind":"model","name":"m","family":"f","checkpoint":"1","parents":["x"]}',
         "No model is registered as 'x'"),
        ('{"kind":"model","name":"m","family":"f","checkpoint":"1"}\n'
         '{"kind":"model","name":"m","family":"f","checkpoint":"1"}', "line 3: Model m stands"),
    ],
)  # fmt: skip
def test_registry_broken_line_is_named(registry: ModelRegistry, line: str, told: str):
    registry.add_set(SET)
    registry.path.write_text(registry.path.read_text() + line + "\n")
    with pytest.raises(RegistryError) as caught:
        registry.history()
    assert str(registry.path) in str(caught.value)
    assert told in str(caught.value)


def test_registry_that_is_no_text_is_an_error_that_names_it(registry: ModelRegistry):
    registry.home.mkdir()
    registry.path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RegistryError, match=r"models\.jsonl: cannot be read"):
        registry.history()


def test_registry_held_by_another_says_so(registry: ModelRegistry):
    registry.home.mkdir()
    impatient = ModelRegistry(registry.home, lock_timeout_s=0.05)
    with registry._locked(), pytest.raises(RegistryError, match="another process"):
        impatient.add_set(SET)
    impatient.add_set(SET)


def _add_models(home: Path, start: int, number: int) -> None:
    for index in range(start, start + number):
        ModelRegistry(home).add_model(model(f"m{index}", checkpoint=str(index)))


def test_registry_of_two_writers_neither_loses_a_record(registry: ModelRegistry):
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_add_models, args=(registry.home, start, 15)) for start in (0, 100)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    names = {each.name for each in registry.history().models}
    assert names == {f"m{index}" for start in (0, 100) for index in range(start, start + 15)}


def test_registry_is_whole_after_a_kill_and_lets_others_in(registry: ModelRegistry):
    registry.add_set(SET)
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=_add_models, args=(registry.home, 0, 100_000))
    writer.start()
    deadline = time.monotonic() + 60
    while len(registry.history().models) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join(60)
    found = registry.history()
    assert [each.name for each in found.models] == [f"m{n}" for n in range(len(found.models))]
    registry.add_model(model("after", "half", checkpoint="after"))
    assert registry.history().models[:-1] == found.models
