-- insert_decision
-- Log who did what to a comment or an author. $1 site, $2 article, $3 comment, $4 author, $5 action, $6 from, $7 to,
-- $8 check, $9 moderator, $10 reason, $11 version, $12 note
WITH decided AS (
    INSERT INTO decisions (site_key, article_key, comment_id, author_key, action, from_status, to_status, check_name,
                           moderator_key, reason, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
), noted AS (
    INSERT INTO decision_notes (decision_id, text) SELECT id, $12 FROM decided WHERE $12::text IS NOT NULL
)
SELECT id FROM decided

-- find_removing_decision
-- The decision that took a comment out of sight last: its version then, who, and the reason. $1 comment
SELECT version, moderator_key, coalesce(reason, check_name) AS reason FROM decisions
WHERE comment_id = $1 AND to_status IN ('removed', 'spam') AND from_status IN ('pending', 'published')
ORDER BY version DESC LIMIT 1

-- decision_fragment
d.id, d.comment_id, d.action, d.from_status, d.to_status, d.check_name, d.reason, d.version, d.created_at,
u.id AS author_id, m.id AS moderator_id, m.name AS moderator_name,
(SELECT n.text FROM decision_notes n WHERE n.decision_id = d.id) AS note

-- people_fragment
-- by key, one by one
) d
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = d.author_key LIMIT 1) u ON true
LEFT JOIN LATERAL (SELECT * FROM authors x WHERE x.key = d.moderator_key LIMIT 1) m ON true
ORDER BY d.created_at DESC, d.id DESC

-- decisions_of_site
-- A site's log, newest first. $1 site, $2 before this time, $3 and this id, $4 at most so many
SELECT
-- include decision_fragment
FROM (
    SELECT * FROM decisions x WHERE x.site_key = $1 AND (x.created_at, x.id) < ($2::timestamptz, $3::uuid)
    ORDER BY x.created_at DESC, x.id DESC LIMIT $4
-- include people_fragment

-- decisions_of_comment
-- What was decided on a comment, newest first. $1 site, $2 before this time, $3 and this id, $4 at most so many,
-- $5 comment, $6 its author or null, $7 moderator or null
SELECT
-- include decision_fragment
FROM (
    SELECT * FROM decisions x
    WHERE x.comment_id = $5 AND (x.created_at, x.id) < ($2::timestamptz, $3::uuid) AND x.site_key = $1
        AND ($6::bigint IS NULL OR x.author_key = $6) AND ($7::bigint IS NULL OR x.moderator_key = $7)
    ORDER BY x.created_at DESC, x.id DESC LIMIT $4
-- include people_fragment

-- decisions_of_author
-- What was decided on somebody and what they wrote, newest first. $1 site, $2 before this time, $3 and this id,
-- $4 at most so many, $5 author, $6 moderator or null
SELECT
-- include decision_fragment
FROM (
    SELECT * FROM decisions x
    WHERE x.author_key = $5 AND (x.created_at, x.id) < ($2::timestamptz, $3::uuid) AND x.site_key = $1
        AND ($6::bigint IS NULL OR x.moderator_key = $6)
    ORDER BY x.created_at DESC, x.id DESC LIMIT $4
-- include people_fragment

-- decisions_of_moderator
-- What a moderator decided, newest first. $1 site, $2 before this time, $3 and this id, $4 at most so many, $5 moderator
SELECT
-- include decision_fragment
FROM (
    SELECT * FROM decisions x
    WHERE x.moderator_key = $5 AND (x.created_at, x.id) < ($2::timestamptz, $3::uuid) AND x.site_key = $1
    ORDER BY x.created_at DESC, x.id DESC LIMIT $4
-- include people_fragment
