"""Every shipped recipe that is made on request, by the command line, with the embedded teacher."""

import json
from itertools import chain

import polars as pl
import pytest

from synth_assets.resources.catalogue import load_catalogue
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.integration.warm_processes import Finished
from tests.integration.whole_run import Synth

RECIPES = sorted(load_catalogue([SHIPPED_RECIPES]).on_request)
GROWING = ("self_instruct_tasks", "self_play_arithmetic", "arithmetic_textbook")
LEAST_KEPT = 35


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    return Synth(tmp_path_factory.mktemp("techniques"), {})


@pytest.fixture(scope="module")
def run(synth: Synth) -> Finished:
    return synth("run", "--json", *chain.from_iterable(("--recipe", name) for name in RECIPES))


def test_run_of_every_technique_ends_green(run: Finished):
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize("name", RECIPES)
def test_technique_brings_samples_that_every_stage_keeps(run: Finished, name: str):
    funnel = {
        row["stage"]: row
        for row in run.record["funnel"]
        if (row["scope"], row["recipe"]) == ("recipe", name)
    }

    assert funnel["decontaminate"]["kept"] >= LEAST_KEPT
    assert funnel["generate"]["given"] == sum(
        funnel["generate"][outcome] for outcome in ("kept", "dropped", "errored")
    )


def test_mixtures_wait_for_the_recipes_they_are_made_of(run: Finished):
    assert {each["job"] for each in run.record["runs"]} == {
        *("refresh_inputs", "fill_recipe", "select_candidates", "trace_lineage")
    }


def test_rows_name_parents_that_there_are_and_are_one_deeper(synth: Synth, run: Finished):
    rows = synth.asset("raw_generations")
    depth = dict(rows.select("sample_id", "synthetic_depth").iter_rows())
    decided = pl.concat(
        pl.read_parquet(file) for file in (synth.home / "decisions" / "generate").glob("*.parquet")
    )
    # A row that only served to plan others is dropped, and may be their parent.
    dropped = set(decided.filter(pl.col("outcome") == "dropped")["sample_id"])
    grown = 0
    for parents, own in rows.select("parent_ids", "synthetic_depth").iter_rows():
        known = [depth[parent] for parent in parents if parent not in dropped]
        assert own > max(known, default=0)
        assert own == 1 + max(known, default=0) or dropped & set(parents)
        grown += bool(parents)

    assert run.code == 0
    assert grown >= 200


def test_pairs_and_chats_are_told_by_trace(synth: Synth, run: Finished):
    pair = synth.partition("verified_samples", "considerate_advice").filter(rejected="")
    pairs = synth.partition("verified_samples", "considerate_advice").height - pair.height
    chat = synth.partition("verified_samples", "front_desk_chats").row(0, named=True)
    told = synth("trace", chat["sample_id"]).out

    assert run.code == 0
    assert pairs >= 20
    assert all(said["content"].splitlines()[0] in told for said in json.loads(chat["history"]))


def test_leanings_of_those_who_judge_pairs_are_told_by_run_and_funnel(synth: Synth, run: Finished):
    [told] = run.record["pair_leanings"]
    assert told["recipe"] == "advice_preferences"
    counted = {each["what"]: (each["count"], each["of"]) for each in told["leans"]}
    assert counted == {
        "verdicts for the response shown first": (63, 114),
        "pairs called a tie": (1, 58),
        "pairs judged differently in the two orders": (6, 58),
        "rows whose better response is the longer": (30, 51),
    }
    assert round(told["length_correlation"], 2) == 0.24
    lines = [" ".join(line.split()) for line in synth("funnel").out.splitlines()]
    at = lines.index("What judges of pairs lean to:")
    longer = "advice_preferences rows whose better response is the longer 30 51 0.59 0.45 to 0.71"
    assert longer in lines[at:]
    assert "advice_preferences correlation of length and verdict 0.24" in lines[at:]


def test_second_run_buys_nothing_and_makes_the_same_rows(synth: Synth, run: Finished):
    before = {name: synth.partition("raw_generations", name) for name in GROWING}
    again = synth("run", "--json", *chain.from_iterable(("--recipe", name) for name in GROWING))

    assert (run.code, again.code) == (0, 0)
    bought = {row["recipe"]: row["calls_bought"] for row in again.record["cost"]}
    assert all(bought[name] == 0 for name in GROWING)
    for name, rows in before.items():
        assert synth.partition("raw_generations", name).equals(rows)
