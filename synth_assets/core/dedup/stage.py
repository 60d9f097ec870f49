"""The stage that drops samples which repeat another, exactly or nearly."""

from collections.abc import Iterator, Mapping

import polars as pl

from synth_assets.core.dedup.exact import exact_duplicates
from synth_assets.core.dedup.near import NearMatch, Progress, near_duplicates
from synth_assets.core.fingerprint import content_hash
from synth_assets.core.sample import history_of
from synth_assets.core.schema import Decision, Origin, Outcome, Reason, Stage
from synth_assets.core.stage import StageResult, close_stage
from synth_assets.errors import StageContractError


def deduplicate(
    samples: pl.DataFrame, threshold: float = 0.8, on_progress: Progress | None = None
) -> StageResult:
    """Keep one of each group of samples that say the same.

    Compared are the chat, prompt and response. Of two duplicates the real one stays, then the one
    with the higher score, the longer response, the smaller id; the order of the rows plays no part.

    Args:
        samples: columns of `SAMPLE_SCHEMA`; ids must differ.
        threshold: Jaccard similarity, see `near.near_duplicates`.
        on_progress: told now and then how many rows are done, of how many.

    Returns:
        Decisions of the partition `all`; a dropped row's `duplicate_of` is a kept row, `score`
        their similarity, `detail` what they share.

    Raises:
        StageContractError: if two rows have one id.
        ConfigurationError: if the threshold is out of range.
    """
    _refuse_shared_ids(samples)
    columns = survivor_order(samples).select("sample_id", "history", "prompt", "response")
    rows: list[tuple[str, str, str, str]] = columns.rows()
    chats = {name: tuple(m.content for m in history_of(chat)) for name, chat, _, _ in rows}
    repeated = exact_duplicates(
        (name, content_hash(*chats[name], prompt, response)) for name, _, prompt, response in rows
    )
    texts = {
        name: "\n".join((*chats[name], prompt, response))
        for name, _, prompt, response in rows
        if name not in repeated
    }
    near = near_duplicates(texts, threshold, on_progress)
    decisions = _decide(samples, repeated, near)
    return close_stage(Stage.DEDUP, "all", samples, decisions)


def survivor_order(samples: pl.DataFrame) -> pl.DataFrame:
    """Sort samples so that of two duplicates the one to keep comes first."""
    return samples.sort(
        pl.col("origin") != Origin.REAL.value,
        pl.col("score").fill_nan(None),
        pl.col("response").str.strip_chars().str.len_chars(),
        pl.col("sample_id"),
        descending=[False, True, True, False],
        nulls_last=True,
    )


def _decide(
    samples: pl.DataFrame, repeated: Mapping[str, str], near: Mapping[str, NearMatch]
) -> Iterator[Decision]:
    for sample_id, recipe, prompt in samples.select("sample_id", "recipe", "prompt").iter_rows():
        first = repeated.get(sample_id, sample_id)
        # A copy of a row that is itself dropped as near another is near that other, too.
        if match := near.get(first):
            yield Decision(
                sample_id,
                Outcome.DROPPED,
                Reason.NEAR_DUPLICATE,
                match.similarity,
                match.kept,
                f"shared: {match.excerpt}",
                recipe,
            )
        elif first != sample_id:
            detail = f"the same prompt and response: {' '.join(prompt.split())[:120]}"
            yield Decision(
                sample_id, Outcome.DROPPED, Reason.EXACT_DUPLICATE, 1.0, first, detail, recipe
            )
        else:
            yield Decision(sample_id, Outcome.KEPT, recipe=recipe)


def _refuse_shared_ids(samples: pl.DataFrame) -> None:
    shared = samples.filter(pl.col("sample_id").is_duplicated())["sample_id"]
    if shared.len():
        raise StageContractError(
            f"Stage {Stage.DEDUP} was given {shared.n_unique()} ids that several rows share, such "
            f"as {shared[0]}. Give each row an id of its own."
        )
