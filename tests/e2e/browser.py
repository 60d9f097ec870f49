"""The browser of this machine."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

WINDOW = ViewportSize(width=1600, height=1000)
"""In narrower ones Dagster shortens the names of partitions."""


class NoBrowserError(Exception):
    """None of the browsers that would do is installed."""


def find_browser() -> str:
    """Path of the browser."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    raise NoBrowserError(f"no browser: install one of {', '.join(_NAMES)}")


def require_browser() -> str:
    """Path of the browser; without one a local run skips, and CI fails, as a skip would hide it."""
    try:
        return find_browser()
    except NoBrowserError as exc:
        if os.environ.get("CI") == "true":
            pytest.fail(str(exc))
        pytest.skip(str(exc))


@contextmanager
def open_browser(path: str) -> Generator[Browser]:
    """A headless browser, closed afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
