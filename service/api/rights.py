"""People's rights over HTTP: taking everything about oneself along, and being forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import orjson
from aiohttp import hdrs, web

from service.api import present
from service.api.edge import EDGE
from service.api.requests import DEPS, claims_of, client_address, id_of, json_response, site_of
from service.deps import Deps
from service.domain.ids import created_at_of
from service.domain.rows import Row
from service.domain.sites import Site
from service.domain.times import rfc3339
from service.operations.authors import Author
from service.operations.rights import LISTS, each_exported, erase_me, erasure_state, may_export, read_export

CHUNK = 64 * 1024  # bytes before something is sent


async def delete_me(request: web.Request) -> web.Response:
    """Erase everything about oneself.

    The name is gone at once, the rest within a minute: pictures, labels, addresses, notes, edits. Comments stay without
    a name, or are deleted, as the site has set; replies of others stay. Tokens issued until now are refused, but for
    asking how far it is. Whoever signs in again is somebody new; a ban outlives this.
    """
    site = await site_of(request)
    erase_id = await erase_me(request.app[DEPS], site, await claims_of(request, site))
    return json_response({"erase_id": str(erase_id)}, 202)


async def get_erasure(request: web.Request) -> web.Response:
    """How far one's own erasure is."""
    site = await site_of(request)
    claims = await claims_of(request, site)
    state = await erasure_state(request.app[DEPS], site, claims, id_of(request, "erase_id"))
    return json_response({"state": state})


async def get_export(request: web.Request) -> web.StreamResponse:
    """Everything that is stored of oneself.

    Written as it is read, in small batches; what changes meanwhile may be in it or not.
    """
    site = await site_of(request)
    deps = request.app[DEPS]
    author = await may_export(deps, site, await claims_of(request, site), client_address(request))
    chunks = export_chunks(deps, site, author)
    chunk = await anext(chunks)  # what fails here is still answered as a problem
    response = web.StreamResponse()
    response.headers[hdrs.CONTENT_TYPE] = "application/json"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="discuss-{site.name}.json"'
    request.app[EDGE].dress(request, response.headers)
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        await response.write(chunk)
        async for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


async def export_chunks(deps: Deps, site: Site, author: Author) -> AsyncIterator[bytes]:
    """The document in pieces of bounded size."""
    known = await read_export(deps, author)
    buffer = bytearray(orjson.dumps(exported_person(known, site))[:-1])
    for name in LISTS:
        buffer += b',"%s":[' % name.encode()
        comma = b""
        async for rows in each_exported(deps, author, name):
            for row in rows:
                buffer += comma + orjson.dumps(PRESENTED[name](row))
                comma = b","
                if len(buffer) >= CHUNK:
                    yield bytes(buffer)
                    buffer.clear()
        buffer += b"]"
    yield bytes(buffer + b"}")


def exported_person(row: Row, site: Site) -> dict[str, Any]:
    """The head of the document."""
    names = ("issuer", "subject", "name", "avatar_url", "roles", "granted_role", "labels", "guest")
    return {
        "site": site.name,
        "exported_at": rfc3339(row["now"]),
        "author": {
            "id": str(row["id"]),
            **{name: row[name] for name in names},
            "created_at": rfc3339(row["created_at"]),
            "revoked_before": rfc3339(row["revoked_before"]),
        },
        "ban": present.running_ban(row["banned_until"], row["ban_reason"], row["now"]),
        "idempotency_keys": row["idempotency_keys"],
        "recent_texts": row["recent_texts"],
    }


def exported_comment(row: Row) -> dict[str, Any]:
    """A comment with every wording."""
    return {
        "id": str(row["id"]),
        "article_id": row["article_id"],
        "parent_id": present.identifier(row["parent_id"]),
        "status": row["status"],
        "featured": row["featured"],
        "created_at": rfc3339(created_at_of(row["id"])),
        "edited_at": rfc3339(row["edited_at"]),
        "deleted_at": rfc3339(row["deleted_at"]),
        "votes": {"up": row["up"], "down": row["down"], "score": row["up"] - row["down"]},
        "held_by": row["held_by"],
        "source": row["source"],
        "revisions": [
            {**revision, "created_at": rfc3339(datetime.fromisoformat(revision["created_at"]))}
            for revision in row["revisions"]
        ],
    }


def exported_decision(row: Row) -> dict[str, Any]:
    """A decision, without who decided."""
    return {
        "comment_id": present.identifier(row["comment_id"]),
        "action": row["action"],
        "from": row["from_status"],
        "to": row["to_status"],
        "check": row["check_name"],
        "reason": row["reason"],
        "created_at": rfc3339(row["created_at"]),
    }


def taken(*names: str) -> Callable[[Row], dict[str, Any]]:
    """These columns of a row as they are: ids as text, times as the contract has them."""

    def present_row(row: Row) -> dict[str, Any]:
        shown = {}
        for name in names:
            value = row[name]
            if name.endswith(("_at", "_seen")):
                value = rfc3339(value)
            elif name == "id" or name.endswith("_id"):
                value = present.identifier(value)
            shown[name] = value
        return shown

    return present_row


PRESENTED: dict[str, Callable[[Row], dict[str, Any]]] = {
    "comments": exported_comment,
    "votes": taken("comment_id", "value"),
    "flags": taken("comment_id", "reason", "note", "state", "created_at"),
    "notices": taken(
        *("id", "comment_id", "explanation", "legal_ground", "name", "contact", "state", "created_at", "answered_at")
    ),
    "appeals": taken("comment_id", "text", "state", "created_at", "decided_at"),
    "notifications": taken("type", "comment_id", "reason", "created_at"),
    "decisions": exported_decision,
    "addresses": taken("first_seen", "last_seen"),
}
