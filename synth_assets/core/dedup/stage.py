"""The stage that drops samples which repeat another, exactly or nearly."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from synth_assets.core.dedup.join import Matches, Progress, find_duplicates
from synth_assets.core.dedup.near import SketchesInMemory, shared_text
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.sample import history_of
from synth_assets.core.schema import Decision, Origin, Outcome, Reason, Stage
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.errors import StageContractError


def deduplicate(
    samples: pl.DataFrame,
    rule: DedupRule | None = None,
    sketches: SketchesInMemory | None = None,
    on_progress: Progress | None = None,
) -> StageResult:
    """Keep one of each group of samples that say the same.

    Compared are the chat, prompt and response. Of two duplicates the one that comes first in
    `survivor_order` stays; the order of the rows plays no part.

    Args:
        samples: columns of `SAMPLE_SCHEMA`; ids must differ.
        rule: what makes a duplicate; with none, the usual one.
        sketches: of `compared_texts` of these samples, made by this rule; with none, they are made.
        on_progress: told now and then how many rows are done, of how many.

    Returns:
        Decisions of the partition `all`; a dropped row's `duplicate_of` is a kept row, `score`
        their similarity, `detail` what they share.

    Raises:
        StageContractError: if two rows have one id.
        ConfigurationError: if the rule's threshold or recall are out of range.
    """
    _refuse_shared_ids(samples)
    rule = DedupRule() if rule is None else rule
    texts = compared_texts(samples)
    store = SketchesInMemory.of(texts, rule) if sketches is None else sketches
    found = find_duplicates(store, survivor_order(samples), rule.threshold, on_progress)
    return close_stage(Stage.DEDUP, "all", samples, _decide(samples, texts, found, rule))


def compared_texts(samples: pl.DataFrame) -> list[str]:
    """What of each sample is compared: its chat, prompt and response."""
    rows = samples.select("history", "prompt", "response").iter_rows()
    return [
        "\n".join((*(message.content for message in history_of(chat)), prompt, response))
        for chat, prompt, response in rows
    ]


def survivor_order(samples: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The numbers of the rows, of two duplicates the one to keep first.

    Real rows come first, then the higher score, the longer response, the smaller id.
    """
    order = samples.select(
        pl.arg_sort_by(
            pl.col("origin") != Origin.REAL.value,
            pl.col("score").fill_nan(None),
            pl.col("response").str.strip_chars().str.len_chars(),
            pl.col("sample_id"),
            descending=[False, True, True, False],
            nulls_last=True,
        )
    )
    return order.to_series().to_numpy().astype(np.int64)


def _decide(
    samples: pl.DataFrame, texts: Sequence[str], found: Matches, rule: DedupRule
) -> Iterator[Decision]:
    ids = samples["sample_id"]
    recipes = samples["recipe"]
    kept_rows: list[int] = found.kept.tolist()
    for row, kept in enumerate(kept_rows):
        if kept < 0:
            yield Decision(ids[row], Outcome.KEPT, recipe=recipes[row])
            continue
        if found.equal[row]:
            reason = Reason.EXACT_DUPLICATE
            detail = f"the same text: {' '.join(texts[row].split())[:120]}"
        else:
            reason = Reason.NEAR_DUPLICATE
            detail = f"shared: {shared_text(rule.shingling, texts[row], texts[kept])}"
        similarity = float(found.similarity[row])
        yield Decision(
            ids[row], Outcome.DROPPED, reason, similarity, ids[kept], detail, recipes[row]
        )


def _refuse_shared_ids(samples: pl.DataFrame) -> None:
    shared = samples.filter(pl.col("sample_id").is_duplicated())["sample_id"]
    if shared.len():
        raise StageContractError(
            f"Stage {Stage.DEDUP} was given {shared.n_unique()} ids that several rows share, such "
            f"as {shared[0]}. Give each row an id of its own."
        )
