"""What the Dagster UI shows of duplicates: sketches used again, and clusters."""

from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl

from synth_assets.core.dedup.clusters import Cluster, Clusters
from synth_assets.core.schema import Reason
from synth_assets.defs.display import plot, table
from synth_assets.resources.deduplication import Deduplicated

_SHOWN = 12
_ID_CHARACTERS = 12
_SHARED_CHARACTERS = 56
"""At 1,600 pixels the page of an asset shows about 750 of a table, the page of a check more."""

_COLUMNS = {
    Reason.EXACT_DUPLICATE: "exact",
    Reason.NEAR_DUPLICATE: "near",
    Reason.SEMANTIC_DUPLICATE: "semantic",
    Reason.NOT_NOVEL: "not novel",
}


def effort_metadata(done: Deduplicated) -> dict[str, dg.MetadataValue]:
    """By what rule; how many signatures and vectors were there, and how many were made anew."""
    shown: dict[str, dg.MetadataValue] = {
        "signatures_reused": dg.MetadataValue.int(done.gathered.reused),
        "signatures_made": dg.MetadataValue.int(done.gathered.made),
        "rule": dg.MetadataValue.json(done.spec.model_dump(mode="json")),
        "rule_version": dg.MetadataValue.text(done.spec.fingerprint[:8]),
    }
    if done.embedded is not None:
        shown["embedder"] = dg.MetadataValue.text(done.embedded.embedder)
        shown["vectors_reused"] = dg.MetadataValue.int(done.embedded.reused)
        shown["vectors_made"] = dg.MetadataValue.int(done.embedded.made)
    if done.known:
        shown["known_texts"] = dg.MetadataValue.int(done.known)
    return shown


def cluster_metadata(decisions: pl.DataFrame) -> dict[str, dg.MetadataValue]:
    """How many clusters there are, the largest as a table, and a plot of their sizes.

    Args:
        decisions: of deduplication, columns of `DECISION_SCHEMA`.
    """
    clusters = Clusters(decisions)
    shown: dict[str, dg.MetadataValue] = {
        "duplicate_clusters": dg.MetadataValue.int(clusters.sizes.height)
    }
    if clusters.sizes.height:
        shown["largest_clusters"] = cluster_table(clusters.largest(_SHOWN), _SHARED_CHARACTERS)
        shown["cluster_sizes_plot"] = plot(
            clusters.by_size, "Clusters of duplicates, by rows", "clusters"
        )
    return shown


def cluster_table(clusters: Sequence[Cluster], characters: int | None = None) -> dg.MetadataValue:
    """One row a cluster, with how many rows went for which reason; of reasons only those there.

    Args:
        clusters: at least one.
        characters: of shared text, from which on it is cut short; by default it never is.
    """
    there = {reason for each in clusters for reason in each.reasons}
    shown = {reason: name for reason, name in _COLUMNS.items() if reason in there}
    return table([dg.TableRecord(_cells(each, shown, characters)) for each in clusters])


def giant_told(cluster: Cluster, decided: int) -> str:
    """What an alarm says of a cluster.

    Args:
        cluster: a large one.
        decided: how many rows deduplication was given.
    """
    # The page shows it as Markdown, where text of a row must stand as code.
    quoted = cluster.shared.replace("`", "'")
    said = f"`{quoted}`" if quoted else "no stretch of text that most share"
    return (
        f"{cluster.rows:,} of {decided:,} rows ({cluster.rows / decided:.1%}) are one row and its "
        f"duplicates: {said}. Kept is {cluster.kept_id}. They come from {_recipes(cluster)}."
    )


def _cells(
    cluster: Cluster, shown: Mapping[Reason, str], characters: int | None
) -> dict[str, str | int | float | bool]:
    shared = cluster.shared
    if characters is not None and len(shared) > characters:
        shared = f"{shared[: characters - 1]}…"
    return {
        "kept": cluster.kept_id[:_ID_CHARACTERS],
        "rows": cluster.rows,
        **{name: cluster.reasons.get(reason, 0) for reason, name in shown.items()},
        "shared text": shared,
        "recipes": _recipes(cluster),
    }


def _recipes(cluster: Cluster) -> str:
    return ", ".join(f"{name or 'real'} ({rows:,})" for name, rows in cluster.recipes.items())
