"""Rows as the contract's objects, ready for JSON. What is not published shows as a tombstone, whatever the row holds.

Written out by hand: dumping a page through marshmallow took half of the time of building it. That these are what the
schemas describe is checked on every answer of the test suite (tests/contracts/openapi_watch.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from service.domain.ids import created_at_of
from service.domain.queue import why
from service.domain.rows import Row
from service.domain.sites import Site, posting_of
from service.domain.times import end_of, rfc3339
from service.operations.authors import Author
from service.operations.comments import ArticlePage, Permalink, Replies, Root
from service.operations.me import Mine
from service.operations.notifications import Notification, Notifications
from service.operations.people import Ban, Person, roles_with
from service.operations.queue import Item, Items, Statements

NEIGHBOURS = 20  # people of the same networks that are shown
TOMBSTONES = {"deleted": "deleted", "removed": "removed", "pending": "hidden", "spam": "hidden"}


def identifier(value: UUID | None) -> str | None:
    """An id as text."""
    return None if value is None else str(value)


def author(row: Row) -> dict[str, Any]:
    """The author of a comment's row."""
    return {
        "id": str(row["author_id"]),
        "name": row["author_name"],
        "avatar_url": row["avatar_url"],
        "roles": row["roles"],
        "labels": row["labels"],
        "guest": row["guest"],
    }


def known_author(known: Author) -> dict[str, Any]:
    """The author a token speaks for."""
    return {
        "id": str(known.id),
        "name": known.name,
        "avatar_url": known.avatar_url,
        "roles": list(known.roles),
        "labels": list(known.labels),
        "guest": known.guest,
    }


def comment(row: Row, article_id: str) -> dict[str, Any]:
    """A comment as the public sees it."""
    if row["status"] == "published":
        return whole_comment(row, article_id)
    return {
        **place(row, article_id),
        "author": None,
        "html": None,
        "status": TOMBSTONES[row["status"]],
        "featured": False,
        "edited_at": None,
        "votes": {"up": 0, "down": 0, "score": 0},
    }


def whole_comment(row: Row, article_id: str) -> dict[str, Any]:
    """A comment with its words and author."""
    return {
        **place(row, article_id),
        "author": author(row),
        "html": row["html"],
        "status": row["status"],
        "featured": row["featured"],
        "edited_at": rfc3339(row["edited_at"]),
        "votes": {"up": row["up"], "down": row["down"], "score": row["up"] - row["down"]},
    }


def place(row: Row, article_id: str) -> dict[str, Any]:
    """Where a comment stands; a tombstone tells no more."""
    return {
        "id": str(row["id"]),
        "article_id": article_id,
        "parent_id": identifier(row["parent_id"]),
        "root_id": str(row["root_id"]),
        "depth": row["depth"],
        "created_at": rfc3339(created_at_of(row["id"])),
        "reply_count": row["reply_count"],
        "descendant_count": row["descendant_count"],
    }


def own_comment(row: Row, site: Site, article_id: str | None = None) -> dict[str, Any]:
    """A comment as its author sees it, whatever its status."""
    until = created_at_of(row["id"]) + timedelta(seconds=site.settings.edit_window_seconds)
    editable = row["status"] in ("published", "pending")
    return {
        **whole_comment(row, article_id or row["article_id"]),
        "text": row["text"],
        "editable_until": rfc3339(until) if editable else None,
        "held_by": list(row["held_by"]),
    }


def replies(found: Replies, article_id: str) -> dict[str, Any]:
    """Replies in reading order."""
    return {"items": [comment(row, article_id) for row in found.items], "next_cursor": found.next_cursor}


def root(found: Root, article_id: str) -> dict[str, Any]:
    """A root with its first replies."""
    return {**comment(found.comment, article_id), "replies": replies(found.replies, article_id)}


def article(row: Row | None, article_id: str) -> dict[str, Any]:
    """An article; one nobody has commented on has nothing but its id."""
    if row is None:
        nothing = dict.fromkeys(("title", "url", "section", "locked_reason", "created_at"))
        return {"id": article_id, "locked": False, "comment_count": 0, **nothing}
    return {
        "id": row["article_id"],
        "title": row["title"],
        "url": row["url"],
        "section": row["section"],
        "locked": row["locked"],
        "locked_reason": row["locked_reason"] if row["locked"] else None,
        "comment_count": row["comment_count"],
        "created_at": rfc3339(row["article_created_at"]),
    }


def page(found: ArticlePage, article_id: str) -> dict[str, Any]:
    """A page of an article's discussion."""
    canonical = article_id if found.article is None else found.article["article_id"]
    return {
        "article": article(found.article, article_id),
        "comments": [root(item, canonical) for item in found.roots],
        "next_cursor": found.next_cursor,
        "last_event_id": str(found.position),
    }


def permalink(found: Permalink) -> dict[str, Any]:
    """A comment in its context."""
    article_id = found.comment["article_id"]
    return {
        "comment": comment(found.comment, article_id),
        "ancestors": [comment(row, article_id) for row in found.ancestors],
        "article": article(found.comment, article_id),
    }


def site(found: Site, now: datetime) -> dict[str, Any]:
    """A site as the public sees it now."""
    names = ("moderation", "guests", "edit_window_seconds", "max_length", "sign_in_url", "language")
    posting = posting_of(found.settings, now)
    return {"site": found.name, "posting": posting, **{name: getattr(found.settings, name) for name in names}}


def running_ban(until: datetime | None, reason: str | None, now: datetime) -> dict[str, Any] | None:
    """Somebody's ban, if it is not over."""
    return {"until": end_of(until), "reason": reason} if until is not None and until > now else None


def me(known: Author, at: Site, now: datetime) -> dict[str, Any]:
    """The person behind a token."""
    return {
        "author": known_author(known),
        "roles": ["reader", *known.roles],
        "guest": known.guest,
        "ban": running_ban(known.banned_until, known.ban_reason, now),
        "site": at.name,
    }


def removal(row: Row) -> dict[str, Any]:
    """How far a removal is."""
    return {"id": str(row["id"]), "state": row["state"], "done": row["done"], "total": row["total"]}


def ban(found: Ban) -> dict[str, Any]:
    """A running ban."""
    return {
        "author_id": str(found.author_id),
        "until": end_of(found.until),
        "reason": found.reason,
        "removal": None if found.removal is None else removal(found.removal),
    }


def moderator(row: Row) -> dict[str, Any] | None:
    """Who did it, if it was a person."""
    return None if row["moderator_id"] is None else {"id": str(row["moderator_id"]), "name": row["moderator_name"]}


def network_ban(row: Row) -> dict[str, Any]:
    """A banned network."""
    return {
        "network": str(row["network"]),
        "until": end_of(row["until"]),
        "reason": row["reason"],
        "moderator": moderator(row),
        "created_at": rfc3339(row["created_at"]),
    }


def note(row: Row) -> dict[str, Any]:
    """A note on somebody."""
    return {
        "id": str(row["id"]),
        "text": row["text"],
        "moderator": moderator(row),
        "created_at": rfc3339(row["created_at"]),
    }


def person(found: Person) -> dict[str, Any]:
    """What moderators know of somebody."""
    row, record = found.author, found.record
    known = {name: row[name] for name in ("name", "avatar_url", "roles", "labels", "guest")}
    return {
        "author": {"id": str(row["id"]), **known},
        "roles": ["reader", *roles_with(row["roles"], row["granted_role"])],
        "author_record": author_record(record),
        "comment_count": record["comments"],
        "notes": [note(one) for one in found.notes],
        "decisions": [decision(one) for one in found.decisions],
        "same_network": {
            "count": len(found.same_network),
            "authors": [
                {"author": author(one), "last_seen": rfc3339(one["last_seen"])}
                for one in found.same_network[:NEIGHBOURS]
            ],
        },
        "removal": None if found.removal is None else removal(found.removal),
    }


def mine(found: Mine, at: Site, article_id: str) -> dict[str, Any]:
    """A reader's own on an article."""
    window = timedelta(seconds=at.settings.edit_window_seconds)
    return {
        "votes": {str(comment_id): value for comment_id, value in found.votes.items()},
        "flags": [str(comment_id) for comment_id in found.flags],
        "held": [own_comment(row, at, article_id) for row in found.held],
        "editable": [
            {
                "id": str(row["id"]),
                "text": row["text"],
                "editable_until": rfc3339(created_at_of(row["id"]) + window),
            }
            for row in found.editable
        ],
        "removed": [
            {"id": str(row["id"]), "reason": row["reason"], "appealable": row["appealable"]} for row in found.removed
        ],
        "can_post": found.refusal is None,
        "why_not": found.refusal.code if found.refusal is not None else None,
    }


def notice(row: Row) -> dict[str, Any]:
    """How a notice stands."""
    return {
        "id": str(row["id"]),
        "state": row["state"],
        "created_at": rfc3339(row["created_at"]),
        "answered_at": rfc3339(row["answered_at"]),
        "reason": row["reason"],
    }


def notification(told: Notification, at: Site) -> dict[str, Any]:
    """One thing somebody was told of."""
    seen = told.comment
    shown = None if seen is None else own_comment(seen, at) if told.own else comment(seen, seen["article_id"])
    return {
        "id": f"{told.position}-{told.type}",
        "type": told.type,
        "comment": shown,
        "reason": told.reason,
        "created_at": rfc3339(told.created_at),
    }


def notifications(found: Notifications, at: Site) -> dict[str, Any]:
    """What somebody was told of."""
    return {"items": [notification(told, at) for told in found.items], "next_cursor": found.next_cursor}


def author_record(row: Row) -> dict[str, Any]:
    """What became of what an author wrote."""
    return {
        **{name: row[name] for name in ("approved", "removed", "pending", "flags_upheld")},
        "first_seen": rfc3339(row["first_seen"]),
        "ban": running_ban(row["banned_until"], row["ban_reason"], row["now"]),
    }


def item(row: Row, at: Site) -> dict[str, Any]:
    """A comment with everything moderators judge it by."""
    details = row["held_details"] or {}
    waiting = None
    if row["pending_text"] is not None:
        waiting = {
            "text": row["pending_text"],
            "html": row["pending_html"],
            "created_at": rfc3339(row["pending_created_at"]),
        }
    return {
        **whole_comment(row, row["article_id"]),
        "text": row["text"],
        "version": row["version"],
        "article": article(row, row["article_id"]),
        "held_by": [{"check": check, "detail": details.get(check)} for check in row["held_by"]],
        "flags": {"total": row["flags"], "by_reason": row["by_reason"], "notes": row["notes"]},
        "author_record": author_record(row),
        "pending_revision": waiting,
        "why": why(row, at.settings.overdue_minutes),
    }


def items(found: Items, at: Site) -> dict[str, Any]:
    """A page of comments for moderators."""
    page = {"items": [item(row, at) for row in found.rows], "next_cursor": found.next_cursor}
    return page if found.complete is None else {**page, "complete": found.complete}


def item_detail(found: Item, at: Site) -> dict[str, Any]:
    """A comment with its surroundings and its history."""
    article_id = found.row["article_id"]
    return {
        **item(found.row, at),
        "ancestors": [whole_comment(row, article_id) for row in found.ancestors],
        "neighbours": [whole_comment(row, article_id) for row in found.neighbours],
        "revisions": [
            {
                "version": row["number"],
                "text": row["text"],
                "created_at": rfc3339(row["created_at"]),
                "status": row["status"],
            }
            for row in found.revisions
        ],
        "decisions": [decision(row) for row in found.decisions],
    }


def statements(found: Statements) -> dict[str, Any]:
    """What people told moderators about a comment."""
    return {
        "appeals": [
            {
                "text": row["text"],
                "state": row["state"],
                "created_at": rfc3339(row["created_at"]),
                "decided_at": rfc3339(row["decided_at"]),
            }
            for row in found.appeals
        ],
        "notices": [
            {
                **{name: row[name] for name in ("explanation", "legal_ground", "name", "contact", "state")},
                "id": str(row["id"]),
                "created_at": rfc3339(row["created_at"]),
                "answered_at": rfc3339(row["answered_at"]),
            }
            for row in found.notices
        ],
    }


def queue_counts(row: Row) -> dict[str, Any]:
    """How many comments wait, and how many are out of sight."""
    names = ("pending", "flagged", "appeals", "spam", "removed")
    return {**{name: row[name] for name in names}, "oldest_pending_at": rfc3339(row["oldest_pending_at"])}


def decision(row: Row) -> dict[str, Any]:
    """A row of the log."""
    return {
        "id": str(row["id"]),
        "comment_id": identifier(row["comment_id"]),
        "author_id": identifier(row["author_id"]),
        "action": row["action"],
        "from": row["from_status"],
        "to": row["to_status"],
        "check": row["check_name"],
        "moderator": moderator(row),
        "reason": row["reason"],
        "note": row["note"],
        "version": row["version"],
        "created_at": rfc3339(row["created_at"]),
    }


def listed_article(row: Row) -> dict[str, Any]:
    """An article as moderators see it."""
    return {
        **article(row, row["article_id"]),
        "moderation": row["moderation"],
        "visibility": row["visibility"],
        "slow_mode_seconds": row["slow_mode_seconds"],
    }


def listed_author(row: Row) -> dict[str, Any]:
    """A person and what became of what they wrote."""
    return {**author(row), "author_record": author_record(row)}
