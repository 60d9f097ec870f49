"""Columns of rows as Dagster shows them: what each means, and which column it is passed on from."""

from collections.abc import Iterable

import dagster as dg

from synth_assets.core.schema import SAMPLE_SCHEMA

DESCRIPTIONS = {
    "sample_id": "names the row; the same row has the same id in every run",
    "origin": "real or synthetic",
    "recipe": "id of the recipe; empty for real rows",
    "recipe_version": "version of the recipe; empty for real rows",
    "technique": "how it was made; empty for real rows",
    "source": "the data source of a real row, or of a synthetic row's seed",
    "seed_id": "the seed that it started from",
    "parent_ids": "ids of the samples that it was made of",
    "position": "the how-many-th planned sample of its recipe; row of its source",
    "teacher": "who wrote it; empty for real rows",
    "request_fingerprints": "its completions in the ledger, in the order they were asked",
    "context": "the passage or document that the prompt refers to; may be empty",
    "prompt": "what the student is asked",
    "response": "what the student is to answer",
    "reference": "what the response is checked against; may be empty",
    "attributes": "JSON object: what was drawn for this sample, and found out",
    "licence": "what it may be used for",
    "synthetic_depth": "how many models stand between it and what people wrote; 0 for real rows",
    "content_hash": "hash of its normalised texts",
    "score": "0 to 1, of verification; empty before it",
    "history": "JSON: the chat before the prompt; may be empty",
    "rejected": "of a preference pair the worse response; empty in other rows",
    "difficulty": "larger is harder; empty where nobody knows",
    "split": "train, validation or test",
    "copy": "1 for the first of equal rows, 2 for its first repetition",
}

_PASSED_ON = {
    "verified_samples": ("raw_generations",),
    "deduplicated_samples": ("verified_samples", "real_data"),
    "decontaminated_samples": ("deduplicated_samples",),
    "training_sets": ("decontaminated_samples",),
}
"""Asset -> assets whose rows it holds, some of them left out."""

_MADE_ANEW = {"verified_samples": frozenset({"score"})}


def column_lineage(asset: str, columns: Iterable[str]) -> dg.TableColumnLineage | None:
    """Which columns of which assets the columns of an asset are; none where rows are made there.

    Verification gives scores, and may redact texts: what it passes on is otherwise as it was.
    """
    if asset not in _PASSED_ON:
        return None
    passed = [
        name
        for name in columns
        if name in SAMPLE_SCHEMA and name not in _MADE_ANEW.get(asset, frozenset())
    ]
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(dg.AssetKey(other), name) for other in _PASSED_ON[asset]]
            for name in passed
        }
    )
