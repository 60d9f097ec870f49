"""Signatures, clusters and their alarm as Dagster makes them, on frames laid down by hand."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from synth_assets.core.schema import Stage
from synth_assets.defs.build import build_definitions
from synth_assets.defs.partitions import recipe_versions
from synth_assets.errors import CatalogueError
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.home import ALL, Home
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.samples import decisions_of, frame_of, real_row, synthetic_row

MATH, QA, LOGIC = "math~00000001", "qa~00000002", "logic~00000003"
ROWS = {MATH: 7, QA: 5, LOGIC: 3}
REAL_ROWS = 4
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
WORDS = " ".join(f"w{n}" for n in range(40))


def synthetic(key: str, count: int, more: str = "") -> pl.DataFrame:
    recipe = key.partition("~")[0]
    return frame_of(
        *(
            synthetic_row(
                f"{recipe}-{n}", f"{recipe} question {n}?", f"{n}{more} answers it", recipe
            )
            for n in range(count)
        )
    )


@dataclass
class Graph:
    """The assets of selection, over a home whose earlier assets are laid down by hand."""

    home: Home
    recipes: Path
    instance: dg.DagsterInstance

    def lay(self, key: str, frame: pl.DataFrame) -> None:
        write_frame(self.home.asset("verified_samples", key), frame)

    def say(self, selection: str) -> None:
        (self.recipes / "selection.yaml").write_text(selection)

    def make(self, asset: str, key: str | None = None) -> dict[str, Any]:
        """Materialize one asset: its metadata, by name."""
        done = self._run(dg.AssetSelection.assets(asset).without_checks(), key)
        [made] = done.asset_materializations_for_node(asset)
        return {
            name: [dict(record.data) for record in value.records]
            if isinstance(value, dg.TableMetadataValue)
            else value.value
            for name, value in made.metadata.items()
        }

    def checked(self, check: str) -> dg.AssetCheckEvaluation:
        """Deduplicate, and look at what a check says."""
        asset = dg.AssetKey("deduplicated_samples")
        self.make("deduplicated_samples")
        done = self._run(dg.AssetSelection.checks(dg.AssetCheckKey(asset, check)), None)
        [told] = done.get_asset_check_evaluations()
        return told

    def _run(self, selection: dg.AssetSelection, key: str | None) -> dg.ExecuteInProcessResult:
        # A new workshop each time, as in a new process: selection.yaml is read once.
        definitions = build_definitions(Workshop(read_settings()))
        job = dg.define_asset_job("some", selection=selection)
        found = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
        return found.resolve_job_def("some").execute_in_process(
            instance=self.instance, partition_key=key, run_config=QUIET
        )


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    warnings.simplefilter("ignore")
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTH_RECIPES", str(recipes))
    with dg.DagsterInstance.ephemeral() as instance:
        made = Graph(Home(tmp_path / "home"), recipes, instance)
        instance.add_dynamic_partitions(str(recipe_versions.name), list(ROWS))
        for key, count in ROWS.items():
            made.lay(key, synthetic(key, count))
        real = [real_row(f"real-{n}", f"What is {n}?", f"{n} it is") for n in range(REAL_ROWS)]
        write_frame(made.home.asset("real_data"), frame_of(*real))
        yield made


def efforts(metadata: dict[str, Any]) -> tuple[int, int]:
    return metadata["signatures_reused"], metadata["signatures_made"]


def test_signatures_of_one_recipe_made_again_sketch_its_rows_alone(graph: Graph):
    sketched = {key: graph.make("sample_signatures", key)["rows_sketched"] for key in ROWS}
    assert sketched == ROWS
    assert graph.make("real_signatures")["rows_sketched"] == REAL_ROWS
    every = REAL_ROWS + sum(ROWS.values())
    assert efforts(graph.make("deduplicated_samples")) == (every, 0)

    others = [graph.home.asset("sample_signatures", key) for key in (MATH, LOGIC)]
    before = [Path(str(path)).read_bytes() for path in others]
    graph.lay(QA, synthetic(QA, 6, more=" times"))
    assert efforts(graph.make("deduplicated_samples")) == (every - ROWS[QA], 6)
    assert graph.make("sample_signatures", QA)["rows_sketched"] == 6
    assert [Path(str(path)).read_bytes() for path in others] == before
    assert efforts(graph.make("deduplicated_samples")) == (every - ROWS[QA] + 6, 0)


def test_deduplication_without_any_signatures_makes_them_and_decides_alike(graph: Graph):
    graph.lay(MATH, pl.concat([synthetic(MATH, 7), frame_of(synthetic_row("m-9", "Q", WORDS))]))
    graph.lay(QA, frame_of(synthetic_row("q-9", "Q", f"{WORDS} more", "qa")))
    alone = graph.make("deduplicated_samples")
    decided = read_frame(graph.home.decisions(Stage.DEDUP, ALL))
    assert efforts(alone) == (0, REAL_ROWS + 8 + 1 + 3)
    assert alone["rows_dropped"] == 1
    for key in ROWS:
        graph.make("sample_signatures", key)
    assert efforts(graph.make("deduplicated_samples")) == (8 + 1 + 3, REAL_ROWS)
    assert decisions_of(read_frame(graph.home.decisions(Stage.DEDUP, ALL))) == decisions_of(decided)


def test_signatures_by_another_rule_are_made_again_in_place(graph: Graph):
    graph.make("sample_signatures", MATH)
    graph.say("dedup: {near: {shingles: {unit: characters, size: 4}}}")
    assert efforts(graph.make("deduplicated_samples")) == (0, REAL_ROWS + sum(ROWS.values()))
    graph.say("dedup: {near: {threshold: 0.801}}")
    assert efforts(graph.make("deduplicated_samples"))[0] == ROWS[MATH]


def test_signatures_have_a_data_version_of_their_rows_and_rule(graph: Graph):
    def version() -> str:
        graph.make("sample_signatures", MATH)
        event = graph.instance.get_latest_materialization_event(dg.AssetKey("sample_signatures"))
        assert event is not None
        assert event.asset_materialization is not None
        tags = event.asset_materialization.tags or {}
        return tags["dagster/data_version"]

    first = version()
    assert version() == first
    graph.lay(MATH, synthetic(MATH, 7, more=" now"))
    second = version()
    graph.say("dedup: {near: off}")
    assert len({first, second, version()}) == 3


def giant(count: int) -> pl.DataFrame:
    rows = [synthetic_row(f"g-{n}", "Say it.", f"{WORDS} x{n}") for n in range(count)]
    return frame_of(*rows)


def test_giant_cluster_is_a_warning_with_its_text_and_recipes(graph: Graph):
    graph.say("dedup: {giant_cluster: {rows: 5, share: 0.2}}")
    assert graph.checked("no_giant_cluster").passed
    graph.lay(MATH, giant(6))
    graph.lay(QA, frame_of(synthetic_row("q-9", "Say it.", f"{WORDS} y", "qa")))
    told = graph.checked("no_giant_cluster")
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert told.metadata["giant_clusters"].value == 1
    assert (told.description or "").startswith("7 of 14 rows (50.0%)")
    assert ": `say it. w0 w1 w2" in (told.description or "")
    assert "They come from math (6), qa (1)." in (told.description or "")
    graph.say("dedup: {giant_cluster: {rows: 7, share: 0.2}}")
    assert graph.checked("no_giant_cluster").passed
    graph.say("dedup: {giant_cluster: {rows: 5, share: 0.5}}")
    assert graph.checked("no_giant_cluster").passed


def test_giant_cluster_of_hostile_rows_tells_their_text_as_code(graph: Graph):
    attack = "`![x](javascript:alert(1)) <script>alert(2)</script>` [go](http://a.b) and words"
    rows = [synthetic_row(f"g-{n}", attack, f"{WORDS} x{n}") for n in range(4)]
    graph.lay(MATH, frame_of(*rows))
    graph.say("dedup: {giant_cluster: {rows: 2, share: 0}}")
    told = graph.checked("no_giant_cluster").description or ""
    assert told.count("`") == 2
    assert "<script>" in told.split("`")[1]


def test_deduplication_shows_its_largest_clusters_and_a_plot_of_sizes(graph: Graph):
    graph.lay(MATH, giant(4))
    copied = synthetic_row("z-2", "ONE and two", "three", "qa")
    graph.lay(QA, frame_of(synthetic_row("z-1", "one and two", "three", "qa"), copied))
    shown = graph.make("deduplicated_samples")
    assert shown["duplicate_clusters"] == 2
    records = shown["largest_clusters"]
    columns = ("rows", "exact", "near", "recipes")
    assert [tuple(record[name] for name in columns) for record in records] == [
        (4, 0, 3, "math (4)"),
        (2, 1, 0, "qa (2)"),
    ]
    assert records[1]["shared text"] == "one and two three"
    assert str(records[0]["shared text"]).startswith("say it. w0 w1")
    assert shown["cluster_sizes_plot"].startswith("![Clusters of duplicates")


def test_rows_of_earlier_sets_drop_what_repeats_them_and_are_kept_for_lineage(graph: Graph):
    (graph.recipes / "old").mkdir()
    (graph.recipes / "old" / "set.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "MATH question 3?"},'
        ' {"role": "assistant", "content": "3 answers it"}]}\n'
        '{"messages": [{"role": "user", "content": "Nobody"}]}\n'
    )
    (graph.recipes / "more.csv").write_text("q,a\nWhat is 2?,2 it is\nWhat is 2?,2 it is\n")
    graph.say(
        "dedup: {novelty: [{files: ['old/*.jsonl']}, "
        "{files: [more.csv], columns: {prompt: q, response: a}}]}"
    )
    assert graph.make("deduplicated_samples")["known_texts"] == 3
    decided = decisions_of(read_frame(graph.home.decisions(Stage.DEDUP, ALL)))
    lost = {name: each for name, each in decided.items() if each.outcome == "dropped"}
    assert {name: each.reason for name, each in lost.items()} == {
        "math-3": "not_novel",
        "real-2": "not_novel",
    }
    repeated = read_frame(graph.home.known_rows)
    assert dict(repeated.select("sample_id", "prompt").iter_rows()) == {
        lost["math-3"].duplicate_of: "MATH question 3?\n3 answers it",
        lost["real-2"].duplicate_of: "What is 2?\n2 it is",
    }
    assert repeated["source"].to_list() == ["set.jsonl row 1", "more.csv row 1"]


def test_rows_alike_in_meaning_are_dropped_where_selection_asks_for_it(graph: Graph):
    said = ("the red fox runs over the hill", "over the hill runs the red fox")
    more = "Quarterly figures of the harbour rose again in spring."
    rows = [synthetic_row(f"f-{n}", "", text) for n, text in enumerate((*said, more))]
    graph.lay(MATH, frame_of(*rows))
    assert graph.make("deduplicated_samples")["rows_dropped"] == 0
    graph.say("dedup: {semantic: {embedder: tfidf, threshold: 0.95}}")
    shown = graph.make("deduplicated_samples")
    assert (shown["vectors_made"], shown["vectors_reused"]) == (REAL_ROWS + 3 + 5 + 3, 0)
    decided = decisions_of(read_frame(graph.home.decisions(Stage.DEDUP, ALL)))
    assert (decided["f-1"].reason, decided["f-1"].duplicate_of) == ("semantic_duplicate", "f-0")
    assert (decided["f-1"].score or 0) > 0.99
    assert decided["f-2"].outcome == "kept"


def test_earlier_set_without_a_column_of_responses_names_selection_and_mend(graph: Graph):
    (graph.recipes / "old.csv").write_text("left,right\na,b\n")
    graph.say("dedup: {novelty: [{files: [old.csv]}]}")
    with pytest.raises(CatalogueError, match=r"selection\.yaml: dedup\.novelty: .*columns:"):
        graph.make("deduplicated_samples")
