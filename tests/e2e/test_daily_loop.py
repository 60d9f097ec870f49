"""The daily loop in the running product: all is made, a prompt edited, and what it left filled."""

import re
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.dagster_api import FILLED, missing
from tests.e2e.daily_loop import (
    ADDED,
    EDITED,
    SAMPLES,
    Loop,
    compare,
    edit,
    fill_what_is_missing,
    materialize_all,
    open_loop,
    see_what_is_missing,
    see_what_is_out_of_date,
    see_why,
)

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def no_picture(page: Page, name: str) -> None:
    return


def bought(loop: Loop, key: str) -> int:
    """Calls that a recipe version was filled with, those from the ledger left out."""
    calls = pl.read_parquet(loop.own.home / "calls" / f"{key}.parquet", glob=False)
    return calls.filter(~pl.col("from_ledger")).height


def test_edit_is_seen_explained_filled_and_compared_in_the_ui(page: Page, tmp_path: Path):
    with open_loop(tmp_path) as loop:
        materialize_all(page, loop, no_picture)
        old = loop.project.partition("raw_generations", EDITED)
        before, served = loop.files(), len(loop.server.served)
        edit(loop)
        see_what_is_missing(page, loop, no_picture)
        see_why(page, loop, no_picture)
        left = {asset: sorted(missing(loop.project, asset)) for asset in FILLED}
        fill_what_is_missing(page, loop, no_picture)
        see_what_is_out_of_date(page, loop, no_picture)
        compare(page, loop, no_picture)
        added, new = left["seeds"]
        shown = page.get_by_role("dialog")
        expect(shown).to_contain_text(f"{old} and {new}")
        expect(shown).to_contain_text(re.compile(rf"planned\s*{SAMPLES}\s*{SAMPLES}"))

    assert left == {asset: [added, new] for asset in FILLED}
    assert [key.partition("~")[0] for key in left["seeds"]] == [ADDED, EDITED]
    assert bought(loop, new) == 2 * SAMPLES
    assert len(loop.server.served) - served == bought(loop, new) + bought(loop, added)
    assert {path: what for path, what in loop.files().items() if path in before} == before
