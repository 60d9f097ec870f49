"""What `synth coverage` prints."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth_assets.cli.tables import indented
from synth_assets.core.coverage.space_account import SpaceAccount
from synth_assets.core.coverage.topics import TopicGaps
from synth_assets.resources.coverage import RecipeCoverage, recipe_coverage
from synth_assets.resources.coverage_reference import reference_texts
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_MOST_ROWS = 60
_MOST_HOLES = 10


def coverage_text(name: str, reference: str | None, *, as_json: bool) -> str:
    """Planned against achieved, and topics against real text.

    Args:
        name: id of the recipe.
        reference: a data source; by default what the recipe names under `coverage`.
        as_json: all figures, for programs.

    Raises:
        UnknownNameError: if there is no such recipe or source.
        StorageError: if the recipe was not filled yet.
        SourceError: if the reference cannot be read.
    """
    workshop = Workshop(read_settings())
    recipe = workshop.catalogue.recipe(name)
    texts = reference_texts(workshop, recipe, reference)
    found = recipe_coverage(workshop.home, recipe, texts)
    if as_json:
        return json.dumps(_record(found), indent=2, ensure_ascii=False)
    return "\n".join(_lines(found))


def _lines(found: RecipeCoverage) -> Iterator[str]:
    values = found.shares.values
    yield f"{found.key}, as kept by {found.last_stage}: {found.counted}"
    if values.is_empty():
        yield "Nothing is drawn: the recipe has no variations and no choice of prompts."
    else:
        yield ""
        yield "Planned: share of the samples. Achieved: share of the rows, each counting one."
        counts = ("samples", "made", "verified", "kept", "rows")
        table = [["attribute", "value", "planned", *counts, "achieved", "gap"]]
        table += [_value(row) for row in values.head(_MOST_ROWS).iter_rows(named=True)]
        yield from indented(table)
        if values.height > _MOST_ROWS:
            yield f"  {values.height - _MOST_ROWS} more values; --json has all"
    if found.space is not None:
        yield from _space(found.space)
    if found.topics is not None:
        yield from _topics(found.topics, found.below)


def _value(row: Mapping[str, Any]) -> list[str]:
    columns = ("planned", "generated", "verified", "kept", "rows")
    counts = ["" if row[column] is None else f"{row[column]:,}" for column in columns]
    named = [row["attribute"], _short(row["value"])]
    return [
        *named,
        _share(row["target_share"]),
        *counts,
        _share(row["row_share"]),
        _points(row["gap"]),
    ]


def _space(space: SpaceAccount) -> Iterator[str]:
    yield ""
    if not space.holes:
        yield f"{space.told[0].upper()}{space.told[1:]}."
        return
    yield f"{space.told}; the most:"
    shown = [
        [
            hole.name,
            *(f"{count:,}" for count in (hole.quota, hole.has, hole.lacking)),
            "given up" if hole.is_given_up else "",
        ]
        for hole in space.holes[:_MOST_HOLES]
    ]
    cell = "cell" if space.is_own else "combination"
    yield from indented([[cell, "quota", "has", "lacking", ""], *shown])


def _topics(found: TopicGaps, below: float) -> Iterator[str]:
    gaps = found.gaps(below)
    yield ""
    outside = found.outside_share
    yield (
        f"{len(found.topics)} topics of the reference; {len(gaps)} have too few samples for sure"
        + ("" if outside is None else f"; {outside:.0%} of the samples are of no topic of it")
    )
    shown: Sequence[list[str]] = [
        [
            topic.name,
            _share(topic.reference_share),
            _share(topic.synthetic_share),
            "gap" if topic in gaps else "",
        ]
        for topic in found.topics
    ]
    if shown:
        yield from indented([["topic", "reference", "samples", ""], *shown])


def _record(found: RecipeCoverage) -> dict[str, object]:
    topics = found.topics
    return {
        "recipe_version": found.key,
        "last_stage": found.last_stage,
        "wanted": found.wanted,
        "samples": found.samples,
        "samples_with_rows": found.samples_with_rows,
        "only_planning": found.only_planning,
        "rows": found.rows,
        "values": found.shares.values.to_dicts(),
        "distances": found.shares.distances.to_dicts(),
        "space": None if found.space is None else _space_record(found.space),
        "cells": found.shares.cells.to_dicts(),
        "topics": None if topics is None else topics.frame.to_dicts(),
        "gaps": None if topics is None else [topic.name for topic in topics.gaps(found.below)],
    }


def _space_record(space: SpaceAccount) -> dict[str, object]:
    return {
        "attributes": space.attributes,
        "is_own": space.is_own,
        "cells": space.cells,
        "full": space.full,
        "lacking": space.lacking,
        "given_up": space.given_up,
        "without_quota": space.without_quota,
        "holes": [
            {
                "cell": hole.values,
                "quota": hole.quota,
                "has": hole.has,
                "lacking": hole.lacking,
                "given_up": hole.is_given_up,
            }
            for hole in space.holes
        ],
    }


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _points(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.1f} points"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
