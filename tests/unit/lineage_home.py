"""Small home folders, written by hand as stages would, for the tests of the lineage database."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from synth_assets.core.fingerprint import canonical_json, content_hash
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import (
    CALL_SCHEMA,
    RECIPE_VERSION_SCHEMA,
    SEED_SCHEMA,
    VERDICT_SCHEMA,
    Decision,
    Origin,
    Outcome,
    Reason,
    Stage,
    Verdict,
)
from synth_assets.core.stage import decision_frame
from synth_assets.resources.lineage.database import LineageDatabase

SQL_ROOT = Path(__file__).parents[2] / "sql"

MATH = "math~11111111"
OLD_MATH = "math~00000000"
QA = "qa~22222222"
HALF = "half~33333333"
OLD_HALF = "half~44444444"


def kept(*ids: str) -> list[Decision]:
    return [Decision(name, Outcome.KEPT) for name in ids]


def dropped(sample_id: str, reason: Reason, of: str | None = None, score: float | None = None):
    return Decision(sample_id, Outcome.DROPPED, reason, score, of, f"because {reason}")


def synthetic(sample_id: str, key: str, *fingerprints: str, seed_id: str = "seed-one") -> Sample:
    recipe, _, version = key.partition("~")
    prompt, response = f"Question {sample_id}?", f"Answer {sample_id}."
    return Sample(
        sample_id=sample_id,
        origin=Origin.SYNTHETIC,
        recipe=recipe,
        recipe_version=version,
        technique="problem_generation",
        source="recipe",
        seed_id=seed_id,
        parent_ids=(),
        position=int(sample_id[1]),
        teacher="scholar",
        request_fingerprints=fingerprints,
        context="",
        prompt=prompt,
        response=response,
        reference="",
        attributes="{}",
        licence="Apache-2.0",
        synthetic_depth=1,
        content_hash=content_hash(prompt, response),
    )


def real(sample_id: str, prompt: str | None = None) -> Sample:
    text = prompt or f"Real question {sample_id}?"
    return replace(
        Sample.real("docs", int(sample_id[1]), text, "A real answer.", "PSF"), sample_id=sample_id
    )


@dataclass
class Home:
    """A home folder whose files carry ever later times, in the order they are written."""

    root: Path
    _clock: itertools.count = field(default_factory=lambda: itertools.count(1_000_000))

    @property
    def lineage(self) -> LineageDatabase:
        return LineageDatabase(self.root, SQL_ROOT)

    def ingested(self) -> LineageDatabase:
        self.lineage.ingest()
        return self.lineage

    def write(self, relative: str, frame: pl.DataFrame) -> Path:
        path = self.root / f"{relative}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)
        now = next(self._clock) * 1_000_000_000
        os.utime(path, ns=(now, now))
        return path

    def version(self, key: str, *, live: bool = True) -> None:
        recipe, _, version = key.partition("~")
        templates = canonical_json({"write.md.j2": f"Write for {key}."})
        row = (key, recipe, version, recipe.title(), "problem_generation", "id: x", templates, live)
        self.write(
            f"recipe_versions/{key}", pl.DataFrame([row], RECIPE_VERSION_SCHEMA, orient="row")
        )

    def seeds(self, key: str, *ids: str) -> None:
        recipe, _, version = key.partition("~")
        rows = [
            (name, recipe, version, "recipe", at, canonical_json({"question": f"Seed {name}"}))
            for at, name in enumerate(ids)
        ]
        self.write(f"assets/seeds/{key}", pl.DataFrame(rows, SEED_SCHEMA, orient="row"))

    def calls(self, key: str, *rows: tuple[str, str, str, int, int, float, bool]) -> None:
        """Each row: sample, step, fingerprint, prompt tokens, completion tokens, cost, ledger."""
        frame = pl.DataFrame(
            [
                (print_, key, sample, step, "scholar", "m", "stop", asked, said, cost, 0.5, paid)
                for sample, step, print_, asked, said, cost, paid in rows
            ],
            CALL_SCHEMA,
            orient="row",
        )
        self.write(f"calls/{key}", frame)

    def verdicts(self, key: str, *rows: tuple[str, str, Verdict]) -> None:
        """Each row: sample, verifier, verdict."""
        frame = pl.DataFrame(
            [
                (sample, key, name, at, v.outcome.value, v.reason, v.score, v.evidence)
                for at, (sample, name, v) in enumerate(rows)
            ],
            VERDICT_SCHEMA,
            orient="row",
        )
        self.write(f"verdicts/{key}", frame)

    def decide(self, stage: Stage, partition: str, decisions: Sequence[Decision]) -> Path:
        frame = decision_frame(stage, partition, decisions)
        return self.write(f"decisions/{stage}/{partition}", frame)

    def samples(self, relative: str, *samples: Sample) -> Path:
        frame = sample_frame(samples)
        if relative.startswith("training_sets/"):
            copy = pl.int_range(1, pl.len() + 1).over("sample_id").alias("copy")
            frame = frame.with_columns(pl.lit("train").alias("split"), copy)
        return self.write(f"assets/{relative}", frame)


def small_home(root: Path) -> Home:
    """Two live recipes, a superseded version, real rows, two versions of one mixture.

    math (live): m1 goes all the way; m2 is a near-duplicate of m1; m3 is rejected; m4's verifier
    errs; m5 is refused at generation. qa (live): q1 meets the teacher cap; q2 overlaps benchmark
    item b1. Real: r1 goes all the way; r2 is an exact duplicate of it. The superseded version
    made o1, which stale deduplication still knows.
    """
    home = Home(root)
    _write_recipes(home)
    _write_real(home)
    everything = ["m1-id-0001", "q1-id-0001", "q2-id-0001", "r1-id-0001", "o1-id-0001"]
    home.decide(
        Stage.DEDUP,
        "all",
        [
            *kept(*everything),
            dropped("m2-id-0001", Reason.NEAR_DUPLICATE, "m1-id-0001", 0.9),
            dropped("r2-id-0001", Reason.EXACT_DUPLICATE, "r1-id-0001", 1.0),
        ],
    )
    home.decide(
        Stage.DECONTAMINATE,
        "all",
        [
            *kept("m1-id-0001", "q1-id-0001", "r1-id-0001", "o1-id-0001"),
            dropped("q2-id-0001", Reason.BENCHMARK_OVERLAP, "b1-id-0001"),
        ],
    )
    home.decide(Stage.MIX, OLD_HALF, kept("m1-id-0001", "q1-id-0001", "r1-id-0001"))
    q1 = synthetic("q1-id-0001", QA, "f7", seed_id="seed-two")
    home.samples(f"training_sets/{OLD_HALF}", q1, real("r1-id-0001"), MATH_SAMPLES[0])
    home.decide(
        Stage.MIX,
        HALF,
        [
            *kept("m1-id-0001", "r1-id-0001"),
            dropped("q1-id-0001", Reason.TEACHER_CAP),
            dropped("o1-id-0001", Reason.BEYOND_TARGET),
        ],
    )
    home.samples(f"training_sets/{HALF}", real("r1-id-0001"), MATH_SAMPLES[0])
    return home


MATH_SAMPLES = (
    synthetic("m1-id-0001", MATH, "f1", "f2"),
    synthetic("m2-id-0001", MATH, "f3"),
    synthetic("m3-id-0001", MATH, "f4"),
    synthetic("m4-id-0001", MATH, "f5"),
)


def _write_recipes(home: Home) -> None:
    ok = Verdict.accepted("fine")
    for key in (MATH, QA):
        home.version(key)
    home.version(OLD_MATH, live=False)
    home.decide(Stage.SEEDS, MATH, [*kept("seed-one"), dropped("seed-x", Reason.BEYOND_LIMIT)])
    home.decide(Stage.SEEDS, QA, kept("seed-two"))
    home.seeds(MATH, "seed-one")
    home.seeds(QA, "seed-two")
    home.decide(
        Stage.GENERATE,
        MATH,
        [
            *kept(*(sample.sample_id for sample in MATH_SAMPLES)),
            dropped("m5-id-0001", Reason.REFUSAL),
        ],
    )
    home.decide(Stage.GENERATE, QA, kept("q1-id-0001", "q2-id-0001"))
    home.decide(Stage.GENERATE, OLD_MATH, kept("o1-id-0001"))
    home.samples(f"raw_generations/{MATH}", *MATH_SAMPLES)
    home.samples(
        f"raw_generations/{QA}",
        synthetic("q1-id-0001", QA, "f7", seed_id="seed-two"),
        synthetic("q2-id-0001", QA, "f8", seed_id="seed-two"),
    )
    home.samples(f"raw_generations/{OLD_MATH}", synthetic("o1-id-0001", OLD_MATH, "f9"))
    home.calls(
        MATH,
        ("m1-id-0001", "write", "f1", 10, 20, 0.25, False),
        ("m1-id-0001", "solve", "f2", 5, 6, 0.5, True),
        ("m2-id-0001", "write", "f3", 10, 20, 0.25, False),
        ("m3-id-0001", "write", "f4", 10, 20, 0.25, False),
        ("m4-id-0001", "write", "f5", 10, 20, 0.25, False),
        ("m5-id-0001", "write", "f6", 10, 1, 0.125, False),
        # A second use of one completion: counted once.
        ("m5-id-0001", "write", "f1", 10, 20, 0.25, True),
    )
    home.calls(
        QA,
        ("q1-id-0001", "ask", "f7", 7, 8, 1.0, False),
        ("q2-id-0001", "ask", "f8", 7, 8, 1.0, True),
    )
    home.calls(OLD_MATH, ("o1-id-0001", "write", "f9", 1, 1, 9.0, False))
    home.verdicts(
        MATH,
        ("m1-id-0001", "number", ok),
        ("m1-id-0001", "length", ok),
        ("m2-id-0001", "number", ok),
        ("m3-id-0001", "number", Verdict.rejected(Reason.WRONG_NUMBER, "12 is not 13")),
        ("m4-id-0001", "number", Verdict.errored("out of memory")),
    )
    home.decide(
        Stage.VERIFY,
        MATH,
        [
            *kept("m1-id-0001", "m2-id-0001"),
            dropped("m3-id-0001", Reason.WRONG_NUMBER),
            Decision("m4-id-0001", Outcome.ERRORED, Reason.VERIFIER_ERROR),
        ],
    )
    home.decide(Stage.VERIFY, QA, kept("q1-id-0001", "q2-id-0001"))
    home.decide(Stage.VERIFY, OLD_MATH, kept("o1-id-0001"))


def _write_real(home: Home) -> None:
    home.samples("real_data", real("r1-id-0001"), real("r2-id-0001", "Real question r1-id-0001?"))
    home.samples("held_out_real", real("h1-id-0001"))
    home.samples("benchmarks", real("b1-id-0001", "A benchmark item?"))
