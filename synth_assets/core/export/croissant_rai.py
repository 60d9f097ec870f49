"""What is known of a training set, by the responsible-AI vocabulary of Croissant.

Croissant RAI 1.0, https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html. It has no
property for synthetic data; how such rows were made is part of `rai:dataCollection`.
"""

from collections.abc import Iterator

import polars as pl

from synth_assets.core.export.card_facts import CardFacts
from synth_assets.core.export.card_limits import limits
from synth_assets.core.export.markdown import one_line
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.schema import Origin


def responsible_ai(facts: CardFacts) -> dict[str, str | list[str]]:
    """Property -> what is known of it; properties of which nothing is known are left out."""
    mixture, student = facts.mixture, facts.mixture.student
    purpose = "Training" if student is None else f"Training of {one_line(student.name)}"
    return {
        "rai:dataCollection": " ".join(_collection(facts)),
        "rai:dataCollectionType": list(_collection_types(facts)),
        "rai:dataCollectionRawData": _raw_data(facts),
        "rai:dataPreprocessingProtocol": list(_preprocessing(facts)),
        "rai:dataAnnotationProtocol": [
            "Rows carry no labels but those of their sources. Verdicts on synthetic rows are given "
            "by programs, and by models where a recipe names judges; none by people."
        ],
        "rai:machineAnnotationTools": sorted(set(facts.stages.verdicts["verifier"])),
        "rai:dataLimitations": [one_line(limit) for limit in limits(facts)],
        "rai:dataBiases": list(_biases(facts)),
        "rai:dataUseCases": [f"{purpose}; use: {mixture.use}"],
        "rai:personalSensitiveInformation": [
            limit for limit in limits(facts) if limit.startswith("Personal data")
        ],
        "rai:dataReleaseMaintenancePlan": (
            "Every version is named by what it is made of. Made again by: "
            f"{one_line('; '.join(facts.again.commands))}"
        ),
    }


def _collection(facts: CardFacts) -> Iterator[str]:
    real = facts.rows.height - facts.synthetic_rows
    if real:
        yield f"{real:,} rows written by people were taken from data sources."
    if facts.synthetic_rows:
        teachers = ", ".join(_writer(name, facts) for name in facts.used_teachers)
        recipes = ", ".join(f"{each.recipe} ({each.technique})" for each in facts.recipes)
        yield (
            f"{facts.synthetic_rows:,} rows are synthetic, written by {teachers}, by the recipes "
            f"{recipes}."
        )
    if facts.embedded_teachers:
        yield f"{', '.join(facts.embedded_teachers)} are rule-based programs, no language models."


def _writer(name: str, facts: CardFacts) -> str:
    known = facts.teachers.get(name)
    return name if known is None else f"{name} ({one_line(known.model)})"


def _collection_types(facts: CardFacts) -> Iterator[str]:
    """Of the values that the vocabulary recommends; it has none for synthetic data."""
    if facts.rows.height > facts.synthetic_rows:
        yield "Secondary Data analysis"
    if facts.synthetic_rows:
        yield "Others"


def _raw_data(facts: CardFacts) -> str:
    real = facts.rows.filter(pl.col("origin") == Origin.REAL.value)
    counts = real.group_by("source", "licence").len().sort("source", "licence")
    told = [f"{one_line(s)} ({one_line(lic)}): {n:,} rows" for s, lic, n in counts.iter_rows()]
    return "; ".join(told) or "No rows written by people."


def _preprocessing(facts: CardFacts) -> Iterator[str]:
    if facts.recipes:
        yield "Synthetic rows were kept if every verifier of their recipe accepted them."
    near = facts.selection.dedup.near
    threshold = "" if near is None else f", and near-duplicates of a Jaccard of {near.threshold:g}"
    yield f"Of equal rows one was kept{threshold}."
    names = ", ".join(facts.kept_out.benchmarks["benchmark"])
    yield f"Rows that overlap held-out rows or test items ({names or 'none'}) were dropped."


def _biases(facts: CardFacts) -> Iterator[str]:
    band = RiskBand.of(facts.synthetic_share)
    yield f"{facts.synthetic_share:.1%} of the rows are synthetic; risk of collapse: {band}."
    synthetic = facts.rows.filter(pl.col("origin") == Origin.SYNTHETIC.value)
    counts = synthetic.group_by("teacher").len().sort("teacher")
    for teacher, rows in counts.iter_rows():
        yield f"{rows / facts.synthetic_rows:.1%} of the synthetic rows are by {teacher}."
