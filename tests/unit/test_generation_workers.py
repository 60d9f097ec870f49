"""How many worker processes generate, what each gets, and what is sent to it."""

import pickle
from pathlib import Path

import pytest

from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.budget import Budget
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Seed
from synth_assets.errors import ConfigurationError, StageContractError
from synth_assets.resources.generation import workers as workers_module
from synth_assets.resources.generation.errand import Errand, RecipeText, divided
from synth_assets.resources.generation.parts import PART_SIZE, Part, PartsFolder, parts_of
from synth_assets.resources.generation.shared_parts import TakenParts
from synth_assets.resources.generation.workers import Workers
from synth_assets.resources.settings import read_settings
from tests.fakes import TEACHERS, tiny_recipe

SEEDS = [Seed.of("recipe", {"problem": f"seed {n}"}) for n in range(4)]


def _recipe(**changes: object) -> Recipe:
    teachers = {name: entry.model_copy(update=changes) for name, entry in TEACHERS.items()}
    return tiny_recipe(10, teachers)


def _missing(samples: int) -> list[Part]:
    return list(parts_of(0, samples, PART_SIZE))


# --- how many -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cores", "samples", "parallelism", "expected"),
    [
        (8, 100_000, 64, 4),
        (2, 100_000, 64, 2),
        (1, 100_000, 64, 1),
        (8, 10_000, 64, 2),
        (8, 30_000, 64, 4),
        (8, 25_000, 64, 3),
        (8, 12_000, 64, 4),
        (8, 9_999, 64, 1),
        (8, 100_000, 21, 1),
        (8, 100_000, 22, 4),
        (8, 0, 64, 1),
    ],
)
def test_workers_left_to_the_program_are_as_many_as_help(
    monkeypatch: pytest.MonkeyPatch, cores: int, samples: int, parallelism: int, expected: int
):
    monkeypatch.setattr(workers_module, "_cores", lambda: cores)
    recipe = _recipe(parallelism=parallelism)

    assert Workers(None).number(recipe, _missing(samples)) == expected


def test_workers_asked_for_are_no_more_than_parts_or_than_a_teacher_takes_at_once():
    few = {**TEACHERS, "solver": TEACHERS["solver"].model_copy(update={"parallelism": 3})}

    assert Workers(8).number(_recipe(parallelism=64), _missing(100_000)) == 8
    assert Workers(8).number(_recipe(parallelism=64), _missing(2_500)) == 3
    assert Workers(8).number(tiny_recipe(10, few), _missing(100_000)) == 3
    assert Workers(2).number(_recipe(parallelism=1), _missing(100_000)) == 1
    assert Workers(1).number(_recipe(parallelism=64), _missing(100_000)) == 1


def test_workers_for_teachers_with_batch_delivery_are_none():
    batch = _recipe(parallelism=512, delivery="batch")

    assert Workers(4).number(batch, _missing(100_000)) == 1
    assert Workers(None).number(batch, _missing(100_000)) == 1


@pytest.mark.parametrize(("text", "expected"), [("3", 3), ("auto", None), ("", None), (None, None)])
def test_settings_workers_are_read(text: str | None, expected: int | None):
    assert read_settings({} if text is None else {"SYNTH_WORKERS": text}).workers == expected


@pytest.mark.parametrize("text", ["0", "-1", "many", "65", "1.5"])
def test_settings_workers_that_cannot_be_are_refused(text: str):
    with pytest.raises(
        ConfigurationError, match=r"SYNTH_WORKERS is .*; give a number of processes"
    ):
        read_settings({"SYNTH_WORKERS": text})


# --- what each gets -----------------------------------------------------------------------------


def test_divided_teachers_are_together_what_the_user_wrote():
    entry = Teacher(
        id="writer",
        model="openai/writer",
        parallelism=11,
        requests_per_minute=600,
        tokens_per_minute=90_000,
    )
    shares = [divided({"writer": entry}, place, 3)["writer"] for place in range(3)]

    assert [share.parallelism for share in shares] == [4, 4, 3]
    assert sum(share.requests_per_minute or 0 for share in shares) == 600
    assert sum(share.tokens_per_minute or 0 for share in shares) == 90_000
    kept = {"parallelism": 11, "requests_per_minute": 600, "tokens_per_minute": 90_000}
    assert all(share.model_copy(update=kept) == entry for share in shares)


def test_divided_teachers_without_rates_get_none():
    share = divided({"writer": TEACHERS["writer"]}, 0, 2)["writer"]

    assert share.requests_per_minute is None
    assert share.tokens_per_minute is None


class _Pool:
    """Parts nobody has yet."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.asked: list[int] = []

    def take(self, start: int) -> Part | None:
        self.asked.append(start)
        found = next((part for part in self.parts if part.start >= start), None)
        if found is not None:
            self.parts.remove(found)
        return found


def test_taken_parts_of_several_workers_are_all_parts_once(tmp_path: Path):
    cut = list(parts_of(0, 12, 2))
    pool = _Pool(cut[1:])
    folder = PartsFolder(tmp_path, "plan")
    sinks = [TakenParts(folder, pool.take, lambda _: None) for _ in range(2)]
    first = [part for part in cut[:3] if not sinks[0].has(part)]
    second = [part for part in cut if not sinks[1].has(part)]
    first += [part for part in cut[3:] if not sinks[0].has(part)]

    assert first == [cut[1], cut[2]]
    assert second == [cut[3], cut[4], cut[5]]
    assert sinks[0].passed_over == 2 + 6
    assert sinks[1].passed_over == 6


def test_taken_parts_ask_once_for_each_part_they_get(tmp_path: Path):
    cut = list(parts_of(0, 2_000, 2))
    pool = _Pool([cut[400], cut[900]])
    sink = TakenParts(PartsFolder(tmp_path, "plan"), pool.take, lambda _: None)

    assert [part for part in cut if not sink.has(part)] == [cut[400], cut[900]]
    assert pool.asked == [0, 802, 1_802]


def test_gathered_parts_hold_parts_that_others_wrote_with_rows_to_try_again(tmp_path: Path):
    parts = PartsFolder(tmp_path, "plan")
    part = Part(0, 5)
    parts.note_written(part)

    assert not parts.has(part)
    assert [path.parent.name for path in parts.table("samples").paths] == [part.name]


# --- what is sent -------------------------------------------------------------------------------


def _errand(recipe: Recipe, plan: Plan, root: Path) -> Errand:
    ledger, budget = root / "ledger.sqlite", Budget()
    seeds = tuple(plan.seeds)
    fingerprint = plan.fingerprint
    return Errand(RecipeText.of(recipe), seeds, fingerprint, 0, 10, root, ledger, budget, "run")


def test_errand_sent_to_another_process_is_the_same_plan(tmp_path: Path):
    recipe = tiny_recipe(10)
    plan = Plan.of(recipe, SEEDS)
    received = pickle.loads(pickle.dumps(_errand(recipe, plan, tmp_path))).planned()

    def asked(plan: Plan) -> list[str]:
        asks = [next(recipe.spec.technique.produce(slot)) for slot in plan.slots(0, 10)]
        return [request.fingerprint for requests in asks for request in requests]

    assert received.fingerprint == plan.fingerprint
    assert asked(received) == asked(plan)


def test_errand_for_another_plan_is_refused(tmp_path: Path):
    recipe = tiny_recipe(10)
    other = Plan.of(tiny_recipe(10, write="Another {{ level }} of {{ problem }}"), SEEDS)

    with pytest.raises(StageContractError, match="another version of the recipe"):
        _errand(recipe, other, tmp_path).planned()
