"""One browser for each file of tests, a fresh page for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import WINDOW, open_browser, require_browser

# Against hangs alone: how long a page takes says how busy the machine is.
_PATIENCE_MS = 120_000
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(require_browser()) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(_PATIENCE_MS)
    yield context.new_page()
    context.close()
