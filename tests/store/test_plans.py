"""What the planner makes of every query on a large database: rows read stay near rows returned."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from service.store.migrations import load_migrations
from service.store.queries import Query, load_queries
from tests.servers import SessionServers

QUERIES: dict[str, Query] = {
    name: query
    for stem in (
        "articles",
        "activity",
        "merging",
        "authors",
        "comments",
        "live",
        "votes",
        "flags",
        "me",
        "events",
        "decisions",
        "queue",
        "search",
        "directory",
        "sites",
        "notices",
        "appeals",
        "notifications",
        "network_bans",
        "removals",
        "people",
        "webhooks",
        "feeds",
        "rights",
    )
    for name, query in load_queries(stem).items()
}
EXECUTIONS = 7  # from the sixth on PostgreSQL may choose a plan that knows no arguments

# One article with 150,000 comments (a root with 20,000 replies; 30,000 roots with three each, of which 750 are
# tombstones and 750 gone altogether; 10,000 held ones among them, at every rank), and 5,000 articles with ten.
SEED = """
CREATE FUNCTION pg_temp.uid(at bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN
    (lpad(to_hex(1760000000000 + at), 12, '0') || '7000' || '8000' || lpad(to_hex(at), 12, '0'))::uuid;

INSERT INTO sites (name) SELECT 'site-' || n FROM generate_series(1, 2000) AS n;
INSERT INTO signing_keys (site_key, kid, algorithm, issuer, secret)
SELECT 1 + n % 2000, 'key', 'HS256', 'https://publisher.example', sha256('x') FROM generate_series(1, 6000) AS n;
INSERT INTO authors (id, site_key, issuer, subject, name)
SELECT gen_random_uuid(), 1, 'https://publisher.example', 'reader-' || n, 'Reader ' || n
FROM generate_series(1, 5000) AS n;
INSERT INTO articles (site_key, external_id, registered)
SELECT 1, 'article-' || n, true FROM generate_series(0, 5000) AS n;
INSERT INTO article_ids (site_key, external_id, article_key) SELECT 1, external_id, key FROM articles;
INSERT INTO article_counts (article_key, comment_count, position) SELECT key, 10, 10 FROM articles;

INSERT INTO comments (site_key, article_key, id, root_id, depth, path, author_key, status, featured, up, down,
                      reply_count, descendant_count)
SELECT 1, 1, id, id, 0, uuid_send(id), 1 + at % 5000, status, featured, up, down, replies, replies
FROM (
    SELECT 1 AS at, pg_temp.uid(1) AS id, 'published' AS status, false AS featured, 5 AS up, 1 AS down, 20000 AS replies
    UNION ALL
    SELECT g * 10, pg_temp.uid(g * 10),
           CASE WHEN g % 40 IN (1, 2) THEN 'removed' ELSE 'published' END, g % 1500 = 0,
           (g * 7919) % 211, (g * 1327) % 53, CASE WHEN g % 40 = 2 THEN 0 ELSE 3 END
    FROM generate_series(1, 30000) AS g
    UNION ALL
    SELECT g * 30 + 5, pg_temp.uid(g * 30 + 5), CASE WHEN g % 2 = 0 THEN 'spam' ELSE 'pending' END, false,
           (g * 7919) % 211, (g * 1327) % 53, 0
    FROM generate_series(1, 10000) AS g
) AS roots;

INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status)
SELECT 1, 1, pg_temp.uid(g * 10 + 7), pg_temp.uid(1), pg_temp.uid(1), 1,
       uuid_send(pg_temp.uid(1)) || uuid_send(pg_temp.uid(g * 10 + 7)), 1 + g % 5000, 'published'
FROM generate_series(1, 20000) AS g;
INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status, reply_count,
                      descendant_count)
SELECT 1, 1, pg_temp.uid(g * 10 + i), pg_temp.uid(g * 10), pg_temp.uid(g * 10), 1,
       uuid_send(pg_temp.uid(g * 10)) || uuid_send(pg_temp.uid(g * 10 + i)), 1 + g % 5000,
       CASE WHEN g % 40 = 2 THEN 'spam' ELSE 'published' END,
       CASE WHEN g % 40 = 2 OR i = 2 THEN 0 ELSE 1 END, CASE WHEN g % 40 = 2 OR i = 2 THEN 0 ELSE 1 END
FROM generate_series(1, 30000) AS g, generate_series(1, 2) AS i;
INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status)
SELECT 1, 1, pg_temp.uid(g * 10 + 3), pg_temp.uid(g * 10 + 1), pg_temp.uid(g * 10), 2,
       uuid_send(pg_temp.uid(g * 10)) || uuid_send(pg_temp.uid(g * 10 + 1)) || uuid_send(pg_temp.uid(g * 10 + 3)),
       1 + g % 5000, CASE WHEN g % 40 = 2 THEN 'spam' ELSE 'published' END
FROM generate_series(1, 30000) AS g;

INSERT INTO comments (site_key, article_key, id, root_id, depth, path, author_key, status, up)
SELECT 1, 2 + n / 10, id, id, 0, uuid_send(id), 1 + n % 5000, 'published', n % 7
FROM (SELECT n, pg_temp.uid(1000000 + n) AS id FROM generate_series(0, 49999) AS n) AS small;

INSERT INTO votes (article_key, comment_id, author_key, value)
SELECT 1, pg_temp.uid(g * 10), 1 + (g * 7 + i * 613) % 5000, CASE WHEN i % 4 = 0 THEN -1 ELSE 1 END
FROM generate_series(1, 30000) AS g, generate_series(1, 2) AS i;
INSERT INTO decisions (site_key, article_key, comment_id, author_key, action, to_status, version)
SELECT 1, 1, pg_temp.uid(g * 30 + 5), 7, 'remove', 'spam', 2 FROM generate_series(1, 30000) AS g;
INSERT INTO flags (article_key, comment_id, author_key, reason, state)
SELECT 1, pg_temp.uid(g * 10), 1 + g % 5000, 'spam', CASE WHEN g % 3 = 0 THEN 'dismissed' ELSE 'upheld' END
FROM generate_series(1, 30000) AS g;

INSERT INTO revisions (article_key, comment_id, number, text, html, renderer, status, created_at)
SELECT article_key, id, 1, 'Words.', '<p>Words.</p>', 1, 'published', now() FROM comments;
INSERT INTO events (kind, site_key, article_key, comment_id, author_key, to_status, written_at)
SELECT 'comment.created', 1, 1 + n % 5001, gen_random_uuid(), 1, 'published', now()
FROM generate_series(1, 250000) AS n;
UPDATE followers SET position = 250000 WHERE name = 'log';
UPDATE followers SET position = 249997 WHERE name = 'webhooks';
INSERT INTO webhooks (id, site_key, url, secret)
SELECT gen_random_uuid(), 1 + n % 2000, 'https://hooks.example', 'whsec_' FROM generate_series(0, 5999) AS n;
INSERT INTO deliveries (webhook_key, id, type, comment_id, happened_at, status, next_at)
SELECT 1 + n % 50, pg_temp.uid(n), 'comment.created', pg_temp.uid(10 * (1 + n % 3000)),
       now() - interval '30 days' + (n - 10) * interval '10 seconds', 'delivered', NULL
FROM generate_series(1, 100000) AS n;
INSERT INTO deliveries (webhook_key, id, type, happened_at, next_at)
SELECT 1 + n % 3 * 2000, pg_temp.uid(n), 'comment.created', now(), now() + (n % 2 - 1) * interval '1 day'
FROM generate_series(100001, 100012) AS n;
UPDATE sites SET settings = '{"overdue_minutes": 60}' WHERE key <= 5;
INSERT INTO queue (site_key, kind, article_key, comment_id, author_key)
SELECT 1 + n % 20, 'pending', article_key, id, author_key
FROM (SELECT *, row_number() OVER () AS n FROM comments WHERE status = 'pending') AS held;
INSERT INTO queue (site_key, kind, article_key, comment_id, author_key, urgency, since)
SELECT 1, 'flagged', 1, pg_temp.uid(g * 10), 1 + g % 5000, g % 7, now() - g * interval '1 second'
FROM generate_series(1, 10000) AS g;
INSERT INTO decisions (site_key, article_key, comment_id, author_key, action, to_status, moderator_key, created_at)
SELECT 1, 1, pg_temp.uid(g * 10), 1 + g % 5000, 'feature', 'published', 1 + g % 50, now() - g * interval '1 minute'
FROM generate_series(1, 20000) AS g;
UPDATE flags SET upheld_against = 1 + (author_key * 7) % 5000 WHERE state = 'upheld';
INSERT INTO articles (site_key, external_id) SELECT 2, 'other-' || n FROM generate_series(1, 500) AS n;
INSERT INTO article_counts (article_key) SELECT key FROM articles WHERE site_key = 2;
UPDATE articles SET title = 'Title ' || key, section = 'Section ' || key % 50;
INSERT INTO comment_words (site_key, comment_id, words)
SELECT 1, id, CASE WHEN n % 1000 > 0 THEN array_to_tsvector(ARRAY['common', 'rare' || n % 3000]) END
FROM (SELECT id, row_number() OVER () AS n FROM comments WHERE article_key = 1) AS said WHERE n <= 60000;
INSERT INTO author_counts SELECT key, 10, 1, 1, 0, 0 FROM authors;
INSERT INTO site_counts SELECT key, 10, 1, 1, 0, 0 FROM sites;
UPDATE followers SET position = 250000 WHERE name = 'search';
UPDATE followers SET position = 249990 WHERE name = 'notifications';
INSERT INTO notifications (author_key, position, type, article_key, comment_id, created_at)
SELECT 1 + n % 5000, n, 'reply', 1, gen_random_uuid(), now() FROM generate_series(1, 100000) AS n;
INSERT INTO notices (site_key, article_key, comment_id, explanation, legal_ground, state, answered_at)
SELECT 1, 1, pg_temp.uid(g * 10), 'Words.', 'A law.', 'dismissed', now() FROM generate_series(1, 30000) AS g;
UPDATE authors SET roles = '{moderator}' WHERE key % 500 = 0;
INSERT INTO idempotency_keys (author_key, key, request_hash, article_key, comment_id, status, created_at)
SELECT 1 + n % 5000, 'key-' || n, '', 1, gen_random_uuid(), 201, now() - n * interval '1 second'
FROM generate_series(1, 50000) AS n;
INSERT INTO recent_texts (author_key, fingerprint, comment_id, said_at)
SELECT 1 + n % 5000, sha256(n::text::bytea), gen_random_uuid(), now() - n * interval '1 second'
FROM generate_series(1, 50000) AS n;
INSERT INTO network_bans (site_key, network, until, reason)
SELECT 1 + n % 2000, set_masklen('20.0.0.0'::inet + n * 256, 24)::cidr, '9999-12-31', 'Advertising.'
FROM generate_series(1, 20000) AS n;
INSERT INTO removals (id, site_key, author_key, state, total)
SELECT pg_temp.uid(n), 1, 1 + n % 5000, CASE WHEN n <= 10 THEN 'running' ELSE 'done' END, 40
FROM generate_series(1, 20000) AS n;
INSERT INTO removed_comments (removal_id, comment_id, version)
SELECT pg_temp.uid(n), pg_temp.uid(i), 2 FROM generate_series(1, 2000) AS n, generate_series(1, 20) AS i;
INSERT INTO author_notes (id, site_key, author_key, moderator_key, text)
SELECT pg_temp.uid(n), 1, 1 + n % 5000, 1, 'Words.' FROM generate_series(1, 20000) AS n;
INSERT INTO appeals (article_key, comment_id, version, author_key, text)
SELECT 1, pg_temp.uid(g * 10), 2, 1 + g % 5000, 'Words.' FROM generate_series(1, 30000) AS g;
INSERT INTO notices (site_key, article_key, comment_id, author_key, explanation, legal_ground)
SELECT 1, 1, pg_temp.uid(g * 10), 1 + g % 5000, 'Words.', 'Ground' FROM generate_series(1, 20000) AS g;
INSERT INTO near_texts (site_key, fingerprint, author_key, said_at)
SELECT 1, g, 1 + g % 5000, now() FROM generate_series(1, 20000) AS g;
INSERT INTO erased_people (site_key, hash, erased_at)
SELECT 1, sha256(g::text::bytea), now() - g * interval '1 second' FROM generate_series(1, 20000) AS g;
INSERT INTO erasures (id, site_key, author_key, hash, mode, state, asked_at, done_at)
SELECT pg_temp.uid(g), 1, CASE WHEN g = 7 THEN 7 END, sha256(g::text::bytea), 'delete',
       CASE WHEN g = 7 THEN 'words' ELSE 'done' END, now() - g * interval '1 second', CASE WHEN g <> 7 THEN now() END
FROM generate_series(1, 20000) AS g;
INSERT INTO addresses (site_key, author_key, hash)
SELECT 1, 1 + n % 5000, substring(sha256((n % 9000)::text::bytea) FOR 16) FROM generate_series(1, 20000) AS n
ON CONFLICT DO NOTHING;
INSERT INTO articles (site_key, external_id, merged_into) VALUES (1, 'bare', 2);
UPDATE followers SET position = 249990 WHERE name = 'hours';
UPDATE articles SET opens_at = now() + key * interval '1 minute' WHERE key % 10 = 3;
UPDATE articles SET closes_at = now() + key * interval '1 minute' WHERE key % 10 = 4;
UPDATE sites SET settings = '{"auto_lock_days": 30}' WHERE key % 500 = 1;
INSERT INTO article_hours (site_key, hour, article_key, comments)
SELECT 1 + n % 2000, date_trunc('hour', now()) - n % 7 * interval '1 day', 1 + n / 2000, 1 + n % 9
FROM generate_series(0, 59999) AS n;
INSERT INTO site_hours (site_key, hour, measure, number)
SELECT 1 + n % 2000, date_trunc('hour', now()) - n / 2000 * interval '1 hour', 'comments', 1
FROM generate_series(0, 59999) AS n;
INSERT INTO near_texts (site_key, fingerprint, author_key, said_at)
SELECT 1, n % 500, 1 + n % 5000, now() - n * interval '1 second' FROM generate_series(1, 50000) AS n
ON CONFLICT DO NOTHING;
UPDATE articles SET slow_mode_seconds = 60 WHERE key = 1;
UPDATE authors SET granted_role = 'moderator' WHERE key % 500 = 1;
ANALYZE;
"""


def uid(at: int) -> UUID:
    """The id that SEED gives what was said at this millisecond."""
    return UUID(f"{1760000000000 + at:012x}70008000{at:012x}")


FIRST, LAST, MIDDLE = UUID(int=0), UUID(int=2**128 - 1), uid(150_000)
BIG_ROOT, BIG = uid(1), 1
END = 250_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
INFINITE = float("inf")
PERSON = sha256(b"7").digest()
HASHES = ["\\\\x" + sha256(str(n).encode()).hexdigest() for n in (7, 30_000)]


def new_comment(parent: UUID | None) -> tuple[Any, ...]:
    said = (b"never said", NOW - timedelta(minutes=5), f"new-{parent}", b"hash", 201)
    return (
        1,
        BIG,
        uid(5_000_000),
        parent,
        7,
        "published",
        [],
        "Words.",
        "<p>Words.</p>",
        1,
        NOW,
        *said,
        bytes(16),
        None,
        [6, 7],
    )


def asked(*, everything: bool) -> tuple[Any, ...]:
    """What a site asks of an author who posts or edits: everything, or nothing but the ban of their network."""
    return ("192.0.2.1", 3, 20, [6, 7, 8, 9, 10], 60, 3) if everything else ("192.0.2.1", 0, 0, [], 0, 0)


READER_7 = ("https://publisher.example", "reader-7")
FUTURE, LONG_AGO = datetime(9999, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)


def walk(
    limit: int,
    scan: int = 10_000,
    before: UUID = LAST,
    author: int | None = None,
    article: int | None = None,
    reason: str | None = None,
) -> tuple[Any, ...]:
    """$1 to $10 of a walk through a site's comments."""
    return (1, before, FIRST, scan, limit, author, article, None, reason, None)


# label: the query and arguments as the service gives them
CASES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "newest": ("page_newest", (BIG, LAST, 21, 11)),
    "newest, late": ("page_newest", (BIG, uid(2_000), 21, 11)),
    "newest, all there is": ("page_newest", (BIG, LAST, 101, 51)),
    "newest, small": ("page_newest", (77, LAST, 21, 11)),
    "oldest": ("page_oldest", (BIG, FIRST, 21, 11)),
    "oldest, late": ("page_oldest", (BIG, uid(290_000), 21, 11)),
    "top": ("page_top", (BIG, LAST, 21, 11, INFINITE)),
    "top, late": ("page_top", (BIG, MIDDLE, 21, 11, 0.4)),
    "top, at the end": ("page_top", (BIG, MIDDLE, 21, 11, 0.0)),
    "controversial": ("page_controversial", (BIG, LAST, 21, 11, INFINITE)),
    "controversial, late": ("page_controversial", (BIG, MIDDLE, 21, 11, 3.0)),
    "featured": ("page_featured", (BIG, LAST, 21, 11, INFINITE, "newest")),
    "featured, by rank": ("page_featured", (BIG, LAST, 21, 11, INFINITE, "top")),
    "replies": ("replies_of_root", (BIG, BIG_ROOT, b"", 21)),
    "replies, late": ("replies_of_root", (BIG, BIG_ROOT, BIG_ROOT.bytes + uid(190_007).bytes, 21)),
    "permalink": ("find_listed", (1, uid(150_003))),
    "permalink of nothing": ("find_listed", (1, uid(8_000_000))),
    "ancestors": ("ancestors", (BIG, uid(150_001), uid(150_000))),
    "own comment": ("find_own", (1, uid(150_003))),
    "article": ("find_article", (1, "article-0")),
    "article position": ("article_position", (1, "article-0")),
    "article about to change": ("lock_article", (1, "article-0")),
    "change an article": ("update_article", (BIG, ["title"], "New", *[None] * 10, False)),
    "alias": ("insert_alias", (1, "another", BIG)),
    "any comment": ("any_comment", (BIG,)),
    "ids that move": ("move_ids", (77, 78)),
    "hours that go": ("drop_hours", (1, BIG)),
    "article that goes": ("delete_article", (5002,)),
    "begin a merge": ("start_merge", (77, 78)),
    "merges to here": ("merges_into", (78,)),
    "any merge": ("next_merge", (None,)),
    "this merge": ("next_merge", (5002,)),
    "stop the log": ("stop_log", ()),
    "thread to move": ("next_thread", (BIG,)),
    "move a thread": ("move_thread", (BIG, 2, uid(150_000))),
    "settle a thread": ("settle_thread", (2, BIG, uid(150_000))),
    "told of what moved": ("move_notifications", (77, 2)),
    "most discussed": ("most_discussed", (1, 24, 20)),
    "most discussed, a week": ("most_discussed", (1, 168, 20)),
    "count by the hour": ("count_hours", (10,)),
    "what was counted": ("read_hours", (1,)),
    "hours to forget": ("forget_hours", ()),
    "times": ("tell_times", (1000,)),
    "API key": ("find_api_key", (1, b"hash")),
    "settings about to change": ("lock_settings", (1,)),
    "changes of settings": ("list_settings_changes", (1, 100)),
    "counts of 200": ("count_comments", (1, [f"article-{n * 25}" for n in range(200)])),
    "count of one": ("count_comments", (1, ["article-0"])),
    "post": ("plain_posting_context", (1, "article-0", *READER_7, *asked(everything=False), None, "key-6")),
    "post a reply": ("plain_posting_context", (1, "article-0", *READER_7, *asked(everything=False), BIG_ROOT, None)),
    "reply where everything is asked": (
        "posting_context",
        (1, "article-0", *READER_7, *asked(everything=True), BIG_ROOT, "key-6"),
    ),
    "post where everything is asked": (
        "posting_context",
        (1, "article-0", *READER_7, *asked(everything=True), None, None),
    ),
    "edit": ("editing_context", (1, uid(150_003), *READER_7, *asked(everything=True))),
    "edit, the text": ("remember_text", (7, b"said", uid(150_003), NOW)),
    "edit, like others": ("remember_near", (1, 7, [6, 7])),
    "try rules": ("recent_comments", (1, 1000, 0, 0)),
    "write": ("insert_comment", new_comment(None)),
    "write a reply": ("insert_comment", new_comment(BIG_ROOT)),
    "replay": ("touch_idempotency_key", (7, "key-6")),
    "decide": ("take_comment", (1, uid(150_003))),
    "decide on": ("lock_comment", (1, uid(150_003))),
    "save standing": (
        "save_standing",
        (BIG, uid(150_003), "removed", "published", False, False, False, 1, None, None, True),
    ),
    "new words": ("insert_revision", (BIG, uid(150_003), 2, "New", "<p>New</p>", 1, "pending")),
    "judge revisions": ("judge_revisions", (BIG, uid(150_003), 1, None)),
    "hold": ("hold_comment", (BIG, uid(150_003), ["premoderated_site"], '{"suspect_word": "casino"}')),
    "answer flags": ("answer_flags", (BIG, uid(150_003), "upheld", FIRST)),
    "answer notices": ("answer_notices", (BIG, uid(150_000), "upheld", FIRST)),
    "notice": ("insert_notice", (1, BIG, BIG_ROOT, None, "Words.", "A law.", "Eve", "eve@example.com")),
    "notice looked up": ("find_notice", (1, MIDDLE)),
    "appeal": ("insert_appeal", (BIG, uid(150_003), 2, 7, "Please.")),
    "close appeal": ("close_appeal", (BIG, uid(150_003), "refused", FIRST)),
    "who removed it": ("find_removing_decision", (uid(150_005),)),
    "another moderator": ("another_moderator", (1, 500)),
    "tell people": ("follow_notifications", (500,)),
    "notifications": ("notifications_of", (7, (2**63 - 1), "", 21)),
    "notifications, late": ("notifications_of", (7, 40_000, "reply", 21)),
    "new notifications": ("notifications_after", (99_900, 50)),
    "no new notifications": ("notifications_after", (END, 50)),
    "where notifications stand": ("notifications_position", ()),
    "comments told of": ("find_listed_many", ([BIG] * 20, [str(uid(n * 10)) for n in range(5_000, 5_020)])),
    "own comments told of": ("find_own_many", ([BIG] * 20, [str(uid(n * 10)) for n in range(5_000, 5_020)], 7)),
    "enqueue": ("enqueue", (1, "pending", BIG, uid(150_003), 7, 0.0, [], [])),
    "dequeue": ("dequeue", (BIG, uid(150_003), ["pending"])),
    "own votes": ("own_votes", (7, BIG)),
    "own flags": ("own_flags", (7, BIG)),
    "own unpublished": ("own_unpublished", (36, BIG)),
    "own editable": ("own_editable", (7, BIG, uid(899_990))),
    "flag": ("insert_flag", (BIG, BIG_ROOT, 7, "spam", None)),
    "flag that stands": ("find_flag", (BIG, BIG_ROOT, 7)),
    "open flags": ("open_flags", (BIG, BIG_ROOT)),
    "vote": ("upsert_vote", (1, BIG_ROOT, 7, 1)),
    "forget text": ("forget_text", (7, uid(150_003))),
    "decision": ("insert_decision", (1, BIG, BIG_ROOT, 7, "remove", "published", "removed", None, None, None, 2, None)),
    "decisions": ("decisions_of_site", (1, NOW, LAST, 21)),
    "decisions on a comment": ("decisions_of_comment", (1, FUTURE, LAST, 21, uid(150_005), None, None)),
    "decisions on an author": ("decisions_of_author", (1, FUTURE, LAST, 21, 36, None)),
    "decisions by a moderator": ("decisions_of_moderator", (1, NOW, LAST, 21, 36)),
    "queue": ("walk_queue", (*walk(21), "flagged", -INFINITE, LONG_AGO, FIRST)),
    "queue, late": ("walk_queue", (*walk(21), "flagged", -3.0, LONG_AGO, FIRST)),
    "queue, filtered": ("walk_queue", (*walk(21, reason="spam"), "flagged", -INFINITE, LONG_AGO, FIRST)),
    "all comments": ("walk_site", (*walk(21), ["published", "pending", "removed", "spam", "deleted"])),
    "published comments": ("walk_site", (*walk(21, before=uid(150_000)), ["published"])),
    "comments of an author": ("walk_author", (*walk(21, author=36), ["published"])),
    "comments on an article": ("walk_article", (*walk(21, article=BIG), ["published"])),
    "removed comments": ("walk_removed", (*walk(21), ["removed"])),
    "spam": ("walk_spam", (*walk(21), ["spam"])),
    "common words": ("search_recent", (*walk(50, scan=50), None, "xx", "common", None)),
    "rare words": ("search_words", (*walk(21), None, "xx", "rare77", None)),
    "items": ("read_items", (1, [uid(g * 10) for g in range(1000, 1004)])),
    "all ancestors": ("all_ancestors", (BIG, uid(150_001), uid(150_000))),
    "neighbours of a root": ("neighbours", (BIG, uid(150_000), None, uid(150_000), uid(150_000).bytes)),
    "neighbours": (
        "neighbours",
        (BIG, uid(100_007), BIG_ROOT, BIG_ROOT, BIG_ROOT.bytes + uid(100_007).bytes),
    ),
    "revisions": ("revisions_of", (BIG, uid(150_003))),
    "appeals of a comment": ("appeals_of", (BIG, uid(150_003))),
    "notices of a comment": ("notices_of", (BIG, uid(150_000))),
    "what waits, where nothing does": ("count_queues", (999,)),  # it reads what waits
    "words to read": ("follow_words", (5,)),
    "articles of a site": ("articles_of_site", (2, 2**60, 21)),
    "articles of a section": ("articles_of_section", (1, 2000, 21, "Section 7")),
    "articles found": ("find_articles", (1, 2**60, 21, None, "article-4999", "article-4999~", "1234")),
    "people found": ("find_authors", (1, "Reader 12", "reader 12", 0, 21)),
    "outbox": ("insert_outbox", ("comment.created", 1, BIG, uid(150_003), 7, None, "published", None, None)),
    "sequence": ("advance_log", (2000,)),
    "anything to sequence": ("outbox_waits", ()),
    "tail, something new": ("read_events", (END - 3, 1000)),
    "tail, nothing new": ("read_events", (END, 1000)),
    "tail, from the beginning": ("read_events", (0, 1000)),
    "end of the log": ("last_position", ()),
    "changed counts, none": ("counts_since", (END,)),
    "changed counts, ten": ("counts_since", (END - 10,)),
    "lag": ("log_lag", ()),
    "retention": ("forget_old_rows", ()),
    "trim": ("trim_events", (timedelta(days=30),)),
    "a new webhook": ("lock_site", (7,)),
    "a webhook more": ("insert_webhook", (uid(9), 7, "https://hooks.example", "whsec_", [], True, 20)),
    "webhooks": ("list_webhooks", (7, FIRST, 21)),
    "webhook": ("find_webhook", (7, uid(9))),
    "change a webhook": ("update_webhook", (7, uid(9), None, None, True)),
    "clear a webhook": ("delete_deliveries", (7, 20)),
    "delete a webhook": ("delete_webhook", (70,)),
    "deliveries": ("list_deliveries", (7, LAST, 21)),
    "deliveries, late": ("list_deliveries", (7, uid(50_000), 21)),
    "replay a delivery": ("replay_delivery", (7, uid(50_006))),
    "tell webhooks": ("tell_webhooks", (500, ["comment.created"], ["comment.created"])),
    "claim": ("claim_deliveries", ([5], 16, 4, timedelta(seconds=30))),
    "send": ("read_deliveries", ([7, 7], [uid(50_006), uid(50_056)])),
    "sent": ("save_attempt", (7, uid(50_006), 1, "pending", timedelta(hours=1), 500, False, timedelta(days=5))),
    "delivery lag": ("delivery_lag", ()),
    "forget deliveries": ("forget_deliveries", (timedelta(days=30), 5000)),
    "overdue": ("tell_overdue", ()),
    "stream": ("stream_start", (1, "article-0", END)),
    "stream of nothing": ("stream_start", (1, "none", None)),
    "stream, resumed": ("article_events", (77, 0, 500, 200)),
    "stream, resumed in the middle": ("article_events", (77, 100_000, 500, 200)),
    "news of an article": ("live_comments", ([BIG], [FIRST], [False], END)),
    "news of comments": (
        "live_comments",
        ([BIG, BIG, BIG, 77], [uid(150_003), uid(150_000), BIG_ROOT, FIRST], [True, True, False, False], END),
    ),
    "news of somebody": ("written_on", ([BIG], [7])),
    "decisions missed": ("site_decisions", (1, 0, 500)),
    "decisions missed, late": ("site_decisions", (1, END - 3, 500)),
    "decisions told": ("decisions_by_id", ([UUID(int=1), UUID(int=2)],)),
    "notifications missed": ("notifications_since", (7, 0, 500)),
    "bearers": ("read_bearers", ([7, 8, 9],)),
    "author": ("find_author", (1, "https://publisher.example", "reader-7")),
    "site": ("find_site", ("site-7",)),
    "participant": ("find_participant", (1, "https://publisher.example", "reader-7", "20.0.7.7")),
    "lock author": ("lock_author_key", (7,)),
    "network ban": ("network_ban", (7, "20.0.6.7")),
    "network bans": ("read_network_bans", (7, None, 21)),
    "ban a network": ("upsert_network_ban", (7, "192.0.2.0/24", NOW, "Advertising.", 7)),
    "lift a network's ban": ("delete_network_ban", (7, "20.0.6.0/24")),
    "bans that are over": ("forget_network_bans", ()),
    "last removal": ("find_removal", (7,)),
    "removal": ("lock_removal", (uid(7),)),
    "whom it is about": ("removed_author", (1, uid(7))),
    "undo": ("undo_removal", (uid(700),)),
    "removal with work": ("next_removal", ()),
    "next to remove": ("written_after", (7, FIRST, 500, NOW)),
    "next to restore": ("removed_after", (uid(7), FIRST, 500)),
    "turn of a removal": ("take_removal", (uid(7), "running")),
    "step of a removal": ("advance_removal", (uid(7), BIG_ROOT, 1)),
    "removed comment": ("insert_removed", (uid(7), uid(150_000), 2)),
    "end of a removal": ("finish_removal", (uid(7), "done")),
    "show": ("reveal_author", (7,)),
    "record": ("author_record", (7,)),
    "notes": ("read_notes", (7,)),
    "note": ("insert_note", (uid(5_000_000), 1, 7, 8, "Words.")),
    "same network": ("same_network", (7,)),
    "feed": ("feed_of_article", (BIG, 50)),
    "feed of a site": ("feed_of_site", (1, 50, 2000)),
    "feed of a site without comments": ("feed_of_site", (7, 50, 2000)),
    "erase": ("begin_erasure", (uid(9_999_999), 8, PERSON, HASHES, "delete", "discuss:erased", "Nobody", None)),
    "last erasure": ("last_erasure", (1, HASHES)),
    "erasure": ("find_erasure", (1, uid(7), HASHES)),
    "erasure with work": ("next_erasure", ()),
    "turn of an erasure": ("take_erasure", (uid(7), "words", FIRST)),
    "step of an erasure": ("advance_erasure", (uid(7), "words", BIG_ROOT)),
    "end of an erasure": ("finish_erasure", (uid(7),)),
    "forget words": ("forget_words", (8, FIRST, 10, True)),
    "next to delete": ("left_to_delete", (8, FIRST, 500, False)),
    "forget a comment": ("clear_comment", (BIG, uid(150_003), None)),
    "forget keys": ("forget_keys", (8,)),
    "forget texts": ("forget_texts", (8,)),
    "forget near texts": ("forget_near_texts", (8,)),
    "forget addresses": ("forget_addresses_of", (8,)),
    "forget notes": ("forget_notes", (8,)),
    "forget what they were told": ("forget_notifications", (8,)),
    "forget flags' notes": ("forget_flags", (8,)),
    "forget notices": ("forget_notices", (8,)),
    "forget appeals": ("forget_appeals", (8,)),
    "erased people among these": ("known_erased", (1, HASHES)),
    "one erased person more": ("remember_erased", (1, PERSON, None, NOW)),
    "next authors": ("next_authors", (1, 100, 500, "discuss:erased")),
    "export a person": ("export_author", (8,)),
    "export comments": ("export_comments", (8, FIRST, 100)),
    "export votes": ("export_votes", (8, 0, FIRST, 100)),
    "export flags": ("export_flags", (8, 0, FIRST, 100)),
    "export notices": ("export_notices", (8, FIRST, 100)),
    "export appeals": ("export_appeals", (8, 0, FIRST, 0, 100)),
    "export notifications": ("export_notifications", (8, 0, "", 100)),
    "export decisions": ("export_decisions", (7, NOW - timedelta(days=9999), FIRST, 100)),
    "export addresses": ("export_addresses", (8, b"", 100)),
}
COMMENT_OF_A_REPLY = uid(150_003)


@dataclass(frozen=True)
class Plan:
    """What one execution did."""

    returned: float
    read: float
    indexes: frozenset[str]
    text: str


@pytest.fixture(scope="module")
def large(servers: SessionServers, template: str) -> Iterator[str]:
    """The name of a database with more than 200,000 comments and events."""
    name = f"discuss_{uuid.uuid4().hex[:12]}"
    servers.create_database(name, template)
    yield name
    servers.drop_database(name)


@pytest_asyncio.fixture(scope="module")
async def connection(large: str, servers: SessionServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """The service's login, with the settings it runs with."""
    owner = await asyncpg.connect(servers.owner_url(large))
    await owner.execute(SEED)
    await owner.close()
    app = await asyncpg.connect(servers.app_url(large), server_settings={"jit": "off", "TimeZone": "UTC"})
    yield app
    await app.close()


def literal(value: Any) -> str:
    """An argument as EXECUTE takes it; PostgreSQL gives it the parameter's type."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        value = "{" + ",".join(map(str, value)) + "}"
    if isinstance(value, bytes):
        value = f"\\x{value.hex()}"
    if isinstance(value, float) and value == INFINITE:
        value = "Infinity"
    return "'" + str(value).replace("'", "''") + "'"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plan's nodes."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


TABLE_SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan", "Sample Scan")


def summary(root: dict[str, Any]) -> Plan:
    """Rows read by all scans of tables, those that a filter threw away included."""
    read, indexes = 0.0, set()
    for node in nodes(root):
        if "Index Name" in node and node["Actual Loops"]:
            indexes.add(node["Index Name"])
        if node["Node Type"] in TABLE_SCANS:
            rows = sum(
                node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
            )
            read += rows * node["Actual Loops"]
    text = json.dumps(root, indent=1)
    return Plan(root["Actual Rows"] * root["Actual Loops"], read, frozenset(indexes), text)


async def executed(connection: asyncpg.Connection[asyncpg.Record], label: str) -> list[Plan]:
    """The plans of one case run as often as it takes to see the generic one; what it wrote is undone."""
    name, arguments = CASES[label]
    plans = []
    await connection.execute(f"PREPARE hot AS {QUERIES[name].sql}")
    try:
        for _ in range(EXECUTIONS):
            transaction = connection.transaction()
            await transaction.start()
            try:
                if name == "advance_log":
                    await connection.execute(QUERIES["insert_outbox"].sql, *("comment.removed", 1, BIG), *REMOVAL)
                given = f"({', '.join(map(literal, arguments))})" if arguments else ""
                found = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE hot {given}")
            finally:
                await transaction.rollback()
            plans.append(summary(json.loads(found)[0]["Plan"]))
    finally:
        await connection.execute("DEALLOCATE hot")
    return plans


REMOVAL = (COMMENT_OF_A_REPLY, 7, "published", "removed", None, None)


@pytest.mark.parametrize("label", CASES)
async def test_rows_read_stay_near_rows_returned(label: str, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    for number, plan in enumerate(await executed(connection, label), start=1):
        allowed = 5 * plan.returned + 50
        assert plan.read <= allowed, f"execution {number} read {plan.read} rows, at most {allowed}: {plan.text}"


async def test_the_planner_is_left_alone(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    changed = await connection.fetch(
        "SELECT name, setting FROM pg_settings WHERE source NOT IN ('default', 'override', 'configuration file')"
        " AND (name LIKE 'enable\\_%' OR category LIKE 'Query Tuning%')"
    )
    assert [tuple(row) for row in changed] == [("jit", "off")]  # as service/store/database.py connects
    assert await connection.fetchval("SHOW plan_cache_mode") == "auto"


async def test_what_is_measured_is_large(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    for table in ("comments", "events", "revisions"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") >= 200_000
    page = (await executed(connection, "newest"))[0]
    assert page.returned == 21 * 4
    assert (await executed(connection, "replies, late"))[0].returned == 21


def served() -> Iterator[tuple[str, set[str]]]:
    """Every index and the queries its comment names, those measured here only."""
    measured = {name for name, _ in CASES.values()}
    for migration in load_migrations():
        for comment, index in re.findall(r"((?:^--.*\n)+)CREATE INDEX (\w+)", migration.sql, re.MULTILINE):
            if names := measured.intersection(re.findall(r"[a-z_]+", comment)):
                yield index, names


@pytest.mark.parametrize(("index", "names"), list(served()))
async def test_an_index_is_used_by_the_queries_it_says_it_serves(
    index: str, names: set[str], connection: asyncpg.Connection[asyncpg.Record]
) -> None:
    for name in names:
        labels = [label for label, case in CASES.items() if case[0] == name]
        used = {i for label in labels for plan in await executed(connection, label) for i in plan.indexes}
        assert index in used, f"{name} does not use it"


async def test_a_plan_that_reads_everything_is_noticed(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    found = await connection.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM comments WHERE up = 210 ORDER BY id LIMIT 5"
    )
    plan = summary(json.loads(found)[0]["Plan"])
    assert plan.read > 5 * plan.returned + 50
