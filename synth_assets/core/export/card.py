"""The dataset card: what a training set holds, how it came about, and how to make it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl
import yaml

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.export.markdown import code_block, inline, table
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.schema import Origin

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_HUB_LICENCES = frozenset(
    {
        "apache-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-nc-4.0",
        "cc-by-nc-sa-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "cdla-permissive-2.0",
        "gpl-3.0",
        "mit",
        "odbl",
        "odc-by",
        "pddl",
        "unlicense",
    }
)
"""The data licences that the Hub knows by name; all others are `other` there."""

_RISKS = {
    RiskBand.LOW: "less than 30 % of the rows are synthetic",
    RiskBand.WATCH: "30 to 70 % of the rows are synthetic: watch diversity and held-out loss",
    RiskBand.HIGH: "more than 70 % of the rows are synthetic: expect narrowing when the student's "
    "own outputs are trained on again",
}


@dataclass(frozen=True)
class PromptText:
    """One template of a recipe's version, as it was used."""

    recipe: str
    recipe_version: str
    file: str
    text: str


@dataclass(frozen=True)
class CardFacts:
    """All that a card tells.

    Attributes:
        mixture: the policy.
        rows: the training set, columns of `SAMPLE_SCHEMA`.
        funnel: rows given, kept, dropped and errored by recipe and stage; shown as it is.
        drop_reasons: dropped rows by recipe, stage and reason; shown as it is.
        cost: what the calls of each recipe cost; shown as it is.
        diversity: columns `slice`, `metric`, `value`.
        prompts: the templates used.
        teacher_models: teacher id -> model name.
        fingerprints: name -> hash, of what pins this set down.
        commands: shell commands that make the set again.
        data_file: name of the data file beside the card.
    """

    mixture: Mixture
    rows: pl.DataFrame
    funnel: pl.DataFrame
    drop_reasons: pl.DataFrame
    cost: pl.DataFrame
    diversity: pl.DataFrame
    prompts: tuple[PromptText, ...]
    teacher_models: Mapping[str, str]
    fingerprints: Mapping[str, str]
    commands: tuple[str, ...]
    data_file: str = "train.parquet"

    @property
    def synthetic_share(self) -> float:
        """Share of synthetic rows, 0..1; 0 for an empty set."""
        return (self.rows["origin"] == Origin.SYNTHETIC.value).mean() or 0.0  # pyright: ignore[reportReturnType]

    @property
    def embedded_teachers(self) -> tuple[str, ...]:
        """The teachers of rows in the set that are rule-based."""
        used = set(self.rows["teacher"])
        return tuple(
            sorted(
                name
                for name, model in self.teacher_models.items()
                if name in used and model.startswith("embedded/")
            )
        )


def render_card(facts: CardFacts) -> str:
    """Write the card: YAML front matter as the Hugging Face Hub reads it, then Markdown.

    Equal facts give equal text. Whatever the facts hold, it cannot break the card's structure.
    """
    sections = [*_head(facts), *_body(facts)]
    return "\n\n".join([f"---\n{_front_matter(facts)}---", *sections]) + "\n"


def _front_matter(facts: CardFacts) -> str:
    licences = {name.lower() for name in facts.rows["licence"].unique()}
    single = licences.pop() if len(licences) == 1 else "several"
    licence: dict[str, object] = {"license": single}
    if single not in _HUB_LICENCES:
        licence = {"license": "other", "license_name": single}
    tags = {"synth-assets", *filter(None, facts.rows["technique"].unique())}
    if facts.synthetic_share:
        tags.add("synthetic")
    known: dict[str, object] = {
        "pretty_name": facts.mixture.id,
        **licence,
        "size_categories": [_size_category(facts.rows.height)],
        "task_categories": ["text-generation"],
        "tags": sorted(tags),
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": facts.data_file}],
            }
        ],
    }
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True)


def _size_category(rows: int) -> str:
    return next((name for bound, name in _SIZES if rows < bound), "n>100M")


def _head(facts: CardFacts) -> Iterator[str]:
    share = facts.synthetic_share
    band = RiskBand.of(share)
    yield f"# {inline(facts.mixture.id)}"
    if facts.mixture.description:
        yield inline(facts.mixture.description)
    yield (
        f"{facts.rows.height:,} rows, {share:.1%} of them synthetic. "
        f"Collapse risk by share: **{band}** ({_RISKS[band]}; a prior, not a measurement)."
    )


def _body(facts: CardFacts) -> Iterator[str]:
    yield "## Known limits"
    yield _limits(facts)
    yield "## Composition"
    for column in ("origin", "recipe", "teacher", "source", "licence"):
        yield f"By {column}:"
        yield table(_composition(facts.rows, column))
    yield "## Policy"
    yield table(_policy(facts.mixture))
    yield "## From candidates to rows"
    yield table(facts.funnel)
    yield "Why rows were dropped:"
    yield table(facts.drop_reasons)
    yield "## Cost"
    yield table(facts.cost)
    yield "## Diversity"
    yield table(_by_slice(facts.diversity))
    yield "## Prompts"
    for prompt in facts.prompts:
        yield f"### {inline(f'{prompt.recipe} {prompt.recipe_version}: {prompt.file}')}"
        yield code_block(prompt.text, "jinja")
    yield "## Make it again"
    yield code_block("\n".join(facts.commands), "sh")
    yield table(_pairs(facts.fingerprints))


def _limits(facts: CardFacts) -> str:
    known = [
        "Overlap with benchmarks is found by exact text and runs of words; rephrased and "
        "translated items are not.",
        "Near-duplicates are found by shared wording, not by meaning.",
        "What the verifiers of each recipe check is checked; nothing else of a row is vouched for.",
    ]
    if facts.embedded_teachers:
        names = ", ".join(inline(name) for name in facts.embedded_teachers)
        known.insert(
            0,
            f"**Rows by {names} were written by a rule-based program, not by a language model.** "
            "They show how the pipeline works and say nothing of a language model's quality.",
        )
    return "\n".join(f"- {limit}" for limit in known)


def _composition(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    label = pl.when(pl.col(column) == "").then(pl.lit("(none)")).otherwise(column).alias(column)
    counts = rows.group_by(label).agg(pl.len().cast(pl.Int64).alias("rows"))
    share = (pl.col("rows") / rows.height).alias("share")
    return counts.with_columns(share).sort("rows", column, descending=[True, False])


def _policy(mixture: Mixture) -> pl.DataFrame:
    said: dict[str, str] = {
        "rows": "as many as the bounds allow" if mixture.rows is None else f"{mixture.rows:,}",
        "synthetic share": f"{mixture.synthetic_share:g}",
        "teacher cap": f"{mixture.teacher_cap:g}",
        "recipes": "all" if mixture.recipes is None else ", ".join(mixture.recipes),
        "sources": "all" if mixture.sources is None else ", ".join(mixture.sources),
        "seed": str(mixture.seed),
        "partition": mixture.key,
    }
    return _pairs(said)


def _pairs(values: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame({"what": list(values), "value": list(values.values())})


def _by_slice(diversity: pl.DataFrame) -> pl.DataFrame:
    if diversity.is_empty():
        return diversity
    ordered = diversity.select("metric", "slice", "value").sort("metric", "slice")
    return ordered.pivot("slice", index="metric", values="value")
