"""What live streams tell: the log's news with everything as it is now, so that hidden words never go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from service.deps import Deps
from service.domain.errors import SiteNotFound, TokenExpired, TokenInvalid
from service.domain.identity import Role, highest
from service.domain.live import ALWAYS, VOTED, News
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.authors import Author, authenticate, author_from
from service.operations.comments import hidden_article
from service.operations.notifications import as_seen_by
from service.operations.sites import get_site
from service.store import comments, live, notifications

NO_COMMENT = UUID(int=0)  # asks for the article alone
LAST = 2**63 - 1  # a position nothing has
BATCH = 500  # events read at once to resume, comments loaded at once
BEFORE = 200  # events before a stream's last id that are looked at for votes it may have missed
VOTES_WAIT = timedelta(seconds=10)  # an update for votes alone is told so much later than what happened, at most

Event = Literal["comment.published", "comment.updated", "comment.removed", "article.updated", "count"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to tell streams whose position is before `since`; `position` is its id, or None.

    `row` is the comment, or the article of `article.updated` and `count`. A removed comment's row is told as the
    tombstone it is when `listed`.
    """

    event: Event
    since: int
    position: int | None
    row: Row
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """What to tell of one article, in order; `last` is the position a stream has reached then."""

    article: Row
    last: int
    changes: Sequence[Change]


@dataclass(slots=True)
class Known:
    """An article and comments of it, as everybody sees them now; `seen` are the listed ones.

    `changing`: the article itself was changed since the log was heard. Its events are told first, as readers who see
    it hidden must know that it is shown before they hear of its comments.
    """

    article: Row
    changing: bool = False
    comments: dict[UUID, Row] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream begins, and the log's end. `lost`: it cannot go on from the id it was given."""

    article_key: int | None
    position: int
    end: int
    lost: bool


async def start_stream(deps: Deps, site: Site, article_id: str, after: int | None) -> Start:
    """Where a stream of an article begins: at the log's end, or after a position. Raises Unavailable.

    A position beyond the log's end is one of a database that has been restored since: the stream begins at the end.
    """
    row = await live.stream_start(deps.database, site.key, article_id, after)
    position = row["log_end"] if after is None or row["lost"] else min(after, row["log_end"])
    return Start(row["article_key"], position, row["log_end"], row["lost"])


async def read_missed(deps: Deps, article_key: int, after: int, *, resuming: bool) -> tuple[Changes | None, int] | None:
    """What happened on an article after a position, a batch of it, and the position reached; None to ask again soon.

    `resuming`: votes shortly before too, as they are told late. Raises Unavailable.
    """
    rows = await live.article_events(deps.database, article_key, after, BATCH, BEFORE if resuming else 0)
    events = [row for row in rows if row["position"] is not None]
    news, late = News(), late_votes([row for row in events if row["position"] <= after])
    fresh = [row for row in events if row["position"] > after]
    for row in fresh:
        news.hear(row)
    reached, end = max(after, rows[0]["log_end"]), rows[0]["log_end"]
    if len(fresh) == BATCH:
        reached = news.last
        news.article = news.article or reached  # whatever became of it in the rest
    if not news and not late:
        return None, reached
    known = await load(deps, {article_key: (news, late)}, end)
    if article_key not in known:
        return None, reached
    if known[article_key].changing:
        return None
    changes = tell(known[article_key], news, late, None if news else known[article_key].article["comment_count"])
    return Changes(changes.article, reached, changes.changes), reached


def late_votes(before: Sequence[Row]) -> set[UUID]:
    """The comments voted on so shortly before the last of these events that nobody may have been told yet."""
    if not before:
        return set()
    newest: datetime = before[-1]["logged_at"]
    return {
        UUID(bytes=row["comment_id"].bytes)
        for row in before
        if row["kind"] == VOTED and row["logged_at"] > newest - VOTES_WAIT
    }


async def load(deps: Deps, wanted: Mapping[int, tuple[News, set[UUID]]], heard: int) -> dict[int, Known]:
    """Everything news of articles (by key) are about, as it is now: one query for all. Raises Unavailable.

    `heard` is the log position up to which the news go.
    """
    people = [(key, author) for key, (news, _) in wanted.items() for author in news.people]
    if people:
        for row in await live.written_on(deps.database, [key for key, _ in people], [one for _, one in people]):
            wanted[row["article_key"]][0].meet(row["author_key"], row["id"])
    asked: list[tuple[int, UUID, bool]] = []
    for key, (news, late) in wanted.items():
        asked.append((key, NO_COMMENT, False))
        asked += [(key, comment_id, touch.above > 0) for comment_id, touch in news.touched.items()]
        asked += [(key, comment_id, False) for comment_id in late - news.touched.keys()]
    known: dict[int, Known] = {}
    for begin in range(0, len(asked), BATCH):
        keys, ids, above = zip(*asked[begin : begin + BATCH], strict=True)
        for row in await comments.live_comments(deps.database, keys, ids, above, heard):
            article = known.setdefault(row["article_key"], Known(row))
            article.article = row
            article.changing = article.changing or row["changing"]
            if row["id"] is not None:
                comment_id = UUID(bytes=row["id"].bytes)
                article.comments[comment_id] = row
                article.seen.discard(comment_id)
                if row["seen"]:
                    article.seen.add(comment_id)
    return known


def tell(known: Known, news: News, late: set[UUID], count_told: int | None) -> Changes:
    """News as changes to tell, in an order that can be cut anywhere: an id stands only where all before it is told.

    The article comes first, then counters of the comments above and late votes, which have no position of their own.
    `count_told` is the count that was told last.
    """
    if known.article["visibility"] == "hidden":
        return tell_hidden(known, news, count_told)
    changes = tell_article(known.article, news)
    above = ancestors_of(known, news)
    for comment_id in sorted(above.keys() | late - news.touched.keys(), key=lambda one: place(known, one)):
        row = known.comments.get(comment_id)
        if row is not None:
            since = ALWAYS if comment_id in late else above[comment_id]
            seen = comment_id in known.seen
            changes.append(Change("comment.updated" if seen else "comment.removed", since, None, row, seen))
    placed: list[Change] = []
    for comment_id, touch in sorted(news.touched.items(), key=lambda item: item[1].position):
        row = known.comments.get(comment_id)
        if row is None:
            continue
        seen = comment_id in known.seen
        if seen and row["status"] == "published":
            event: Event = "comment.published" if touch.published else "comment.updated"
        elif seen or touch.public:
            event = "comment.removed"
        else:
            continue  # nobody but its author and moderators ever knew of it
        placed.append(Change(event, touch.position, touch.position, row, seen))
    return Changes(known.article, news.last, [*changes, *once(placed), *count(known.article, news, count_told)])


def once(changes: Sequence[Change]) -> list[Change]:
    """Of several changes at one position only the last bears it as its id."""
    positions = [change.position for change in changes]
    return [
        replace(change, position=None) if change.position in positions[number : number + 1] else change
        for number, change in enumerate(changes, start=1)
    ]


def tell_hidden(known: Known, news: News, count_told: int | None) -> Changes:
    """A hidden article tells that it is empty and closed, and nothing else."""
    row = known.article
    named = {"external_id": row["article_id"], "created_at": row["article_created_at"]}
    article = hidden_article({**row, **named})  # type: ignore[arg-type, dict-item]
    return Changes(article, news.last, [*tell_article(article, news), *count(article, news, count_told)])


def tell_article(article: Row, news: News) -> list[Change]:
    """The article, when something happened to it; with its id if that comes before everything else."""
    if not news.article:
        return []
    first = all(news.article < touch.position for touch in news.touched.values())
    return [Change("article.updated", news.article, news.article if first else None, article)]


def count(article: Row, news: News, told: int | None) -> list[Change]:
    """The count, when it is another than was told last, or may be."""
    if told is None:
        new = bool(news.article) or any(touch.above for touch in news.touched.values())
    else:
        new = article["comment_count"] != told
    return [Change("count", news.last, None, article)] if new else []


def ancestors_of(known: Known, news: News) -> dict[UUID, int]:
    """The comments above those that appeared or disappeared and are not news themselves, by what changed them last."""
    found: dict[UUID, int] = {}
    for comment_id, touch in news.touched.items():
        row = known.comments.get(comment_id)
        if not touch.above or row is None:
            continue
        path = row["path"]
        ids = {UUID(bytes=path[at : at + 16]) for at in range(0, len(path) - 16, 16)}
        if row["parent_id"] is not None:
            ids.add(UUID(bytes=row["parent_id"].bytes))
        for one in ids - news.touched.keys():
            found[one] = max(found.get(one, 0), touch.above)
    return found


def place(known: Known, comment_id: UUID) -> bytes:
    """What sorts parents before their replies."""
    row = known.comments.get(comment_id)
    return b"" if row is None else bytes(row["path"])


# ---- what is not for everybody


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who opened a stream that is not for everybody: their token, and the least role it needs."""

    site: str
    token: str
    author_key: int
    least: Role


async def welcome(deps: Deps, bearers: Sequence[Bearer]) -> list[Author | None]:
    """Each of them as they are now; None for whoever may not listen (any more): token, revocation, role, ban.

    Readers may be banned: they are told of it. Raises Unavailable.
    """
    rows = await live.read_bearers(deps.database, list({bearer.author_key for bearer in bearers}))
    known = {row["key"]: row for row in rows}
    return [await recognised(deps, bearer, known.get(bearer.author_key)) for bearer in bearers]


async def recognised(deps: Deps, bearer: Bearer, row: asyncpg.Record | None) -> Author | None:
    """One of them. Raises Unavailable."""
    try:
        site = await get_site(deps, bearer.site)
        claims = await authenticate(deps, site, bearer.token)
    except (SiteNotFound, TokenInvalid, TokenExpired):
        return None
    if row is None or (row["revoked_before"] is not None and claims.issued_at <= row["revoked_before"].timestamp()):
        return None
    author = author_from(site, claims, row)
    if bearer.least > Role.READER and (author.is_banned(row["now"]) or highest(author.roles) < bearer.least):
        return None
    return author


@dataclass(frozen=True, slots=True)
class Told:
    """Something for one person or a site's moderators, at a log position that is its id, or None."""

    since: int
    position: int | None
    item: Any


@dataclass(frozen=True, slots=True)
class Moderation:
    """Decisions on a site, and its queues' counts when they changed."""

    decisions: Sequence[Told]
    counts: Row | None = None


@dataclass(frozen=True, slots=True)
class Personal:
    """Notifications of one person of a site."""

    site: Site
    items: Sequence[Told]


async def start_moderation(deps: Deps, site: Site, after: int | None) -> Start:
    """Where a stream of a site's decisions begins. Raises Unavailable."""
    rows = await live.site_decisions(deps.database, site.key, LAST if after is None else after, 1)
    end, lost = rows[0]["log_end"], after is not None and rows[0]["lost"]
    return Start(None, end if after is None or lost else min(after, end), end, lost)


async def start_personal(deps: Deps, after: int | None) -> Start:
    """Where a stream of notifications begins; none is ever lost. Raises Unavailable."""
    end = await notifications.notifications_position(deps.database)
    return Start(None, end if after is None else min(after, end), end, False)


async def read_decisions(deps: Deps, site: Site, after: int) -> tuple[list[Told], int]:
    """A site's decisions after a position (a batch), and the position reached. Raises Unavailable."""
    rows = await live.site_decisions(deps.database, site.key, after, BATCH)
    found = [row for row in rows if row["position"] is not None]
    reached = found[-1]["position"] if len(found) == BATCH else max(after, rows[0]["log_end"])
    return await decided(deps, found), reached


async def decided(deps: Deps, happened: Sequence[Row]) -> list[Told]:
    """The decisions that events of the log are about, in order. Raises Unavailable."""
    rows = await live.decisions_by_id(deps.database, [row["decision_id"] for row in happened])
    known = {UUID(bytes=row["id"].bytes): row for row in rows}
    return [
        Told(row["position"], row["position"], known[decision_id])
        for row in happened
        if (decision_id := UUID(bytes=row["decision_id"].bytes)) in known
    ]


async def read_told(deps: Deps, author: Author, after: int) -> tuple[list[Told], int]:
    """What somebody was told of after a position (a batch), and the position reached. Raises Unavailable."""
    rows = await live.notifications_since(deps.database, author.key, after, BATCH)
    found = [row for row in rows if row["position"] is not None]
    if len(found) == BATCH:  # what else has the last one's position comes with the next batch
        found = [row for row in found if row["position"] < found[-1]["position"]] or found
        return await as_told(deps, author, found), found[-1]["position"]
    return await as_told(deps, author, found), max(after, rows[0]["log_end"])


async def read_news(deps: Deps, after: int) -> tuple[list[Row], int]:
    """What anybody was told of after a position, and the position reached. Raises Unavailable."""
    rows = await notifications.notifications_after(deps.database, after, BATCH)
    return list(rows), rows[-1]["position"] if rows else after


async def personal(deps: Deps, rows: Sequence[Row], bearers: Mapping[int, Bearer]) -> dict[int, Personal]:
    """These notifications for those of these people (by key) who may still listen. Raises Unavailable."""
    by_author: dict[int, list[Row]] = {}
    for row in rows:
        if row["author_key"] in bearers:
            by_author.setdefault(row["author_key"], []).append(row)
    if not by_author:
        return {}
    people = await welcome(deps, [bearers[key] for key in by_author])
    return {
        one.key: Personal(await get_site(deps, bearers[one.key].site), await as_told(deps, one, by_author[one.key]))
        for one in people
        if one is not None
    }


async def as_told(deps: Deps, author: Author, rows: Sequence[Row]) -> list[Told]:
    """Notifications as their reader may see them now; of several at a position the last has the id."""
    items = await as_seen_by(deps, author, rows)  # type: ignore[arg-type]
    positions = [item.position for item in items]
    return [
        Told(item.position, None if item.position in positions[number : number + 1] else item.position, item)
        for number, item in enumerate(items, start=1)
    ]
