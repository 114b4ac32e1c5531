-- author_record
-- What became of what an author wrote. $1 author
SELECT coalesce(n.published, 0) AS approved, coalesce(n.removed + n.spam, 0) AS removed, coalesce(n.pending, 0) AS pending,
       (SELECT count(*) FROM flags f WHERE f.upheld_against = $1) AS flags_upheld, u.created_at AS first_seen,
       coalesce(n.published + n.pending + n.removed + n.spam + n.deleted, 0) AS comments,
       u.banned_until, u.ban_reason, clock_timestamp() AS now
FROM authors u LEFT JOIN author_counts n ON n.author_key = u.key
WHERE u.key = $1

-- read_notes
-- The newest notes on an author, newest first. $1 author
SELECT n.id, n.text, n.created_at, m.id AS moderator_id, m.name AS moderator_name
FROM author_notes n CROSS JOIN LATERAL (SELECT * FROM authors k WHERE k.key = n.moderator_key LIMIT 1) m
WHERE n.author_key = $1 ORDER BY n.id DESC LIMIT 100

-- insert_note
-- A note on an author. $1 id, $2 site, $3 author, $4 moderator, $5 text
WITH noted AS (
    INSERT INTO author_notes (id, site_key, author_key, moderator_key, text) VALUES ($1, $2, $3, $4, $5)
    RETURNING id, text, created_at, moderator_key
)
SELECT n.id, n.text, n.created_at, m.id AS moderator_id, m.name AS moderator_name
FROM noted n JOIN authors m ON m.key = n.moderator_key

-- same_network
-- Who else posted from where an author did lately, latest first: of their last 20 networks, 50 people each at most.
-- $1 author
SELECT u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest, o.last_seen
FROM (
    SELECT others.author_key, max(others.last_seen) AS last_seen
    FROM (SELECT hash FROM addresses WHERE author_key = $1 ORDER BY last_seen DESC LIMIT 20) mine
    CROSS JOIN LATERAL (
        SELECT author_key, last_seen FROM addresses a WHERE a.hash = mine.hash AND a.author_key <> $1 LIMIT 50
    ) others
    GROUP BY others.author_key
) o
CROSS JOIN LATERAL (SELECT * FROM authors k WHERE k.key = o.author_key LIMIT 1) u
ORDER BY o.last_seen DESC, u.id

-- forget_addresses
-- Drop hashes of addresses that a site does not keep any longer, at most 5,000 at a time, one process at a time.
WITH lane AS MATERIALIZED (
    SELECT name FROM followers WHERE name = 'retention' FOR UPDATE SKIP LOCKED
), due AS (
    SELECT a.author_key, a.hash
    FROM sites s CROSS JOIN LATERAL (
        SELECT author_key, hash FROM addresses d
        WHERE d.site_key = s.key
            AND d.last_seen < now() - coalesce((s.settings #>> '{retention_days,addresses}')::integer, 30) * interval '1 day'
        ORDER BY d.last_seen LIMIT 5000
    ) a
    WHERE EXISTS (SELECT FROM lane) LIMIT 5000
)
DELETE FROM addresses WHERE (author_key, hash) IN (SELECT author_key, hash FROM due)

-- forget_deleted_words
-- Clear the words of comments that were deleted longer ago than a site keeps them, at most 1,000 at a time, one process
-- at a time.
WITH lane AS MATERIALIZED (
    SELECT name FROM followers WHERE name = 'retention' FOR UPDATE SKIP LOCKED
), due AS MATERIALIZED (
    SELECT c.article_key, c.id
    FROM sites s CROSS JOIN LATERAL (
        SELECT article_key, id FROM comments d
        WHERE d.site_key = s.key AND d.deleted_at IS NOT NULL
            AND d.deleted_at < now() - coalesce((s.settings #>> '{retention_days,deleted_text}')::integer, 30) * interval '1 day'
        ORDER BY d.deleted_at LIMIT 1000
    ) c
    WHERE EXISTS (SELECT FROM lane) LIMIT 1000
), cleared AS (
    UPDATE revisions r SET text = '', html = '' FROM due
    WHERE r.article_key = due.article_key AND r.comment_id = due.id
)
UPDATE comments c SET deleted_at = NULL FROM due WHERE c.article_key = due.article_key AND c.id = due.id
