"""Webhooks: which events publishers' servers are told of, when a delivery is tried again, and what it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from service.domain.ids import created_at_of
from service.domain.rows import Row
from service.domain.times import end_of, rfc3339

# The event types by the log's kinds. Not told: votes, imports, merges, and decisions that change nothing anybody sees.
TYPE_OF_KIND = {
    "comment.created": "comment.created",
    "comment.published": "comment.published",
    "comment.held": "comment.held",
    "comment.edit_held": "comment.held",
    "comment.updated": "comment.updated",
    "comment.removed": "comment.removed",
    "comment.restored": "comment.restored",
    "comment.spam": "comment.spam",
    "comment.deleted": "comment.deleted",
    "comment.flagged": "comment.flagged",
    "article.updated": "article.updated",
    "author.banned": "author.banned",
    "author.unbanned": "author.unbanned",
    "author.erased": "author.erased",
    "queue.overdue": "queue.overdue",
}
TYPES = tuple(dict.fromkeys(TYPE_OF_KIND.values()))

MAX_WEBHOOKS = 20  # of a site
RETRY_AFTER = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)  # seconds after each failed attempt
JITTER = 0.2  # the share of a wait that chance may add
GIVE_UP_AFTER = timedelta(days=5)  # without a success a webhook is deactivated
KEPT = timedelta(days=30)


def retry_after(attempts: int, chance: float) -> float | None:
    """Seconds until the next attempt after so many failed ones, None when there is none; `chance` is from 0 to 1.

    Chance spreads what failed together, so that a server that comes back is not met by all of it at once.
    """
    if attempts > len(RETRY_AFTER):
        return None
    return RETRY_AFTER[attempts - 1] * (1 + JITTER * chance)


def message(row: Row) -> dict[str, Any]:
    """What a delivery says, from a row of read_deliveries: the state things are in now, not when it happened."""
    kind = str(row["type"])
    data: dict[str, Any] = {"site": row["site"]}
    if kind.startswith("author."):
        data["author"] = _author_with_ban(row)
    elif kind.startswith("article."):
        data["article"] = _article(row)
    else:
        data["comment"] = None if row["id"] is None else _comment(row)
    if row["decision_id"] is not None:
        data["decision"] = _decision(row)
    return {"type": kind, "timestamp": rfc3339(row["happened_at"]), "data": data}


def _comment(row: Row) -> dict[str, Any]:
    """A comment in its true status, as moderators see it."""
    return {
        "id": str(row["id"]),
        "article_id": row["article_id"],
        "parent_id": _id(row["parent_id"]),
        "root_id": str(row["root_id"]),
        "depth": row["depth"],
        "author": _author(row),
        "html": row["html"],
        "text": row["text"],
        "pending_text": row["pending_text"],
        "status": row["status"],
        "version": row["version"],
        "held_by": list(row["held_by"]),
        "featured": row["featured"],
        "created_at": rfc3339(created_at_of(row["id"])),
        "edited_at": rfc3339(row["edited_at"]),
        "votes": {"up": row["up"], "down": row["down"], "score": row["up"] - row["down"]},
        "reply_count": row["reply_count"],
        "descendant_count": row["descendant_count"],
    }


def _author(row: Row) -> dict[str, Any] | None:
    if row["author_id"] is None:
        return None
    return {
        "id": str(row["author_id"]),
        "name": row["author_name"],
        "avatar_url": row["avatar_url"],
        "roles": list(row["roles"]),
        "labels": list(row["labels"]),
        "guest": row["guest"],
    }


def _author_with_ban(row: Row) -> dict[str, Any] | None:
    author = _author(row)
    if author is not None:
        until = row["banned_until"]
        author["ban"] = None if until is None else {"until": end_of(until), "reason": row["ban_reason"]}
    return author


def _article(row: Row) -> dict[str, Any] | None:
    if row["article_id"] is None:
        return None
    return {
        "id": row["article_id"],
        "title": row["title"],
        "url": row["article_url"],
        "section": row["section"],
        "locked": row["locked"],
        "locked_reason": row["locked_reason"] if row["locked"] else None,
        "comment_count": row["comment_count"],
        "created_at": rfc3339(row["article_created_at"]),
    }


def _decision(row: Row) -> dict[str, Any]:
    moderator = row["moderator_id"]
    return {
        "id": str(row["decision_id"]),
        "comment_id": _id(row["decided_comment_id"]),
        "author_id": _id(row["decided_author_id"]),
        "action": row["action"],
        "from": row["from_status"],
        "to": row["to_status"],
        "check": row["check_name"],
        "moderator": None if moderator is None else {"id": str(moderator), "name": row["moderator_name"]},
        "reason": row["reason"],
        "note": row["note"],
        "version": row["decided_version"],
        "created_at": rfc3339(row["decided_at"]),
    }


def _id(value: object) -> str | None:
    return None if value is None else str(value)
