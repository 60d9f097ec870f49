"""An asset's Partitions tab in the Dagster UI."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.project import Project

TO_TOP = "value => value.previousElementSibling.scrollIntoView({block: 'start'})"
"""Scrolls to an entry's name: long values are wider than the page, which would scroll aside."""


def open_partition(page: Page, project: Project, asset: str, name: str) -> str:
    """Choose a partition in the asset's Partitions tab, and return its key."""
    key = project.partition(asset, name)
    page.goto(f"{project.dagster}/assets/{asset}?view=partitions")
    page.get_by_text(key, exact=True).first.click()
    expect(page.get_by_text("Latest materialization")).to_be_visible()
    expect(entry(page, "path")).to_contain_text(f"{asset}/{key}.parquet")
    return key


def entry(page: Page, name: str) -> Locator:
    """The value of a metadata entry of the materialization that is shown."""
    return page.locator(f"xpath=//tr[td[1][normalize-space()='{name}']]/td[2]").first
