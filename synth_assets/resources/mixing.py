"""Training sets of files that were made elsewhere, with nothing but a mixture beside them."""

import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import polars as pl

from synth_assets.core.collapse.canary import USUAL_SIZE
from synth_assets.core.collapse.of_sets import CANARY_SCHEMA, canary_frame, canary_of_set
from synth_assets.core.collapse.risk_index import risk_of
from synth_assets.core.config.gates import GateAction
from synth_assets.core.config.mix_files import CandidateRows, MixFiles, Rows
from synth_assets.core.config.mixtures import Mixture, NamedPolicy
from synth_assets.core.config.selection import Selection
from synth_assets.core.config.sources import FileSource
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.decontaminate.error_rate import ERROR_RATE_SCHEMA
from synth_assets.core.decontaminate.firewall import LONG_RUN
from synth_assets.core.decontaminate.kept_out import REGISTER_SCHEMA, KeptOut
from synth_assets.core.decontaminate.stage import rows_by_method
from synth_assets.core.diversity.measure import measure_diversity
from synth_assets.core.export.card import descriptions
from synth_assets.core.export.card_composition import languages_among
from synth_assets.core.export.card_facts import Again, CardFacts, KeptOutFacts, StageFacts
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.review import REVIEW_SCHEMA
from synth_assets.core.fingerprint import short_id
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.mixture.evaluability import evaluability
from synth_assets.core.mixture.of_files import MadeSet, make_set
from synth_assets.core.mixture.policy import bound_outcomes, outcome_frame
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, Origin, Outcome, Stage
from synth_assets.core.terms.credits import terms_report
from synth_assets.core.terms.declared import Declared, statements_of
from synth_assets.errors import ConfigurationError, SourceError
from synth_assets.resources.decontamination.benchmark_files import read_benchmarks
from synth_assets.resources.exports import Export, export_training_set
from synth_assets.resources.frames import write_frame
from synth_assets.resources.recipe_folder import read_text
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.rows import read_rows
from synth_assets.resources.token_lengths import open_tokenizer, token_counts

_FUNNEL = pl.Schema({"recipe": pl.String, "stage": pl.String, "given": pl.Int64, "kept": pl.Int64})
_REASONS = pl.Schema(
    {
        "recipe": pl.String,
        "stage": pl.String,
        "reason": pl.String,
        "rows": pl.Int64,
        "share": pl.Float64,
    }
)
_VERDICTS = pl.Schema(
    {
        "recipe": pl.String,
        "verifier": pl.String,
        "judged": pl.Int64,
        "accepted": pl.Int64,
        "rejected": pl.Int64,
        "errored": pl.Int64,
        "most_frequent_reason": pl.String,
    }
)
_COST = pl.Schema(
    {
        "recipe": pl.String,
        "calls": pl.Int64,
        "calls_bought": pl.Int64,
        "calls_from_ledger": pl.Int64,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "cost_usd": pl.Float64,
        "bought_usd": pl.Float64,
        "from_ledger_usd": pl.Float64,
        "planned": pl.Int64,
        "kept_by_decontaminate": pl.Int64,
    }
)


@dataclass(frozen=True)
class Mixing:
    """A mixture of files.

    Attributes:
        config: the YAML file that says what to do.
        known_policies: id -> policy, of those that come along.
        history: the sets that models were trained on.
        say: told what is being done.
    """

    config: Path
    known_policies: Mapping[str, NamedPolicy]
    history: TrainingHistory
    say: Callable[[str], None] = lambda _: None

    @cached_property
    def said(self) -> MixFiles:
        """What the file says.

        Raises:
            ConfigurationError: naming line and mend.
        """
        text = read_text(self.config, ConfigurationError)
        document = parse_yaml(text, str(self.config), ConfigurationError)
        return validated(MixFiles, document, ConfigurationError).located_in(self.config.parent)

    @cached_property
    def mixture(self) -> Mixture:
        """The mixture under the policy that it names.

        Raises:
            ConfigurationError: if there is no such policy, or a gate that is not held here.
        """
        told = self._under_policy(self.said.mixture.located_in(self.config.parent))
        gates = told.gates
        if gates.raise_real_share or GateAction.BLOCK in (
            gates.canary,
            gates.diversity,
            gates.drift,
        ):
            raise ConfigurationError(
                f"{self.config}: the gates of mixture {told.id} may stop a set, or raise its real "
                "share; `synth mix` measures nothing that they need, and would pass them over. "
                "Use the mixture in a project (`synth run --mixture`), or take the gates away and "
                "look at the set with `synth canary`, `synth diversity` and `synth drift`."
            )
        return told

    def _under_policy(self, told: Mixture) -> Mixture:
        if told.policy is None:
            return told
        known = {**self.known_policies, **{each.id: each for each in self.said.policies}}
        if told.policy not in known:
            raise ConfigurationError(
                f"{self.config}: no policy is called {told.policy}. Known: "
                f"{', '.join(sorted(known))}. Mend the name, or add it under policies."
            )
        return told.under(known[told.policy])

    def make(self) -> MadeSet:
        """Compose the set.

        Raises:
            SourceError: if rows cannot be read.
            MixtureInfeasibleError: if the bounds cannot all be met.
            TermsError: if terms leave nothing of what the mixture names.
        """
        return make_set(
            self.samples,
            self.mixture,
            self.declared,
            self.kept_out,
            lambda rows: token_counts(rows, open_tokenizer(self.mixture.tokenizer_file)),
            self.say,
        )

    def export(self, made: MadeSet, folder: Path) -> Export:
        """Write a set with its card; the folder is whole or as it was.

        Raises:
            StorageError: if it cannot be written.
        """
        self.say("writing files and card")
        with tempfile.TemporaryDirectory() as name:
            rows = Path(name) / "rows.parquet"
            write_frame(rows, made.rows)
            return export_training_set(
                folder,
                rows,
                self.mixture.export,
                counter=open_tokenizer(self.mixture.tokenizer_file),
                describe=lambda written: descriptions(self._facts(made, written)),
            )

    @cached_property
    def samples(self) -> pl.DataFrame:
        """All candidates, real ones first; columns of `SAMPLE_SCHEMA`."""
        ordered = sorted(self.said.candidates, key=lambda each: each.origin == "synthetic")
        return sample_frame(sample for each in ordered for sample in self._candidates(each))

    @cached_property
    def declared(self) -> Declared:
        """Who wrote, and what is stated of it."""
        sources = {
            each.id: FileSource(
                reader="file",
                id=each.id,
                path=each.files[0],
                prompt="prompt",
                response="response",
                licence=each.licence,
                terms=each.terms,
            )
            for each in self.said.candidates
            if Origin(each.origin) is Origin.REAL
        }
        return Declared({each.id: each for each in self.said.teachers}, sources, self.history)

    @cached_property
    def kept_out(self) -> KeptOut:
        """What no set may hold."""
        return KeptOut.of(self._held_out, self._benchmarks, REGISTER_SCHEMA.to_frame())

    @cached_property
    def _held_out(self) -> pl.DataFrame:
        made = [
            replace(sample, source=each.source or self.said.only_real)
            for each in self.said.held_out
            for sample in self._read(each)
        ]
        return sample_frame(
            replace(each, sample_id=short_id(["held out", each.source, each.content_hash]))
            for each in made
        ).unique("sample_id", maintain_order=True)

    @cached_property
    def _benchmarks(self) -> pl.DataFrame:
        told = self.said.benchmarks
        if told is None:
            return SAMPLE_SCHEMA.to_frame()
        return read_benchmarks(told.files, folder=self.config.parent)

    def _candidates(self, each: CandidateRows) -> Iterator[Sample]:
        is_real = Origin(each.origin) is Origin.REAL
        seen: dict[str, int] = {}
        for sample in self._read(each):
            extra = sample.drawn
            teacher = each.teacher or str(extra.get(each.teacher_column, "") if not is_real else "")
            if not is_real and not teacher:
                raise SourceError(
                    f"{each.id}: row {sample.position + 1} has no teacher in the column "
                    f"{each.teacher_column!r}. Fill it, or say teacher: for all rows."
                )
            depth = extra.get("synthetic_depth")
            hard = extra.get("difficulty")
            number = seen[sample.content_hash] = seen.get(sample.content_hash, 0) + 1
            yield replace(
                sample,
                sample_id=short_id(["mixed", each.id, sample.content_hash, number]),
                origin=Origin(each.origin),
                source=each.id if is_real else "",
                recipe="" if is_real else each.id,
                teacher=teacher,
                licence=each.licence,
                synthetic_depth=0 if is_real else max(_whole(depth), 1),
                difficulty=float(hard) if isinstance(hard, (int, float)) else None,
            )

    def _read(self, rows: Rows) -> Iterator[Sample]:
        for file in find_inputs(rows.files):
            self.say(f"reading {file.path.name}")
            yield from read_rows(file.path, rows.columns).samples

    def _facts(self, made: MadeSet, written: WrittenRows) -> CardFacts:
        report = canary_of_set(
            made.rows, self._real_left(made), self._held_out, USUAL_SIZE, self.say
        )
        return CardFacts(
            mixture=self.mixture,
            rows=made.rows,
            outcomes=outcome_frame(bound_outcomes(made.rows, self.mixture, made.standing)),
            policy=self.known_policies.get(self.mixture.policy or ""),
            recipes=(),
            teachers=self.declared.teachers,
            written=written,
            languages=languages_among(made.rows),
            stages=_stages(made.decisions),
            kept_out=self._kept_out_facts(made),
            selection=Selection(),
            diversity=measure_diversity(made.rows, self._held_out).select(
                "slice", "metric", "value"
            ),
            collapse=CANARY_SCHEMA.to_frame() if report is None else canary_frame(risk_of(report)),
            statements=tuple(statements_of(made.rows, self.declared)),
            terms=terms_report(made.rows, self.mixture, self.declared),
            reviews=REVIEW_SCHEMA.to_frame(),
            again=Again((f"synth mix {self.config.name} -o FOLDER",), dict(self._fingerprints())),
        )

    def _real_left(self, made: MadeSet) -> pl.DataFrame:
        """Real rows that may be trained on: those that the firewall let through."""
        return self.samples.filter(
            (pl.col("origin") == Origin.REAL)
            & pl.col("sample_id").is_in(made.standing["sample_id"].implode())
        )

    def _kept_out_facts(self, made: MadeSet) -> KeptOutFacts:
        items = self._benchmarks.group_by("source").len("items").sort("source")
        benchmarks = items.select(
            benchmark="source",
            items=pl.col("items").cast(pl.Int64),
            run_words=pl.lit(LONG_RUN, pl.Int64),
            looked_for=pl.lit("near, perturbed, rephrased"),
        )
        found = made.decisions.filter(pl.col("stage") == Stage.DECONTAMINATE)
        return KeptOutFacts(
            benchmarks,
            self._held_out.height,
            rows_by_method(found),
            ERROR_RATE_SCHEMA.to_frame(),
            evaluability(self.mixture, self._held_out),
        )

    def _fingerprints(self) -> Iterator[tuple[str, str]]:
        yield "mixture", self.mixture.key
        yield "candidates", short_id(self.samples["sample_id"].sort().to_list())
        yield "synth-assets", version("synth-assets")
        yield "Python", platform.python_version()


def _whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _stages(decisions: pl.DataFrame) -> StageFacts:
    """What became of the rows, as lineage would tell it."""
    kept = pl.col("outcome") == Outcome.KEPT
    by_stage = decisions.group_by("recipe", "stage", maintain_order=True)
    funnel = by_stage.agg(given=pl.len(), kept=kept.sum())
    share = pl.col("rows") / pl.col("given")
    reasons = (
        decisions.filter(~kept)
        .group_by("recipe", "stage", "reason", maintain_order=True)
        .agg(rows=pl.len())
        .join(funnel, on=["recipe", "stage"])
        .with_columns(share=share)
    )
    return StageFacts(
        _as(funnel, _FUNNEL),
        _as(reasons, _REASONS),
        pl.DataFrame(schema=_VERDICTS),
        pl.DataFrame(schema=_COST),
    )


def _as(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return frame.select(schema.names()).cast(schema)
