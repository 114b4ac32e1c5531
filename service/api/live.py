"""Live streams over HTTP: server-sent events, framed here once for all their readers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from random import randint
from typing import Any

import orjson
from aiohttp import HttpVersion11, hdrs, web

from service.api import present
from service.api.edge import EDGE
from service.api.pages import charge_read
from service.api.requests import (
    DEPS,
    article_id_of,
    bearer_of,
    claims_of,
    client_address,
    site_of,
    staff_of,
)
from service.deps import Deps
from service.domain.errors import Unavailable, ValidationFailed
from service.domain.identity import Role
from service.domain.live import ALWAYS, Burst
from service.operations.authors import read_me
from service.operations.live import (
    Bearer,
    Change,
    Changes,
    Moderation,
    Personal,
    read_decisions,
    read_missed,
    read_told,
    start_moderation,
    start_personal,
    start_stream,
)

SOON_SECONDS = 0.05
RETRY = (2000, 8000)  # milliseconds: readers of a process that stops come back one by one
SEND_BUFFER = 64 * 1024  # bytes the kernel keeps for a reader; its own choice would be megabytes
LATEST = 2**63 - 1  # the highest position there can be
HEADERS = {hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"}
RESET = b'event: reset\ndata: {"reason":"too_old"}\n\n'

# Reads what a stream missed after a position: what to write, and the position reached; None to ask again soon.
Missed = Callable[[int], Awaitable[tuple[Burst | None, int] | None]]


async def get_article_events(request: web.Request) -> web.StreamResponse:
    """What happens on an article, live (server-sent events).

    - `comment.published`, `comment.updated` `{"comment", "comment_count"}`: put the comment where it belongs, by `id`
    - `comment.removed` `{"id", "root_id", "parent_id", "tombstone", "comment_count"}`: show the tombstone, or nothing
      where it is null
    - `article.updated` `{"article"}`
    - `count` `{"article_id", "comment_count"}`
    - `reset` `{"reason": "too_old"}`: the id is older than what is kept; read the page again

    `id` is a position in the event log. Send the last one (or the page's `last_event_id`) as `Last-Event-ID` or
    `after` to go on without a gap; without one the stream starts now. What happens within a quarter of a second comes
    together.
    """
    site, article_id, after = await site_of(request), article_id_of(request), position_of(request)
    if request.method == hdrs.METH_HEAD:
        return web.Response(headers=HEADERS)
    deps = request.app[DEPS]
    await charge_read(request, deps)
    with deps.streams.place(client_address(request)):
        start = await start_stream(deps, site, article_id, after)
        resuming = after is not None and not start.lost

        async def missed(position: int) -> tuple[Burst | None, int] | None:
            nonlocal resuming
            now = start if start.article_key is not None else await start_stream(deps, site, article_id, position)
            if now.article_key is None:
                return None, now.end
            found = await read_missed(deps, now.article_key, position, resuming=resuming)
            if found is None:
                return None
            changes, reached = found
            resuming = False
            return encode(changes) if changes else None, reached

        topic = ("article", site.name, article_id)
        return await stream(request, topic, start.position, missed, look=resuming, lost=start.lost)


async def get_my_events(request: web.Request) -> web.StreamResponse:
    """What one is told of, live (server-sent events): what /me/notifications has, event name = type.

    Ends with the token. `Last-Event-ID` and `after` as for an article's stream.
    """
    site, after = await site_of(request), position_of(request)
    author, _ = await read_me(request.app[DEPS], site, await claims_of(request, site))
    if request.method == hdrs.METH_HEAD:
        return web.Response(headers=HEADERS)
    deps = request.app[DEPS]
    with deps.streams.place(client_address(request)):
        bearer = Bearer(site.name, bearer_of(request), author.key, Role.READER)
        start = await start_personal(deps, after)

        async def missed(position: int) -> tuple[Burst | None, int]:
            told, reached = await read_told(deps, author, position)
            return encode(Personal(site, told)) if told else None, reached

        topic = ("me", str(author.key))
        return await stream(request, topic, start.position, missed, look=after is not None, bearer=bearer)


async def get_moderation_events(request: web.Request) -> web.StreamResponse:
    """Decisions and the queues' counts, live (server-sent events).

    `decision.made` has the decision; `queue.counts`, what /moderation/counts says, comes without an id when it changed.
    Ends with the token, the role or a ban. `Last-Event-ID` and `after` as for an article's stream.
    """
    site, author = await staff_of(request)
    after = position_of(request)
    if request.method == hdrs.METH_HEAD:
        return web.Response(headers=HEADERS)
    deps = request.app[DEPS]
    with deps.streams.place(client_address(request)):
        bearer = Bearer(site.name, bearer_of(request), author.key, Role.MODERATOR)
        start = await start_moderation(deps, site, after)

        async def missed(position: int) -> tuple[Burst | None, int]:
            told, reached = await read_decisions(deps, site, position)
            return encode(Moderation(told)) if told else None, reached

        look = after is not None and not start.lost
        topic = ("moderation", site.name)
        return await stream(request, topic, start.position, missed, look=look, lost=start.lost, bearer=bearer)


async def stream(
    request: web.Request,
    topic: tuple[str, ...],
    position: int,
    missed: Missed,
    *,
    look: bool,
    lost: bool = False,
    bearer: Bearer | None = None,
) -> web.StreamResponse:
    """Answer with a stream: what was missed after a position, then whatever is broadcast, until somebody ends it.

    `look`: something may have been missed; `lost`: something was, for good.
    """
    streams, response = request.app[DEPS].streams, web.StreamResponse(headers=HEADERS)
    request.app[EDGE].dress(request, response.headers)
    transport = request.transport
    if transport is None:
        raise ConnectionResetError
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    await response.prepare(request)
    await response.write(b"retry: %d\n\n" % randint(*RETRY) + (RESET if lost else b""))
    streams.resets += lost
    listening = streams.listen(topic, transport, position, chunks=request.version >= HttpVersion11, bearer=bearer)
    try:
        while look or listening.position < heard(request.app[DEPS], topic):
            found = await missed(listening.position)
            if look := found is None:
                await asyncio.sleep(SOON_SECONDS)
                continue
            burst, listening.position = found
            if burst is not None:
                await response.write(burst.whole)
                streams.sent += len(burst.frames)
        if topic[0] == "me" and streams.told is None:
            streams.told = listening.position
        listening.ready = True
        await listening.ended
    except Unavailable:
        pass  # its reader comes back with the id it has
    finally:
        streams.drop(listening)
    return response


def heard(deps: Deps, topic: tuple[str, ...]) -> int:
    """The position that other streams were told, or will be told, up to."""
    return (deps.streams.told if topic[0] == "me" else deps.tail.position) or 0


def position_of(request: web.Request) -> int | None:
    """The id a stream goes on after: the header, or the parameter. Raises ValidationFailed for what is none."""
    for name, text in (
        ("Last-Event-ID", request.headers.get("Last-Event-ID") or None),
        ("after", request.query.get("after")),
    ):
        if text is None:
            continue
        if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > LATEST:
            raise ValidationFailed({name: ["An id of this stream: a whole number."]})
        return int(text)
    return None


async def end_streams(app: web.Application) -> None:
    """The process stops: streams end, and their readers come back to another one."""
    app[DEPS].streams.close()


# ---- bytes


def encode(message: Changes | Moderation | Personal) -> Burst:
    """What goes out at once."""
    if isinstance(message, Changes):
        return Burst(message.last, [(one.since, change(one, message.article)) for one in message.changes])
    if isinstance(message, Personal):
        items = [
            (told.since, frame(told.item.type, present.notification(told.item, message.site), told.position))
            for told in message.items
        ]
        return Burst(message.items[-1].since, items)
    return moderation(message)


def change(told: Change, article: Any) -> bytes:
    """One change of an article."""
    row, article_id, count = told.row, article["article_id"], article["comment_count"]
    if told.event == "count":
        return frame("count", {"article_id": article_id, "comment_count": count})
    if told.event == "article.updated":
        return frame("article.updated", {"article": present.article(row, article_id)}, told.position)
    comment = present.comment(row, article_id)
    if told.event != "comment.removed":
        return frame(told.event, {"comment": comment, "comment_count": count}, told.position)
    named = {name: comment[name] for name in ("id", "root_id", "parent_id")}
    tombstone = comment if told.listed else None
    return frame(told.event, {**named, "tombstone": tombstone, "comment_count": count}, told.position)


def moderation(message: Moderation) -> Burst:
    """Decisions, and counts, which have no id."""
    frames = [
        (told.since, frame("decision.made", present.decision(told.item), told.position)) for told in message.decisions
    ]
    if message.counts is not None:
        frames.append((ALWAYS, frame("queue.counts", present.queue_counts(message.counts))))
    return Burst(message.decisions[-1].since if message.decisions else 0, frames)


def frame(event: str, data: Any, position: int | None = None) -> bytes:
    """One server-sent event; without a position it has no id of its own."""
    name = b"" if position is None else b"id: %d\n" % position
    return b"%bevent: %b\ndata: %b\n\n" % (name, event.encode(), orjson.dumps(data))
