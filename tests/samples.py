"""Sample rows to put stages to the test with."""

from dataclasses import replace

import polars as pl

from synth_assets.core.fingerprint import content_hash
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import Decision, Origin, Outcome


def real_row(name: str, prompt: str, response: str, source: str = "people", **other) -> Sample:
    """A human-written row with an id of the test's choice."""
    return replace(Sample.real(source, 0, prompt, response, "MIT"), sample_id=name, **other)


def synthetic_row(
    name: str, prompt: str, response: str, recipe: str = "math", teacher: str = "scholar", **other
) -> Sample:
    """A generated row with an id of the test's choice."""
    made = {"origin": Origin.SYNTHETIC, "recipe": recipe, "recipe_version": "0123abcd"}
    made |= {"technique": "problem_generation", "teacher": teacher, "synthetic_depth": 1}
    made |= {"content_hash": content_hash(prompt, response), "licence": "Apache-2.0"}
    row = Sample.real("seeds", 0, prompt, response, "MIT")
    return replace(row, sample_id=name, **made, **other)


def frame_of(*rows: Sample) -> pl.DataFrame:
    """Lay rows out."""
    return sample_frame(rows)


def decisions_of(decisions: pl.DataFrame) -> dict[str, Decision]:
    """Read decisions back by id."""
    return {
        row["sample_id"]: Decision(
            row["sample_id"],
            Outcome(row["outcome"]),
            row["reason"],
            row["score"],
            row["duplicate_of"],
            row["detail"],
            row["recipe"],
        )
        for row in decisions.iter_rows(named=True)
    }


def reasons_of(decisions: pl.DataFrame) -> dict[str, str | None]:
    """Id -> reason, None for kept rows."""
    return dict(decisions.select("sample_id", "reason").iter_rows())
