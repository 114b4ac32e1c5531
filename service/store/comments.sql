-- shown_fragment
-- a published comment without words_fragment's author is one of a hidden author: out of sight before it is removed
p.id, p.parent_id, p.root_id, p.depth, p.path,
CASE WHEN p.status = 'published' AND u.key IS NULL THEN 'removed' ELSE p.status END AS status, p.featured, p.edited_at, p.up, p.down, p.top, p.controversy,
p.reply_count, p.descendant_count, r.html,
u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest

-- words_fragment
-- words and people of what is not published are not even read; looked up row by row, as a join would rather read all
-- authors of a middle-sized site than a hundred of them by key
LEFT JOIN LATERAL (
    SELECT * FROM authors known WHERE known.key = p.author_key AND p.status = 'published' AND NOT known.hidden LIMIT 1
) u ON true
LEFT JOIN LATERAL (
    SELECT w.html FROM revisions w
    WHERE w.article_key = p.article_key AND w.comment_id = p.id AND w.number = p.revision AND u.key IS NOT NULL
    LIMIT 1
) r ON true

-- seen_fragment
-- of a listed comment c: not one of a hidden author without anything below it. Hardly ever is anybody hidden, so the
-- array is empty and costs nothing
(c.descendant_count > 0 OR c.author_key <> ALL (ARRAY(SELECT key FROM authors WHERE hidden)))

-- article_fragment
-- of an article a, its site s and its counts n; whether it is locked is told as of now
a.external_id AS article_id, a.registered, a.title, a.url, a.section,
is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason,
a.visibility, a.created_at AS article_created_at, n.comment_count, n.position

-- page_fragment
, replies AS (
    SELECT roots.place, x.* FROM roots CROSS JOIN LATERAL (
        SELECT c.* FROM comments c
        WHERE c.article_key = $1 AND c.root_id = roots.id AND c.parent_id IS NOT NULL AND c.listed AND
-- include seen_fragment
        ORDER BY c.path LIMIT $4
    ) x
), placed AS (
    SELECT * FROM roots UNION ALL SELECT * FROM replies
)
SELECT p.place,
-- include article_fragment
,
-- include shown_fragment
FROM articles a
JOIN sites s ON s.key = a.site_key
JOIN article_counts n ON n.article_key = a.key
LEFT JOIN placed p ON true
-- include words_fragment
WHERE a.key = $1
ORDER BY p.place, p.path

-- page_newest
-- A page of root comments with their first replies, newest first. $1 article, $2 before this id, $3 roots, $4 replies of each
WITH roots AS (
    SELECT row_number() OVER (ORDER BY c.id DESC) AS place, c.* FROM comments c
    WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND c.id < $2 AND
-- include seen_fragment
    ORDER BY c.id DESC LIMIT $3
)
-- include page_fragment

-- page_oldest
-- The same, oldest first. $1 article, $2 after this id, $3 roots, $4 replies of each
WITH roots AS (
    SELECT row_number() OVER (ORDER BY c.id) AS place, c.* FROM comments c
    WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND c.id > $2 AND
-- include seen_fragment
    ORDER BY c.id LIMIT $3
)
-- include page_fragment

-- page_top
-- The same, best first. $1 article, $2 before this id among equals, $3 roots, $4 replies of each, $5 from this rank down
WITH roots AS (
    SELECT row_number() OVER (ORDER BY c.top DESC, c.id DESC) AS place, c.* FROM comments c
    WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND (c.top, c.id) < ($5::float8, $2::uuid) AND
-- include seen_fragment
    ORDER BY c.top DESC, c.id DESC LIMIT $3
)
-- include page_fragment

-- page_controversial
-- The same, most disputed first. $1 article, $2 before this id among equals, $3 roots, $4 replies of each, $5 from this rank down
WITH roots AS (
    SELECT row_number() OVER (ORDER BY c.controversy DESC, c.id DESC) AS place, c.* FROM comments c
    WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND (c.controversy, c.id) < ($5::float8, $2::uuid) AND
-- include seen_fragment
    ORDER BY c.controversy DESC, c.id DESC LIMIT $3
)
-- include page_fragment

-- page_featured
-- Featured roots only; they are few, so any order is a sort. $1 article, $2 beside this id among equals, $3 roots, $4 replies of each, $5 from this rank down, $6 sort
WITH ranked AS (
    SELECT c.id,
           CASE $6::text WHEN 'top' THEN c.top WHEN 'controversial' THEN c.controversy ELSE 0 END AS rank
    FROM comments c
    WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND c.featured AND
-- include seen_fragment
), roots AS (
    SELECT row_number() OVER (ORDER BY CASE WHEN $6 = 'oldest' THEN c.id END, ranked.rank DESC, c.id DESC) AS place, c.*
    FROM ranked CROSS JOIN LATERAL (
        SELECT * FROM comments x WHERE x.article_key = $1 AND x.id = ranked.id LIMIT 1
    ) c
    WHERE CASE WHEN $6 = 'oldest' THEN c.id > $2 ELSE (ranked.rank, c.id) < ($5::float8, $2::uuid) END
    ORDER BY 1 LIMIT $3
)
-- include page_fragment

-- replies_of_root
-- A root's listed replies in reading order. $1 article, $2 root, $3 after this path, $4 at most so many
WITH p AS (
    SELECT c.* FROM comments c
    WHERE c.article_key = $1 AND c.root_id = $2 AND c.parent_id IS NOT NULL AND c.listed AND c.path > $3 AND
-- include seen_fragment
    ORDER BY c.path LIMIT $4
)
SELECT
-- include shown_fragment
FROM p
-- include words_fragment
ORDER BY p.path

-- find_listed
-- A listed comment of a shown article, with its article. $1 site, $2 id
SELECT p.article_key,
-- include article_fragment
,
-- include shown_fragment
FROM comments p
JOIN articles a ON a.key = p.article_key AND a.site_key = $1 AND a.visibility = 'shown'
JOIN sites s ON s.key = a.site_key
JOIN article_counts n ON n.article_key = p.article_key
-- include words_fragment
WHERE p.id = $2 AND p.listed AND (p.status <> 'published' OR u.key IS NOT NULL OR p.descendant_count > 0)

-- find_own
-- A comment whatever its status, with its words and author, for its author and moderators only. $1 site, $2 id
SELECT p.article_key, p.author_key, p.version, p.held_by, p.prior_status, p.pending_revision,
       (SELECT w.text FROM revisions w WHERE w.article_key = p.article_key AND w.comment_id = p.id
            AND w.number = p.pending_revision) AS pending_text,
       a.external_id AS article_id, r.text, r.html,
       p.id, p.parent_id, p.root_id, p.depth, p.path, p.status, p.featured, p.edited_at, p.up, p.down, p.top,
       p.controversy, p.reply_count, p.descendant_count,
       u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest
FROM comments p
JOIN articles a ON a.key = p.article_key AND a.site_key = $1
JOIN revisions r ON r.article_key = p.article_key AND r.comment_id = p.id AND r.number = p.revision
JOIN authors u ON u.key = p.author_key
WHERE p.id = $2

-- find_listed_many
-- Comments as the public sees them now; none that it does not see. $1 articles, $2 ids
SELECT p.article_key, a.external_id AS article_id,
-- include shown_fragment
FROM unnest($1::bigint[], $2::uuid[]) AS wanted (article_key, id)
CROSS JOIN LATERAL (
    SELECT * FROM comments x WHERE x.article_key = wanted.article_key AND x.id = wanted.id AND x.listed LIMIT 1
) p
CROSS JOIN LATERAL (
    SELECT * FROM articles known WHERE known.key = p.article_key AND known.visibility = 'shown' LIMIT 1
) a
-- include words_fragment

-- find_own_many
-- An author's own comments whatever their status, but for those they deleted. $1 articles, $2 ids, $3 author
SELECT p.article_key, a.external_id AS article_id, p.held_by, r.text, r.html,
       p.id, p.parent_id, p.root_id, p.depth, p.path, p.status, p.featured, p.edited_at, p.up, p.down, p.top,
       p.controversy, p.reply_count, p.descendant_count,
       u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest
FROM unnest($1::bigint[], $2::uuid[]) AS wanted (article_key, id)
CROSS JOIN LATERAL (
    SELECT * FROM comments x
    WHERE x.article_key = wanted.article_key AND x.id = wanted.id AND x.author_key = $3 AND x.status <> 'deleted' LIMIT 1
) p
CROSS JOIN LATERAL (SELECT * FROM articles known WHERE known.key = p.article_key LIMIT 1) a
CROSS JOIN LATERAL (
    SELECT * FROM revisions w
    WHERE w.article_key = p.article_key AND w.comment_id = p.id AND w.number = p.revision LIMIT 1
) r
CROSS JOIN LATERAL (SELECT * FROM authors known WHERE known.key = p.author_key LIMIT 1) u

-- ancestors
-- The root and the at most eight nearest listed ancestors of a comment, root first. $1 article, $2 its parent, $3 its root
WITH RECURSIVE up AS (
    SELECT c.id, c.parent_id, 1 AS steps FROM comments c WHERE c.article_key = $1 AND c.id = $2
    UNION ALL
    SELECT c.id, c.parent_id, up.steps + 1
    FROM up CROSS JOIN LATERAL (
        SELECT x.id, x.parent_id FROM comments x WHERE x.article_key = $1 AND x.id = up.parent_id LIMIT 1
    ) c
    WHERE up.steps < 8
), wanted AS (
    SELECT id, steps FROM up UNION ALL SELECT $3, 9 WHERE $3 NOT IN (SELECT id FROM up)
)
SELECT
-- include shown_fragment
-- by key, one by one: a plan for articles of any size would read this whole article
FROM wanted w CROSS JOIN LATERAL (
    SELECT * FROM comments x WHERE x.article_key = $1 AND x.id = w.id AND x.listed LIMIT 1
) p
-- include words_fragment
ORDER BY w.steps DESC

-- standing_fragment
-- what every site asks of an author u and an article a. $5 address
(SELECT b.reason FROM network_bans b
 WHERE b.network >>= $5::inet AND b.site_key = $1 AND b.until > now() LIMIT 1) AS network_ban,
a.section, a.slow_mode_seconds,
CASE WHEN a.slow_mode_seconds IS NOT NULL THEN (
    SELECT c.id FROM comments c
    WHERE c.author_key = u.key AND c.id >= first_id_at(now() - a.slow_mode_seconds * interval '1 second')
        AND c.article_key = a.key
    ORDER BY c.id DESC LIMIT 1
) END AS last_said,

-- record_fragment
-- what a site may ask besides, each only where it asks: $6 approvals a new author needs or 0, $7 last comments looked at
-- or 0, $8 fingerprints of the text, $9 minutes back, $10 authors at most
CASE WHEN $6::integer > 0 THEN (
    SELECT count(*) FROM (
        SELECT FROM (SELECT * FROM comments c WHERE c.author_key = u.key ORDER BY c.id LIMIT 1000) c
        WHERE c.status = 'published' AND (c.approved OR c.id < first_id_at(now() - interval '1 day')) LIMIT $6
    ) stood
) ELSE 0 END AS known,
CASE WHEN $7::integer > 0 THEN (
    SELECT count(*) FILTER (WHERE judged.status <> 'published') / nullif(count(*), 0)::float8 FROM (
        SELECT c.status FROM (SELECT * FROM comments c WHERE c.author_key = u.key ORDER BY c.id DESC LIMIT 1000) c
        WHERE c.status IN ('published', 'removed', 'spam') LIMIT $7
    ) judged
) END AS removed_share,
CASE WHEN $8::bigint[] <> '{}' THEN (
    SELECT count(DISTINCT other.author_key) FROM unnest($8::bigint[]) AS wanted (fingerprint) CROSS JOIN LATERAL (
        SELECT t.author_key FROM near_texts t
        WHERE t.site_key = $1 AND t.fingerprint = wanted.fingerprint AND t.author_key IS DISTINCT FROM u.key
            AND t.said_at > now() - $9 * interval '1 minute'
        ORDER BY t.said_at DESC LIMIT $10
    ) other
) ELSE 0 END AS alike

-- live_comments
-- Comments as the public sees them now, listed or not, and the comments above some of them, each row with its article
-- and whether that changed later than was heard; a row without a comment for an article of which none is there.
-- $1 articles, $2 their comments, $3 whether those above are asked for too, $4 the log position that was heard of
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::boolean[]) AS a (article_key, id, above)
), found AS MATERIALIZED (
    SELECT asked.article_key, asked.id, asked.above, c.path, c.parent_id
    FROM asked CROSS JOIN LATERAL (
        SELECT x.path, x.parent_id FROM comments x WHERE x.article_key = asked.article_key AND x.id = asked.id LIMIT 1
    ) c
), wanted AS (
    SELECT article_key, id FROM found
    UNION
    SELECT f.article_key, encode(substring(f.path FROM i * 16 + 1 FOR 16), 'hex')::uuid
    FROM found f JOIN (VALUES (0), (1), (2), (3), (4), (5), (6), (7)) AS step (i) ON i * 16 + 16 < octet_length(f.path)
    WHERE f.above
    UNION
    SELECT article_key, parent_id FROM found WHERE above AND parent_id IS NOT NULL
), placed AS (
    SELECT c.* FROM wanted w CROSS JOIN LATERAL (
        SELECT * FROM comments x WHERE x.article_key = w.article_key AND x.id = w.id LIMIT 1
    ) c
    OFFSET 0
)
SELECT a.key AS article_key, p.listed AND (p.descendant_count > 0 OR u.key IS NOT NULL) AS seen,
       EXISTS (SELECT FROM outbox o WHERE o.article_key = a.key AND o.kind LIKE 'article.%')
       OR EXISTS (SELECT FROM events e WHERE e.article_key = a.key AND e.position > $4 AND e.kind LIKE 'article.%') AS changing,
-- include article_fragment
,
-- include shown_fragment
FROM (SELECT DISTINCT article_key FROM asked) told
CROSS JOIN LATERAL (SELECT * FROM articles x WHERE x.key = told.article_key LIMIT 1) a
JOIN sites s ON s.key = a.site_key
CROSS JOIN LATERAL (SELECT * FROM article_counts x WHERE x.article_key = a.key LIMIT 1) n
LEFT JOIN placed p ON p.article_key = a.key
-- include words_fragment

-- posted_fragment
-- an article a, an author u, a parent p and an idempotency key k, as a post is judged by them
(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms, clock_timestamp() AS now,
a.key AS article_key, a.external_id AS canonical_id, a.title, a.moderation, a.visibility,
is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason,
u.key, u.id, u.name, u.avatar_url, u.roles, u.labels, u.guest, u.granted_role, u.banned_until, u.ban_reason,
u.revoked_before,
p.status AS parent_status, p.listed AS parent_listed,
k.request_hash,
-- include standing_fragment

-- posting_fragment
-- $1 site, $2 article id, $3 issuer, $4 subject, $11 parent or null, $12 idempotency key or null
FROM (VALUES (1)) AS one
LEFT JOIN article_ids i ON i.site_key = $1 AND i.external_id = $2
LEFT JOIN articles a ON a.key = i.article_key
LEFT JOIN sites s ON s.key = $1
LEFT JOIN authors u ON u.site_key = $1 AND u.issuer = $3 AND u.subject = $4
LEFT JOIN comments p ON p.article_key = i.article_key AND p.id = $11
LEFT JOIN idempotency_keys k ON k.author_key = u.key AND k.key = $12

-- posting_context
-- Everything a post is judged by, in one row, and the clock its id is made from.
-- $1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11 $12 as in the fragments
SELECT
-- include posted_fragment
-- include record_fragment
-- include posting_fragment

-- plain_posting_context
-- The same for a site that asks no more than every site: what it does not ask would have PostgreSQL plan each post anew,
-- which takes longer than the query. $1 $2 $3 $4 $5 $11 $12 as in the fragments, $6 $7 $8 $9 $10 unused
SELECT
-- include posted_fragment
0::bigint AS known, NULL::float8 AS removed_share, 0::bigint AS alike,
($6::integer, $7::integer, $8::bigint[], $9::integer, $10::integer) IS NULL AS unasked
-- include posting_fragment

-- editing_context
-- The same for an edit, with the comment as it is before anybody locks it.
-- $1 site, $2 comment, $3 issuer, $4 subject, $5 $6 $7 $8 $9 $10 as above
SELECT clock_timestamp() AS now,
       a.key AS article_key, a.external_id AS canonical_id, a.title, a.moderation, a.visibility,
       is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason,
       u.key, u.id, u.name, u.avatar_url, u.roles, u.labels, u.guest, u.granted_role, u.banned_until, u.ban_reason,
       u.revoked_before,
       p.author_key, p.parent_id, p.status, p.listed,
       (SELECT r.text FROM revisions r WHERE r.article_key = p.article_key AND r.comment_id = p.id
            AND r.number = coalesce(p.pending_revision, p.revision)) AS last_text,
-- include standing_fragment
-- include record_fragment
FROM (VALUES (1)) AS one
LEFT JOIN comments p ON p.id = $2 AND p.site_key = $1
LEFT JOIN articles a ON a.key = p.article_key
LEFT JOIN sites s ON s.key = $1
LEFT JOIN authors u ON u.site_key = $1 AND u.issuer = $3 AND u.subject = $4

-- insert_comment
-- Write a comment with everything that belongs to it, or nothing at all: no row when the parent is not visible any more
-- or its author was banned while it was judged, a unique violation when its idempotency key is taken, a check violation when the same text was said lately.
-- FOR KEY SHARE excludes status changes (they take FOR UPDATE) but not the counters' updates.
-- $1 site, $2 article, $3 id, $4 parent or null, $5 author, $6 status, $7 held by, $8 text, $9 html, $10 renderer,
-- $11 created, $12 fingerprint, $13 said-again cutoff, $14 idempotency key or null, $15 request hash, $16 answered status,
-- $17 the address's hash, $18 what the checks found, $19 fingerprints of near texts
WITH parent AS MATERIALIZED (
    SELECT root_id, depth, path FROM comments
    WHERE article_key = $2 AND id = $4 AND status = 'published' FOR KEY SHARE
), writer AS MATERIALIZED (
    SELECT FROM authors WHERE key = $5 AND (banned_until IS NULL OR banned_until < now())
), placed AS MATERIALIZED (
    SELECT root_id, least(depth + 1, 8) AS depth, substring(path FOR 128) || uuid_send($3) AS path FROM parent, writer
    UNION ALL
    SELECT $3, 0, uuid_send($3) FROM writer WHERE $4::uuid IS NULL
), remembered AS (
    INSERT INTO idempotency_keys (author_key, key, request_hash, article_key, comment_id, status)
    SELECT $5, $14, $15, $2, $3, $16 FROM placed WHERE $14::text IS NOT NULL
    RETURNING key
), said AS (
    -- after the key: a parallel retry must meet its own first try, not the text of it
    INSERT INTO recent_texts AS t (author_key, fingerprint, comment_id, said_at)
    SELECT $5, $12, $3, $11 FROM placed WHERE $14::text IS NULL OR EXISTS (SELECT FROM remembered)
    ON CONFLICT ON CONSTRAINT recent_texts_pkey DO UPDATE
    SET comment_id = excluded.comment_id, said_at = excluded.said_at,
        repeats = CASE WHEN t.said_at < $13 THEN 0 ELSE 1 END
), worded AS (
    INSERT INTO revisions (article_key, comment_id, number, text, html, renderer, status, created_at)
    SELECT $2, $3, 1, $8, $9, $10, CASE WHEN $6 = 'published' THEN 'published' ELSE 'pending' END, $11 FROM placed
), waiting AS (
    INSERT INTO queue (site_key, kind, article_key, comment_id, author_key, since, checks)
    SELECT $1, 'pending', $2, $3, $5, $11, $7 FROM placed WHERE $6 = 'pending'
), judged AS (
    INSERT INTO decisions (site_key, article_key, comment_id, author_key, action, to_status, check_name, version)
    SELECT $1, $2, $3, $5, 'hold', $6, held.name, 1 FROM placed, unnest($7::text[]) AS held (name)
), posted_from AS (
    -- once a day is enough to know it by
    INSERT INTO addresses (site_key, author_key, hash)
    SELECT $1, $5, $17 FROM placed
    WHERE NOT EXISTS (SELECT FROM addresses
                      WHERE author_key = $5 AND hash = $17 AND last_seen > now() - interval '1 day')
    ON CONFLICT ON CONSTRAINT addresses_pkey DO UPDATE SET last_seen = now()
), alike AS (
    INSERT INTO near_texts (site_key, fingerprint, author_key, said_at)
    SELECT $1, near.fingerprint, $5, $11 FROM placed, unnest($19::bigint[]) AS near (fingerprint)
    ON CONFLICT ON CONSTRAINT near_texts_pkey DO UPDATE SET said_at = excluded.said_at
), told AS (
    INSERT INTO outbox (kind, site_key, article_key, comment_id, author_key, to_status)
    SELECT 'comment.created', $1, $2, $3, $5, $6 FROM placed
)
INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status, held_by,
                      held_details)
SELECT $1, $2, $3, $4, root_id, depth, path, $5, $6, $7, $18 FROM placed
RETURNING root_id, depth

-- touch_idempotency_key
-- A replay writes too, so that with synchronous replication it waits for the standby as its first try did. $1 author, $2 key
UPDATE idempotency_keys SET replayed_at = now() WHERE author_key = $1 AND key = $2
RETURNING request_hash, comment_id, status

-- take_comment
-- Before lock_comment: waits for whoever changes a comment, or writes a reply to it. A statement that waits for a row sees
-- that row as it is then, but revisions, flags and appeals as they were before it waited. $1 site, $2 id
SELECT FROM comments c
WHERE c.id = $2 AND $1 = (SELECT a.site_key FROM articles a WHERE a.key = c.article_key) FOR UPDATE OF c

-- lock_comment
-- A comment about to change, with what hangs on it. $1 site, $2 id
SELECT c.site_key, c.article_key, a.external_id AS article_id, c.id, c.parent_id, c.author_key, c.status, c.prior_status, c.version,
       c.listed, c.featured, c.approved, c.edited, c.revision, c.pending_revision, c.held_by,
       (SELECT max(r.number) FROM revisions r WHERE r.article_key = c.article_key AND r.comment_id = c.id) AS last_revision,
       (SELECT r.text FROM revisions r WHERE r.article_key = c.article_key AND r.comment_id = c.id
            AND r.number = coalesce(c.pending_revision, c.revision)) AS last_text,
       EXISTS (SELECT FROM flags f WHERE f.article_key = c.article_key AND f.comment_id = c.id AND f.state = 'open')
       OR EXISTS (SELECT FROM notices i WHERE i.article_key = c.article_key AND i.comment_id = c.id AND i.state = 'open')
           AS flagged,
       EXISTS (SELECT FROM appeals p WHERE p.article_key = c.article_key AND p.comment_id = c.id AND p.state = 'open') AS appealed,
       is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason,
       a.moderation, a.visibility, clock_timestamp() AS now
FROM comments c JOIN articles a ON a.key = c.article_key JOIN sites s ON s.key = c.site_key
WHERE c.id = $2 AND a.site_key = $1 FOR UPDATE OF c

-- save_standing
-- Give a locked comment its new standing. $1 article, $2 id, $3 status, $4 status that restore goes back to, $5 featured,
-- $6 approved, $7 edited, $8 revision, $9 waiting revision, $10 edited at (null: as it is), $11 whether text or status changed
UPDATE comments SET status = $3, prior_status = $4, featured = $5, approved = $6, edited = $7, revision = $8,
       pending_revision = $9, edited_at = coalesce($10, edited_at),
       deleted_at = CASE WHEN $3 = 'deleted' THEN clock_timestamp() END, version = version + $11::boolean::integer,
       held_by = CASE WHEN $3 = 'published' AND $9::integer IS NULL THEN '{}' ELSE held_by END,
       held_details = CASE WHEN $3 = 'published' AND $9::integer IS NULL THEN NULL ELSE held_details END
WHERE article_key = $1 AND id = $2
RETURNING version

-- insert_revision
-- New words. $1 article, $2 comment, $3 number, $4 text, $5 html, $6 renderer, $7 status
INSERT INTO revisions (article_key, comment_id, number, text, html, renderer, status, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())

-- judge_revisions
-- The published revision is $3; what else waited is rejected, but for the one that still waits. $1 article, $2 comment,
-- $3 published number or null, $4 waiting number or null
UPDATE revisions SET status = CASE WHEN number = $3 THEN 'published' ELSE 'rejected' END
WHERE article_key = $1 AND comment_id = $2
    AND (number = $3 OR (status = 'pending' AND number IS DISTINCT FROM $4))

-- hold_comment
-- Note which checks hold it. $1 article, $2 comment, $3 names of the checks, $4 what they found
UPDATE comments SET held_by = ARRAY(SELECT DISTINCT unnest(held_by || $3::text[])),
       held_details = coalesce(held_details, '{}') || coalesce($4::jsonb, '{}')
WHERE article_key = $1 AND id = $2

-- enqueue
-- Let a comment wait for a person, or say anew why it waits; what its flags weigh moves it in every queue it waits in.
-- $1 site, $2 kind, $3 article, $4 comment, $5 author, $6 urgency, $7 checks, $8 reasons
WITH beside AS (
    UPDATE queue SET urgency = $6 WHERE article_key = $3 AND comment_id = $4 AND kind <> $2 AND $2 = 'flagged'
)
INSERT INTO queue (site_key, kind, article_key, comment_id, author_key, urgency, checks, reasons)
SELECT $1, $2, $3, $4, $5,
       greatest($6, (SELECT f.urgency FROM queue f
                     WHERE f.article_key = $3 AND f.comment_id = $4 AND f.kind = 'flagged' AND $2 <> 'flagged')),
       $7, $8
ON CONFLICT ON CONSTRAINT queue_pkey DO UPDATE
SET urgency = excluded.urgency, checks = excluded.checks, reasons = excluded.reasons

-- dequeue
-- It waits no longer; without its flags it is no more urgent than others. $1 article, $2 comment, $3 kinds
WITH gone AS (
    DELETE FROM queue WHERE article_key = $1 AND comment_id = $2 AND kind = ANY($3::text[]) RETURNING kind
)
UPDATE queue SET urgency = 0
WHERE article_key = $1 AND comment_id = $2 AND kind <> ALL ($3::text[]) AND EXISTS (SELECT FROM gone WHERE kind = 'flagged')

-- remember_text
-- Somebody changed their words to these: a check violation when they said the same in the same place lately. $1 author,
-- $2 fingerprint, $3 comment, $4 said-again cutoff
INSERT INTO recent_texts AS t (author_key, fingerprint, comment_id, said_at)
VALUES ($1, $2, $3, clock_timestamp())
ON CONFLICT ON CONSTRAINT recent_texts_pkey DO UPDATE
SET comment_id = excluded.comment_id, said_at = excluded.said_at,
    repeats = CASE WHEN t.said_at < $4 OR t.comment_id = excluded.comment_id THEN 0 ELSE 1 END

-- remember_near
-- Somebody said something like this. $1 site, $2 author, $3 fingerprints in ascending order
INSERT INTO near_texts (site_key, fingerprint, author_key, said_at)
SELECT $1, near.fingerprint, $2, clock_timestamp() FROM unnest($3::bigint[]) AS near (fingerprint)
ON CONFLICT ON CONSTRAINT near_texts_pkey DO UPDATE SET said_at = excluded.said_at

-- recent_comments
-- The published and pending among the last comments of a site as checks see them, oldest first, and what is known of
-- their authors now. $1 site, $2 at most so many, $3 approvals a new author needs or 0, $4 last comments looked at or 0
WITH said AS MATERIALIZED (
    SELECT c.* FROM comments c WHERE c.site_key = $1 ORDER BY c.id DESC LIMIT $2
), people AS MATERIALIZED (
    SELECT people.author_key,
           CASE WHEN $3::integer > 0 THEN (
               SELECT count(*) FROM (
                   SELECT FROM (SELECT * FROM comments c WHERE c.author_key = people.author_key ORDER BY c.id LIMIT 1000) c
                   WHERE c.status = 'published' AND (c.approved OR c.id < first_id_at(now() - interval '1 day')) LIMIT $3
               ) stood
           ) ELSE 0 END AS known,
           CASE WHEN $4::integer > 0 THEN (
               SELECT count(*) FILTER (WHERE judged.status <> 'published') / nullif(count(*), 0)::float8 FROM (
                   SELECT c.status
                   FROM (SELECT * FROM comments c WHERE c.author_key = people.author_key ORDER BY c.id DESC LIMIT 1000) c
                   WHERE c.status IN ('published', 'removed', 'spam') LIMIT $4
               ) judged
           ) END AS removed_share
    FROM (SELECT DISTINCT author_key FROM said) people
)
SELECT c.id, c.status, c.held_by, r.text, r.html, a.moderation, a.section, u.key AS author_key, u.name, u.guest, u.roles,
       u.granted_role, people.known, people.removed_share
FROM said c
JOIN people ON people.author_key = c.author_key
CROSS JOIN LATERAL (
    SELECT w.text, w.html FROM revisions w
    WHERE w.article_key = c.article_key AND w.comment_id = c.id AND w.number = c.revision LIMIT 1
) r
CROSS JOIN LATERAL (SELECT * FROM articles known WHERE known.key = c.article_key LIMIT 1) a
CROSS JOIN LATERAL (SELECT * FROM authors known WHERE known.key = c.author_key LIMIT 1) u
WHERE c.status IN ('published', 'pending')
ORDER BY c.id

-- forget_text
-- Its author may say it again. $1 author, $2 comment
DELETE FROM recent_texts WHERE author_key = $1 AND comment_id = $2
