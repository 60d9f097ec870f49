"""What `synth coverage` prints."""

import json
from collections.abc import Iterator, Sequence

from synth_assets.cli.tables import indented
from synth_assets.core.coverage.topics import TopicGaps
from synth_assets.resources.coverage import RecipeCoverage, recipe_coverage
from synth_assets.resources.coverage_reference import reference_texts
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_MOST_ROWS = 30


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
    yield f"{found.key}, as kept by {found.last_stage}"
    if values.is_empty():
        yield "Nothing is drawn: the recipe has no variations and no choice of prompts."
    else:
        yield ""
        columns = ("planned", "generated", "verified", "kept")
        table = [["attribute", "value", "target", *columns, "share", "gap"]]
        for row in values.head(_MOST_ROWS).iter_rows(named=True):
            counts = [f"{row[column]:,}" for column in columns]
            shares = [_share(row[name]) for name in ("target_share", "kept_share")]
            named = [row["attribute"], _short(row["value"])]
            table.append([*named, shares[0], *counts, shares[1], _points(row["gap"])])
        yield from indented(table)
        if values.height > _MOST_ROWS:
            yield f"  {values.height - _MOST_ROWS} more values; --json has all"
    yield from _holes(found)
    if found.topics is not None:
        yield from _topics(found.topics)


def _holes(found: RecipeCoverage) -> Iterator[str]:
    holes = found.shares.holes
    if not found.joint:
        return
    yield ""
    cells = f"{found.shares.cells.height:,} combinations of {', '.join(found.joint)}"
    if holes.is_empty():
        yield f"{cells}: each has its quota."
        return
    yield f"{cells}: {holes.height:,} lack rows, {int(holes['lacking'].sum()):,} in all; the most:"
    rows = holes.head(10).select("cell", "quota", "planned", "kept", "lacking")
    shown = [[_cell(row[0]), *(f"{count:,}" for count in row[1:])] for row in rows.iter_rows()]
    yield from indented([["combination", "quota", "planned", "kept", "lacking"], *shown])


def _topics(found: TopicGaps) -> Iterator[str]:
    gaps = found.gaps()
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
        "values": found.shares.values.to_dicts(),
        "distances": found.shares.distances.to_dicts(),
        "joint": found.joint,
        "cells": found.shares.cells.to_dicts(),
        "topics": None if topics is None else topics.frame.to_dicts(),
        "gaps": None if topics is None else [topic.name for topic in topics.gaps()],
    }


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _points(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.1f} points"


def _cell(text: str) -> str:
    return ", ".join(f"{name} {value}" for name, value in json.loads(text).items())


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
