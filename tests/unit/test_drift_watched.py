"""Sequences of runs on real text, measured and judged as a project's are; cheap vectors."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.drift.compare import compare
from synth_assets.core.drift.measures import Against
from synth_assets.core.drift.schema import DRIFT_SCHEMA
from synth_assets.core.drift.sequence import judged
from tests.unit.drift_texts import WordBuckets, gsm8k_window, templated

_ROWS = 200


def _told(data: Path, runs: int, changed: Callable[[pl.DataFrame], pl.DataFrame], first: int):
    """What is told of runs that share no row, changed from the so-manieth on."""
    real, reference = (gsm8k_window(data, at * _ROWS, _ROWS) for at in (0, 1))
    history, told = DRIFT_SCHEMA.to_frame(), list[pl.DataFrame]()
    for run in range(1, runs + 1):
        rows = gsm8k_window(data, (run + 1) * _ROWS, _ROWS)
        others = {Against.EARLIER: reference, Against.REAL: real}
        window = changed(rows) if run >= first else rows
        told.append(judged(history, compare(window, others, WordBuckets(), moved=0)))
        history = pl.concat([history, told[-1]])
    return told


def _shortened(window: pl.DataFrame) -> pl.DataFrame:
    """Responses without their last three tenths."""
    kept = [text[: len(text) * 7 // 10] for text in window["response"]]
    return window.with_columns(pl.Series("response", kept))


def _one_teacher(window: pl.DataFrame) -> pl.DataFrame:
    """Of the three teachers one writes twice as much."""
    moved = (pl.col("teacher") == "teacher 1") & (pl.int_range(pl.len()) % 2 == 0)
    taken = pl.when(moved).then(pl.lit("teacher 0")).otherwise("teacher")
    return window.with_columns(taken.alias("teacher"))


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        (lambda rows: templated(rows, every=4), "opening"),
        (_shortened, "response_words"),
        (_one_teacher, "teacher"),
    ],
    ids=["template", "length", "teacher"],
)
def test_change_is_an_alarm_in_its_second_run_and_not_before(
    shared_data: Path, changed: Callable[[pl.DataFrame], pl.DataFrame], column: str
):
    told = _told(shared_data, 4, changed, first=3)
    assert [bool(run["alarm"].any()) for run in told] == [False, False, False, True]
    assert column in told[2].filter("suspect")["column"].to_list()
    assert column in told[3].filter("alarm")["column"].to_list()


def test_unchanged_runs_raise_no_alarm(shared_data: Path):
    told = _told(shared_data, 8, lambda rows: rows, first=99)
    assert [run["alarm"].sum() for run in told] == [0] * 8
    assert sum(bool(run["suspect"].any()) for run in told) <= 1
