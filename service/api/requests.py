"""What handlers take from a request: site, ids, parameters, body, and who is asking."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import orjson
from aiohttp import hdrs, web
from marshmallow import Schema, ValidationError

from service.api.bodies import read_json
from service.api.edge import ANSWER_HEADERS
from service.deps import Deps
from service.domain.articles import check_article_id
from service.domain.errors import (
    CommentNotFound,
    InvalidCursor,
    InvalidIdempotencyKey,
    NotFound,
    SiteNotFound,
    TokenInvalid,
    TokenMissing,
    ValidationFailed,
)
from service.domain.identity import Claims, Role
from service.domain.ids import parse_id
from service.domain.rows import Row
from service.domain.sites import SITE_NAME, Site
from service.domain.text import clean_line
from service.operations.authors import Author, authenticate, require_role
from service.operations.lists import Listed
from service.operations.sites import API_KEY, check_api_key, get_site
from service.settings import Network

DEPS = web.AppKey("deps", Deps)
IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,200}")


async def site_of(request: web.Request) -> Site:
    """The site the path names. Raises SiteNotFound."""
    name = request.match_info["site"]
    if not SITE_NAME.fullmatch(name):
        raise SiteNotFound
    return await get_site(request.app[DEPS], name)


def article_id_of(request: web.Request) -> str:
    """The article id the path names. Raises InvalidArticleId."""
    return checked_article_id(request.match_info["article_id"])


def checked_article_id(text: str) -> str:
    """The id itself. Raises InvalidArticleId."""
    check_article_id(text)
    return text


def comment_id_of(request: web.Request) -> UUID:
    """The comment id the path names. Raises CommentNotFound: what is no id names no comment."""
    try:
        return parse_id(request.match_info["comment_id"])
    except ValueError:
        raise CommentNotFound from None


def id_of(request: web.Request, name: str) -> UUID:
    """An id that the path names. Raises NotFound: what is no id names nothing."""
    try:
        return parse_id(request.match_info[name])
    except ValueError:
        raise NotFound from None


def whole_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A query parameter that is a whole number in a range. Raises ValidationFailed."""
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not low <= int(text) <= high:
        raise ValidationFailed({name: [f"A whole number from {low} to {high}."]})
    return int(text)


def choice(request: web.Request, name: str, choices: tuple[str, ...]) -> str:
    """A query parameter that is one of a few words; the first is the default. Raises ValidationFailed."""
    text = request.query.get(name, choices[0])
    if text not in choices:
        raise ValidationFailed({name: [f"One of {', '.join(choices)}."]})
    return text


def text_parameter(request: web.Request, name: str, longest: int) -> str | None:
    """A query parameter that is a line of text, as texts are stored. Raises ValidationFailed, InvalidText."""
    text = request.query.get(name)
    if text is None:
        return None
    line = clean_line(text)
    if not 1 <= len(line) <= longest:
        raise ValidationFailed({name: [f"1 to {longest} characters."]})
    return line


def time_parameter(request: web.Request, name: str) -> datetime | None:
    """A query parameter that is a time with its zone. Raises ValidationFailed."""
    text = request.query.get(name)
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and 1900 < moment.year < 9999:
            return moment
    raise ValidationFailed({name: ["A time like 2026-01-31T12:00:00.000Z."]})


def id_parameter(request: web.Request, name: str) -> UUID | None:
    """A query parameter that is an id. Raises ValidationFailed."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return parse_id(text)
    except ValueError:
        raise ValidationFailed({name: ["Not an id."]}) from None


def cursor_of(request: web.Request) -> str | None:
    """The cursor, if there is one. Raises InvalidCursor for an empty one."""
    cursor = request.query.get("cursor")
    if cursor == "":
        raise InvalidCursor
    return cursor


async def body_of(request: web.Request, schema: Schema) -> dict[str, Any]:
    """The JSON body as the schema has it. Raises ValidationFailed and what read_json raises."""
    return validated(schema, await read_json(request))


def validated(schema: Schema, document: object) -> dict[str, Any]:
    """A document as the schema has it. Raises ValidationFailed."""
    try:
        loaded: dict[str, Any] = schema.load(document)  # type: ignore[arg-type]  # marshmallow names what is no object
    except ValidationError as error:
        raise ValidationFailed(flat(error.messages)) from None
    return loaded


def flat(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as field → messages, nested fields by dots."""
    if isinstance(messages, list):
        return {prefix or "_schema": [str(message) for message in messages]}
    found: dict[str, list[str]] = {}
    for name, nested in messages.items():
        found.update(flat(nested, f"{prefix}.{name}" if prefix else str(name)))
    return found


def bearer_of(request: web.Request) -> str:
    """What the request is authorised by. Raises TokenMissing, TokenInvalid."""
    header = request.headers.getall(hdrs.AUTHORIZATION, ())
    if not header:
        raise TokenMissing
    scheme, _, token = header[0].partition(" ")
    if len(header) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise TokenInvalid("Send one header: Authorization: Bearer TOKEN.")
    return token.strip()


async def claims_of(request: web.Request, site: Site) -> Claims:
    """Who is asking. Raises TokenMissing, TokenInvalid, TokenExpired."""
    return await authenticate(request.app[DEPS], site, bearer_of(request))


async def staff_of(request: web.Request, least: Role = Role.MODERATOR) -> tuple[Site, Author]:
    """The site and who is asking, who must have this role or a higher one.

    Raises Forbidden, Banned, and what claims_of does.
    """
    site = await site_of(request)
    return site, await require_role(request.app[DEPS], site, await claims_of(request, site), least)


async def publisher_of(request: web.Request) -> tuple[Site, int | None]:
    """The site and the admin who is asking, nobody where it is the publisher's server with an API key.

    Raises Forbidden, Banned, and what claims_of does.
    """
    site, token = await site_of(request), bearer_of(request)
    if token.startswith(API_KEY):
        await check_api_key(request.app[DEPS], site, token)
        return site, None
    claims = await authenticate(request.app[DEPS], site, token)
    return site, (await require_role(request.app[DEPS], site, claims, Role.ADMIN)).key


def idempotency_key_of(request: web.Request) -> str | None:
    """The Idempotency-Key, bare or quoted. Raises InvalidIdempotencyKey."""
    sent = request.headers.getall("Idempotency-Key", ())
    if not sent:
        return None
    key = sent[0]
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(sent) > 1 or not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidIdempotencyKey
    return key


def client_address(request: web.Request) -> str:
    """The client's network address: the peer, or what the configured proxies say is behind them.

    X-Forwarded-For is read from the right, as each proxy appends whom it heard from; only proxies of ours are believed.
    """
    address = peer_address(request)
    trusted = request.app[DEPS].settings.trusted_proxies
    if not trusted:
        return address
    chain = [part.strip() for value in request.headers.getall("X-Forwarded-For", ()) for part in value.split(",")]
    while chain and is_trusted(address, trusted):
        candidate = chain.pop()
        if not is_address(candidate):
            break
        address = candidate
    return address


def peer_address(request: web.Request) -> str:
    """Who is connected; a loopback address for a Unix socket."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if isinstance(peer, tuple) else "127.0.0.1"


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    """Whether an address belongs to a configured proxy."""
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in trusted)


def limit_headers(request: web.Request, headers: dict[str, str]) -> None:
    """Put RateLimit headers on whatever the answer turns out to be."""
    request.setdefault(ANSWER_HEADERS, {}).update(headers)


def listed(found: Listed, shape: Callable[[Row], Any]) -> web.Response:
    """A page of a list, each row in its shape."""
    return json_response({"items": [shape(row) for row in found.items], "next_cursor": found.next_cursor})


def json_response(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A private JSON answer."""
    return web.Response(
        body=orjson.dumps(document), status=status, content_type="application/json", charset=None, headers=headers
    )
