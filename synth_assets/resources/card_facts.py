"""What a dataset card tells, collected from lineage, the catalogue and what a run measured."""

import json
import platform
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import version

import polars as pl
import yaml

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.names import partition_key, partition_name
from synth_assets.core.decontaminate.error_rate import ERROR_RATE_SCHEMA
from synth_assets.core.decontaminate.firewall import LONG_RUN
from synth_assets.core.decontaminate.stage import rows_by_method
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.export.card_composition import languages_among
from synth_assets.core.export.card_facts import (
    Again,
    CardFacts,
    KeptOutFacts,
    PromptText,
    RecipeFacts,
    StageFacts,
)
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.mixture.evaluability import evaluability
from synth_assets.core.mixture.policy import bound_outcomes, outcome_frame
from synth_assets.core.schema import DECISION_SCHEMA, Origin, Stage
from synth_assets.core.stage import without_copies
from synth_assets.core.terms.credits import terms_report
from synth_assets.core.terms.declared import statements_of
from synth_assets.resources.collapse.raised import raising_record
from synth_assets.resources.file_digest import file_digest
from synth_assets.resources.frames import FramePath, read_frame
from synth_assets.resources.home import ALL
from synth_assets.resources.kept_out.firewall import ProjectFirewall
from synth_assets.resources.models.standings import answers_of, declared, standings
from synth_assets.resources.reviews import Reviews
from synth_assets.resources.sources.located import source_digest
from synth_assets.resources.workshop import Workshop, project_file

_LOCK = "uv.lock"


@dataclass(frozen=True)
class PublishedSet:
    """A training set with what stands beside it.

    Attributes:
        mixture: its policy.
        rows: columns of `TRAINING_SCHEMA`.
        diversity: columns of `DIVERSITY_SCHEMA`.
        collapse: columns of `CANARY_SCHEMA`.
        held_out: rows that nobody trains on; columns of `SAMPLE_SCHEMA`.
        benchmarks: test items; columns of `SAMPLE_SCHEMA`.
    """

    mixture: Mixture
    rows: pl.DataFrame
    diversity: pl.DataFrame
    collapse: pl.DataFrame
    held_out: pl.DataFrame
    benchmarks: pl.DataFrame

    @property
    def recipe_keys(self) -> tuple[str, ...]:
        """The recipe versions with rows in the set."""
        versions = self.rows.select("recipe", "recipe_version").unique()
        return tuple(sorted(partition_key(*each) for each in versions.iter_rows() if each[0]))


def card_facts(published: PublishedSet, written: WrittenRows, workshop: Workshop) -> CardFacts:
    """Collect what a card tells of a set whose files are written.

    Raises:
        LineageError: if there is no lineage yet.
        StorageError: if a record cannot be read.
        SourceError: if a source's file cannot be read.
    """
    catalogue = workshop.catalogue
    mixture, rows = published.mixture, published.rows
    stated, answers = declared(workshop), answers_of(workshop, rows)
    standing = standings(workshop, without_copies(rows), mixture)
    raising = raising_record(workshop.home, mixture.key)
    return CardFacts(
        mixture=mixture,
        rows=rows,
        outcomes=outcome_frame(bound_outcomes(rows, mixture, standing)),
        policy=catalogue.policies.get(mixture.policy or ""),
        recipes=tuple(_recipes(published.recipe_keys, workshop)),
        teachers=catalogue.teachers,
        written=written,
        languages=languages_among(rows),
        stages=_stages(published, workshop),
        kept_out=_kept_out(published, workshop),
        selection=catalogue.selection,
        diversity=published.diversity.select(DIVERSITY_SCHEMA.names()),
        collapse=published.collapse,
        statements=tuple(statements_of(rows, stated, answers)),
        terms=terms_report(rows, mixture, stated, answers),
        reviews=Reviews(workshop.home.reviews).known(),
        again=_again(published, workshop),
        real_share="" if raising is None else raising.told,
    )


def _recipes(keys: Collection[str], workshop: Workshop) -> Iterator[RecipeFacts]:
    live = {recipe.key: recipe for recipe in workshop.catalogue.recipes}
    texts = workshop.lineage.query("recipe_texts").filter(pl.col("partition").is_in(list(keys)))
    for row in texts.iter_rows(named=True):
        recipe = live.get(row["partition"])
        said = (
            None
            if recipe is None
            else [each.model_dump(mode="json", exclude_none=True) for each in recipe.spec.verifiers]
        )
        templates: dict[str, str] = json.loads(row["templates"])
        yield RecipeFacts(
            recipe=row["recipe"],
            version=row["recipe_version"],
            title=row["title"],
            technique=row["technique"],
            verifiers=None if said is None else _yaml(said),
            prompts=tuple(
                PromptText(row["recipe"], row["recipe_version"], name, text)
                for name, text in sorted(templates.items())
            ),
        )


def _yaml(said: list[dict[str, object]]) -> str:
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True) if said else ""


def _stages(published: PublishedSet, workshop: Workshop) -> StageFacts:
    lineage, keys = workshop.lineage, list(published.recipe_keys)
    names = sorted({*map(partition_name, keys), ""})
    taken = lineage.query("mixture_outcomes", mixture_key=published.mixture.key)
    taken = taken.filter(pl.col("recipe").is_in(names))
    is_here = pl.col("recipe").is_in(names) & (pl.col("stage") != Stage.MIX.value)
    earlier = lineage.query("funnel").filter(pl.col("scope").is_in(["recipe", "real"]), is_here)
    reasons = lineage.query("drop_reasons").filter(is_here)
    verdicts = lineage.query("verifier_outcomes").filter(pl.col("partition").is_in(keys))
    return StageFacts(
        funnel=pl.concat([earlier.select(_FUNNEL), _mixed(taken).select(_FUNNEL)]),
        reasons=pl.concat([reasons.select(_REASONS), _left_out(taken).select(_REASONS)]),
        verdicts=verdicts.select(_VERDICTS),
        cost=lineage.query("cost").filter(pl.col("partition").is_in(keys)),
    )


_FUNNEL = ("recipe", "stage", "given", "kept")
_REASONS = ("recipe", "stage", "reason", "rows", "share")
_VERDICTS = (
    pl.col("partition").str.split("~").list.first().alias("recipe"),
    *("verifier", "judged", "accepted", "rejected", "errored", "most_frequent_reason"),
)


def _mixed(taken: pl.DataFrame) -> pl.DataFrame:
    """How many candidates of each recipe the mixture was given, and took."""
    kept = pl.col("row_count").filter(pl.col("reason").is_null()).sum()
    counts = taken.group_by("recipe").agg(given=pl.col("row_count").sum(), kept=kept)
    return (
        counts.with_columns(stage=pl.lit(Stage.MIX.value)).cast({"given": pl.Int64}).sort("recipe")
    )


def _left_out(taken: pl.DataFrame) -> pl.DataFrame:
    share = pl.col("row_count") / pl.col("row_count").sum().over("recipe")
    shares = taken.with_columns(share=share, stage=pl.lit(Stage.MIX.value), rows="row_count")
    return shares.filter(pl.col("reason").is_not_null())


def _kept_out(published: PublishedSet, workshop: Workshop) -> KeptOutFacts:
    home = workshop.home
    firewall = ProjectFirewall.of(workshop, published.held_out, published.benchmarks)
    rules, kept_out = firewall.rules, firewall.kept_out
    items = kept_out.benchmarks.group_by("source").len().sort("source")
    benchmarks = [
        (
            source,
            count,
            rules.run_words.get(source, LONG_RUN),
            ", ".join(sorted(method.value for method in rules.finders.methods(source))),
        )
        for source, count in items.iter_rows()
    ]
    schema = {"benchmark": pl.String, "items": pl.Int64, "run_words": pl.Int64}
    return KeptOutFacts(
        pl.DataFrame(benchmarks, schema={**schema, "looked_for": pl.String}, orient="row"),
        kept_out.held_out.height,
        rows_by_method(_kept(home.decisions(Stage.DECONTAMINATE, ALL), DECISION_SCHEMA)),
        _kept(home.error_rate, ERROR_RATE_SCHEMA),
        evaluability(published.mixture, published.held_out),
    )


def _kept(path: FramePath, schema: pl.Schema) -> pl.DataFrame:
    """A record of an earlier stage; no rows where it left none."""
    return read_frame(path) if path.exists() else schema.to_frame()


def _again(published: PublishedSet, workshop: Workshop) -> Again:
    return Again(
        (f"{_chosen_teacher(workshop)}synth run --mixture {published.mixture.id}",),
        dict(_fingerprints(published, workshop)),
    )


def _chosen_teacher(workshop: Workshop) -> str:
    name = workshop.settings.teacher
    return f"SYNTH_TEACHER={shlex.quote(name)} " if name else ""


def _fingerprints(published: PublishedSet, workshop: Workshop) -> Iterator[tuple[str, str]]:
    catalogue = workshop.catalogue
    yield "mixture", published.mixture.key
    for key in published.recipe_keys:
        yield f"recipe {partition_name(key)}", key
    yield "selection", catalogue.selection.dedup.fingerprint
    yield "decontamination", catalogue.selection.decontaminate.fingerprint
    real = published.rows.filter(pl.col("origin") == Origin.REAL.value)
    for source in sorted(set(real["source"]) & set(catalogue.sources)):
        yield f"source {source}", source_digest(catalogue.sources[source])
    yield "synth-assets", version("synth-assets")
    yield "Python", platform.python_version()
    lock = project_file(_LOCK)
    if lock.is_file():
        yield f"{_LOCK} (sha256)", file_digest(lock, _LOCK)
