"""The service in this process on a real port, and a client that speaks to it as a publisher's page would."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web

from service.api.requests import DEPS
from service.api.server import make_runner
from service.app import create_app
from service.deps import Deps
from service.domain.identity import Role
from service.domain.sites import Site
from service.operations.authors import issue_token
from service.operations.sites import change_settings, create_site, get_site
from service.settings import Settings

numbers = itertools.count(1)


def canary() -> str:
    """A word found nowhere else."""
    return f"canary{uuid.uuid4().hex[:16]}"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any
    asked_at: float = float("-inf")  # monotonic seconds
    served_by: object = None  # the parts of the service that answered, None when it is another process


@dataclass
class Service:
    """A running service."""

    deps: Deps
    url: str
    session: aiohttp.ClientSession

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        **options: Any,
    ) -> Answer:
        """One request; `path` from /."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if json is not None:
            options["json"] = json
        asked_at = time.monotonic()
        async with self.session.request(method, self.url + path, headers=sent, **options) as response:
            body = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "") and body
            parsed = await response.json(content_type=None) if is_json else None
            answer = Answer(response.status, response.headers, body, parsed, asked_at, PARTS.get(self.url))
            for watch in WATCHERS:
                watch(method, path, answer)
            return answer

    async def new_site(self, **settings: Any) -> SiteClient:
        """A site of the test's own, open to guests and with the given settings."""
        name = f"s{next(numbers)}"
        await create_site(self.deps, name, settings)
        return SiteClient(self, name)


Watcher = Callable[[str, str, Answer], None]
PARTS: dict[str, Deps] = {}  # of the services in this process, by their addresses
WATCHERS: list[Watcher] = []  # look at every answer the suite receives (contract, canaries)


@dataclass
class SiteClient:
    """One site, through its public surface where there is one."""

    service: Service
    name: str

    @property
    def path(self) -> str:
        return f"/api/v1/sites/{self.name}"

    async def site(self) -> Site:
        """The site as operations take it."""
        self.service.deps.sites.forget(self.name)
        return await get_site(self.service.deps, self.name)

    async def set(self, **settings: Any) -> None:
        """Change settings, in force in this process at once."""
        await change_settings(self.service.deps, await self.site(), settings)
        self.service.deps.sites.forget(self.name)

    async def token(self, name: str = "Ada", role: Role = Role.READER) -> str:
        """A command-line token; another name is another person."""
        return await issue_token(self.service.deps, await self.site(), name=name, subject=f"test:{name}", role=role)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.service.request("GET", self.path + path, **options)

    async def post(self, path: str, json: Any, **options: Any) -> Answer:
        return await self.service.request("POST", self.path + path, json=json, **options)

    async def put(self, path: str, json: Any, **options: Any) -> Answer:
        return await self.service.request("PUT", self.path + path, json=json, **options)

    async def patch(self, path: str, json: Any, **options: Any) -> Answer:
        return await self.service.request("PATCH", self.path + path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.service.request("DELETE", self.path + path, **options)

    async def comment(
        self,
        article: str,
        text: str | None = None,
        *,
        parent: str | None = None,
        token: str | None = None,
        **options: Any,
    ) -> Answer:
        """Post a comment (unique words by default, which tests/canaries.py looks for while they are hidden)."""
        body: dict[str, Any] = {"text": text if text is not None else f"Comment number {next(numbers)}, {canary()}."}
        if parent is not None:
            body["parent_id"] = parent
        return await self.post(f"/articles/{article}/comments", body, token=token or await self.token(), **options)

    async def posted(self, article: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Post a comment that must be taken; the comment."""
        answer = await self.comment(article, *args, **kwargs)
        assert answer.status in (201, 202), answer.body
        comment: dict[str, Any] = answer.json
        return comment

    async def page(self, article: str, query: str = "") -> dict[str, Any]:
        """A page of an article."""
        answer = await self.get(f"/articles/{article}/comments{query}")
        assert answer.status == 200, answer.body
        page: dict[str, Any] = answer.json
        return page

    async def count(self, article: str) -> int:
        """An article's count."""
        answer = await self.get(f"/counts?article={article}")
        assert answer.status == 200, answer.body
        number: int = answer.json["counts"][article]
        return number

    async def walk(
        self, article: str, *, sort: str = "newest", limit: int = 100, replies: int = 50
    ) -> list[dict[str, Any]]:
        """Everything the public sees of an article, page by page: each root followed by its replies."""
        seen: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = f"?sort={sort}&limit={limit}&replies={replies}" + (f"&cursor={cursor}" if cursor else "")
            page = await self.page(article, query)
            for root in page["comments"]:
                seen.append(root)
                seen.extend(root["replies"]["items"])
                rest = root["replies"]["next_cursor"]
                while rest:
                    answer = await self.get(f"/comments/{root['id']}/replies?limit={limit}&cursor={rest}")
                    assert answer.status == 200, answer.body
                    seen.extend(answer.json["items"])
                    rest = answer.json["next_cursor"]
            cursor = page["next_cursor"]
            if cursor is None:
                return seen


def as_id(text: str) -> UUID:
    """An id as operations take it."""
    return UUID(text)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 5.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running_service(settings: Settings, *, with_demo: bool = False) -> AsyncIterator[Service]:
    """The service on a loopback port of the kernel's choice, ready."""
    app = create_app(settings, with_demo=with_demo)
    runner = make_runner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession(auto_decompress=True) as session:
            service = Service(app[DEPS], f"http://127.0.0.1:{port}", session)
            PARTS[service.url] = service.deps

            async def ready() -> bool:
                return (await service.request("GET", "/readyz")).status == 200

            await until(ready)
            yield service
    finally:
        await runner.cleanup()
