"""Readers with real browsers, article pages on an origin of their own, and the service in processes of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest_asyncio

from service.app import close_parts, make_deps, open_parts
from tests.client import Service, SiteClient
from tests.conftest import Cluster
from tests.processes import serving


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Any]:
    """One Chromium for all tests of this process; each reader has a context of their own."""
    from tests.browser.engine import running_browser

    async with running_browser() as started:
        yield started


@pytest_asyncio.fixture(scope="module")
async def service(cluster: Cluster) -> AsyncIterator[Service]:
    """The service as operators run it, with two workers; the parts in this process make sites and tokens."""
    deps = make_deps(cluster.settings)
    await open_parts(deps)
    try:
        async with (
            serving(cluster.settings, "--workers", "2") as process,
            aiohttp.ClientSession(auto_decompress=True) as session,
        ):
            yield Service(deps, process.url, session)
    finally:
        await close_parts(deps)


@pytest_asyncio.fixture(scope="module")
async def press(service: Service) -> AsyncIterator[Any]:
    """The publisher's server."""
    from tests.browser.press import running_press

    async with running_press(service.url) as started:
        yield started


@pytest_asyncio.fixture
async def site(service: Service, press: Any) -> SiteClient:
    """A site whose articles are on the publisher's server; it trusts its guests."""
    return await service.new_site(
        guests=True, guest_moderation="post", guest_votes=True, max_links=10, allowed_origins=[press.origin]
    )


@pytest_asyncio.fixture
async def readers(browser: Any, press: Any, site: SiteClient) -> AsyncIterator[Any]:
    """Readers of the site; whatever goes wrong in their browsers and is not allowed fails the test."""
    from tests.browser.section import Readers

    opened = Readers(browser, press, site)
    try:
        yield opened
    finally:
        await opened.leave()


@pytest_asyncio.fixture
async def reader(readers: Any) -> Any:
    """One reader at a desk."""
    return await readers.new()
