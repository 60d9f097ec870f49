"""Filled versions of a recipe, found by what a user calls them."""

from pathlib import Path

import polars as pl

from synth_assets.core.schema import DECISION_SCHEMA, SAMPLE_SCHEMA, Stage
from synth_assets.core.versions.comparison import Comparison, Version
from synth_assets.errors import UnknownNameError
from synth_assets.resources.frames import read_frame
from synth_assets.resources.history import History
from synth_assets.resources.home import Home
from synth_assets.resources.workshop import Workshop

_STAGES = (Stage.GENERATE, Stage.VERIFY)


def compare_versions(workshop: Workshop, recipe: str, to: str = "", pairs: int = 5) -> Comparison:
    """Compare the live version of a recipe with an earlier one.

    Args:
        workshop: catalogue and places.
        recipe: its id.
        to: the earlier version, or its first digits; by default the one that was filled before.
        pairs: how many planned samples are set beside each other.

    Raises:
        UnknownNameError: if there is no such recipe or version, or one is not filled.
        StorageError: if what was recorded of them cannot be read.
    """
    home, live = workshop.home, workshop.catalogue.recipe(recipe).key
    filled = _filled(home, recipe)
    if live not in filled:
        raise UnknownNameError(
            f"{live} is not filled yet, so there is nothing to compare. Fill it with `synth "
            f"backfill --changed`, or try a few rows: synth preview {recipe}."
        )
    old = _earlier(home, recipe, live, filled, to)
    return Comparison.of(_version(home, old), _version(home, live), pairs)


def _filled(home: Home, recipe: str) -> list[str]:
    """Versions that were verified, the one verified last at the end."""
    folder = Path(str(home.decisions(Stage.VERIFY, ""))).parent
    files = sorted(folder.glob(f"{recipe}~*.parquet"), key=lambda file: file.stat().st_mtime)
    return [file.stem for file in files]


def _earlier(home: Home, recipe: str, live: str, filled: list[str], to: str) -> str:
    others = [key for key in filled if key != live]
    asked = to.removeprefix(f"{recipe}~")
    found = [key for key in others if key.removeprefix(f"{recipe}~").startswith(asked)]
    if asked and len(found) != 1:
        known = ", ".join(others) or "none"
        many = "several versions begin so" if found else "no filled version is called so"
        raise UnknownNameError(f"{recipe}: {to!r}: {many}. Filled besides the live one: {known}.")
    if not found:
        raise UnknownNameError(
            f"{recipe}: no other version is filled than {live}. Edit a prompt and fill it anew; "
            f"`synth history {recipe}` lists versions."
        )
    # What was live before says more than what was filled last: an older one may be filled anew.
    before = {change.key: change.before for change in History(home).changes(recipe)}
    return before[live] if not asked and before.get(live) in found else found[-1]


def _version(home: Home, key: str) -> Version:
    made = [home.decisions(stage, key) for stage in _STAGES]
    decisions = [read_frame(path).select(DECISION_SCHEMA.names()) for path in made if path.exists()]
    samples = read_frame(home.asset("raw_generations", key)).select(SAMPLE_SCHEMA.names())
    return Version(key, samples, pl.concat(decisions), _cost_usd(home, key))


def _cost_usd(home: Home, key: str) -> float | None:
    """What all calls of a version cost, those that judged included; None if a price is unknown."""
    paths = [home.root / table / f"{key}.parquet" for table in ("calls", "judge_calls")]
    made = [read_frame(path).select("fingerprint", "cost_usd") for path in paths if path.exists()]
    costs = pl.concat(made).unique("fingerprint")["cost_usd"] if made else pl.Series([0.0])
    return None if costs.null_count() else float(costs.sum())
