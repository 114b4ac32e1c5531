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

ERASE_ID = "6f1f7a0e-3c52-4d0b-8a6e-2b7c9d0e1f42"
EXAMPLES["ErasureBegun"] = {"erase_id": ERASE_ID}
EXAMPLES["Erasure"] = {"state": "done"}
EXAMPLES["Export"] = {
    "site": "demo",
    "exported_at": "2026-01-31T15:00:00.000Z",
    "author": {
        "id": ADA["id"],
        "issuer": "https://www.example.com",
        "subject": "42",
        "name": "Ada",
        "avatar_url": None,
        "roles": [],
        "granted_role": None,
        "labels": ["Subscriber"],
        "guest": False,
        "created_at": "2026-01-30T09:00:00.000Z",
        "revoked_before": None,
    },
    "ban": None,
    "idempotency_keys": 1,
    "recent_texts": 1,
    "comments": [
        {
            "id": ROOT_ID,
            "article_id": "lighthouse",
            "parent_id": None,
            "status": "published",
            "featured": True,
            "created_at": "2026-01-31T12:00:00.000Z",
            "edited_at": None,
            "deleted_at": None,
            "votes": {"up": 12, "down": 1, "score": 11},
            "held_by": [],
            "source": None,
            "revisions": [
                {
                    "version": 1,
                    "text": "I walked past it on *Sunday*.",
                    "html": "<p>I walked past it on <em>Sunday</em>.</p>\n",
                    "status": "published",
                    "created_at": "2026-01-31T12:00:00.000Z",
                }
            ],
        }
    ],
    "votes": [{"comment_id": REPLY_ID, "value": 1}],
    "flags": [],
    "notices": [],
    "appeals": [],
    "notifications": [
        {"type": "reply", "comment_id": REPLY_ID, "reason": None, "created_at": "2026-01-31T12:01:52.456Z"}
    ],
    "decisions": [
        {
            "comment_id": ROOT_ID,
            "action": "feature",
            "from": "published",
            "to": "published",
            "check": None,
            "reason": None,
            "created_at": "2026-01-31T13:00:00.000Z",
        }
    ],
    "addresses": [{"first_seen": "2026-01-31T12:00:00.000Z", "last_seen": "2026-01-31T12:00:00.000Z"}],
}

DECISION: dict[str, Any] = {
    "id": "3d0f6a52-91c4-4a7e-8f10-52c7b8d9e6a4",
    "comment_id": REPLY_ID,
    "author_id": GRACE["id"],
    "action": "hold",
    "from": "published",
    "to": "pending",
    "check": "flags",
    "moderator": None,
    "reason": None,
    "note": None,
    "version": 2,
    "created_at": "2026-01-31T12:04:00.000Z",
}
RECORD: dict[str, Any] = {
    "approved": 41,
    "removed": 1,
    "pending": 1,
    "flags_upheld": 2,
    "first_seen": "2025-11-02T08:15:00.000Z",
    "ban": None,
}
ITEM: dict[str, Any] = {
    **REPLY,
    "status": "pending",
    "text": "The lamp is lit again from May.",
    "version": 2,
    "article": ARTICLE,
    "held_by": [{"check": "flags", "detail": None}],
    "flags": {"total": 3, "by_reason": {"misinformation": 3}, "notes": ["It is dark for good."]},
    "author_record": RECORD,
    "pending_revision": None,
    "why": ["flags", "held"],
}
EXAMPLES["Items"] = {"items": [ITEM], "next_cursor": None}
EXAMPLES["AppealStatement"] = {
    "text": "I criticised the decision, not the mayor.",
    "state": "open",
    "created_at": "2026-01-31T13:01:52.456Z",
    "decided_at": None,
}
EXAMPLES["NoticeStatement"] = {
    "id": "01940f2e-8a10-7c3e-9c55-5f0f0a8f7b2a",
    "explanation": "It names a private person and claims a crime.",
    "legal_ground": "Defamation",
    "name": "Eve Example",
    "contact": "eve@example.com",
    "state": "open",
    "created_at": "2026-01-31T13:01:52.456Z",
    "answered_at": None,
}
EXAMPLES["Statements"] = {"appeals": [EXAMPLES["AppealStatement"]], "notices": [EXAMPLES["NoticeStatement"]]}
EXAMPLES["ItemDetail"] = {
    **ITEM,
    "ancestors": [ROOT],
    "neighbours": [],
    "revisions": [
        {"version": 1, "text": ITEM["text"], "created_at": "2026-01-31T12:01:52.456Z", "status": "published"}
    ],
    "decisions": [DECISION],
}
EXAMPLES["QueueCounts"] = {
    "pending": 1,
    "flagged": 1,
    "appeals": 0,
    "spam": 12,
    "removed": 3,
    "oldest_pending_at": "2026-01-31T12:04:00.000Z",
}
EXAMPLES["DecisionLog"] = {"items": [DECISION], "next_cursor": None}
EXAMPLES["Articles"] = {
    "items": [{**ARTICLE, "moderation": None, "visibility": "shown", "slow_mode_seconds": None}],
    "next_cursor": None,
}
EXAMPLES["Authors"] = {"items": [{**GRACE, "author_record": RECORD}], "next_cursor": None}

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
        "decisions": [DECISION],
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

DISCUSSED: dict[str, Any] = {**ARTICLE, "recent_count": 2}
SETTINGS: dict[str, Any] = {
    "posting": "open",
    "moderation": "post",
    "guests": False,
    "guest_moderation": "pre",
    "guest_votes": False,
    "token_roles": "staff",
    "require_registered_articles": False,
    "edit_window_seconds": 300,
    "max_length": 10000,
    "max_links": 3,
    "flag_threshold": 3,
    "new_author_approvals": 0,
    "banned_words": [],
    "suspect_words": ["casino"],
    "reserved_names": ["The Editor"],
    "allowed_origins": ["https://www.example.com"],
    "picture_hosts": ["pictures.example.com"],
    "repeat_minutes": 5,
    "near_duplicates": {"authors": 3, "minutes": 60},
    "held_domains": [],
    "history_hold": {"last": 20, "removed_share": 0.5},
    "hook": None,
    "overdue_minutes": 60,
    "closed_text": "Comments are open from 7 to 23 o'clock.",
    "open_hours": {"from": "07:00", "to": "23:00", "zone": "Europe/Paris"},
    "section_moderation": {"Obituaries": "pre"},
    "auto_lock_days": 30,
    "sign_in_url": "https://www.example.com/sign-in",
    "language": "en",
    "retention_days": {"deleted_text": 30, "addresses": 30},
    "erase": "anonymise",
    "version": 7,
}
EXAMPLES |= {
    "Registration": {
        "title": "The last lighthouse keeper",
        "url": "https://www.example.com/lighthouse",
        "section": "News",
        "closes_at": "2026-02-28T22:00:00.000Z",
    },
    "Article": ARTICLE,
    "ArticlePatch": {"locked": True, "locked_reason": "This got out of hand."},
    "MergeRequest": {"into": "lighthouse"},
    "Merge": {"article": ARTICLE, "state": "done"},
    "MostDiscussed": {"articles": [DISCUSSED]},
    "WholeSettings": SETTINGS,
    "Trial": {"suspect_words": ["casino"]},
    "TrialComment": {"comment_id": REPLY_ID, "checks": ["suspect_word"]},
    "TrialAnswer": {
        "tried": 1000,
        "held": [{"comment_id": REPLY_ID, "checks": ["suspect_word"]}],
        "refused": [],
        "freed": [],
    },
    "SettingsPatch": {"posting": "closed", "closed_text": "Back on Monday.", "version": 7},
    "Stats": {
        "hours": [
            {
                "at": "2026-01-31T12:00:00.000Z",
                "comments": 2,
                "held": 1,
                "removed": 0,
                "waiting": 1,
                "oldest_seconds": 240,
            }
        ],
        "by_check": {"suspect_words": 1},
        "by_reason": {"abuse": 1},
        "articles": [DISCUSSED],
    },
}
EXAMPLES_BY_STATUS[("Merge", 202)] = {"article": ARTICLE, "state": "merging"}
PATH_EXAMPLES = {
    "site": "demo",
    "article_id": "lighthouse",
    "other_id": "lighthouse-2026",
    "comment_id": ROOT_ID,
    "notice_id": NOTICE_ID,
    "erase_id": ERASE_ID,
    "author_id": ADA["id"],
    "removal_id": REMOVAL["id"],
    "webhook_id": WEBHOOK["id"],
    "delivery_id": DELIVERY["id"],
}
