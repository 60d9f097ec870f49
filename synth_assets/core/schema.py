"""The words every stage shares: enums, row types, and the Polars schemas of the frames.

Column names and reasons are spelled here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class Stage(StrEnum):
    """A station on the way from a seed to a training set, in order."""

    SEEDS = "seeds"
    GENERATE = "generate"
    VERIFY = "verify"
    DEDUP = "dedup"
    DECONTAMINATE = "decontaminate"
    MIX = "mix"


class Outcome(StrEnum):
    """What a stage decided about one row."""

    KEPT = "kept"
    DROPPED = "dropped"
    ERRORED = "errored"


class VerdictOutcome(StrEnum):
    """What a verifier says of a sample. An error is neither acceptance nor rejection."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ERRORED = "errored"


class Origin(StrEnum):
    """Who wrote the row."""

    REAL = "real"
    SYNTHETIC = "synthetic"


class Reason(StrEnum):
    """Why a row was dropped or errored. Kept rows have no reason."""

    # seeds
    HELD_OUT_ROW = "held_out_row"
    BENCHMARK_ROW = "benchmark_row"
    DUPLICATE_SEED = "duplicate_seed"
    BEYOND_LIMIT = "beyond_limit"
    # generate
    PROVIDER_ERROR = "provider_error"
    CONTENT_FILTERED = "content_filtered"
    CONTEXT_OVERFLOW = "context_overflow"
    BUDGET_REACHED = "budget_reached"
    EMPTY_COMPLETION = "empty_completion"
    TRUNCATED = "truncated"
    REFUSAL = "refusal"
    DECLINED = "declined"
    UNPARSABLE = "unparsable"
    NOT_NOVEL = "not_novel"
    BLOCKED_KIND = "blocked_kind"
    FAILED_EVOLUTION = "failed_evolution"
    NO_AGREEMENT = "no_agreement"
    INCONSISTENT_JUDGE = "inconsistent_judge"
    TIE = "tie"
    NOT_IMPROVED = "not_improved"
    NOT_SOLVED = "not_solved"
    OUT_OF_BAND = "out_of_band"
    ROLE_LEAK = "role_leak"
    LOW_RATED = "low_rated"
    NOT_PRESERVED = "not_preserved"
    SCAFFOLD = "scaffold"
    WRONG_KIND = "wrong_kind"
    COPIED_SOURCE = "copied_source"
    ECHOED_PROMPT = "echoed_prompt"
    ENDLESS_CRITIQUE = "endless_critique"
    # verify
    NO_FINAL_NUMBER = "no_final_number"
    NO_REFERENCE = "no_reference"
    WRONG_NUMBER = "wrong_number"
    NO_FINAL_ANSWER = "no_final_answer"
    WRONG_ANSWER = "wrong_answer"
    WRONG_WORKING = "wrong_working"
    MALFORMED_JSON = "malformed_json"
    SCHEMA_VIOLATION = "schema_violation"
    VALUE_NOT_IN_TEXT = "value_not_in_text"
    QUOTE_NOT_IN_PASSAGE = "quote_not_in_passage"
    ANSWER_NOT_IN_QUOTE = "answer_not_in_quote"
    PROMPT_LEAK = "prompt_leak"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_CODE = "no_code"
    DOES_NOT_RUN = "does_not_run"
    TESTS_FAILED = "tests_failed"
    LIMIT_EXCEEDED = "limit_exceeded"
    VACUOUS_TESTS = "vacuous_tests"
    PATTERN_MISMATCH = "pattern_mismatch"
    DOES_NOT_PARSE = "does_not_parse"
    MALFORMED_TABLE = "malformed_table"
    MALFORMED_XML = "malformed_xml"
    NOT_ENTAILED = "not_entailed"
    NOT_UNIQUE = "not_unique"
    CONTRADICTORY_PREMISES = "contradictory_premises"
    IDLE_PREMISE = "idle_premise"
    INSTRUCTION_NOT_FOLLOWED = "instruction_not_followed"
    UNSUPPORTED_NUMBER = "unsupported_number"
    UNSUPPORTED_DATE = "unsupported_date"
    UNSUPPORTED_NAME = "unsupported_name"
    UNSUPPORTED_WORDS = "unsupported_words"
    CHANGED_NEGATION = "changed_negation"
    ANSWERED_UNANSWERABLE = "answered_unanswerable"
    UNANSWERED = "unanswered"
    UNFITTING_ANSWER = "unfitting_answer"
    MISPLACED_ANSWER = "misplaced_answer"
    CONTRADICTION = "contradiction"
    JUDGED_WORSE = "judged_worse"
    JUDGES_DISAGREE = "judges_disagree"
    TOO_PREDICTABLE = "too_predictable"
    TOO_SURPRISING = "too_surprising"
    REPETITION = "repetition"
    PLACEHOLDER = "placeholder"
    WRONG_LANGUAGE = "wrong_language"
    ROLE_MARKER = "role_marker"
    AI_DISCLAIMER = "ai_disclaimer"
    COPIED_EXAMPLE = "copied_example"
    EMPTY_POLITENESS = "empty_politeness"
    INVENTED_LINK = "invented_link"
    SLOP = "slop"
    PERSONAL_DATA = "personal_data"
    SECRET = "secret"
    LOW_QUALITY = "low_quality"
    VERIFIER_ERROR = "verifier_error"
    # dedup
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    SEMANTIC_DUPLICATE = "semantic_duplicate"
    # decontaminate
    BENCHMARK_OVERLAP = "benchmark_overlap"
    HELD_OUT_OVERLAP = "held_out_overlap"
    PERTURBED_BENCHMARK_ITEM = "perturbed_benchmark_item"
    REPHRASED_BENCHMARK_ITEM = "rephrased_benchmark_item"
    # mix
    NOT_IN_MIXTURE = "not_in_mixture"
    OWN_VOICE = "own_voice"
    TOO_DEEP = "too_deep"
    TERMS_FORBID = "terms_forbid"
    EXPERT_REJECTED = "expert_rejected"
    KEPT_ASIDE = "kept_aside"
    TEACHER_CAP = "teacher_cap"
    QUOTA_FILLED = "quota_filled"
    BEYOND_TARGET = "beyond_target"


class Split(StrEnum):
    """The part a real or benchmark row plays."""

    POOL = "pool"
    HELD_OUT = "held_out"
    BENCHMARK = "benchmark"
    KNOWN = "known"  # of an earlier set, which new samples must not repeat


SEED_SCHEMA = pl.Schema(
    {
        "seed_id": pl.String,
        "recipe": pl.String,
        "recipe_version": pl.String,
        "source": pl.String,
        "position": pl.Int64,
        "fields": pl.String,  # JSON object: column -> text
    }
)

SAMPLE_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "origin": pl.String,
        "recipe": pl.String,  # empty for real rows
        "recipe_version": pl.String,  # empty for real rows
        "technique": pl.String,  # empty for real rows
        "source": pl.String,  # the data source of a real row, or of a synthetic row's seed
        "seed_id": pl.String,
        "parent_ids": pl.List(pl.String),
        "position": pl.Int64,  # the how-many-th planned sample of its recipe; row of its source
        "teacher": pl.String,
        "request_fingerprints": pl.List(pl.String),  # in the order they were asked
        "context": pl.String,  # the passage or document a prompt refers to; may be empty
        "prompt": pl.String,
        "response": pl.String,
        "reference": pl.String,  # what the response is checked against; may be empty
        "attributes": pl.String,  # JSON object: what was drawn for this sample, and found out
        "licence": pl.String,
        "synthetic_depth": pl.Int64,
        "content_hash": pl.String,
        "score": pl.Float64,  # 0..1 from verification; null before it
        "history": pl.String,  # JSON: the chat before the prompt, [{role, content}]; may be empty
        "rejected": pl.String,  # of a preference pair, the worse response; empty in other rows
        "difficulty": pl.Float64,  # larger is harder; null where nobody knows
    }
)

STANDING_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "family": pl.String,  # of the teacher; empty for real rows and where none is stated
        "depth": pl.Int64,  # synthetic depth, counting what the teacher was trained on
        "own_voice": pl.Boolean,  # whether the student wrote it, at its own or the last checkpoint
        "reason": pl.String,  # why the row may not take part; null where it may
        "detail": pl.String,
    }
)
"""What a candidate is to one mixture."""

TRAINING_SCHEMA = pl.Schema(
    {
        **SAMPLE_SCHEMA,
        "split": pl.String,  # train, validation or test
        "copy": pl.Int64,  # 1 for the first of equal rows, 2 for its first repetition
    }
)
"""A row of a training set, in the set's order."""

DECISION_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,  # at stage `seeds`: the seed's id
        "stage": pl.String,
        "partition": pl.String,  # recipe version, mixture version, or `all`
        "recipe": pl.String,
        "outcome": pl.String,
        "reason": pl.String,  # null when kept
        "score": pl.Float64,
        "duplicate_of": pl.String,  # the row kept instead, or the item overlapped
        "detail": pl.String,  # evidence in words
    }
)

VERDICT_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "partition": pl.String,
        "verifier": pl.String,
        "position": pl.Int64,  # order in which the recipe's verifiers ran
        "outcome": pl.String,
        "reason": pl.String,
        "score": pl.Float64,
        "evidence": pl.String,
    }
)

CALL_SCHEMA = pl.Schema(
    {
        "fingerprint": pl.String,
        "partition": pl.String,
        "sample_id": pl.String,
        "step": pl.String,  # the prompt of the recipe that was rendered, e.g. `write`
        "teacher": pl.String,
        "model": pl.String,
        "finish_reason": pl.String,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "cost_usd": pl.Float64,
        "latency_s": pl.Float64,
        "from_ledger": pl.Boolean,  # true when it was paid for earlier
    }
)

PLAN_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "seed_id": pl.String,
        "round": pl.Int64,  # how often the seed was used before
        "fingerprint": pl.String,  # of the first request
        "teacher": pl.String,
        "model": pl.String,  # with the declared checkpoint: `openai/gpt@2026-01`
        "parameters": pl.String,
        "messages_hash": pl.String,
        "attributes": pl.String,  # JSON object: what was drawn
        "position": pl.Int64,
    }
)

RECIPE_VERSION_SCHEMA = pl.Schema(
    {
        "partition": pl.String,
        "recipe": pl.String,
        "recipe_version": pl.String,
        "title": pl.String,
        "technique": pl.String,
        "recipe_yaml": pl.String,
        "templates": pl.String,  # JSON object: file name -> text
        "live": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Verdict:
    """One verifier's word on one sample.

    Attributes:
        outcome: accepted, rejected or errored.
        reason: why, unless accepted.
        score: in 0..1; none where nothing was decided.
        evidence: what was seen, for people.
        revised: texts of an accepted sample that the verifier wrote anew, such as redacted ones:
            column -> text; none where it stays as it is.
    """

    outcome: VerdictOutcome
    reason: Reason | None = None
    score: float | None = None
    evidence: str = ""
    revised: Mapping[str, str] | None = None

    @classmethod
    def accepted(
        cls, evidence: str = "", score: float = 1.0, revised: Mapping[str, str] | None = None
    ) -> "Verdict":
        """Accept, saying what was checked."""
        return cls(VerdictOutcome.ACCEPTED, None, score, evidence, revised)

    @classmethod
    def rejected(cls, reason: Reason, evidence: str, score: float = 0.0) -> "Verdict":
        """Reject, saying why."""
        return cls(VerdictOutcome.REJECTED, reason, score, evidence)

    @classmethod
    def errored(cls, evidence: str) -> "Verdict":
        """Say that no verdict could be reached."""
        return cls(VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR, None, evidence)


@dataclass(frozen=True)
class Decision:
    """What a stage decided of one row."""

    sample_id: str
    outcome: Outcome
    reason: Reason | None = None
    score: float | None = None
    duplicate_of: str | None = None
    detail: str = ""
    recipe: str = ""
