-- find_article
-- An article by any of its ids, with its count. $1 site, $2 article id
SELECT a.key, a.external_id, a.external_id AS article_id, a.title, a.url, a.section, a.registered, a.moderation,
       a.visibility, a.opens_at, a.closes_at, a.slow_mode_seconds, a.created_at, a.created_at AS article_created_at,
       n.comment_count, n.position,
       is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason
FROM article_ids i
JOIN articles a ON a.key = i.article_key
JOIN sites s ON s.key = a.site_key
JOIN article_counts n ON n.article_key = a.key
WHERE i.site_key = $1 AND i.external_id = $2;

-- insert_article
-- Open an article under its canonical id, and tell the log: pages that showed none show its title. $1 site, $2 article id, $3 title, $4 url, $5 registered
WITH opened AS (
    INSERT INTO articles (site_key, external_id, title, url, registered)
    VALUES ($1, $2, $3, $4, $5) RETURNING key
), named AS (
    INSERT INTO article_ids (site_key, external_id, article_key) SELECT $1, $2, key FROM opened
), counted AS (
    INSERT INTO article_counts (article_key) SELECT key FROM opened
), told AS (
    INSERT INTO outbox (kind, site_key, article_key) SELECT 'article.opened', $1, key FROM opened
)
SELECT key FROM opened;

-- lock_article
-- An article about to change, as it is stored, with all its ids; comments may be posted to it meanwhile.
-- $1 site, $2 article id
SELECT a.key, a.external_id, a.title, a.url, a.section, a.locked, a.locked_reason, a.moderation, a.visibility,
       a.registered, a.opens_at, a.closes_at, a.slow_mode_seconds, a.merged_into,
       ARRAY(SELECT k.external_id FROM article_ids k WHERE k.article_key = a.key) AS ids
FROM article_ids i JOIN articles a ON a.key = i.article_key
WHERE i.site_key = $1 AND i.external_id = $2 FOR NO KEY UPDATE OF a;

-- update_article
-- Change what a publisher or moderator may change; null stays as it is where $2 does not name the column. Whoever opens
-- an article that was locked for its age has auto_lock_days begin anew.
-- $1 key, $2 names of the columns to set, $3 title, $4 url, $5 section, $6 locked, $7 locked reason, $8 moderation,
-- $9 visibility, $10 registered, $11 opens at, $12 closes at, $13 slow mode seconds, $14 whether its age begins anew
UPDATE articles SET
    title = CASE WHEN 'title' = ANY($2::text[]) THEN $3 ELSE title END,
    url = CASE WHEN 'url' = ANY($2::text[]) THEN $4 ELSE url END,
    section = CASE WHEN 'section' = ANY($2::text[]) THEN $5 ELSE section END,
    locked = CASE WHEN 'locked' = ANY($2::text[]) THEN $6 ELSE locked END,
    locked_reason = CASE WHEN 'locked_reason' = ANY($2::text[]) THEN $7 ELSE locked_reason END,
    moderation = CASE WHEN 'moderation' = ANY($2::text[]) THEN $8 ELSE moderation END,
    visibility = CASE WHEN 'visibility' = ANY($2::text[]) THEN $9 ELSE visibility END,
    registered = CASE WHEN 'registered' = ANY($2::text[]) THEN $10 ELSE registered END,
    opens_at = CASE WHEN 'opens_at' = ANY($2::text[]) THEN $11 ELSE opens_at END,
    closes_at = CASE WHEN 'closes_at' = ANY($2::text[]) THEN $12 ELSE closes_at END,
    slow_mode_seconds = CASE WHEN 'slow_mode_seconds' = ANY($2::text[]) THEN $13 ELSE slow_mode_seconds END,
    unlocked_at = CASE WHEN $14::boolean THEN now() ELSE unlocked_at END
WHERE key = $1;

-- insert_alias
-- Another id of an article; no row when it is an article's already. $1 site, $2 id, $3 article
INSERT INTO article_ids (site_key, external_id, article_key) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT article_ids_pkey DO NOTHING RETURNING article_key;

-- any_comment
-- A comment of an article, whatever its status; no row when there never was one. $1 article
SELECT id FROM comments WHERE article_key = $1 LIMIT 1;

-- move_ids
-- All ids of an article name another from now on. $1 article, $2 the other
UPDATE article_ids SET article_key = $2 WHERE article_key = $1;

-- drop_hours
-- Forget what was counted by the hour of an article that goes. $1 site, $2 article
DELETE FROM article_hours
WHERE site_key = $1 AND article_key = $2
    AND hour = ANY (ARRAY(SELECT generate_series(date_trunc('hour', now()) - interval '10 days',
                                                 date_trunc('hour', now()) + interval '1 hour', interval '1 hour')));

-- delete_article
-- Drop an article that has no ids any more; a foreign key violation when it has comments. $1 article
WITH counts AS (
    DELETE FROM article_counts WHERE article_key = $1
)
DELETE FROM articles WHERE key = $1;

-- count_comments
-- Counts of articles by the ids they were asked for; hidden articles and unknown ids are missing. $1 site, $2 article ids
SELECT i.external_id, n.comment_count, n.position
FROM article_ids i
CROSS JOIN LATERAL (
    -- by key, one by one: a join would rather read every article of a middle-sized site
    SELECT c.comment_count, c.position FROM article_counts c JOIN articles a ON a.key = c.article_key
    WHERE c.article_key = i.article_key AND a.visibility = 'shown' LIMIT 1
) n
WHERE i.site_key = $1 AND i.external_id = ANY($2::text[]);

-- article_position
-- The position of an article's last event; no row when there is no such article. $1 site, $2 article id
SELECT n.position
FROM article_ids i JOIN article_counts n ON n.article_key = i.article_key
WHERE i.site_key = $1 AND i.external_id = $2;
