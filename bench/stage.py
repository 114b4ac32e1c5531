"""What the figures are measured on: the servers of one run, and the addresses and answers they are asked for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import asyncpg
import jwt

from bench.isso import Isso
from bench.load import Expected, Posts
from bench.seed import ISSUER, MODERATOR, ORIGIN, SIGNING_SECRET, SITE, SMALL
from bench.servers import Server
from bench.texts import POSTED

BELOW = f"/api/v1/sites/{SITE}"
ONE_COUNT = f"{BELOW}/counts?article=tenthousand"
THIRTY_COUNTS = f"{BELOW}/counts?" + "&".join(f"article={name}" for name in SMALL)
MARKERS = ('"comments":[', '"counts":{', '"items":[')  # one of them is in every answer


def page(article: str, query: str = "") -> str:
    """The address of a first page."""
    return f"{BELOW}/articles/{article}/comments{query}"


def article(name: str) -> str:
    """The address of an article."""
    return f"{BELOW}/articles/{name}"


class WrongAnswerError(Exception):
    """An answer before or after the load was not what the data set must give."""


@dataclass(frozen=True)
class Stage:
    """The servers of one run. `seconds` of one round; `floor` and `isso` are None in profiles."""

    folder: Path
    database_url: str
    service: Server
    floor: Server | None
    isso: Isso | None
    rounds: int
    seconds: float
    tokens: list[str]


def token(subject: str, name: str, site: str = SITE) -> str:
    """A publisher's token, good for 23 hours."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": site, "iat": now, "exp": now + 23 * 3600, "sub": subject, "name": name}
    return jwt.encode(claims, SIGNING_SECRET, algorithm="HS256", headers={"kid": "bench"})


def tokens(count: int = 200) -> list[str]:
    """Tokens of so many readers who were never here before."""
    return [token(f"reader-{number}", f"Poster {number}") for number in range(count)]


def moderator(site: str = SITE) -> str:
    """The token of a site's moderator."""
    return token(MODERATOR, "Moderator", site)


def signed_in(token: str | None, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every request sends, and whose it is."""
    return {"Origin": ORIGIN, **(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}


def fetch(server: Server, path: str, coding: str = "identity", token: str | None = None) -> bytes:
    """One answer as it comes over the wire; raises WrongAnswerError unless it is a 200 in that coding."""
    request = Request(server.url + path, headers=signed_in(token, {"Accept-Encoding": coding}))
    try:
        with urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
            found = answer.headers.get("Content-Encoding", "identity")
    except HTTPError as error:
        raise WrongAnswerError(f"{path}: {error.code} {error.read()[:300]!r}") from error
    if found != coding:
        raise WrongAnswerError(f"{path} came as {found}, not as {coding}")
    return body


def check_dressed(service: Server) -> None:
    """What production has on is on here: request ids, CORS and the access log; else WrongAnswerError."""
    request = Request(service.url + page("thousand"), headers={"Origin": ORIGIN, "X-Request-ID": "is-it-on"})
    with urlopen(request, timeout=30) as answer:
        named, allowed = answer.headers["X-Request-ID"], answer.headers["Access-Control-Allow-Origin"]
    if (named, allowed) != ("is-it-on", "*"):
        raise WrongAnswerError(f"the page came with request id {named} and CORS {allowed}")
    deadline = time.monotonic() + 5
    while '"is-it-on"' not in service.log.read_text():
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"the access log {service.log} does not have the page")
        time.sleep(0.05)


def fetch_page(server: Server, article: str, query: str = "", roots: int = 20) -> dict[str, Any]:
    """A first page, checked to have the shape that is measured: so many roots, 10 replies of one at most."""
    content: dict[str, Any] = json.loads(fetch(server, page(article, query)))
    replies = [len(root["replies"]["items"]) for root in content["comments"]]
    if len(replies) != roots or max(replies) != 10:
        raise WrongAnswerError(f"the first page of {article} has roots with {replies} replies")
    return content


def expected(
    server: Server, path: str, coding: str = "identity", *, slack: float = 0, token: str | None = None
) -> Expected:
    """What further answers must be like the one now: exactly as long, or within `slack` (0.5 is half to double)."""
    body = fetch(server, path, coding, token)
    marker = "" if coding != "identity" else next(marker for marker in MARKERS if marker.encode() in body)
    headers = signed_in(token, {"Accept-Encoding": coding})
    least, most = (len(body), len(body)) if not slack else (int(len(body) * slack), int(len(body) / slack))
    return Expected(least, most, marker, 200, headers)


CREATED = {"least": 400, "most": 5000, "status": 201}
_JSON_TEXT = POSTED.replace("\n", "\\n")


def service_posts(stage: Stage, article: str, run: str) -> tuple[Expected, Posts]:
    """Posts to one article: many readers, half of them replies to the roots of its first pages."""
    first = json.loads(fetch(stage.service, page(article, "?limit=100&replies=0")))
    parents = [f',"parent_id":"{root["id"]}"' for root in first["comments"]]
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    body = '{"text":"%s"%s}'
    return (
        Expected(**CREATED, marker='"status":"published"', headers=headers),
        Posts(run, body, _JSON_TEXT, parents, stage.tokens),
    )


def isso_posts(isso: Isso, run: str) -> tuple[Expected, Posts]:
    """The same posts in Isso's words."""
    parents = [f',"parent":{number}' for number in isso.root_ids()]
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    body = '{"author":"Reader","text":"%s"%s}'
    return Expected(**CREATED, marker='"id":', headers=headers), Posts(run, body, _JSON_TEXT, parents)


def stored_comments(stage: Stage, article: str) -> int:
    """How many published comments the article has in the table, counted."""
    sql = """SELECT count(*) FROM comments c JOIN articles a ON a.key = c.article_key
             WHERE a.external_id = $1 AND c.status = 'published'"""
    count: int = query(stage.database_url, sql, article)
    return count


def wait_until_followed(stage: Stage, patience: float = 120) -> None:
    """Until the log has taken every change; raises WrongAnswerError after `patience` seconds."""
    deadline = time.monotonic() + patience
    while query(stage.database_url, "SELECT count(*) FROM outbox"):
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"the log did not take all changes within {patience:.0f} s")
        time.sleep(0.1)


def query(url: str, sql: str, *arguments: object) -> Any:
    """One value from the database."""
    rows = rows_of(url, sql, *arguments)
    return rows[0][0] if rows else None


def rows_of(url: str, sql: str, *arguments: object) -> list[Any]:
    """Rows from the database."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    found: list[Any] = run(ask())
    return found


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run one coroutine to its end."""
    return asyncio.run(coroutine)
