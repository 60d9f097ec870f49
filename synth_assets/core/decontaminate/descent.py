"""What rows inherit: one that comes of a kept-out item is kept out too, by whatever way it came."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from synth_assets.core.decontaminate.finding import Guard, Overlap
from synth_assets.core.decontaminate.kept_out import KeptOut
from synth_assets.core.decontaminate.stage import texts_of
from synth_assets.core.schema import SAMPLE_SCHEMA, SEED_SCHEMA


@dataclass(frozen=True)
class Forebears:
    """What rows come of.

    Attributes:
        seeds: of the rows and of their parents; columns of `SEED_SCHEMA`.
        parents: earlier samples, and theirs, all the way up; columns of `SAMPLE_SCHEMA`. Recipe
            versions may share an id: what any of them says counts.
    """

    seeds: pl.DataFrame
    parents: pl.DataFrame

    @classmethod
    def none(cls) -> "Forebears":
        """Of rows that come of nothing that is known."""
        return cls(SEED_SCHEMA.to_frame(), SAMPLE_SCHEMA.to_frame())


@dataclass(frozen=True)
class _Parent:
    sample_id: str
    seed_id: str
    parent_ids: Sequence[str]


def inherited(
    samples: pl.DataFrame, forebears: Forebears, kept_out: KeptOut, guard: Guard
) -> dict[str, Overlap]:
    """The rows whose seed is a kept-out item, or whose parent is one or comes of one.

    A seed or parent is an item by its id, or by what it says.

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        forebears: of the samples.
        kept_out: the items.
        guard: says of texts whether they may be used.

    Returns:
        Id of a row -> what it comes of; the evidence names the way, a step at a time.
    """
    own = kept_out.by_id
    seeds = _seeds(samples, forebears, own, guard)
    parents = _parents(forebears.parents, own, seeds, guard)
    if not seeds and not parents:
        return {}
    columns = samples.select("sample_id", "seed_id", "parent_ids")
    of_seed, of_parent = (pl.Series(list(each), dtype=pl.String) for each in (seeds, parents))
    rows = columns.filter(
        pl.col("seed_id").is_in(of_seed.implode())
        | (pl.col("parent_ids").list.set_intersection(of_parent.implode()).list.len() > 0)
    )
    found = ((row[0], _handed_down(_Parent(*row), seeds, parents)) for row in rows.iter_rows())
    return {sample_id: overlap for sample_id, overlap in found if overlap is not None}


def _seeds(
    samples: pl.DataFrame, forebears: Forebears, own: Mapping[str, Overlap], guard: Guard
) -> dict[str, Overlap]:
    """Seeds that are items, by id."""
    columns = [samples["seed_id"], forebears.parents["seed_id"]]
    found = {name: own[name] for column in columns for name in column.unique() if name in own}
    named = forebears.seeds.select("seed_id", "fields").unique().sort("seed_id", "fields").rows()
    texts = [list(json.loads(fields).values()) for _, fields in named]
    return {**_told([name for name, _ in named], guard.look(texts)), **found}


def _parents(
    parents: pl.DataFrame, own: Mapping[str, Overlap], seeds: Mapping[str, Overlap], guard: Guard
) -> dict[str, Overlap]:
    """Parents that are items or come of one, by id."""
    ids: list[str] = parents["sample_id"].to_list()
    found = _told(ids, guard.look(texts_of(parents)))
    found |= {name: own[name] for name in ids if name in own}
    columns = parents.select("sample_id", "seed_id", "parent_ids").sort("sample_id")
    left = [_Parent(*row) for row in columns.iter_rows() if row[0] not in found]
    while left:
        new = [(each.sample_id, _handed_down(each, seeds, found)) for each in left]
        told = {name: overlap for name, overlap in new if overlap is not None}
        if not told:
            break
        found |= told
        left = [each for each in left if each.sample_id not in found]
    return found


def _told(names: Iterable[str], overlaps: Iterable[Overlap | None]) -> dict[str, Overlap]:
    pairs = zip(names, overlaps, strict=True)
    return {name: overlap for name, overlap in pairs if overlap is not None}


def _handed_down(
    row: _Parent, seeds: Mapping[str, Overlap], parents: Mapping[str, Overlap]
) -> Overlap | None:
    if (found := seeds.get(row.seed_id)) is not None:
        return replace(found, evidence=f"by its seed {row.seed_id}: {found.evidence}")
    for parent in row.parent_ids:
        if (found := parents.get(parent)) is not None:
            return replace(found, evidence=f"by its parent {parent}: {found.evidence}")
    return None
