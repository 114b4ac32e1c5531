"""What requests and answers look like, by the name of their schema. A test validates each against its schema."""

from __future__ import annotations

from typing import Any

ROOT_ID = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"
REPLY_ID = "01981f70-11c8-7a52-8a44-0d6a35e7b902"

ADA: dict[str, Any] = {
    "id": "01981e02-6b10-7f0a-b1c4-7f0e2f3f9a10",
    "name": "Ada",
    "avatar_url": None,
    "roles": [],
    "labels": ["Subscriber"],
    "guest": False,
}
GRACE: dict[str, Any] = {
    "id": "01981e05-0d44-7b6e-8c11-3a5e0c9b7d21",
    "name": "Grace",
    "avatar_url": "https://pictures.example.com/grace.webp",
    "roles": ["staff"],
    "labels": [],
    "guest": False,
}
ROOT: dict[str, Any] = {
    "id": ROOT_ID,
    "article_id": "lighthouse",
    "parent_id": None,
    "root_id": ROOT_ID,
    "depth": 0,
    "author": ADA,
    "html": "<p>I walked past it on <em>Sunday</em>.</p>\n",
    "status": "published",
    "featured": True,
    "created_at": "2026-01-31T12:00:00.000Z",
    "edited_at": None,
    "votes": {"up": 12, "down": 1, "score": 11},
    "reply_count": 1,
    "descendant_count": 1,
}
REPLY: dict[str, Any] = {
    **ROOT,
    "id": REPLY_ID,
    "parent_id": ROOT_ID,
    "depth": 1,
    "author": GRACE,
    "html": "<p>The lamp is lit again from May.</p>\n",
    "featured": False,
    "created_at": "2026-01-31T12:01:52.456Z",
    "votes": {"up": 3, "down": 0, "score": 3},
    "reply_count": 0,
    "descendant_count": 0,
}
ARTICLE: dict[str, Any] = {
    "id": "lighthouse",
    "title": "The last lighthouse keeper",
    "url": "https://www.example.com/lighthouse",
    "section": "Culture",
    "locked": False,
    "locked_reason": None,
    "comment_count": 2,
    "created_at": "2026-01-31T11:30:00.000Z",
}

EXAMPLES: dict[str, Any] = {
    "Alive": {"status": "ok"},
    "Ready": {"postgres": "up", "redis": "up"},
    "Site": {
        "site": "demo",
        "posting": "open",
        "moderation": "post",
        "guests": False,
        "edit_window_seconds": 300,
        "max_length": 10000,
        "sign_in_url": None,
        "language": "en",
    },
    "Page": {
        "article": ARTICLE,
        "comments": [{**ROOT, "replies": {"items": [REPLY], "next_cursor": None}}],
        "next_cursor": None,
        "last_event_id": "4711",
    },
    "Replies": {"items": [REPLY], "next_cursor": None},
    "Permalink": {"comment": REPLY, "ancestors": [ROOT], "article": ARTICLE},
    "Post": {"text": "I walked past it on *Sunday*.", "article": {"title": "The last lighthouse keeper"}},
    "OwnComment": {
        **ROOT,
        "featured": False,
        "votes": {"up": 0, "down": 0, "score": 0},
        "reply_count": 0,
        "descendant_count": 0,
        "text": "I walked past it on *Sunday*.",
        "editable_until": "2026-01-31T12:05:00.000Z",
        "held_by": [],
    },
    "Edit": {"text": "I walked past it on *Saturday*."},
    "VoteRequest": {"value": 1},
    "Vote": {"votes": {"up": 13, "down": 1, "score": 12}, "value": 1},
    "FlagRequest": {"reason": "abuse", "note": "Names a private person."},
    "Flag": {"reason": "abuse", "created_at": "2026-01-31T12:04:00.000Z"},
    "DecisionsRequest": {"decisions": [{"comment_id": REPLY_ID, "action": "remove", "reason": "abuse", "version": 1}]},
    "DecisionsAnswer": {"results": [{"comment_id": REPLY_ID, "result": "applied", "status": "removed", "version": 2}]},
    "PreviewRequest": {"text": "I walked past it on *Sunday*."},
    "Preview": {"html": "<p>I walked past it on <em>Sunday</em>.</p>\n"},
    "CountsRequest": {"articles": ["lighthouse", "harbour"]},
    "Counts": {"counts": {"lighthouse": 2, "harbour": 0}},
    "Me": {"author": ADA, "roles": ["reader"], "guest": False, "ban": None, "site": "demo"},
    "GuestRequest": {"name": "Ada"},
    "Guest": {
        "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
        "author": {**ADA, "labels": [], "guest": True},
    },
}

EXAMPLES["Mine"] = {
    "votes": {REPLY_ID: 1},
    "flags": [],
    "held": [],
    "editable": [
        {"id": ROOT_ID, "text": "I walked past it on *Sunday*.", "editable_until": "2026-01-31T12:05:00.000Z"}
    ],
    "removed": [],
    "can_post": True,
    "why_not": None,
}
NOTICE_ID = "5f2c1c1e-8a54-4b9e-9a36-0d6a4f3c2b1a"
NOTICE = {"explanation": "It names a victim.", "legal_ground": "Criminal code, section 201a", "good_faith": True}
EXAMPLES["NoticeRequest"] = {"comment_id": REPLY_ID, **NOTICE, "name": "Eve Example", "contact": "eve@example.com"}
EXAMPLES["Notice"] = {"id": NOTICE_ID, "created_at": "2026-01-31T12:05:00.000Z"}
EXAMPLES["NoticeState"] = {
    **EXAMPLES["Notice"],
    "state": "upheld",
    "answered_at": "2026-01-31T14:30:00.000Z",
    "reason": "illegal",
}
EXAMPLES["AppealRequest"] = {"text": "That was a quotation."}
EXAMPLES["Appeal"] = {"comment_id": ROOT_ID, "created_at": "2026-01-31T12:06:00.000Z"}
EXAMPLES["Notifications"] = {
    "items": [
        {
            "id": "4711-reply",
            "type": "reply",
            "comment": REPLY,
            "reason": None,
            "created_at": "2026-01-31T12:03:00.000Z",
        }
    ],
    "next_cursor": None,
}
EXAMPLES["Edited"] = {"comment": EXAMPLES["OwnComment"], "pending_text": "I walked past it on *Saturday*."}

# The same schema under another status.
HELD: dict[str, Any] = {**EXAMPLES["OwnComment"], "status": "pending", "held_by": ["premoderated_site"]}
NOT_READY: dict[str, Any] = {"postgres": "down", "redis": "up"}
EXAMPLES_BY_STATUS: dict[tuple[str, int], Any] = {("OwnComment", 202): HELD, ("Ready", 503): NOT_READY}

REMOVAL: dict[str, Any] = {
    "id": "01981f72-3d10-7c0b-a1e4-4c1f2d3e4f50",
    "state": "running",
    "done": 120,
    "total": 431,
}
NOTE: dict[str, Any] = {
    "id": "01981f73-0b40-7d2c-9a3b-6e5d4c3b2a10",
    "text": "Third account; see the other two.",
    "moderator": {"id": GRACE["id"], "name": "Grace"},
    "created_at": "2026-01-31T12:06:00.000Z",
}
NETWORK_BAN: dict[str, Any] = {
    "network": "192.0.2.0/24",
    "until": "2026-03-01T00:00:00.000Z",
    "reason": "Advertising.",
    "moderator": {"id": GRACE["id"], "name": "Grace"},
    "created_at": "2026-01-31T12:07:00.000Z",
}
EXAMPLES |= {
    "BanRequest": {"until": "2026-02-07T12:00:00.000Z", "reason": "Insults.", "remove_comments": True},
    "Removal": REMOVAL,
    "AuthorBan": {
        "author_id": ADA["id"],
        "until": "2026-02-07T12:00:00.000Z",
        "reason": "Insults.",
        "removal": REMOVAL,
    },
    "NoteRequest": {"text": "Third account; see the other two."},
    "Note": NOTE,
    "Person": {
        "author": ADA,
        "roles": ["reader"],
        "author_record": {
            "approved": 12,
            "removed": 2,
            "pending": 0,
            "flags_upheld": 1,
            "first_seen": "2026-01-02T08:30:00.000Z",
            "ban": None,
        },
        "comment_count": 14,
        "notes": [NOTE],
        "same_network": {"count": 1, "authors": [{"author": GRACE, "last_seen": "2026-01-31T12:01:52.456Z"}]},
        "removal": None,
    },
    "RoleRequest": {"role": "moderator"},
    "Roles": {"author_id": ADA["id"], "roles": ["reader", "moderator"]},
    "NetworkBanRequest": {"network": "192.0.2.0/24", "until": "2026-03-01T00:00:00.000Z", "reason": "Advertising."},
    "NetworkBan": NETWORK_BAN,
    "NetworkBans": {"items": [NETWORK_BAN], "next_cursor": None},
}
WEBHOOK: dict[str, Any] = {
    "id": "01981f40-7c20-7d4b-9a51-2f6e8b0c3d17",
    "url": "https://www.example.com/hooks/comments",
    "types": ["comment.held", "queue.overdue"],
    "active": True,
    "created_at": "2026-01-31T11:00:00.000Z",
}
DELIVERY: dict[str, Any] = {
    "id": "01981f6e-5a00-7b21-8c4d-9e0f1a2b3c4d",
    "type": "comment.held",
    "status": "pending",
    "attempts": 1,
    "next_at": "2026-01-31T12:00:05.480Z",
    "last_status": 503,
}
EXAMPLES |= {
    "WebhookRequest": {"url": WEBHOOK["url"], "types": WEBHOOK["types"]},
    "WebhookChange": {"active": True},
    "Webhook": WEBHOOK,
    "NewWebhook": {**WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="},
    "Webhooks": {"items": [WEBHOOK], "next_cursor": None},
    "Delivery": DELIVERY,
    "Deliveries": {"items": [DELIVERY], "next_cursor": None},
}

PATH_EXAMPLES = {
    "site": "demo",
    "article_id": "lighthouse",
    "comment_id": ROOT_ID,
    "notice_id": NOTICE_ID,
    "author_id": ADA["id"],
    "removal_id": REMOVAL["id"],
    "webhook_id": WEBHOOK["id"],
    "delivery_id": DELIVERY["id"],
}
