"""The default run, by the command a newcomer types."""

import json
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.completion import Message
from synth_assets.core.fingerprint import content_hash
from synth_assets.core.schema import Reason
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.truth import Flaw, Truth
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.lineage.database import LineageDatabase
from synth_assets.resources.workshop import project_file
from tests.integration.warm_processes import Finished
from tests.integration.whole_run import Synth

RECIPES = ("math_word_problems", "python_reference_qa", "structured_extraction")


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    return Synth(tmp_path_factory.mktemp("home"), {})


@pytest.fixture(scope="module")
def first(synth: Synth) -> Finished:
    return synth("run")


@pytest.fixture(scope="module")
def lineage(synth: Synth, first: Finished) -> LineageDatabase:
    assert first.code == 0, first.err
    return LineageDatabase(synth.home, project_file("sql"))


@pytest.fixture(scope="module")
def truths(synth: Synth, first: Finished) -> dict[str, Truth]:
    """What is so about the first completion of each planned sample, which no stage knows."""
    ledger = Ledger(synth.home / "ledger.sqlite")
    calls = pl.concat([pl.read_parquet(file) for file in (synth.home / "calls").glob("*.parquet")])
    known: dict[str, Truth] = {}
    for sample_id, step, fingerprint, model in calls.select(
        "sample_id", "step", "fingerprint", "model"
    ).iter_rows():
        if step == "solve":
            continue
        entry = ledger.entry(fingerprint)
        assert entry is not None
        asked = json.loads(entry.request)
        messages = tuple(Message(role, content) for role, content in asked["messages"])
        made = compose(model, messages, asked["parameters"], asked["sample_index"])
        assert made.text == entry.completion.text
        known[sample_id] = made.truth
    ledger.close()
    return known


def _decisions(synth: Synth, stage: str) -> pl.DataFrame:
    files = (synth.home / "decisions" / stage).glob("*.parquet")
    return pl.concat([pl.read_parquet(file) for file in files])


def _exported(synth: Synth) -> dict[Path, bytes]:
    """All files but the cards, which tell what was paid when."""
    files = (synth.home / "exports").rglob("*.*")
    return {path: path.read_bytes() for path in files if path.name != "README.md"}


def test_first_run_prints_funnel_cost_and_places(first: Finished):
    assert first.code == 0, first.err
    for told in ("Rows that came through each stage", "What it cost", "balanced_50", "synth trace"):
        assert told in first.out
    assert "Traceback" not in first.out + first.err


def test_training_set_of_the_default_mixture_keeps_its_promises(synth: Synth, first: Finished):
    rows = synth.partition("training_sets", "balanced_50")
    assert rows.height >= 500
    assert set(rows["recipe"]) == {*RECIPES, ""}
    assert abs((rows["origin"] == "real").mean() - 0.5) <= 0.01  # pyright: ignore[reportOptionalOperand]
    assert rows["content_hash"].n_unique() == rows["sample_id"].n_unique() == rows.height

    kept_out = pl.concat([synth.asset("held_out_real"), synth.asset("benchmarks")])
    assert kept_out.height > 200
    hashes = {content_hash(p, r) for p, r in kept_out.select("prompt", "response").iter_rows()}
    assert not hashes & set(rows["content_hash"])
    long = {r for r in kept_out["response"] if len(r.split()) >= 8}
    assert not long & set(rows["response"])
    assert not set(synth.asset("benchmarks")["prompt"]) & set(rows["prompt"])


def test_trace_of_100_random_rows_names_all_that_made_them(synth: Synth, lineage: LineageDatabase):
    rows = synth.partition("training_sets", "balanced_50").sort("sample_id")
    ledger = Ledger(synth.home / "ledger.sqlite")
    for row in rows.sample(100, seed=1).iter_rows(named=True):
        trace = lineage.trace(row["sample_id"])
        assert trace is not None
        assert any(m.partition.startswith("balanced_50~") for m in trace.mixtures)
        assert [d.outcome for d in trace.decisions if d.partition == "all"] == ["kept", "kept"]
        if row["origin"] == "real":
            assert row["source"] in ("python_docstrings", "python_reference")
            continue
        assert trace.seed is not None
        assert trace.seed.seed_id == row["seed_id"]
        assert trace.version is not None
        assert trace.version.version == row["recipe_version"]
        assert any(name.endswith(".j2") and text for name, text in trace.version.templates.items())
        assert [call.fingerprint for call in trace.calls] == row["request_fingerprints"]
        assert trace.calls[0].teacher == row["teacher"]
        assert all(call.prompt_tokens > 0 and call.cost_usd == 0.0 for call in trace.calls)
        completion = ledger.get(trace.calls[0].fingerprint)
        assert completion is not None
        assert row["response"] in completion.text
        recipe_yaml = trace.version.recipe_yaml
        assert len(trace.verdicts) == recipe_yaml.count("  - kind: ")
        assert all(verdict.outcome == "accepted" for verdict in trace.verdicts)
    ledger.close()


def test_100_random_dropped_rows_have_their_stage_and_reason(
    synth: Synth, lineage: LineageDatabase
):
    stages = ("generate", "verify", "dedup", "decontaminate")
    lost = pl.concat([_decisions(synth, stage) for stage in stages])
    lost = lost.filter((pl.col("outcome") != "kept") & (pl.col("recipe") != ""))
    assert lost.height >= 100
    for row in lost.sort("sample_id").sample(100, seed=2).iter_rows(named=True):
        trace = lineage.trace(row["sample_id"])
        assert trace is not None
        last = trace.last_decision
        assert last is not None
        assert (last.stage, last.outcome, last.reason) == (
            row["stage"],
            row["outcome"],
            Reason(row["reason"]),
        )
        assert not trace.mixtures


def test_verification_finds_every_wrong_answer_and_no_right_one(
    synth: Synth, first: Finished, truths: dict[str, Truth]
):
    expected = {
        Flaw.WRONG_NUMBER: {Reason.WRONG_NUMBER, Reason.WRONG_WORKING},
        Flaw.MALFORMED_JSON: {Reason.MALFORMED_JSON},
        Flaw.SCHEMA_VIOLATION: {Reason.SCHEMA_VIOLATION},
        Flaw.INVENTED_VALUE: {Reason.VALUE_NOT_IN_TEXT},
        Flaw.INVENTED_QUOTE: {Reason.QUOTE_NOT_IN_PASSAGE},
        Flaw.PROMPT_LEAK: {Reason.PROMPT_LEAK},
    }
    sound = (None, Flaw.NEAR_DUPLICATE, Flaw.COPIED_BENCHMARK)
    seen: dict[Flaw | None, int] = {}
    for row in _decisions(synth, "verify").iter_rows(named=True):
        flaw = truths[row["sample_id"]].flaw
        seen[flaw] = seen.get(flaw, 0) + 1
        if flaw in expected:
            assert row["outcome"] == "dropped", row
            assert row["reason"] in expected[flaw], row
        elif flaw in sound:
            assert row["outcome"] == "kept", row
    assert all(seen.get(flaw, 0) >= 3 for flaw in expected), seen
    assert seen[None] >= 450


def test_firewall_drops_every_copied_benchmark_item_and_nothing_else(
    synth: Synth, first: Finished, truths: dict[str, Truth]
):
    rows = _decisions(synth, "decontaminate").filter(pl.col("recipe") != "")
    dropped = {i for i, o in rows.select("sample_id", "outcome").iter_rows() if o == "dropped"}
    copied = {i for i in rows["sample_id"] if truths[i].flaw is Flaw.COPIED_BENCHMARK}
    assert len(copied) >= 5
    assert dropped == copied


def test_lineage_rebuilt_from_nothing_is_equal(
    synth: Synth, lineage: LineageDatabase, tmp_path: Path
):
    names = ("funnel", "drop_reasons", "cost", "mixture_funnel")
    before = [lineage.query(name) for name in names]
    (synth.home / "lineage.duckdb").unlink()
    (synth.home / "lineage.snapshot.duckdb").unlink()
    lineage.ingest()
    assert all(old.equals(lineage.query(name)) for old, name in zip(before, names, strict=True))
    assert [audit.name for audit in lineage.audits() if audit.violations] == []


def test_exports_are_chat_rows_with_provenance_and_a_card(synth: Synth, first: Finished):
    folder = synth.home / "exports" / "balanced_50"
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = synth.partition("training_sets", "balanced_50")
    assert [json.loads(line)["sample_id"] for line in lines] == rows["sample_id"].to_list()
    assert all(
        [m["role"] for m in json.loads(line)["messages"]] == ["user", "assistant"] for line in lines
    )
    assert pl.read_parquet(folder / "train.parquet")["sample_id"].equals(rows["sample_id"])
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "rule-based" in card
    assert "math_word_problems" in card


def test_export_command_writes_a_set_again_in_another_format(
    synth: Synth, first: Finished, tmp_path: Path
):
    options = ("--format", "alpaca", "--jsonl", "--rows-per-file", "500", "--json")
    done = synth("export", "balanced_50", "-o", str(tmp_path / "alpaca"), *options)
    assert done.code == 0, done.err
    names = ["train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl"]
    assert [(f["path"], f["rows"]) for f in done.record["files"]] == [
        (names[0], 500),
        (names[1], 300),
    ]
    lines = [line for name in names for line in (tmp_path / "alpaca" / name).open(encoding="utf-8")]
    rows = synth.partition("training_sets", "balanced_50")
    told = [(row["instruction"], row["output"]) for row in map(json.loads, lines)]
    assert told == list(rows.select("prompt", "response").iter_rows())
    card = (tmp_path / "alpaca" / "README.md").read_text(encoding="utf-8")
    assert all(name in card for name in names)


def test_export_command_for_pairs_of_a_set_without_them_says_what_to_do(
    synth: Synth, first: Finished, tmp_path: Path
):
    done = synth("export", "balanced_50", "-o", str(tmp_path / "pairs"), "--format", "trl_dpo")
    assert done.code == 2
    assert "has no rejected answer, and trl_dpo needs one in each row" in done.err
    assert list(tmp_path.iterdir()) == []


def test_export_command_before_a_run_says_how_to_make_the_set(tmp_path: Path):
    done = Synth(tmp_path / "home", {})("export", "balanced_50", "-o", str(tmp_path / "out"))
    assert done.code == 2
    assert "Make it: synth run --mixture balanced_50" in done.err


def test_second_run_buys_nothing_and_makes_the_same_set(synth: Synth, first: Finished):
    before = _exported(synth)
    assert {path.name for path in before} >= {"train.jsonl", "train.parquet"}
    sizes = Ledger(synth.home / "ledger.sqlite").stats()
    second = synth("run", "--json")

    assert second.code == 0, second.err
    assert sum(row["calls_bought"] for row in second.record["cost"]) == 0
    assert Ledger(synth.home / "ledger.sqlite").stats() == sizes
    assert _exported(synth) == before


def test_why_command_sets_a_duplicate_beside_the_row_that_was_kept(
    synth: Synth, lineage: LineageDatabase
):
    lost = _decisions(synth, "dedup").filter(
        (pl.col("reason") == "near_duplicate") & (pl.col("recipe") != "")
    )
    assert lost.height >= 10
    sample_id, kept_id = lost.sort("sample_id").select("sample_id", "duplicate_of").row(0)
    told = synth("why", sample_id[:12])
    assert told.code == 0, told.err
    assert told.out.startswith(f"{sample_id}  is in no training set: deduplication dropped it")
    assert f"kept        {kept_id}" in told.out
    record = synth("why", sample_id, "--json").record
    assert (record["method"], record["other"]["sample_id"]) == ("near", kept_id)
    assert record["cluster"]["cluster_rows"] >= 2


def test_trace_command_tells_the_story_of_a_kept_and_a_dropped_row(synth: Synth, first: Finished):
    kept = synth.partition("training_sets", "balanced_50").filter(
        pl.col("recipe") == "math_word_problems"
    )["sample_id"][0]
    told = synth("trace", kept[:10])
    assert told.code == 0, told.err
    for part in ("seed", "recipe", "call       write", "completion", "verdict    number", "mix"):
        assert part in told.out

    lost = _decisions(synth, "verify").filter(pl.col("reason") == "wrong_number")["sample_id"][0]
    told = synth("trace", lost)
    assert "was dropped at verify: wrong_number" in told.out
    record = synth("trace", lost, "--json").record
    assert record["sample_id"] == lost
    assert record["completions"][0]["completion"]["text"]
