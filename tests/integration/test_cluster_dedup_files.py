"""Files deduplicated on a cluster of several worker processes: as on one machine, to the byte."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from synth_assets.cli.main import main
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.resources.cluster import engine, packing
from synth_assets.resources.dedup.files import FileDedup
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.streams import RowStream
from synth_assets.resources.row_files.text_rows import Advance
from tests.integration.cluster_texts import made_texts
from tests.integration.small_clusters import SmallCluster, small_cluster
from tests.processes import free_port

pytest.importorskip("distributed", reason="uv sync --extra cluster")

RULE = DedupRule(0.6)
TEXTS = made_texts(3_000, 0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCluster]:
    with small_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rows in several kinds of file, and of `earlier.jsonl` that has some of them."""
    folder = tmp_path_factory.mktemp("files")
    draw = random.Random(1)
    rows = [
        {"id": f"r{at:04}", "text": text, "score": draw.choice([None, 0.5, 1.0])}
        for at, text in enumerate(TEXTS)
    ]
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows[:1_200]))
    pl.DataFrame(rows[1_200:2_000]).write_parquet(folder / "b.parquet")
    pl.DataFrame(rows[2_000:]).write_csv(folder / "c.csv")
    known = [{"text": f"{text} and more"} for text in TEXTS[::40]]
    (folder / "earlier.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in known))
    return folder


@pytest.fixture
def dedup(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["dedup", *map(str, arguments)])
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said.out if code == 0 else said.err

    return run


@pytest.mark.parametrize(
    ("names", "options", "dropped"),
    [
        (("a.jsonl", "b.parquet", "c.csv"), ("--threshold", "0.6", "--id", "id"), 500),
        (("a.jsonl",), ("--threshold", "0.6", "--prefer", "score", "--against"), 200),
        (("c.csv", "a.jsonl"), ("--method", "exact"), 100),
    ],
    ids=["near", "against", "exact"],
)
def test_dedup_command_on_a_cluster_writes_the_same_files_to_the_byte(
    cluster, dedup, files, tmp_path, monkeypatch, names, options, dropped
):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 300)
    if options[-1] == "--against":
        options = (*options, files / "earlier.jsonl")
    reports: list[dict[str, object]] = []
    for where in ((), ("--cluster", cluster.address)):
        folder = tmp_path / ("cluster" if where else "here")
        folder.mkdir()
        outputs = ("-o", folder / "kept.jsonl", "--decisions", folder / "why.parquet")
        paths = [files / name for name in names]
        said = dedup(*paths, "--column", "text", *options, *outputs, "--json", *where)
        reports.append({name: told for name, told in json.loads(said).items() if name != "seconds"})
    assert reports[0] == reports[1]
    assert pl.read_parquet(tmp_path / "here" / "why.parquet")["reason"].count() > dropped
    for name in ("kept.jsonl", "why.parquet"):
        here, there = (tmp_path / place / name for place in ("here", "cluster"))
        assert here.read_bytes() == there.read_bytes()


def test_files_are_read_again_for_what_went_with_a_worker(cluster, files, monkeypatch):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 100)

    def kill_one(at: Advance) -> None:
        if at.rows >= 1_000 and len(cluster.workers) == 2:
            cluster.kill_worker()

    stream = RowStream(find_inputs([str(files / "*.*")]))
    known = RowStream(find_inputs([str(files / "earlier.jsonl")]))
    with FileDedup.opened(RULE, stream, known, workers=1) as here:
        expected = here.matches()
    with FileDedup.opened(
        RULE, stream, known, workers=1, cluster=cluster.address, on_advance=kill_one
    ) as there:
        assert len(cluster.workers) == 1
        found = there.matches()
        assert found.kept.tolist() == expected.kept.tolist()
        assert found.similarity.tolist() == expected.similarity.tolist()
        assert found.method.tolist() == expected.method.tolist()


def test_dedup_command_by_meaning_on_a_cluster_is_refused(dedup, files):
    options = ("--method", "near,semantic", "--cluster", "tcp://127.0.0.1:1")
    said = dedup(files / "a.jsonl", *options, code=2)
    assert "vectors are made and compared on one machine" in said


def test_dedup_command_without_a_scheduler_says_how_to_start_one(
    dedup, files, tmp_path, monkeypatch
):
    monkeypatch.setattr(engine, "_ANSWER_S", 1.0)
    address = f"tcp://127.0.0.1:{free_port()}"
    options = ("--cluster", address, "-o", tmp_path / "kept.jsonl")
    said = dedup(files / "a.jsonl", *options, code=2)
    assert said.startswith(f"synth: {address}: no scheduler")
    assert "dask scheduler" in said
    assert not list(tmp_path.iterdir())


def test_dedup_command_without_dask_says_what_to_install(dedup, files, monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    said = dedup(files / "a.jsonl", "--cluster", "tcp://127.0.0.1:1", code=2)
    assert "uv sync --extra cluster" in said


def test_dedup_command_at_a_scheduler_without_our_code_is_refused(dedup, files, tmp_path):
    (tmp_path / "synth_assets").mkdir()
    (tmp_path / "synth_assets" / "__init__.py").touch()
    with small_cluster(tmp_path, workers=0, modules=tmp_path) as other:
        said = dedup(files / "a.jsonl", "--cluster", other.address, code=2)
    assert "the scheduler has other code of deduplication" in said
    assert "No module named 'synth_assets" in said
