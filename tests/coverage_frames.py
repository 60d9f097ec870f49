"""Frames of a recipe version that was filled, as coverage reads them."""

import json
from collections.abc import Mapping, Sequence

import polars as pl

from synth_assets.core.schema import CALL_SCHEMA, PLAN_SCHEMA, Stage
from synth_assets.resources.coverage import FilledVersion
from tests.samples import frame_of, synthetic_row


def plan_of(drawn: Sequence[Mapping[str, str]], teachers: Sequence[str] = ()) -> pl.DataFrame:
    """A planned sample for each, whose first request is `ask-0`, `ask-1` and so on."""
    asked = teachers or ["writer"] * len(drawn)
    rows = [
        (f"s{at}", "seed", 0, f"ask-{at}", asked[at], "m", "{}", "h", json.dumps(dict(each)), at)
        for at, each in enumerate(drawn)
    ]
    return pl.DataFrame(rows, schema=PLAN_SCHEMA, orient="row")


def calls_of(asked: Mapping[str, tuple[str, str]]) -> pl.DataFrame:
    """Fingerprint -> step and teacher."""
    rows = [
        {"fingerprint": name, "step": step, "teacher": teacher}
        for name, (step, teacher) in asked.items()
    ]
    return pl.DataFrame(rows, schema=CALL_SCHEMA)


def rows_of(*rows: tuple[int, Mapping[str, str]], asked: Sequence[Sequence[str]] = ()):
    """Rows of planned samples: position and attributes; `asked` are the requests of each."""
    return frame_of(
        *(
            synthetic_row(
                f"piece-{at}",
                f"P{at}",
                "R",
                position=position,
                attributes=json.dumps(dict(attributes)),
                request_fingerprints=tuple(asked[at]) if asked else (),
            )
            for at, (position, attributes) in enumerate(rows)
        )
    )


def filled_of(
    plan: pl.DataFrame,
    verified: pl.DataFrame,
    kept: pl.DataFrame | None = None,
    calls: pl.DataFrame | None = None,
) -> FilledVersion:
    """A version of which everything that was made was verified."""
    left = verified if kept is None else kept
    asked = calls_of({}) if calls is None else calls
    return FilledVersion(plan, asked, verified, verified, left, Stage.VERIFY)
