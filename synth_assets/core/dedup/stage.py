"""The stage that drops samples which repeat another, exactly or nearly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from synth_assets.core.dedup.combined import Meaning, find_all_duplicates
from synth_assets.core.dedup.explanation import REASONS, details
from synth_assets.core.dedup.join import Matches, Method, Progress, SketchStore
from synth_assets.core.dedup.near import SketchesInMemory
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.sample import history_of
from synth_assets.core.schema import Decision, Origin, Outcome, Reason, Stage
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.errors import StageContractError

TeacherWeights: TypeAlias = Mapping[tuple[str, str], float]
"""(Recipe, teacher) -> how much of its work the recipe gives the teacher."""


@dataclass(frozen=True)
class Known:
    """Rows that are there already, such as those of earlier training sets.

    Attributes:
        ids: of the rows; none is a sample's.
        texts: what of each is compared.
    """

    ids: Sequence[str] = ()
    texts: Sequence[str] = ()


def deduplicate(
    samples: pl.DataFrame,
    rule: DedupRule | None = None,
    sketches: SketchStore | None = None,
    on_progress: Progress | None = None,
    weights: TeacherWeights | None = None,
    known: Known | None = None,
    meaning: Meaning | None = None,
) -> StageResult:
    """Keep one of each group of samples that say the same, and none that says what is known.

    Compared are the chat, prompt and response. Of two duplicates the one that comes first in
    `survivor_order` stays; the order of the rows plays no part.

    Args:
        samples: columns of `SAMPLE_SCHEMA`; ids must differ.
        rule: what makes a duplicate; with none, the usual one.
        sketches: of `compared_texts` of the samples and, after them, of the known rows, made by
            this rule; with none, they are made.
        on_progress: told now and then how many rows are done, of how many.
        weights: of teachers, where they are known.
        known: what samples must not repeat.
        meaning: of the samples and, after them, the known rows; with none, words alone count.

    Returns:
        Decisions of the partition `all`; a dropped row's `duplicate_of` is a row that is kept or
        known, `score` their similarity, `detail` what they share.

    Raises:
        StageContractError: if two rows have one id.
        ConfigurationError: if the rule's threshold or recall are out of range.
    """
    known = Known() if known is None else known
    _refuse_shared_ids(pl.concat([samples["sample_id"], pl.Series(known.ids, dtype=pl.String)]))
    rule = DedupRule() if rule is None else rule
    texts = compared_texts(samples)
    if sketches is None:
        sketches = SketchesInMemory.of([*texts, *known.texts], rule)
    known_rows = np.arange(len(texts), len(texts) + len(known.texts))
    order = np.concatenate([known_rows, survivor_order(samples, weights)])
    found = find_all_duplicates(sketches, order, rule.threshold, meaning, on_progress)
    rows = found.dropped[found.dropped < len(texts)]
    numbers: list[int] = rows.tolist()
    dropped_texts = [texts[row] for row in numbers]
    said = details(found, rows, dropped_texts, rule.shingling, sketches.shingles)
    decisions = _decide(samples, known, found, dict(zip(numbers, said, strict=True)))
    return close_stage(Stage.DEDUP, "all", samples, decisions)


def compared_texts(samples: pl.DataFrame) -> list[str]:
    """What of each sample is compared: its chat, prompt and response."""
    rows = samples.select("history", "prompt", "response").iter_rows()
    return [
        "\n".join((*(message.content for message in history_of(chat)), prompt, response))
        for chat, prompt, response in rows
    ]


def survivor_order(
    samples: pl.DataFrame, weights: TeacherWeights | None = None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The numbers of the rows, of two duplicates the one to keep first.

    Real rows come first, then the higher score, the longer response, the higher weight of the
    teacher, the smaller id. What is not known comes last.
    """
    known = pl.DataFrame(
        [(recipe, teacher, weight) for (recipe, teacher), weight in (weights or {}).items()],
        {"recipe": pl.String, "teacher": pl.String, "weight": pl.Float64},
        orient="row",
    )
    columns = ["origin", "score", "response", "sample_id", "recipe", "teacher"]
    weighed = samples.select(columns).join(
        known, on=["recipe", "teacher"], how="left", maintain_order="left"
    )
    order = weighed.select(
        pl.arg_sort_by(
            pl.col("origin") != Origin.REAL.value,
            pl.col("score").fill_nan(None),
            pl.col("response").str.strip_chars().str.len_chars(),
            pl.col("weight"),
            pl.col("sample_id"),
            descending=[False, True, True, True, False],
            nulls_last=True,
        )
    )
    return order.to_series().to_numpy().astype(np.int64)


def _decide(
    samples: pl.DataFrame, known: Known, found: Matches, detail_of: Mapping[int, str]
) -> Iterator[Decision]:
    ids = [*samples["sample_id"], *known.ids]
    for row, recipe in enumerate(samples["recipe"]):
        if row not in detail_of:
            yield Decision(ids[row], Outcome.KEPT, recipe=recipe)
            continue
        kept = int(found.kept[row])
        reason = REASONS[Method(found.method[row])] if kept < samples.height else Reason.NOT_NOVEL
        similarity = float(found.similarity[row])
        detail = detail_of[row]
        yield Decision(ids[row], Outcome.DROPPED, reason, similarity, ids[kept], detail, recipe)


def _refuse_shared_ids(ids: pl.Series) -> None:
    shared = ids.filter(ids.is_duplicated())
    if shared.len():
        raise StageContractError(
            f"Stage {Stage.DEDUP} was given {shared.n_unique()} ids that several rows share, such "
            f"as {shared[0]}. Give each row an id of its own."
        )
