"""Deduplication as `selection.yaml` wants it, with what was kept of earlier runs."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import polars as pl

from synth_assets.core.config.selection import DedupSpec, SemanticSpec
from synth_assets.core.dedup.combined import Meaning
from synth_assets.core.dedup.frames import Gathered, gather_sketches
from synth_assets.core.dedup.same_numbers import number_sets
from synth_assets.core.dedup.stage import deduplicate
from synth_assets.core.schema import Stage
from synth_assets.core.stage import StageResult
from synth_assets.resources.frames import write_frame
from synth_assets.resources.home import ALL
from synth_assets.resources.kept_vectors import Embedded, embed_kept
from synth_assets.resources.known_rows import read_known_rows
from synth_assets.resources.workshop import Workshop


@dataclass(frozen=True)
class Deduplicated:
    """What deduplication did.

    Attributes:
        spec: by what rule.
        result: rows kept, and the decision on each row.
        gathered: sketches of the rows.
        known: how many texts of earlier sets the rows were held against.
        embedded: vectors of rows and known texts, where meaning counts.
    """

    spec: DedupSpec
    result: StageResult
    gathered: Gathered
    known: int
    embedded: Embedded | None


def deduplicate_all(
    workshop: Workshop, rows: pl.DataFrame, signatures: Sequence[pl.DataFrame], run: str
) -> Deduplicated:
    """Deduplicate rows by the rule of the catalogue, and record the decisions for lineage.

    Args:
        workshop: knows rule, recipes and places.
        rows: columns of `SAMPLE_SCHEMA`.
        signatures: what `frames.signature_frame` made of any rows.
        run: whose account is charged, where a teacher embeds.

    Raises:
        SourceError: if an earlier set cannot be read.
        CatalogueError: if it is not plain which of its columns are compared.
        UnknownNameError: if there is no such embedder.
        SynthError: if the rows cannot be embedded.
        StageContractError: if two rows have one id.
    """
    spec = workshop.catalogue.selection.dedup
    earlier = read_known_rows(spec.novelty)
    known = earlier.known
    gathered = gather_sketches(rows, signatures, spec.rule, known.texts)
    texts = gathered.sketches.texts
    embedded = None if spec.semantic is None else _embedded(workshop, spec.semantic, texts, run)
    result = deduplicate(
        rows,
        spec.rule,
        gathered.sketches,
        weights=workshop.catalogue.teacher_weights,
        known=known,
        meaning=_meaning(spec.semantic, embedded, texts),
    )
    workshop.home.record_decisions(Stage.DEDUP, ALL, result)
    write_frame(workshop.home.known_rows, earlier.repeated(result.decisions))
    return Deduplicated(spec, result, gathered, len(known.texts), embedded)


def _embedded(workshop: Workshop, spec: SemanticSpec, texts: Sequence[str], run: str) -> Embedded:
    from synth_assets.resources.embedding.opening import open_embedder

    teachers = workshop.catalogue.teachers
    paid = spec.embedder in teachers
    with workshop.buying(Stage.DEDUP, run) if paid else nullcontext() as ledger:
        embedder = open_embedder(spec.embedder, teachers, ledger, run)
        workshop.announce(f"comparing {len(texts):,} texts by meaning, with {embedder.name}")
        return embed_kept(workshop.home.vectors, embedder, texts)


def _meaning(
    spec: SemanticSpec | None, embedded: Embedded | None, texts: Sequence[str]
) -> Meaning | None:
    if spec is None or embedded is None:
        return None
    kinds = number_sets(texts) if spec.same_numbers else None
    return Meaning(embedded.vectors, spec.threshold, kinds)
