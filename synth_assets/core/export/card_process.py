"""How the rows of a training set came about, and what was taken out on the way."""

from collections.abc import Iterator
from statistics import NormalDist

import polars as pl

from synth_assets.core.config.selection import DedupSpec
from synth_assets.core.coverage.intervals import wilson
from synth_assets.core.decontaminate.error_rate import ANY
from synth_assets.core.export.card_facts import CardFacts, RecipeFacts
from synth_assets.core.export.markdown import code_block, inline, table
from synth_assets.core.schema import Stage

_Z = NormalDist().inv_cdf(0.975)
_REAL_ROWS = "(human-written)"
_WRITTEN_IN = {"j2": "jinja", "json": "json", "py": "python", "yaml": "yaml"}
"""Ending of a file -> language of its text."""


def process_sections(facts: CardFacts) -> Iterator[str]:
    """The chapters from candidates to rows."""
    yield "## From candidates to rows"
    yield "Rows that came through each stage; `planned` is what generation was given."
    yield table(_funnel(facts.stages.funnel))
    yield "Why rows were dropped:"
    yield table(_named_recipes(_in_order(facts.stages.reasons)))
    yield from _verification(facts)
    yield from _deduplication(facts)
    yield from _decontamination(facts)
    yield from _review(facts)


def prompt_sections(facts: CardFacts) -> Iterator[str]:
    """The chapter with every prompt and what prompts draw on, whole."""
    yield "## Prompts"
    if not facts.recipes:
        yield "None: no row is synthetic."
    for recipe in facts.recipes:
        for prompt in recipe.prompts:
            yield f"### {inline(f'{prompt.recipe} {prompt.recipe_version}: {prompt.file}')}"
            yield code_block(prompt.text, _WRITTEN_IN.get(prompt.file.rpartition(".")[2], "text"))


def _funnel(funnel: pl.DataFrame) -> pl.DataFrame:
    """Kept rows, a line a recipe and a column a stage, after what generation was given."""
    if funnel.is_empty():
        return funnel
    stages = [stage.value for stage in Stage if stage.value in set(funnel["stage"])]
    wide = funnel.sort("recipe").pivot("stage", index="recipe", values="kept")
    planned = funnel.filter(stage=Stage.GENERATE.value).select("recipe", planned="given")
    joined = wide.join(planned, on="recipe", how="left", maintain_order="left")
    return _named_recipes(joined.select("recipe", "planned", *stages))


def _in_order(reasons: pl.DataFrame) -> pl.DataFrame:
    place = pl.col("stage").cast(pl.Enum([stage.value for stage in Stage]))
    return reasons.sort("recipe", place, "rows", "reason", descending=[False, False, True, False])


def _named_recipes(frame: pl.DataFrame) -> pl.DataFrame:
    named = pl.when(pl.col("recipe") == "").then(pl.lit(_REAL_ROWS)).otherwise("recipe")
    return frame.with_columns(named.alias("recipe"))


def _verification(facts: CardFacts) -> Iterator[str]:
    yield "## Verification"
    if not facts.recipes:
        yield "No row is synthetic; human-written rows are not verified."
        return
    yield "What each verifier was given and did; what one rejects no later one sees."
    yield table(facts.stages.verdicts)
    yield "Their parameters, those that nobody set included:"
    for recipe in facts.recipes:
        yield f"### {inline(f'{recipe.recipe} {recipe.version}: verifiers')}"
        yield _parameters(recipe)


def _parameters(recipe: RecipeFacts) -> str:
    if recipe.verifiers is None:
        return "Not known any more: the recipe was edited since."
    return code_block(recipe.verifiers, "yaml") if recipe.verifiers else "None."


def _deduplication(facts: CardFacts) -> Iterator[str]:
    yield "## Deduplication"
    yield table(_rule(facts.selection.dedup))
    yield "What it removed:"
    yield table(_removed(facts.stages.reasons, Stage.DEDUP))


def _rule(spec: DedupSpec) -> pl.DataFrame:
    passed = [name.replace("_", " ") for name, on in spec.exact.model_dump().items() if on]
    said = {"equal texts may differ in": ", ".join(passed) or "nothing"}
    if spec.near is None:
        said["near-duplicates"] = "not looked for"
    else:
        rule = spec.rule
        shingling = f"{rule.shingling.size} {rule.shingling.unit.value}"
        said["near-duplicates"] = f"Jaccard of runs of {shingling} of at least {rule.threshold:g}"
        said["recall at that threshold"] = f"{rule.recall:g}"
    if spec.semantic is None:
        said["duplicates by meaning"] = "not looked for"
    else:
        semantic = spec.semantic
        same = ", and the same numbers" if semantic.same_numbers else ""
        said["duplicates by meaning"] = (
            f"cosine of {semantic.embedder} of at least {semantic.threshold:g}{same}"
        )
    said["earlier sets that rows must not repeat"] = str(len(spec.novelty))
    return pl.DataFrame({"rule": list(said), "value": list(said.values())})


def _removed(reasons: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    return _named_recipes(_in_order(reasons.filter(stage=stage.value))).drop("stage")


def _decontamination(facts: CardFacts) -> Iterator[str]:
    kept_out = facts.kept_out
    yield "## Contamination"
    yield "What is kept out of every training set:"
    yield table(kept_out.benchmarks)
    yield f"Beside these {kept_out.held_out_rows:,} held-out human-written rows, as copies."
    yield f"To measure a student on: {inline(kept_out.evaluability.reason, 500)}"
    yield "What it removed:"
    yield table(_removed(facts.stages.reasons, Stage.DECONTAMINATE))
    hits = kept_out.found_by
    yield "How rows were found, among all candidates:"
    yield table(pl.DataFrame({"method": list(hits), "rows": list(hits.values())}))
    if kept_out.error_rate.is_empty():
        yield "How often that errs was not measured."
        return
    yield (
        "How often that errs, measured in the same run on rows made from the test items, which go "
        "nowhere else, and on clean rows; with the 95 % interval:"
    )
    yield table(_error_rate(kept_out.error_rate))
    yield "The share that each method finds by itself:"
    yield table(kept_out.error_rate.pivot("method", index="rows", values="share"))


def _error_rate(measured: pl.DataFrame) -> pl.DataFrame:
    told = pl.when("contaminated").then(pl.lit("right")).otherwise(pl.lit("wrong"))
    columns = ("rows", "looked_at", "flagged", "share", "low", "high")
    return measured.filter(method=ANY).select(*columns, told.alias("flagged is"))


def _review(facts: CardFacts) -> Iterator[str]:
    yield "## Human review"
    seen = facts.reviewed_rows.filter((pl.col("marked") > 0) | (pl.col("accepted") > 0))
    verdicts = facts.expert_verdicts
    if seen.is_empty() and verdicts.is_empty():
        yield "Not reviewed, and no row is marked for review."
        return
    if verdicts.is_empty():
        yield (
            "Not reviewed: recipes marked rows for an expert (`synth review` writes them into a "
            "spreadsheet), but no verdict of one is known to the run."
        )
    if seen.height:
        yield "Rows of the set that are marked for an expert, and that one accepted:"
        yield table(seen)
    if verdicts.height:
        yield (
            "What experts said of samples that verification had accepted, in the set or not, over "
            "all versions of a recipe, with the 95 % interval of the share they accepted; what "
            "they rejected takes no part:"
        )
        yield table(_with_shares(verdicts))


def _with_shares(verdicts: pl.DataFrame) -> pl.DataFrame:
    pairs = verdicts.select("accepted", "looked_at").iter_rows()
    found = [wilson(accepted, looked_at, _Z) for accepted, looked_at in pairs]
    return verdicts.with_columns(
        pl.Series("low", [each.low for each in found], pl.Float64).round(4),
        pl.Series("high", [each.high for each in found], pl.Float64).round(4),
    )
