"""Plans worked on in parts, fallbacks, and rounds until enough is kept."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Reason
from synth_assets.errors import TeacherError
from synth_assets.resources.generation import parts as parts_module
from synth_assets.resources.generation.engine import generate, generate_parts
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.generation.parts import Part, PartsFolder, parts_of
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import CallFailedError, Watch
from tests.fakes import TEACHERS, FakeChatModel, tiny_recipe

SEEDS = [Seed.of("recipe", {"problem": f"seed {n}"}) for n in range(4)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def test_parts_of_a_range_are_cut_at_the_same_places_wherever_it_starts():
    assert list(parts_of(0, 12, 5)) == [Part(0, 5), Part(5, 10), Part(10, 12)]
    assert list(parts_of(7, 12, 5)) == [Part(7, 10), Part(10, 12)]
    assert list(parts_of(3, 3, 5)) == []


def test_generate_in_parts_gives_what_one_part_gives(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = generate(tiny_recipe(23), SEEDS, FakeChatModel(), ledger)
    monkeypatch.setattr(parts_module.parts_of, "__defaults__", (5,))
    plan = Plan.of(tiny_recipe(23), SEEDS)
    folder = PartsFolder(tmp_path / "parts", plan.fingerprint)
    other = Ledger(tmp_path / "other.sqlite")
    generate_parts(plan, 0, 23, FakeChatModel(), other, folder)

    samples = folder.table("samples")
    assert len(samples.paths) == 5
    assert samples.lazy().collect().sort("position").equals(whole.stage.kept.sort("position"))
    assert folder.table("plan").lazy().collect()["seed_id"].n_unique() == 4
    assert folder.table("calls").lazy().collect().height == 46


def test_generate_resumed_passes_over_the_parts_that_are_done(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parts_module.parts_of, "__defaults__", (5,))
    plan = Plan.of(tiny_recipe(20), SEEDS)
    first = PartsFolder(tmp_path / "parts", plan.fingerprint)
    broken: list[str | Exception] = ["<problem>a</problem><solution>#### 5</solution>"] * 22
    with pytest.raises(TeacherError):
        generate_parts(plan, 0, 20, FakeChatModel([*broken, TeacherError("key")]), ledger, first)
    done = [part for part in parts_of(0, 20, 5) if first.has(part)]
    model = FakeChatModel()
    second = PartsFolder(tmp_path / "parts", plan.fingerprint)
    seen: list[int] = []
    generate_parts(
        plan, 0, 20, model, ledger, second, on_progress=lambda p: seen.append(p.finished)
    )

    assert done
    assert seen[0] == 5 * len(done) + 1
    assert seen[-1] == 20
    assert second.table("decisions").lazy().collect().height == 20


def test_part_with_an_errored_sample_is_tried_again(ledger: Ledger, tmp_path: Path):
    plan = Plan.of(tiny_recipe(4), SEEDS)
    failing = FakeChatModel(enqueued=[CallFailedError(Reason.PROVIDER_ERROR, "no")])
    folder = PartsFolder(tmp_path / "parts", plan.fingerprint)
    generate_parts(plan, 0, 4, failing, ledger, folder)
    assert not folder.has(Part(0, 4))
    generate_parts(plan, 0, 4, FakeChatModel(), ledger, folder)

    assert folder.has(Part(0, 4))
    assert set(folder.table("decisions").lazy().collect()["outcome"]) == {"kept"}


def test_parts_of_another_plan_are_removed(tmp_path: Path):
    old = tmp_path / "parts" / "old" / "0000000000-0000000005"
    old.mkdir(parents=True)
    PartsFolder(tmp_path / "parts", "new")
    assert not old.exists()


# --- fallbacks ----------------------------------------------------------------------------------


class _Failing(FakeChatModel):
    """Some teachers fail every request."""

    broken: tuple[str, ...] = ("writer",)
    transient = False

    async def complete(self, request: Request, watch: Watch):
        if request.teacher in self.broken:
            self.history.append(request)
            raise CallFailedError(Reason.CONTENT_FILTERED, "no", transient=self.transient)
        return await super().complete(request, watch)


FALLING_BACK = {
    **TEACHERS,
    "writer": TEACHERS["writer"].model_copy(update={"fallbacks": ("spare",)}),
    "spare": TEACHERS["second"].model_copy(update={"id": "spare", "model": "openai/spare"}),
}


def test_generate_with_a_fallback_takes_its_answer_and_names_it(ledger: Ledger):
    made = generate(tiny_recipe(8, FALLING_BACK), SEEDS, _Failing(), ledger)

    assert made.stage.counts == {"kept": 8, "dropped": 0, "errored": 0}
    assert set(made.stage.kept["teacher"]) == {"spare", "second"}
    assert set(made.calls["teacher"]) == {"spare", "second", "solver"}


def test_generate_again_with_a_fallback_uses_what_it_bought(ledger: Ledger):
    first = generate(tiny_recipe(8, FALLING_BACK), SEEDS, _Failing(), ledger)
    model = FakeChatModel()
    again = generate(tiny_recipe(8, FALLING_BACK), SEEDS, model, ledger)

    assert model.history == []
    assert again.stage.kept.equals(first.stage.kept)


def test_generate_with_a_teacher_that_is_down_stops_asking_it(ledger: Ledger):
    model = _Failing()
    model.transient = True
    generate(tiny_recipe(600, FALLING_BACK), SEEDS, model, ledger)

    asked = [request for request in model.history if request.teacher == "writer"]
    planned = [request for request in model.history if request.step == "write"]
    assert 8 <= len(asked) < 200, "no more than were under way when it was found out"
    assert len(planned) > 600


def test_generate_where_fallbacks_fail_too_says_what_the_first_said(ledger: Ledger):
    model = _Failing()
    model.broken = ("writer", "spare")
    made = generate(tiny_recipe(8, FALLING_BACK), SEEDS, model, ledger)

    assert made.stage.counts["errored"] > 0
    assert set(made.stage.reasons) == {"content_filtered"}


def test_recipe_with_a_fallback_added_keeps_its_version():
    assert tiny_recipe(8, FALLING_BACK).version == tiny_recipe(8).version


# --- rounds -------------------------------------------------------------------------------------


class _Often(FakeChatModel):
    """Every third problem disagrees with its second solution."""

    async def complete(self, request: Request, watch: Watch):
        completion = await super().complete(request, watch)
        wrong = request.step == "solve" and int(request.fingerprint, 16) % 3 == 0
        return replace(completion, text="It is #### 6") if wrong else completion


def _fill(tmp_path: Path, ledger: Ledger, samples: str, model: FakeChatModel):
    seeds = [Seed.of("recipe", {"problem": _words(n)}) for n in range(400)]
    told: list[str] = []
    filler = Filler(lambda: _awake(model), ledger, tmp_path / "generating", announce=told.append)
    return filler.fill(Plan.of(tiny_recipe(samples), seeds)), told


def _awake(model: FakeChatModel) -> FakeChatModel:
    model.stopped = False
    return model


def _words(number: int) -> str:
    """A text that is near no other's."""
    digits = hashlib.sha256(str(number).encode()).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, 64, 4))


def test_fill_for_kept_samples_goes_on_until_there_are_enough(tmp_path: Path, ledger: Ledger):
    filled, told = _fill(tmp_path, ledger, "{kept: 40}", _Often())

    assert len(filled.rounds) >= 2
    assert filled.rounds[0].planned == 40
    assert filled.rounds[0].kept is not None
    assert filled.rounds[0].kept < 40 <= (filled.rounds[-1].kept or 0)
    planned = filled.rounds[-1].planned
    assert planned < 100
    assert filled.parts.table("decisions").lazy().collect().height == planned
    assert "40 wanted" in told[-1]


def test_fill_for_kept_samples_again_buys_nothing_and_plans_the_same(
    tmp_path: Path, ledger: Ledger
):
    first, _ = _fill(tmp_path, ledger, "{kept: 40}", _Often())
    silent = FakeChatModel()
    first.parts.remove()
    again, _ = _fill(tmp_path, ledger, "{kept: 40}", silent)

    assert silent.history == []
    assert again.rounds == first.rounds


def test_fill_for_kept_samples_ends_with_its_rounds_or_what_may_be_planned(
    tmp_path: Path, ledger: Ledger
):
    by_rounds, _ = _fill(tmp_path, ledger, "{kept: 40, rounds: 1}", _Often())
    by_plans, _ = _fill(tmp_path, ledger, "{kept: 40, planned_at_most: 45}", _Often())

    assert [each.planned for each in by_rounds.rounds] == [40]
    assert by_plans.rounds[-1].planned == 45
    assert (by_plans.rounds[-1].kept or 0) < 40
