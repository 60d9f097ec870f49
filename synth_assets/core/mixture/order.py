"""The order of a training set: a shuffle, or a curriculum with replay.

Each row has a place from 0 to 1. In a shuffle it is drawn; in a curriculum it is how far on the
row stands among those whose difficulty is known, and drawn for those of whom nobody knows, so
that these are spread evenly over the whole.
"""

import numpy as np
import polars as pl

from synth_assets.core.config.mixture_bounds import exact
from synth_assets.core.config.mixtures import Curriculum
from synth_assets.core.mixture.cells import Ints
from synth_assets.core.mixture.draws import Draws, draws
from synth_assets.core.mixture.highs import Floats

_PARTS = 10
_ALL = 2.0**64
_CLOSE = 2.0**-40
_LONGEST_LINE = 1_000


def order_rows(rows: pl.DataFrame, order: Curriculum | None, seed: int) -> Ints:
    """The numbers of the rows, in the order of the set.

    Args:
        rows: columns of `SAMPLE_SCHEMA`, with `copy`.
        order: a curriculum; with none, a shuffle.
        seed: of what is drawn.
    """
    name = pl.format("{}/{}", "sample_id", "copy")
    drawn = draws(rows.select(name)["sample_id"], seed, "order")
    places = drawn / _ALL
    if order is not None:
        places = _along(rows, order, drawn)
        if order.replay:
            names = rows.select(name)["sample_id"]
            places = _replayed(places, draws(names, seed, "replay"), order.replay)
        if order.by == "prerequisite":
            places = _behind_parents(rows, places)
    return np.lexsort((drawn, places))


def _along(rows: pl.DataFrame, order: Curriculum, drawn: Draws) -> Floats:
    """How far on each row stands by difficulty; by a draw where that is not known."""
    attributes = pl.col("attributes")
    values = {
        "difficulty": pl.col("difficulty"),
        "depth": pl.col("synthetic_depth"),
        "prerequisite": attributes.str.json_path_match("$['lesson']").cast(
            pl.Float64, strict=False
        ),
    }
    value = rows.select(values[order.by].cast(pl.Float64).alias("_"))["_"]
    known = np.flatnonzero(value.is_not_null().to_numpy())
    numbers = value.gather(known).to_numpy()
    places = drawn / _ALL
    ranked = known[np.lexsort((drawn[known], numbers))]
    places[ranked] = (np.arange(len(ranked)) + 0.5) / max(len(ranked), 1)
    return places


def _replayed(places: Floats, drawn: Draws, share: float) -> Floats:
    """Put a share of each tenth off, spread evenly over what follows it."""
    found = places.copy()
    order = np.argsort(places, kind="stable")
    for number, part in enumerate(np.array_split(order, _PARTS)[:-1], start=1):
        put_off = part[np.argsort(drawn[part], kind="stable")][: int(exact(share) * len(part))]
        begin = number / _PARTS
        steps = (np.arange(len(put_off)) + 0.5) / max(len(put_off), 1)
        found[put_off] = begin + steps * (1 - begin)
    return found


def _behind_parents(rows: pl.DataFrame, places: Floats) -> Floats:
    """Move rows that stand before one of their parents just behind it."""
    numbered = rows.select("sample_id", "parent_ids").with_row_index("row")
    ids = numbered.select("sample_id", pl.col("row").alias("parent"))
    links = numbered.explode("parent_ids").join(ids, left_on="parent_ids", right_on="sample_id")
    children = links["row"].cast(pl.Int64).to_numpy()
    parents = links["parent"].cast(pl.Int64).to_numpy()
    found = places.copy()
    # As often as the longest line of descent is long; a circle has no end.
    for _ in range(_LONGEST_LINE):
        wanted = found[parents] + _CLOSE
        late = wanted > found[children]
        if not late.any():
            break
        np.maximum.at(found, children[late], wanted[late])
    return found
