"""The firewall as Dagster runs it: rows planted in finished sets, and among candidates."""

import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import SEED_SCHEMA, Reason, Stage
from synth_assets.defs.assets import generation, inputs, selection
from synth_assets.defs.checks import has_held_out_set, no_held_out_or_benchmark_row
from synth_assets.defs.frame_io import FrameIOManager
from synth_assets.defs.partitions import mixture_versions, recipe_versions
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.home import ALL, Home
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import chat_server
from tests.integration.own_project import KEY, KEY_ENV, teacher
from tests.samples import decisions_of, frame_of, reasons_of, synthetic_row

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LAID = dg.AssetSpec("deduplicated_samples")
SUMS = "sums~00000001"
SEA = {
    "question": "What did the harbour master write on the ninth?",
    "answer": "The ketch came in under a torn mainsail, two men short, with salt water in her "
    "hold up to the second rib, and nobody aboard would say where the others had gone; we gave "
    "them bread, dry blankets and a berth by the old ropewalk until the wind turned.",
}
EXAM = {
    "question": "A glazier cuts forty panes a day and breaks three of every hundred. He works "
    "five days, sells all whole panes to six builders in equal parts and keeps the odd ones. How "
    "many panes does each of the builders get?",
    "answer": "32",
}
SOURCES = """
sources:
  - {reader: file, id: logbook, uses: [held_out], path: log.jsonl, prompt: question,
     response: answer, licence: MIT}
  - {reader: file, id: glass_exam, uses: [benchmark], path: exam.jsonl, prompt: question,
     response: answer, licence: MIT}
"""
POOL = """
  - {reader: file, id: letters, uses: [pool], path: letters.jsonl, prompt: question,
     response: answer, licence: MIT, held_out_share: 0}
"""


@dataclass
class Graph:
    """Inputs as they are read, over later assets that are laid down by hand."""

    home: Home
    recipes: Path
    instance: dg.DagsterInstance
    told: list[str] = field(default_factory=list)

    @property
    def mixture(self) -> str:
        return next(iter(Workshop(read_settings()).catalogue.mixtures.values())).key

    def write(self, name: str, *rows: dict[str, str]) -> None:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.recipes / name).write_text(text, encoding="utf-8")

    def declare(self, sources: str) -> None:
        (self.recipes / "sources.yaml").write_text(sources, encoding="utf-8")

    def refresh(self) -> None:
        self.make("real_data", "held_out_real", "benchmarks")

    def make(self, *assets: str, key: str | None = None) -> dg.ExecuteInProcessResult:
        return self._run(dg.AssetSelection.assets(*assets), key)

    def seeded(self, *seeds: Seed) -> None:
        rows = [
            (each.seed_id, "sums", "00000001", each.source, at, canonical_json(each.fields))
            for at, each in enumerate(seeds)
        ]
        frame = pl.DataFrame(rows, SEED_SCHEMA, orient="row")
        write_frame(self.home.asset("seeds", SUMS), frame)

    def generated(self, *rows: Sample) -> None:
        write_frame(self.home.asset("raw_generations", SUMS), frame_of(*rows))

    def blocked(self, *rows: Sample) -> dict[str, dict[str, object]]:
        """What the check says of a finished set, by row; nothing where it passes."""
        told = self.checked("no_held_out_or_benchmark_row", *rows)
        assert told.metadata["rows_checked"].value == len(rows)
        if told.passed:
            return {}
        assert told.severity is dg.AssetCheckSeverity.ERROR
        table = told.metadata["leaked_rows"]
        assert isinstance(table, dg.TableMetadataValue)
        leaks = {str(record.data["sample_id"]): dict(record.data) for record in table.records}
        assert told.metadata["leaks"].value == len(leaks)
        assert all(name in (told.description or "") for name in list(leaks)[:5])
        return leaks

    def checked(self, check: str, *rows: Sample) -> dg.AssetCheckEvaluation:
        """What a check says of a set of these rows, which goes on only where none blocks it."""
        key = self.mixture
        self.instance.add_dynamic_partitions(str(mixture_versions.name), [key])

        @dg.asset(partitions_def=mixture_versions)
        def training_sets() -> pl.DataFrame:
            return frame_of(*rows)

        @dg.asset(partitions_def=mixture_versions, deps=[training_sets])
        def published() -> None:
            return None

        chosen = dg.AssetSelection.assets("training_sets", "published")
        done = self._run(chosen, key, [training_sets, published])
        told = {each.check_name: each for each in done.get_asset_check_evaluations()}
        blocks = not told["no_held_out_or_benchmark_row"].passed
        assert bool(done.asset_materializations_for_node("published")) is not blocks
        return told[check]

    def decontaminated(self, *rows: Sample) -> pl.DataFrame:
        """Decisions on candidates."""
        write_frame(self.home.asset("deduplicated_samples"), frame_of(*rows))
        self.make("decontaminated_samples")
        return read_frame(self.home.decisions(Stage.DECONTAMINATE, ALL))

    def _run(
        self,
        chosen: dg.AssetSelection,
        key: str | None,
        more: Sequence[dg.AssetsDefinition] = (),
    ) -> dg.ExecuteInProcessResult:
        # A new workshop each time, as in a new process: sources.yaml is read once.
        job = dg.define_asset_job("some", selection=chosen)
        made = [inputs.real_rows, inputs.benchmarks, generation.seeds]
        checks = [no_held_out_or_benchmark_row, has_held_out_set] if more else []
        found = dg.Definitions(
            assets=[*made, selection.decontaminated_samples, LAID, *more],
            asset_checks=checks,
            jobs=[job],
            resources={
                "workshop": Workshop(read_settings(), self.told.append),
                "io_manager": FrameIOManager(UPath(self.home.assets), "http://127.0.0.1"),
            },
        )
        return found.resolve_job_def("some").execute_in_process(
            instance=self.instance,
            partition_key=key,
            run_config=QUIET,
            raise_on_error=not more,
        )


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recipes, and a home whose inputs are read: that takes seconds."""
    folder = tmp_path_factory.mktemp("refreshed")
    (folder / "recipes").mkdir()
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        graph = at(folder, patch, instance)
        graph.write("log.jsonl", SEA)
        graph.write("exam.jsonl", EXAM)
        graph.declare(SOURCES)
        graph.refresh()
    return folder


def at(folder: Path, patch: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> Graph:
    warnings.simplefilter("ignore")
    patch.setenv("SYNTH_HOME", str(folder / "home"))
    patch.setenv("SYNTH_RECIPES", str(folder / "recipes"))
    instance.add_dynamic_partitions(str(recipe_versions.name), [SUMS])
    return Graph(Home(folder / "home"), folder / "recipes", instance)


@pytest.fixture
def graph(refreshed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    shutil.copytree(refreshed, tmp_path / "own")
    with dg.DagsterInstance.ephemeral() as instance:
        yield at(tmp_path / "own", monkeypatch, instance)


def items(graph: Graph) -> dict[str, str]:
    """Source -> id of its one item."""
    return dict(Register(graph.home.kept_out).read().select("source", "item_id").iter_rows())


def test_decontamination_asks_a_teacher_to_judge_and_to_translate_as_selection_says(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
):
    baker = (
        "A baker bakes forty loaves a day and burns three. Six shops get parts: how many loaves "
        "each?"
    )

    def says(body: dict[str, Any]) -> str:
        if "<verdict>" in body["messages"][-1]["content"]:
            return "<verdict>different</verdict>"
        return "<translation>Ein Glaser schneidet Scheiben.</translation>"

    with chat_server(answer=says) as server:
        monkeypatch.setenv(KEY_ENV, KEY)
        entry = teacher("arbiter", "hosted_vllm/arbiter", server.base_url)
        (graph.recipes / "teachers.yaml").write_text(json.dumps({"teachers": [entry]}))
        row = synthetic_row("baker", baker, "It is six.")
        [decided] = graph.decontaminated(row).iter_rows(named=True)
        assert decided["reason"] == Reason.REPHRASED_BENCHMARK_ITEM.value
        asked = {"judge": "arbiter", "translation": {"teacher": "arbiter", "items": 2}}
        (graph.recipes / "selection.yaml").write_text(json.dumps({"decontaminate": asked}))
        assert graph.decontaminated(row)["outcome"].to_list() == ["kept"]
        assert server.asked == 3
        [translated] = read_frame(graph.home.error_rate).filter(rows="translated", method="any")[
            "looked_at"
        ]
        assert translated == 2
        shown = graph.instance.get_latest_materialization_event(
            dg.AssetKey("decontaminated_samples")
        )
        assert shown is not None
        assert shown.asset_materialization is not None
        told = shown.asset_materialization.metadata
        assert [told[f"{role}_calls_bought"].value for role in ("judge", "translator")] == [1, 2]
        assert told["items_not_translated"].value == 0
        graph.decontaminated(row)
        assert server.asked == 3


def planted(text: str, near: str) -> dict[str, str]:
    """Way -> the text, changed in that way."""
    return {
        "verbatim": text,
        "recased": text.upper(),
        "respaced": f"  {text.replace(' ', '  ')}\n",
        "unicode": text.replace("a", "\uff41").replace(" ", "\u00a0"),
        "within": f"Read this first. {text} Then go on, if you please.",
        "repunctuated": text.replace(",", " \u2014").replace(".", "!"),
        "near": near,
    }


def planted_rows() -> list[Sample]:
    answers = planted(SEA["answer"], SEA["answer"].replace("dry blankets", "dry quilts"))
    questions = planted(
        EXAM["question"], EXAM["question"].replace("builders get", "builders receive")
    )
    return [
        *(synthetic_row(f"log-{way}", "Go on.", text) for way, text in answers.items()),
        *(synthetic_row(f"exam-{way}", text, "Each 32.") for way, text in questions.items()),
    ]


CLEAN = synthetic_row("clean", "How are panes cut?", "With a wheel of hard steel, in one stroke.")


def test_check_names_every_planted_row_with_its_item_and_how_it_was_found(graph: Graph):
    known = items(graph)
    leaks = graph.blocked(CLEAN, *planted_rows())
    assert set(leaks) == {row.sample_id for row in planted_rows()}
    for name, leak in leaks.items():
        source = "logbook" if name.startswith("log") else "glass_exam"
        assert (leak["source"], leak["item_id"]) == (source, known[source])
        assert leak["split"] == ("held_out" if source == "logbook" else "benchmark")
        assert leak["how"] == ("near" if name.endswith("near") else "text")
    verbatim, changed = leaks["log-verbatim"]["evidence"], leaks["log-recased"]["evidence"]
    assert str(verbatim).startswith("the same text: The ketch came in")
    assert str(changed).startswith("the same text but for case, white space, Unicode or punct")
    for name in ("log-near", "exam-near"):
        assert 0.8 <= float(str(leaks[name]["similarity"])) < 1
    assert graph.blocked(CLEAN) == {}


def test_check_still_blocks_what_a_removed_source_held(graph: Graph):
    before = graph.blocked(CLEAN, *planted_rows())
    graph.declare("sources: []")
    graph.refresh()
    kept_out = [read_frame(graph.home.asset(name)) for name in ("held_out_real", "benchmarks")]
    assert not {"logbook", "glass_exam"} & set(pl.concat(kept_out)["source"])
    assert graph.blocked(CLEAN, *planted_rows()) == before

    register = Register(graph.home.kept_out)
    assert (register.forget("logbook"), register.forget("glass_exam")) == (1, 1)
    assert graph.blocked(CLEAN, *planted_rows()) == {}


def test_check_sees_a_source_that_was_declared_after_the_set_was_made(graph: Graph):
    row = synthetic_row("late", "What is a dory?", "A flat boat that stacks on a schooner's deck.")
    assert graph.blocked(row) == {}
    graph.write("more.jsonl", {"q": "What is a dory?", "a": row.response})
    graph.declare(
        f"{SOURCES}  - {{reader: file, id: boats, uses: [held_out], path: more.jsonl, prompt: q, "
        "response: a}\n"
    )
    graph.refresh()
    assert graph.blocked(row)["late"]["source"] == "boats"


def test_decontamination_drops_what_the_check_would_block(graph: Graph):
    decided = reasons_of(graph.decontaminated(CLEAN, *planted_rows()))
    assert decided.pop("clean") is None
    told = {name: Reason.HELD_OUT_OVERLAP for name in decided if name.startswith("log")}
    told |= {name: Reason.BENCHMARK_OVERLAP for name in decided if name.startswith("exam")}
    assert decided == told
    assert read_frame(graph.home.asset("decontaminated_samples"))["sample_id"].to_list() == [
        "clean"
    ]


def test_source_that_becomes_a_pool_stays_kept_out_and_says_so(graph: Graph):
    graph.declare(SOURCES.replace("uses: [held_out]", "uses: [pool], held_out_share: 0"))
    graph.refresh()
    pool = read_frame(graph.home.asset("real_data"))
    [row] = pool.filter(source="logbook").iter_rows(named=True)
    [told] = graph.told
    assert told.startswith("logbook: 1 of its rows were kept out before and stay so")
    assert told.endswith("synth held-out forget logbook")
    decided = graph.decontaminated(Sample.from_row(row), CLEAN)
    assert reasons_of(decided) == {row["sample_id"]: Reason.HELD_OUT_OVERLAP, "clean": None}

    Register(graph.home.kept_out).forget("logbook")
    graph.refresh()
    assert graph.told == [told]
    assert set(reasons_of(graph.decontaminated(Sample.from_row(row), CLEAN)).values()) == {None}


def fresh(name: str, **other) -> Sample:
    return synthetic_row(name, f"What of {name}?", f"Of {name} nothing is known.", **other)


def test_check_names_rows_that_come_of_an_item_by_seed_or_through_parents(graph: Graph):
    known = items(graph)
    # A file's rows, and a recipe's own file that tells the same under another name.
    as_row = Seed.of("logbook", {"prompt": SEA["question"], "response": SEA["answer"]})
    as_text = Seed.of("recipe", {"problem": EXAM["question"].upper(), "note": "of glass"})
    innocent = Seed.of("recipe", {"problem": "Three boats and two dogs.", "note": ""})
    graph.seeded(as_text, innocent)
    copy = synthetic_row("copy", EXAM["question"], "32", seed_id=innocent.seed_id)
    graph.generated(
        fresh("first", seed_id=as_text.seed_id),
        fresh("second", parent_ids=("first",), seed_id=innocent.seed_id),
        copy,
        fresh("good", seed_id=innocent.seed_id),
        fresh("loop", parent_ids=("loop", "good")),
    )
    leaks = graph.blocked(
        fresh("by-row", seed_id=as_row.seed_id),
        fresh("by-text", seed_id=as_text.seed_id),
        fresh("grandchild", parent_ids=("good", "second"), seed_id=innocent.seed_id),
        fresh("of-copy", parent_ids=("copy",), seed_id=innocent.seed_id),
        fresh("of-good", parent_ids=("good", "loop"), seed_id=innocent.seed_id),
    )
    assert {name: leak["item_id"] for name, leak in leaks.items()} == {
        "by-row": known["logbook"],
        "by-text": known["glass_exam"],
        "grandchild": known["glass_exam"],
        "of-copy": known["glass_exam"],
    }
    assert leaks["by-row"]["evidence"] == (
        f"by its seed {as_row.seed_id}: it is the item itself, of logbook"
    )
    assert str(leaks["grandchild"]["evidence"]).startswith(
        f"by its parent second: by its parent first: by its seed {as_text.seed_id}: the same text"
    )
    assert str(leaks["of-copy"]["evidence"]).startswith("by its parent copy: the same text: A gla")


def test_decontamination_drops_rows_that_come_of_an_item(graph: Graph):
    seed = Seed.of("recipe", {"problem": EXAM["question"]})
    graph.seeded(seed)
    graph.generated(fresh("first", seed_id=seed.seed_id))
    decided = graph.decontaminated(CLEAN, fresh("child", parent_ids=("first",)))
    found = decisions_of(decided)["child"]
    assert (found.reason, found.duplicate_of) == (
        Reason.BENCHMARK_OVERLAP,
        items(graph)["glass_exam"],
    )
    assert found.detail.startswith(f"text: by its parent first: by its seed {seed.seed_id}: ")
    assert reasons_of(decided)["clean"] is None


def test_seed_that_nearly_is_a_held_out_row_of_a_removed_source_starts_nothing(graph: Graph):
    graph.write(
        "letters.jsonl",
        {"question": "And the ketch?", "answer": SEA["answer"].replace("dry bl", "warm bl")},
        {"question": "And the dory?", "answer": "She was sold in spring, oars and all, for nine."},
    )
    graph.declare(f"sources: {POOL}")
    folder = graph.recipes / "lettered"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    (folder / "write.md.j2").write_text("Like {{ prompt }}: write.", encoding="utf-8")
    (folder / "solve.md.j2").write_text("Solve {{ question }}.", encoding="utf-8")
    shop = Workshop(read_settings())
    recipe = shop.catalogue.recipe("lettered")
    graph.instance.add_dynamic_partitions(str(recipe_versions.name), [recipe.key])
    graph.refresh()
    graph.make("seeds", key=recipe.key)
    decided = read_frame(graph.home.decisions(Stage.SEEDS, recipe.key))
    assert sorted(decided["reason"].fill_null("kept")) == ["held_out_row", "kept"]
    [dropped] = decided.drop_nulls("reason")["duplicate_of"]
    assert dropped == items(graph)["logbook"]


RECIPE = """
id: lettered
title: Of letters
samples: 2
seeds: {source: letters}
teachers: [{id: embedded-scholar}]
technique:
  kind: problem_generation
  write: {template: write.md.j2, inputs: [prompt]}
  solve: {template: solve.md.j2, inputs: [question]}
verifiers: [{kind: number}]
"""


def test_mixture_without_any_held_out_row_is_marked_unevaluable(graph: Graph):
    told = graph.checked("has_held_out_set", CLEAN)
    assert told.passed
    assert told.metadata["evaluability"].value == "evaluable"
    held_out = read_frame(graph.home.asset("held_out_real"))
    write_frame(graph.home.asset("held_out_real"), held_out.clear())
    told = graph.checked("has_held_out_set", CLEAN)
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert told.metadata["evaluability"].value == "unevaluable"
    assert "held_out_share" in (told.description or "")


def test_set_whose_rows_are_repeated_names_a_planted_row_once(graph: Graph):
    row = planted_rows()[0]
    told = graph.checked("no_held_out_or_benchmark_row", row, row, replace(CLEAN))
    assert told.metadata["leaks"].value == 1
