-- find_article
-- An article by any of its ids, with its count. $1 site, $2 article id
SELECT a.key, a.external_id, a.title, a.url, a.section, a.registered, a.moderation, a.visibility, a.opens_at, a.closes_at,
       a.created_at, n.comment_count, n.position,
       is_locked(a, s.auto_lock_days) AS locked, why_locked(a, s.auto_lock_days) AS locked_reason
FROM article_ids i
JOIN articles a ON a.key = i.article_key
JOIN sites s ON s.key = a.site_key
JOIN article_counts n ON n.article_key = a.key
WHERE i.site_key = $1 AND i.external_id = $2;

-- insert_article
-- Open an article under its canonical id. $1 site, $2 article id, $3 title, $4 url, $5 registered
WITH opened AS (
    INSERT INTO articles (site_key, external_id, title, url, registered)
    VALUES ($1, $2, $3, $4, $5) RETURNING key
), named AS (
    INSERT INTO article_ids (site_key, external_id, article_key) SELECT $1, $2, key FROM opened
), counted AS (
    INSERT INTO article_counts (article_key) SELECT key FROM opened
)
SELECT key FROM opened;

-- update_article
-- Change what a publisher or moderator may change; null stays as it is where $10 does not name the column.
-- $1 key, $2 title, $3 url, $4 section, $5 locked, $6 locked reason, $7 moderation, $8 visibility, $9 registered, $10 names of the columns to set
UPDATE articles SET
    title = CASE WHEN 'title' = ANY($10::text[]) THEN $2 ELSE title END,
    url = CASE WHEN 'url' = ANY($10::text[]) THEN $3 ELSE url END,
    section = CASE WHEN 'section' = ANY($10::text[]) THEN $4 ELSE section END,
    locked = CASE WHEN 'locked' = ANY($10::text[]) THEN $5 ELSE locked END,
    locked_reason = CASE WHEN 'locked_reason' = ANY($10::text[]) THEN $6 ELSE locked_reason END,
    moderation = CASE WHEN 'moderation' = ANY($10::text[]) THEN $7 ELSE moderation END,
    visibility = CASE WHEN 'visibility' = ANY($10::text[]) THEN $8 ELSE visibility END,
    registered = CASE WHEN 'registered' = ANY($10::text[]) THEN $9 ELSE registered END
WHERE key = $1;

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
