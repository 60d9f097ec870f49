from pathlib import Path

import pytest

from synth_assets.core.schema import Outcome, Reason, Stage, VerdictOutcome
from synth_assets.errors import LineageError
from synth_assets.resources.lineage.database import LineageDatabase
from synth_assets.resources.lineage.trace import TracedCall, TracedDuplicate, TracedMixture
from tests.unit.lineage_home import (
    HALF,
    MATH,
    MATH_SAMPLES,
    OLD_HALF,
    OLD_MATH,
    kept,
    small_home,
    synthetic,
)


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> LineageDatabase:
    return small_home(tmp_path_factory.mktemp("home")).ingested()


def test_trace_of_a_trained_sample_tells_its_whole_story(lineage):
    trace = lineage.trace("m1-id-0001")
    assert trace.sample == MATH_SAMPLES[0]
    assert (trace.version.partition, trace.version.version, trace.version.live) == (
        MATH,
        "11111111",
        True,
    )
    assert trace.version.templates == {"write.md.j2": f"Write for {MATH}."}
    assert (trace.seed.seed_id, trace.seed.fields) == ("seed-one", {"question": "Seed seed-one"})
    assert trace.calls == (
        TracedCall("f1", "write", "scholar", "m", "stop", 10, 20, 0.25, 0.5, False),
        TracedCall("f2", "solve", "scholar", "m", "stop", 5, 6, 0.5, 0.5, True),
    )
    assert trace.cost_usd == 0.75
    assert [(v.verifier, v.outcome) for v in trace.verdicts] == [
        ("number", VerdictOutcome.ACCEPTED),
        ("length", VerdictOutcome.ACCEPTED),
    ]
    assert [(d.sample_id, d.stage, d.partition, d.outcome) for d in trace.decisions] == [
        ("seed-one", Stage.SEEDS, MATH, Outcome.KEPT),
        ("m1-id-0001", Stage.GENERATE, MATH, Outcome.KEPT),
        ("m1-id-0001", Stage.VERIFY, MATH, Outcome.KEPT),
        ("m1-id-0001", Stage.DEDUP, "all", Outcome.KEPT),
        ("m1-id-0001", Stage.DECONTAMINATE, "all", Outcome.KEPT),
        ("m1-id-0001", Stage.MIX, HALF, Outcome.KEPT),
        ("m1-id-0001", Stage.MIX, OLD_HALF, Outcome.KEPT),
    ]
    assert trace.duplicates == (TracedDuplicate("m2-id-0001", Reason.NEAR_DUPLICATE, 0.9),)
    assert trace.mixtures == (
        TracedMixture(HALF, position=1, live=True),
        TracedMixture(OLD_HALF, position=2, live=False),
    )
    assert trace.other_partitions == ()


@pytest.mark.parametrize(
    ("sample_id", "stage", "outcome", "reason", "duplicate_prompt"),
    [
        ("m2", Stage.DEDUP, Outcome.DROPPED, Reason.NEAR_DUPLICATE, "Question m1-id-0001?"),
        ("m3", Stage.VERIFY, Outcome.DROPPED, Reason.WRONG_NUMBER, None),
        ("m4", Stage.VERIFY, Outcome.ERRORED, Reason.VERIFIER_ERROR, None),
        ("m5", Stage.GENERATE, Outcome.DROPPED, Reason.REFUSAL, None),
        (
            "q2",
            Stage.DECONTAMINATE,
            Outcome.DROPPED,
            Reason.BENCHMARK_OVERLAP,
            "A benchmark item?",
        ),
        ("q1", Stage.MIX, Outcome.KEPT, None, None),
    ],
)
def test_trace_of_a_rejected_sample_ends_with_the_reason(
    lineage, sample_id, stage, outcome, reason, duplicate_prompt
):
    last = lineage.trace(f"{sample_id}-id-0001").last_decision
    assert (last.stage, last.outcome, last.reason) == (stage, outcome, reason)
    assert last.duplicate_prompt == duplicate_prompt


def test_trace_of_a_sample_dropped_at_generation_has_calls_but_no_text(lineage):
    trace = lineage.trace("m5-id-0001")
    assert (trace.sample, trace.seed, trace.partition) == (None, None, MATH)
    assert [call.fingerprint for call in trace.calls] == ["f6", "f1"]


def test_trace_of_a_real_row_has_no_recipe(lineage):
    trace = lineage.trace("r1-id-0001")
    assert (trace.version, trace.seed, trace.calls, trace.partition) == (None, None, (), "all")
    assert trace.sample.licence == "PSF"
    assert [d.stage for d in trace.decisions] == [
        Stage.DEDUP,
        Stage.DECONTAMINATE,
        Stage.MIX,
        Stage.MIX,
    ]


def test_trace_of_a_superseded_sample_still_works(lineage):
    trace = lineage.trace("o1-id-0001")
    assert (trace.partition, trace.version.live) == (OLD_MATH, False)


def test_trace_of_an_id_known_to_two_versions_tells_of_the_live_one(tmp_path: Path):
    home = small_home(tmp_path)
    home.samples(f"raw_generations/{OLD_MATH}", synthetic("m1-id-0001", OLD_MATH, "f9"))
    trace = home.ingested().trace("m1-id-0001")
    assert (trace.partition, trace.other_partitions) == (MATH, (OLD_MATH,))


def test_trace_by_unique_prefix_finds_the_sample(lineage):
    assert lineage.trace("m3-id-").sample_id == "m3-id-0001"


def test_trace_by_ambiguous_prefix_lists_the_samples(tmp_path: Path):
    home = small_home(tmp_path)
    home.decide(Stage.GENERATE, OLD_MATH, kept("m1-id-0002", "m1-id-00021"))
    lineage = home.ingested()
    with pytest.raises(LineageError, match="m1-id-0001, m1-id-0002, m1-id-00021"):
        lineage.trace("m1-id-")
    assert lineage.trace("m1-id-0002").sample_id == "m1-id-0002"


def test_trace_by_prefix_of_many_samples_lists_ten(tmp_path: Path):
    home = small_home(tmp_path)
    home.decide(Stage.GENERATE, OLD_MATH, kept(*(f"zzzzzz{n:03}" for n in range(30))))
    with pytest.raises(LineageError, match=r"zzzzzz009, \.\.\.") as caught:
        home.ingested().trace("zzzzzz")
    assert "zzzzzz010" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "m1-id"])
def test_trace_by_short_prefix_asks_for_more(lineage, prefix):
    with pytest.raises(LineageError, match="at least 6 characters"):
        lineage.trace(prefix)


@pytest.mark.parametrize(
    "prefix", ["nobody-knows", "%%%%%%", "'; DROP TABLE samples; --", "\0" * 9]
)
def test_trace_of_an_unknown_id_is_none(lineage, prefix):
    assert lineage.trace(prefix) is None


def test_trace_of_a_seed_is_none(lineage):
    assert lineage.trace("seed-one") is None
