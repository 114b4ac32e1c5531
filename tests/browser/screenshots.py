"""`make screenshots`: the pictures in docs/images/, of the demo as `make run` starts it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from service.embedded import free_port
from tests.browser.engine import running_browser
from tests.processes import ROOT

from playwright.async_api import Page, ViewportSize  # isort: skip (after the engine, which says so when it is missing)

IMAGES = ROOT / "docs" / "images"
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CONSOLES = (("desktop", "light"), ("phone", "dark"))
ABOVE = 130  # pixels of the story that are seen above the section


@contextmanager
def running_demo() -> Iterator[str]:
    """`make run` in a folder of its own; its address."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL, which never runs as root, must come through
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "run"],
            env={**os.environ, "DISCUSS_PORT": str(port), "DISCUSS_DATA": f"{folder}/data"},
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None and not answers(f"{address}/readyz"):
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait()


def answers(address: str) -> bool:
    """Whether somebody answers there, and well."""
    try:
        with urllib.request.urlopen(address) as response:
            return bool(response.status == 200)
    except urllib.error.URLError:
        return False


async def take_front(page: Page, name: str) -> None:
    """The front page, with its counts."""
    await page.locator("discuss-count:not(:empty)").last.wait_for()
    await page.screenshot(path=IMAGES / f"front-{name}.png")


async def take_discussion(page: Page, name: str) -> None:
    """What stands below the first story."""
    await page.get_by_role("link", name="The last lighthouse keeper").click()
    await page.locator("discuss-thread").evaluate("(element) => element.scrollIntoView()")
    await page.get_by_label("Order of comments").select_option("top")
    await page.locator("discuss-thread article").first.wait_for()
    await page.evaluate(f"scrollBy(0, -{ABOVE})")
    await page.screenshot(path=IMAGES / f"discussion-{name}.png")


async def take_console(page: Page, name: str) -> None:
    """What moderators work at, after signing in at the newspaper's page."""
    await page.goto(f"{page.url.rstrip('/')}/console/demo/queue?queue=flagged")
    await page.get_by_role("button", name="Sign in at").click()
    await page.get_by_role("button", name="Max, a moderator").click()
    await page.locator(".rows .row").first.wait_for()
    if name.startswith("phone"):
        await page.locator(".rows .row").first.click()
    await page.locator(".item .context").wait_for()
    await page.screenshot(path=IMAGES / f"console-{name}.png")


async def take_dashboard(page: Page) -> None:
    """How the demo's last day went."""
    await page.get_by_role("link", name="Dashboard").click()
    await page.locator(".tile .value", has_text=re.compile(r"[1-9]\d")).first.wait_for()
    await page.screenshot(path=IMAGES / "console-dashboard.png")


async def take_all(address: str) -> None:
    """Both pages on a desk and on a phone, the discussion also in the dark; the console."""
    async with running_browser() as browser:
        for size, viewport in SIZES.items():
            for scheme in SCHEMES:
                on_phone = size == "phone"
                page = await browser.new_page(
                    viewport=viewport, color_scheme=scheme, has_touch=on_phone, is_mobile=on_phone
                )
                await page.goto(address)
                if scheme == "light":
                    await take_front(page, size)
                await take_discussion(page, f"{size}-{scheme}")
                await page.goto(address)
                if (size, scheme) in CONSOLES:
                    await take_console(page, size)
                if (size, scheme) == ("desktop", "light"):
                    await take_dashboard(page)
                await page.close()


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    with running_demo() as started:
        asyncio.run(take_all(started))
