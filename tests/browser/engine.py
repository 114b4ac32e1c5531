"""The browser these tests drive: Playwright for Python and a Chromium of this machine.

Where one of them is missing, whoever imports this is skipped and says why; with REQUIRE_ALL=1 that is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import pytest

FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


def do_without(reason: str) -> NoReturn:
    """Skip what needs a browser, or fail where nothing may be skipped."""
    if os.environ.get("REQUIRE_ALL") == "1":
        raise RuntimeError(reason)
    pytest.skip(reason, allow_module_level=True)


try:
    from playwright.async_api import Browser, async_playwright
except ImportError:
    do_without("Playwright is not installed: `make test` installs it when there is a Chromium")

CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
if CHROMIUM is None:
    do_without("no Chromium was found: apt install chromium, or set CHROMIUM to its path")


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A Chromium without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
