"""What `synth plan` says before an edit, after it, and beside what was then really bought."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from synth_assets.cli.plan import plan_and_report, planning_lines
from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.budgets import Cap
from synth_assets.core.generation.bill import Fit
from synth_assets.core.generation.estimate import Estimate
from synth_assets.core.generation.outlook import Planning, RecipePlan
from synth_assets.core.generation.plan_words import basis
from synth_assets.core.plan_changes import Change
from synth_assets.core.planning import Plan
from synth_assets.core.schema import Stage
from synth_assets.defs.assets import generation, inputs
from synth_assets.defs.partitions import recipe_versions
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.generation.fill import Filled, Filler
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.planning import planner
from synth_assets.resources.settings import SHIPPED_RECIPES, read_settings
from synth_assets.resources.sources.inputs import Inputs
from synth_assets.resources.sources.seeds import seeds_of
from synth_assets.resources.teachers import Watch
from synth_assets.resources.workshop import Workshop
from tests.fakes import FakeChatModel, good_answer
from tests.integration.own_project import (
    INPUT_USD,
    OUTPUT_USD,
    WRITE,
    OwnProject,
    own_project,
    recipe,
)

NOBODY = "http://127.0.0.1:9/v1"
"""Nothing listens there: whatever would be sent fails."""


@dataclass
class Talker(FakeChatModel):
    """Answers of varying length, a tenth of them without a sample, counted and priced."""

    async def complete(self, request: Request, watch: Watch) -> Completion:
        came = await super().complete(request, watch)
        chance = random.Random(request.fingerprint)
        prompt = sum(len(message.content) for message in request.messages) // 4
        written = int(chance.lognormvariate(5, 0.4))
        refuses = request.step == "write" and chance.random() < 0.1
        return replace(
            came,
            text="<none/>" if refuses else good_answer(request),
            prompt_tokens=prompt,
            completion_tokens=written,
            cost_usd=(prompt * INPUT_USD + written * OUTPUT_USD) / 1e6,
        )


@pytest.fixture
def project(tmp_path: Path) -> OwnProject:
    return own_project(tmp_path, NOBODY)


def workshop(project: OwnProject) -> Workshop:
    variables = {**project.synth.environment, "SYNTH_HOME": str(project.home)}
    return Workshop(read_settings(variables))


def plan_all(project: OwnProject, most: int | None = None) -> Planning:
    shop = workshop(project)
    with planner(shop, most) as planning:
        return planning.plan_all([shop.catalogue.recipe("sums")])


def plan(project: OwnProject, most: int | None = None) -> RecipePlan:
    [made] = plan_all(project, most).plans
    return made


def fill(project: OwnProject) -> Filled:
    """What `raw_generations` does, on a teacher that answers at once."""
    shop = workshop(project)
    chosen = shop.catalogue.recipe("sums")
    ledger = Ledger(shop.home.ledger)
    try:
        filler = Filler(Talker, ledger, shop.home.generating / chosen.key)
        seeds = Inputs(shop.catalogue, shop.home.root / "sources").seeds(chosen)
        filled = filler.fill(Plan.of(chosen, seeds))
    finally:
        ledger.close()
    shop.home.record_generation(chosen.key, filled.parts)
    return filled


def counts(made: RecipePlan) -> dict[Change, float]:
    assert made.changes is not None
    return {reason: count.expected for reason, count in made.changes.counts.items()}


def exact(estimate: Estimate) -> float:
    assert estimate.low == estimate.expected == estimate.high
    return estimate.expected


def test_plan_before_any_run_counts_requests_and_writes_nothing(project: OwnProject):
    made = plan(project)

    assert (made.planned, made.changes) == (12, None)
    assert exact(made.bill.in_ledger) == 0
    assert (made.bill.to_buy.low, made.bill.to_buy.high) == (12, 24)
    assert any("none to all" in note for note in made.notes)
    assert made.bill.usd is not None
    assert 0 < made.bill.usd.low < made.bill.usd.high
    assert not project.home.exists()


def test_plan_after_a_fill_has_nothing_to_buy_and_nothing_changed(project: OwnProject):
    filled = fill(project)
    made = plan(project)

    assert exact(made.bill.to_buy) == 0
    assert made.bill.usd == Estimate()
    assert exact(made.bill.in_ledger) == filled.spending.bought
    assert made.changes is not None
    assert made.changes.is_none


def test_plan_of_edited_prompt_holds_what_is_then_bought(project: OwnProject):
    project.write_recipe(samples=300)
    fill(project)
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    made = plan(project)
    filled = fill(project)
    spending = filled.spending

    assert counts(made) == {Change.PROMPT: 300}
    assert made.bill.to_buy.low <= spending.bought <= made.bill.to_buy.high
    assert made.bill.to_buy.high - made.bill.to_buy.low < 60
    assert made.bill.tokens.low <= spending.tokens <= made.bill.tokens.high
    assert made.bill.usd is not None
    assert made.bill.usd.low <= spending.cost_usd <= made.bill.usd.high
    assert made.bill.usd.high < 1.5 * made.bill.usd.low
    assert {name: exact(bill.in_ledger) for name, bill in made.by_teacher.items()} == {
        "writer": 0,
        "second": 0,
        "answerer": 0,
    }


def test_plan_of_line_that_one_seed_sees_buys_for_that_seed_alone(project: OwnProject):
    fill(project)
    first = json.loads((project.recipes / "sums/seeds.jsonl").read_text().splitlines()[0])
    mark = json.dumps(first["prompt" if "prompt" in first else "problem"])
    edited = f"{WRITE}{{% if problem == {mark} %}}Add a twist.{{% endif %}}"
    project.write("sums/write.md.j2", edited)

    made = plan(project)
    [changed] = counts(made).values()
    assert set(counts(made)) == {Change.PROMPT}
    assert changed in (1, 2)
    assert made.bill.to_buy.low <= fill(project).spending.bought <= made.bill.to_buy.high
    assert made.bill.to_buy.high < 2 * changed + 0.01


@pytest.mark.parametrize(
    ("other", "expected", "gone"),
    [
        ({"parameters": {"temperature": 0.9}}, {Change.PARAMETERS: 12}, 0),
        ({"teachers": [{"id": "answerer"}]}, {Change.TEACHER: 12}, 0),
        ({"samples": 15}, {Change.MORE_SAMPLES: 3}, 0),
        ({"samples": 10}, {}, 2),
        ({"title": "Another title"}, {}, 0),
    ],
)
def test_plan_of_edited_recipe_says_what_changed_and_why(
    project: OwnProject, other: dict[str, Any], expected: dict[Change, float], gone: int
):
    fill(project)
    project.write("sums/recipe.yaml", {**recipe(samples=12), **other})
    made = plan(project)

    assert counts(made) == expected
    assert made.changes is not None
    assert made.changes.gone == gone


def test_plan_of_replaced_seed_says_so_and_counts_what_goes_away(project: OwnProject):
    fill(project)
    path = project.recipes / "sums/seeds.jsonl"
    lines = path.read_text().splitlines()
    new = {name: f"{text} Twice." for name, text in json.loads(lines[0]).items()}
    path.write_text("\n".join([json.dumps(new), *lines[1:]]) + "\n")
    made = plan(project)

    # Seeds move in the order of the plan, so that another one may have its second round.
    assert made.changes is not None
    found = counts(made)
    assert found[Change.SEED] in (1, 2)
    assert found[Change.SEED] + found.get(Change.MORE_SAMPLES, 0) == made.changes.gone
    # Quotas may hand a neighbour's draw on.
    assert found.get(Change.TEACHER, 0) <= 2
    assert set(found) <= {Change.SEED, Change.MORE_SAMPLES, Change.TEACHER}


def test_plan_from_a_part_holds_the_figures_of_the_whole(project: OwnProject):
    project.write_recipe(samples=400)
    fill(project)
    project.write_recipe(samples=2_000)
    part, whole = plan(project, 250), plan(project)

    assert part.looked_at == 250
    for name in ("in_ledger", "to_buy", "prompt_tokens", "completion_tokens", "usd"):
        told: Estimate = getattr(part.bill, name)
        true: Estimate = getattr(whole.bill, name)
        assert told.low <= true.expected <= told.high
    assert part.changes is not None
    assert part.changes.counts[Change.MORE_SAMPLES].high >= 1_600
    assert part.changes.counts[Change.MORE_SAMPLES].low <= 1_600
    assert counts(whole) == {Change.MORE_SAMPLES: 1_600}


def test_plan_of_unknown_price_is_unknown_with_the_line_to_add(project: OwnProject):
    project.write_teachers(NOBODY, price=None)
    made = plan_all(project)

    assert made.bill.usd is None
    text = "\n".join(planning_lines(made, 0.1))
    assert "unknown" in text
    assert "writer (hosted_vllm/scholar) is unknown: add price:" in text


def test_plan_over_a_cap_says_so(project: OwnProject):
    fill(project)
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    spent = project.ledger_stats().cost_usd
    budgets = {
        "all": {"usd": round(1.2 * spent, 4)},
        "run": {"usd": 1_000},
        "recipes": {"sums": {"tokens": 10_000_000}},
    }
    project.write("budgets.yaml", budgets)
    made = plan_all(project)

    fits = {cap.scope: cap.fit for cap in made.caps}
    assert fits == {"all": Fit.EXCEEDS, "run": Fit.FITS, "recipe:sums": Fit.FITS}
    [everything] = [cap for cap in made.caps if cap.scope == "all"]
    assert everything.spent_usd == pytest.approx(spent)
    assert everything.cap == Cap(usd=round(1.2 * spent, 4))


def test_plan_of_kept_samples_expects_rounds_from_the_share_kept(project: OwnProject):
    before = plan_kept(project)
    assert before.kept is not None
    assert before.kept.bill is None

    fill(project)
    shop = workshop(project)
    key = shop.catalogue.recipe("sums").key
    generated = read_frame(shop.home.decisions(Stage.GENERATE, key))
    half = ["kept", "dropped"] * (generated.height // 2)
    verified = generated.with_columns(outcome=pl.Series(half))
    write_frame(shop.home.decisions(Stage.VERIFY, key), verified)
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    after = plan_kept(project)

    assert after.kept is not None
    assert (after.kept.share_kept, after.kept.planned) == (0.5, 40)
    assert after.kept.bill is not None
    assert 20 <= after.bill.to_buy.low < after.bill.to_buy.high < 40.01
    assert 40 <= after.kept.bill.to_buy.low < after.kept.bill.to_buy.high < 80.01
    assert after.changes is not None
    assert (counts(after), after.changes.gone) == ({Change.PROMPT: 20}, 0)
    assert any("about 40 will be planned" in line for line in basis(after))


def plan_kept(project: OwnProject) -> RecipePlan:
    project.write("sums/recipe.yaml", {**recipe(), "samples": {"kept": 20}})
    made = plan(project)
    assert made.planned == 20
    return made


def test_inputs_give_the_seeds_that_the_assets_make(project: OwnProject):
    shop = workshop(project)
    key = shop.catalogue.recipe("sums").key
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(recipe_versions.name), [key])
        # Without the asset `recipes`, which `seeds` waits for but does not read.
        made = dg.materialize(
            [inputs.real_rows, inputs.benchmarks, generation.seeds],
            partition_key=key,
            instance=instance,
            resources={"workshop": shop, "io_manager": dg.mem_io_manager},
        )
        stored = seeds_of(made.asset_value("seeds"))
    straight = Inputs(shop.catalogue, shop.home.root / "sources").seeds(
        shop.catalogue.recipe("sums")
    )
    assert len(stored) == 8
    assert straight == stored


def test_recipes_asset_shows_the_plan_and_why_one_cannot_be_made(project: OwnProject):
    project.write("sums/seeds.jsonl", '{"problem": "x"\n')
    shop = workshop(project)
    with dg.DagsterInstance.ephemeral() as instance:
        made = dg.materialize(
            [inputs.recipes],
            instance=instance,
            resources={"workshop": shop, "io_manager": dg.mem_io_manager},
        )
    [event] = made.asset_materializations_for_node("recipes")
    shown: dg.TableMetadataValue = event.metadata["plan"]  # pyright: ignore[reportAssignmentType]
    rows: dict[str, Mapping[str, Any]] = {
        str(row.data["recipe"]): row.data for row in shown.records
    }

    assert rows["structured_extraction"]["to_buy"] == "240"
    assert rows["structured_extraction"]["changed_since_last_fill"] == "never filled"
    assert "cannot be planned" in rows["sums"]["rests_on"]
    assert "seeds.jsonl" in rows["sums"]["rests_on"]


def test_command_says_which_recipe_cannot_be_planned_and_ends_with_one(
    project: OwnProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    project.write("sums/seeds.jsonl", '{"problem": "x"\n')
    for name, value in project.synth.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SYNTH_HOME", str(project.home))

    assert plan_and_report(["sums", "math_word_problems"], None, as_json=False) == 1
    said = capsys.readouterr().out
    assert "math_word_problems" in said.partition("Cannot be planned:")[0]
    assert "seeds.jsonl" in said.partition("Cannot be planned:")[2]


def test_command_prints_json_without_importing_slow_libraries(project: OwnProject):
    fill(project)
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    program = (
        "import sys; from synth_assets.cli.main import main\n"
        "try: main(['plan', '--recipe', 'sums', '--json'])\n"
        "finally: print(sorted({'litellm', 'dagster', 'evidently', 'duckdb', 'pandas'} & "
        "set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, **project.synth.environment, "SYNTH_HOME": str(project.home)}
    before = _files(project.home)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)

    assert done.stderr.strip() == "[]"
    assert told["recipes"][0]["samples_changed"]["prompt"]["expected"] == 12
    assert told["all"]["usd"]["low"] <= told["all"]["usd"]["expected"] <= told["all"]["usd"]["high"]
    assert told["all"]["requests_to_buy"]["low"] >= 12
    assert _files(project.home) == before


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_plan_says_which_rule_of_its_method_a_recipe_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    made = OwnProject(tmp_path)
    shutil.copytree(SHIPPED_RECIPES / "evolved_instructions", made.recipes / "unjudged")
    text = (made.recipes / "unjudged" / "recipe.yaml").read_text("utf-8")
    text = text.replace("id: evolved_instructions", "id: unjudged")
    cut = re.sub(r"  compare:\n(?:    .*\n)+", "", text)
    made.write("unjudged/recipe.yaml", cut)
    for name, value in {**made.synth.environment, "SYNTH_HOME": str(made.home)}.items():
        monkeypatch.setenv(name, value)

    plan_and_report(["unjudged", "evolved_instructions"], None, as_json=True)
    record = json.loads(capsys.readouterr().out)
    told = {each["recipe"]: each["not_applied"] for each in record["recipes"]}
    assert told["evolved_instructions"] == []
    [missing] = told["unjudged"]
    assert missing.startswith("the paper's first rule of elimination is not applied")

    plan_and_report(["unjudged"], None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("Left out of the method:") + 1] == f"  unjudged: {missing}"
