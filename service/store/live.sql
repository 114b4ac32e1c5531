-- stream_start
-- Where a stream of an article begins: the log's end, and whether something was forgotten that happened on it after a
-- position. An article whose events are all younger than the log has lost none. $1 site, $2 article id, $3 position
SELECT f.position AS log_end, i.article_key,
       coalesce(n.position > $3 AND $3 < coalesce(oldest.position, f.position + 1) - 1
                AND a.created_at < coalesce(oldest.logged_at, clock_timestamp()), false) AS lost
FROM followers f
LEFT JOIN article_ids i ON i.site_key = $1 AND i.external_id = $2
LEFT JOIN articles a ON a.key = i.article_key
LEFT JOIN article_counts n ON n.article_key = i.article_key
LEFT JOIN LATERAL (SELECT position, logged_at FROM events ORDER BY position LIMIT 1) oldest ON true
WHERE f.name = 'log'

-- written_on
-- The published comments of authors on articles, hidden or not. $1 articles, $2 an author for each
SELECT asked.author_key, c.article_key, c.id
FROM unnest($1::bigint[], $2::bigint[]) AS asked (article_key, author_key)
CROSS JOIN LATERAL (
    SELECT x.article_key, x.id FROM comments x
    WHERE x.author_key = asked.author_key AND x.article_key = asked.article_key AND x.status = 'published'
) c

-- article_events
-- An article's events after a position, and those just before it, with the log's end in the same snapshot: one row
-- without an event when there are none. $1 article, $2 position, $3 at most so many after it, $4 before it
SELECT f.position AS log_end, e.*
FROM followers f LEFT JOIN LATERAL (
    (SELECT position, kind, comment_id, author_key, from_status, to_status, logged_at FROM events
     WHERE article_key = $1 AND position <= $2 ORDER BY position DESC LIMIT $4)
    UNION ALL
    (SELECT position, kind, comment_id, author_key, from_status, to_status, logged_at FROM events
     WHERE article_key = $1 AND position > $2 ORDER BY position LIMIT $3)
) e ON true
WHERE f.name = 'log' ORDER BY e.position

-- site_decisions
-- A site's decisions after a position, with the log's end in the same snapshot and whether earlier ones were forgotten.
-- $1 site, $2 position, $3 at most so many
SELECT f.position AS log_end, e.position, e.decision_id,
       coalesce($2 < coalesce((SELECT position FROM events ORDER BY position LIMIT 1), f.position + 1) - 1, false) AS lost
FROM followers f LEFT JOIN LATERAL (
    SELECT position, decision_id FROM events
    WHERE site_key = $1 AND position > $2 AND decision_id IS NOT NULL ORDER BY position LIMIT $3
) e ON true
WHERE f.name = 'log' ORDER BY e.position

-- notifications_since
-- What an author was told after a position, with the position everybody was told up to in the same snapshot.
-- $1 author, $2 position, $3 at most so many
SELECT f.position AS log_end, e.*
FROM followers f LEFT JOIN LATERAL (
    SELECT author_key, position, type, article_key, comment_id, reason, created_at FROM notifications
    WHERE author_key = $1 AND position > $2 ORDER BY position, type LIMIT $3
) e ON true
WHERE f.name = 'notifications' ORDER BY e.position, e.type

-- read_bearers
-- The people whose streams are open, as they are now. $1 keys
SELECT u.key, u.id, u.name, u.avatar_url, u.roles, u.labels, u.guest, u.granted_role, u.banned_until, u.ban_reason,
       u.revoked_before, clock_timestamp() AS now
FROM unnest($1::bigint[]) AS asked (key)
CROSS JOIN LATERAL (SELECT * FROM authors x WHERE x.key = asked.key LIMIT 1) u

-- decisions_by_id
-- Decisions with their notes and who made them. $1 ids
SELECT d.id, d.comment_id, u.id AS author_id, d.action, d.from_status, d.to_status, d.check_name, m.id AS moderator_id,
       m.name AS moderator_name, d.reason, n.text AS note, d.version, d.created_at
FROM unnest($1::uuid[]) AS asked (id)
CROSS JOIN LATERAL (SELECT * FROM decisions x WHERE x.id = asked.id LIMIT 1) d
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = d.author_key LIMIT 1) u ON true
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = d.moderator_key LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT * FROM decision_notes x WHERE x.decision_id = d.id LIMIT 1) n ON true
