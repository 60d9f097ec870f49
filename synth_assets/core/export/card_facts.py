"""What a dataset card tells: all of it, before a word is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from synth_assets.core.config.mixtures import Mixture, NamedPolicy
from synth_assets.core.config.selection import Selection
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.review import MARK, ExpertVerdict
from synth_assets.core.mixture.evaluability import Evaluability, EvaluabilityState
from synth_assets.core.schema import Origin
from synth_assets.core.terms.credits import TermsReport
from synth_assets.core.terms.objections import Statement

_EMBEDDED = "embedded/"


@dataclass(frozen=True)
class PromptText:
    """One text of a recipe's version as it was used: a template, or what templates draw on."""

    recipe: str
    recipe_version: str
    file: str
    text: str


@dataclass(frozen=True)
class RecipeFacts:
    """A version of a recipe with rows in the set.

    Attributes:
        recipe: its name.
        version: its eight digits.
        title: what people see.
        technique: the method.
        verifiers: kind -> what it does, in the order of the recipe; YAML, defaults included. None
            where the recipe was edited since.
        prompts: all of its texts.
    """

    recipe: str
    version: str
    title: str
    technique: str
    verifiers: str | None
    prompts: tuple[PromptText, ...]


@dataclass(frozen=True)
class StageFacts:
    """What lineage knows of the rows on their way into the set.

    Attributes:
        funnel: `recipe` (empty: real rows), `stage`, `given`, `kept`; stages in their order.
        reasons: `recipe`, `stage`, `reason`, `rows`, `share` of those the stage was given.
        verdicts: `recipe`, `verifier`, `judged`, `accepted`, `rejected`, `errored`,
            `most_frequent_reason`; in the order they ran.
        cost: `recipe`, `calls`, `calls_bought`, `calls_from_ledger`, `prompt_tokens`,
            `completion_tokens`, `cost_usd`, `bought_usd`, `from_ledger_usd`, `planned`,
            `kept_by_decontaminate`.
    """

    funnel: pl.DataFrame
    reasons: pl.DataFrame
    verdicts: pl.DataFrame
    cost: pl.DataFrame


@dataclass(frozen=True)
class KeptOutFacts:
    """What is kept out of the set, and how well.

    Attributes:
        benchmarks: `benchmark`, `items`, `run_words`, `looked_for`; registered ones included.
        held_out_rows: real rows that are never trained on.
        found_by: method -> rows of all candidates that it found.
        error_rate: columns of `ERROR_RATE_SCHEMA`; no rows where nothing was measured.
        evaluability: whether a student of the set can be measured on held-out rows.
    """

    benchmarks: pl.DataFrame
    held_out_rows: int
    found_by: Mapping[str, int]
    error_rate: pl.DataFrame
    evaluability: Evaluability

    @property
    def unevaluable(self) -> str:
        """Why no held-out row can tell how good a student is; empty where some can."""
        is_so = self.evaluability.state is EvaluabilityState.UNEVALUABLE
        return self.evaluability.reason if is_so else ""


@dataclass(frozen=True)
class Again:
    """How the set is made again.

    Attributes:
        commands: for a shell.
        fingerprints: name -> hash or version of what pins the set down.
    """

    commands: tuple[str, ...]
    fingerprints: Mapping[str, str]


@dataclass(frozen=True)
class CardFacts:
    """All that a card tells.

    Attributes:
        mixture: the policy.
        rows: the training set, columns of `TRAINING_SCHEMA`; its texts are not looked at.
        outcomes: what every bound asked, and what came out; columns of `OUTCOME_SCHEMA`.
        policy: the one that the mixture names, if any.
        recipes: those with rows in the set.
        teachers: id -> entry, at least of those with rows in the set.
        written: the data files.
        languages: `language`, `rows` of those that were looked at.
        stages: what lineage knows.
        kept_out: what is kept out.
        selection: the rule of deduplication.
        diversity: columns `slice`, `metric`, `value`.
        collapse: signs measured on small students, columns of `CANARY_SCHEMA`; no rows where
            nothing was measured.
        statements: what teachers, sources and recipes of the set say of its use.
        terms: whom the set has to name, and what else follows from these.
        reviews: what experts said of samples, in the set or not; columns of `REVIEW_SCHEMA`.
        again: how the set is made again.
        real_share: what was done about the share of real rows to keep signs of collapse from being
            red; empty where nobody asked for it.
    """

    mixture: Mixture
    rows: pl.DataFrame
    outcomes: pl.DataFrame
    policy: NamedPolicy | None
    recipes: tuple[RecipeFacts, ...]
    teachers: Mapping[str, Teacher]
    written: WrittenRows
    languages: pl.DataFrame
    stages: StageFacts
    kept_out: KeptOutFacts
    selection: Selection
    diversity: pl.DataFrame
    collapse: pl.DataFrame
    statements: tuple[Statement, ...]
    terms: TermsReport
    reviews: pl.DataFrame
    again: Again
    real_share: str = ""

    @cached_property
    def synthetic_rows(self) -> int:
        """How many rows a teacher wrote."""
        return self.rows.filter(pl.col("origin") == Origin.SYNTHETIC.value).height

    @property
    def synthetic_share(self) -> float:
        """Share of synthetic rows, 0..1; 0 for an empty set."""
        return self.synthetic_rows / max(self.rows.height, 1)

    @cached_property
    def used_teachers(self) -> tuple[str, ...]:
        """Ids of the teachers with rows in the set."""
        return tuple(sorted(set(self.rows["teacher"]) - {""}))

    @property
    def embedded_teachers(self) -> tuple[str, ...]:
        """The teachers of rows in the set that are rule-based."""
        known = self.teachers
        return tuple(
            name
            for name in self.used_teachers
            if name in known and known[name].model.startswith(_EMBEDDED)
        )

    @property
    def reviewed_rows(self) -> pl.DataFrame:
        """Rows of each recipe that experts were to see: `recipe`, `rows`, `marked`, `accepted`."""
        accepted = self.reviews.filter(verdict=ExpertVerdict.ACCEPT)["sample_id"]
        synthetic = self.rows.filter(pl.col("origin") == Origin.SYNTHETIC.value)
        counts = synthetic.group_by("recipe").agg(
            rows=pl.len(),
            marked=pl.col("attributes").str.contains(f'"{MARK}": ?"yes"').sum(),
            accepted=pl.col("sample_id").is_in(accepted.implode()).sum(),
        )
        return counts.cast(dict.fromkeys(("rows", "marked", "accepted"), pl.Int64)).sort("recipe")

    @property
    def expert_verdicts(self) -> pl.DataFrame:
        """What experts said of the recipes of the set: `recipe`, `looked_at`, `accepted`."""
        is_here = pl.col("recipe").is_in(self.rows["recipe"].unique().implode())
        accepted = (pl.col("verdict") == ExpertVerdict.ACCEPT).sum()
        counts = self.reviews.filter(is_here).group_by("recipe")
        return counts.agg(looked_at=pl.len(), accepted=accepted).sort("recipe")
