"""Holding a finished training set to its mixture, independently of how it was composed."""

from fractions import Fraction

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.schema import Origin


def policy_faults(rows: pl.DataFrame, mixture: Mixture) -> tuple[str, ...]:
    """Say where a training set breaks its policy; nothing where it holds.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        mixture: the policy; the synthetic share and the cap are held within one row.
    """
    synthetic = rows.filter(pl.col("origin") == Origin.SYNTHETIC)
    real = rows.filter(pl.col("origin") == Origin.REAL)
    faults: list[str] = []
    if mixture.rows is not None and rows.height != mixture.rows:
        faults.append(f"{rows.height} rows instead of {mixture.rows}")
    wanted = Fraction(repr(mixture.synthetic_share)) * rows.height
    if abs(synthetic.height - wanted) > 1:
        faults.append(f"{synthetic.height} synthetic rows, where {float(wanted):g} are asked")
    cap = Fraction(repr(mixture.teacher_cap)) * synthetic.height
    for teacher, count in synthetic.group_by("teacher").len().sort("teacher").iter_rows():
        if count >= cap + 1:
            faults.append(f"{count} rows of teacher {teacher}, at most {float(cap):g} are allowed")
    for name, allowed, found in (
        ("recipe", mixture.recipes, synthetic["recipe"]),
        ("source", mixture.sources, real["source"]),
    ):
        for strange in sorted(set(found) - set(allowed)) if allowed is not None else ():
            faults.append(f"rows of {name} {strange}, which has no part in the mixture")
    for column in ("sample_id", "content_hash"):
        if repeated := rows.height - rows[column].n_unique():
            faults.append(f"{repeated} rows repeat the {column} of another")
    return tuple(faults)
