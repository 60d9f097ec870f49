"""The known limits of a training set, in words; the true ones, told from its facts."""

from collections.abc import Iterator

import polars as pl

from synth_assets.core.collapse.risk_index import Light
from synth_assets.core.decontaminate.error_rate import ANY, CLEAN_ROWS, HELD_BACK
from synth_assets.core.decontaminate.injections import Kind
from synth_assets.core.export.card_facts import CardFacts
from synth_assets.core.mixture.evaluability import EvaluabilityState
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.schema import Origin

RISKS = {
    RiskBand.LOW: "less than 30 % of the rows are synthetic",
    RiskBand.WATCH: "30 to 70 % of the rows are synthetic: watch diversity and held-out loss",
    RiskBand.HIGH: "more than 70 % of the rows are synthetic: expect narrowing when the student's "
    "own outputs are trained on again",
}

_PERSONAL_DATA = "kind: personal_data"

_DONE = {
    Kind.VERBATIM.value: "word for word",
    Kind.EMBEDDED.value: "in the midst of other text",
    Kind.REPHRASED.value: "in other words",
    Kind.RENUMBERED.value: "with other numbers",
    Kind.RENAMED.value: "with other names and numbers",
    Kind.RECORDED.value: "in the words of others",
    Kind.TRANSLATED.value: "in another language",
}


def limits(facts: CardFacts) -> tuple[str, ...]:
    """What nobody should expect of the set, a plain sentence or two each."""
    return (
        *_of_the_set(facts),
        *_of_the_rows(facts),
        *_of_the_search_for_test_items(facts),
        _of_deduplication(facts),
    )


def _of_the_set(facts: CardFacts) -> Iterator[str]:
    if names := ", ".join(facts.embedded_teachers):
        yield (
            f"Rows by {names} were written by a rule-based program, not by a language model. They "
            "show how the pipeline works and say nothing of a language model's quality."
        )
    evaluability = facts.kept_out.evaluability
    match evaluability.state:
        case EvaluabilityState.UNEVALUABLE:
            yield f"Unevaluable: {evaluability.reason}"
        case EvaluabilityState.OTHER_SOURCES:
            yield f"A student cannot be measured on rows like these: {evaluability.reason}"
        case EvaluabilityState.EVALUABLE:
            pass
    if facts.mixture.pure_synthetic_because:
        yield (
            "There are no human-written rows, because, as the mixture says: "
            f"{facts.mixture.pure_synthetic_because}"
        )
    if RiskBand.of(facts.synthetic_share) is RiskBand.HIGH:
        yield f"Risk of collapse by share is high: {RISKS[RiskBand.HIGH]}."
    for meaning in facts.collapse.filter(light=Light.RED.value)["meaning"]:
        yield f"Small students that were trained on it show a sign of collapse: {meaning}."


def _of_the_rows(facts: CardFacts) -> Iterator[str]:
    if facts.synthetic_rows:
        yield (
            "What the verifiers of each recipe check is checked; nothing else of a row is vouched "
            "for."
        )
    if bare := ", ".join(each.recipe for each in facts.recipes if each.verifiers == ""):
        yield f"Rows of {bare} were checked by no verifier."
    if edited := ", ".join(each.recipe for each in facts.recipes if each.verifiers is None):
        yield f"{edited} changed since these rows were made; its new version is not what made them."
    if Origin.REAL.value in facts.rows["origin"]:
        yield "Human-written rows are taken as their sources have them; no verifier looked at them."
    looked = [each.recipe for each in facts.recipes if _PERSONAL_DATA in (each.verifiers or "")]
    if looked:
        yield f"Personal data was looked for in rows of {', '.join(looked)} only."
    else:
        yield "Personal data was not looked for."
    accepted = int(facts.reviewed_rows["accepted"].sum())
    if accepted:
        yield f"An expert looked at {accepted:,} of the synthetic rows; nobody at the others."
    else:
        yield "No row was reviewed by a person, as far as the run knows."


def _of_the_search_for_test_items(facts: CardFacts) -> Iterator[str]:
    kept_out = facts.kept_out
    if kept_out.benchmarks.is_empty():
        yield "No benchmark was kept out: test items may be among the rows."
        return
    names = ", ".join(kept_out.benchmarks["benchmark"])
    yield f"Test items of {names} were looked for, and of no other benchmark."
    measured = kept_out.error_rate.filter(pl.col("method") == ANY)
    for row in measured.filter("contaminated").iter_rows(named=True):
        if row["flagged"] < row["looked_at"]:
            yield (
                f"Of items {_DONE.get(row['rows'], row['rows'])} {row['flagged']:,} of "
                f"{row['looked_at']:,} were found, when that was measured; others may have come "
                "through."
            )
    wrong = measured.filter(~pl.col("contaminated"), pl.col("rows") == CLEAN_ROWS)
    if wrong["flagged"].sum():
        yield (
            f"Of {wrong['looked_at'].sum():,} human-written rows {wrong['flagged'].sum():,} were "
            "taken for test items, so that some clean rows are missing here."
        )
    other = measured.filter(~pl.col("contaminated"), pl.col("rows") == HELD_BACK)
    if other["flagged"].sum():
        yield (
            f"Of {other['looked_at'].sum():,} items of a benchmark that a second search did not "
            f"know {other['flagged'].sum():,} were taken for others of it: rows made by the "
            "templates of test items are dropped with them."
        )
    if kept_out.error_rate.is_empty():
        yield "How often the search for test items errs was not measured."
    if Kind.TRANSLATED.value not in measured["rows"]:
        yield "Translated test items are not looked for, nor was it measured how many are found."


def _of_deduplication(facts: CardFacts) -> str:
    if facts.selection.dedup.semantic is None:
        return "Near-duplicates are found by shared wording, not by meaning."
    return (
        "Duplicates by meaning are found by the cosine of vectors, which puts texts of one "
        "template near each other, and misses some paraphrases."
    )
