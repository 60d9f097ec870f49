"""Facts of a small training set, with some text wherever users or models can put any."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from synth_assets.core.collapse.of_sets import CANARY_SCHEMA
from synth_assets.core.config.mixtures import Mixture, NamedPolicy
from synth_assets.core.config.selection import Selection
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.decontaminate.error_rate import ERROR_RATE_SCHEMA
from synth_assets.core.export.card_facts import (
    Again,
    CardFacts,
    KeptOutFacts,
    PromptText,
    RecipeFacts,
    StageFacts,
)
from synth_assets.core.export.data_file import DataFile, WrittenRows
from synth_assets.core.export.layout import columns_of
from synth_assets.core.export.lengths import LENGTH_SCHEMA
from synth_assets.core.export.review import REVIEW_SCHEMA
from synth_assets.core.mixture.evaluability import Evaluability, EvaluabilityState
from synth_assets.core.mixture.policy import BoundOutcome, outcome_frame
from synth_assets.core.sample import Sample
from synth_assets.core.terms.credits import Attribution, TermsReport
from synth_assets.core.terms.licences import terms_of
from synth_assets.core.terms.objections import Statement
from tests.samples import frame_of, real_row, synthetic_row

EVALUABLE = Evaluability(EvaluabilityState.EVALUABLE, "12 held-out real rows of people.")
UNEVALUABLE = Evaluability(EvaluabilityState.UNEVALUABLE, "There is no held-out real row.")


def teacher(name: str, **other: Any) -> Teacher:
    return Teacher.model_validate(
        {"id": name, "model": "embedded/scholar", "price": {"input_usd": 0, "output_usd": 0}}
        | other
    )


def training_rows(*rows: Sample, **columns: Any) -> pl.DataFrame:
    """Rows of `TRAINING_SCHEMA`: each once, for training."""
    frame = frame_of(*rows).with_columns(split=pl.lit("train"), copy=pl.lit(1, dtype=pl.Int64))
    return frame.with_columns(**columns)


def error_rate(*rows: tuple[str, bool, str, int, int]) -> pl.DataFrame:
    """Figures of `ERROR_RATE_SCHEMA`: rows, contaminated, method, looked at, flagged."""
    told = [
        (name, wanted, method, seen, flagged, None, flagged / seen, 0.25, 0.75)
        for name, wanted, method, seen, flagged in rows
    ]
    return pl.DataFrame(told, schema=ERROR_RATE_SCHEMA, orient="row")


def stages(said: str = "math", **other: Any) -> StageFacts:
    known = StageFacts(
        funnel=pl.DataFrame(
            {
                "recipe": [said, said, ""],
                "stage": ["generate", "mix", "mix"],
                "given": [1200, 9, 4],
                "kept": [1100, 2, 1],
            }
        ),
        reasons=pl.DataFrame(
            {
                "recipe": [said, said, said],
                "stage": ["mix", "dedup", "decontaminate"],
                "reason": ["beyond_target", "near_duplicate", "benchmark_overlap"],
                "rows": [7, 1_234, 5],
                "share": [0.5, 0.125, 0.0004],
            }
        ),
        verdicts=pl.DataFrame(
            {
                "recipe": [said],
                "verifier": ["number"],
                "judged": [1100],
                "accepted": [1000],
                "rejected": [99],
                "errored": [1],
                "most_frequent_reason": ["wrong_number"],
            }
        ),
        cost=pl.DataFrame(
            {
                "recipe": [said],
                "calls": [1234],
                "calls_bought": [1000],
                "calls_from_ledger": [234],
                "prompt_tokens": [40_000],
                "completion_tokens": [10_000],
                "cost_usd": [0.5],
                "bought_usd": [0.4],
                "from_ledger_usd": [0.1],
                "planned": [1200],
                "kept_by_decontaminate": [100],
            }
        ),
    )
    return replace(known, **other)


def collapse(*signs: tuple[str, float, str]) -> pl.DataFrame:
    """Signs of `CANARY_SCHEMA`: sign, value, light."""
    told = [
        (sign, value, 0.4, 0.8, light, 0.5, f"{sign} are lost", "") for sign, value, light in signs
    ]
    return pl.DataFrame(told, schema=CANARY_SCHEMA, orient="row")


def kept_out(said: str = "probe", **other: Any) -> KeptOutFacts:
    known = KeptOutFacts(
        benchmarks=pl.DataFrame(
            {"benchmark": [said], "items": [60], "run_words": [13], "looked_for": ["near"]}
        ),
        held_out_rows=12,
        found_by={"text": 5},
        error_rate=error_rate(
            ("verbatim", True, "any", 10, 10),
            ("rephrased", True, "any", 8, 6),
            ("rephrased", True, "near", 8, 1),
            ("clean rows", False, "any", 100, 3),
        ),
        evaluability=EVALUABLE,
    )
    return replace(known, **other)


def written(said: str = "cl100k_base") -> WrittenRows:
    lengths = pl.DataFrame(
        [("train", part, 3, 30, 4, 10.0, 9, 17, 17, 17) for part in ("row", "prompt", "response")],
        schema=LENGTH_SCHEMA,
        orient="row",
    )
    files = (
        DataFile("train.parquet", "train", "parquet", "none", 3, 4_321, "ab" * 32),
        DataFile("train.jsonl", "train", "jsonl", "none", 3, 9_876, "cd" * 32),
    )
    return WrittenRows("messages", files, columns_of("messages"), lengths, said)


def mixture(said: str = "plain", **other: Any) -> Mixture:
    student = {"name": said[:200], "family": said, "checkpoint": said, "size": said}
    manual = {"source": said}
    entry: Mapping[str, object] = {
        "id": "mix",
        "description": said,
        "synthetic_share": 0.6,
        "student": student,
        "manual": manual,
    }
    return Mixture.model_validate({**entry, **other})


def facts(said: str = "plain", **other: Any) -> CardFacts:
    """Facts of a set of three rows; all that text can be in is `said`."""
    statement = Statement(said, replace(terms_of("MIT"), notice=said, source=said, students=said))
    known = CardFacts(
        mixture=mixture(said),
        rows=training_rows(
            real_row("r1", said, said, source=said),
            synthetic_row("s1", said, said, recipe=said, teacher=said),
            synthetic_row("s2", said, said, recipe="math", teacher="scholar"),
        ),
        outcomes=outcome_frame((BoundOutcome("quota 1", said, "0.5", "0.6 (3 of 5)", True),)),
        policy=NamedPolicy(id="usual", source=said),
        recipes=(
            RecipeFacts(
                "math",
                "0123abcd",
                said,
                "problem_generation",
                f"- kind: number\n  marker: {said!r}\n",
                (PromptText("math", "0123abcd", "write.md.j2", said),),
            ),
        ),
        teachers={"scholar": teacher("scholar", checkpoint=said, family=said)},
        written=written(said),
        languages=pl.DataFrame({"language": ["en", "de", "fr"], "rows": [90, 8, 2]}),
        stages=stages(said),
        kept_out=kept_out(said),
        selection=Selection(),
        diversity=pl.DataFrame(
            {
                "slice": ["all", said, "all"],
                "metric": ["distinct_2", "distinct_2", "mean_words"],
                "value": [0.75, 0.5, 12.0],
            }
        ),
        collapse=collapse(("rare words", 0.5, "amber"), ("loss", 0.1, "green")),
        statements=(statement,),
        terms=TermsReport((Attribution(said, "MIT", said, 3, said, ""),), (said,)),
        reviews=REVIEW_SCHEMA.to_frame(),
        again=Again(("uv run synth run",), {"mixture": said}),
    )
    return replace(known, **other)
