"""Judges over HTTP in a whole recipe: what is asked, paid, planned, recorded and shown."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.generation.outlook import RecipePlan
from synth_assets.core.schema import Reason, Stage
from synth_assets.core.verify.stage import VerifyResult, verify_samples
from synth_assets.defs.checks import all_checks
from synth_assets.defs.partitions import recipe_versions
from synth_assets.defs.running import open_instance
from synth_assets.resources.home import Home
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.planning import planner
from synth_assets.resources.settings import SHIPPED_RECIPES, read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import ChatServer, Fault, Reply, chat_server, embedded_answer
from tests.integration.own_project import KEY, KEY_ENV, OwnProject, own_project, teacher
from tests.samples import frame_of, synthetic_row

PROMPTS = SHIPPED_RECIPES / "judge_templates"
CRITERIA = {"correctness": "nothing in it is wrong", "clarity": "no sentence stands twice"}
RUBRIC = {"kind": "judge", "template": "rubric.md.j2", "system": "system.md.j2"}
RUBRIC |= {"criteria": CRITERIA, "parameters": {"max_tokens": 200}}
CAP_USD = 0.7
WRITERS = ("writer", "second", "answerer")
JUDGES = {"critic": "hosted_vllm/judge", "reader": "hosted_vllm/gpt-4o", "clerk": "openai/claude"}


@contextmanager
def project(
    root: Path, judges: list[str], samples: int = 8, **judge: object
) -> Iterator[tuple[OwnProject, ChatServer]]:
    """A recipe whose samples are judged too; the server plays writers and judges."""
    with chat_server(answer=answer) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_ENV, KEY)
        made = own_project(root, server.base_url, samples)
        made.write_recipe(
            samples=samples, verifiers=[{"kind": "number"}, {**RUBRIC, "judges": judges, **judge}]
        )
        for name in ("rubric.md.j2", "system.md.j2"):
            made.write(f"sums/{name}", (PROMPTS / name).read_text(encoding="utf-8"))
        models = {"writer": "hosted_vllm/scholar", "second": "openai/clerk"}
        models |= {"answerer": "hosted_vllm/solver", **JUDGES}
        entries = [teacher(name, model, server.base_url) for name, model in models.items()]
        made.write("teachers.yaml", {"teachers": entries})
        yield made, server


def answer(body: dict[str, Any]) -> Reply:
    """The embedded teacher, but for `gpt-4o` and `claude`, who have views of their own."""
    last = body["messages"][-1]["content"]
    if "<judged_response>" not in last:
        return embedded_answer(body)
    match body["model"]:
        case "gpt-4o":
            return "<ratings>correctness: 5\nclarity: 4</ratings>"
        case "claude":
            return "Looks good to me!"
        case _:
            return embedded_answer(body)


def workshop(made: OwnProject, **environment: str) -> Workshop:
    variables = {**made.synth.environment, "SYNTH_HOME": str(made.home), **environment}
    return Workshop(read_settings(variables))


def planned(made: OwnProject) -> RecipePlan:
    shop = workshop(made)
    with planner(shop) as planning:
        [found] = planning.plan_all([shop.catalogue.recipe("sums")]).plans
    return found


def key_of(made: OwnProject) -> str:
    return workshop(made).catalogue.recipe("sums").key


def verdicts(made: OwnProject) -> pl.DataFrame:
    whole = pl.read_parquet(made.home / "verdicts" / f"{key_of(made)}.parquet")
    return whole.filter(pl.col("verifier") == "judge")


def judge_calls(made: OwnProject) -> pl.DataFrame:
    return pl.read_parquet(made.home / "judge_calls" / f"{key_of(made)}.parquet")


def shown(made: OwnProject) -> dict[str, dg.MetadataValue]:
    with open_instance(Home(made.home)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("verified_samples"))
        assert event is not None
        found = event.asset_materialization
        assert found is not None
        return dict(found.metadata)


def test_judged_recipe_is_paid_once_recorded_and_shown(tmp_path: Path):
    with project(tmp_path, ["critic", "reader"]) as (made, server):
        before = planned(made)
        made.fill()
        kept = made.synth.partition("verified_samples", "sums")
        calls, told, asked = judge_calls(made), shown(made), server.asked
        after = planned(made)
        made.write("sums/system.md.j2", "You judge mildly.")
        edited = planned(made)
        made.fill()
        bought = server.asked - asked

    judged = verdicts(made)
    # Another prompt of the judges buys judgments, and nothing else.
    assert not judge_calls(made)["from_ledger"].any()
    assert bought == 2 * judged.height
    assert edited.by_teacher["reader"].to_buy.expected == judged.height
    assert edited.by_teacher["writer"].to_buy.high == 0
    assert calls.height == 2 * judged.height
    assert set(calls["sample_id"]) == set(judged["sample_id"])
    assert set(calls["step"]) == {"judge_rubric:critic", "judge_rubric:reader"}
    assert not calls["from_ledger"].any()
    attributes = [json.loads(text) for text in kept["attributes"]]
    assert all(each["rubric_judges"] == 2 for each in attributes)
    assert all(each["rubric_correctness"] == 5 for each in attributes)
    assert all(each["level"] in ("easy", "hard") for each in attributes)
    assert all(each["rubric_own_family"] == "unknown" for each in attributes)
    # Before: none or all of 8 samples come to each judge. Afterwards all is paid for.
    for name in ("critic", "reader"):
        assert (before.by_teacher[name].to_buy.low, before.by_teacher[name].to_buy.high) == (0, 8)
        assert after.by_teacher[name].to_buy.high == 0
        assert after.by_teacher[name].in_ledger.expected == judged.height
    assert after.bill.to_buy.high == 0
    table = told["judges"]
    assert isinstance(table, dg.TableMetadataValue)
    rows = {(r.data["judge"], r.data["what"]): r.data for r in table.records}
    assert rows["reader", "is for the response"]["value"] == 1.0
    assert rows["reader", "mean rating"]["value"] == 4.5
    assert rows["critic", "no answer that could be read"]["of"] == judged.height
    assert told["calls_bought"].value == 2 * judged.height
    assert told["cost_usd"].value == pytest.approx(calls["cost_usd"].sum())


ROWS = frame_of(
    *(synthetic_row(f"row {n}", f"What is {n} + 1?", f"It is {n + 1}.") for n in range(6))
)


def verify(made: OwnProject) -> VerifyResult:
    """The recipe's verifiers on rows of the test's own."""
    shop = workshop(made)
    recipe = shop.catalogue.recipe("sums")
    judge = [each for each in recipe.spec.verifiers if each.kind == "judge"]
    with shop.verifying(recipe, "run-1") as using:
        return verify_samples(ROWS, recipe.key, judge, recipe.files, using.tools)


def reasons(result: VerifyResult) -> Counter[str | None]:
    return Counter(result.verdicts["reason"].to_list())


def test_junk_judge_leaves_samples_open(tmp_path: Path):
    with project(tmp_path, ["clerk"]) as (made, _):
        result = verify(made)
    assert reasons(result) == {Reason.VERIFIER_ERROR: 6}
    assert result.verdicts["evidence"][0].startswith("clerk: no answer (unparsable: section")


def test_contradictory_judges_leave_samples_out_with_a_reason_of_their_own(tmp_path: Path):
    with project(tmp_path, ["reader", "clerk"], quorum=1) as (made, server):

        def contradict(body: dict[str, Any]) -> Reply:
            if body["model"] != "claude":
                return answer(body)
            return "<ratings>correctness: 1\nclarity: 2</ratings>"

        server.answer = contradict
        result = verify(made)
    assert reasons(result) == {Reason.JUDGES_DISAGREE: 6}
    assert result.verdicts["evidence"][0] == (
        "reader: 4.5 (clarity 4, correctness 5); clerk: 1.5 (clarity 2, correctness 1)"
    )


def test_refused_judge_leaves_samples_open_until_its_key_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with project(tmp_path, ["reader"]) as (made, server):

        def refuse(body: dict[str, Any]) -> Reply:
            told = {"error": {"message": "no such key", "code": "invalid_api_key"}}
            return Fault(401, json.dumps(told).encode())

        server.answer = refuse
        assert reasons(verify(made)) == {Reason.PROVIDER_ERROR: 6}
        assert "sums: a judge is lost: Teacher reader" in capsys.readouterr().err
        server.answer = answer
        assert reasons(verify(made)) == {None: 6}


def test_judge_without_a_key_is_outvoted_by_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with project(tmp_path, ["clerk", "reader"], quorum=1) as (made, server):
        entries = [
            teacher("reader", "hosted_vllm/gpt-4o", server.base_url),
            teacher("clerk", "hosted_vllm/claude", server.base_url, api_key_env="SYNTH_NO_KEY"),
            *(teacher(name, "hosted_vllm/x", server.base_url) for name in WRITERS),
        ]
        monkeypatch.delenv("SYNTH_NO_KEY", raising=False)
        made.write("teachers.yaml", {"teachers": entries})
        result = verify(made)
    assert reasons(result) == {None: 6}
    assert (
        "clerk: no answer (provider_error: Teacher clerk: the environment"
        in (result.verdicts["evidence"][0])
    )


def test_faulty_endpoint_of_a_judge_is_asked_again_until_it_answers(tmp_path: Path):
    with project(tmp_path, ["reader"]) as (made, server):
        server.faults = [500, 429, 503]
        assert reasons(verify(made)) == {None: 6}
        assert server.asked == 9


def test_cap_reached_by_a_judge_leaves_samples_open_and_buys_nothing_twice(tmp_path: Path):
    with project(tmp_path, ["reader"]) as (made, server):
        made.write("budgets.yaml", {"teachers": {"reader": {"usd": CAP_USD}}})
        first = reasons(verify(made))
        assert set(first) == {None, Reason.BUDGET_REACHED}
        assert len(server.served) == first[None]
        ledger = Ledger(made.home / "ledger.sqlite")
        assert ledger.account("teacher:reader").usd <= CAP_USD
        ledger.close()

        made.write("budgets.yaml", {"teachers": {"reader": {"usd": 1_000}}})
        assert reasons(verify(made)) == {None: 6}
        assert len(server.served) == 6


def test_one_teacher_for_everything_judges_too(tmp_path: Path):
    with project(tmp_path, ["reader", "clerk"]) as (made, _):
        recipe = workshop(made, SYNTH_TEACHER="critic").catalogue.recipe("sums")
        assert set(recipe.teachers) == {"critic"}
        assert recipe.spec.verifiers[1].teachers == ("critic",)


def test_cap_reached_by_a_judge_is_told_by_a_check_of_the_verified_samples(tmp_path: Path):
    with project(tmp_path, ["reader"]) as (made, _):
        made.write("budgets.yaml", {"teachers": {"reader": {"usd": CAP_USD}}})
        left = verify(made)
        waiting = reasons(left)[Reason.BUDGET_REACHED]
        shop = workshop(made)
        key = shop.catalogue.recipe("sums").key
        shop.home.record_decisions(Stage.VERIFY, key, left.stage)

        @dg.asset(partitions_def=recipe_versions)
        def verified_samples() -> None:
            return None

        checks = [
            each
            for each in all_checks()
            if dg.AssetCheckKey(dg.AssetKey("verified_samples"), "within_budget") in each.check_keys
        ]
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(str(recipe_versions.name), [key])
            done = dg.Definitions(
                assets=[verified_samples],
                asset_checks=checks,
                jobs=[dg.define_asset_job("all", "*")],
                resources={"workshop": shop},
            )
            ran = done.resolve_job_def("all").execute_in_process(
                instance=instance, partition_key=key
            )
    [told] = ran.get_asset_check_evaluations()
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.WARN
    assert told.metadata["samples_waiting"].value == waiting > 0
    assert told.metadata["caps"].value == ["budget of teacher:reader"]
