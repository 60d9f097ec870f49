from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.sample import sample_frame
from synth_assets.core.schema import DECISION_SCHEMA, Decision, Outcome, Reason, Stage, Verdict
from tests.unit.lineage_home import (
    HALF,
    MATH,
    MATH_SAMPLES,
    QA,
    SQL_ROOT,
    Home,
    dropped,
    kept,
    real,
    small_home,
    synthetic,
)

M1, M2, M3, M4, M5 = (f"m{n}-id-0001" for n in range(1, 6))
Q1, Q2, R1, R2, O1 = "q1-id-0001", "q2-id-0001", "r1-id-0001", "r2-id-0001", "o1-id-0001"


def violations(home: Home) -> dict[str, list[tuple]]:
    """Audit -> the first two columns of its violating rows, of audits that found any."""
    found = home.ingested().audits()
    return {a.name: [row[:2] for row in a.examples.rows()] for a in found if a.violations}


def sample_in_two_partitions(home: Home) -> None:
    home.samples(f"raw_generations/{QA}", *QA_SAMPLES, replace(QA_SAMPLES[0], sample_id=M1))


def sample_twice_in_a_partition(home: Home) -> None:
    home.samples(f"raw_generations/{QA}", *QA_SAMPLES, QA_SAMPLES[1])


def raw_sample_unverified(home: Home) -> None:
    home.decide(Stage.VERIFY, QA, kept(Q1))


def kept_sample_lost_before_dedup(home: Home) -> None:
    home.decide(Stage.DEDUP, "all", kept(M1, Q1, Q2, R1, O1, M2))


def kept_row_lost_before_decontamination(home: Home) -> None:
    home.decide(Stage.DECONTAMINATE, "all", kept(M1, Q1, R1, O1))


def kept_row_lost_before_mix(home: Home) -> None:
    home.decide(Stage.MIX, HALF, kept(M1, R1))


def decided_twice(home: Home) -> None:
    home.decide(Stage.MIX, HALF, [*kept(M1, R1), *[dropped(Q1, Reason.TEACHER_CAP)] * 2])


def kept_without_text(home: Home) -> None:
    home.decide(Stage.GENERATE, QA, kept(Q1, Q2, "q3-id-0001"))


def text_without_being_kept(home: Home) -> None:
    home.decide(Stage.GENERATE, QA, [*kept(Q1), dropped(Q2, Reason.REFUSAL)])


def trained_though_dropped(home: Home) -> None:
    home.decide(Stage.MIX, HALF, kept(M1, R1, Q1, M3))
    home.samples(f"training_sets/{HALF}", real(R1), MATH_SAMPLES[0], QA_SAMPLES[0], MATH_SAMPLES[2])


def trained_though_not_mixed(home: Home) -> None:
    home.samples(f"training_sets/{HALF}", real(R1), MATH_SAMPLES[0], QA_SAMPLES[0])


def mixed_but_not_in_the_set(home: Home) -> None:
    home.samples(f"training_sets/{HALF}", real(R1))


def trained_on_held_out(home: Home) -> None:
    home.samples("held_out_real", replace(real("h1-id-0001"), content_hash=real(R1).content_hash))


def trained_on_benchmark(home: Home) -> None:
    item = replace(real("b2-id-0001"), content_hash=MATH_SAMPLES[0].content_hash)
    home.samples("benchmarks", item)


def trained_twice_on_one_text(home: Home) -> None:
    twin = replace(MATH_SAMPLES[0], content_hash=real(R1).content_hash)
    home.samples(f"training_sets/{HALF}", real(R1), twin)


def copies_in_two_splits(home: Home) -> None:
    path = home.samples(f"training_sets/{HALF}", real(R1), MATH_SAMPLES[0], MATH_SAMPLES[0])
    rows = pl.read_parquet(path)
    apart = pl.when(pl.col("copy") == 2).then(pl.lit("validation")).otherwise("split")
    home.write(f"assets/training_sets/{HALF}", rows.with_columns(apart.alias("split")))


def seed_unknown(home: Home) -> None:
    home.seeds(QA, "seed-three")


def call_unknown(home: Home) -> None:
    home.calls(QA, (Q1, "ask", "f7", 1, 1, 0.0, False))


def no_call_named(home: Home) -> None:
    nameless = replace(QA_SAMPLES[1], request_fingerprints=())
    home.samples(f"raw_generations/{QA}", QA_SAMPLES[0], nameless)
    home.decide(Stage.VERIFY, QA, kept(Q1, Q2))


def kept_with_reason(home: Home) -> None:
    home.decide(Stage.SEEDS, QA, [Decision("seed-two", Outcome.KEPT, Reason.TOO_LONG)])


def dropped_without_reason(home: Home) -> None:
    home.decide(Stage.SEEDS, QA, [Decision("seed-two", Outcome.DROPPED)])


def outcome_nobody_knows(home: Home) -> None:
    row = ("seed-two", "seeds", QA, "qa", "maybe", "too_long", None, None, "")
    home.write(f"decisions/seeds/{QA}", pl.DataFrame([row], DECISION_SCHEMA, orient="row"))


def kept_against_a_verdict(home: Home) -> None:
    rejected = Verdict.rejected(Reason.TOO_LONG, "900 words")
    home.verdicts(QA, (Q1, "length", rejected), (Q2, "length", Verdict.accepted()))


def dropped_without_a_verdict(home: Home) -> None:
    home.verdicts(
        MATH, (M3, "number", Verdict.accepted()), (M4, "number", Verdict.errored("broken"))
    )


def duplicate_of_a_dropped_row(home: Home) -> None:
    home.decide(
        Stage.DEDUP,
        "all",
        [
            *kept(M1, Q1, Q2, R1, O1),
            dropped(M2, Reason.NEAR_DUPLICATE, R2),
            dropped(R2, Reason.EXACT_DUPLICATE, R1),
        ],
    )


def row_in_another_file(home: Home) -> None:
    path = home.decide(Stage.SEEDS, QA, kept("seed-two"))
    home.write(f"decisions/seeds/{QA}", pl.read_parquet(path).with_columns(partition=pl.lit(MATH)))


def two_live_versions(home: Home) -> None:
    home.version("math~00000000", live=True)


def version_nowhere_described(home: Home) -> None:
    home.decide(Stage.SEEDS, "new~99999999", kept("seed-new"))


QA_SAMPLES = (
    synthetic(Q1, QA, "f7", seed_id="seed-two"),
    synthetic(Q2, QA, "f8", seed_id="seed-two"),
)

CASES: dict[Callable[[Home], None], tuple[str, list[tuple]]] = {
    sample_in_two_partitions: ("duplicate_sample_ids", [(M1, "live partitions")]),
    sample_twice_in_a_partition: ("duplicate_sample_ids", [(Q2, QA)]),
    raw_sample_unverified: ("undecided_rows", [(Q2, "verify")]),
    kept_sample_lost_before_dedup: ("undecided_rows", [(R2, "dedup")]),
    kept_row_lost_before_decontamination: ("undecided_rows", [(Q2, "decontaminate")]),
    kept_row_lost_before_mix: ("undecided_rows", [(Q1, "mix")]),
    decided_twice: ("repeated_decisions", [(Q1, "mix")]),
    kept_without_text: ("generation_without_text", [("q3-id-0001", QA)]),
    text_without_being_kept: ("generation_without_text", [(Q2, QA)]),
    trained_though_dropped: ("unearned_training_rows", [(M3, HALF)] * 3),
    trained_though_not_mixed: ("unearned_training_rows", [(Q1, HALF)]),
    mixed_but_not_in_the_set: ("missing_training_rows", [(M1, HALF)]),
    trained_on_held_out: ("leaked_training_rows", [(R1, HALF)]),
    copies_in_two_splits: (
        "texts_in_several_splits",
        [(HALF, MATH_SAMPLES[0].content_hash)],
    ),
    trained_on_benchmark: ("leaked_training_rows", [(M1, HALF)]),
    trained_twice_on_one_text: (
        "duplicate_training_content",
        [(HALF, real(R1).content_hash)],
    ),
    seed_unknown: ("samples_without_seed", [(Q1, QA), (Q2, QA)]),
    call_unknown: ("samples_without_calls", [(Q2, QA)]),
    no_call_named: ("samples_without_calls", [(Q2, QA)]),
    kept_with_reason: ("reasons_at_odds", [("seed-two", "seeds")]),
    dropped_without_reason: ("reasons_at_odds", [("seed-two", "seeds")]),
    outcome_nobody_knows: ("reasons_at_odds", [("seed-two", "seeds")]),
    kept_against_a_verdict: ("verdicts_at_odds", [(Q1, QA)]),
    dropped_without_a_verdict: ("verdicts_at_odds", [(M3, MATH)]),
    duplicate_of_a_dropped_row: ("dangling_duplicates", [(M2, "near_duplicate")]),
    row_in_another_file: (
        "rows_in_wrong_file",
        [(f"decisions/seeds/{QA}.parquet", f"seeds/{MATH}")],
    ),
    two_live_versions: ("competing_versions", [("math", 2)]),
    version_nowhere_described: ("unrecorded_versions", [("new~99999999", 1)]),
}


def test_audits_of_a_sound_home_find_nothing(tmp_path: Path):
    assert violations(small_home(tmp_path)) == {}


@pytest.mark.parametrize("fault", CASES, ids=lambda fault: fault.__name__)
def test_audits_of_a_home_with_a_fault_show_the_violating_rows(tmp_path: Path, fault):
    home = small_home(tmp_path)
    fault(home)
    audit, expected = CASES[fault]
    assert violations(home)[audit] == expected


def test_audits_are_each_tried_with_a_fault():
    tried = {audit for audit, _ in CASES.values()}
    assert tried == {path.stem for path in (SQL_ROOT / "audits").glob("*.sql")}


def test_audits_of_an_unfinished_run_accuse_no_stage_that_has_not_run(tmp_path: Path):
    home = small_home(tmp_path)
    for path in (tmp_path / "decisions" / "mix").iterdir():
        path.unlink()
    for path in (tmp_path / "assets" / "training_sets").iterdir():
        path.unlink()
    (tmp_path / "decisions" / "decontaminate" / "all.parquet").unlink()
    assert violations(home) == {}


def test_audits_after_a_rerun_of_an_early_stage_do_not_accuse_later_ones(tmp_path: Path):
    home = small_home(tmp_path)
    home.decide(Stage.VERIFY, MATH, kept(M1, M2, M3, M4))
    home.verdicts(MATH, *((m, "number", Verdict.accepted()) for m in (M1, M2, M3, M4)))
    home.decide(Stage.DEDUP, "all", [*kept(Q1, Q2, R1), dropped(M1, Reason.NEAR_DUPLICATE, Q1)])
    found = violations(home)
    assert "unearned_training_rows" not in found
    assert {row[1] for row in found["undecided_rows"]} == {"dedup"}


def test_audits_of_superseded_training_sets_are_not_made(tmp_path: Path):
    home = small_home(tmp_path)
    leaking = replace(real("r9-id-0001"), content_hash=real("h1-id-0001").content_hash)
    home.samples("training_sets/half~44444444", leaking)
    home.decide(
        Stage.MIX, HALF, [*kept(M1, R1), dropped(Q1, Reason.TEACHER_CAP)]
    )  # written last, so it is the current version
    assert violations(home) == {}


def test_audit_with_many_violations_counts_all_and_shows_twenty(tmp_path: Path):
    home = Home(tmp_path)
    rows = [synthetic(f"m1-id-{n:04}", MATH, "f") for n in range(57)]
    home.version(MATH)
    home.write(f"assets/raw_generations/{MATH}", sample_frame(rows))
    [audit] = [a for a in home.ingested().audits() if a.name == "samples_without_seed"]
    assert (audit.violations, audit.examples.height) == (57, 20)
    assert audit.purpose == "Live synthetic samples whose seed is unknown."
