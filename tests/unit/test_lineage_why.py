import os
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from synth_assets.core.schema import Reason, Split, Stage
from synth_assets.errors import LineageError
from synth_assets.resources.lineage.database import LineageDatabase
from synth_assets.resources.lineage.trace import SampleTrace
from synth_assets.resources.lineage.why import KeptOut, SampleWhy, TracedCluster
from tests.unit.lineage_home import HALF, dropped, kept, real, small_home, synthetic

MATH_PAIR = TracedCluster("m1-id-0001", 2, 0, 1, 0, 0, 0.9, ("math",))


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> LineageDatabase:
    return small_home(tmp_path_factory.mktemp("home")).ingested()


def why(lineage: LineageDatabase, sample_id: str) -> SampleWhy:
    found = lineage.why(sample_id)
    assert isinstance(found, SampleWhy)
    return found


def test_why_of_a_duplicate_tells_of_the_row_that_was_kept_and_of_the_cluster(lineage):
    found = why(lineage, "m2-id-0001")
    assert found.trace == lineage.trace("m2-id-0001")
    assert isinstance(found.other, SampleTrace)
    assert found.other.sample is not None
    assert found.other.sample.response == "Answer m1-id-0001."
    assert [mixture.partition for mixture in found.other.mixtures if mixture.live] == [HALF]
    assert found.cluster == MATH_PAIR


def test_why_of_a_kept_row_tells_of_its_own_cluster(lineage):
    found = why(lineage, "m1-id-0001")
    assert (found.other, found.cluster) == (None, MATH_PAIR)
    assert why(lineage, "q1-id-0001").cluster is None


def test_why_of_a_contaminated_row_tells_of_the_item_with_its_whole_text(lineage):
    found = why(lineage, "q2-id-0001")
    assert found.other == KeptOut(
        "b1-id-0001", Split.BENCHMARK, "docs", "A benchmark item?", "A real answer."
    )
    assert found.cluster is None


@pytest.mark.parametrize(
    ("sample_id", "split"), [("h1-id-0001", Split.HELD_OUT), ("b1-id-", Split.BENCHMARK)]
)
def test_why_of_a_row_that_is_kept_out_says_so(lineage, sample_id, split):
    found = lineage.why(sample_id)
    assert isinstance(found, KeptOut)
    assert (found.sample_id[:5], found.split) == (sample_id[:5], split)


def test_why_of_a_duplicate_of_what_lineage_does_not_hold_names_nothing(tmp_path: Path):
    home = small_home(tmp_path)
    lost = dropped("m2-id-0001", Reason.NOT_NOVEL, "set.jsonl#7", 1.0)
    home.decide(Stage.DEDUP, "all", [lost, *kept("m1-id-0001", "q1-id-0001", "r1-id-0001")])
    found = why(home.ingested(), "m2-id-0001")
    assert found.other is None
    assert found.cluster == TracedCluster("set.jsonl#7", 2, 0, 0, 0, 1, 1.0, ("math",))


def test_why_of_a_row_that_repeats_an_earlier_set_tells_of_its_text_and_audits_pass(tmp_path: Path):
    home = small_home(tmp_path)
    earlier = replace(real("k1-id-0001", "Question m2-id-0001?"), source="set.jsonl row 7")
    # Its hash is that of a training row: what is known is no secret, unlike test items.
    same = replace(earlier, content_hash=real("r1-id-0001").content_hash)
    home.samples("known", same)
    (tmp_path / "assets" / "known.parquet").rename(tmp_path / "known_rows.parquet")
    lost = dropped("m2-id-0001", Reason.NOT_NOVEL, "k1-id-0001", 1.0)
    stage = tmp_path / "decisions" / "dedup" / "all.parquet"
    before = stage.stat()
    home.decide(Stage.DEDUP, "all", [lost, *kept("m1-id-0001", "r1-id-0001", "q1-id-0001")])
    os.utime(stage, ns=(before.st_mtime_ns, before.st_mtime_ns))
    lineage = home.ingested()
    assert why(lineage, "m2-id-0001").other == KeptOut(
        "k1-id-0001", Split.KNOWN, "set.jsonl row 7", "Question m2-id-0001?", "A real answer."
    )
    found = {audit.name: audit.violations for audit in lineage.audits()}
    assert (found["dangling_duplicates"], found["leaked_training_rows"]) == (0, 0)


def test_why_of_an_unknown_id_is_none_and_of_a_short_one_an_error(lineage):
    assert lineage.why("nobody-knows") is None
    with pytest.raises(LineageError, match="at least 6 characters"):
        lineage.why("m1")


def test_trace_of_decisions_of_superseded_mixtures_is_not_live(lineage):
    live = {d.partition: d.live for d in lineage.trace("m1-id-0001").decisions if d.stage == "mix"}
    assert live == {HALF: True, "half~44444444": False}


def test_duplicate_clusters_count_by_reason_and_pass_over_superseded_rows(tmp_path: Path):
    home = small_home(tmp_path)
    home.samples(
        "real_data",
        real("r1-id-0001"),
        *(replace(real("r2-id-0001", "x"), sample_id=f"r{n}-id-0001") for n in range(2, 6)),
    )
    home.decide(
        Stage.DEDUP,
        "all",
        [
            *kept("m1-id-0001", "r1-id-0001"),
            dropped("r2-id-0001", Reason.EXACT_DUPLICATE, "r1-id-0001", 1.0),
            dropped("r3-id-0001", Reason.NEAR_DUPLICATE, "r1-id-0001", 0.85),
            dropped("r4-id-0001", Reason.SEMANTIC_DUPLICATE, "r1-id-0001", 0.95),
            dropped("m2-id-0001", Reason.NEAR_DUPLICATE, "r1-id-0001", 0.875),
            dropped("o1-id-0001", Reason.NEAR_DUPLICATE, "r1-id-0001", 0.9),
        ],
    )
    lineage = home.ingested()
    rows = lineage.select("SELECT * FROM duplicate_clusters").rows()
    assert rows == [("r1-id-0001", 5, 1, 2, 1, 0, 0.85, ["", "math"])]


def test_kept_out_rows_of_a_database_without_their_responses_are_read_again(tmp_path: Path):
    home = small_home(tmp_path)
    lineage = home.ingested()
    with duckdb.connect(str(lineage.database)) as connection:
        connection.execute("ALTER TABLE kept_out DROP COLUMN response")
        connection.execute("DELETE FROM schema_migrations WHERE version = 3")
    assert lineage.ingest().files_new == 2
    read = lineage.select("SELECT sample_id, response FROM kept_out ORDER BY ALL").rows()
    assert read == [("b1-id-0001", "A real answer."), ("h1-id-0001", "A real answer.")]


def test_why_of_a_sample_of_two_versions_tells_of_the_live_one(tmp_path: Path):
    home = small_home(tmp_path)
    home.samples("raw_generations/math~00000000", synthetic("m1-id-0001", "math~00000000", "f9"))
    assert why(home.ingested(), "m2-id-0001").other.partition == "math~11111111"
