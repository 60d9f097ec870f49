"""Duplicates told on clusters of several worker processes."""

from collections.abc import Iterator

import numpy as np
import pytest

from synth_assets.core.dedup.join import Matches, Method, find_duplicates
from synth_assets.core.dedup.near import SketchesInMemory, duplicates_among
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.errors import ClusterError, ConfigurationError, SourceError
from synth_assets.resources.cluster import engine, joining, packing, same_code
from synth_assets.resources.cluster.engine import RowsLostError, checked
from synth_assets.resources.cluster.packing import packed
from synth_assets.resources.cluster.sketches import ClusterSketches, find_duplicates_on
from tests.integration.cluster_texts import made_texts
from tests.integration.small_clusters import SmallCluster, small_cluster
from tests.processes import free_port

pytest.importorskip("distributed", reason="uv sync --extra cluster")

RULE = DedupRule(0.6)


TEXTS = made_texts(3_000, 0)
ORDER = np.random.default_rng(0).permutation(len(TEXTS))


def chunks_of(texts: list[str], size: int) -> Iterator[list[str]]:
    return (texts[at : at + size] for at in range(0, len(texts), size))


def assert_same(found: Matches, expected: Matches) -> None:
    assert found.kept.tolist() == expected.kept.tolist()
    assert found.similarity.tolist() == expected.similarity.tolist()
    assert found.method.tolist() == expected.method.tolist()
    assert found.compared == expected.compared


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCluster]:
    with small_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as found:
        yield found


@pytest.fixture
def mortal_cluster(cluster: SmallCluster) -> Iterator[SmallCluster]:
    yield cluster
    cluster.grow(2)


@pytest.fixture(scope="module")
def expected() -> Matches:
    found = duplicates_among(TEXTS, RULE, ORDER)
    counts = np.bincount(found.method, minlength=3)
    assert counts[Method.KEPT] > 1_500
    assert counts[Method.EXACT] > 50
    assert counts[Method.NEAR] > 250
    return found


@pytest.mark.parametrize(
    ("size", "pack", "hand"), [(1, 97, 1 << 24), (700, 500, 4_000), (3_000, 4_096, 1 << 24)]
)
def test_cluster_duplicates_equal_those_of_one_machine_for_any_chunk(
    cluster, expected, monkeypatch, size, pack, hand
):
    monkeypatch.setattr(packing, "_LEAST_ROWS", pack)
    monkeypatch.setattr(joining, "_HAND_KEYS", hand)
    told: list[tuple[int, int]] = []
    found = find_duplicates_on(
        cluster.address,
        lambda: chunks_of(TEXTS, size),
        RULE,
        ORDER,
        on_progress=lambda *at: told.append(at),
    )
    assert_same(found, expected)
    assert told == sorted(told, key=lambda at: at[0])
    assert told[-1] == (3_000, 3_000)


def test_cluster_duplicates_of_some_rows_equal_those_of_one_machine(cluster, monkeypatch):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 256)
    some = ORDER[::2]
    with ClusterSketches.on(cluster.address, RULE) as sketches:
        sketches.add(chunks_of(TEXTS[:1_000], 300))
        sketches.add(chunks_of(TEXTS[1_000:], 300))
        found = sketches.find_duplicates(some)
    in_memory = SketchesInMemory.of(TEXTS, RULE)
    assert_same(found, find_duplicates(in_memory, some, RULE.threshold))


def test_cluster_sketches_are_those_of_one_machine(cluster, monkeypatch):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 500)
    in_memory = SketchesInMemory.of(TEXTS, RULE)
    with ClusterSketches.on(cluster.address, RULE) as sketches:
        sketches.add(chunks_of(TEXTS, 900))
        assert sketches.rows == 3_000
        assert sketches.bands == in_memory.bands
        assert sketches.exact.tolist() == in_memory.exact.tolist()
        assert sketches.band(1).tolist() == in_memory.band(1).tolist()
        rows = np.array([2_999, 5, 5, 1_200])
        found, wanted = sketches.shingles(rows), in_memory.shingles(rows)
        assert found.hashes.tolist() == wanted.hashes.tolist()
        assert found.offsets.tolist() == wanted.offsets.tolist()


@pytest.mark.parametrize("rule", [DedupRule(near=False), DedupRule(1.0)], ids=["exact", "same"])
def test_cluster_duplicates_by_other_rules_equal_those_of_one_machine(cluster, rule):
    found = find_duplicates_on(cluster.address, lambda: [TEXTS], rule, ORDER)
    assert_same(found, duplicates_among(TEXTS, rule, ORDER))


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["the same text"] * 20_000, [f"a b c d e f{'.' * n}" for n in range(2_000)]],
    ids=["none", "empty", "equal", "one_bucket"],
)
def test_cluster_duplicates_of_odd_texts_equal_those_of_one_machine(cluster, texts):
    found = find_duplicates_on(cluster.address, lambda: [texts])
    assert_same(found, duplicates_among(texts))


def test_cluster_that_loses_a_worker_while_rows_are_sent_tells_the_same(
    mortal_cluster, expected, monkeypatch
):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 100)
    given = 0

    def texts() -> Iterator[list[str]]:
        nonlocal given
        for chunk in chunks_of(TEXTS, 100):
            given += 1
            if given == 20:
                mortal_cluster.kill_worker()
            yield chunk

    assert_same(find_duplicates_on(mortal_cluster.address, texts, RULE, ORDER), expected)
    assert given > 30, "what was lost was not read again"


def test_cluster_that_loses_a_worker_in_the_join_tells_the_same(
    mortal_cluster, expected, monkeypatch
):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 100)

    def kill_one(done: int, of: int) -> None:
        if len(mortal_cluster.workers) == 2:
            mortal_cluster.kill_worker()

    found = find_duplicates_on(
        mortal_cluster.address, lambda: chunks_of(TEXTS, 100), RULE, ORDER, kill_one
    )
    assert len(mortal_cluster.workers) == 1
    assert_same(found, expected)


def test_cluster_that_loses_rows_which_are_not_to_be_had_again_says_so(mortal_cluster, monkeypatch):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 100)
    with (
        ClusterSketches.on(mortal_cluster.address, RULE) as once,
        ClusterSketches.on(mortal_cluster.address, RULE) as fewer,
        ClusterSketches.on(mortal_cluster.address, RULE) as changed,
    ):
        once.add(chunks_of(TEXTS, 100))
        fewer.add(chunks_of(TEXTS, 100), lambda: [["another"]])
        changed.add(chunks_of(TEXTS, 100), lambda: [[f"{text} more" for text in TEXTS]])
        mortal_cluster.kill_worker()
        with pytest.raises(RowsLostError, match="Run again"):
            once.find_duplicates(ORDER)
        for sketches in (fewer, changed):
            with pytest.raises(SourceError, match="not those that they were"):
                sketches.find_duplicates(ORDER)


def test_cluster_without_workers_left_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_IDLE_S", 1.0)
    with (
        small_cluster(tmp_path, workers=1) as mortal,
        ClusterSketches.on(mortal.address, RULE) as sketches,
    ):
        sketches.add([TEXTS], lambda: [TEXTS])
        mortal.kill_worker()
        with pytest.raises(ClusterError, match="all workers are gone"):
            sketches.find_duplicates(ORDER)


def test_cluster_whose_workers_have_no_memory_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_IDLE_S", 1.0)
    with small_cluster(tmp_path, workers=0) as cramped:
        cramped.grow(1, memory="1MB")
        with pytest.raises(ClusterError, match="all workers stand still"):
            find_duplicates_on(cramped.address, lambda: [TEXTS])


def test_cluster_whose_scheduler_ends_says_so(tmp_path):
    with (
        small_cluster(tmp_path, workers=1) as mortal,
        ClusterSketches.on(mortal.address, RULE) as sketches,
    ):
        sketches.add([TEXTS], lambda: [TEXTS])
        mortal.kill_scheduler()
        with pytest.raises(ClusterError, match="connection to the scheduler is lost"):
            sketches.find_duplicates(ORDER)


def test_cluster_that_has_no_workers_yet_says_how_to_start_them(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_FIRST_WORKER_S", 1.0)
    with (
        small_cluster(tmp_path, workers=0) as found,
        pytest.raises(ClusterError, match=f"dask worker {found.address}"),
    ):
        find_duplicates_on(found.address, lambda: [TEXTS])


@pytest.mark.parametrize("scheme", ["tcp://127.0.0.1:", "127.0.0.1:", "nonsense://127.0.0.1:"])
def test_cluster_where_nobody_answers_says_how_to_start_one(monkeypatch, scheme):
    monkeypatch.setattr(engine, "_ANSWER_S", 1.0)
    address = f"{scheme}{free_port()}"
    with pytest.raises(ClusterError, match=f"^{address}.*dask scheduler"):
        find_duplicates_on(address, lambda: [TEXTS])


def test_cluster_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(ClusterError, match="uv sync --extra cluster"):
        find_duplicates_on("tcp://127.0.0.1:1", lambda: [TEXTS])


def test_cluster_with_an_impossible_threshold_is_not_asked(monkeypatch):
    with pytest.raises(ConfigurationError, match="threshold"):
        find_duplicates_on("tcp://127.0.0.1:1", lambda: [TEXTS], DedupRule(2.0))


def test_cluster_whose_workers_have_other_code_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(same_code, "_HASHED", ("core/ngrams.py",))
    same_code.code_here.cache_clear()
    try:
        with pytest.raises(ClusterError, match="other code of deduplication"):
            find_duplicates_on(cluster.address, lambda: [TEXTS])
    finally:
        same_code.code_here.cache_clear()


def test_worker_that_comes_late_without_our_code_is_refused(mortal_cluster, tmp_path):
    (tmp_path / "synth_assets").mkdir()
    (tmp_path / "synth_assets" / "__init__.py").touch()
    with ClusterSketches.on(mortal_cluster.address, RULE) as sketches:
        sketches.add([TEXTS])
        mortal_cluster.grow(3, modules=tmp_path)
        with pytest.raises(ClusterError, match="No module named 'synth_assets"):
            sketches.find_duplicates(ORDER)
    mortal_cluster.kill_worker()


def test_task_on_a_worker_with_other_code_is_refused():
    assert checked(same_code.code_here(), len, "four") == 4
    with pytest.raises(ClusterError, match="other code of deduplication"):
        checked("another", len, "four")


def test_packs_do_not_depend_on_chunks(monkeypatch):
    monkeypatch.setattr(packing, "_LEAST_ROWS", 10)
    monkeypatch.setattr(packing, "_MOST_CHARACTERS", 2_000)
    whole = list(packed([TEXTS], 0))
    assert [text for pack in whole for text in pack.texts] == TEXTS
    assert all(pack.characters == sum(map(len, pack.texts)) for pack in whole)
    assert list(packed(chunks_of(TEXTS, 7), 0)) == whole
    assert max(len(pack.texts) for pack in whole) > 10
    assert max(pack.characters for pack in whole) < 2_000 + max(map(len, TEXTS))
