"""What each candidate is to one mixture: whose voice, how deep, and whether it may take part."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.aside import with_hard_aside
from synth_assets.core.mixture.own_voice import OwnVoice
from synth_assets.core.schema import STANDING_SCHEMA, Origin, Reason
from synth_assets.core.terms.declared import (
    ANSWERS_SCHEMA,
    GROUND,
    Declared,
    concerned,
    statements_of,
    who_answered,
)
from synth_assets.core.terms.objections import Purpose, conflict_among
from synth_assets.errors import TermsError

ANCESTORS_SCHEMA = pl.Schema(
    {
        "sample_id": pl.String,
        "parent_ids": pl.List(pl.String),
        "teacher": pl.String,
        "synthetic_depth": pl.Int64,
    }
)
"""Synthetic rows that others came of; what was made of the same, and dropped, may be among them."""


@dataclass(frozen=True)
class _Teachers:
    """Facts of teachers: teacher -> what holds for all rows it had a part in."""

    family: dict[str, str]
    depth: dict[str, int]
    voice: dict[str, str]
    barred: dict[str, str]

    @classmethod
    def of(
        cls, names: Iterable[str], declared: Declared, mixture: Mixture, purpose: Purpose
    ) -> "_Teachers":
        writers = {name: declared.writer(name) for name in sorted(names)}
        history = declared.history
        history.refuse_loops(writers.values())
        own = OwnVoice(mixture.student)
        voice = {name: own.why(writer, history) for name, writer in writers.items()}
        barred = {name: purpose.barred(declared.of_teacher(name)) for name in writers}
        return cls(
            {name: writer.family for name, writer in writers.items()},
            {name: history.depth_of(writer) for name, writer in writers.items()},
            {name: why for name, why in voice.items() if why},
            {name: why for name, why in barred.items() if why},
        )


def standing_of(
    samples: pl.DataFrame,
    mixture: Mixture,
    declared: Declared,
    *,
    on_request: Collection[str] = (),
    answers: pl.DataFrame | None = None,
    ancestors: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Say of each candidate whose voice it is, how deep, and whether it may take part.

    A row whose writer is the student (see `OwnVoice`) is barred where the mixture allows it no
    own voice. A row is barred, too, where its licence, or the terms of a teacher that had a part
    in it, or those of the source it was made from, object to what the mixture is for; and where a
    technique kept it aside (see `with_hard_aside`).

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        mixture: the policy.
        declared: who writes, and what they learned.
        on_request: recipes that take part only where the mixture names them.
        answers: columns of `ANSWERS_SCHEMA`: all whose completions a row is made of had a part in
            it, those who judged included. Without them a row's own teacher alone counts.
        ancestors: columns of `ANCESTORS_SCHEMA`, for the depth of rows whose parents are no
            candidates; a parent that is nowhere counts as its place in the line alone.

    Returns:
        Columns of `STANDING_SCHEMA`, a row for each of `samples` in their order.

    Raises:
        RegistryError: if a teacher's `trained_on` names nothing, or a checkpoint was trained on
            rows that it wrote.
        TermsError: if every row of a recipe or source that the mixture names is forbidden, or the
            set is to be published and licences in it cannot stand together.
    """
    purpose = Purpose.of(mixture)
    asked = ANSWERS_SCHEMA.to_frame() if answers is None else answers
    names = {*samples["teacher"].unique(), *asked["teacher"].unique()} - {""}
    facts = _Teachers.of(names, declared, mixture, purpose)
    rows = samples.lazy().select("sample_id", "teacher", "synthetic_depth", *GROUND)
    barred = rows.join(
        _barred(samples, declared, purpose), on=GROUND, how="left", maintain_order="left"
    )
    told = barred.with_columns(
        _looked_up(facts.family, pl.String).fill_null("").alias("family"),
        _looked_up(facts.voice, pl.String).alias("voice"),
        pl.coalesce(_looked_up(facts.barred, pl.String), "barred").alias("barred"),
        _looked_up(facts.depth, pl.Int64).fill_null(0).alias("learned"),
    )
    found = _with_others(told, samples, asked, facts).collect()
    ruled = _ruled(_with_depths(found, samples, facts, ancestors), mixture)
    standing = with_hard_aside(ruled, samples, mixture)
    _refuse_forbidden_names(standing, mixture)
    if mixture.publish:
        free = standing.select(pl.col("reason").is_null() & _is_shallow(mixture)).to_series()
        part = samples.filter(free).filter(takes_part(mixture, on_request))
        _refuse_conflict(part, declared, mixture, answers)
    return standing.select(pl.col(name).cast(kind) for name, kind in STANDING_SCHEMA.items())


def _barred(samples: pl.DataFrame, declared: Declared, purpose: Purpose) -> pl.LazyFrame:
    """Why rows of one origin, recipe, source and licence may not take part."""
    rows: list[tuple[str | None, ...]] = []
    for origin, recipe, source, licence in samples.lazy().select(GROUND).unique().collect().rows():
        stated = declared.of_ground((origin, recipe, source, licence))
        whys = [why for each in stated if (why := purpose.barred(each))]
        rows.append((origin, recipe, source, licence, whys[0] if whys else None))
    return pl.LazyFrame(rows, schema=dict.fromkeys([*GROUND, "barred"], pl.String), orient="row")


def _looked_up(facts: Mapping[str, str | int], kind: type[pl.DataType]) -> pl.Expr:
    return pl.col("teacher").replace_strict(
        list(facts), list(facts.values()), default=None, return_dtype=kind
    )


def _with_others(
    rows: pl.LazyFrame, samples: pl.DataFrame, answers: pl.DataFrame, facts: _Teachers
) -> pl.LazyFrame:
    """Facts of all who had a part in a row, where the others' matter."""
    notable = {*facts.voice, *facts.barred, *(name for name, at in facts.depth.items() if at)}
    some = answers.filter(pl.col("teacher").is_in(notable))
    if some.is_empty():
        return rows
    by_row = (
        who_answered(samples, some)
        .lazy()
        .with_columns(
            _looked_up(facts.voice, pl.String).alias("their_voice"),
            _looked_up(facts.barred, pl.String).alias("their_barred"),
            _looked_up(facts.depth, pl.Int64).alias("their_learned"),
        )
        .group_by("row")
        # Of several whys any would do; the least is always the same.
        .agg(pl.col("their_voice", "their_barred").min(), pl.col("their_learned").max())
    )
    return (
        rows.with_row_index("row")
        .join(by_row, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("voice", "their_voice").alias("voice"),
            pl.coalesce("barred", "their_barred").alias("barred"),
            pl.max_horizontal("learned", "their_learned").alias("learned"),
        )
    )


def _with_depths(
    rows: pl.DataFrame, samples: pl.DataFrame, facts: _Teachers, ancestors: pl.DataFrame | None
) -> pl.DataFrame:
    if not any(facts.depth.values()):
        return rows.with_columns(pl.col("synthetic_depth").alias("depth"))
    names = ["sample_id", "synthetic_depth", "learned", "parent_ids"]
    line = rows.with_columns(samples["parent_ids"]).select(names)
    if ancestors is not None:
        before = ancestors.join(line, on="sample_id", how="anti")
        learned = _looked_up(facts.depth, pl.Int64).fill_null(0).alias("learned")
        line = pl.concat([line, before.with_columns(learned).select(names)])
    return rows.with_columns(depths(line).head(rows.height))


def depths(line: pl.DataFrame) -> pl.Series:
    """How deep rows are: 0 for real ones, else one more than what is deepest behind them.

    Args:
        line: `sample_id`; `parent_ids`; `synthetic_depth`, the place in the line of parents; and
            `learned`, the largest depth in the sets that the row's writers were trained on.

    Returns:
        `depth` of each row of `line`.
    """
    places = line["synthetic_depth"].to_numpy()
    found = np.where(places > 0, 1 + np.maximum(line["learned"].to_numpy(), places - 1), 0)
    numbered = line.lazy().with_row_index("row")
    pairs = (
        numbered.filter(pl.col("synthetic_depth") > 1)
        .select("row", pl.col("parent_ids").alias("parent"))
        .explode("parent")
        .join(numbered.select("sample_id", before="row"), left_on="parent", right_on="sample_id")
        .select("row", "before")
        .collect()
    )
    children, parents = pairs["row"].to_numpy(), pairs["before"].to_numpy()
    order = places[children]
    for place in np.unique(order):
        # A parent stands before its children in the line, so its depth is known by now.
        here = order == place
        np.maximum.at(found, children[here], 1 + found[parents[here]])
    return pl.Series("depth", found, pl.Int64)


def _ruled(rows: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    own = pl.col("voice").is_not_null()
    silenced = own & (mixture.own_voice == 0)
    barred = pl.col("barred").is_not_null()
    return rows.with_columns(
        own.alias("own_voice"),
        pl.when(silenced)
        .then(pl.lit(Reason.OWN_VOICE.value))
        .when(barred)
        .then(pl.lit(Reason.TERMS_FORBID.value))
        .alias("reason"),
        pl.when(silenced)
        .then("voice")
        .otherwise(pl.coalesce("barred", "voice", pl.lit("")))
        .alias("detail"),
    )


def _refuse_forbidden_names(rows: pl.DataFrame, mixture: Mixture) -> None:
    """What a mixture asks for by name must not silently be nothing."""
    is_real = pl.col("origin") == Origin.REAL.value
    named = [
        ("recipe", name, ~is_real & (pl.col("recipe") == name)) for name in mixture.recipes or ()
    ]
    named += [
        ("source", name, is_real & (pl.col("source") == name)) for name in mixture.sources or ()
    ]
    for kind, name, which in named:
        part = rows.filter(which)
        if part.height and part["barred"].null_count() == 0:
            raise TermsError(
                f"Mixture {mixture.id} names {kind} {name}, and terms forbid all of it, "
                f"{concerned(part).told}: {part['barred'][0]}. Take {name} out of the "
                "mixture, change what it is for (use, publish), or state under terms: what else "
                "was agreed."
            )


def _refuse_conflict(
    part: pl.DataFrame, declared: Declared, mixture: Mixture, answers: pl.DataFrame | None
) -> None:
    stated = statements_of(part, declared, answers)
    if conflict := conflict_among(stated):
        told = "; ".join(f"{each.told} on {stated[each].told}" for each in conflict)
        raise TermsError(
            f"Mixture {mixture.id} is to be published, and licences of its rows cannot stand in "
            f"one set: {told}. Leave the recipes or sources of one of them out, or set publish: "
            "false."
        )


def _is_shallow(mixture: Mixture) -> pl.Expr:
    deepest = mixture.max_depth
    return pl.lit(True) if deepest is None else pl.col("depth") <= deepest


def takes_part(mixture: Mixture, on_request: Collection[str]) -> pl.Expr:
    """Whether a row's recipe or source has a part in a mixture."""
    is_real = pl.col("origin") == Origin.REAL.value
    of_source = pl.lit(True) if mixture.sources is None else pl.col("source").is_in(mixture.sources)
    if mixture.recipes is None:
        of_recipe = ~pl.col("recipe").is_in(list(on_request))
    else:
        of_recipe = pl.col("recipe").is_in(mixture.recipes)
    return pl.when(is_real).then(of_source).otherwise(of_recipe)
