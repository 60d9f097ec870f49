"""Judges that cost money: bought once, capped, recorded, and no verdict where one is lost."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.budgets import Budgets
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import Budget, Payer
from synth_assets.core.generation.growth_replay import GrowthReplay
from synth_assets.core.generation.replay import Tally
from synth_assets.core.planning import Plan
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import CALL_SCHEMA, Outcome, Reason
from synth_assets.core.verify.judge import Judge, judges_among
from synth_assets.core.verify.stage import VerifyResult, verify_samples
from synth_assets.core.verify.tools import Tools
from synth_assets.errors import BudgetError, LedgerError, RecipeError, TeacherError
from synth_assets.resources.generation.fill import Filler
from synth_assets.resources.generation.funds import check_funds
from synth_assets.resources.generation.judges import PaidJudges
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.teachers import CallFailedError, Watch
from tests.fakes import FakeChatModel, good_answer
from tests.samples import frame_of, reasons_of, synthetic_row
from tests.technique_runs import recipe_of, seeds_of_fields
from tests.unit.judging_bench import FILES, better, pairs, rated, rubric
from tests.unit.test_generation_growth import CHAIN
from tests.unit.test_generation_growth import RECIPE as CHAIN_YAML
from tests.unit.test_generation_growth import answer as continued

PRICE = Price(input_usd=1_000.0, output_usd=10_000.0)
COST_USD = (7 * 1_000 + 11 * 10_000) / 1e6
"""Of each call: the fake model answers 7 and 11 tokens."""
CAP_USD = 1.5
"""Some calls fit under it: before each there must be room for all that its prompt may cost."""
TEACHERS = {
    name: Teacher(
        id=name, model=f"openai/{name}", price=PRICE, parameters={"max_tokens": 20}, parallelism=4
    )
    for name in ("one", "two", "writer", "solver")
}
ROWS = [
    synthetic_row(f"row {n}", f"Question {n}?", f"Good answer {n}.", rejected="Bad.", teacher="one")
    for n in range(6)
]
RECIPE_YAML = """
id: tiny
title: Judged problems
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
technique:
  kind: problem_generation
  write: {{template: write.md.j2, inputs: [problem]}}
  solve: {{template: solve.md.j2, inputs: [question], teachers: [{{id: solver}}]}}
verifiers:
  - {{kind: judge, judges: [{judges}], template: rubric.md.j2, criteria: {{sense: it has any}}}}
"""
SEEDS = [Seed.of("recipe", {"problem": f"seed {n}"}) for n in range(4)]


@dataclass
class Models:
    """A fake model for each judge and each time, which remember what they were asked."""

    answer: object
    cost_usd: float | None = COST_USD

    def __post_init__(self) -> None:
        self.history: list[Request] = []

    def __call__(self) -> FakeChatModel:
        return FakeChatModel(answer=self.answer, history=self.history, cost_usd=self.cost_usd)  # pyright: ignore[reportArgumentType]

    @property
    def steps(self) -> list[str]:
        return [request.step for request in self.history]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def paid(models: Models, ledger: Ledger, **other: object) -> PaidJudges:
    said = {"partition": "math~0123abcd", "payer": Payer("math", "run-1"), **other}
    return PaidJudges(models, ledger, TEACHERS, **said)  # pyright: ignore[reportArgumentType]


def verified(judge: Judge, judges: PaidJudges, rows: Sequence[Sample] = ROWS) -> VerifyResult:
    return verify_samples(frame_of(*rows), "math~0123abcd", [judge], FILES, Tools(judges=judges))


def capped(path: Path, **budgets: object) -> Ledger:
    budget = Budget.of(Budgets.model_validate(budgets), "run-1")
    return Ledger(path / "ledger.sqlite", budget)


def recipe(judges: str = "one, two", samples: int | str = 4, **files: str) -> Recipe:
    texts = {"write.md.j2": "Like: {{ problem }}", "solve.md.j2": "Solve: {{ question }}"}
    yaml = RECIPE_YAML.format(judges=judges, samples=samples)
    return recipe_of(yaml, {**texts, "rubric.md.j2": FILES["rubric.md.j2"], **files}, TEACHERS)


def test_judges_are_bought_once_and_recorded_with_their_sample(ledger: Ledger):
    models = Models(better("Good"))
    first, second = paid(models, ledger), paid(models, ledger)
    assert verified(pairs("one", "two"), first).stage.kept.height == 6
    assert verified(pairs("one", "two"), second).stage.kept.height == 6

    assert len(models.history) == 6 * 2 * 2
    assert (first.spending.bought, first.spending.from_ledger) == (24, 0)
    assert first.spending.cost_usd == pytest.approx(24 * COST_USD)
    assert (second.spending.bought, second.spending.from_ledger) == (0, 24)
    calls = first.calls
    assert calls.schema == CALL_SCHEMA
    assert calls.group_by("sample_id").len()["len"].to_list() == [4] * 6
    assert set(calls["step"]) == {"judge_pair:one", "judge_pair:two"}
    assert (calls["from_ledger"].any(), second.calls["from_ledger"].all()) == (False, True)
    assert ledger.account("teacher:two").usd == pytest.approx(12 * COST_USD)
    assert ledger.account("recipe:math").usd == pytest.approx(24 * COST_USD)


def test_judgments_of_all_samples_are_taken_down(ledger: Ledger):
    judges = paid(Models(better("Good")), ledger)
    verified(pairs("one", "two"), judges)
    assert {(j.judge, j.vote) for j in judges.judgments} == {("one", "for"), ("two", "for")}
    assert len(judges.judgments) == 12


def test_equal_questions_about_two_samples_are_bought_once(ledger: Ledger):
    models = Models(lambda _: rated(5, 5))
    twins = [ROWS[0], replace(ROWS[0], sample_id="twin")]
    judges = paid(models, ledger)
    result = verified(rubric(), judges, twins)
    assert (result.stage.kept.height, len(models.history)) == (2, 1)
    assert sorted(judges.calls["sample_id"]) == ["row 0", "twin"]


def test_cap_leaves_samples_open_and_a_higher_one_goes_on_where_it_stopped(tmp_path: Path):
    models = Models(lambda _: rated(5, 5))
    ledger = capped(tmp_path, all={"usd": CAP_USD})
    judges = paid(models, ledger)
    result = verified(rubric("one"), judges)
    reasons = list(reasons_of(result.stage.decisions).values())
    ledger.close()
    assert 0 < reasons.count(None) < 6
    assert set(reasons) == {None, Reason.BUDGET_REACHED.value}
    assert reasons.count(None) == len(models.history)
    assert ledger_spent(tmp_path) <= CAP_USD
    assert set(judges.spending.over) == {"all"}
    assert set(result.verdicts["outcome"]) == {"accepted", "errored"}

    ledger = capped(tmp_path, all={"usd": 1_000})
    again = verified(rubric("one"), paid(models, ledger))
    ledger.close()
    assert again.stage.kept.height == 6
    assert len(models.history) == 6


def ledger_spent(path: Path) -> float:
    ledger = Ledger(path / "ledger.sqlite")
    try:
        return ledger.account("all").usd
    finally:
        ledger.close()


def test_cap_of_one_judge_leaves_open_what_the_others_said(tmp_path: Path):
    models = Models(lambda _: rated(1, 1))
    ledger = capped(tmp_path, teachers={"two": {"usd": COST_USD}})
    result = verified(rubric("one", "two", quorum=1), paid(models, ledger))
    ledger.close()
    assert set(reasons_of(result.stage.decisions).values()) == {Reason.BUDGET_REACHED.value}
    assert set(models.steps) == {"judge_rubric:one"}


def test_judge_that_cannot_be_used_is_told_once_and_asked_no_more(ledger: Ledger):
    def said(request: Request) -> str | Exception:
        return TeacherError("Teacher two: bad key") if request.teacher == "two" else rated(5, 5)

    models, told = Models(said), list[str]()
    judges = paid(models, ledger, announce=told.append)
    alone = verified(rubric("two"), judges)
    assert set(reasons_of(alone.stage.decisions).values()) == {Reason.PROVIDER_ERROR.value}
    assert set(alone.stage.decisions["outcome"]) == {Outcome.ERRORED.value}
    assert told == ["math: a judge is lost: Teacher two: bad key"]
    asked = len(models.history)

    outvoted = verified(rubric("one", "two", quorum=1), judges)
    assert outvoted.stage.kept.height == 6
    assert models.steps[asked:] == ["judge_rubric:one"] * 6
    assert len(told) == 1


def test_judge_that_fails_at_one_sample_leaves_that_one_open(ledger: Ledger):
    def said(request: Request) -> str | Exception:
        if "Question 3" in request.messages[-1].content:
            return CallFailedError(Reason.CONTEXT_OVERFLOW, "too long")
        return rated(5, 5)

    reasons = reasons_of(verified(rubric("one"), paid(Models(said), ledger)).stage.decisions)
    assert reasons.pop("row 3") == Reason.CONTEXT_OVERFLOW.value
    assert set(reasons.values()) == {None}


def test_judge_that_is_down_keeps_what_it_said_before(ledger: Ledger):
    """Eight failures in a row by the server's fault are the end of it."""
    rows = [replace(ROWS[0], sample_id=f"r{n}", prompt=f"Question {n:02}?") for n in range(40)]

    def said(request: Request) -> str | Exception:
        [number] = [n for n in range(40) if f"Question {n:02}?" in request.messages[-1].content]
        fault = CallFailedError(Reason.PROVIDER_ERROR, "no connection", transient=True)
        return rated(5, 5) if number < 20 else fault

    result = verified(rubric("one"), paid(Models(said), ledger), rows)
    reasons = reasons_of(result.stage.decisions)
    assert {name for name, why in reasons.items() if why is None} == {f"r{n}" for n in range(20)}
    assert set(reasons.values()) == {None, Reason.PROVIDER_ERROR.value}
    details = result.stage.decisions["detail"].to_list()
    assert any("failed 8 requests in a row" in detail for detail in details)


def test_broken_ledger_ends_the_stage_and_is_no_verdict(ledger: Ledger):
    class Broken(FakeChatModel):
        async def complete(self, request: Request, watch: Watch) -> Completion:
            await asyncio.sleep(0)
            raise LedgerError("the disk is full")

    judges = PaidJudges(Broken, ledger, TEACHERS, "math~0123abcd", Payer("math"))
    result = verified(rubric("one"), judges)
    assert set(result.stage.decisions["outcome"]) == {Outcome.ERRORED.value}
    assert "the disk is full" in result.stage.decisions["detail"][0]


def test_recipe_of_a_judge_names_its_teachers_and_all_of_it_is_its_version():
    plain = recipe()
    assert set(plain.teachers) == {"one", "two", "writer", "solver"}
    assert "rubric.md.j2" in plain.files
    edited = FILES["rubric.md.j2"] + "\nBe strict."
    dearer = {**TEACHERS, "two": TEACHERS["two"].model_copy(update={"checkpoint": "2"})}
    texts = {name: text for name, text in plain.files.items() if name != "recipe.yaml"}
    yaml = plain.files["recipe.yaml"]
    others = [
        recipe("one"),
        recipe(**{"rubric.md.j2": edited}),
        recipe_of(yaml, texts, dearer),
        recipe_of(yaml.replace("it has any", "it has some"), texts, TEACHERS),
    ]
    versions = {plain.version, *(other.version for other in others)}
    assert len(versions) == 5
    assert recipe().version == plain.version


def test_recipe_of_a_judge_that_includes_a_file_has_it_among_its_parts():
    more = {"rubric.md.j2": "{{ response }}{% include 'scale.j2' %}", "scale.j2": "1 to 5"}
    assert "scale.j2" in recipe(**more).files
    changed = recipe(**{**more, "scale.j2": "5 to 1"})
    assert changed.version != recipe(**more).version


@pytest.mark.parametrize(
    ("judges", "message"), [("nobody", "no teacher is called nobody"), ("slow", "asked in batches")]
)
def test_recipe_of_a_judge_that_is_none_is_refused(judges: str, message: str):
    slow = TEACHERS["one"].model_copy(update={"id": "slow", "delivery": "batch"})
    plain = recipe()
    yaml = plain.files["recipe.yaml"].replace("one, two", judges)
    texts = {name: text for name, text in plain.files.items() if name != "recipe.yaml"}
    with pytest.raises(RecipeError, match=message):
        recipe_of(yaml, texts, {**TEACHERS, "slow": slow})


def test_recipe_answered_by_one_teacher_is_judged_by_it_too():
    spec = recipe().spec.answered_by("solver")
    assert [verifier.teachers for verifier in spec.verifiers] == [("solver",)]


def test_judge_whose_answers_nothing_bounds_is_refused_under_a_cap():
    free = {**TEACHERS, "two": TEACHERS["two"].model_copy(update={"parameters": {}})}
    plain = recipe()
    texts = {name: text for name, text in plain.files.items() if name != "recipe.yaml"}
    made = recipe_of(plain.files["recipe.yaml"], texts, free)
    budget = Budget.of(Budgets.model_validate({"all": {"usd": 1}}), "run-1")
    with pytest.raises(BudgetError, match=r"Add to the verifier judge of "):
        check_funds(made, budget, Payer("tiny", "run-1"))
    check_funds(plain, budget, Payer("tiny", "run-1"))


def rating(by_judge: Mapping[str, int]) -> object:
    """Writers write, judges rate by number of the seed: every other one is senseless."""

    def said(request: Request) -> str:
        if not request.step.startswith("judge"):
            return good_answer(request)
        prompt = request.messages[-1].content.partition("<judged_response>")[0]
        sense = by_judge[request.teacher] if "seed 1" in prompt or "seed 2" in prompt else 5
        return f"<ratings>sense: {sense}</ratings>"

    return said


def test_rounds_until_enough_is_kept_count_what_judges_reject_and_cost(tmp_path: Path):
    made = recipe("one", samples="{kept: 8}")
    models = Models(rating({"one": 1}))
    ledger = Ledger(tmp_path / "ledger.sqlite")
    judges = PaidJudges(models, ledger, made.teachers, made.key, Payer(made.id, "run-1"))
    filler = Filler(models, ledger, tmp_path / "generating", "run-1", judges=judges)
    filled = filler.fill(Plan.of(made, SEEDS))
    spent = ledger.account("all").usd
    ledger.close()
    assert [(each.planned, each.kept) for each in filled.rounds] == [(8, 4), (17, 8)]
    assert filled.spending.cost_usd == pytest.approx(spent)
    assert filled.spending.bought == len(models.history) == 17 * 3


def test_rounds_end_where_a_judge_has_no_money_left(tmp_path: Path):
    made = recipe("one", samples="{kept: 8}")
    models = Models(rating({"one": 5}))
    ledger = capped(tmp_path, teachers={"one": {"usd": 2 * COST_USD}})
    judges = PaidJudges(models, ledger, made.teachers, made.key, Payer(made.id, "run-1"))
    filler = Filler(models, ledger, tmp_path / "generating", "run-1", judges=judges)
    filled = filler.fill(Plan.of(made, SEEDS))
    ledger.close()
    assert len(filled.rounds) == 1
    assert set(filled.spending.over) == {"teacher:one"}


def test_order_of_criteria_is_shown_and_so_part_of_the_version():
    plain = recipe()
    texts = {name: text for name, text in plain.files.items() if name != "recipe.yaml"}
    yaml = plain.files["recipe.yaml"]
    orders = [
        yaml.replace("{sense: it has any}", criteria)
        for criteria in ("{sense: any, wit: some}", "{wit: some, sense: any}")
    ]
    one, other = (recipe_of(text, texts, TEACHERS) for text in orders)
    assert one.version != other.version
    shown = [list(judge.criteria) for made in (one, other) for judge in judges_of(made)]
    assert shown == [["sense", "wit"], ["wit", "sense"]]


def judges_of(made: Recipe) -> list[Judge]:
    return judges_among(made.spec.verifiers)


def growing() -> Recipe:
    """Words that follow each other, of which a judge lets only some go on."""
    judge = "{kind: judge, judges: [one], template: rubric.md.j2, criteria: {sense: any}}"
    text = CHAIN_YAML.format(samples="4").replace("{kind: length, max_words: 1}", judge)
    files = {"chain.py": CHAIN, "write.md.j2": "Continue: {{ word }}"}
    return recipe_of(text, {**files, "rubric.md.j2": FILES["rubric.md.j2"]}, TEACHERS)


def word_or_rating(request: Request) -> str:
    if not request.step.startswith("judge"):
        return continued(request)
    makes_sense = "b0\n</judged_response>" in shown(request)
    return f"<ratings>sense: {5 if makes_sense else 1}</ratings>"


def shown(request: Request) -> str:
    return request.messages[-1].content


def test_growing_technique_goes_on_from_what_judges_let_pass(tmp_path: Path):
    made, models = growing(), Models(word_or_rating)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    judges = PaidJudges(models, ledger, made.teachers, made.key, Payer(made.id, "run-1"))
    filler = Filler(models, ledger, tmp_path / "generating", "run-1", judges=judges)
    seeds = seeds_of_fields({"word": "a"})
    filled = filler.fill(Plan.of(made, seeds))
    samples = filled.parts.table("samples").lazy().collect()["response"].to_list()
    # Words that end in b1 are made and judged, and no round starts from them.
    assert {"ab0b0", "ab0b1", "ab0b0b0"} <= set(samples)
    assert not any("b1b" in word for word in samples)

    replayed = GrowthReplay.of(made, seeds, ledger.get)
    assert replayed is not None
    assert replayed.judges is not None
    requests = {r.fingerprint for each in replayed.samples() for r in each.answered} | {
        r.fingerprint for r in replayed.judges.answered
    }
    assert (replayed.is_whole, replayed.judges.missing) == (True, [])
    assert replayed.rounds == len(filled.rounds)
    assert requests == {request.fingerprint for request in models.history}
    ledger.close()


def test_plan_of_a_growing_recipe_ends_where_its_judges_were_not_asked(tmp_path: Path):
    made, models = growing(), Models(word_or_rating)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    seeds = seeds_of_fields({"word": "a"})
    Filler(models, ledger, tmp_path / "generating", "run-1").fill(Plan.of(made, seeds))
    assert models.steps == ["write"] * 3
    replayed = GrowthReplay.of(made, seeds, ledger.get)
    assert replayed is not None
    tally = Tally(made)
    for each in replayed.samples():
        tally.add(each)
    assert replayed.judges is not None
    tally.add_requests(replayed.judges.answered, replayed.judges.missing)
    assert (replayed.is_whole, replayed.rounds) == (False, 1)
    assert tally.answered == {("writer", "write"): 3}
    # Two of the three say the same, and are one question.
    missing = {place: found.characters.count for place, found in tally.missing.items()}
    assert missing == {("one", "judge_rubric:one"): 2}
    ledger.close()
