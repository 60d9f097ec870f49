"""What the judges of preference pairs lean to, read from the files of a home."""

import json
from collections.abc import Mapping

import polars as pl

from synth_assets.core.preference_bias import PreferenceBias, preference_bias
from synth_assets.core.schema import Decision, Outcome, Reason, Stage
from synth_assets.resources.frames import read_frame
from synth_assets.resources.workshop import Workshop

_UNDECIDED = [Reason.TIE.value, Reason.INCONSISTENT_JUDGE.value]


def leanings_of(samples: pl.LazyFrame, decisions: pl.LazyFrame) -> PreferenceBias | None:
    """Leanings of the judges of generated pairs; none where there are none.

    Args:
        samples: as generated, columns of `SAMPLE_SCHEMA`.
        decisions: of their generation, columns of `DECISION_SCHEMA`.
    """
    pairs = samples.filter(pl.col("rejected") != "").select("attributes").collect()
    lost = decisions.filter(pl.col("reason").is_in(_UNDECIDED)).collect()
    told = lost.select("sample_id", "reason", "detail").iter_rows()
    return preference_bias(
        map(json.loads, pairs["attributes"]),
        [
            Decision(name, Outcome.DROPPED, Reason(reason), detail=detail)
            for name, reason, detail in told
        ],
    )


def pair_leanings(workshop: Workshop) -> Mapping[str, PreferenceBias]:
    """Recipe -> leanings, of the recipes of pairs that are filled as they are now.

    Raises:
        StorageError: if what was generated cannot be read.
    """
    found: dict[str, PreferenceBias] = {}
    for recipe in workshop.catalogue.recipes:
        made = workshop.home.asset("raw_generations", recipe.key)
        lost = workshop.home.decisions(Stage.GENERATE, recipe.key)
        if recipe.spec.technique.kind != "preference" or not (made.exists() and lost.exists()):
            continue
        told = leanings_of(read_frame(made).lazy(), read_frame(lost).lazy())
        if told is not None:
            found[recipe.id] = told
    return found
