"""Techniques carried out by the real engine, with answers from a function."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.recipe_reading import parse_recipe, parse_recipe_yaml
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Sample, Seed, samples_of
from synth_assets.core.schema import Outcome
from synth_assets.resources.generation.fill import Filler, Round
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.own_techniques import load_technique
from tests.fakes import FakeChatModel

TEACHERS = {
    name: Teacher(id=name, model=f"openai/{name}", parallelism=4)
    for name in ("writer", "second", "judge")
}

Answer = Callable[[Request], str]


class PowerCut(Exception):
    """Ends a run in its middle."""


@dataclass(frozen=True)
class TechniqueRun:
    """What came of it.

    Attributes:
        samples: those that generation kept, in the order of the plan.
        reasons: id of a row that was not kept -> reason and detail.
        requests: what was asked, in the order it came.
        rounds: of growing techniques and kept samples.
    """

    samples: tuple[Sample, ...]
    reasons: Mapping[str, tuple[str, str]]
    requests: tuple[Request, ...]
    rounds: tuple[Round, ...]

    def asked(self, step: str) -> list[Request]:
        """The requests of one step."""
        return [request for request in self.requests if request.step == step]

    @property
    def why(self) -> list[str]:
        """Reasons of the rows that were not kept, sorted."""
        return sorted(reason for reason, _ in self.reasons.values())


def recipe_of(
    text: str, files: Mapping[str, str], teachers: Mapping[str, Teacher] = TEACHERS
) -> Recipe:
    """A recipe of the text of its `recipe.yaml` and its other files."""
    everything = {"recipe.yaml": text, **files}
    spec = parse_recipe_yaml("tiny", text, partial(load_technique, Path("tiny"), everything))
    return parse_recipe("tiny", everything, "digest", teachers, spec)


def seeds_of_fields(*fields: Mapping[str, str]) -> list[Seed]:
    """Seeds of a recipe's own file."""
    return [Seed.of("recipe", dict(each)) for each in fields]


def run_technique(
    folder: Path, recipe: Recipe, seeds: Sequence[Seed], answer: Answer
) -> TechniqueRun:
    """Fill a recipe; what the folder's ledger has of an earlier run is not asked again."""
    history: list[Request] = []
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "ledger.sqlite")
    try:
        filler = Filler(
            lambda: FakeChatModel(answer=answer, history=history), ledger, folder / "generating"
        )
        filled = filler.fill(Plan.of(recipe, list(seeds)))
        decisions = filled.parts.table("decisions").lazy().collect()
        samples = tuple(samples_of(filled.parts.table("samples").lazy().collect()))
        filled.parts.remove()
    finally:
        ledger.close()
    lost = decisions.filter(decisions["outcome"] != Outcome.KEPT.value)
    columns = lost.select("sample_id", "reason", "detail").iter_rows()
    reasons = {name: (reason, detail) for name, reason, detail in columns}
    return TechniqueRun(samples, reasons, tuple(history), filled.rounds)


def assert_replays(
    folder: Path,
    run: Callable[[Path, Answer], TechniqueRun],
    answer: Answer,
    stops: Iterable[int],
) -> TechniqueRun:
    """Run again, elsewhere, and cut off and resumed: equal rows, each answer asked for once.

    Args:
        folder: under which each run has a folder of its own.
        run: carries the technique out in a folder.
        answer: must depend on nothing but the request.
        stops: after so many answers the power goes, in a run each.

    Returns:
        The undisturbed run.
    """
    whole = run(folder / "whole", answer)
    again = run(folder / "whole", answer)
    assert again.requests == ()
    for other in (again, run(folder / "elsewhere", answer)):
        assert (other.samples, other.reasons) == (whole.samples, whole.reasons)
    for stop in stops:
        cut = folder / f"cut-{stop}"
        answered = _run_until_cut(cut, run, answer, stop)
        resumed = run(cut, answer)
        assert (resumed.samples, resumed.reasons) == (whole.samples, whole.reasons)
        asked = [*answered, *(request.fingerprint for request in resumed.requests)]
        assert sorted(asked) == sorted(request.fingerprint for request in whole.requests)
    return whole


def _run_until_cut(
    folder: Path, run: Callable[[Path, Answer], TechniqueRun], answer: Answer, stop: int
) -> list[str]:
    """Run until the power goes; the fingerprints of what was answered before."""
    answered: list[str] = []

    def dying(request: Request) -> str:
        if len(answered) == stop:
            raise PowerCut
        answered.append(request.fingerprint)
        return answer(request)

    with pytest.raises(PowerCut):
        run(folder, dying)
    return answered
