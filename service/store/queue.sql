-- matching_fragment
-- whether a comment c is wanted; looked up row by row (OFFSET 0), as the planner would rather read all flags.
-- $6 author, $7 article, $8 section, $9 reason of a flag or decision, $10 check; null: any
($6::bigint IS NULL OR c.author_key = $6) AND ($7::bigint IS NULL OR c.article_key = $7)
AND ($8::text IS NULL OR EXISTS (SELECT FROM articles a WHERE a.key = c.article_key AND a.section = $8 OFFSET 0))
AND ($9::text IS NULL
     OR EXISTS (SELECT FROM flags f
                WHERE f.article_key = c.article_key AND f.comment_id = c.id AND f.reason = $9 OFFSET 0)
     OR EXISTS (SELECT FROM notices f
                WHERE $9 = 'illegal' AND f.article_key = c.article_key AND f.comment_id = c.id OFFSET 0)
     OR EXISTS (SELECT FROM decisions d WHERE d.comment_id = c.id AND d.reason = $9 OFFSET 0))
AND ($10::text IS NULL OR $10 = ANY (c.held_by))

-- walked_fragment
-- of the comments walked so far those that are wanted, and the last one where a page's walk ends
) c
CROSS JOIN LATERAL (SELECT
-- include matching_fragment
AND c.status = ANY($11::text[]) AS matches OFFSET 0) m
WHERE m.matches OR c.n = $4
ORDER BY c.id DESC LIMIT $5

-- walk_queue
-- What waits in a queue, the most urgent first and among equals the oldest. $1 site, $2 before this id, $3 from this id,
-- $4 walk no further than so many, $5 at most so many, $6 author, $7 article, $8 section, $9 reason, $10 check, $11 kind,
-- $12 after this urgency (negative), $13 and time, $14 and comment
SELECT q.comment_id AS id, q.urgency, q.since, q.n, m.matches
FROM (
    SELECT w.*, -w.urgency AS rank, row_number() OVER (ORDER BY -w.urgency, w.since, w.comment_id) AS n FROM queue w
    WHERE w.site_key = $1 AND w.kind = $11
        AND (-w.urgency, w.since, w.comment_id) > ($12::real, $13::timestamptz, $14::uuid)
    ORDER BY -w.urgency, w.since, w.comment_id LIMIT $4
) q
CROSS JOIN LATERAL (
    SELECT * FROM comments x WHERE x.article_key = q.article_key AND x.id = q.comment_id LIMIT 1
) c
CROSS JOIN LATERAL (SELECT
-- include matching_fragment
AND c.id < $2 AND c.id >= $3 AS matches OFFSET 0) m
WHERE m.matches OR q.n = $4
ORDER BY q.rank, q.since, q.comment_id LIMIT $5

-- walk_site
-- A site's comments, newest first. $1 site, $2 before this id, $3 from this id, $4 walk no further than so many,
-- $5 at most so many, $6 author, $7 article, $8 section, $9 reason, $10 check, $11 statuses
SELECT c.id, c.n, m.matches
FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.id DESC) AS n FROM comments x
    WHERE x.site_key = $1 AND x.id < $2 AND x.id >= $3
    ORDER BY x.id DESC LIMIT $4
-- include walked_fragment

-- walk_author
-- An author's comments, newest first. $1 site, $2 before this id, $3 from this id, $4 walk no further than so many,
-- $5 at most so many, $6 author, $7 article, $8 section, $9 reason, $10 check, $11 statuses
SELECT c.id, c.n, m.matches
FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.id DESC) AS n FROM comments x
    WHERE x.author_key = $6 AND x.id < $2 AND x.id >= $3 AND x.site_key = $1
    ORDER BY x.id DESC LIMIT $4
-- include walked_fragment

-- walk_article
-- An article's comments, newest first. $1 site, $2 before this id, $3 from this id, $4 walk no further than so many,
-- $5 at most so many, $6 author, $7 article, $8 section, $9 reason, $10 check, $11 statuses
SELECT c.id, c.n, m.matches
FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.id DESC) AS n FROM comments x
    WHERE x.article_key = $7 AND x.id < $2 AND x.id >= $3 AND x.site_key = $1
    ORDER BY x.id DESC LIMIT $4
-- include walked_fragment

-- walk_removed
-- A site's removed comments, newest first. $1 site, $2 before this id, $3 from this id, $4 walk no further than so many,
-- $5 at most so many, $6 author, $7 article, $8 section, $9 reason, $10 check, $11 statuses
SELECT c.id, c.n, m.matches
FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.id DESC) AS n FROM comments x
    WHERE x.site_key = $1 AND x.status = 'removed' AND x.id < $2 AND x.id >= $3
    ORDER BY x.id DESC LIMIT $4
-- include walked_fragment

-- walk_spam
-- A site's spam, newest first. $1 site, $2 before this id, $3 from this id, $4 walk no further than so many,
-- $5 at most so many, $6 author, $7 article, $8 section, $9 reason, $10 check, $11 statuses
SELECT c.id, c.n, m.matches
FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.id DESC) AS n FROM comments x
    WHERE x.site_key = $1 AND x.status = 'spam' AND x.id < $2 AND x.id >= $3
    ORDER BY x.id DESC LIMIT $4
-- include walked_fragment

-- asked_fragment
-- what is looked for, made out once. $12 language, $13 words as websearch_to_tsquery takes them
asked AS MATERIALIZED (SELECT websearch_to_tsquery(search_configuration($12), fold_text($13)) AS query)

-- wanted_fragment
-- of a comment c with the words: whether it is wanted. $11 statuses or null, $14 kind of queue it waits in or null
-- include matching_fragment
AND ($11::text[] IS NULL OR c.status = ANY($11))
AND ($14::text IS NULL OR EXISTS (
    SELECT FROM queue w WHERE w.article_key = c.article_key AND w.comment_id = c.id AND w.kind = $14 OFFSET 0))

-- search_recent
-- Which of a site's newest comments have these words, newest first; one row at least. $1 site, $2 before this id,
-- $3 from this id, $4 walk no further than so many, $5 at most so many, $6 author, $7 article, $8 section, $9 reason,
-- $10 check, $11 statuses or null, $12 language, $13 words, $14 kind of queue or null
WITH
-- include asked_fragment
SELECT numnode(asked.query) AS asked_words, f.id, f.n, f.found, f.matches,
       (SELECT k.published + k.pending + k.removed + k.spam FROM site_counts k WHERE k.site_key = $1) AS comments
FROM asked LEFT JOIN (
    SELECT w.comment_id AS id, w.n, w.words @@ (SELECT query FROM asked) AS found, coalesce(m.matches, false) AS matches
    FROM (
        SELECT s.comment_id, s.words, row_number() OVER (ORDER BY s.comment_id DESC) AS n FROM comment_words s
        WHERE s.site_key = $1 AND s.comment_id < $2 AND s.comment_id >= $3
        ORDER BY s.comment_id DESC LIMIT $4
    ) w
    LEFT JOIN LATERAL (
        SELECT * FROM comments x
        WHERE w.words @@ (SELECT query FROM asked) AND x.id = w.comment_id AND x.site_key = $1 LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL (SELECT
-- include wanted_fragment
    AS matches OFFSET 0) m ON c.id IS NOT NULL
    WHERE w.words @@ (SELECT query FROM asked) OR w.n = $4
    ORDER BY w.comment_id DESC LIMIT $5
) f ON true
ORDER BY f.id DESC

-- search_words
-- Comments with rare words, newest first, and how many have them; one row at least. $1 site, $2 before this id,
-- $3 from this id, $4 look at no more than so many, $5 at most so many, $6 author, $7 article, $8 section, $9 reason,
-- $10 check, $11 statuses or null, $12 language, $13 words, $14 kind of queue or null
WITH
-- include asked_fragment
, found AS MATERIALIZED (
    -- OFFSET 0: the planner would rather read all of a site's keys, too. Numbered rather than limited: the best of rows that
    -- come oldest first are found more slowly than all are sorted
    SELECT comment_id, n FROM (
        SELECT s.comment_id, row_number() OVER (ORDER BY s.comment_id DESC) AS n
        FROM (SELECT w.site_key, w.comment_id FROM comment_words w WHERE w.words @@ (SELECT query FROM asked) OFFSET 0) s
        WHERE s.site_key = $1 AND s.comment_id < $2 AND s.comment_id >= $3
    ) numbered
    WHERE n <= $4
)
SELECT f.found, p.id, p.n
FROM (SELECT count(*) AS found FROM found) f
LEFT JOIN (
    SELECT c.id, w.n
    FROM (SELECT comment_id, n FROM found ORDER BY comment_id DESC OFFSET 0) w
    CROSS JOIN LATERAL (
        SELECT * FROM comments x WHERE x.id = w.comment_id AND x.site_key = $1 LIMIT 1
    ) c
    CROSS JOIN LATERAL (SELECT
-- include wanted_fragment
    AS matches OFFSET 0) m
    WHERE m.matches ORDER BY w.comment_id DESC LIMIT $5
) p ON true
ORDER BY p.n

-- read_items
-- Comments with everything moderators judge them by, in the given order. $1 site, $2 ids
SELECT c.article_key, c.author_key, c.id, c.parent_id, c.root_id, c.depth, c.path, c.status, c.featured, c.edited_at,
       c.up, c.down, c.reply_count, c.descendant_count, c.version, c.held_by, c.held_details, now() AS now,
       coalesce(r.text, '') AS text, coalesce(r.html, '') AS html,
       e.text AS pending_text, e.html AS pending_html, e.created_at AS pending_created_at,
       u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest,
       u.created_at AS first_seen, u.banned_until, u.ban_reason,
       coalesce(k.published, 0) AS approved, coalesce(k.pending, 0) AS pending,
       coalesce(k.removed + k.spam, 0) AS removed,
       (SELECT count(*) FROM (SELECT FROM flags b WHERE b.upheld_against = c.author_key LIMIT 100) b) AS flags_upheld,
       a.external_id AS article_id, a.title, a.url, a.section, a.is_locked AS locked,
       a.why_locked AS locked_reason, a.created_at AS article_created_at, t.comment_count,
       f.flags, f.by_reason,
       ARRAY(
           SELECT said.note FROM (
               SELECT y.note, y.created_at FROM flags y
               WHERE y.article_key = c.article_key AND y.comment_id = c.id AND y.state <> 'dismissed' AND y.note IS NOT NULL
               UNION ALL
               SELECT y.explanation, y.created_at FROM notices y
               WHERE y.article_key = c.article_key AND y.comment_id = c.id AND y.state <> 'dismissed' AND y.explanation <> ''
           ) said ORDER BY said.created_at DESC LIMIT 50
       ) AS notes,
       q.kinds, q.reasons, q.since
FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place)
CROSS JOIN LATERAL (SELECT * FROM comments x WHERE x.id = wanted.id AND x.site_key = $1 LIMIT 1) c
CROSS JOIN LATERAL (SELECT * FROM authors x WHERE x.key = c.author_key LIMIT 1) u
CROSS JOIN LATERAL (SELECT x.comment_count FROM article_counts x WHERE x.article_key = c.article_key LIMIT 1) t
CROSS JOIN LATERAL (
    SELECT x.*, is_locked(x, s.auto_lock_days) AS is_locked, why_locked(x, s.auto_lock_days) AS why_locked
    FROM articles x JOIN sites s ON s.key = $1 WHERE x.key = c.article_key LIMIT 1
) a
LEFT JOIN LATERAL (
    SELECT * FROM revisions x WHERE x.article_key = c.article_key AND x.comment_id = c.id AND x.number = c.revision LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT * FROM revisions x
    WHERE x.article_key = c.article_key AND x.comment_id = c.id AND x.number = c.pending_revision LIMIT 1
) e ON true
LEFT JOIN LATERAL (SELECT * FROM author_counts x WHERE x.author_key = c.author_key LIMIT 1) k ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(g.n), 0)::bigint AS flags, coalesce(jsonb_object_agg(g.reason, g.n), '{}') AS by_reason FROM (
        SELECT said.reason, count(*) AS n FROM (
            SELECT y.reason FROM flags y
            WHERE y.article_key = c.article_key AND y.comment_id = c.id AND y.state <> 'dismissed'
            UNION ALL
            SELECT 'illegal' FROM notices y
            WHERE y.article_key = c.article_key AND y.comment_id = c.id AND y.state <> 'dismissed' AND y.author_key IS NULL
        ) said GROUP BY said.reason
    ) g
) f
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT x.kind), '{}') AS kinds, min(x.since) AS since,
           coalesce(array_agg(y.reason) FILTER (WHERE y.reason IS NOT NULL), '{}') AS reasons
    FROM queue x LEFT JOIN LATERAL unnest(x.reasons) AS y (reason) ON true
    WHERE x.article_key = c.article_key AND x.comment_id = c.id
) q
ORDER BY wanted.place

-- seen_fragment
-- a comment p as it is, with its words and its author
p.id, p.parent_id, p.root_id, p.depth, p.path, p.status, p.featured, p.edited_at, p.up, p.down, p.reply_count,
p.descendant_count, coalesce(r.html, '') AS html,
u.id AS author_id, u.name AS author_name, u.avatar_url, u.roles, u.labels, u.guest

-- words_fragment
CROSS JOIN LATERAL (SELECT * FROM authors x WHERE x.key = p.author_key LIMIT 1) u
LEFT JOIN LATERAL (
    SELECT x.html FROM revisions x
    WHERE x.article_key = p.article_key AND x.comment_id = p.id AND x.number = p.revision LIMIT 1
) r ON true

-- all_ancestors
-- The root and the at most eight nearest comments above one, whatever their status, root first.
-- $1 article, $2 its parent, $3 its root
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
-- include seen_fragment
FROM wanted w
CROSS JOIN LATERAL (SELECT * FROM comments x WHERE x.article_key = $1 AND x.id = w.id LIMIT 1) p
-- include words_fragment
ORDER BY w.steps DESC

-- neighbours
-- Up to three listed siblings before a comment and three after it, in reading order; of a reply those among the 200
-- nearest replies each way. $1 article, $2 comment, $3 its parent or null, $4 its root, $5 its path
WITH around AS (
    (SELECT c.id FROM comments c
     WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND c.id < $2 AND $3::uuid IS NULL
     ORDER BY c.id DESC LIMIT 3)
    UNION ALL
    (SELECT c.id FROM comments c
     WHERE c.article_key = $1 AND c.parent_id IS NULL AND c.listed AND c.id > $2 AND $3::uuid IS NULL
     ORDER BY c.id LIMIT 3)
    UNION ALL
    (SELECT near.id FROM (
         SELECT c.id, c.parent_id, c.path FROM comments c
         WHERE c.article_key = $1 AND c.root_id = $4 AND c.parent_id IS NOT NULL AND c.listed AND c.path < $5
             AND $3::uuid IS NOT NULL
         ORDER BY c.path DESC LIMIT 200) near
     WHERE near.parent_id = $3 ORDER BY near.path DESC LIMIT 3)
    UNION ALL
    (SELECT near.id FROM (
         SELECT c.id, c.parent_id, c.path FROM comments c
         WHERE c.article_key = $1 AND c.root_id = $4 AND c.parent_id IS NOT NULL AND c.listed AND c.path > $5
             AND $3::uuid IS NOT NULL
         ORDER BY c.path LIMIT 200) near
     WHERE near.parent_id = $3 ORDER BY near.path LIMIT 3)
)
SELECT
-- include seen_fragment
FROM around
CROSS JOIN LATERAL (SELECT * FROM comments x WHERE x.article_key = $1 AND x.id = around.id LIMIT 1) p
-- include words_fragment
ORDER BY p.path

-- revisions_of
-- Every wording of a comment, first to last. $1 article, $2 comment
SELECT number, text, created_at, status FROM revisions WHERE article_key = $1 AND comment_id = $2 ORDER BY number

-- appeals_of
-- Every appeal against a comment's removal, with the author's words, newest first. $1 article, $2 comment
SELECT text, state, created_at, decided_at FROM appeals WHERE article_key = $1 AND comment_id = $2 ORDER BY version DESC

-- notices_of
-- Every notice that a comment is illegal, with its words, newest first. $1 article, $2 comment
SELECT id, explanation, legal_ground, name, contact, state, created_at, answered_at FROM notices
WHERE article_key = $1 AND comment_id = $2 ORDER BY created_at DESC, id LIMIT 100

-- count_queues
-- What waits, counted; what was removed and what is spam, kept by the log and brought up to date with what has no place
-- in it yet. $1 site
SELECT q.pending, q.flagged, q.appeals, q.oldest_pending_at,
       (coalesce(k.removed, 0) + o.removed)::bigint AS removed, (coalesce(k.spam, 0) + o.spam)::bigint AS spam
FROM (
    SELECT count(*) FILTER (WHERE kind = 'pending') AS pending, count(*) FILTER (WHERE kind = 'flagged') AS flagged,
           count(*) FILTER (WHERE kind = 'appeals') AS appeals, min(since) FILTER (WHERE kind = 'pending') AS oldest_pending_at
    FROM queue WHERE site_key = $1
) q
CROSS JOIN (
    SELECT coalesce(sum(coalesce((to_status = 'removed')::integer, 0) - coalesce((from_status = 'removed')::integer, 0)), 0)
               AS removed,
           coalesce(sum(coalesce((to_status = 'spam')::integer, 0) - coalesce((from_status = 'spam')::integer, 0)), 0) AS spam
    FROM outbox WHERE site_key = $1 AND comment_id IS NOT NULL
) o
LEFT JOIN site_counts k ON k.site_key = $1
